//! Diagonals: taken out, made into matrices, summed; and what lies on either side of them.
#![forbid(unsafe_code)]

use super::{
    index::truth,
    strided::{AsStrided, AsStridedGrad},
    view::places,
};
use crate::{
    Shape, Tensor,
    gradcheck::Gen,
    value::{Interp, Value},
};

/// The walk along the diagonals of the matrices that two axes of x make: the other axes, and the place on
/// the diagonal last.
fn walk(x: &Shape, offset: isize, [rows, columns]: [usize; 2]) -> AsStrided {
    let (down, right) = (offset.min(0).unsigned_abs(), offset.max(0).unsigned_abs());
    let length = x[rows].saturating_sub(down).min(x[columns].saturating_sub(right));
    let own = x.steps_as(x);
    let others = || (0..x.rank()).filter(|&axis| axis != rows && axis != columns);
    let dims: Vec<usize> = others().map(|axis| x[axis]).chain([length]).collect();
    let steps = others().map(|axis| own[axis]).chain([own[rows] + own[columns]]).collect();
    // An axis of size 1 has step 0, but nothing is to the right of it or below it.
    let first = if length == 0 { 0 } else { down * own[rows] as usize + right * own[columns] as usize };
    AsStrided { shape: Shape::from(&dims[..]), steps, offset: first }
}

impl<I: Interp> Value<I> {
    /// The diagonals of the matrices that two axes make, along a new last axis; `offset` is above (or,
    /// negative, below) the main one.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.diagonal(0, 0, 1), Tensor::from([1.0, 5.0]));
    /// assert_eq!(x.diagonal(1, 0, 1), Tensor::from([2.0, 6.0]));
    /// assert_eq!(x.diagonal(-1, 0, 1), Tensor::from([4.0]));
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn diagonal(&self, offset: isize, axis1: isize, axis2: isize) -> Self {
        let places = places("diagonal", &[axis1, axis2].into(), self.shape());
        Value::apply(walk(self.shape(), offset, [places[0], places[1]]), self.into())
    }

