//! Batch normalisation.

use super::norm::{Affine, centred};
use crate::{
    Axes, Float, Interp, Tensor, Value,
    nn::{Ctx, Module, ParamId, Params},
};

/// Batch normalisation of `[batch, channels]` or `[batch, channels, length]`.
pub type BatchNorm1d = BatchNormNd<1>;
/// Batch normalisation of `[batch, channels, height, width]`.
pub type BatchNorm2d = BatchNormNd<2>;
/// Batch normalisation of `[batch, channels, depth, height, width]`.
pub type BatchNorm3d = BatchNormNd<3>;

/// The options of batch normalisation. The defaults are PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormOptions {
    /// Added to the variance: 10⁻⁵.
    pub eps: f64,
    /// How far running statistics move towards those of a batch: 0.1. None averages all batches.
    pub momentum: Option<f64>,
    /// Whether each channel is then scaled, and shifted if there is a bias: yes.
    pub affine: bool,
    /// Whether there is a bias: yes.
    pub bias: bool,
    /// Whether running statistics are kept, to evaluate with: yes. If not, those of the batch are
    /// taken there too.
    pub track_running_stats: bool,
}

impl Default for BatchNormOptions {
    fn default() -> Self {
        BatchNormOptions {
            eps: 1e-5,
            momentum: Some(0.1),
            affine: true,
            bias: true,
            track_running_stats: true,
        }
    }
}

/// (x − μ)/√(σ² + eps)·w + b, where μ and σ² are the mean and the variance of each channel (Ioffe,
/// Szegedy: Batch Normalization, 2015).
///
/// Training takes the statistics of the batch, whose gradient is followed, and moves the buffers
/// `running_mean` and `running_var`, the latter by the unbiased variance, as PyTorch does; the
/// buffers change with the step. Evaluation takes the buffers.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormNd<const AXES: usize> {
    /// w and b, if there are any.
    pub affine: Option<Affine>,
    running: Option<Running>,
    channels: usize,
    options: BatchNormOptions,
}

/// Running statistics, in buffers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    mean: ParamId,
    var: ParamId,
    batches: ParamId,
}

impl Running {
    pub(super) fn new<F: Float>(params: &mut Params<F>, channels: usize) -> Self {
        Running {
            mean: params.add_buffer("running_mean", Tensor::zeros([channels])),
            var: params.add_buffer("running_var", Tensor::ones([channels])),
            batches: params.add_buffer("num_batches_tracked", Tensor::scalar(F::ZERO)),
        }
    }

    /// Counts a batch; how many there are with it.
    fn count<I: Interp>(self, cx: &Ctx<'_, I>) -> f64 {
        let count = cx.buffer(self.batches) + 1.0;
        cx.set_buffer(self.batches, count.clone());
        count.item().to_f64()
    }

    /// Moves the statistics by a share of the way to these.
    pub(super) fn follow<I: Interp>(
        self,
        cx: &Ctx<'_, I>,
        share: f64,
        mean: &Tensor<I::Elem>,
        var: &Tensor<I::Elem>,
    ) {
        for (id, new) in [(self.mean, mean), (self.var, var)] {
            let old = cx.buffer(id);
            let new = new.reshape(old.shape());
            cx.set_buffer(id, old * (1.0 - share) + new * share);
        }
    }

    /// x by these statistics, channels on axis 1.
    pub(super) fn normalised<I: Interp>(self, cx: &Ctx<'_, I>, x: &Value<I>, eps: f64) -> Value<I> {
        let along = |id| per_channel(&x.lift(cx.buffer(id)), x.shape().rank());
        (x - along(self.mean)) / (along(self.var) + eps).sqrt()
    }
}

/// A number for each channel, `[channels]`, in the form `[channels, 1..]` that meets values of this
/// rank.
pub(super) fn per_channel<I: Interp>(each: &Value<I>, rank: usize) -> Value<I> {
    let mut dims = vec![each.shape().size()];
    dims.resize(rank.saturating_sub(1), 1);
    each.reshape(&dims[..])
}

impl<const AXES: usize> BatchNormNd<AXES> {
    /// A layer for so many channels.
    pub fn new<F: Float>(params: &mut Params<F>, channels: usize) -> Self {
        Self::with(params, channels, BatchNormOptions::default())
    }

    /// A layer for so many channels.
    ///
    /// # Panics
    /// When eps is negative or the momentum not in [0, 1].
    #[track_caller]
    pub fn with<F: Float>(params: &mut Params<F>, channels: usize, options: BatchNormOptions) -> Self {
        const { assert!(AXES >= 1 && AXES <= 3) }
        let BatchNormOptions { eps, momentum, affine, bias, track_running_stats } = options;
        super::norm::must_be_eps("batch_norm", eps);
        let fine = momentum.is_none_or(|momentum| (0.0..=1.0).contains(&momentum));
        assert!(fine, "gradtape: batch_norm: a momentum in [0, 1], not {momentum:?}");
        let first = if affine { "weight" } else { "running_mean" };
        params.layer("batch_norm", first, |params| BatchNormNd {
            affine: affine.then(|| Affine::new(params, [channels], bias)),
            running: track_running_stats.then(|| Running::new(params, channels)),
            channels,
            options,
        })
    }

    /// x by its own statistics, which the running ones follow in training.
    #[track_caller]
    fn by_the_batch<I: Interp>(&self, cx: &Ctx<'_, I>, x: &Value<I>) -> Value<I> {
        let shape = x.shape();
        let axes: Vec<isize> = (0..shape.rank() as isize).filter(|&axis| axis != 1).collect();
        let count = shape.size() / self.channels.max(1);
        assert!(
            count > 1 || self.channels == 0,
            "gradtape: batch_norm: needs more than 1 value per channel to train, not {shape}"
        );
        let (centred, mean, var) = centred(x, Axes::from(&axes[..]));
        if let (Some(running), Some(_)) = (self.running, cx.rng()) {
            let batches = running.count(cx);
            let unbiased = var.tensor() * (count as f64 / (count as f64 - 1.0));
            running.follow(cx, self.options.momentum.unwrap_or(1.0 / batches), mean.tensor(), &unbiased);
        }
        centred / (var + self.options.eps).sqrt()
    }
}

impl<const AXES: usize> Module for BatchNormNd<AXES> {
    /// # Panics
    /// When the shape is not that of so many channels, or there is only 1 value per channel to take
    /// statistics of.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let shape = x.shape();
        let fits = shape.rank() == AXES + 2 || (AXES == 1 && shape.rank() == 2);
        let channels = self.channels;
        assert!(
            fits && shape[1] == channels,
            "gradtape: batch_norm: needs [batch, {channels}] and {AXES} spatial axes, not {shape}"
        );
        let y = match self.running {
            Some(running) if cx.rng().is_none() => running.normalised(cx, &x, self.options.eps),
            _ => self.by_the_batch(cx, &x),
        };
        match &self.affine {
            Some(affine) => affine.per_channel(cx, y),
            None => y,
        }
    }
}
