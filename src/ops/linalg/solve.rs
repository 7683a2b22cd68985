//! Systems of equations, and inverses.
#![forbid(unsafe_code)]

use super::{
    matrix::{
        batch, blocks, blocks_mut, fault, pairing, product, sampled_batch, sampled_regular, sampled_size,
        square, square_rejects, times, times_transposed, transposed, transposed_times,
    },
    triangular::{sampled_system, solution, system_rejects},
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::lu::Lu,
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// X with A·X = B, or Aᵀ·X = B, by LU with partial pivoting. The batches broadcast. ∂/∂B = A⁻ᵀ·dX =: dB,
/// ∂/∂A = −dB·Xᵀ (Giles: Collected Matrix Derivative Results for Forward and Reverse Mode AD, 2008, §2.3.1).
/// Closed under differentiation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Solve {
    /// Whether A enters transposed.
    pub transpose: bool,
}

/// The factors of A, or a refusal where a pivot is 0.
fn factored<F: Float>(op: &'static str, x: &Shape, i: usize, a: &[F], n: usize) -> Result<Lu<F>, OpError> {
    let lu = Lu::new(a, n);
    match lu.singular {
        Some(pivot) => Err(fault(op, x, i, &format!("is singular: pivot {pivot} is 0"))),
        None => Ok(lu),
    }
}

impl Op for Solve {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "solve";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, OpError> {
        solution(Self::NAME, a, b)
    }

    fn eval<F: Float>(&self, [a, b]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let &[.., n, columns] = out.dims() else { unreachable!("shape has made matrices") };
        let outer = Shape::from(batch(&out));
        let pairs = pairing(&outer, batch(a.shape()), batch(b.shape()));
        let mut x = Tensor::zeros(&out);
        let mut last: Option<(usize, Lu<F>)> = None; // one matrix for many right sides is factored once
        for (x, &[i, j]) in blocks_mut(x.slice_mut(), n * columns).zip(&pairs) {
            let lu = match last.take() {
                Some((of, lu)) if of == i => lu,
                _ => factored(Self::NAME, a.shape(), i, &a.slice()[i * n * n..][..n * n], n)?,
            };
            let b = &b.slice()[j * n * columns..][..n * columns];
            x.copy_from_slice(&lu.solve(b, columns, self.transpose));
            last = Some((i, lu));
        }
        Ok(x)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (a, x) = (s.x::<0>(), s.y::<0>());
        let db = Value::apply(Solve { transpose: !self.transpose }, [a.into(), dy.into()]);
        let da = want[0].then(|| {
            let (left, right) = if self.transpose { (x, &db) } else { (&db, x) };
            -times_transposed(left, right)
        });
        [da, want[1].then_some(db)]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [da, db]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        let (a, x) = (s.x::<0>(), s.y::<0>());
        let moved = da.map(|da| -product(da, x, [self.transpose, false]));
        Some(Value::apply(*self, [a.into(), add_tangents(moved, db.cloned())?.into()]))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let op = Solve { transpose: g.bool() };
        Sample::new(op, sampled_system(g, sampled_regular)).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        system_rejects(Solve::default())
    }
}

/// A⁻¹, by LU with partial pivoting. ∂/∂A = −Yᵀ·dY·Yᵀ (Giles: Collected Matrix Derivative Results for Forward
/// and Reverse Mode AD, 2008, §2.2.3).
#[derive(Clone, Copy, Debug, Default)]
pub struct Inv;

impl Op for Inv {
    type In = One;
    type Out = One;
    const NAME: &'static str = "inv";
    const SAVES: Saves = Saves::outputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        square(Self::NAME, x).map(|_| x.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let n = square(Self::NAME, &out)?;
        let mut y = Tensor::zeros(&out);
        for (i, (x, y)) in blocks(x.slice(), n * n).zip(blocks_mut(y.slice_mut(), n * n)).enumerate() {
            y.copy_from_slice(&factored(Self::NAME, &out, i, x, n)?.inverse());
        }
        Ok(y)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let y = s.y::<0>();
        Some(-transposed_times(y, &times_transposed(&dy, y)))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let y = s.y::<0>();
        Some(-times(y, &times(dx?, y)))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, n) = (sampled_batch(g), sampled_size(g));
        Sample::new(Inv, [sampled_regular(g, &batch, n)]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        square_rejects(Inv)
    }
}

impl<I: Interp> Value<I> {
    /// A⁻¹. To solve a system, [`solve`](Self::solve) is faster and more exact.
    ///
    /// # Panics
    /// When this is not a batch of square matrices, or one is singular.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.inv(), Tensor::from([[0.5, -0.125], [0.0, 0.25]]));
    /// ```
    #[track_caller]
    pub fn inv(&self) -> Self {
        Value::apply(Inv, self.into())
    }

    /// X with A·X = B where `left`, as is PyTorch's default, else with X·A = B. B holds matrices; on the left
    /// it may be one vector, or one for each matrix of A.
    ///
    /// # Panics
    /// When the shapes do not fit, or a matrix is singular.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let a = Tensor::from([[2.0, 1.0], [0.0, 4.0]]);
    /// assert_eq!(a.solve(&Tensor::from([4.0, 8.0]), true), Tensor::from([1.0, 2.0]));
    /// ```
    #[track_caller]
    pub fn solve(&self, b: &Self, left: bool) -> Self {
        let op = Solve { transpose: !left };
        if left && is_vectors(self.shape(), b.shape()) {
            return Value::apply(op, [self.into(), b.unsqueeze(-1).into()]).squeeze(-1);
        }
        if left || b.shape().rank() < 2 {
            return Value::apply(op, [self.into(), b.into()]);
        }
        // X·A = B is Aᵀ·Xᵀ = Bᵀ.
        transposed(&Value::apply(op, [self.into(), transposed(b).into()]))
    }
}

/// Whether a right side is one vector, or one for each matrix, as PyTorch decides it.
pub(super) fn is_vectors(a: &Shape, b: &Shape) -> bool {
    b.rank() == 1 || a.rank() == b.rank() + 1 && a[..b.rank()] == b[..]
}
