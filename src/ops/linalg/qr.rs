//! QR factorisations.
#![forbid(unsafe_code)]

use super::matrix::{
    blocks, blocks_mut, sampled, sampled_batch, sizes, times, times_transposed, transposed_times, with_last,
};
use super::{gap::is_positive, triangular::TriangularSolve};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::qr,
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Q with orthonormal columns and upper triangular R whose diagonal is not negative, A = Q·R. Of an m × n
/// matrix Q has min(m, n) columns or, if complete, m. The gradient is that of Walter and Lehmann: On
/// Evaluating Higher-Order Derivatives of the QR Decomposition of Tall Matrices with Full Column Rank, 2012;
/// of a wide matrix the first m columns are factored, the others follow (Roberts and Roberts: QR and LQ
/// Decomposition Matrix Backpropagation Algorithms, 2020). NaN where these columns are not independent; none
/// for a complete Q of a tall matrix, whose last columns are not unique.
#[derive(Clone, Copy, Debug, Default)]
pub struct Qr {
    /// Whether Q is square: PyTorch's mode `complete`, else `reduced`.
    pub complete: bool,
}

/// The lower triangle, mirrored to the upper with a sign.
fn mirrored<I: Interp>(x: &Value<I>, sign: f64) -> Value<I> {
    let below = x.tril(-1);
    &below + below.transpose(-1, -2) * sign
}

/// M·R⁻ᵀ where `transpose`, else M·R⁻¹; NaN where rounding cannot tell R from a singular matrix.
fn divided<I: Interp>(m: &Value<I>, r: &Value<I>, transpose: bool) -> Value<I> {
    let rows = m.shape()[m.shape().rank() - 2];
    let regular = is_positive(&r.diagonal(0, -2, -1), rows.max(r.shape()[r.shape().rank() - 1]));
    let r = regular.unsqueeze(-1).select(r, f64::NAN);
    let op = TriangularSolve { upper: true, transpose: !transpose, unitriangular: false };
    Value::apply(op, [r.into(), m.transpose(-1, -2).into()]).transpose(-1, -2)
}

impl Qr {
    /// Rows and columns of the operand, or a panic where there is no derivative.
    fn sizes<I: Interp>(&self, s: &Saved<'_, Self, I>) -> [usize; 2] {
        let x = s.x_shape(0);
        let [m, n] = sizes(Self::NAME, x).expect("shape has checked the sizes");
        assert!(
            !self.complete || m <= n,
            "gradtape: qr: a complete Q of {x} has no derivative, for its last columns are not unique"
        );
        [m, n]
    }
}

impl Op for Qr {
    type In = One;
    type Out = Fix<2>;
    const NAME: &'static str = "qr";
    const SAVES: Saves = Saves::outputs([0, 1]);

    fn shape(&self, x: &Shape) -> Result<[Shape; 2], OpError> {
        let [m, n] = sizes(Self::NAME, x)?;
        let k = if self.complete { m } else { m.min(n) };
        Ok([with_last(Self::NAME, x, &[m, k])?, with_last(Self::NAME, x, &[k, n])?])
    }

