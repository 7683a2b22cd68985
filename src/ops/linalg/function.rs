//! Powers and exponentials of matrices.
#![forbid(unsafe_code)]

use super::{
    matrix::{
        blocks, blocks_mut, identity, sampled, sampled_batch, sampled_regular, sampled_size, square,
        square_rejects, times, transposed,
    },
    solve::Inv,
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::exp,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// eᴬ = Σ Aᵏ/k!. The derivative in direction E is the upper right block of the exponential of [A E; 0 A]
/// (Mathias: A Chain Rule for Matrix Functions and Applications, 1996); its adjoint is that of Aᵀ.
#[derive(Clone, Copy, Debug, Default)]
pub struct MatrixExp;

/// The derivative of the exponential at A in direction E.
fn derivative<I: Interp>(a: &Value<I>, e: &Value<I>) -> Value<I> {
    let n = a.shape()[a.shape().rank() - 1];
    // Linear in E, so that E may be made about as large as A: else it would decide how often A is halved. By
    // a power of two, which changes no digit.
    let top = |x: &Tensor<I::Elem>| x.slice().iter().fold(0.0, |top: f64, v| top.max(v.to_f64().abs()));
    let ratio = (top(e.tensor()) / top(a.tensor()).max(1.0)).log2().floor().exp2();
    let scale = if ratio.is_normal() { ratio } else { 1.0 };
    let zero = a.lift(Tensor::zeros(a.shape()));
    let above = Value::concat(&[a, &(e.expand(a.shape()) / scale)], -1);
    let below = Value::concat(&[&zero, a], -1);
    let y = Value::concat(&[&above, &below], -2).matrix_exp();
    y.narrow(-2, 0, n).narrow(-1, -(n as isize), n) * scale
}

impl Op for MatrixExp {
    type In = One;
    type Out = One;
    const NAME: &'static str = "matrix_exp";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        square(Self::NAME, x).map(|_| x.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let n = square(Self::NAME, &out)?;
        let mut y = Tensor::zeros(out);
        for (x, y) in blocks(x.slice(), n * n).zip(blocks_mut(y.slice_mut(), n * n)) {
            y.copy_from_slice(&exp::exp(x, n));
        }
        Ok(y)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(derivative(&transposed(s.x::<0>()), &dy))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some(derivative(s.x::<0>(), dx?))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, n) = (sampled_batch(g), sampled_size(g));
        let size = g.pick(&[0.5, 1.0, 2.0]);
        Sample::new(MatrixExp, [sampled(g, &batch, [n, n]) * size]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        square_rejects(MatrixExp)
    }
}

impl<I: Interp> Value<I> {
    /// eᴬ = Σ Aᵏ/k! of square matrices.
    ///
    /// # Panics
    /// When this is not a batch of square matrices.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let a = Tensor::from([[0.0, 3.0], [0.0, 0.0]]);
    /// assert_eq!(a.matrix_exp(), Tensor::from([[1.0, 3.0], [0.0, 1.0]]));
    /// ```
    #[track_caller]
    pub fn matrix_exp(&self) -> Self {
        Value::apply(MatrixExp, self.into())
    }

    /// Aⁿ of square matrices, by repeated squaring: the identity for n = 0, of the inverse for n < 0.
    ///
    /// # Panics
    /// When this is not a batch of square matrices, or n is negative and one is singular.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let a = Tensor::from([[1.0, 1.0], [0.0, 1.0]]);
    /// assert_eq!(a.matrix_power(5), Tensor::from([[1.0, 5.0], [0.0, 1.0]]));
    /// assert_eq!(a.matrix_power(-2), Tensor::from([[1.0, -2.0], [0.0, 1.0]]));
    /// ```
    #[track_caller]
    pub fn matrix_power(&self, n: i32) -> Self {
        let shape = self.shape();
        let size = match square("matrix_power", shape) {
            Ok(size) => size,
            Err(error) => panic!("{error}"),
        };
        let (mut square, mut left) = (self.clone(), n.unsigned_abs());
        if n < 0 {
            square = Value::apply_as("matrix_power", Inv, square.into());
        }
        let mut power = None;
        while left > 0 {
            if left % 2 == 1 {
                power = Some(power.map_or(square.clone(), |power| times(&power, &square)));
            }
            left /= 2;
            if left > 0 {
                square = times(&square, &square);
            }
        }
        // The identity, chosen from the two so that the value is still one of its operand.
        power.unwrap_or_else(|| self.constant(1.0).select(&identity(self, size), self))
    }
}

composition!(MatrixPower(i32), "matrix_power", |n, x| vec![x[0].matrix_power(*n)], |g| {
    let (batch, size) = (sampled_batch(g), sampled_size(g));
    let n = g.int(0, 8) as i32 - 3;
    // Scaled down, so that powers and their derivatives stay of the size of numbers.
    (n, vec![sampled_regular(g, &batch, size) * if n < 0 { 1.0 } else { 0.25 }])
});
