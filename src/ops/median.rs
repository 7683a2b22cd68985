//! Medians: elements, with their index.
#![forbid(unsafe_code)]

use super::{Indices, lane};
use crate::{
    kernels::median::median_axis,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// The median of all elements, of two the lower; NaN if any is. The gradient goes to the first element
    /// equal to it.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn median(&self) -> Self {
        self.reshape([self.shape().size()]).pick("median", 0, false, median_axis).0
    }

    /// The median along an axis, of two the lower, and the index of the first element equal to it; NaN and
    /// the index of the first NaN if any. The gradient goes to that element.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (values, places) = Tensor::from([[3.0, 1.0, 2.0], [4.0, 4.0, 0.0]]).median_dim(1, false);
    /// assert_eq!(values, Tensor::from([2.0, 4.0]));
    /// assert_eq!(places.slice(), [2, 0]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    pub fn median_dim(&self, axis: isize, keepdims: bool) -> (Self, Indices) {
        self.pick("median_dim", axis, keepdims, median_axis)
    }
}

composition!(Median(()), "median", |_, x| vec![x[0].median()], |g| {
    let shape = g.shape(3);
    let shape = g.nonempty(shape);
    ((), vec![g.distinct(&shape)])
});

composition!(
    MedianDim((isize, bool)),
    "median_dim",
    |(axis, keep), x| vec![x[0].median_dim(*axis, *keep).0],
    |g| {
        let (shape, axis) = lane::sampled(g);
        let shape = g.nonempty(shape);
        ((axis, g.bool()), vec![g.distinct(&shape)])
    }
);
