//! Determinants, and their logarithms.
#![forbid(unsafe_code)]

use super::{
    cofactor::cofactors,
    matrix::{
        batch, blocks, over_matrices, sampled_batch, sampled_regular, sampled_size, square, square_rejects,
        transposed,
    },
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::lu::Lu,
    op::{Fix, One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// det A, by LU with partial pivoting; 1 of a matrix without elements. ∂/∂A = dy · C with C the matrix of
/// cofactors: det A · A⁻ᵀ (Giles: Collected Matrix Derivative Results for Forward and Reverse Mode AD, 2008,
/// §2.2.4), and where A is singular the cofactors themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Det;

impl Op for Det {
    type In = One;
    type Out = One;
    const NAME: &'static str = "det";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        square(Self::NAME, x).map(|_| Shape::from(batch(x)))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let n = square(Self::NAME, x.shape())?;
        let mut y = Tensor::ones(&out);
        for (y, x) in y.slice_mut().iter_mut().zip(blocks(x.slice(), n * n)) {
            *y = Lu::new(x, n).determinant();
        }
        Ok(y)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(over_matrices(&dy) * cofactors(s.x::<0>(), s.y::<0>()))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some((dx? * cofactors(s.x::<0>(), s.y::<0>())).sum_axes([-2, -1], false))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, n) = (sampled_batch(g), sampled_size(g));
        let x = sampled_regular(g, &batch, n);
        if n < 2 || g.chance(2) {
            return Sample::new(Det, [x]).rounding(10.0);
        }
        // The last row as another one, or two of them: exactly singular, where the gradient still exists.
        let same = g.int(1, n - 1);
        let from = |at: usize| if at / n % n + same >= n { at - at % (n * n) + at % n } else { at };
        Sample::new(Det, [Tensor::from_fn(x.shape(), |at| x.slice()[from(at)])]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        square_rejects(Det)
    }
}

/// The sign of det A and ln |det A|, which overflows nowhere; (0, −inf) where A is singular. The sign has no
/// gradient; ∂ ln|det A|/∂A = A⁻ᵀ, NaN where A is singular.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slogdet;

impl Slogdet {
    /// A⁻ᵀ, NaN where A is singular.
    fn gradient<I: Interp>(s: &Saved<'_, Self, I>) -> Value<I> {
        let (x, sign) = (s.x::<0>(), s.y::<0>().tensor());
        let regular = over_matrices(&x.lift(sign.abs()));
        transposed(&regular.equal(1.0).select(x, f64::NAN).inv())
    }
}

impl Op for Slogdet {
    type In = One;
    type Out = Fix<2>;
    const NAME: &'static str = "slogdet";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, x: &Shape) -> Result<[Shape; 2], OpError> {
        square(Self::NAME, x).map(|_| [batch(x).into(), batch(x).into()])
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, [out, _]: [Shape; 2]) -> Result<[Tensor<F>; 2], OpError> {
        let n = square(Self::NAME, x.shape())?;
        let (mut signs, mut logs) = (Tensor::ones(&out), Tensor::zeros(&out));
        let results = signs.slice_mut().iter_mut().zip(logs.slice_mut());
        for ((sign, log), x) in results.zip(blocks(x.slice(), n * n)) {
            (*sign, *log) = Lu::new(x, n).log_determinant();
        }
        Ok([signs, logs])
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: [Option<Value<I>>; 2], _: bool) -> Option<Value<I>> {
        let [_, dlog] = dy;
        Some(over_matrices(&dlog?) * Self::gradient(&s))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> [Option<Value<I>>; 2] {
        [None, dx.map(|dx| (dx * Self::gradient(&s)).sum_axes([-2, -1], false))]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, n) = (sampled_batch(g), sampled_size(g));
        Sample::new(Slogdet, [sampled_regular(g, &batch, n)]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        square_rejects(Slogdet)
    }
}

impl<I: Interp> Value<I> {
    /// The determinant of each matrix.
    ///
    /// # Panics
    /// When this is not a batch of square matrices.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([[0.0, 2.0], [3.0, 4.0]]).det().item(), -6.0);
    /// ```
    #[track_caller]
    pub fn det(&self) -> Self {
        Value::apply(Det, self.into())
    }

    /// The sign of each determinant and the logarithm of its magnitude; (0, −inf) of a singular matrix.
    ///
    /// # Panics
    /// When this is not a batch of square matrices.
    #[track_caller]
    pub fn slogdet(&self) -> (Self, Self) {
        let [sign, log] = Value::apply(Slogdet, self.into());
        (sign, log)
    }

    /// ln det A; −inf of a singular matrix, NaN, as is its gradient, where the determinant is negative.
    ///
    /// # Panics
    /// When this is not a batch of square matrices.
    #[track_caller]
    pub fn logdet(&self) -> Self {
        let [sign, log] = Value::apply_as("logdet", Slogdet, self.into());
        let negative = sign.tensor().map(|v| if v < I::Elem::ZERO { I::Elem::NAN } else { I::Elem::ONE });
        log * self.lift(negative)
    }
}

composition!(Logdet(()), "logdet", |_, x| vec![x[0].logdet()], |g| {
    let (batch, n) = (sampled_batch(g), sampled_size(g));
    let x = sampled_regular(g, &batch, n);
    let (signs, _) = x.slogdet();
    // The first row turned where the determinant is negative.
    let sign = |at: usize| if at % (n * n) < n { signs.slice()[at / (n * n)] } else { 1.0 };
    ((), vec![Tensor::from_fn(x.shape(), |at| x.slice()[at] * sign(at))])
});
