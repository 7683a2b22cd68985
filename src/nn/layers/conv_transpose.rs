//! Transposed convolutions.

use super::conv::{kernel_shape, per_axis};
use crate::{
    Float, Interp, Value,
    nn::{Ctx, Init, Module, ParamId, Params},
    ops::{ConvTransposeOptions, PerAxis},
};

/// Transposed convolution over `[batch, channels, length]`: [`Value::conv_transpose1d`].
pub type ConvTranspose1d = ConvTransposeNd<1>;
/// Transposed convolution over `[batch, channels, height, width]`: [`Value::conv_transpose2d`].
pub type ConvTranspose2d = ConvTransposeNd<2>;
/// Transposed convolution over three axes: [`Value::conv_transpose3d`].
pub type ConvTranspose3d = ConvTransposeNd<3>;

/// A transposed convolution over `AXES` spatial axes, with the weight `[in, out / groups, kernel..]`.
/// Weight and bias start uniform within ±1/√(out / groups · kernel), as PyTorch's.
#[derive(Clone, Debug)]
pub struct ConvTransposeNd<const AXES: usize> {
    /// `[in, out / groups, kernel..]`.
    pub weight: ParamId,
    /// `[out]`, if there is one.
    pub bias: Option<ParamId>,
    options: ConvTransposeOptions,
}

impl<const AXES: usize> ConvTransposeNd<AXES> {
    /// A layer of `inputs` to `outputs` channels.
    ///
    /// # Panics
    /// When the kernel is not of as many sizes as axes, or of one.
    #[track_caller]
    pub fn new<F: Float>(
        params: &mut Params<F>,
        inputs: usize,
        outputs: usize,
        kernel: impl Into<PerAxis>,
    ) -> Self {
        Self::with(params, inputs, outputs, kernel, true, ConvTransposeOptions::default())
    }

    /// A layer of `inputs` to `outputs` channels, that may have a bias.
    ///
    /// # Panics
    /// When the kernel or an option is not of as many numbers as axes, or of one; when the groups do
    /// not divide the channels.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        inputs: usize,
        outputs: usize,
        kernel: impl Into<PerAxis>,
        bias: bool,
        options: ConvTransposeOptions,
    ) -> Self {
        const { assert!(AXES >= 1 && AXES <= 3) }
        let shape = kernel_shape::<AXES>("conv_transpose", [inputs, outputs], options.groups, kernel.into());
        for (what, each) in [
            ("stride", &options.stride),
            ("padding", &options.padding),
            ("output padding", &options.output_padding),
            ("dilation", &options.dilation),
        ] {
            per_axis::<AXES>("conv_transpose", what, each);
        }
        let init = Init::reciprocal_root(shape[1..].iter().product());
        params.layer("conv_transpose", "weight", |params| ConvTransposeNd {
            weight: params.start("weight", init, &shape[..]),
            bias: bias.then(|| params.start("bias", init, [outputs])),
            options,
        })
    }
}

impl<const AXES: usize> Module for ConvTransposeNd<AXES> {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let (weight, bias) = (cx.get(self.weight), self.bias.map(|bias| cx.get(bias)));
        let options = self.options.clone();
        match AXES {
            1 => x.conv_transpose1d(weight, bias, options),
            2 => x.conv_transpose2d(weight, bias, options),
            _ => x.conv_transpose3d(weight, bias, options),
        }
    }
}
