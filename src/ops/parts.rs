//! Parts along an axis: one slice, a range of them, all of them; and back.
#![forbid(unsafe_code)]

use super::{Range, view::place};
use crate::{
    shape::resolve,
    value::{Interp, Value},
};
use std::ops::{Bound, RangeBounds};

impl<I: Interp> Value<I> {
    /// The slice at an index along an axis, without that axis; negative indices count from the last.
    /// PyTorch calls it `select`, a name that [`select`](Self::select) by a mask has here.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.index_axis(0, -1), Tensor::from([3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// When the axis or the index is out of range.
    #[track_caller]
    pub fn index_axis(&self, axis: isize, index: isize) -> Self {
        let shape = self.shape();
        let place = place("index_axis", axis, shape.rank(), shape);
        let Some(start) = from_front(index, shape[place]).filter(|&start| start < shape[place]) else {
            panic!("gradtape: index_axis: index {index} is out of range for axis {place} of {shape}");
        };
        let mut dims = shape.to_vec();
        dims.remove(place);
        self.along(place, Range { start, count: 1, step: 1 }).reshape(&dims[..])
    }

    /// Every |step|-th element of a range of an axis. Negative bounds count from behind the last element. A
    /// negative step starts with the last of the range and goes backwards, as `ndarray`'s does.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([0.0, 1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.slice_axis(0, 1..-1, 1), Tensor::from([1.0, 2.0, 3.0]));
    /// assert_eq!(x.slice_axis(0, .., 2), Tensor::from([0.0, 2.0, 4.0]));
    /// assert_eq!(x.slice_axis(0, 1.., -2), Tensor::from([4.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// When the axis or a bound is out of range, the range ends before it starts, or the step is 0.
    #[track_caller]
    pub fn slice_axis(&self, axis: isize, range: impl RangeBounds<isize>, step: isize) -> Self {
        let shape = self.shape();
        let place = place("slice_axis", axis, shape.rank(), shape);
        let (start, end) = (range.start_bound().cloned(), range.end_bound().cloned());
        let Some(range) = stepped(shape[place], start, end, step) else {
            let range = (start, end);
            panic!("gradtape: slice_axis: {range:?} by {step} is no range of axis {place} of {shape}");
        };
        self.along(place, range)
    }

    /// `length` slices along an axis, from `start` on; a negative start counts from behind the last.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([0.0, 1.0, 2.0, 3.0]);
    /// assert_eq!(x.narrow(0, 1, 2), Tensor::from([1.0, 2.0]));
    /// assert_eq!(x.narrow(0, -2, 2), Tensor::from([2.0, 3.0]));
    /// ```
    ///
    /// # Panics
    /// When the axis or the slices are out of range.
    #[track_caller]
    pub fn narrow(&self, axis: isize, start: isize, length: usize) -> Self {
        let shape = self.shape();
        let place = place("narrow", axis, shape.rank(), shape);
        let inside = |&start: &usize| start.checked_add(length).is_some_and(|end| end <= shape[place]);
        let Some(first) = from_front(start, shape[place]).filter(inside) else {
            panic!(
                "gradtape: narrow: {length} slices from {start} on are out of range for axis {place} of {shape}"
            );
        };
        self.along(place, Range { start: first, count: length, step: 1 })
    }

    /// This range along one axis, and the whole of the others.
    #[track_caller]
    pub(super) fn along(&self, axis: usize, range: Range) -> Self {
        let whole = |&count: &usize| Range { start: 0, count, step: 1 };
        let mut ranges: Vec<Range> = self.shape().iter().map(whole).collect();
        ranges[axis] = range;
        self.slice_ranges(&ranges)
    }

    /// Values of one shape side by side along a new axis.
    ///
    /// ```
    /// use gradtape::{Tensor, Value};
    /// let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
    /// assert_eq!(Value::stack(&[&a, &b], 0), Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// When there are none, their shapes differ, or the place of the axis is out of range.
    #[track_caller]
    pub fn stack(values: &[&Self], axis: isize) -> Self {
        assert!(!values.is_empty(), "gradtape: stack: needs at least one value");
        for other in values {
            let (a, b) = (values[0].shape(), other.shape());
            assert!(a == b, "gradtape: stack: shapes {a} and {b} differ");
        }
        let place = place("stack", axis, values[0].shape().rank() + 1, values[0].shape()) as isize;
        let parts: Vec<Self> = values.iter().map(|value| value.unsqueeze(place)).collect();
        Value::concat(&parts.iter().collect::<Vec<_>>(), place)
    }