    fn eval<F: Float>(
        &self,
        x: Arg<'_, Eager<F>>,
        [left, right]: [Shape; 2],
    ) -> Result<[Tensor<F>; 2], OpError> {
        let ([m, n], [_, k]) = (sizes(Self::NAME, x.shape())?, sizes(Self::NAME, &left)?);
        let (mut q, mut r) = (Tensor::zeros(left), Tensor::zeros(right));
        if n == 0 {
            // No column to reflect: as good as the identity.
            blocks_mut(q.slice_mut(), m * k).for_each(|q| qr::factor(&[], [m, 0, k], q, &mut []));
        }
        let results = blocks_mut(q.slice_mut(), m * k).zip(blocks_mut(r.slice_mut(), k * n));
        for (x, (q, r)) in blocks(x.slice(), m * n).zip(results) {
            qr::factor(x, [m, n, k], q, r);
        }
        Ok([q, r])
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: [Option<Value<I>>; 2], _: bool) -> Option<Value<I>> {
        let ([m, n], [dq, dr]) = (self.sizes(&s), dy);
        let (q, r) = (s.y::<0>(), s.y::<1>());
        if m >= n {
            return tall_gradient(q, r, dq, dr);
        }
        // A = [X Y], R = [U V] with X = Q·U and V = Qᵀ·Y.
        let parts = r.split(&[m, n - m], -1);
        let Some(dr) = dr else {
            let dx = tall_gradient(q, &parts[0], dq, None)?;
            let rest = with_last(Self::NAME, s.x_shape(0), &[m, n - m]).expect("a part of x");
            return Some(Value::concat(&[&dx, &q.lift(Tensor::zeros(rest))], -1));
        };
        let dr = dr.split(&[m, n - m], -1);
        let through = times_transposed(&times(q, &parts[1]), &dr[1]);
        let dq = add_tangents(dq, Some(through));
        let dx = tall_gradient(q, &parts[0], dq, Some(dr[0].clone()))?;
        Some(Value::concat(&[&dx, &times(q, &dr[1])], -1))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> [Option<Value<I>>; 2] {
        let Some(dx) = dx else { return [None, None] };
        let [m, n] = self.sizes(&s);
        let (q, r) = (s.y::<0>(), s.y::<1>());
        let k = m.min(n);
        let (r, dx) = (r.split(&[k, n - k], -1), dx.split(&[k, n - k], -1));
        // dA·R⁻¹ = dQ + Q·dR·R⁻¹, where Qᵀ·dQ has no symmetric and dR·R⁻¹ no lower part.
        let ratio = divided(&dx[0], &r[0], false);
        let inside = transposed_times(q, &ratio);
        let triangle = &inside - mirrored(&inside, -1.0);
        let dq = ratio - times(q, &triangle);
        let du = times(&triangle, &r[0]);
        let dv = transposed_times(&dq, &times(q, &r[1])) + transposed_times(q, &dx[1]);
        [Some(dq), Some(Value::concat(&[&du, &dv], -1))]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, mut m, n) = (sampled_batch(g), g.dim().min(4), g.dim().min(4));
        let complete = g.bool();
        if complete {
            m = m.min(n);
        }
        let x = sampled(g, &batch, [m, n]);
        // Independent columns: each has an element in a row of its own that outweighs the others.
        let order = g.order(m);
        let large = |at: usize| at % n < m && order[at % n] == at / n % m;
        let x = Tensor::from_fn(x.shape(), |at| x.slice()[at] + if large(at) { 6.0 } else { 0.0 });
        Sample::new(Qr { complete }, [x]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize]| Reject::new(Qr::default(), [Shape::from(x)], "needs matrices, not");
        vec![bad(&[]), bad(&[3]), bad(&[0])]
    }
}

/// dA = (dQ + Q·M)·R⁻ᵀ with M the lower triangle of R·dRᵀ − dQᵀ·Q, mirrored.
fn tall_gradient<I: Interp>(
    q: &Value<I>,
    r: &Value<I>,
    dq: Option<Value<I>>,
    dr: Option<Value<I>>,
) -> Option<Value<I>> {
    let from_r = dr.map(|dr| times_transposed(r, &dr));
    let inside = add_tangents(from_r, dq.as_ref().map(|dq| -transposed_times(dq, q)))?;
    let inside = inside.tril(0) + inside.tril(-1).transpose(-1, -2);
    Some(divided(&add_tangents(dq, Some(times(q, &inside)))?, r, true))
}

impl<I: Interp> Value<I> {
    /// Q with orthonormal columns and R, upper triangular, with A = Q·R. Q has as many columns as A has rows
    /// if `complete`, else no more than A has columns (PyTorch's default, and the mode `reduced`; its mode
    /// `r` is the second result alone, which here has a gradient).
    ///
    /// The diagonal of R is not negative, which makes both unique where A has full rank. PyTorch leaves the
    /// signs open.
    ///
    /// # Panics
    /// When these are no matrices. When a gradient is asked for through a complete Q of a tall matrix.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (q, r) = Tensor::from([[3.0, 1.0], [-4.0, 7.0]]).qr(false);
    /// assert!((q.matmul(&r) - Tensor::from([[3.0, 1.0], [-4.0, 7.0]])).abs().max().item() < 1e-14);
    /// ```
    #[track_caller]
    pub fn qr(&self, complete: bool) -> (Self, Self) {
        let [q, r] = Value::apply(Qr { complete }, self.into());
        (q, r)
    }
}
