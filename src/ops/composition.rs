//! How a method that is made of ops enters the list.

/// A type for the list, the options it carries, its name, its call, the operands without a gradient,
/// and its samples: options and operands.
macro_rules! composition {
    ($Name:ident($Options:ty), $name:literal, |$options:pat_param, $x:ident| $call:expr,
        $(constant $place:literal,)? |$g:ident| $samples:expr) => {
        #[doc(hidden)]
        #[derive(Clone, Debug)]
        #[allow(missing_docs)]
        pub struct $Name(pub $Options);

        impl $crate::op::Composition for $Name {
            const NAME: &'static str = $name;

            fn call<I: $crate::Interp>(&self, $x: &[$crate::Value<I>]) -> Vec<$crate::Value<I>> {
                let $options = &self.0;
                $call
            }

            #[inline]
            fn samples($g: &mut $crate::gradcheck::Gen) -> $crate::gradcheck::Sample<Self> {
                let (options, inputs) = $samples;
                $crate::gradcheck::Sample::many($Name(options), inputs)$(.constant($place))?
            }
        }
    };
}
