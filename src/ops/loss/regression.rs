//! Losses of numbers: squared, absolute, and between the two.

use super::{Reduction, alike, sampled_apart, sampled_reduction, sampled_weight, weighted};
use crate::{
    Float, Tensor,
    gradcheck::Gen,
    value::{Interp, Value},
};

/// The mean of weighted losses is over the weights, not over the elements.
#[track_caller]
fn over_weights<I: Interp>(
    op: &str,
    losses: Value<I>,
    weight: Option<&Value<I>>,
    reduction: Reduction,
) -> Value<I> {
    let losses = weighted(op, losses, weight);
    match (weight, reduction) {
        (Some(weight), Reduction::Mean) => losses.sum() / weight.expand(losses.shape()).sum(),
        _ => reduction.of(losses),
    }
}

/// ½d² for |d| < δ, δ(|d| − ½δ) beyond, as q(d − ½q) with q = d cut off at ±δ: no infinity is squared.
fn huber<I: Interp>(difference: &Value<I>, delta: f64) -> Value<I> {
    if I::Elem::of(delta) == I::Elem::INFINITY {
        return difference.square() * 0.5; // nothing is cut off, no infinity either
    }
    let q = difference.clamp(-delta, delta);
    &q * (difference - &q * 0.5)
}

impl<I: Interp> Value<I> {
    /// (x − t)², times weights that broadcast to it, reduced. A weighted mean is divided by the sum of the
    /// weights.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Reduction};
    /// let (x, t) = (Tensor::from([1.0, 3.0]), Tensor::from([2.0, 1.0]));
    /// assert_eq!(x.mse_loss(&t, None, Reduction::Mean).item(), 2.5);
    /// assert_eq!(x.mse_loss(&t, None, Reduction::None), Tensor::from([1.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// When the shapes differ: broadcasting here is nearly always a mistake. When the weights do not
    /// broadcast to x.
    #[track_caller]
    pub fn mse_loss(&self, target: &Self, weight: Option<&Self>, reduction: Reduction) -> Self {
        alike("mse_loss", self, target);
        over_weights("mse_loss", (self - target).square(), weight, reduction)
    }

    /// |x − t|, times weights that broadcast to it, reduced; gradient 0 where x = t. A weighted mean is
    /// divided by the sum of the weights.
    ///
    /// # Panics
    /// As [`mse_loss`](Self::mse_loss).
    #[track_caller]
    pub fn l1_loss(&self, target: &Self, weight: Option<&Self>, reduction: Reduction) -> Self {
        alike("l1_loss", self, target);
        over_weights("l1_loss", (self - target).abs(), weight, reduction)
    }

    /// ½(x − t)² up to |x − t| = δ, δ(|x − t| − ½δ) beyond, times weights that broadcast to it, reduced (Huber:
    /// Robust Estimation of a Location Parameter, 1964). PyTorch's default δ is 1. A weighted mean is
    /// divided by the number of elements, as PyTorch's.
    ///
    /// # Panics
    /// When the shapes differ, δ is not positive, or the weights do not broadcast to x.
    #[track_caller]
    pub fn huber_loss(&self, target: &Self, delta: f64, weight: Option<&Self>, reduction: Reduction) -> Self {
        alike("huber_loss", self, target);
        assert!(delta > 0.0, "gradtape: huber_loss: a delta of {delta}, for {}", self.shape());
        reduction.of(weighted("huber_loss", huber(&(self - target), delta), weight))
    }

    /// ½(x − t)²/β up to |x − t| = β, |x − t| − ½β beyond, reduced; `l1_loss` for β = 0 (Girshick: Fast
    /// R-CNN, 2015). PyTorch's default β is 1.
    ///
    /// # Panics
    /// When the shapes differ or β is negative.
    #[track_caller]
    pub fn smooth_l1_loss(&self, target: &Self, beta: f64, reduction: Reduction) -> Self {
        alike("smooth_l1_loss", self, target);
        assert!(beta >= 0.0, "gradtape: smooth_l1_loss: a beta of {beta}, for {}", self.shape());
        let difference = self - target;
        reduction.of(if beta == 0.0 { difference.abs() } else { huber(&difference, beta) / beta })
    }
}

#[inline]
fn sampled(g: &mut Gen) -> (Reduction, Vec<Tensor<f64>>) {
    let shape = g.shape(3);
    let shape = g.nonempty(shape);
    let mut inputs = sampled_apart(g, &shape).to_vec();
    sampled_weight(g, &shape, &mut inputs);
    (sampled_reduction(g), inputs)
}

composition!(
    MseLoss(Reduction),
    "mse_loss",
    |reduction, x| vec![x[0].mse_loss(&x[1], x.get(2), *reduction)],
    |g| sampled(g)
);
composition!(
    L1Loss(Reduction),
    "l1_loss",
    |reduction, x| vec![x[0].l1_loss(&x[1], x.get(2), *reduction)],
    |g| sampled(g)
);
composition!(
    HuberLoss((f64, Reduction)),
    "huber_loss",
    |(delta, reduction), x| vec![x[0].huber_loss(&x[1], *delta, x.get(2), *reduction)],
    |g| {
        let (reduction, inputs) = sampled(g);
        ((g.pick(&[1.0, 0.5, 2.0]), reduction), inputs)
    }
);
composition!(
    SmoothL1Loss((f64, Reduction)),
    "smooth_l1_loss",
    |(beta, reduction), x| vec![x[0].smooth_l1_loss(&x[1], *beta, *reduction)],
    |g| {
        let shape = g.shape(3);
        let shape = g.nonempty(shape);
        ((g.pick(&[1.0, 0.5, 0.0]), sampled_reduction(g)), sampled_apart(g, &shape).to_vec())
    }
);
