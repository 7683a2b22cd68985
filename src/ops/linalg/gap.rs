//! The distances between eigenvalues or singular values, by which the gradients through their vectors divide.
#![forbid(unsafe_code)]

use super::matrix::identity;
use crate::{
    Float, Tensor,
    kernels::linalg::epsilon,
    value::{Interp, Value},
};

/// How far values of a matrix of this size must be apart to be told apart: for each lane of the last axis.
fn resolution<F: Float>(values: &Tensor<F>, size: usize) -> impl Fn(usize) -> F + '_ {
    let count = values.shape().last().copied().unwrap_or(0).max(1);
    move |lane| {
        let lane = &values.slice()[lane * count..][..count];
        let top = lane.iter().fold(F::ZERO, |top, v| if v.abs() > top { v.abs() } else { top });
        top * epsilon::<F>() * F::of(size as f64)
    }
}

/// Fᵢⱼ = 1/(wⱼ − wᵢ), or 1/(wⱼ² − wᵢ²), and 0 on the diagonal; NaN where rounding cannot tell them apart.
/// `size` is that of the matrix they come from.
pub(super) fn inverse_gaps<I: Interp>(w: &Value<I>, size: usize, squares: bool) -> Value<I> {
    let (row, column) = (w.unsqueeze(-2), w.unsqueeze(-1));
    let (n, numbers) = (w.shape()[w.shape().rank() - 1], w.tensor());
    let gap = &row - &column;
    let (apart, least) = (gap.tensor().abs(), resolution(numbers, size));
    let equal = Tensor::from_fn(gap.shape(), |at| {
        let (lane, i, j) = (at / (n * n), at / n % n, at % n);
        let tied = i != j && apart.slice()[at] <= least(lane);
        if tied { I::Elem::NAN } else { I::Elem::ZERO }
    });
    let gap = if squares { gap * (row + column) } else { gap };
    let unit = identity(w, n);
    // Guarded within, so that the diagonal's infinity is never met.
    unit.select(0.0, &(unit.select(1.0, &gap) + w.lift(equal)).recip())
}

/// Singular values, NaN where rounding cannot tell them from 0.
pub(super) fn nan_at_zero<I: Interp>(s: &Value<I>, size: usize) -> Value<I> {
    let (n, numbers) = (s.shape()[s.shape().rank() - 1], s.tensor());
    let least = resolution(numbers, size);
    let zero = |at: usize| numbers.slice()[at] <= least(at / n);
    s + s.lift(Tensor::from_fn(s.shape(), |at| if zero(at) { I::Elem::NAN } else { I::Elem::ZERO }))
}

/// 1 for values, none below 0, that rounding can tell from 0, else 0.
pub(super) fn is_positive<I: Interp>(s: &Value<I>, size: usize) -> Value<I> {
    let finite = nan_at_zero(&s.lift(s.tensor().clone()), size);
    finite.equal(&finite)
}
