//! Losses, under PyTorch's names: how far an output is from its target. One file per kind of target.
#![forbid(unsafe_code)]

mod binary;
mod classification;
mod cross_entropy;
mod distribution;
mod embedding;
mod focal;
mod margin;
mod regression;

pub use classification::{CrossEntropyOptions, NllOptions};
pub use cross_entropy::{CrossEntropy, CrossEntropyGrad};
pub use distribution::{GaussianNllOptions, KlReduction, PoissonNllOptions};
pub use embedding::TripletMarginOptions;
pub use margin::MultiMarginOptions;

/// The compositions as types, for the list.
pub(super) mod composed {
    pub use super::binary::{BinaryCrossEntropy, BinaryCrossEntropyWithLogits};
    pub use super::classification::{CrossEntropyProbabilities, CrossEntropyWith, NllLoss};
    pub use super::distribution::{GaussianNllLoss, KlDiv, PoissonNllLoss};
    pub use super::embedding::{
        CosineEmbeddingLoss, HingeEmbeddingLoss, TripletMarginLoss, TripletMarginWithDistanceLoss,
    };
    pub use super::focal::SigmoidFocalLoss;
    pub use super::margin::{
        HingeLoss, MarginRankingLoss, MultiMarginLoss, MultilabelMarginLoss, MultilabelSoftMarginLoss,
        SoftMarginLoss,
    };
    pub use super::regression::{HuberLoss, L1Loss, MseLoss, SmoothL1Loss};
}

use crate::{
    Float, Shape, Tensor,
    gradcheck::Gen,
    value::{Interp, Value},
};

/// What becomes of the losses of single elements or rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reduction {
    /// They stay as they are.
    None,
    /// Their mean.
    #[default]
    Mean,
    /// Their sum.
    Sum,
}

impl Reduction {
    fn of<I: Interp>(self, losses: Value<I>) -> Value<I> {
        match self {
            Reduction::None => losses,
            Reduction::Mean => losses.mean(),
            Reduction::Sum => losses.sum(),
        }
    }
}

/// Refuses a target of another shape: broadcasting here is nearly always a mistake.
#[track_caller]
fn alike<I: Interp>(op: &str, x: &Value<I>, target: &Value<I>) {
    let (x, target) = (x.shape(), target.shape());
    assert!(x == target, "gradtape: {op}: an output of shape {x} for a target of {target}");
}

/// Losses times their weights, which broadcast to them.
#[track_caller]
fn weighted<I: Interp>(op: &str, losses: Value<I>, weight: Option<&Value<I>>) -> Value<I> {
    let Some(weight) = weight else { return losses };
    let (shape, found) = (losses.shape(), weight.shape());
    assert!(found.broadcasts_to(shape), "gradtape: {op}: weights of shape {found} for losses of {shape}");
    losses * weight
}

/// A weight times a value, 0 where the weight is 0 and the value infinite.
#[track_caller]
fn times<I: Interp>(weight: &Value<I>, value: &Value<I>) -> Value<I> {
    let infinite = |v: &I::Elem| v.to_f64().is_infinite();
    if !value.tensor().slice().iter().any(infinite) {
        return weight * value;
    }
    let zero = value.constant(0.0);
    let hidden = weight.equal(&zero).logical_and(&value.isinf());
    weight * hidden.select(&zero, value)
}

/// 1 where the target is positive, 0 where it is negative; refuses what is neither.
#[track_caller]
fn positive<I: Interp>(op: &str, target: &Value<I>) -> Value<I> {
    let zero = I::Elem::ZERO;
    let neither = |t: &&I::Elem| matches!((**t).partial_cmp(&zero), None | Some(std::cmp::Ordering::Equal));
    if let Some(neither) = target.tensor().slice().iter().find(neither) {
        panic!("gradtape: {op}: a target of {neither} in {}, where 1 or -1 is expected", target.shape());
    }
    target.greater(&target.constant(0.0))
}

/// Any reduction.
#[inline]
fn sampled_reduction(g: &mut Gen) -> Reduction {
    g.pick(&[Reduction::Mean, Reduction::None, Reduction::Sum])
}

/// Operands of a shape whose differences are odd multiples of ¼.
#[inline]
fn sampled_apart(g: &mut Gen, shape: &Shape) -> [Tensor<f64>; 2] {
    let x = Tensor::from_fn(shape, |_| g.int(0, 12) as f64 * 0.5 - 3.0);
    let target = Tensor::from_fn(shape, |_| g.int(0, 12) as f64 * 0.5 - 2.75);
    [x, target]
}

/// Targets of 1 and −1.
#[inline]
fn sampled_signs(g: &mut Gen, shape: &Shape) -> Tensor<f64> {
    Tensor::from_fn(shape, |_| if g.bool() { 1.0 } else { -1.0 })
}

/// Maybe weights of a shape, behind the other operands.
#[inline]
fn sampled_weight(g: &mut Gen, shape: &Shape, inputs: &mut Vec<Tensor<f64>>) {
    if g.bool() {
        inputs.push(g.values(shape, 0.5..2.0));
    }
}
