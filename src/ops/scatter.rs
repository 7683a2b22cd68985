//! Elements along an axis by an array of indices that may be smaller than the value: gathered, and added,
//! written or filled in.
#![forbid(unsafe_code)]

use super::{
    Indices, TakeAlongAxisGrad,
    along::place,
    index::{last_writers, truth},
    lane,
    view::allowed,
};
use crate::{
    Shape, Tensor,
    gradcheck::Gen,
    op::OpError,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// The elements along an axis that indices name, one for each place of `indices`. Beside the axis,
    /// indices of a smaller shape gather from the corner of that size; see
    /// [`take_along_axis`](Self::take_along_axis), which wants them of one size. A number has one element
    /// along the axis 0 or −1; so it is here, and in what scatters.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Indices};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.gather(1, &Indices::new(vec![1, 1, 0], [1, 3])), Tensor::from([[2.0, 2.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// When the ranks differ, the indices are larger beside the axis, or an index is out of range.
    #[track_caller]
    pub fn gather(&self, axis: isize, indices: &Indices) -> Self {
        let place = allowed(check("gather", self.shape(), axis, indices));
        if lane::beside(place, indices.shape()) == lane::beside(place, self.shape()) {
            return self.take_along_axis(axis, indices);
        }
        let corner = lengthened(indices.shape(), place, self.shape().around(place).1);
        self.corner(&corner).take_along_axis(axis, indices)
    }

    /// This value with the elements of `source` added along an axis where indices say; those of equal
    /// index add up. Where `source` is larger than the indices, only its corner of that size is used.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Indices};
    /// let (x, source) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0, 5.0]));
    /// assert_eq!(x.scatter_add(0, &[1, 0, 1].into(), &source), Tensor::from([5.0, 10.0]));
    /// ```
    ///
    /// # Panics
    /// When the ranks differ, the indices are larger than `source`, or, beside the axis, than this value,
    /// or an index is out of range.
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, indices: &Indices, source: &Self) -> Self {
        let place = allowed(check_source("scatter_add", self.shape(), axis, indices, source.shape()));
        self + source.corner(indices.shape()).scattered(place, indices, self.shape())
    }

    /// This value with the elements of `source` written along an axis where indices say. Of equal indices
    /// the last in row-major order wins, and has the gradient. Where `source` is larger than the indices,
    /// only its corner of that size is used.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Indices};
    /// let (x, source) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0, 5.0]));
    /// assert_eq!(x.scatter(0, &[1, 0, 1].into(), &source), Tensor::from([4.0, 5.0]));
    /// ```
    ///
    /// # Panics
    /// As [`scatter_add`](Self::scatter_add).
    #[track_caller]
    pub fn scatter(&self, axis: isize, indices: &Indices, source: &Self) -> Self {
        let place = allowed(check_source("scatter", self.shape(), axis, indices, source.shape()));
        let (written, last) = self.element_masks(place, indices);
        // Of those that write to a place, one adds its value and the others 0.
        let only = last.select(&source.corner(indices.shape()), &self.constant(0.0));
        written.select(&only.scattered(place, indices, self.shape()), self)
    }

    /// This value with a number written along an axis where indices say: PyTorch's `scatter` of a number.
    ///
    /// # Panics
    /// When the ranks differ, the indices are larger than this value beside the axis, or an index is out of
    /// range.
    #[track_caller]
    pub fn scatter_fill(&self, axis: isize, indices: &Indices, value: f64) -> Self {
        let place = allowed(check("scatter_fill", self.shape(), axis, indices));
        let (written, _) = self.element_masks(place, indices);
        written.select(&self.constant(value), self)
    }

    /// Zeros of a shape, with each element added along an axis where its index says.
    fn scattered(&self, axis: usize, indices: &Indices, shape: &Shape) -> Self {
        let op =
            TakeAlongAxisGrad { axis: axis as isize, size: shape.around(axis).1, indices: indices.clone() };
        Value::apply(op, self.into()).laid_beside(shape)
    }

    /// Which elements are written to along an axis, and which of the writing ones are the last to write.
    fn element_masks(&self, axis: usize, indices: &Indices) -> (Self, Self) {
        let (_, size, _) = self.shape().around(axis);
        let corner = lengthened(indices.shape(), axis, size);
        let to = |i| place(i, indices, axis, size);
        let writers = last_writers((0..indices.slice().len()).map(to), corner.size());
        let written = Tensor::from_fn(&corner, |i| truth(writers[i].is_some()));
        let last = Tensor::from_fn(indices.shape(), |i| truth(writers[to(i)] == Some(i)));
        (self.lift(written.laid_beside(self.shape())), self.lift(last))
    }

    /// This value among zeros of a shape that may be larger beside an axis, or a number instead of a vector.
    fn laid_beside(&self, shape: &Shape) -> Self {
        if self.shape().rank() == shape.rank() { self.laid_into_corner(shape) } else { self.reshape(shape) }
    }
}

