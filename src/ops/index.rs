//! Slices along an axis by a vector of indices: picked, and added, copied or filled in.
#![forbid(unsafe_code)]

use super::{Indices, lane, view::allowed};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// The slices of x along an axis that a vector of indices names. The adjoint of [`IndexSelectGrad`].
#[derive(Clone, Debug)]
pub struct IndexSelect {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// Which slices, in order; any of them several times.
    pub indices: Indices,
}

/// Zeros of a given size along an axis, with the slices of x added where a vector of indices
/// says; those of equal index add up. The adjoint of [`IndexSelect`].
#[derive(Clone, Debug)]
pub struct IndexSelectGrad {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The size of the axis in the result.
    pub size: usize,
    /// Where each slice is added.
    pub indices: Indices,
}

/// Calls `run(at in the picked, at in the whole, length)` for every run of picked elements.
fn runs(
    whole: &Shape,
    axis: usize,
    indices: &Indices,
    mut run: impl FnMut(std::ops::Range<usize>, std::ops::Range<usize>),
) {
    let (outer, size, inner) = whole.around(axis);
    for row in 0..outer {
        for (i, &place) in indices.slice().iter().enumerate() {
            let (picked, from) = ((row * indices.slice().len() + i) * inner, (row * size + place) * inner);
            run(picked..picked + inner, from..from + inner);
        }
    }
}

/// A shape, an axis of it that has elements, and a vector of indices along it.
#[inline]
fn sampled_indices(g: &mut Gen) -> (Shape, isize, Indices) {
    let (shape, axis) = lane::sampled(g);
    let number = shape.rank() == 0;
    let (size, count) = if number { (1, 1) } else { (g.int(1, 4), g.int(0, 5)) };
    let shape = shape.with_axis(lane::checked(axis, &shape), size).expect("small");
    (shape, axis, Indices::new((0..count).map(|_| g.int(0, size - 1)).collect(), [count]))
}

fn check_vector(op: &'static str, indices: &Indices) -> Result<(), OpError> {
    if indices.shape().rank() <= 1 {
        return Ok(());
    }
    Err(OpError::new(op, format!("needs a vector of indices, not {}", indices.shape())))
}

/// The shape of `count` slices of x along an axis; of a number there is but one.
fn slices(op: &'static str, x: &Shape, axis: usize, count: usize) -> Result<Shape, OpError> {
    if x.rank() == 0 && count != 1 {
        return Err(OpError::new(op, format!("{count} slices of a number, {x}")));
    }
    x.with_axis(axis, count).map_err(|why| OpError::new(op, why))
}

