//! Triangular systems.
#![forbid(unsafe_code)]

use super::matrix::{
    batch, blocks_mut, fault, pairing, product, sampled, sampled_size, sizes, square, transposed,
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::triangle::Triangle,
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// X with T·X = B, or Tᵀ·X = B, for a triangle T of the first operand; its other elements are not looked at.
/// The batches broadcast. ∂/∂B = T⁻ᵀ·dX =: dB, ∂/∂T = the triangle of −dB·Xᵀ (Giles: Collected Matrix
/// Derivative Results for Forward and Reverse Mode AD, 2008, §2.3.1). Closed under differentiation.
#[derive(Clone, Copy, Debug)]
pub struct TriangularSolve {
    /// The upper triangle, else the lower.
    pub upper: bool,
    /// Whether the triangle enters transposed.
    pub transpose: bool,
    /// With ones on the diagonal, whatever is there.
    pub unitriangular: bool,
}

/// Options of [`triangular_solve`](Value::triangular_solve).
#[derive(Clone, Copy, Debug)]
pub struct Triangular {
    /// The upper triangle, else the lower.
    pub upper: bool,
    /// T·X = B, else X·T = B.
    pub left: bool,
    /// Whether the triangle enters transposed.
    pub transpose: bool,
    /// With ones on the diagonal, whatever is there.
    pub unitriangular: bool,
}

impl Default for Triangular {
    fn default() -> Self {
        Triangular { upper: true, left: true, transpose: false, unitriangular: false }
    }
}

/// The shape of X in A·X = B.
pub(super) fn solution(op: &'static str, a: &Shape, b: &Shape) -> Result<Shape, OpError> {
    let (n, [m, columns]) = (square(op, a)?, sizes(op, b)?);
    if n != m {
        return Err(OpError::new(op, format!("{n} equations of {a} for the {m} rows of {b}")));
    }
    let Some(outer) = Shape::from(batch(a)).broadcast(&Shape::from(batch(b))) else {
        let why = format!("the axes before the last two of {a} and {b} do not broadcast");
        return Err(OpError::new(op, why));
    };
    Shape::try_new(&[&outer[..], &[n, columns]].concat()).map_err(|why| OpError::new(op, why))
}

/// Operands of a system: batches that broadcast, a size, and columns on the right side.
#[inline]
pub(super) fn sampled_system(
    g: &mut Gen,
    matrix: impl Fn(&mut Gen, &[usize], usize) -> Tensor<f64>,
) -> [Tensor<f64>; 2] {
    let (a, b) = if g.bool() { g.broadcast_pair() } else { (Shape::scalar(), Shape::scalar()) };
    let short = |batch: &Shape| batch[batch.rank().saturating_sub(2)..].to_vec();
    let (n, columns) = (sampled_size(g), g.int(0, 3));
    [matrix(g, &short(&a), n), sampled(g, &short(&b), [n, columns])]
}

/// Shapes that are no system.
#[inline]
pub(super) fn system_rejects<O: Op>(op: O) -> Vec<Reject<O>> {
    let bad = |a: &[usize], b: &[usize], says| Reject::many(op.clone(), [a, b].map(Shape::from).into(), says);
    vec![
        bad(&[2, 3], &[3, 1], "needs square matrices, not [2, 3]"),
        bad(&[3], &[3, 1], "needs square matrices, not [3]"),
        bad(&[3, 3], &[3], "needs matrices, not [3]"),
        bad(&[3, 3], &[2, 3], "3 equations of [3, 3] for the 2 rows of [2, 3]"),
        bad(&[2, 3, 3], &[4, 3, 1], "of [2, 3, 3] and [4, 3, 1] do not broadcast"),
    ]
}

impl TriangularSolve {
    /// The part of a matrix that the triangle is.
    fn part<I: Interp>(&self, x: &Value<I>) -> Value<I> {
        let strict = isize::from(self.unitriangular);
        if self.upper { x.triu(strict) } else { x.tril(-strict) }
    }
}

impl Op for TriangularSolve {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "triangular_solve";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, OpError> {
        solution(Self::NAME, a, b)
    }

    fn eval<F: Float>(&self, [a, b]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let &[.., n, columns] = out.dims() else { unreachable!("shape has made matrices") };
        let &TriangularSolve { upper, transpose, unitriangular: unit } = self;
        let outer = Shape::from(batch(&out));
        let pairs = pairing(&outer, batch(a.shape()), batch(b.shape()));
        let mut x = Tensor::zeros(&out);
        for (x, &[i, j]) in blocks_mut(x.slice_mut(), n * columns).zip(&pairs) {
            let t = &a.slice()[i * n * n..][..n * n];
            if let Some(pivot) = (0..n).find(|&k| !unit && t[k * n + k] == F::ZERO) {
                let why = format!("is singular: element {pivot} of its diagonal is 0");
                return Err(fault(Self::NAME, a.shape(), i, &why));
            }
            x.copy_from_slice(&b.slice()[j * n * columns..][..n * columns]);
            Triangle { upper, transpose, unit }.solve(t, n, x, columns);
        }
        Ok(x)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (t, x) = (s.x::<0>(), s.y::<0>());
        let adjoint = TriangularSolve { transpose: !self.transpose, ..*self };
        let db = Value::apply(adjoint, [t.into(), dy.into()]);
        let dt = want[0].then(|| {
            let (left, right) = if self.transpose { (x, &db) } else { (&db, x) };
            -self.part(&product(left, right, [false, true]))
        });
        [dt, want[1].then_some(db)]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [dt, db]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        let (t, x) = (s.x::<0>(), s.y::<0>());
        let moved = dt.map(|dt| -product(&self.part(dt), x, [self.transpose, false]));
        let right = add_tangents(moved, db.cloned())?;
        Some(Value::apply(*self, [t.into(), right.into()]))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let op = TriangularSolve { upper: g.bool(), transpose: g.bool(), unitriangular: g.bool() };
        let operands = sampled_system(g, |g, batch, n| {
            let x = sampled(g, batch, [n, n]);
            // Away from 0 on the diagonal, of either sign.
            let diagonal = |at: usize| n > 0 && at / n % n == at % n;
            let away = |v: f64| if v < 0.0 { v - 1.0 } else { v + 1.0 };
            Tensor::from_fn(x.shape(), |at| if diagonal(at) { away(x.slice()[at]) } else { x.slice()[at] })
        });
        Sample::new(op, operands).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        system_rejects(TriangularSolve { upper: true, transpose: false, unitriangular: false })
    }
}

impl<I: Interp> Value<I> {
    /// X with T·X = B for a triangle T of this value, by substitution; the other elements are not looked at.
    ///
    /// # Panics
    /// When the shapes do not fit, or there is a zero on the diagonal.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Triangular};
    /// let a = Tensor::from([[2.0, 9.0], [1.0, 4.0]]);
    /// let b = Tensor::from([[2.0], [9.0]]);
    /// let lower = Triangular { upper: false, ..Triangular::default() };
    /// assert_eq!(a.triangular_solve(&b, lower), Tensor::from([[1.0], [2.0]]));
    /// ```
    #[track_caller]
    pub fn triangular_solve(&self, b: &Self, options: Triangular) -> Self {
        let Triangular { upper, left, transpose, unitriangular } = options;
        // X·T = B is Tᵀ·Xᵀ = Bᵀ.
        let op = TriangularSolve { upper, transpose: transpose == left, unitriangular };
        if left || b.shape().rank() < 2 {
            return Value::apply(op, [self.into(), b.into()]);
        }
        transposed(&Value::apply(op, [self.into(), transposed(b).into()]))
    }
}
