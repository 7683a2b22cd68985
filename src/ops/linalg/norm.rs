//! Norms of matrices.
#![forbid(unsafe_code)]

use super::{
    gap::is_positive,
    matrix::{sampled, sampled_batch},
    svd::sampled_apart,
};
use crate::{
    Tensor,
    ops::view::place,
    value::{Interp, Value},
};

/// The order of a [`matrix_norm`](Value::matrix_norm).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum MatrixOrder {
    /// PyTorch's `fro`, and its default: the root of the sum of squares.
    #[default]
    Frobenius,
    /// PyTorch's `nuc`: the sum of the singular values.
    Nuclear,
    /// 1 and −1: the greatest and the least sum of a column's magnitudes; ∞ and −∞: of a row's; 2 and −2: the
    /// greatest and the least singular value.
    P(f64),
}

impl From<f64> for MatrixOrder {
    fn from(p: f64) -> Self {
        MatrixOrder::P(p)
    }
}

/// Singular values, without a gradient where they are 0 but for rounding: the subgradient of least norm.
fn values_but_zeros<I: Interp>(x: &Value<I>) -> Value<I> {
    let (s, shape) = (x.svdvals(), x.shape());
    let size = shape[shape.rank() - 1].max(shape[shape.rank() - 2]);
    let frozen = s.lift(s.tensor().clone());
    is_positive(&s, size).logical_or(&s.isnan()).select(&s, &frozen)
}

impl<I: Interp> Value<I> {
    /// The norm of the matrices that two axes are the rows and the columns of (PyTorch's default: the last
    /// two). With `keepdims` the axes stay, with size 1.
    ///
    /// Ties share the gradient evenly; it is 0 through singular values that are 0 but for rounding. The norm of
    /// vectors is [`norm_axes`](Self::norm_axes).
    ///
    /// # Panics
    /// When an axis is out of range or named twice; when there is no such order; when a greatest or least is
    /// asked for of nothing.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::MatrixOrder};
    /// let x = Tensor::from([[3.0, 0.0], [1.0, -4.0]]);
    /// assert_eq!(x.matrix_norm(1.0, [-2, -1], false).item(), 4.0);
    /// assert_eq!(x.matrix_norm(f64::INFINITY, [-2, -1], false).item(), 5.0);
    /// assert_eq!(x.matrix_norm(MatrixOrder::Frobenius, [0, 1], true).shape().dims(), [1, 1]);
    /// ```
    #[track_caller]
    pub fn matrix_norm(&self, order: impl Into<MatrixOrder>, axes: [isize; 2], keepdims: bool) -> Self {
        const NAME: &str = "matrix_norm";
        let (order, shape) = (order.into(), self.shape());
        let rows = place(NAME, axes[0], shape.rank(), shape);
        let columns = place(NAME, axes[1], shape.rank(), shape);
        assert!(rows != columns, "gradtape: matrix_norm: axis {rows} of {shape} is named twice");
        let others = (0..shape.rank()).filter(|&axis| axis != rows && axis != columns);
        let last: Vec<usize> = others.chain([rows, columns]).collect();
        let x = if last.is_sorted() { self.clone() } else { self.permute(&last[..]) };
        let y = match order {
            MatrixOrder::Frobenius => x.norm_axes(2.0, [-2, -1], false),
            MatrixOrder::Nuclear => values_but_zeros(&x).sum_axes(-1, false),
            MatrixOrder::P(1.0) => x.abs().sum_axes(-2, false).max_as(NAME, -1, false),
            MatrixOrder::P(-1.0) => x.abs().sum_axes(-2, false).min_as(NAME, -1, false),
            MatrixOrder::P(f64::INFINITY) => x.abs().sum_axes(-1, false).max_as(NAME, -1, false),
            MatrixOrder::P(f64::NEG_INFINITY) => x.abs().sum_axes(-1, false).min_as(NAME, -1, false),
            MatrixOrder::P(2.0) => values_but_zeros(&x).max_as(NAME, -1, false),
            MatrixOrder::P(-2.0) => values_but_zeros(&x).min_as(NAME, -1, false),
            MatrixOrder::P(p) => {
                panic!("gradtape: matrix_norm: there is no norm of order {p} for matrices of {shape}")
            }
        };
        if !keepdims {
            return y;
        }
        let kept = |axis: usize, &size: &usize| if axis == rows || axis == columns { 1 } else { size };
        y.reshape(&shape.iter().enumerate().map(|(axis, size)| kept(axis, size)).collect::<Vec<_>>()[..])
    }

    /// The sum of the singular values of each matrix of the last two axes. Its subgradient of least norm is
    /// U·Vᵀ, without the vectors whose singular values are 0 but for rounding.
    ///
    /// # Panics
    /// When these are no matrices.
    #[track_caller]
    pub fn nuclear_norm(&self) -> Self {
        assert!(self.shape().rank() >= 2, "gradtape: nuclear_norm: needs matrices, not {}", self.shape());
        self.matrix_norm(MatrixOrder::Nuclear, [-2, -1], false)
    }
}

composition!(NuclearNorm(()), "nuclear_norm", |_, x| vec![x[0].nuclear_norm()], |g| {
    let (batch, m, n) = (sampled_batch(g), g.dim().min(4), g.dim().min(4));
    ((), vec![sampled_apart(g, &batch, [m, n])])
});

composition!(
    MatrixNorm((MatrixOrder, [isize; 2], bool)),
    "matrix_norm",
    |(order, axes, keepdims), x| vec![x[0].matrix_norm(*order, *axes, *keepdims)],
    |g| {
        let p = g.pick(&[1.0, -1.0, 2.0, -2.0, f64::INFINITY, f64::NEG_INFINITY]);
        let order = [MatrixOrder::Frobenius, MatrixOrder::Nuclear, p.into(), p.into()][g.int(0, 3)];
        let (batch, m, n) = (sampled_batch(g), g.int(1, 4), g.int(1, 4));
        // What lies apart is the singular values, or else the sums of magnitudes.
        let x = match order {
            MatrixOrder::P(p) if p.abs() != 2.0 => {
                let (x, of_rows, of_columns) = (sampled(g, &batch, [m, n]), g.order(m), g.order(n));
                let sign = g.mask(x.shape()) * 2.0 - 1.0;
                let own = |at: usize| 1.0 + 2.0 * (of_rows[at / n % m] + of_columns[at % n]) as f64;
                Tensor::from_fn(x.shape(), |at| 0.25 * x.slice()[at] + own(at)) * sign
            }
            _ => sampled_apart(g, &batch, [m, n]),
        };
        let (rank, keepdims) = (x.shape().rank(), g.bool());
        // The rows and columns wherever an order puts them.
        let places = g.order(rank);
        let at = |axis: usize| places.iter().position(|&place| place == axis).expect("in the order") as isize;
        let axes = [at(rank - 2), at(rank - 1) - rank as isize];
        ((order, axes, keepdims), vec![x.permute(&places[..])])
    }
);
