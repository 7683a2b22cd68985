//! Pseudo-inverses, and least squares with them.
#![forbid(unsafe_code)]

use super::{
    matrix::{
        blocks, blocks_mut, fault, sampled, sampled_batch, sizes, square, symmetric, times, times_transposed,
        transposed, transposed_times, with_last,
    },
    solve::is_vectors,
    svd::sampled_apart,
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::{epsilon, svd},
    op::{One, Op, OpError, Saved, Saves},
    ops::view::allowed,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// The pseudo-inverse P of Moore and Penrose: singular values are inverted, those of at most max(atol, rtol ·
/// the greatest) are left out. dP = −P·dA·P + P·Pᵀ·dAᵀ·(I − A·P) + (I − P·A)·dAᵀ·Pᵀ·P (Golub and Pereyra: The
/// Differentiation of Pseudo-Inverses and Nonlinear Least Squares Problems Whose Variables Separate, 1973),
/// which holds along every path on which the rank of A stays what it is. Where it does not, P jumps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pinv {
    /// The absolute bound; 0 unless set.
    pub atol: Option<f64>,
    /// The relative bound; if neither is set, max(m, n) times the distance from 1 to the next number, else 0.
    pub rtol: Option<f64>,
    /// Whether the matrices are symmetric; of one that is not the symmetric part is taken, so that the
    /// gradient is symmetric.
    pub hermitian: bool,
}

impl Pinv {
    /// The greatest singular value that is left out.
    fn bound<F: Float>(&self, top: F, size: usize) -> F {
        let rtol = self.rtol.map(F::of).unwrap_or(match self.atol {
            Some(atol) if atol > 0.0 => F::ZERO,
            _ => epsilon::<F>() * F::of(size as f64),
        });
        let (absolute, relative) = (F::of(self.atol.unwrap_or(0.0)), rtol * top);
        if relative > absolute { relative } else { absolute }
    }

    /// What is inverted.
    fn operand<I: Interp>(&self, x: &Value<I>) -> Value<I> {
        if self.hermitian { symmetric(x) } else { x.clone() }
    }

    /// A derivative is known only where what is left out is 0 but for rounding.
    fn check_derivative<F: Float>(&self, x: &Tensor<F>) {
        if self.atol.is_none() && self.rtol.is_none() {
            return; // never more than rounding
        }
        let [m, n] = sizes(Self::NAME, x.shape()).expect("shape has checked the sizes");
        for matrix in blocks(x.slice(), m * n) {
            let s = svd::factor(matrix, m, n).map_or(Vec::new(), |svd| svd.s);
            let top = s.first().copied().unwrap_or(F::ZERO);
            let rounding = Pinv::default().bound(top, m.max(n)) * F::of(8.0);
            let cut = s.iter().find(|&&s| s > rounding && s <= self.bound(top, m.max(n)));
            assert!(
                cut.is_none(),
                "gradtape: pinv: no derivative of {} where a singular value of {:e} is left out",
                x.shape(),
                cut.map_or(0.0, |s| s.to_f64())
            );
        }
    }
}

