//! The greatest and the least so far along an axis, and differences.
#![forbid(unsafe_code)]

use super::{
    Concat, Indices, lane,
    scan::{head, tail},
    view::{allowed, place},
};
use crate::{
    kernels::scan::cummax,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// The greatest so far along an axis and its index: the latest of equals, the latest NaN if any. The
    /// gradient goes to that element.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (values, places) = Tensor::from([2.0, 1.0, 2.0, 3.0]).cummax(0);
    /// assert_eq!(values, Tensor::from([2.0, 2.0, 2.0, 3.0]));
    /// assert_eq!(places.slice(), [0, 0, 2, 3]);
    /// ```
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn cummax(&self, axis: isize) -> (Self, Indices) {
        self.pick_each("cummax", axis, cummax)
    }

    /// The least so far along an axis and its index: the latest of equals, the latest NaN if any. The
    /// gradient goes to that element.
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn cummin(&self, axis: isize) -> (Self, Indices) {
        allowed(lane::place("cummin", axis, self.shape()));
        let (values, places) = (-self).cummax(axis);
        (-values, places)
    }

    /// The difference of each element to the one before along an axis, taken `n` times (PyTorch's default
    /// is 1); nothing is left where there are not more than `n`. What is given goes before and behind x
    /// along the axis first.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 4.0, 9.0]);
    /// assert_eq!(x.diff(1, 0, None, None), Tensor::from([3.0, 5.0]));
    /// assert_eq!(x.diff(2, 0, Some(&Tensor::from([0.0])), None), Tensor::from([2.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range, or what goes before or behind differs from x beside the axis.
    #[track_caller]
    pub fn diff(&self, n: usize, axis: isize, prepend: Option<&Self>, append: Option<&Self>) -> Self {
        let shape = self.shape();
        place("diff", axis, shape.rank(), shape);
        let parts: Vec<_> = prepend.into_iter().chain([self]).chain(append).collect();
        let mut x = if parts.len() == 1 { self.clone() } else { joined(&parts, axis) };
        let [count, _] = lane::sizes(axis, x.shape());
        for _ in 0..n.min(count) {
            x = tail(&x, axis) - head(&x, axis);
        }
        x
    }
}

/// What diff is taken of.
#[track_caller]
fn joined<I: Interp>(parts: &[&Value<I>], axis: isize) -> Value<I> {
    Value::apply_as("diff", Concat { axis }, parts.iter().map(|&part| part.into()).collect())
}

composition!(Cummax(isize), "cummax", |axis, x| vec![x[0].cummax(*axis).0], |g| {
    let (shape, axis) = lane::sampled(g);
    (axis, vec![g.distinct(&shape)])
});

composition!(Cummin(isize), "cummin", |axis, x| vec![x[0].cummin(*axis).0], |g| {
    let (shape, axis) = lane::sampled(g);
    (axis, vec![g.distinct(&shape)])
});

composition!(
    Diff((usize, isize)),
    "diff",
    |(n, axis), x| vec![x[0].diff(*n, *axis, x.get(1), x.get(2))],
    |g| {
        let shape = g.shape_of_rank(1, 4);
        let axis = g.axis(shape.rank());
        let parts = g.int(1, 3);
        ((g.int(0, 3), axis), (0..parts).map(|_| g.values(&shape, -3.0..3.0)).collect())
    }
);