/// A shape with an axis as long as one of a larger shape.
fn lengthened(shape: &Shape, axis: usize, size: usize) -> Shape {
    shape.with_axis(axis, size).expect("within a shape that exists")
}

/// The axis, when the indices fit x.
fn check(op: &'static str, x: &Shape, axis: isize, indices: &Indices) -> Result<usize, OpError> {
    let (place, picked) = (lane::place(op, axis, x)?, indices.shape());
    let within = |(part, whole): (&[usize], &[usize])| {
        part.len() == whole.len() && part.iter().zip(whole).all(|(part, whole)| part <= whole)
    };
    let beside = lane::beside(place, picked).zip(lane::beside(place, x));
    if !beside.is_some_and(|(part, whole)| part.into_iter().zip(whole).all(within)) {
        let why = format!("indices of {picked} do not fit into {x} beside axis {place}");
        return Err(OpError::new(op, why));
    }
    indices.below(op, x.around(place).1, place, x)?;
    Ok(place)
}

/// The axis, when the indices fit x and what they place.
fn check_source(
    op: &'static str,
    x: &Shape,
    axis: isize,
    indices: &Indices,
    source: &Shape,
) -> Result<usize, OpError> {
    let place = check(op, x, axis, indices)?;
    let picked = indices.shape();
    if source.rank() != picked.rank() || (0..picked.rank()).any(|i| picked[i] > source[i]) {
        return Err(OpError::new(op, format!("indices of {picked} do not fit into a source of {source}")));
    }
    Ok(place)
}

/// A shape, an axis, indices that may be smaller beside it, and a source that may be larger.
#[inline]
fn sampled(g: &mut Gen) -> (Shape, isize, Indices, Shape) {
    let shape = g.shape(3);
    let axis = g.axis(shape.rank().max(1));
    let place = lane::checked(axis, &shape);
    let size = if shape.rank() == 0 { 1 } else { g.int(1, 4) };
    let shape = shape.with_axis(place, size).expect("small");
    let smaller = g.bool();
    let corner: Vec<usize> = shape.iter().map(|&d| if smaller && d > 0 { g.int(0, d) } else { d }).collect();
    let picked = Shape::from(&corner[..]).with_axis(place, g.int(0, 4)).expect("small");
    let larger = g.bool();
    let source: Vec<usize> = picked.iter().map(|&d| if larger { d + g.int(0, 1) } else { d }).collect();
    let indices = Indices::new((0..picked.size()).map(|_| g.int(0, size - 1)).collect(), &picked);
    (shape, axis, indices, Shape::from(&source[..]))
}

composition!(
    Gather((isize, Indices)),
    "gather",
    |(axis, indices), x| vec![x[0].gather(*axis, indices)],
    |g| {
        let (shape, axis, indices, _) = sampled(g);
        ((axis, indices), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    ScatterAdd((isize, Indices)),
    "scatter_add",
    |(axis, indices), x| vec![x[0].scatter_add(*axis, indices, &x[1])],
    |g| {
        let (shape, axis, indices, source) = sampled(g);
        ((axis, indices), vec![g.values(&shape, -3.0..3.0), g.values(&source, -3.0..3.0)])
    }
);

composition!(
    Scatter((isize, Indices)),
    "scatter",
    |(axis, indices), x| vec![x[0].scatter(*axis, indices, &x[1])],
    |g| {
        let (shape, axis, indices, source) = sampled(g);
        ((axis, indices), vec![g.values(&shape, -3.0..3.0), g.values(&source, -3.0..3.0)])
    }
);

composition!(
    ScatterFill((isize, Indices, f64)),
    "scatter_fill",
    |(axis, indices, value), x| vec![x[0].scatter_fill(*axis, indices, *value)],
    |g| {
        let (shape, axis, indices, _) = sampled(g);
        ((axis, indices, g.pick(&[0.0, -1.5])), vec![g.values(&shape, -3.0..3.0)])
    }
);
