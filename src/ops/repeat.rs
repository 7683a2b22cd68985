//! The same elements several times, or further on: repeat, tile, roll, meshgrid.
#![forbid(unsafe_code)]

use super::{Range, view::place};
use crate::{
    Shape,
    shape::resolve,
    value::{Interp, Value},
};

/// Which way [`Value::meshgrid`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Indexing {
    /// As a matrix: the first value runs along the first axis.
    #[default]
    Ij,
    /// As a picture: the first two axes exchanged.
    Xy,
}

impl<I: Interp> Value<I> {
    /// The elements moved on by shifts along axes, those that leave coming in at the other end. Without
    /// axes, one shift moves the flattened elements.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.roll(&[1], &[1]), Tensor::from([[3.0, 1.0, 2.0], [6.0, 4.0, 5.0]]));
    /// assert_eq!(x.roll(&[-1], &[]), Tensor::from([[2.0, 3.0, 4.0], [5.0, 6.0, 1.0]]));
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range, or there is not one shift for each.
    #[track_caller]
    pub fn roll(&self, shifts: &[isize], axes: &[isize]) -> Self {
        let shape = self.shape();
        if let ([shift], []) = (shifts, axes) {
            return self.reshape([shape.size()]).rolled(0, *shift).reshape(shape);
        }
        let (s, a) = (shifts.len(), axes.len());
        assert!(s == a, "gradtape: roll: {s} shifts for {a} axes of {shape}");
        let mut rolled = self.clone();
        for (&axis, &shift) in axes.iter().zip(shifts) {
            rolled = rolled.rolled(place("roll", axis, shape.rank(), shape), shift);
        }
        rolled
    }

    fn rolled(&self, axis: usize, shift: isize) -> Self {
        let size = self.shape()[axis];
        let shift = if size == 0 { 0 } else { shift.rem_euclid(size as isize) as usize };
        if shift == 0 {
            return self.clone();
        }
        let last = self.along(axis, Range { start: size - shift, count: shift, step: 1 });
        let first = self.along(axis, Range { start: 0, count: size - shift, step: 1 });
        Value::concat(&[&last, &first], axis as isize)
    }

    /// The whole, so many times along each axis. Counts beyond the axes put new ones in front.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.repeat(&[2, 2]), Tensor::from([[1.0, 2.0, 1.0, 2.0], [1.0, 2.0, 1.0, 2.0]]));
    /// ```
    ///
    /// # Panics
    /// When there are fewer counts than axes.
    #[track_caller]
    pub fn repeat(&self, counts: &[usize]) -> Self {
        let shape = self.shape();
        let Some(new) = counts.len().checked_sub(shape.rank()) else {
            panic!("gradtape: repeat: {} counts for the {} axes of {shape}", counts.len(), shape.rank());
        };
        let size = |i: usize| i.checked_sub(new).map_or(1, |i| shape[i]);
        let each = |f: &dyn Fn(usize) -> Vec<usize>| (0..counts.len()).flat_map(f).collect::<Vec<_>>();
        // Each axis behind one that is broadcast, and both merged.
        let apart = self.reshape(&each(&|i| vec![1, size(i)])[..]);
        let wide = Shape::try_new(&each(&|i| vec![counts[i], size(i)]));
        let dims = Shape::try_new(&each(&|i| vec![counts[i].saturating_mul(size(i))]));
        let (Ok(wide), Ok(dims)) = (wide, dims) else {
            panic!("gradtape: repeat: {shape}, {counts:?} times, is more than memory can hold");
        };
        apart.expand(wide).reshape(dims)
    }

    /// As [`repeat`](Self::repeat); axes without a count, in front, are repeated once.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0], [2.0]]);
    /// assert_eq!(x.tile(&[2]), Tensor::from([[1.0, 1.0], [2.0, 2.0]]));
    /// ```
    #[track_caller]
    pub fn tile(&self, counts: &[usize]) -> Self {
        let missing = self.shape().rank().saturating_sub(counts.len());
        self.repeat(&[&vec![1; missing], counts].concat())
    }

