//! Cholesky's factorisation and what is solved with it.
#![forbid(unsafe_code)]

use super::{
    matrix::{
        blocks, blocks_mut, fault, sampled, sampled_batch, sampled_size, square, square_rejects, symmetric,
        times, transposed, transposed_times,
    },
    triangular::{Triangular, TriangularSolve, sampled_system},
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::cholesky,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Lower triangular L with L·Lᵀ = (A + Aᵀ)/2: of a matrix that is not symmetric the symmetric part is taken,
/// so that the gradient is symmetric. With Φ(M) = the lower triangle of M, its diagonal halved: ∂/∂A is the
/// symmetric part of L⁻ᵀ·Φ(Lᵀ·dL)·L⁻¹ (Murray: Differentiation of the Cholesky Decomposition, 2016, eq. 8 and
/// 10).
#[derive(Clone, Copy, Debug, Default)]
pub struct Cholesky;

/// Φ.
fn halved<I: Interp>(x: &Value<I>) -> Value<I> {
    (x.tril(0) + x.tril(-1)) * 0.5
}

/// L⁻ᵀ·M·L⁻¹, or L⁻¹·M·L⁻ᵀ where `transpose`.
fn surrounded<I: Interp>(l: &Value<I>, m: &Value<I>, transpose: bool) -> Value<I> {
    let options = Triangular { upper: false, transpose: !transpose, ..Triangular::default() };
    let half = l.triangular_solve(m, options);
    l.triangular_solve(&half, Triangular { left: false, transpose, ..options })
}

impl Op for Cholesky {
    type In = One;
    type Out = One;
    const NAME: &'static str = "cholesky";
    const SAVES: Saves = Saves::outputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        square(Self::NAME, x).map(|_| x.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let n = square(Self::NAME, &out)?;
        let mut y = Tensor::zeros(&out);
        for (i, (x, y)) in blocks(x.slice(), n * n).zip(blocks_mut(y.slice_mut(), n * n)).enumerate() {
            if let Err(pivot) = cholesky::factor(x, n, y) {
                let why = format!("is not positive definite: pivot {pivot} is not positive");
                return Err(fault(Self::NAME, &out, i, &why));
            }
        }
        Ok(y)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let l = s.y::<0>();
        Some(symmetric(&surrounded(l, &halved(&transposed_times(l, &dy.tril(0))), false)))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let l = s.y::<0>();
        Some(times(l, &halved(&surrounded(l, &symmetric(dx?), true))))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, n) = (sampled_batch(g), sampled_size(g));
        let x = sampled(g, &batch, [n, n]);
        let diagonal = |at: usize| at / n % n == at % n;
        let size = n as f64 + 0.5;
        let x = Tensor::from_fn(x.shape(), |at| x.slice()[at] + if diagonal(at) { size } else { 0.0 });
        Sample::new(Cholesky, [x]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        square_rejects(Cholesky)
    }
}

impl<I: Interp> Value<I> {
    /// The triangular factor of positive definite matrices: L with L·Lᵀ = A or, where `upper` (PyTorch's
    /// default is `false`), U with Uᵀ·U = A. Of a matrix that is not symmetric the symmetric part is taken.
    ///
    /// # Panics
    /// When this is not a batch of square matrices, or one is not positive definite.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let a = Tensor::from([[4.0, 2.0], [2.0, 10.0]]);
    /// assert_eq!(a.cholesky(false), Tensor::from([[2.0, 0.0], [1.0, 3.0]]));
    /// ```
    #[track_caller]
    pub fn cholesky(&self, upper: bool) -> Self {
        let l = Value::apply(Cholesky, self.into());
        if upper { transposed(&l) } else { l }
    }

    /// X with A·X = B, where this is the factor that [`cholesky`](Self::cholesky) gives of A.
    ///
    /// # Panics
    /// When the shapes do not fit, or there is a zero on the diagonal.
    #[track_caller]
    pub fn cholesky_solve(&self, b: &Self, upper: bool) -> Self {
        self.cholesky_solve_as("cholesky_solve", b, upper)
    }

    /// As [`cholesky_solve`](Self::cholesky_solve), for a method of this name.
    #[track_caller]
    fn cholesky_solve_as(&self, name: &'static str, b: &Self, upper: bool) -> Self {
        let first = TriangularSolve { upper, transpose: upper, unitriangular: false };
        let half = Value::apply_as(name, first, [self.into(), b.into()]);
        let second = TriangularSolve { transpose: !upper, ..first };
        Value::apply_as(name, second, [self.into(), half.into()])
    }

    /// A⁻¹, where this is the factor that [`cholesky`](Self::cholesky) gives of A.
    ///
    /// # Panics
    /// When this is not a batch of square matrices, or there is a zero on a diagonal.
    #[track_caller]
    pub fn cholesky_inverse(&self, upper: bool) -> Self {
        let n = self.shape().last().copied().unwrap_or(0);
        self.cholesky_solve_as("cholesky_inverse", &super::matrix::identity(self, n), upper)
    }
}

/// Factors with a diagonal away from 0; the other triangle is not 0, for it must not be looked at.
#[inline]
fn sampled_factor(g: &mut Gen, batch: &[usize], n: usize) -> Tensor<f64> {
    let x = sampled(g, batch, [n, n]);
    let diagonal = |at: usize| at / n % n == at % n;
    Tensor::from_fn(x.shape(), |at| if diagonal(at) { x.slice()[at].abs() + 1.0 } else { x.slice()[at] })
}

composition!(
    CholeskySolve(bool),
    "cholesky_solve",
    |upper, x| vec![x[0].cholesky_solve(&x[1], *upper)],
    |g| {
        let upper = g.bool();
        (upper, sampled_system(g, sampled_factor).into())
    }
);

composition!(
    CholeskyInverse(bool),
    "cholesky_inverse",
    |upper, x| vec![x[0].cholesky_inverse(*upper)],
    |g| {
        let (upper, batch, n) = (g.bool(), sampled_batch(g), sampled_size(g));
        (upper, vec![sampled_factor(g, &batch, n)])
    }
);
