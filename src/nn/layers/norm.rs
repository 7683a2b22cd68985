//! Normalisation of each sample by itself: over its last axes, or over groups of its channels.

use super::batch_norm::per_channel;
use crate::{
    Axes, Float, Interp, Shape, Tensor, Value,
    nn::{Ctx, Module, ParamId, Params},
};

/// Scale and shift after a normalisation: y·w + b.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    /// w; starts as 1.
    pub weight: ParamId,
    /// b, if there is one; starts as 0.
    pub bias: Option<ParamId>,
}

impl Affine {
    pub(super) fn new<F: Float>(params: &mut Params<F>, shape: impl Into<Shape>, bias: bool) -> Self {
        let shape = shape.into();
        Affine {
            weight: params.add("weight", Tensor::ones(&shape)),
            bias: bias.then(|| params.add("bias", Tensor::zeros(&shape))),
        }
    }

    /// Over the last axes.
    fn last<I: Interp>(&self, cx: &Ctx<'_, I>, y: Value<I>) -> Value<I> {
        let scaled = y * cx.get(self.weight);
        match self.bias {
            Some(bias) => scaled + cx.get(bias),
            None => scaled,
        }
    }

    /// Over the channels, on axis 1.
    pub(super) fn per_channel<I: Interp>(&self, cx: &Ctx<'_, I>, y: Value<I>) -> Value<I> {
        let rank = y.shape().rank();
        let scaled = y * per_channel(cx.get(self.weight), rank);
        match self.bias {
            Some(bias) => scaled + per_channel(cx.get(bias), rank),
            None => scaled,
        }
    }
}

/// x − mean, the mean and the variance over axes, which stay with size 1.
pub(super) fn centred<I: Interp>(x: &Value<I>, axes: impl Into<Axes>) -> (Value<I>, Value<I>, Value<I>) {
    let axes = axes.into();
    let mean = x.mean_axes(axes.clone(), true);
    let centred = x - &mean;
    let var = centred.square().mean_axes(axes, true);
    (centred, mean, var)
}

/// (x − mean)/√(variance + eps) over axes.
pub(super) fn normalised<I: Interp>(x: &Value<I>, axes: impl Into<Axes>, eps: f64) -> Value<I> {
    let (centred, _, var) = centred(x, axes);
    centred / (var + eps).sqrt()
}

#[track_caller]
pub(super) fn must_be_eps(layer: &str, eps: f64) {
    assert!(eps >= 0.0, "gradtape: {layer}: an eps of at least 0, not {eps}");
}

/// The last axes of a shape, which must be `normalized`.
#[track_caller]
fn last_axes(layer: &str, shape: &Shape, normalized: &Shape) -> Axes {
    let fits = shape.ends_with(normalized);
    assert!(fits, "gradtape: {layer}: needs last axes {normalized}, not {shape}");
    let axes: Vec<isize> = (1..=normalized.rank() as isize).map(|axis| -axis).collect();
    Axes::from(&axes[..])
}

/// The options of layer normalisation. The defaults are PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct LayerNormOptions {
    /// Added to the variance: 10⁻⁵.
    pub eps: f64,
    /// Whether each element is then scaled, and shifted if there is a bias: yes.
    pub elementwise_affine: bool,
    /// Whether there is a bias: yes.
    pub bias: bool,
}

impl Default for LayerNormOptions {
    fn default() -> Self {
        LayerNormOptions { eps: 1e-5, elementwise_affine: true, bias: true }
    }
}

/// (x − μ)/√(σ² + eps)·w + b, where μ and σ² are over the last axes of each sample (Ba, Kiros, Hinton:
/// Layer Normalization, 2016).
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// w and b, if there are any.
    pub affine: Option<Affine>,
    normalized_shape: Shape,
    eps: f64,
}

impl LayerNorm {
    /// A layer over last axes of these sizes.
    pub fn new<F: Float>(params: &mut Params<F>, normalized_shape: impl Into<Shape>) -> Self {
        Self::with(params, normalized_shape, LayerNormOptions::default())
    }

    /// A layer over last axes of these sizes.
    ///
    /// # Panics
    /// When eps is negative.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        normalized_shape: impl Into<Shape>,
        options: LayerNormOptions,
    ) -> Self {
        let (shape, LayerNormOptions { eps, elementwise_affine, bias }) = (normalized_shape.into(), options);
        must_be_eps("layer_norm", eps);
        params.layer("layer_norm", "weight", |params| LayerNorm {
            affine: elementwise_affine.then(|| Affine::new(params, &shape, bias)),
            normalized_shape: shape,
            eps,
        })
    }
}

