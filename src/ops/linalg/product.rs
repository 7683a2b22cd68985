//! Matrix products.
#![forbid(unsafe_code)]

use super::matrix::{batch, pairing};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::gemm::{self, Matrix},
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// A · B over the last two axes, either of them transposed; the axes before are broadcast.
/// Closed under differentiation: ∂/∂A = dY · Bᵀ, ∂/∂B = Aᵀ · dY
/// (Giles: Collected Matrix Derivative Results for Forward and Reverse Mode AD, 2008, §2.2.2).
#[derive(Clone, Copy, Debug, Default)]
pub struct MatMul {
    /// Whether the first operand enters transposed.
    pub transpose_a: bool,
    /// Whether the second operand enters transposed.
    pub transpose_b: bool,
}

/// Rows and columns of the last two axes, as multiplied.
fn matrix(shape: &Shape, transposed: bool) -> (usize, usize) {
    let (rows, cols) = (shape[shape.rank() - 2], shape[shape.rank() - 1]);
    if transposed { (cols, rows) } else { (rows, cols) }
}

impl Op for MatMul {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "matmul";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, OpError> {
        let refuse = |why| Err(OpError::new(Self::NAME, why));
        if a.rank() < 2 || b.rank() < 2 {
            return refuse(format!("needs matrices, not {a} and {b}"));
        }
        let ((m, k), (l, n)) = (matrix(a, self.transpose_a), matrix(b, self.transpose_b));
        if k != l {
            return refuse(format!("inner dimensions {k} and {l} differ for {a} and {b}"));
        }
        let Some(outer) = Shape::from(batch(a)).broadcast(&Shape::from(batch(b))) else {
            return refuse(format!("the axes before the last two of {a} and {b} do not broadcast"));
        };
        let dims: SmallVec<[usize; 4]> = outer.iter().copied().chain([m, n]).collect();
        Shape::try_new(&dims).or_else(refuse)
    }

