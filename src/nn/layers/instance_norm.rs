//! Instance normalisation.

use super::{
    batch_norm::Running,
    norm::{Affine, centred, must_be_eps},
};
use crate::{
    Axes, Float, Interp, Value,
    nn::{Ctx, Module, Params},
};

/// Instance normalisation of `[batch, channels, length]`.
pub type InstanceNorm1d = InstanceNormNd<1>;
/// Instance normalisation of `[batch, channels, height, width]`.
pub type InstanceNorm2d = InstanceNormNd<2>;
/// Instance normalisation of `[batch, channels, depth, height, width]`.
pub type InstanceNorm3d = InstanceNormNd<3>;

/// The options of instance normalisation. The defaults are PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct InstanceNormOptions {
    /// Added to the variance: 10⁻⁵.
    pub eps: f64,
    /// How far running statistics move towards those of a batch: 0.1.
    pub momentum: f64,
    /// Whether each channel is then scaled, and shifted if there is a bias: no.
    pub affine: bool,
    /// Whether there is a bias: yes.
    pub bias: bool,
    /// Whether running statistics are kept, to evaluate with: no. If not, those of the sample are taken
    /// there too.
    pub track_running_stats: bool,
}

impl Default for InstanceNormOptions {
    fn default() -> Self {
        InstanceNormOptions {
            eps: 1e-5,
            momentum: 0.1,
            affine: false,
            bias: true,
            track_running_stats: false,
        }
    }
}

/// (x − μ)/√(σ² + eps), where μ and σ² are the mean and the variance of each channel of each sample
/// (Ulyanov, Vedaldi, Lempitsky: Instance Normalization, 2016). Running statistics, if they are kept,
/// follow the means over the batch.
#[derive(Clone, Copy, Debug)]
pub struct InstanceNormNd<const AXES: usize> {
    /// Scale and shift, if there are any.
    pub affine: Option<Affine>,
    running: Option<Running>,
    channels: usize,
    options: InstanceNormOptions,
}

impl<const AXES: usize> InstanceNormNd<AXES> {
    /// A layer for so many channels.
    pub fn new<F: Float>(params: &mut Params<F>, channels: usize) -> Self {
        Self::with(params, channels, InstanceNormOptions::default())
    }

    /// A layer for so many channels.
    ///
    /// # Panics
    /// When eps is negative or the momentum not in [0, 1].
    #[track_caller]
    pub fn with<F: Float>(params: &mut Params<F>, channels: usize, options: InstanceNormOptions) -> Self {
        const { assert!(AXES >= 1 && AXES <= 3) }
        let InstanceNormOptions { eps, momentum, affine, bias, track_running_stats } = options;
        must_be_eps("instance_norm", eps);
        let fine = (0.0..=1.0).contains(&momentum);
        assert!(fine, "gradtape: instance_norm: a momentum in [0, 1], not {momentum}");
        let first = if affine { "weight" } else { "running_mean" };
        params.layer("instance_norm", first, |params| InstanceNormNd {
            affine: affine.then(|| Affine::new(params, [channels], bias)),
            running: track_running_stats.then(|| Running::new(params, channels)),
            channels,
            options,
        })
    }

    #[track_caller]
    fn by_the_sample<I: Interp>(&self, cx: &Ctx<'_, I>, x: &Value<I>) -> Value<I> {
        let count: usize = x.shape()[2..].iter().product();
        assert!(
            count > 1,
            "gradtape: instance_norm: needs more than 1 value per channel and sample, not {}",
            x.shape()
        );
        let axes: Vec<isize> = (2..2 + AXES as isize).collect();
        let (centred, mean, var) = centred(x, Axes::from(&axes[..]));
        if let (Some(running), Some(_)) = (self.running, cx.rng()) {
            let unbiased = var.tensor() * (count as f64 / (count as f64 - 1.0));
            let (mean, var) = (mean.tensor().mean_axes(0, false), unbiased.mean_axes(0, false));
            running.follow(cx, self.options.momentum, &mean, &var);
        }
        centred / (var + self.options.eps).sqrt()
    }
}

impl<const AXES: usize> Module for InstanceNormNd<AXES> {
    /// # Panics
    /// When the shape is not that of so many channels, or there is only 1 value to take statistics of.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let (shape, channels) = (x.shape(), self.channels);
        let fits = shape.rank() == AXES + 2 && shape[1] == channels;
        assert!(
            fits,
            "gradtape: instance_norm: needs [batch, {channels}] and {AXES} spatial axes, not {shape}"
        );
        let y = match self.running {
            Some(running) if cx.rng().is_none() => running.normalised(cx, &x, self.options.eps),
            _ => self.by_the_sample(cx, &x),
        };
        match &self.affine {
            Some(affine) => affine.per_channel(cx, y),
            None => y,
        }
    }
}
