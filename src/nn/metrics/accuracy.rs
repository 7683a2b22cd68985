//! Shares of right answers.

use super::alike;
use crate::{
    Float, Tensor,
    ops::{Indices, TopK},
};

/// The share of rows whose greatest output is at their target.
///
/// ```
/// use gradtape::{Tensor, nn::accuracy};
/// let output = Tensor::from([[0.1, 0.9], [0.8, 0.2]]);
/// assert_eq!(accuracy(&output, &[1, 1].into()), 0.5);
/// ```
///
/// # Panics
/// When `output` is not `[n, classes, ..]` with targets `[n, ..]`.
#[track_caller]
pub fn accuracy<F: Float>(output: &Tensor<F>, target: &Indices) -> f64 {
    let (shape, targets) = (output.shape(), target.shape());
    let fits = shape.rank() >= 2 && shape[1] > 0 && targets[..] == [&shape[..1], &shape[2..]].concat()[..];
    assert!(fits, "gradtape: accuracy: needs [n, classes, ..] and [n, ..], not {shape} and {targets}");
    let (_, found) = output.max_dim(1, false);
    share(found.slice().iter().zip(target.slice()).map(|(a, b)| a == b))
}

/// The share of rows whose target is among the `k` greatest outputs; of equal ones those of lower
/// classes come first.
///
/// ```
/// use gradtape::{Tensor, nn::top_k_accuracy};
/// let output = Tensor::from([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]);
/// assert_eq!(top_k_accuracy(&output, &[1, 0].into(), 2), 0.5);
/// ```
///
/// # Panics
/// When `output` is not `[n, classes]` with n targets, or there are fewer than k classes.
#[track_caller]
pub fn top_k_accuracy<F: Float>(output: &Tensor<F>, target: &Indices, k: usize) -> f64 {
    let (rows, targets) = (output.shape(), target.shape());
    let fits = rows.rank() == 2 && targets[..] == rows[..1];
    assert!(fits, "gradtape: top_k_accuracy: needs [n, classes] and [n], not {rows} and {targets}");
    let (_, best) = output.topk(k, TopK { axis: 1, ..TopK::default() });
    let best = |row: usize| &best.slice()[row * k..(row + 1) * k];
    share(target.slice().iter().enumerate().map(|(row, class)| best(row).contains(class)))
}

/// The share of outputs that are above a threshold where the target is above ½, and not elsewhere. The
/// threshold is ½ for probabilities, 0 for logits.
///
/// ```
/// use gradtape::{Tensor, nn::binary_accuracy};
/// let output = Tensor::from([0.2, 0.9, 0.6, 0.4]);
/// assert_eq!(binary_accuracy(&output, &Tensor::from([0.0, 1.0, 0.0, 0.0]), 0.5), 0.75);
/// ```
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn binary_accuracy<F: Float>(output: &Tensor<F>, target: &Tensor<F>, threshold: f64) -> f64 {
    alike("binary_accuracy", output.shape(), target.shape());
    let pairs = output.slice().iter().zip(target.slice());
    share(pairs.map(|(y, t)| (y.to_f64() > threshold) == (t.to_f64() > 0.5)))
}

fn share(right: impl ExactSizeIterator<Item = bool>) -> f64 {
    let all = right.len() as f64;
    right.filter(|&right| right).count() as f64 / all
}