impl Module for LayerNorm {
    /// # Panics
    /// When the last axes have other sizes.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let axes = last_axes("layer_norm", x.shape(), &self.normalized_shape);
        let y = normalised(&x, axes, self.eps);
        match &self.affine {
            Some(affine) => affine.last(cx, y),
            None => y,
        }
    }
}

/// The options of root mean square normalisation. The defaults are PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct RmsNormOptions {
    /// Added to the mean of squares: none stands for the precision of the element type.
    pub eps: Option<f64>,
    /// Whether each element is then scaled: yes.
    pub elementwise_affine: bool,
}

impl Default for RmsNormOptions {
    fn default() -> Self {
        RmsNormOptions { eps: None, elementwise_affine: true }
    }
}

/// x/√(mean(x²) + eps)·w over the last axes (Zhang, Sennrich: Root Mean Square Layer Normalization,
/// 2019).
#[derive(Clone, Debug)]
pub struct RmsNorm {
    /// w, if there is one.
    pub affine: Option<Affine>,
    normalized_shape: Shape,
    eps: f64,
}

impl RmsNorm {
    /// A layer over last axes of these sizes.
    pub fn new<F: Float>(params: &mut Params<F>, normalized_shape: impl Into<Shape>) -> Self {
        Self::with(params, normalized_shape, RmsNormOptions::default())
    }

    /// A layer over last axes of these sizes.
    ///
    /// # Panics
    /// When eps is negative.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        normalized_shape: impl Into<Shape>,
        options: RmsNormOptions,
    ) -> Self {
        let (shape, RmsNormOptions { eps, elementwise_affine }) = (normalized_shape.into(), options);
        let eps = eps.unwrap_or(2f64.powi(1 - F::DIGITS as i32));
        must_be_eps("rms_norm", eps);
        params.layer("rms_norm", "weight", |params| RmsNorm {
            affine: elementwise_affine.then(|| Affine::new(params, &shape, false)),
            normalized_shape: shape,
            eps,
        })
    }
}

impl Module for RmsNorm {
    /// # Panics
    /// When the last axes have other sizes.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let axes = last_axes("rms_norm", x.shape(), &self.normalized_shape);
        let size = (x.square().mean_axes(axes, true) + self.eps).sqrt();
        let y = x / size;
        match &self.affine {
            Some(affine) => affine.last(cx, y),
            None => y,
        }
    }
}

/// The options of group normalisation. The defaults are PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct GroupNormOptions {
    /// Added to the variance: 10⁻⁵.
    pub eps: f64,
    /// Whether each channel is then scaled, and shifted if there is a bias: yes.
    pub affine: bool,
    /// Whether there is a bias: yes.
    pub bias: bool,
}

impl Default for GroupNormOptions {
    fn default() -> Self {
        GroupNormOptions { eps: 1e-5, affine: true, bias: true }
    }
}

/// (x − μ)/√(σ² + eps)·w + b, where μ and σ² are over each group of a sample's channels, and w and b
/// for each channel (Wu, He: Group Normalization, 2018).
#[derive(Clone, Debug)]
pub struct GroupNorm {
    /// w and b, if there are any.
    pub affine: Option<Affine>,
    groups: usize,
    channels: usize,
    eps: f64,
}

impl GroupNorm {
    /// A layer for so many groups of so many channels.
    ///
    /// # Panics
    /// When the groups do not divide the channels.
    #[track_caller]
    pub fn new<F: Float>(params: &mut Params<F>, groups: usize, channels: usize) -> Self {
        Self::with(params, groups, channels, GroupNormOptions::default())
    }

    /// A layer for so many groups of so many channels.
    ///
    /// # Panics
    /// When the groups do not divide the channels or eps is negative.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        groups: usize,
        channels: usize,
        options: GroupNormOptions,
    ) -> Self {
        let GroupNormOptions { eps, affine, bias } = options;
        let divides = groups > 0 && channels.is_multiple_of(groups);
        assert!(divides, "gradtape: group_norm: {groups} groups do not divide {channels} channels");
        must_be_eps("group_norm", eps);
        params.layer("group_norm", "weight", |params| GroupNorm {
            affine: affine.then(|| Affine::new(params, [channels], bias)),
            groups,
            channels,
            eps,
        })
    }
}

impl Module for GroupNorm {
    /// # Panics
    /// When axis 1 is not of so many channels.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let (shape, channels) = (x.shape().clone(), self.channels);
        let fits = shape.get(1) == Some(&channels);
        assert!(fits, "gradtape: group_norm: needs [batch, {channels}, ..], not {shape}");
        let grouped = x.reshape([shape[0], self.groups, shape[1..].iter().product::<usize>() / self.groups]);
        let y = normalised(&grouped, -1, self.eps).reshape(&shape);
        match &self.affine {
            Some(affine) => affine.per_channel(cx, y),
            None => y,
        }
    }
}
