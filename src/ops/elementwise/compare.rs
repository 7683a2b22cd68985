//! Comparisons and logic: masks of 0 and 1, which have no gradient. As a condition, everything but 0
//! is true.

use super::apart;

/// 1 where the mask is not 0, else 0.
#[inline(always)]
fn truth<R: Real>(mask: R) -> R {
    let (yes, no) = (mask.lit(1.0), mask.lit(0.0));
    mask.select(yes, no)
}

binary! {
    /// 1 where the first is greater, else 0, broadcast. A mask: it has no gradient.
    Greater, greater, false, |g| apart(g), |a, b| a.greater(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where the first is greater or both are equal, else 0, broadcast. A mask: it has no gradient.
    GreaterEqual, greater_equal, false, |g| close(g), |a, b| a.clone().greater(b.clone()) + a.equal(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where the first is less, else 0, broadcast. A mask: it has no gradient.
    Less, less, false, |g| close(g), |a, b| b.greater(a), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where the first is less or both are equal, else 0, broadcast. A mask: it has no gradient.
    LessEqual, less_equal, false, |g| close(g), |a, b| b.clone().greater(a.clone()) + a.equal(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where both are equal, else 0, broadcast. A mask: it has no gradient.
    Equal, equal, false, |g| close(g), |a, b| a.equal(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where both differ; NaN differs from everything, else 0, broadcast. A mask: it has no gradient.
    NotEqual, not_equal, false, |g| close(g), |a, b| a.lit(1.0) - a.equal(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where both are true, else 0, broadcast. A mask: it has no gradient.
    LogicalAnd, logical_and, false, |g| truths(g), |a, b| truth(a) * truth(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where either is true, else 0, broadcast. A mask: it has no gradient.
    LogicalOr, logical_or, false, |g| truths(g), |a, b| { let b = truth(b); a.clone().select(a.lit(1.0), b) }, |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where one is true but not the other, else 0, broadcast. A mask: it has no gradient.
    LogicalXor, logical_xor, false, |g| truths(g), |a, b| { let b = truth(b); a.select(b.lit(1.0) - b.clone(), b) }, |d| [d.lit(0.0), d.lit(0.0)];
}

/// Operands of which some are equal; what is flat may be sampled anywhere.
fn close(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    let mut draw = |shape| Tensor::from_fn(shape, |_| g.int(0, 4) as f64 - 2.0);
    [draw(&x), draw(&y)]
}

/// Masks, some of whose truths are not 1.
fn truths(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    let mut draw = |shape| Tensor::from_fn(shape, |_| g.pick(&[0.0, 1.0, -2.0]));
    [draw(&x), draw(&y)]
}
