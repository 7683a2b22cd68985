//! Singular values and vectors.
#![forbid(unsafe_code)]

use super::{
    gap::{inverse_gaps, is_positive, nan_at_zero},
    matrix::{
        blocks, blocks_mut, fault, sampled, sampled_batch, sizes, times, times_transposed, transposed,
        transposed_times, with_last,
    },
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::svd,
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// U, descending singular values s, and Vᵀ with A = U·diag(s)·Vᵀ; of an m × n matrix min(m, n) of each.
/// Gradient and tangent as in Townsend: Differentiating the Singular Value Decomposition, 2016: through s
/// alone U·diag(ds)·Vᵀ; through vectors NaN where rounding cannot tell singular values apart, or from 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Svd;

impl Op for Svd {
    type In = One;
    type Out = Fix<3>;
    const NAME: &'static str = "svd";
    const SAVES: Saves = Saves::outputs([0, 1, 2]);

    fn shape(&self, x: &Shape) -> Result<[Shape; 3], OpError> {
        let [m, n] = sizes(Self::NAME, x)?;
        let k = m.min(n);
        let with = |last: &[usize]| with_last(Self::NAME, x, last);
        Ok([with(&[m, k])?, with(&[k])?, with(&[k, n])?])
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: [Shape; 3]) -> Result<[Tensor<F>; 3], OpError> {
        let [m, n] = sizes(Self::NAME, x.shape())?;
        let k = m.min(n);
        let [mut u, mut s, mut v] = out.map(Tensor::zeros);
        let results = blocks_mut(u.slice_mut(), m * k).zip(blocks_mut(s.slice_mut(), k));
        let results = results.zip(blocks_mut(v.slice_mut(), k * n));
        for (i, (a, ((u, s), v))) in blocks(x.slice(), m * n).zip(results).enumerate() {
            let Ok(found) = svd::factor(a, m, n) else {
                return Err(fault(Self::NAME, x.shape(), i, "does not converge"));
            };
            for (at, u) in u.iter_mut().enumerate() {
                *u = found.u[at % k * m + at / k];
            }
            s.copy_from_slice(&found.s);
            v.copy_from_slice(&found.v);
        }
        Ok([u, s, v])
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: [Option<Value<I>>; 3], _: bool) -> Option<Value<I>> {
        let ((u, w, vt), [m, n]) = ((s.y::<0>(), s.y::<1>(), s.y::<2>()), size(&s));
        let [du, dw, dvt] = dy;
        let through_values = dw.map(|dw| times(&(u * dw.unsqueeze(-2)), vt));
        if du.is_none() && dvt.is_none() {
            return through_values;
        }
        let gaps = inverse_gaps(w, m.max(n), true);
        let positive = nan_at_zero(w, m.max(n));
        // Of rows, where those of U or of V are multiplied from the left; of columns where from the right.
        let (rows, columns) = (positive.unsqueeze(-1), positive.unsqueeze(-2));
        let through_u = du.map(|du| {
            let inside = transposed_times(u, &du);
            let turned = &gaps * &inside;
            let mut left = times(u, &((&turned + transposed(&turned)) * &columns));
            if m > n {
                left = left + (&du - times(u, &inside)) / &columns;
            }
            times(&left, vt)
        });
        let through_v = dvt.map(|dvt| {
            let inside = times_transposed(vt, &dvt);
            let turned = &gaps * &inside;
            let mut right = times(&((&turned + transposed(&turned)) * &rows), vt);
            if n > m {
                right = right + (&dvt - transposed_times(&inside, vt)) / &rows;
            }
            times(u, &right)
        });
        add_tangents(through_values, add_tangents(through_u, through_v))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> [Option<Value<I>>; 3] {
        let Some(dx) = dx else { return [None, None, None] };
        let ((u, w, vt), [m, n]) = ((s.y::<0>(), s.y::<1>(), s.y::<2>()), size(&s));
        let gaps = inverse_gaps(w, m.max(n), true);
        let positive = nan_at_zero(w, m.max(n));
        let (rows, columns) = (positive.unsqueeze(-1), positive.unsqueeze(-2));
        // Qᵀ·dA·P in the coordinates of the vectors.
        let (dx_v, ut_dx) = (times_transposed(dx, vt), transposed_times(u, dx));
        let inside = transposed_times(u, &dx_v);
        let mirror = transposed(&inside);
        let mut du = times(u, &(&gaps * (&inside * &columns + &mirror * &rows)));
        if m > n {
            du = du + (dx_v - times(u, &inside)) / &columns;
        }
        let turned = &gaps * (&inside * &rows + &mirror * &columns);
        let mut dvt = transposed_times(&turned, vt);
        if n > m {
            dvt = dvt + (ut_dx - times(&inside, vt)) / &rows;
        }
        [Some(du), Some(inside.diagonal(0, -2, -1)), Some(dvt)]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, m, n) = (sampled_batch(g), g.dim().min(4), g.dim().min(4));
        Sample::new(Svd, [sampled_apart(g, &batch, [m, n])]).rounding(20.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize]| Reject::new(Svd, [Shape::from(x)], "needs matrices, not");
        vec![bad(&[]), bad(&[3]), bad(&[0])]
    }
}

/// Rows and columns of the operand.
fn size<I: Interp>(s: &Saved<'_, Svd, I>) -> [usize; 2] {
    sizes(Svd::NAME, s.x_shape(0)).expect("shape has checked the sizes")
}

/// Matrices whose singular values lie apart, and whose vectors have one component that is clearly the
/// greatest, so that their signs are settled.
#[inline]
pub(super) fn sampled_apart(g: &mut Gen, batch: &[usize], [m, n]: [usize; 2]) -> Tensor<f64> {
    let (x, rows, columns) = (sampled(g, batch, [m, n]), g.order(m), g.order(n));
    let own = |at: usize| {
        let (i, j) = (rows[at / n % m], columns[at % n]);
        if i == j { 2.0 + 2.5 * i as f64 } else { 0.0 }
    };
    Tensor::from_fn(x.shape(), |at| 0.5 * x.slice()[at] + own(at))
}

impl<I: Interp> Value<I> {
    /// U, the singular values, descending, and Vᵀ, with A = U·diag(s)·Vᵀ: of an m × n matrix min(m, n) of
    /// each, as PyTorch gives with `full_matrices=False` (the further columns are not unique and have no
    /// gradient).
    ///
    /// Each column of U has its component of greatest magnitude, the first of equals, positive. A loss should
    /// not depend on these signs: they jump where another component becomes the greatest.
    ///
    /// # Panics
    /// When these are no matrices.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (u, s, vt) = Tensor::from([[0.0, 3.0, 0.0], [-4.0, 0.0, 0.0]]).svd();
    /// assert_eq!(s, Tensor::from([4.0, 3.0]));
    /// assert_eq!(u, Tensor::from([[0.0, 1.0], [1.0, 0.0]]));
    /// assert_eq!(vt, Tensor::from([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]));
    /// ```
    #[track_caller]
    pub fn svd(&self) -> (Self, Self, Self) {
        let [u, s, vt] = Value::apply(Svd, self.into());
        (u, s, vt)
    }

    /// The singular values, descending; see [`svd`](Self::svd).
    ///
    /// # Panics
    /// When these are no matrices.
    #[track_caller]
    pub fn svdvals(&self) -> Self {
        self.svd().1
    }

    /// The sum of the singular values of each matrix. Its subgradient of least norm is U·Vᵀ, without the
    /// vectors whose singular values are 0 but for rounding.
    ///
    /// # Panics
    /// When these are no matrices.
    #[track_caller]
    pub fn nuclear_norm(&self) -> Self {
        let (s, shape) = (self.svdvals(), self.shape());
        let size = shape[shape.rank() - 1].max(shape[shape.rank() - 2]);
        is_positive(&s, size).select(&s, 0.0).sum_axes(-1, false)
    }
}

composition!(Svdvals(()), "svdvals", |_, x| vec![x[0].svdvals()], |g| {
    let (batch, m, n) = (sampled_batch(g), g.dim().min(4), g.dim().min(4));
    ((), vec![sampled_apart(g, &batch, [m, n])])
});

composition!(NuclearNorm(()), "nuclear_norm", |_, x| vec![x[0].nuclear_norm()], |g| {
    let (batch, m, n) = (sampled_batch(g), g.dim().min(4), g.dim().min(4));
    ((), vec![sampled_apart(g, &batch, [m, n])])
});
