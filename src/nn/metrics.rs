//! What people look at besides the loss.

use crate::{Float, Tensor, ops::Indices};

/// The share of rows whose greatest output is at their target.
///
/// ```
/// use gradtape::{Tensor, nn::accuracy};
/// let output = Tensor::from([[0.1, 0.9], [0.8, 0.2]]);
/// assert_eq!(accuracy(&output, &[1, 1].into()), 0.5);
/// ```
///
/// # Panics
/// When `output` is not `[n, classes]` with n targets.
#[track_caller]
pub fn accuracy<F: Float>(output: &Tensor<F>, target: &Indices) -> f64 {
    let (_, found) = output.max_dim(1, false);
    assert!(
        found.shape() == target.shape(),
        "gradtape: accuracy: {} rows, {} targets",
        found.shape(),
        target.shape()
    );
    let right = found.slice().iter().zip(target.slice()).filter(|(a, b)| a == b).count();
    right as f64 / target.slice().len() as f64
}
