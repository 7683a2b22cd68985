//! Pooling: layers without parameters, each a method of [`Value`].

use crate::{
    Interp, Value,
    nn::{Ctx, Module},
    ops::{AvgPoolOptions, LpPoolOptions, MaxPoolOptions, PerAxis},
};

/// Layers over one, two or three spatial axes: their names, fields, and methods with the fields as
/// arguments; and what of a result is the output.
macro_rules! pools {
    ($($(#[$doc:meta])* $Name:ident = $One:ident $Two:ident $Three:ident
        { $($(#[$field_doc:meta])* $field:ident: $T:ty),* }
        $one:ident $two:ident $three:ident, |$y:ident| $output:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $Name<const AXES: usize> {
            $($(#[$field_doc])* pub $field: $T,)*
        }

        #[doc = concat!("[`", stringify!($Name), "`] over one axis: [`Value::", stringify!($one), "`].")]
        pub type $One = $Name<1>;
        #[doc = concat!("[`", stringify!($Name), "`] over two axes: [`Value::", stringify!($two), "`].")]
        pub type $Two = $Name<2>;
        #[doc = concat!("[`", stringify!($Name), "`] over three axes: [`Value::", stringify!($three), "`].")]
        pub type $Three = $Name<3>;

        impl<const AXES: usize> Module for $Name<AXES> {
            #[track_caller]
            fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
                const { assert!(AXES >= 1 && AXES <= 3) }
                let $y = match AXES {
                    1 => x.$one($(self.$field.clone()),*),
                    2 => x.$two($(self.$field.clone()),*),
                    _ => x.$three($(self.$field.clone()),*),
                };
                $output
            }
        }
    )*};
}

pools! {
    /// The greatest of each window.
    MaxPoolNd = MaxPool1d MaxPool2d MaxPool3d {
        /// The sizes of a window.
        kernel: PerAxis,
        /// How it moves.
        options: MaxPoolOptions
    } max_pool1d max_pool2d max_pool3d, |y| y;

    /// The mean of each window.
    AvgPoolNd = AvgPool1d AvgPool2d AvgPool3d {
        /// The sizes of a window.
        kernel: PerAxis,
        /// How it moves.
        options: AvgPoolOptions
    } avg_pool1d avg_pool2d avg_pool3d, |y| y;

    /// The p-norm of each window, without its absolute values.
    LpPoolNd = LpPool1d LpPool2d LpPool3d {
        /// p.
        p: f64,
        /// The sizes of a window.
        kernel: PerAxis,
        /// How it moves.
        options: LpPoolOptions
    } lp_pool1d lp_pool2d lp_pool3d, |y| y;

    /// Means of windows that cover the input and are as many as said.
    AdaptiveAvgPoolNd = AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d {
        /// The sizes of the output.
        output_size: PerAxis
    } adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d, |y| y;

    /// The greatest of windows that cover the input and are as many as said.
    AdaptiveMaxPoolNd = AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d {
        /// The sizes of the output.
        output_size: PerAxis
    } adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d, |y| y.0;
}

impl<const AXES: usize> MaxPoolNd<AXES> {
    /// Windows of this size, side by side.
    pub fn new(kernel: impl Into<PerAxis>) -> Self {
        Self::with(kernel, MaxPoolOptions::default())
    }

    /// Windows of this size.
    pub fn with(kernel: impl Into<PerAxis>, options: MaxPoolOptions) -> Self {
        MaxPoolNd { kernel: kernel.into(), options }
    }
}

impl<const AXES: usize> AvgPoolNd<AXES> {
    /// Windows of this size, side by side.
    pub fn new(kernel: impl Into<PerAxis>) -> Self {
        Self::with(kernel, AvgPoolOptions::default())
    }

    /// Windows of this size.
    pub fn with(kernel: impl Into<PerAxis>, options: AvgPoolOptions) -> Self {
        AvgPoolNd { kernel: kernel.into(), options }
    }
}

impl<const AXES: usize> LpPoolNd<AXES> {
    /// Windows of this size, side by side.
    pub fn new(p: f64, kernel: impl Into<PerAxis>) -> Self {
        Self::with(p, kernel, LpPoolOptions::default())
    }

    /// Windows of this size.
    pub fn with(p: f64, kernel: impl Into<PerAxis>, options: LpPoolOptions) -> Self {
        LpPoolNd { p, kernel: kernel.into(), options }
    }
}

impl<const AXES: usize> AdaptiveAvgPoolNd<AXES> {
    /// An output of these sizes.
    pub fn new(output_size: impl Into<PerAxis>) -> Self {
        AdaptiveAvgPoolNd { output_size: output_size.into() }
    }
}

impl<const AXES: usize> AdaptiveMaxPoolNd<AXES> {
    /// An output of these sizes.
    pub fn new(output_size: impl Into<PerAxis>) -> Self {
        AdaptiveMaxPoolNd { output_size: output_size.into() }
    }
}

/// The mean over all spatial axes: `[batch, channels, ..]` becomes `[batch, channels]`:
/// [`Value::global_avg_pool`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GlobalAvgPool;

impl Module for GlobalAvgPool {
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.global_avg_pool()
    }
}

/// The greatest over all spatial axes: `[batch, channels, ..]` becomes `[batch, channels]`:
/// [`Value::global_max_pool`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GlobalMaxPool;

impl Module for GlobalMaxPool {
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.global_max_pool()
    }
}
