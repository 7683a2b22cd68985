//! Convolutions.

use crate::{
    Float, Interp, Value,
    nn::{Ctx, Init, Module, ParamId, Params},
    ops::{ConvOptions, PadMode, Padding, PerAxis},
};

/// Convolution over `[batch, channels, length]`: [`Value::conv1d`].
pub type Conv1d = ConvNd<1>;
/// Convolution over `[batch, channels, height, width]`: [`Value::conv2d`].
pub type Conv2d = ConvNd<2>;
/// Convolution over `[batch, channels, depth, height, width]`: [`Value::conv3d`].
pub type Conv3d = ConvNd<3>;

/// The options of [`Conv1d`].
pub type Conv1dOptions = ConvNdOptions;
/// The options of [`Conv2d`].
pub type Conv2dOptions = ConvNdOptions;
/// The options of [`Conv3d`].
pub type Conv3dOptions = ConvNdOptions;

/// The options of a convolution. The defaults are PyTorch's.
#[derive(Clone, Debug)]
pub struct ConvNdOptions {
    /// From one place of the kernel to the next: 1.
    pub stride: PerAxis,
    /// Elements around the input: none.
    pub padding: Padding,
    /// From one element that the kernel sees to the next: 1.
    pub dilation: PerAxis,
    /// Input and output channels are divided into as many groups, each of which sees only its own: 1.
    pub groups: usize,
    /// Whether a number is added to each channel: yes.
    pub bias: bool,
    /// What the padding is made of: zeros.
    pub padding_mode: PadMode,
}

impl Default for ConvNdOptions {
    fn default() -> Self {
        let ConvOptions { stride, padding, dilation, groups } = ConvOptions::default();
        ConvNdOptions { stride, padding, dilation, groups, bias: true, padding_mode: PadMode::default() }
    }
}

/// A convolution over `AXES` spatial axes, with the weight `[out, in / groups, kernel..]`. Weight and
/// bias start uniform within ±1/√(in / groups · kernel), as PyTorch's.
///
/// ```
/// use gradtape::{Tensor, nn::{Conv2d, Conv2dOptions, Module, Params}};
/// let mut params = Params::<f32>::seeded(0);
/// let same = Conv2dOptions { padding: 1.into(), ..Default::default() };
/// let model = (Conv2d::new(&mut params, 1, 4, 5), Conv2d::with(&mut params, 4, 8, [3, 3], same));
/// let y = model.forward(&params.eval(), Tensor::ones([2, 1, 28, 28]));
/// assert_eq!(y.shape().dims(), [2, 8, 24, 24]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvNd<const AXES: usize> {
    /// `[out, in / groups, kernel..]`.
    pub weight: ParamId,
    /// `[out]`, if there is one.
    pub bias: Option<ParamId>,
    options: ConvOptions,
    /// Other than zeros around the input: as many before and after each axis, the last axis first.
    around: Option<(Vec<isize>, PadMode)>,
}

impl<const AXES: usize> ConvNd<AXES> {
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
        Self::with(params, inputs, outputs, kernel, ConvNdOptions::default())
    }

    /// A layer of `inputs` to `outputs` channels.
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
        options: ConvNdOptions,
    ) -> Self {
        const { assert!(AXES >= 1 && AXES <= 3) }
        let ConvNdOptions { stride, padding, dilation, groups, bias, padding_mode } = options;
        let weight_shape = kernel_shape::<AXES>("conv", [outputs, inputs], groups, kernel.into());
        let kernel = &weight_shape[2..];
        let dilations = per_axis::<AXES>("conv", "dilation", &dilation);
        let strides = per_axis::<AXES>("conv", "stride", &stride);
        let moves = matches!(padding, Padding::Same) && strides.iter().any(|&stride| stride != 1);
        assert!(!moves, "gradtape: conv: padding to the same size needs stride 1, not {strides:?}");
        let zeros = padding_mode == PadMode::default();
        let around = (!zeros).then(|| {
            let mut widths = Vec::new();
            let given = match &padding {
                Padding::Zeros(each) => per_axis::<AXES>("conv", "padding", each),
                _ => vec![0; AXES],
            };
            for axis in (0..AXES).rev() {
                let all = kernel[axis].saturating_sub(1) * dilations[axis];
                widths.extend(match padding {
                    Padding::Same => [(all / 2) as isize, (all - all / 2) as isize],
                    _ => [given[axis].try_into().unwrap_or(isize::MAX); 2],
                });
            }
            (widths, padding_mode)
        });
        let padding = if zeros { padding } else { Padding::Valid };
        let init = Init::reciprocal_root(weight_shape[1..].iter().product());
        params.layer("conv", "weight", |params| ConvNd {
            weight: params.start("weight", init, &weight_shape[..]),
            bias: bias.then(|| params.start("bias", init, [outputs])),
            options: ConvOptions { stride, padding, dilation, groups },
            around,
        })
    }
}

impl<const AXES: usize> Module for ConvNd<AXES> {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let x = match &self.around {
            Some((widths, mode)) => x.pad(widths, *mode),
            None => x,
        };
        let (weight, bias) = (cx.get(self.weight), self.bias.map(|bias| cx.get(bias)));
        let options = self.options.clone();
        match AXES {
            1 => x.conv1d(weight, bias, options),
            2 => x.conv2d(weight, bias, options),
            _ => x.conv3d(weight, bias, options),
        }
    }
}

/// The shape of a kernel's weight: the first channels, the second by groups, and its sizes.
#[track_caller]
pub(super) fn kernel_shape<const AXES: usize>(
    layer: &str,
    [first, second]: [usize; 2],
    groups: usize,
    kernel: PerAxis,
) -> Vec<usize> {
    let divides = groups > 0 && first.is_multiple_of(groups) && second.is_multiple_of(groups);
    assert!(divides, "gradtape: {layer}: {groups} groups do not divide {first} and {second} channels");
    let mut shape = vec![first, second / groups];
    shape.extend(per_axis::<AXES>(layer, "kernel", &kernel));
    shape
}

/// A number for each axis.
#[track_caller]
pub(super) fn per_axis<const AXES: usize>(layer: &str, what: &str, each: &PerAxis) -> Vec<usize> {
    match each.of(AXES) {
        Ok(each) => each.to_vec(),
        Err(why) => panic!("gradtape: {layer}: {what} {why}"),
    }
}
