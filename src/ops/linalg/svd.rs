//! Singular values and vectors.
#![forbid(unsafe_code)]

use super::{
    gap::{inverse_gaps, nan_at_zero},
    matrix::{
        batch, fault, sampled, sampled_batch, sizes, times, times_transposed, transposed, transposed_times,
        with_last,
    },
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::{epsilon, svd},
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// U, descending singular values s, and Vᵀ with A = U·diag(s)·Vᵀ; of an m × n matrix min(m, n) of each, or as
/// many vectors as they are long. Gradient and tangent as in Townsend: Differentiating the Singular Value
/// Decomposition, 2016: through s alone U·diag(ds)·Vᵀ; through vectors NaN where rounding cannot tell singular
/// values apart, or from 0.
///
/// The further vectors U₂ are any basis of what those of the singular values, U₁, leave: U₁ᵀ·U₂ = 0, so that
/// they move by dU₂ = −U₁·dU₁ᵀ·U₂ and by any rotation among themselves. A function that no such rotation
/// changes has a cotangent with U₂ᵀ·dU₂ symmetric, and its gradient is right; of any other it is NaN. A
/// tangent exists of a single further vector, and is NaN of several.
#[derive(Clone, Copy, Debug, Default)]
pub struct Svd {
    /// Whether U and V are square.
    pub full_matrices: bool,
}

/// The columns of Q that belong to the `count` singular values, and their cotangent, to which that of the
/// columns after them is moved: dQ₁ − Q₂·dQ₂ᵀ·Q₁.
fn folded<I: Interp>(q: &Value<I>, dq: Option<Value<I>>, count: usize) -> (Value<I>, Option<Value<I>>) {
    let &[.., rows, columns] = q.shape().dims() else { unreachable!("shape has made matrices") };
    if columns == count {
        return (q.clone(), dq);
    }
    let parts = |x: &Value<I>| x.split(&[count, columns - count], -1);
    let (q, dq) = (parts(q), dq.map(|dq| parts(&dq)));
    let folded = dq.map(|dq| {
        let inside = transposed_times(q[1].tensor(), dq[1].tensor());
        let greatest = |x: &Tensor<I::Elem>| x.abs().max_axes([-2, -1], true);
        let turns = greatest(&(&inside - transposed(&inside)));
        // What rounding and cancellation leave of a symmetric matrix.
        let bound = greatest(dq[1].tensor()) * (1024.0 * rows as f64 * epsilon::<I::Elem>().to_f64());
        let undefined = turns.greater(&bound).select(f64::NAN, 0.0);
        &dq[0] - times(&q[1], &transposed_times(&dq[1], &q[0])) + q[0].lift(undefined)
    });
    (q[0].clone(), folded)
}

/// As [`folded`], of Qᵀ.
fn folded_rows<I: Interp>(
    qt: &Value<I>,
    dqt: Option<Value<I>>,
    count: usize,
) -> (Value<I>, Option<Value<I>>) {
    if qt.shape()[qt.shape().rank() - 2] == count {
        return (qt.clone(), dqt);
    }
    let (q, dq) = folded(&transposed(qt), dqt.as_ref().map(transposed), count);
    (transposed(&q), dq.as_ref().map(transposed))
}

/// The tangent of all columns of Q, given that of those that belong to the singular values.
fn unfolded<I: Interp>(q: &Value<I>, dq: Value<I>) -> Value<I> {
    let (columns, count) = (q.shape()[q.shape().rank() - 1], dq.shape()[dq.shape().rank() - 1]);
    if columns == count {
        return dq;
    }
    let parts = q.split(&[count, columns - count], -1);
    let further = -times(&parts[0], &transposed_times(&dq, &parts[1]));
    let further = if columns - count > 1 { further + f64::NAN } else { further };
    Value::concat(&[&dq, &further], -1)
}

impl Op for Svd {
    type In = One;
    type Out = Fix<3>;
    const NAME: &'static str = "svd";
    const SAVES: Saves = Saves::outputs([0, 1, 2]);

    fn shape(&self, x: &Shape) -> Result<[Shape; 3], OpError> {
        let [m, n] = sizes(Self::NAME, x)?;
        let k = m.min(n);
        let [left, right] = if self.full_matrices { [m, n] } else { [k, k] };
        let with = |last: &[usize]| with_last(Self::NAME, x, last);
        Ok([with(&[m, left])?, with(&[k])?, with(&[right, n])?])
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: [Shape; 3]) -> Result<[Tensor<F>; 3], OpError> {
        let [m, n] = sizes(Self::NAME, x.shape())?;
        let count: usize = batch(x.shape()).iter().product();
        let [mut u, mut s, mut v] = out.each_ref().map(|shape| Vec::with_capacity(shape.size()));
        for i in 0..count {
            let Ok(mut found) = svd::factor(&x.slice()[i * m * n..][..m * n], m, n) else {
                return Err(fault(Self::NAME, x.shape(), i, "does not converge"));
            };
            if self.full_matrices {
                found.u = svd::completed(found.u, m);
                found.v = svd::completed(found.v, n);
            }
            let columns = found.u.len() / m.max(1);
            u.extend((0..m * columns).map(|at| found.u[at % columns * m + at / columns]));
            s.extend(found.s);
            v.extend(found.v);
        }
        let [left, values, right] = out;
        Ok([Tensor::new(u, left), Tensor::new(s, values), Tensor::new(v, right)])
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: [Option<Value<I>>; 3], _: bool) -> Option<Value<I>> {
        let (w, [m, n]) = (s.y::<1>(), size(&s));
        let [du, dw, dvt] = dy;
        let (u, du) = folded(s.y::<0>(), du, m.min(n));
        let (vt, dvt) = folded_rows(s.y::<2>(), dvt, m.min(n));
        let (u, vt) = (&u, &vt);
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
        let (w, [m, n]) = (s.y::<1>(), size(&s));
        let (u, _) = folded(s.y::<0>(), None, m.min(n));
        let (vt, _) = folded_rows(s.y::<2>(), None, m.min(n));
        let (u, vt) = (&u, &vt);
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
        let dvt = if self.full_matrices && n > m {
            transposed(&unfolded(&transposed(s.y::<2>()), transposed(&dvt)))
        } else {
            dvt
        };
        [Some(unfolded(s.y::<0>(), du)), Some(inside.diagonal(0, -2, -1)), Some(dvt)]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, m, full_matrices) = (sampled_batch(g), g.dim().min(4), g.bool());
        // One further vector has a sign alone that is open, and that is settled; of more there is no tangent.
        let n = if full_matrices { (m + g.int(0, 2)).saturating_sub(1) } else { g.dim().min(4) };
        Sample::new(Svd { full_matrices }, [sampled_apart(g, &batch, [m, n])]).rounding(20.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize]| Reject::new(Svd::default(), [Shape::from(x)], "needs matrices, not");
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
    /// U, the singular values, descending, and Vᵀ, with A = U·diag(s)·Vᵀ. Of an m × n matrix U is m × m and Vᵀ
    /// n × n with `full_matrices`, which is PyTorch's default; without, there are min(m, n) vectors of each.
    ///
    /// Each column of U has its component of greatest magnitude, the first of equals, positive. A loss should
    /// not depend on these signs: they jump where another component becomes the greatest.
    ///
    /// The vectors of `full_matrices` that belong to no singular value are some orthonormal basis of what is left. The
    /// gradient through them is right for what does not depend on the basis, as U₂·U₂ᵀ, and NaN for what does
    /// (PyTorch ignores what comes from them, in either case); forward mode has a tangent where there is one
    /// such vector, else NaN.
    ///
    /// # Panics
    /// When these are no matrices.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let a = Tensor::from([[0.0, 3.0, 0.0], [-4.0, 0.0, 0.0]]);
    /// let (u, s, vt) = a.svd(false);
    /// assert_eq!(s, Tensor::from([4.0, 3.0]));
    /// assert_eq!(u, Tensor::from([[0.0, 1.0], [1.0, 0.0]]));
    /// assert_eq!(vt, Tensor::from([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]));
    /// let (_, _, vt) = a.svd(true);
    /// assert_eq!(vt, Tensor::from([[-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]));
    /// ```
    #[track_caller]
    pub fn svd(&self, full_matrices: bool) -> (Self, Self, Self) {
        let [u, s, vt] = Value::apply(Svd { full_matrices }, self.into());
        (u, s, vt)
    }

    /// The singular values, descending; see [`svd`](Self::svd).
    ///
    /// # Panics
    /// When these are no matrices.
    #[track_caller]
    pub fn svdvals(&self) -> Self {
        let [_, values, _] = Value::apply_as("svdvals", Svd { full_matrices: false }, self.into());
        values
    }
}

composition!(Svdvals(()), "svdvals", |_, x| vec![x[0].svdvals()], |g| {
    let (batch, m, n) = (sampled_batch(g), g.dim().min(4), g.dim().min(4));
    ((), vec![sampled_apart(g, &batch, [m, n])])
});