    /// Matrices, 0 but for their diagonals, which are the last axis of this value. `axis1` and `axis2` are
    /// their axes in the result; `offset` is above (or, negative, below) the main diagonal. The adjoint of
    /// [`diagonal`](Self::diagonal).
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 2.0]).diag_embed(1, -2, -1);
    /// assert_eq!(x, Tensor::from([[0.0, 1.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// When this value is a number, or an axis is out of range or named twice.
    #[track_caller]
    pub fn diag_embed(&self, offset: isize, axis1: isize, axis2: isize) -> Self {
        let shape = self.shape();
        let Some((&length, others)) = shape.split_last() else {
            panic!("gradtape: diag_embed: a number has no axis to become a diagonal");
        };
        let mut dims = others.to_vec();
        let size = length.saturating_add(offset.unsigned_abs());
        let places = match crate::Axes::from([axis1, axis2]).places(shape.rank() + 1) {
            Ok(places) => [places[0], places[1]],
            Err(why) => panic!("gradtape: diag_embed: {why} of matrices from {shape}"),
        };
        dims.insert(places[0].min(places[1]), size);
        dims.insert(places[0].max(places[1]), size);
        let Ok(whole) = Shape::try_new(&dims) else {
            panic!("gradtape: diag_embed: matrices of {size} from {shape} are more than memory can hold");
        };
        let walk = walk(&whole, offset, places);
        Value::apply(AsStridedGrad { walk, shape: whole }, self.into())
    }

    /// The matrix with a vector on its diagonal, or the diagonal of a matrix; `offset` is above (or,
    /// negative, below) the main one.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.diag(0), Tensor::from([[1.0, 0.0], [0.0, 2.0]]));
    /// assert_eq!(x.diag(0).diag(0), x);
    /// ```
    ///
    /// # Panics
    /// When this value is neither vector nor matrix.
    #[track_caller]
    pub fn diag(&self, offset: isize) -> Self {
        match self.shape().rank() {
            1 => self.diag_embed(offset, 0, 1),
            2 => self.diagonal(offset, 0, 1),
            _ => panic!("gradtape: diag: {} is neither vector nor matrix", self.shape()),
        }
    }

    /// The sum of a matrix's main diagonal.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]).trace().item(), 5.0);
    /// ```
    ///
    /// # Panics
    /// When this value is no matrix.
    #[track_caller]
    pub fn trace(&self) -> Self {
        let shape = self.shape();
        assert!(shape.rank() == 2, "gradtape: trace: {shape} is no matrix");
        self.diagonal(0, 0, 1).sum()
    }

    /// The matrices of the last two axes with 0 above a diagonal: the main one, or `offset` above (or,
    /// negative, below) it.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.tril(0), Tensor::from([[1.0, 0.0], [3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// When there are fewer than two axes.
    #[track_caller]
    pub fn tril(&self, offset: isize) -> Self {
        self.where_of_matrix("tril", |row, column| column.saturating_sub(row) <= offset)
    }

    /// The matrices of the last two axes with 0 below a diagonal: the main one, or `offset` above (or,
    /// negative, below) it.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.triu(0), Tensor::from([[1.0, 2.0], [0.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// When there are fewer than two axes.
    #[track_caller]
    pub fn triu(&self, offset: isize) -> Self {
        self.where_of_matrix("triu", |row, column| column.saturating_sub(row) >= offset)
    }

    /// The elements of matrices whose row and column are kept, and 0 elsewhere.
    #[track_caller]
    fn where_of_matrix(&self, op: &str, kept: impl Fn(isize, isize) -> bool) -> Self {
        let shape = self.shape();
        let &[.., rows, columns] = shape.dims() else {
            panic!("gradtape: {op}: {shape} is no matrix");
        };
        let kept = |i: usize| truth(kept((i / columns) as isize, (i % columns) as isize));
        // Selected, not multiplied, so that what is cut off leaves no NaN.
        self.lift(Tensor::from_fn([rows, columns], kept)).select(self, &self.constant(0.0))
    }
}

/// An offset that leaves some diagonal, mostly.
#[inline]
fn sampled_offset(g: &mut Gen) -> isize {
    g.int(0, 6) as isize - 3
}

composition!(
    Diagonal((isize, isize, isize)),
    "diagonal",
    |(offset, axis1, axis2), x| vec![x[0].diagonal(*offset, *axis1, *axis2)],
    |g| {
        let shape = g.shape_of_rank(2, 4);
        let order = g.order(shape.rank());
        let (axis1, axis2) = (order[0] as isize, order[1] as isize - shape.rank() as isize);
        ((sampled_offset(g), axis1, axis2), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    DiagEmbed((isize, isize, isize)),
    "diag_embed",
    |(offset, axis1, axis2), x| vec![x[0].diag_embed(*offset, *axis1, *axis2)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let order = g.order(shape.rank() + 1);
        let (axis1, axis2) = (order[0] as isize, order[1] as isize - 1 - shape.rank() as isize);
        ((sampled_offset(g), axis1, axis2), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(Diag(isize), "diag", |offset, x| vec![x[0].diag(*offset)], |g| {
    let shape = g.shape_of_rank(1, 2);
    (sampled_offset(g), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Trace(()), "trace", |_, x| vec![x[0].trace()], |g| {
    let shape = g.shape_of_rank(2, 2);
    ((), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Tril(isize), "tril", |offset, x| vec![x[0].tril(*offset)], |g| {
    let shape = g.shape_of_rank(2, 4);
    (sampled_offset(g), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Triu(isize), "triu", |offset, x| vec![x[0].triu(*offset)], |g| {
    let shape = g.shape_of_rank(2, 4);
    (sampled_offset(g), vec![g.values(&shape, -3.0..3.0)])
});