    fn eval<F: Float>(&self, [a, b]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let ((m, k), (_, n)) = (matrix(a.shape(), self.transpose_a), matrix(b.shape(), self.transpose_b));
        let left = Matrix { data: a.slice(), rows: m, cols: k, transposed: self.transpose_a };
        let right = Matrix { data: b.slice(), rows: k, cols: n, transposed: self.transpose_b };
        if out.rank() == 2 {
            return Ok(Tensor::filled(out, |out| gemm::product(left, right, out, false)));
        }
        let outer = Shape::from(batch(&out));
        let places = pairing(&outer, batch(a.shape()), batch(b.shape()));
        Ok(Tensor::filled(out, |out| gemm::batched(left, right, out, |i| places[i].into())))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (a, b) = (s.x::<0>(), s.x::<1>());
        let &MatMul { transpose_a: ta, transpose_b: tb } = self;
        let product = |ta, tb, a: &Value<I>, b: &Value<I>| {
            Value::apply(MatMul { transpose_a: ta, transpose_b: tb }, [a.into(), b.into()])
        };
        [
            want[0].then(|| if ta { product(tb, true, b, &dy) } else { product(false, !tb, &dy, b) }),
            want[1].then(|| if tb { product(true, ta, &dy, a) } else { product(!ta, false, a, &dy) }),
        ]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [da, db]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        add_tangents(
            da.map(|da| Value::apply(*self, [da.into(), s.x::<1>().into()])),
            db.map(|db| Value::apply(*self, [s.x::<0>().into(), db.into()])),
        )
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (a, b) = if g.bool() { g.broadcast_pair() } else { (Shape::scalar(), Shape::scalar()) };
        let (m, k, n) = (g.dim(), g.dim(), g.dim());
        let op = MatMul { transpose_a: g.bool(), transpose_b: g.bool() };
        let with = |batch: &Shape, rows, cols, transposed: bool| {
            let last = if transposed { [cols, rows] } else { [rows, cols] };
            Shape::from(&[&batch[batch.rank().saturating_sub(2)..], &last[..]].concat()[..])
        };
        let (a, b) = (with(&a, m, k, op.transpose_a), with(&b, k, n, op.transpose_b));
        Sample::new(op, [g.values(&a, -2.0..2.0), g.values(&b, -2.0..2.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |a: &[usize], b: &[usize], says| {
            Reject::new(MatMul::default(), [Shape::from(a), Shape::from(b)], says)
        };
        vec![
            bad(&[2, 3], &[4, 5], "inner dimensions 3 and 4 differ for [2, 3] and [4, 5]"),
            bad(&[3], &[3, 2], "needs matrices, not [3] and [3, 2]"),
            bad(&[2, 1, 3], &[3, 3, 1], "of [2, 1, 3] and [3, 3, 1] do not broadcast"),
        ]
    }
}

/// x·Wᵀ + b over the last axis of x: what a fully connected layer computes, in one op. W is
/// `[out, in]`, b `[out]`. ∂/∂x = dY·W, ∂/∂W = dYᵀ·x, ∂/∂b = Σ dY.
#[derive(Clone, Copy, Debug, Default)]
pub struct Linear;

impl Op for Linear {
    type In = Fix<3>;
    type Out = One;
    const NAME: &'static str = "linear";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [x, w, b]: [&Shape; 3]) -> Result<Shape, OpError> {
        match (x.rank(), &w[..], &b[..]) {
            (1.., &[out, inner], &[bias]) if inner == x[x.rank() - 1] && bias == out => {
                x.with_axis(x.rank() - 1, out).map_err(|why| OpError::new(Self::NAME, why))
            }
            _ => {
                let why = format!("needs [.., in], [out, in] and [out], not {x}, {w} and {b}");
                Err(OpError::new(Self::NAME, why))
            }
        }
    }

    fn eval<F: Float>(&self, [x, w, b]: [Arg<'_, Eager<F>>; 3], out: Shape) -> Result<Tensor<F>, OpError> {
        let (n, k) = (w.shape()[0], w.shape()[1]);
        let m = out.size().checked_div(n).unwrap_or(0);
        Ok(Tensor::filled(out, |out| {
            if n == 0 {
                return;
            }
            for row in out.chunks_exact_mut(n) {
                row.copy_from_slice(b.slice());
            }
            let x = Matrix { data: x.slice(), rows: m, cols: k, transposed: false };
            let w = Matrix { data: w.slice(), rows: k, cols: n, transposed: true };
            gemm::product(x, w, out, true);
        }))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 3]) -> [Option<Value<I>>; 3] {
        let (x, w) = (s.x::<0>(), s.x::<1>());
        let dx = want[0].then(|| dy.matmul(w));
        let dw = want[1].then(|| {
            let op = MatMul { transpose_a: true, transpose_b: false };
            Value::apply(op, [rows(&dy).into(), rows(x).into()])
        });
        [dx, dw, want[2].then_some(dy)]
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        [dx, dw, db]: [Option<&Value<I>>; 3],
    ) -> Option<Value<I>> {
        let (x, w) = (s.x::<0>(), s.x::<1>());
        let product = |x: &Value<I>, w: &Value<I>| {
            let zero = x.lift(Tensor::zeros([w.shape()[0]]));
            Value::apply(Linear, [x.into(), w.into(), zero.into()])
        };
        let dy = add_tangents(dx.map(|dx| product(dx, w)), dw.map(|dw| product(x, dw)));
        add_tangents(dy, db.cloned())
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let x = g.shape_of_rank(1, 3);
        let out = g.dim();
        let w = Shape::from([out, x[x.rank() - 1]]);
        let b = Shape::from([out]);
        Sample::new(Linear, [g.values(&x, -2.0..2.0), g.values(&w, -2.0..2.0), g.values(&b, -2.0..2.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize], w: &[usize], b: &[usize]| {
            Reject::new(Linear, [x, w, b].map(Shape::from), "needs [.., in], [out, in] and [out], not")
        };
        vec![bad(&[2, 3], &[3, 4], &[4]), bad(&[], &[3, 4], &[4]), bad(&[2, 3], &[4, 3], &[3])]
    }
}

/// A function, not a closure, so that what it refuses is refused at the caller's line.
#[track_caller]
fn product<I: Interp>(a: &Value<I>, b: &Value<I>) -> Value<I> {
    Value::apply(MatMul::default(), [a.into(), b.into()])
}

/// All rows of the last axis as one matrix.
fn rows<I: Interp>(x: &Value<I>) -> Value<I> {
    if x.shape().rank() == 2 {
        return x.clone();
    }
    let last = x.shape()[x.shape().rank() - 1];
    let count = x.shape()[..x.shape().rank() - 1].iter().product();
    x.reshape([count, last])
}

impl<I: Interp> Value<I> {
    /// The matrix product over the last two axes; the axes before are broadcast. A vector on the
    /// left is a row, on the right a column, and its axis is dropped from the result.
    ///
    /// # Panics
    /// When the inner dimensions differ, the outer axes do not broadcast, or one is a number.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.matmul(&Tensor::from([1.0, -1.0])), Tensor::from([-1.0, -1.0]));
    /// ```
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        // A vector is refused as what it is, before it is made a matrix.
        if let (1, &[.., l, _] | &[l]) | (2.., &[l]) = (a.rank(), &b[..]) {
            let k = a[a.rank() - 1];
            assert!(k == l, "gradtape: matmul: inner dimensions {k} and {l} differ for {a} and {b}");
        }
        match (a.rank(), b.rank()) {
            (1, 1) => product(&self.reshape([1, a[0]]), &other.reshape([b[0], 1])).reshape(Shape::scalar()),
            (1, 2..) => {
                let y = product(&self.reshape([1, a[0]]), other);
                let mut dims = y.shape().to_vec();
                dims.remove(dims.len() - 2);
                y.reshape(&dims[..])
            }
            (2.., 1) => {
                let y = product(self, &other.reshape([b[0], 1]));
                let rank = y.shape().rank();
                y.reshape(&y.shape()[..rank - 1])
            }
            // One matrix for a whole batch is one product of all rows.
            (3.., 2) if b[0] == a[a.rank() - 1] => {
                let y = product(&rows(self), other);
                match a.with_axis(a.rank() - 1, b[1]) {
                    Ok(shape) => y.reshape(shape),
                    Err(why) => panic!("gradtape: matmul: {why}, of {a} and {b}"),
                }
            }
            _ => product(self, other),
        }
    }

    /// x·Wᵀ + b over the last axis: W is `[out, in]`, b `[out]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (x, w, b) = (Tensor::from([1.0, 2.0]), Tensor::from([[3.0, 4.0]]), Tensor::from([5.0]));
    /// assert_eq!(x.linear(&w, &b), Tensor::from([16.0]));
    /// ```
    #[inline]
    #[track_caller]
    pub fn linear(&self, weight: &Self, bias: &Self) -> Self {
        Value::apply(Linear, [self.into(), weight.into(), bias.into()])
    }
}