    /// The slices along an axis, without it: the inverse of [`stack`](Self::stack).
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn unbind(&self, axis: isize) -> Vec<Self> {
        let shape = self.shape();
        let place = place("unbind", axis, shape.rank(), shape);
        let mut dims = shape.to_vec();
        let size = dims.remove(place);
        if size == 0 {
            return Vec::new();
        }
        self.split(1, place as isize).iter().map(|part| part.reshape(&dims[..])).collect()
    }

    /// At most `chunks` parts along an axis, all of one size but for the last.
    ///
    /// # Panics
    /// When the axis is out of range or `chunks` is 0.
    #[track_caller]
    pub fn chunk(&self, chunks: usize, axis: isize) -> Vec<Self> {
        assert!(chunks > 0, "gradtape: chunk: at least one part is needed");
        let shape = self.shape();
        let size = shape[place("chunk", axis, shape.rank(), shape)];
        self.split(size.div_ceil(chunks), axis)
    }
}

/// A place that may count from behind the last of an axis of this size, as one that counts from the first.
fn from_front(place: isize, size: usize) -> Option<usize> {
    let place = if place < 0 { place.checked_add_unsigned(size)? } else { place };
    usize::try_from(place).ok()
}

/// Every |step|-th place between two bounds on an axis of this size, if there is such a range.
fn stepped(size: usize, start: Bound<isize>, end: Bound<isize>, step: isize) -> Option<Range> {
    let place = |bound: isize, after: usize| {
        from_front(bound, size)?.checked_add(after).filter(|&place| place <= size)
    };
    let start = match start {
        Bound::Included(start) => place(start, 0)?,
        Bound::Excluded(start) => place(start, 1)?,
        Bound::Unbounded => 0,
    };
    let end = match end {
        Bound::Included(end) => place(end, 1)?,
        Bound::Excluded(end) => place(end, 0)?,
        Bound::Unbounded => size,
    };
    let count = end.checked_sub(start)?;
    if step == 0 {
        return None;
    }
    let first = if step < 0 { end.saturating_sub(1) } else { start };
    Some(Range { start: first, count: count.div_ceil(step.unsigned_abs()), step })
}

composition!(
    IndexAxis((isize, isize)),
    "index_axis",
    |(axis, index), x| vec![x[0].index_axis(*axis, *index)],
    |g| {
        let shape = g.shape_of_rank(1, 4);
        let shape = g.nonempty(shape);
        let axis = g.axis(shape.rank());
        let size = shape[resolve(axis, shape.rank()).expect("drawn for this rank")];
        ((axis, g.axis(size)), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    SliceAxis((isize, isize, isize, isize)),
    "slice_axis",
    |(axis, start, end, step), x| vec![x[0].slice_axis(*axis, *start..*end, *step)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let axis = g.int(0, shape.rank() - 1);
        let size = shape[axis];
        let (start, end) = (g.int(0, size), g.int(0, size));
        let (start, end) = (start.min(end) as isize, start.max(end) as isize);
        // From behind where there is a number for it.
        let behind = |bound: isize, yes: bool| {
            if yes && bound < size as isize { bound - size as isize } else { bound }
        };
        let (start, end) = (behind(start, g.bool()), behind(end, g.bool()));
        ((axis as isize, start, end, g.pick(&[1, -1, 2, -2, 3])), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    Narrow((isize, isize, usize)),
    "narrow",
    |(axis, start, length), x| vec![x[0].narrow(*axis, *start, *length)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let axis = g.int(0, shape.rank() - 1);
        let start = g.int(0, shape[axis]);
        let length = g.int(0, shape[axis] - start);
        // From behind where there is a number for it.
        let behind = if start < shape[axis] && g.bool() { shape[axis] as isize } else { 0 };
        ((axis as isize, start as isize - behind, length), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    Stack(isize),
    "stack",
    |axis, x| vec![Value::stack(&x.iter().collect::<Vec<_>>(), *axis)],
    |g| {
        let shape = g.shape(3);
        let count = g.int(1, 3);
        (g.axis(shape.rank() + 1), (0..count).map(|_| g.values(&shape, -3.0..3.0)).collect())
    }
);

composition!(Unbind(isize), "unbind", |axis, x| x[0].unbind(*axis), |g| {
    let shape = g.shape_of_rank(1, 3);
    let shape = g.nonempty(shape);
    (g.axis(shape.rank()), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Chunk((usize, isize)), "chunk", |(chunks, axis), x| x[0].chunk(*chunks, *axis), |g| {
    let shape = g.shape_of_rank(1, 3);
    ((g.int(1, 4), g.axis(shape.rank())), vec![g.values(&shape, -3.0..3.0)])
});
