//! Other views of the same elements: axes of size 1 put in and taken out, merged, moved, turned round.
#![forbid(unsafe_code)]

use super::Range;
use crate::{
    Shape,
    op::OpError,
    shape::resolve,
    value::{Interp, Value},
};

/// The place of an axis, or a panic that names the op.
#[track_caller]
pub(super) fn place(op: &str, axis: isize, rank: usize, shape: &Shape) -> usize {
    match resolve(axis, rank) {
        Ok(place) => place,
        Err(why) => panic!("gradtape: {op}: {why} of {shape}"),
    }
}

/// What a check allows, or a panic with its message.
#[track_caller]
pub(super) fn allowed<T>(checked: Result<T, OpError>) -> T {
    match checked {
        Ok(allowed) => allowed,
        Err(error) => panic!("{error}"),
    }
}

impl<I: Interp> Value<I> {
    /// An axis of size 1 put in at a place; negative places count from behind the last.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::<f64>::ones([2, 3]).unsqueeze(-1).shape().dims(), [2, 3, 1]);
    /// ```
    ///
    /// # Panics
    /// When the place is out of range.
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let shape = self.shape();
        let mut dims = shape.to_vec();
        dims.insert(place("unsqueeze", axis, shape.rank() + 1, shape), 1);
        self.reshape(&dims[..])
    }

    /// An axis taken out if its size is 1; left if not, as PyTorch does.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn squeeze(&self, axis: isize) -> Self {
        let shape = self.shape();
        let place = place("squeeze", axis, shape.rank(), shape);
        if shape[place] != 1 {
            return self.clone();
        }
        let mut dims = shape.to_vec();
        dims.remove(place);
        self.reshape(&dims[..])
    }

    /// The axes from `start` to `end`, both included, as one.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::<f64>::ones([2, 3, 4]).flatten(1, -1).shape().dims(), [2, 12]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or `end` is before `start`.
    #[track_caller]
    pub fn flatten(&self, start: isize, end: isize) -> Self {
        let shape = self.shape();
        if shape.rank() == 0 {
            return self.reshape([1]);
        }
        let start = place("flatten", start, shape.rank(), shape);
        let end = place("flatten", end, shape.rank(), shape);
        assert!(start <= end, "gradtape: flatten: axis {end} is before axis {start} of {shape}");
        let mut dims = shape.to_vec();
        let size = dims[start..=end].iter().product();
        dims.splice(start..=end, [size]);
        self.reshape(&dims[..])
    }

    /// Axis `from` moved to place `to`; the others keep their order.
    ///
    /// # Panics
    /// When either is out of range.
    #[track_caller]
    pub fn movedim(&self, from: isize, to: isize) -> Self {
        let shape = self.shape();
        let (from, to) =
            (place("movedim", from, shape.rank(), shape), place("movedim", to, shape.rank(), shape));
        let mut order: Vec<usize> = (0..shape.rank()).filter(|&axis| axis != from).collect();
        order.insert(to, from);
        self.permute(&order)
    }

    /// `length` slices along an axis, from `start` on.
    ///
    /// # Panics
    /// When the axis or the slices are out of range.
    #[track_caller]
    pub fn narrow(&self, axis: isize, start: usize, length: usize) -> Self {
        let shape = self.shape();
        let place = place("narrow", axis, shape.rank(), shape);
        let size = shape[place];
        assert!(
            start.checked_add(length).is_some_and(|end| end <= size),
            "gradtape: narrow: {length} slices from {start} on are out of range for axis {place} of {shape}"
        );
        self.along(place, Range { start, count: length, step: 1 })
    }

    /// The elements in reverse order along axes.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).flip(&[0]), Tensor::from([3.0, 2.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range.
    #[track_caller]
    pub fn flip(&self, axes: &[isize]) -> Self {
        let shape = self.shape();
        let mut flipped = self.clone();
        for &axis in axes {
            let place = place("flip", axis, shape.rank(), shape);
            let count = shape[place];
            flipped = flipped.along(place, Range { start: count.saturating_sub(1), count, step: -1 });
        }
        flipped
    }

    /// This range along one axis, and the whole of the others.
    #[track_caller]
    fn along(&self, axis: usize, range: Range) -> Self {
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
        self.split(&vec![1; size], place as isize).iter().map(|part| part.reshape(&dims[..])).collect()
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
        let part = size.div_ceil(chunks).max(1);
        let sizes: Vec<usize> = (0..size.max(1)).step_by(part).map(|start| part.min(size - start)).collect();
        self.split(&sizes, axis).into_iter().collect()
    }
}

composition!(Unsqueeze(isize), "unsqueeze", |axis, x| vec![x[0].unsqueeze(*axis)], |g| {
    let shape = g.shape(3);
    (g.axis(shape.rank() + 1), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Squeeze(isize), "squeeze", |axis, x| vec![x[0].squeeze(*axis)], |g| {
    let shape = g.shape_of_rank(1, 4);
    (g.axis(shape.rank()), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Flatten((isize, isize)), "flatten", |(start, end), x| vec![x[0].flatten(*start, *end)], |g| {
    let shape = g.shape_of_rank(1, 4);
    let start = g.int(0, shape.rank() - 1);
    let end = g.int(start, shape.rank() - 1);
    ((start as isize, end as isize), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Movedim((isize, isize)), "movedim", |(from, to), x| vec![x[0].movedim(*from, *to)], |g| {
    let shape = g.shape_of_rank(1, 4);
    ((g.axis(shape.rank()), g.axis(shape.rank())), vec![g.values(&shape, -3.0..3.0)])
});

composition!(
    Narrow((isize, usize, usize)),
    "narrow",
    |(axis, start, length), x| vec![x[0].narrow(*axis, *start, *length)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let axis = g.int(0, shape.rank() - 1);
        let start = g.int(0, shape[axis]);
        let length = g.int(0, shape[axis] - start);
        ((axis as isize, start, length), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(Flip(Vec<isize>), "flip", |axes, x| vec![x[0].flip(axes)], |g| {
    let shape = g.shape_of_rank(1, 3);
    let order = g.order(shape.rank());
    let count = g.int(0, shape.rank());
    (order[..count].iter().map(|&axis| axis as isize).collect(), vec![g.values(&shape, -3.0..3.0)])
});

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