impl Op for Pinv {
    type In = One;
    type Out = One;
    const NAME: &'static str = "pinv";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        if self.hermitian {
            return square(Self::NAME, x).map(|_| x.clone());
        }
        let [m, n] = sizes(Self::NAME, x)?;
        with_last(Self::NAME, x, &[n, m])
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let ([m, n], x) = (sizes(Self::NAME, x.shape())?, self.operand(&*x));
        let mut y = Tensor::zeros(out);
        for (i, (a, p)) in blocks(x.slice(), m * n).zip(blocks_mut(y.slice_mut(), m * n)).enumerate() {
            let Ok(svd) = svd::factor(a, m, n) else {
                return Err(fault(Self::NAME, x.shape(), i, "does not converge"));
            };
            let bound = self.bound(svd.s[0], m.max(n));
            for (k, &s) in svd.s.iter().enumerate().filter(|&(_, &s)| s > bound || s.is_nan()) {
                for (row, &v) in p.chunks_exact_mut(m).zip(&svd.v[k * n..][..n]) {
                    let factor = v / s;
                    row.iter_mut().zip(&svd.u[k * m..][..m]).for_each(|(p, &u)| *p += factor * u);
                }
            }
        }
        Ok(y)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let (a, p) = (&self.operand(s.x::<0>()), s.y::<0>());
        self.check_derivative(a.tensor());
        let dpt = transposed(&dy);
        let whole = transposed_times(p, &times_transposed(&dy, p));
        let rest_left = &dpt - times(a, &times(p, &dpt));
        let left = times(&rest_left, &times_transposed(p, p));
        let rest_right = &dpt - times(&times(&dpt, p), a);
        let right = times(&transposed_times(p, p), &rest_right);
        Some(self.operand(&(left + right - whole)))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let (a, p, dx) = (&self.operand(s.x::<0>()), s.y::<0>(), &self.operand(dx?));
        self.check_derivative(a.tensor());
        let whole = times(p, &times(dx, p));
        let p_pt_dxt = times(p, &times_transposed(&transposed(p), dx));
        let left = &p_pt_dxt - times(&times(&p_pt_dxt, a), p);
        let dxt_pt_p = times(&transposed_times(dx, &transposed(p)), p);
        let right = &dxt_pt_p - times(p, &times(a, &dxt_pt_p));
        Some(left + right - whole)
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, m, n) = (sampled_batch(g), g.dim().min(4), g.dim().min(4));
        let (atol, rtol) = (g.pick(&[None, Some(0.5)]), g.pick(&[None, Some(1e-3)]));
        let op = Pinv { atol, rtol, hermitian: g.bool() };
        if op.hermitian {
            let (x, order) = (sampled(g, &batch, [m, m]), g.order(m));
            // Large on the diagonal, of either sign.
            let own = |at: usize| {
                let (i, j) = (at / m % m, at % m);
                let size = 4.0 + order[j] as f64;
                if i != j {
                    0.0
                } else if order[j] % 2 == 0 {
                    size
                } else {
                    -size
                }
            };
            let x = Tensor::from_fn(x.shape(), |at| x.slice()[at] + own(at));
            return Sample::new(op, [x]).rounding(10.0);
        }
        Sample::new(op, [sampled_apart(g, &batch, [m, n])]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize]| Reject::new(Pinv::default(), [Shape::from(x)], "needs matrices, not");
        let wide = Pinv { hermitian: true, ..Pinv::default() };
        let wide = Reject::new(wide, [Shape::from([2, 3])], "needs square matrices, not [2, 3]");
        vec![bad(&[]), bad(&[3]), bad(&[0]), wide]
    }
}

impl<I: Interp> Value<I> {
    /// The pseudo-inverse of Moore and Penrose; small singular values are left out as the options say.
    ///
    /// # Panics
    /// When these are no matrices. When a derivative is asked for where the options leave out a singular
    /// value that is not 0 but for rounding.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Pinv};
    /// let a = Tensor::from([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
    /// assert_eq!(a.pinv(Pinv::default()), Tensor::from([[0.5, 0.0], [0.0, 0.0], [0.0, 0.0]]));
    /// ```
    #[track_caller]
    pub fn pinv(&self, options: Pinv) -> Self {
        Value::apply(options, self.into())
    }

