//! What a line of a table of formulas becomes.

/// Each line: a function, with its options and what they are in samples; its method; where its
/// samples lie; its formula; and d · f′ in terms of its input x, its output y, or nothing. A
/// `periodic` function is computed in double precision where its argument is large.
macro_rules! unary {
    ($($(#[$doc:meta])*
        $Op:ident $([$periodic:ident])? $(($op:ident) { $($(#[$field_doc:meta])* $field:ident: $T:ty = $choices:expr),* $(,)? })?,
        $method:ident, $domain:expr, |$x:ident| $f:expr, $of:ident |$v:ident, $d:ident| $chain:expr;)*) => {
        use $crate::{
            gradcheck::{Domain, Gen},
            kernels::{formula::{Derivative, Real, Unary}, map},
            ops::elementwise::{Map, Sampled},
            value::{Interp, Value},
        };
        $(
            unary! {
                @struct
                $(#[$doc])*
                #[derive(Clone, Copy, Debug)]
                pub struct $Op $({ $($(#[$field_doc])* pub $field: $T,)* })?
            }

            #[allow(unused_variables)] // a formula need not mention what it could
            impl Unary for $Op {
                const NAME: &'static str = stringify!($method);
                const DERIVATIVE: Derivative = unary!(@derivative $of);

                #[inline(always)]
                fn f<R: Real>(&self, $x: R) -> R {
                    $(let $op = self;)?
                    $f
                }
                #[inline(always)]
                fn chain<R: Real>(&self, $v: R, $d: R) -> R {
                    $(let $op = self;)?
                    $chain
                }
                #[inline(never)]
                fn map_f32(&self, x: &[f32], out: &mut [f32]) {
                    unary!(@each $($periodic)? self, x, out)
                }
                #[inline(never)]
                fn map_f64(&self, x: &[f64], out: &mut [f64]) {
                    unary!(@each self, x, out)
                }
                #[inline(never)]
                fn chain_f32(&self, v: &[f32], d: &mut [f32]) {
                    unary!(@update $($periodic)? self, v, d)
                }
                #[inline(never)]
                fn chain_f64(&self, v: &[f64], d: &mut [f64]) {
                    unary!(@update self, v, d)
                }
            }

            #[allow(unused_variables)] // a domain need not depend on the options
            impl Sampled for $Op {
                fn sample(g: &mut Gen) -> Self {
                    $Op { $($($field: g.pick(&$choices),)*)? }
                }
                fn domain(&self) -> Domain {
                    $(let $op = self;)?
                    Domain::from($domain)
                }
            }
        )*

        impl<I: Interp> Value<I> {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $method(&self $($(, $field: $T)*)?) -> Self {
                    Value::apply(Map($Op { $($($field,)*)? }), self.into())
                }
            )*
        }
    };
    (@struct $(#[$attribute:meta])* pub struct $Op:ident) => {
        $(#[$attribute])*
        pub struct $Op;
    };
    (@struct $($with_fields:tt)*) => { $($with_fields)* };
    // Loops own a copy of the options.
    (@each periodic $op:ident, $x:ident, $out:ident) => {{
        let op = *$op;
        map::each_periodic(
            $x,
            $out,
            #[inline(always)]
            move |x| op.f(x),
            #[inline(always)]
            move |x| op.f(x),
        )
    }};
    (@each $op:ident, $x:ident, $out:ident) => {{
        let op = *$op;
        map::each($x, $out, #[inline(always)] move |x| op.f(x))
    }};
    (@update periodic $op:ident, $v:ident, $d:ident) => {{
        let op = *$op;
        map::each_update_periodic(
            $v,
            $d,
            #[inline(always)]
            move |v, d| op.chain(v, d),
            #[inline(always)]
            move |v, d| op.chain(v, d),
        )
    }};
    (@update $op:ident, $v:ident, $d:ident) => {{
        let op = *$op;
        map::each_update($v, $d, #[inline(always)] move |v, d| op.chain(v, d))
    }};
    (@derivative x) => { Derivative::OfInput };
    (@derivative y) => { Derivative::OfOutput };
    (@derivative constant) => { Derivative::Constant };
    (@derivative zero) => { Derivative::Zero };
}

/// Each line: a function of two variables; its method; whether it has derivatives; its samples; its
/// formula; and d · ∂f/∂a and d · ∂f/∂b.
macro_rules! binary {
    ($($(#[$doc:meta])* $Op:ident, $method:ident, $smooth:literal, |$g:ident| $sample:expr,
        |$a:ident, $b:ident| $f:expr, |$d:ident| [$da:expr, $db:expr];)*) => {
        use $crate::{
            Tensor,
            gradcheck::Gen,
            kernels::{formula::{Binary, Real}, map},
            ops::elementwise::{SampledPair, Zip},
            value::{Interp, Other, Value},
        };
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default)]
            pub struct $Op;

            #[allow(unused_variables)] // a formula need not mention what it could
            impl Binary for $Op {
                const NAME: &'static str = stringify!($method);
                const SMOOTH: bool = $smooth;

                #[inline(always)]
                fn f<R: Real>(&self, $a: R, $b: R) -> R {
                    $f
                }
                #[inline(always)]
                fn chain<R: Real>(&self, side: usize, $a: R, $b: R, $d: R) -> R {
                    if side == 0 { $da } else { $db }
                }
                #[inline(never)]
                fn zip_f32(&self, a: &[f32], b: &[f32], out: &mut [f32]) {
                    map::each_pair(a, b, out, #[inline(always)] |a, b| self.f(a, b))
                }
                #[inline(never)]
                fn zip_f64(&self, a: &[f64], b: &[f64], out: &mut [f64]) {
                    map::each_pair(a, b, out, #[inline(always)] |a, b| self.f(a, b))
                }
                #[inline(never)]
                fn chain_pair_f32(&self, side: usize, a: &[f32], b: &[f32], d: &mut [f32]) {
                    map::each_update_pair(a, b, d, #[inline(always)] move |a, b, d| $Op.chain(side, a, b, d))
                }
                #[inline(never)]
                fn chain_pair_f64(&self, side: usize, a: &[f64], b: &[f64], d: &mut [f64]) {
                    map::each_update_pair(a, b, d, #[inline(always)] move |a, b, d| $Op.chain(side, a, b, d))
                }
            }

            impl SampledPair for $Op {
                fn pair($g: &mut Gen) -> [Tensor<f64>; 2] {
                    $sample
                }
            }
        )*

        impl<I: Interp> Value<I> {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                /// When the shapes do not broadcast.
                #[inline]
                #[track_caller]
                pub fn $method<'a>(&'a self, other: impl Other<'a, I>) -> Self {
                    Value::apply(Zip($Op), [self.into(), other.beside(self)])
                }
            )*
        }
    };
}
