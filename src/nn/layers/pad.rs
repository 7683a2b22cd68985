//! Padding as layers: [`Value::pad`] of the last axes, with PyTorch's names and order of widths: before and
//! after the last axis, before and after the one before it, and so on. Negative widths take away.

use crate::{
    Interp, Value,
    nn::{Ctx, Module},
    ops::PadMode,
};

/// Layers over one, two and three axes: their names, and the mode.
macro_rules! pads {
    ($($(#[$doc:meta])* $One:ident $Two:ident $Three:ident: $mode:expr;)*) => {$(
        pads!(@ $(#[$doc])* $One 2 "the last axis", $mode);
        pads!(@ $(#[$doc])* $Two 4 "the last two axes", $mode);
        pads!(@ $(#[$doc])* $Three 6 "the last three axes", $mode);
    )*};
    (@ $(#[$doc:meta])* $Name:ident $widths:literal $axes:literal, $mode:expr) => {
        $(#[$doc])*
        #[doc = concat!("at both ends of ", $axes, "; the widths are in the order of [`Value::pad`].")]
        #[derive(Clone, Copy, Debug)]
        pub struct $Name(pub [isize; $widths]);

        impl Module for $Name {
            /// # Panics
            /// When there are fewer axes, or the widths do not fit the mode: see [`Value::pad`].
            #[track_caller]
            fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
                x.pad(&self.0, $mode)
            }
        }
    };
}

pads! {
    /// Zeros
    ZeroPad1d ZeroPad2d ZeroPad3d: PadMode::Constant(0.0);
    /// The mirrored elements, without the first one,
    ReflectionPad1d ReflectionPad2d ReflectionPad3d: PadMode::Reflect;
    /// The first and the last element over again
    ReplicationPad1d ReplicationPad2d ReplicationPad3d: PadMode::Replicate;
    /// The elements of the other end
    CircularPad1d CircularPad2d CircularPad3d: PadMode::Circular;
}

/// A number at both ends of the last axes; the widths, two for each axis, are in the order of
/// [`Value::pad`].
#[derive(Clone, Copy, Debug)]
pub struct ConstantPad<const WIDTHS: usize> {
    /// How many at each end.
    pub widths: [isize; WIDTHS],
    /// The number.
    pub value: f64,
}

/// [`ConstantPad`] of the last axis.
pub type ConstantPad1d = ConstantPad<2>;
/// [`ConstantPad`] of the last two axes.
pub type ConstantPad2d = ConstantPad<4>;
/// [`ConstantPad`] of the last three axes.
pub type ConstantPad3d = ConstantPad<6>;

impl<const WIDTHS: usize> Module for ConstantPad<WIDTHS> {
    /// # Panics
    /// When there are fewer axes, or more is taken away than there is.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.pad(&self.widths, PadMode::Constant(self.value))
    }
}