    /// How many singular values the options of [`pinv`](Self::pinv) do not leave out, of each matrix: a number
    /// without a gradient.
    ///
    /// # Panics
    /// When these are no matrices.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Pinv};
    /// let a = Tensor::from([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]);
    /// assert_eq!(a.matrix_rank(Pinv::default()).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn matrix_rank(&self, options: Pinv) -> Self {
        allowed(options.shape(self.shape()));
        let (x, shape) = (options.operand(self.tensor()), self.shape());
        let (s, size) = (x.svdvals(), shape[shape.rank() - 1].max(shape[shape.rank() - 2]));
        let count = s.shape()[s.shape().rank() - 1];
        let counts = |at: usize| {
            let bound = options.bound(s.slice()[at / count * count], size);
            if s.slice()[at] > bound { I::Elem::ONE } else { I::Elem::ZERO }
        };
        self.lift(Tensor::from_fn(s.shape(), counts).sum_axes(-1, false))
    }

    /// X of least norm among those with the least ‖A·X − B‖, by the pseudo-inverse; singular values of at
    /// most `rcond` times the greatest count as 0 (`None`: max(m, n) times the distance from 1 to the next
    /// number, as is PyTorch's default). B holds matrices, or is one vector, or one for each matrix of A.
    ///
    /// What PyTorch returns beside X is computed when it is asked for. Its `driver` names the algorithm; this one's results are
    /// those of `gelsd`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (a, b) = (Tensor::from([[1.0f64], [1.0], [1.0]]), Tensor::from([1.0, 2.0, 6.0]));
    /// let found = a.lstsq(&b, None);
    /// assert!((&found.solution - 3.0).abs().max().item() < 1e-14);
    /// assert!((found.residuals().item() - 14.0).abs() < 1e-13);
    /// assert_eq!(found.rank().item(), 1.0);
    /// ```
    #[track_caller]
    pub fn lstsq(&self, b: &Self, rcond: Option<f64>) -> LeastSquares<I> {
        let (a_shape, b_shape) = (self.shape(), b.shape());
        let vectors = is_vectors(a_shape, b_shape);
        let fits = match (&a_shape[..], &b_shape[..]) {
            ([.., m, _], [.., l]) if vectors => m == l,
            ([a @ .., m, _], [b @ .., l, _]) => m == l && Shape::from(a).broadcast(&Shape::from(b)).is_some(),
            _ => false,
        };
        assert!(
            fits,
            "gradtape: lstsq: needs [.., m, n] and [.., m, k] or [.., m], not {a_shape} and {b_shape}"
        );
        let options = Pinv { rtol: rcond, ..Pinv::default() };
        let columns = if vectors { b.unsqueeze(-1) } else { b.clone() };
        let x = times(&self.pinv(options), &columns);
        let solution = if vectors { x.squeeze(-1) } else { x };
        LeastSquares { solution, a: self.clone(), b: b.clone(), options }
    }
}

/// What [`lstsq`](Value::lstsq) finds.
#[derive(Clone, Debug)]
pub struct LeastSquares<I: Interp> {
    /// X: `[.., n, k]`, or `[.., n]` where B holds vectors.
    pub solution: Value<I>,
    a: Value<I>,
    b: Value<I>,
    options: Pinv,
}

impl<I: Interp> LeastSquares<I> {
    /// ‖A·x − b‖² of each column: `[.., k]`, or `[..]` where B holds vectors. PyTorch leaves this empty unless
    /// A has more rows than columns and full rank.
    #[must_use]
    pub fn residuals(&self) -> Value<I> {
        if is_vectors(self.a.shape(), self.b.shape()) {
            let product = times(&self.a, &self.solution.unsqueeze(-1)).squeeze(-1);
            return (product - &self.b).square().sum_axes(-1, false);
        }
        (times(&self.a, &self.solution) - &self.b).square().sum_axes(-2, false)
    }

    /// The rank of each matrix A, a number without a gradient: how many singular values do not count as 0.
    #[must_use]
    pub fn rank(&self) -> Value<I> {
        self.a.matrix_rank(self.options)
    }

    /// The singular values of A, descending.
    #[must_use]
    pub fn singular_values(&self) -> Value<I> {
        self.a.svdvals()
    }
}

composition!(
    Lstsq(Option<f64>),
    "lstsq",
    |rcond, x| {
        let found = x[0].lstsq(&x[1], *rcond);
        vec![found.residuals(), found.solution]
    },
    |g| {
        let (batch, m, n) = (sampled_batch(g), g.int(1, 4), g.int(1, 4));
        let a = sampled_apart(g, &batch, [m, n]);
        let columns = g.int(0, 2);
        let b = match g.int(0, 2) {
            0 => sampled(g, &[], [m, 1]).reshape([m]),
            1 => sampled(g, &batch, [m, 1]).reshape(&[&batch[..], &[m]].concat()[..]),
            _ => sampled(g, &batch, [m, columns]),
        };
        (g.pick(&[None, Some(1e-3)]), vec![a, b])
    }
);
