//! What the ops on batches of matrices share.
#![forbid(unsafe_code)]

use super::product::MatMul;
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject},
    kernels::strided::Walk,
    op::{Op, OpError},
    value::{Interp, Value},
};

/// Rows and columns of the last two axes.
pub(super) fn sizes(op: &'static str, x: &Shape) -> Result<[usize; 2], OpError> {
    match x[..] {
        [.., m, n] => Ok([m, n]),
        _ => Err(OpError::new(op, format!("needs matrices, not {x}"))),
    }
}

/// Rows, as many as columns, of the last two axes.
pub(super) fn square(op: &'static str, x: &Shape) -> Result<usize, OpError> {
    match x[..] {
        [.., m, n] if m == n => Ok(n),
        _ => Err(OpError::new(op, format!("needs square matrices, not {x}"))),
    }
}

/// The axes before the last two.
pub(super) fn batch(x: &Shape) -> &[usize] {
    &x[..x.rank() - 2]
}

/// The batch of x with other axes after it.
pub(super) fn with_last(op: &'static str, x: &Shape, last: &[usize]) -> Result<Shape, OpError> {
    Shape::try_new(&[batch(x), last].concat()).map_err(|why| OpError::new(op, why))
}

/// The refusal of the `i`th matrix of x for its numbers.
pub(super) fn fault(op: &'static str, x: &Shape, i: usize, why: &str) -> OpError {
    if x.rank() == 2 {
        return OpError::new(op, format!("the matrix of shape {x} {why}"));
    }
    let (mut place, mut rest) = (vec![0; x.rank() - 2], i);
    for axis in (0..place.len()).rev() {
        place[axis] = rest % x[axis];
        rest /= x[axis];
    }
    OpError::new(op, format!("matrix {place:?} of {x} {why}"))
}

/// Matrices of `size` elements, one after the other; none where they have none.
pub(super) fn blocks<F>(x: &[F], size: usize) -> std::slice::ChunksExact<'_, F> {
    x.chunks_exact(size.max(1))
}

/// As [`blocks`], for writing.
pub(super) fn blocks_mut<F>(x: &mut [F], size: usize) -> std::slice::ChunksExactMut<'_, F> {
    x.chunks_exact_mut(size.max(1))
}

/// For each matrix of the batch that two operands broadcast to, the place of either's.
pub(super) fn pairing(outer: &Shape, a: &[usize], b: &[usize]) -> Vec<[usize; 2]> {
    let (a, b) = (Shape::from(a).steps_as(outer), Shape::from(b).steps_as(outer));
    let walk = Walk::new((0..outer.rank()).map(|i| (outer[i], [a[i], b[i]])));
    let (length, [a_step, b_step]) = walk.inner();
    let mut places = Vec::with_capacity(outer.size());
    walk.runs(0, outer.size() / length.max(1), |[at_a, at_b]| {
        let run = 0..length as isize;
        places.extend(run.map(|i| [(at_a + i * a_step) as usize, (at_b + i * b_step) as usize]));
    });
    places
}

/// A·B, either of them transposed.
pub(super) fn product<I: Interp>(
    a: &Value<I>,
    b: &Value<I>,
    [transpose_a, transpose_b]: [bool; 2],
) -> Value<I> {
    Value::apply(MatMul { transpose_a, transpose_b }, [a.into(), b.into()])
}

/// A·B.
pub(super) fn times<I: Interp>(a: &Value<I>, b: &Value<I>) -> Value<I> {
    product(a, b, [false, false])
}

/// Aᵀ·B.
pub(super) fn transposed_times<I: Interp>(a: &Value<I>, b: &Value<I>) -> Value<I> {
    product(a, b, [true, false])
}

/// A·Bᵀ.
pub(super) fn times_transposed<I: Interp>(a: &Value<I>, b: &Value<I>) -> Value<I> {
    product(a, b, [false, true])
}

/// Aᵀ.
pub(super) fn transposed<I: Interp>(a: &Value<I>) -> Value<I> {
    a.transpose(-1, -2)
}

/// (A + Aᵀ)/2.
pub(super) fn symmetric<I: Interp>(a: &Value<I>) -> Value<I> {
    (a + transposed(a)) * 0.5
}

/// A number for each matrix, as a matrix of size 1 × 1.
pub(super) fn over_matrices<I: Interp>(x: &Value<I>) -> Value<I> {
    x.unsqueeze(-1).unsqueeze(-1)
}

/// The identity, as a constant beside a value.
pub(super) fn identity<I: Interp>(like: &Value<I>, n: usize) -> Value<I> {
    like.lift(Tensor::from_fn([n, n], |at| if at % (n + 1) == 0 { I::Elem::ONE } else { I::Elem::ZERO }))
}

/// A batch of up to two axes, or none.
#[inline]
pub(super) fn sampled_batch(g: &mut Gen) -> Vec<usize> {
    if g.bool() { Vec::new() } else { g.shape(2).to_vec() }
}

/// The size of a matrix: 1 to 4, one in ten 0.
#[inline]
pub(super) fn sampled_size(g: &mut Gen) -> usize {
    if g.chance(10) { 0 } else { g.int(1, 4) }
}

/// Matrices of this size.
#[inline]
pub(super) fn sampled(g: &mut Gen, batch: &[usize], [m, n]: [usize; 2]) -> Tensor<f64> {
    g.values(&Shape::from(&[batch, &[m, n]].concat()[..]), -1.0..1.0)
}

/// Square matrices far from singular: each row and column has one large element, not on the diagonal alone.
#[inline]
pub(super) fn sampled_regular(g: &mut Gen, batch: &[usize], n: usize) -> Tensor<f64> {
    let x = sampled(g, batch, [n, n]);
    let order = g.order(n);
    let large = |at: usize| order[at / n % n] == at % n;
    Tensor::from_fn(x.shape(), |at| x.slice()[at] + if large(at) { n as f64 + 1.0 } else { 0.0 })
}

/// Shapes that no op on one batch of square matrices takes.
#[inline]
pub(super) fn square_rejects<O: Op>(op: O) -> Vec<Reject<O>> {
    let bad = |x: &[usize], says| Reject::new(op.clone(), [Shape::from(x)], says);
    vec![
        bad(&[2, 3], "needs square matrices, not [2, 3]"),
        bad(&[4], "needs square matrices, not [4]"),
        bad(&[3, 3, 2], "needs square matrices, not [3, 3, 2]"),
    ]
}