impl Op for IndexSelect {
    type In = One;
    type Out = One;
    const NAME: &'static str = "index_select";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        check_vector(Self::NAME, &self.indices)?;
        let axis = lane::place(Self::NAME, self.axis, x)?;
        self.indices.below(Self::NAME, x.around(axis).1, axis, x)?;
        slices(Self::NAME, x, axis, self.indices.slice().len())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = lane::checked(self.axis, &out);
        Ok(Tensor::filled(out, |out| {
            runs(x.shape(), axis, &self.indices, |to, from| out[to].copy_from_slice(&x.slice()[from]));
        }))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x_shape(0);
        let [size, _] = lane::sizes(self.axis, x);
        let op = IndexSelectGrad { axis: self.axis, size, indices: self.indices.clone() };
        Some(Value::apply(op, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_indices(g);
        Sample::new(IndexSelect { axis, indices }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, indices: Indices, says| {
            Reject::new(IndexSelect { axis, indices }, [Shape::from([2, 3])], says)
        };
        vec![
            bad(0, [0, 2].into(), "index 2 is out of range for axis 0 of [2, 3]"),
            bad(2, [0].into(), "axis 2 is out of range"),
            bad(0, Indices::new(vec![0], [1, 1]), "needs a vector of indices, not [1, 1]"),
        ]
    }
}

impl Op for IndexSelectGrad {
    type In = One;
    type Out = One;
    const NAME: &'static str = "index_select_grad";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        check_vector(Self::NAME, &self.indices)?;
        let axis = lane::place(Self::NAME, self.axis, x)?;
        let ([size, _], count) = (lane::sizes(self.axis, x), self.indices.slice().len());
        if size != count {
            let why = format!("{count} indices for the {size} slices of {x} along axis {axis}");
            return Err(OpError::new(Self::NAME, why));
        }
        let out = slices(Self::NAME, x, axis, self.size)?;
        self.indices.below(Self::NAME, self.size, axis, &out)?;
        Ok(out)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = lane::checked(self.axis, &out);
        let mut sum = Tensor::zeros(&out);
        let slice = sum.slice_mut();
        runs(&out, axis, &self.indices, |from, to| {
            for (sum, &v) in slice[to].iter_mut().zip(&x.slice()[from]) {
                *sum += v;
            }
        });
        Ok(sum)
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy.index_select(self.axis, &self.indices))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_indices(g);
        let (place, [size, _]) = (lane::checked(axis, &shape), lane::sizes(axis, &shape));
        let part = shape.with_axis(place, indices.slice().len()).expect("small");
        Sample::new(IndexSelectGrad { axis, size, indices }, [g.values(&part, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, size, indices: Indices, says| {
            Reject::new(IndexSelectGrad { axis, size, indices }, [Shape::from([2, 3])], says)
        };
        vec![
            bad(0, 4, [0, 4].into(), "index 4 is out of range for axis 0 of [4, 3]"),
            bad(0, 4, [0].into(), "1 indices for the 2 slices of [2, 3]"),
            bad(-3, 4, [0].into(), "axis -3 is out of range"),
        ]
    }
}

impl<I: Interp> Value<I> {
    /// The slices along an axis that a vector of indices names.
    ///
    /// # Panics
    /// When an index or the axis is out of range.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let rows = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(rows.index_select(0, &[1, 1].into()), Tensor::from([[3.0, 4.0], [3.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Indices) -> Self {
        Value::apply(IndexSelect { axis, indices: indices.clone() }, self.into())
    }

    /// This value with the slices of `source`, times `alpha`, added along an axis where a vector of indices
    /// says; those of equal index add up.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (x, rows) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(x.index_add(0, &[1, 1].into(), &rows, 10.0), Tensor::from([[1.0], [72.0]]));
    /// ```
    ///
    /// # Panics
    /// When the axis or an index is out of range, or `source` has not one slice of this value's shape for
    /// each index.
    #[track_caller]
    pub fn index_add(&self, axis: isize, indices: &Indices, source: &Self, alpha: f64) -> Self {
        let place = self.checked_slices("index_add", axis, indices, Some(source));
        let (_, size, _) = self.shape().around(place);
        let op = IndexSelectGrad { axis, size, indices: indices.clone() };
        let sum = Value::apply(op, source.into());
        if alpha == 1.0 { self + sum } else { self + sum * alpha }
    }

    /// This value with the slices along an axis that a vector of indices names replaced by those of
    /// `source`. Of equal indices the last wins, and has the gradient.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (x, rows) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(x.index_copy(0, &[1, 1].into(), &rows), Tensor::from([[1.0], [4.0]]));
    /// ```
    ///
    /// # Panics
    /// As [`index_add`](Self::index_add).
    #[track_caller]
    pub fn index_copy(&self, axis: isize, indices: &Indices, source: &Self) -> Self {
        let place = self.checked_slices("index_copy", axis, indices, Some(source));
        let (written, last) = self.slice_masks(place, indices);
        let op = IndexSelectGrad { axis, size: self.shape().around(place).1, indices: indices.clone() };
        let laid = Value::apply(op, last.select(source, &self.constant(0.0)).into());
        written.select(&laid, self)
    }

    /// This value with a number in place of the slices along an axis that a vector of indices names.
    ///
    /// # Panics
    /// When the axis or an index is out of range.
    #[track_caller]
    pub fn index_fill(&self, axis: isize, indices: &Indices, value: f64) -> Self {
        let place = self.checked_slices("index_fill", axis, indices, None);
        let (written, _) = self.slice_masks(place, indices);
        written.select(&self.constant(value), self)
    }

    /// The axis, when the indices name slices of this value and `source` has one for each.
    #[track_caller]
    fn checked_slices(
        &self,
        op: &'static str,
        axis: isize,
        indices: &Indices,
        source: Option<&Self>,
    ) -> usize {
        let x = self.shape();
        let place = allowed(lane::place(op, axis, x));
        allowed(check_vector(op, indices));
        allowed(indices.below(op, x.around(place).1, place, x));
        if let Some(source) = source.map(Value::shape) {
            let count = indices.slice().len();
            let fits = slices(op, x, place, count).is_ok_and(|slices| slices == *source);
            assert!(fits, "gradtape: {op}: {source} is not {count} slices of {x} along axis {place}");
        }
        place
    }

    /// Which slices along an axis are written to, and which of the writing ones are the last to write.
    fn slice_masks(&self, axis: usize, indices: &Indices) -> (Self, Self) {
        let ((_, size, _), count) = (self.shape().around(axis), indices.slice().len());
        let writers = last_writers(indices.slice().iter().copied(), size);
        let ones = Shape::from(&vec![1; self.shape().rank()][..]);
        let column = |n| ones.with_axis(axis, n).expect("not larger");
        let written = Tensor::from_fn(column(size), |place| truth(writers[place].is_some()));
        let wins = |i| writers[indices.slice()[i]] == Some(i);
        let last = Tensor::from_fn(column(count), |i| truth(wins(i)));
        (self.lift(written), self.lift(last))
    }
}

/// For each of `size` places, the last of those that write to it.
pub(super) fn last_writers(places: impl Iterator<Item = usize>, size: usize) -> Vec<Option<usize>> {
    let mut writers = vec![None; size];
    for (i, place) in places.enumerate() {
        writers[place] = Some(i);
    }
    writers
}

/// As masks say it.
pub(super) fn truth<F: Float>(yes: bool) -> F {
    if yes { F::ONE } else { F::ZERO }
}

/// A shape, an axis of it, indices, and a slice for each.
#[inline]
fn sampled_source(g: &mut Gen) -> ((isize, Indices), Vec<Tensor<f64>>) {
    let (shape, axis, indices) = sampled_indices(g);
    let place = lane::checked(axis, &shape);
    let slices = shape.with_axis(place, indices.slice().len()).expect("small");
    ((axis, indices), vec![g.values(&shape, -3.0..3.0), g.values(&slices, -3.0..3.0)])
}

composition!(
    IndexAdd((isize, Indices, f64)),
    "index_add",
    |(axis, indices, alpha), x| vec![x[0].index_add(*axis, indices, &x[1], *alpha)],
    |g| {
        let ((axis, indices), x) = sampled_source(g);
        ((axis, indices, g.pick(&[1.0, -0.5])), x)
    }
);

composition!(
    IndexCopy((isize, Indices)),
    "index_copy",
    |(axis, indices), x| vec![x[0].index_copy(*axis, indices, &x[1])],
    |g| sampled_source(g)
);

composition!(
    IndexFill((isize, Indices, f64)),
    "index_fill",
    |(axis, indices, value), x| vec![x[0].index_fill(*axis, indices, *value)],
    |g| {
        let (shape, axis, indices) = sampled_indices(g);
        ((axis, indices, g.pick(&[0.0, -1.5])), vec![g.values(&shape, -3.0..3.0)])
    }
);
