//! Weighted sums along an axis: what stands behind averages over windows and interpolation.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::resample,
    op::{One, Op, OpError, Saved, Saves},
    shape::resolve,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use std::sync::Arc;

/// A matrix of few entries, by rows. Clones share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparse {
    columns: usize,
    /// Where each row's entries start, and the last one's end.
    ends: Arc<[usize]>,
    /// A column and a weight each.
    entries: Arc<[(usize, f64)]>,
}

impl Sparse {
    /// A matrix of so many columns, with these entries in its rows: a column and a weight each.
    ///
    /// # Panics
    /// When an entry lies beyond the last column.
    #[track_caller]
    pub fn new(columns: usize, rows: &[Vec<(usize, f64)>]) -> Self {
        let mut ends = vec![0];
        ends.extend(rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        }));
        let entries: Arc<[_]> = rows.concat().into();
        if let Some(&(column, _)) = entries.iter().find(|&&(column, _)| column >= columns) {
            panic!("gradtape: sparse: an entry in column {column} of {columns}");
        }
        Sparse { columns, ends: ends.into(), entries }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.ends.len() - 1
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The entries of a row: a column and a weight each.
    pub fn row(&self, row: usize) -> &[(usize, f64)] {
        &self.entries[self.ends[row]..self.ends[row + 1]]
    }

    fn transposed(&self) -> Self {
        let mut rows = vec![Vec::new(); self.columns];
        for row in 0..self.rows() {
            for &(column, weight) in self.row(row) {
                rows[column].push((row, weight));
            }
        }
        Sparse::new(self.rows(), &rows)
    }
}

/// yᵢ = Σⱼ mᵢⱼ · xⱼ along an axis, for a sparse matrix m; what has no entry is not read. Linear; the adjoint is
/// that of the transposed matrix.
#[derive(Clone, Debug)]
pub struct Resample {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The matrix.
    pub matrix: Sparse,
}

impl Op for Resample {
    type In = One;
    type Out = One;
    const NAME: &'static str = "resample";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        let axis = resolve(self.axis, x.rank()).map_err(|why| refuse(format!("{why} of {x}")))?;
        let (rows, columns) = (self.matrix.rows(), self.matrix.columns());
        if x[axis] != columns {
            return Err(refuse(format!("a matrix of {rows} × {columns} for axis {axis} of {x}")));
        }
        x.with_axis(axis, rows).map_err(refuse)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        let (_, size, inner) = x.shape().around(axis);
        let Sparse { ends, entries, .. } = &self.matrix;
        Ok(Tensor::filled(out, |out| resample::resample(x.slice(), [size, inner], ends, entries, out)))
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy.resample(self.axis, self.matrix.transposed()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape_of_rank(1, 4);
        let axis = g.axis(shape.rank());
        let columns = shape[resolve(axis, shape.rank()).expect("drawn for this rank")];
        let rows: Vec<_> = (0..g.int(0, 4))
            .map(|_| {
                let entries = if columns == 0 { 0 } else { g.int(0, 3) };
                (0..entries).map(|_| (g.int(0, columns - 1), g.number(-2.0..2.0))).collect()
            })
            .collect();
        Sample::new(Resample { axis, matrix: Sparse::new(columns, &rows) }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, columns, x: &[usize], says| {
            let matrix = Sparse::new(columns, &[Vec::new(), Vec::new()]);
            Reject::new(Resample { axis, matrix }, [Shape::from(x)], says)
        };
        vec![
            bad(0, 3, &[4, 3], "a matrix of 2 × 3 for axis 0 of [4, 3]"),
            bad(2, 3, &[4, 3], "axis 2 is out of range for 2 axes of [4, 3]"),
            bad(0, 3, &[], "out of range for 0 axes"),
        ]
    }
}

impl<I: Interp> Value<I> {
    /// yᵢ = Σⱼ mᵢⱼ · xⱼ along an axis, for a sparse matrix m.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Sparse};
    /// let differences = Sparse::new(3, &[vec![(0, -1.0), (1, 1.0)], vec![(1, -1.0), (2, 1.0)]]);
    /// assert_eq!(Tensor::from([1.0, 4.0, 9.0]).resample(0, differences), Tensor::from([3.0, 5.0]));
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or not as long as the matrix has columns.
    #[track_caller]
    pub fn resample(&self, axis: isize, matrix: Sparse) -> Self {
        Value::apply(Resample { axis, matrix }, self.into())
    }
}