    /// Each slice along an axis several times in a row: all of them `counts[0]` times, or each as often as
    /// its own count says. Without an axis, of the flattened elements.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.repeat_interleave(&[2], Some(0)), Tensor::from([1.0, 1.0, 2.0, 2.0]));
    /// assert_eq!(x.repeat_interleave(&[0, 3], None), Tensor::from([2.0, 2.0, 2.0]));
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range, or there are neither one count nor as many as slices.
    #[track_caller]
    pub fn repeat_interleave(&self, counts: &[usize], axis: Option<isize>) -> Self {
        let Some(axis) = axis else {
            return self.reshape([self.shape().size()]).repeat_interleave(counts, Some(0));
        };
        let shape = self.shape();
        let place = place("repeat_interleave", axis, shape.rank(), shape);
        let size = shape[place];
        let fits = counts.len() == 1 || counts.len() == size;
        assert!(fits, "gradtape: repeat_interleave: {} counts for {size} slices of {shape}", counts.len());
        let times = |i: usize| counts[if counts.len() == 1 { 0 } else { i }];
        // Before the indices are written down, of which there may be more than memory can hold.
        let total = (0..size).try_fold(0usize, |sum, i| sum.checked_add(times(i)));
        let whole = total.and_then(|total| shape.with_axis(place, total).ok());
        assert!(whole.is_some(), "gradtape: repeat_interleave: {counts:?} times {shape} is too large");
        let places: Vec<usize> = (0..size).flat_map(|i| std::iter::repeat_n(i, times(i))).collect();
        self.index_select(axis, &places[..].into())
    }

    /// The coordinates of a grid: for each vector (or number), its elements along an axis of their own,
    /// broadcast to the shape of all.
    ///
    /// ```
    /// use gradtape::{Tensor, Value, ops::Indexing};
    /// let (x, y) = (Tensor::from([1.0, 2.0]), Tensor::from([5.0, 6.0, 7.0]));
    /// let grid = Value::meshgrid(&[&x, &y], Indexing::Ij);
    /// assert_eq!(grid[0], Tensor::from([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]]));
    /// assert_eq!(grid[1], Tensor::from([[5.0, 6.0, 7.0], [5.0, 6.0, 7.0]]));
    /// ```
    ///
    /// # Panics
    /// When there are none, or one has more than one axis.
    #[track_caller]
    pub fn meshgrid(values: &[&Self], indexing: Indexing) -> Vec<Self> {
        assert!(!values.is_empty(), "gradtape: meshgrid: needs at least one value");
        for value in values {
            let shape = value.shape();
            assert!(shape.rank() < 2, "gradtape: meshgrid: needs vectors, not {shape}");
        }
        let mut axes: Vec<usize> = (0..values.len()).collect();
        if indexing == Indexing::Xy && values.len() > 1 {
            axes.swap(0, 1);
        }
        let mut whole = vec![0; values.len()];
        for (value, &axis) in values.iter().zip(&axes) {
            whole[axis] = value.shape().size();
        }
        let spread = |(value, &axis): (&&Self, &usize)| {
            let mut dims = vec![1; values.len()];
            dims[axis] = value.shape().size();
            value.reshape(&dims[..]).expand(&whole[..])
        };
        values.iter().zip(&axes).map(spread).collect()
    }
}

composition!(
    Roll((Vec<isize>, Vec<isize>)),
    "roll",
    |(shifts, axes), x| vec![x[0].roll(shifts, axes)],
    |g| {
        let shape = g.shape(3);
        let count = if shape.rank() == 0 { 0 } else { g.int(0, 3) };
        let axes: Vec<isize> = (0..count).map(|_| g.axis(shape.rank())).collect();
        let shifts = (0..count.max(1)).map(|_| g.int(0, 12) as isize - 6).collect();
        ((shifts, axes), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(Repeat(Vec<usize>), "repeat", |counts, x| vec![x[0].repeat(counts)], |g| {
    let shape = g.shape(3);
    let new = g.int(0, 1);
    ((0..shape.rank() + new).map(|_| g.int(0, 2)).collect(), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Tile(Vec<usize>), "tile", |counts, x| vec![x[0].tile(counts)], |g| {
    let shape = g.shape(3);
    let count = g.int(0, 3);
    ((0..count).map(|_| g.int(0, 2)).collect(), vec![g.values(&shape, -3.0..3.0)])
});

composition!(
    RepeatInterleave((Vec<usize>, Option<isize>)),
    "repeat_interleave",
    |(counts, axis), x| vec![x[0].repeat_interleave(counts, *axis)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let axis = g.bool().then(|| g.axis(shape.rank()));
        let size =
            axis.map_or(shape.size(), |a| shape[resolve(a, shape.rank()).expect("drawn for this rank")]);
        let count = if g.bool() { 1 } else { size };
        (((0..count).map(|_| g.int(0, 2)).collect(), axis), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    Meshgrid(Indexing),
    "meshgrid",
    |indexing, x| Value::meshgrid(&x.iter().collect::<Vec<_>>(), *indexing),
    |g| {
        let count = g.int(1, 3);
        let vectors = (0..count).map(|_| {
            let shape = if g.chance(4) { Shape::scalar() } else { Shape::from([g.dim()]) };
            g.values(&shape, -3.0..3.0)
        });
        let vectors = vectors.collect();
        (g.pick(&[Indexing::Ij, Indexing::Xy]), vectors)
    }
);
