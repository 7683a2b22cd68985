//! Elements in order of size, and places in such an order.
#![forbid(unsafe_code)]

use super::{Indices, lane, view::allowed};
use crate::{
    kernels::sort::{argsort_axis, by_size},
    value::{Interp, Value},
};
use std::cmp::Ordering;

/// Options of [`Value::topk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopK {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The greatest elements, or the least.
    pub largest: bool,
    /// In order of size, or as they stand.
    pub sorted: bool,
}

impl Default for TopK {
    fn default() -> Self {
        TopK { axis: -1, largest: true, sorted: true }
    }
}

impl<I: Interp> Value<I> {
    /// The elements along an axis in order of size, and where each stood. Equal ones keep their order. NaN
    /// is greater than all, so it comes last, or, descending, first. The gradient goes to the element that
    /// each was.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (values, places) = Tensor::from([3.0, 1.0, 3.0, 2.0]).sort(0, true);
    /// assert_eq!(values, Tensor::from([3.0, 3.0, 2.0, 1.0]));
    /// assert_eq!(places.slice(), [0, 2, 3, 1]);
    /// ```
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> (Self, Indices) {
        let places = self.ordered("sort", axis, usize::MAX, descending, false);
        (self.take_along_axis(axis, &places), places)
    }

    /// Where the elements along an axis stand in order of size; see [`sort`](Self::sort).
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn argsort(&self, axis: isize, descending: bool) -> Indices {
        self.ordered("argsort", axis, usize::MAX, descending, false)
    }

    /// The k greatest elements along an axis, or the k least, and where each stood. Among equals the first
    /// count; NaN is greater than all. The gradient goes to the element that each was.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::TopK};
    /// let x = Tensor::from([2.0, 5.0, 1.0, 5.0]);
    /// let (values, places) = x.topk(3, TopK::default());
    /// assert_eq!((values, places.slice()), (Tensor::from([5.0, 5.0, 2.0]), &[1, 3, 0][..]));
    /// let (values, _) = x.topk(2, TopK { largest: false, sorted: false, ..TopK::default() });
    /// assert_eq!(values, Tensor::from([2.0, 1.0]));
    /// ```
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range or has fewer than k elements.
    #[track_caller]
    pub fn topk(&self, k: usize, options: TopK) -> (Self, Indices) {
        let (shape, TopK { axis, largest, sorted }) = (self.shape(), options);
        let place = allowed(lane::place("topk", axis, shape));
        assert!(k <= shape.around(place).1, "gradtape: topk: {k} elements along axis {place} of {shape}");
        let places = self.ordered("topk", axis, k, largest, !sorted);
        (self.take_along_axis(axis, &places), places)
    }

    /// The places of at most `kept` elements along an axis, the least or the greatest.
    #[track_caller]
    fn ordered(
        &self,
        op: &'static str,
        axis: isize,
        kept: usize,
        descending: bool,
        by_place: bool,
    ) -> Indices {
        let shape = self.shape();
        let axis = allowed(lane::place(op, axis, shape));
        let (_, count, inner) = shape.around(axis);
        let kept = kept.min(count);
        let out = shape.with_axis(axis, kept).expect("not larger");
        let mut places = vec![0; out.size()];
        argsort_axis(self.tensor().slice(), [count, kept, inner], descending, by_place, &mut places);
        Indices::new(places, out)
    }

    /// For each of `values` the place at which it would be put into this ascending vector to keep it
    /// ascending: before its equals, or, to the `right`, behind them. If this value has more axes, its last
    /// is searched, and `values` has the same ones before its last. NaN is greater than all.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let bounds = Tensor::from([1.0, 3.0, 5.0]);
    /// let values = Tensor::from([0.0, 3.0, 9.0]);
    /// assert_eq!(bounds.searchsorted(&values, false).slice(), [0, 1, 3]);
    /// assert_eq!(bounds.searchsorted(&values, true).slice(), [0, 2, 3]);
    /// ```
    ///
    /// # Panics
    /// When this value is a number, or its axes before the last differ from those of `values`.
    #[track_caller]
    pub fn searchsorted(&self, values: &Self, right: bool) -> Indices {
        let (sorted, sought) = (self.shape(), values.shape());
        let Some((&size, outer)) = sorted.split_last() else {
            panic!("gradtape: searchsorted: a number has no order to search");
        };
        let fits = outer.is_empty() || sought.split_last().is_some_and(|(_, other)| other == outer);
        assert!(fits, "gradtape: searchsorted: axes of {sorted} and {sought} differ before the last");
        let row = if outer.is_empty() { usize::MAX } else { sought[sought.rank() - 1] };
        let place = |(i, &v): (usize, &I::Elem)| {
            let lane = &self.tensor().slice()[i / row * size..][..size];
            lane.partition_point(|&bound| match by_size(bound, v) {
                Ordering::Less => true,
                Ordering::Equal => right,
                Ordering::Greater => false,
            })
        };
        Indices::new(values.tensor().slice().iter().enumerate().map(place).collect(), sought)
    }
}

composition!(
    Sort((isize, bool)),
    "sort",
    |(axis, descending), x| vec![x[0].sort(*axis, *descending).0],
    |g| {
        let (shape, axis) = lane::sampled(g);
        ((axis, g.bool()), vec![g.distinct(&shape)])
    }
);

composition!(Topk((usize, TopK)), "topk", |(k, options), x| vec![x[0].topk(*k, *options).0], |g| {
    let (shape, axis) = lane::sampled(g);
    let k = g.int(0, lane::sizes(axis, &shape)[0]);
    ((k, TopK { axis, largest: g.bool(), sorted: g.bool() }), vec![g.distinct(&shape)])
});
