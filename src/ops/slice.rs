//! Ranges of axes: slices with any step, and their adjoint, which lays into zeros.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::strided,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// Which elements along one axis: from `start`, `count` of them, every `step`th.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub start: usize,
    /// How many.
    pub count: usize,
    /// The distance from one to the next; negative ones go backwards.
    pub step: isize,
}

impl Range {
    /// The place of the last element, if the range is not empty and stays within `size`.
    fn fits(&self, size: usize) -> bool {
        if self.count == 0 {
            return self.start <= size;
        }
        let reach = isize::try_from(self.count - 1).ok().and_then(|steps| steps.checked_mul(self.step));
        let last = reach.and_then(|reach| self.start.checked_add_signed(reach));
        self.step != 0 && self.count <= size && self.start < size && last.is_some_and(|last| last < size)
    }
}

impl From<std::ops::Range<usize>> for Range {
    fn from(range: std::ops::Range<usize>) -> Self {
        Range { start: range.start, count: range.end.saturating_sub(range.start), step: 1 }
    }
}

/// A range of each axis. The adjoint of [`SliceGrad`].
#[derive(Clone, Debug)]
pub struct Slice(pub SmallVec<[Range; 4]>);

/// x laid into zeros of a shape, at a range of each axis. The adjoint of [`Slice`].
#[derive(Clone, Debug)]
pub struct SliceGrad {
    /// Where x is laid.
    pub ranges: SmallVec<[Range; 4]>,
    /// The shape of the result.
    pub shape: Shape,
}

/// Offset and steps of a walk over ranges of a contiguous tensor.
fn walk(shape: &Shape, ranges: &[Range]) -> (usize, SmallVec<[isize; 6]>) {
    let own = shape.steps_as(shape);
    let offset = ranges.iter().zip(&own).map(|(range, &step)| range.start * step as usize).sum();
    // Of a single element any step is allowed, also one that cannot be taken.
    let steps = |(range, &step): (&Range, &isize)| if range.count > 1 { range.step * step } else { 0 };
    (offset, ranges.iter().zip(&own).map(steps).collect())
}

/// The shape that ranges select.
fn selected(op: &'static str, x: &Shape, ranges: &[Range]) -> Result<Shape, OpError> {
    if ranges.len() != x.rank() {
        return Err(OpError::new(op, format!("{} ranges for the {} axes of {x}", ranges.len(), x.rank())));
    }
    if let Some(axis) = (0..x.rank()).find(|&axis| !ranges[axis].fits(x[axis])) {
        let Range { start, count, step } = ranges[axis];
        let why = format!(
            "{count} elements from {start} by {step} leave axis {axis} of {x}, which has {}",
            x[axis]
        );
        return Err(OpError::new(op, why));
    }
    let dims: SmallVec<[usize; 4]> = ranges.iter().map(|range| range.count).collect();
    Ok(Shape::from(&dims[..]))
}

#[inline]
fn sampled_ranges(g: &mut Gen, shape: &Shape) -> SmallVec<[Range; 4]> {
    let draw = |&size: &usize| {
        if size == 0 {
            return Range { start: 0, count: 0, step: 1 };
        }
        let start = g.int(0, size - 1);
        let backwards = g.bool();
        let room = if backwards { start } else { size - 1 - start };
        let step = g.int(1, 2);
        let count = g.int(0, room / step + 1);
        Range { start, count, step: if backwards { -(step as isize) } else { step as isize } }
    };
    shape.iter().map(draw).collect()
}

impl Op for Slice {
    type In = One;
    type Out = One;
    const NAME: &'static str = "slice";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        selected(Self::NAME, x, &self.0)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let (offset, steps) = walk(x.shape(), &self.0);
        Ok(Tensor::filled(out.clone(), |slice| strided::gather(x.slice(), offset, &out, &steps, slice)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let op = SliceGrad { ranges: self.0.clone(), shape: s.x_shape(0).clone() };
        Some(Value::apply(op, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(4);
        let ranges = sampled_ranges(g, &shape);
        Sample::new(Slice(ranges), [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |start, count, step, says| {
            Reject::new(
                Slice(SmallVec::from_slice(&[Range { start, count, step }])),
                [Shape::from([4])],
                says,
            )
        };
        vec![
            bad(0, 5, 1, "5 elements from 0 by 1 leave axis 0 of [4]"),
            bad(1, 3, -1, "3 elements from 1 by -1 leave axis 0"),
            bad(0, 2, 0, "leave axis 0"),
            bad(5, 0, 1, "leave axis 0"),
            Reject::new(Slice(SmallVec::new()), [Shape::from([4])], "0 ranges for the 1 axes"),
        ]
    }
}

impl Op for SliceGrad {
    type In = One;
    type Out = One;
    const NAME: &'static str = "slice_grad";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let part = selected(Self::NAME, &self.shape, &self.ranges)?;
        if part == *x {
            return Ok(self.shape.clone());
        }
        Err(OpError::new(Self::NAME, format!("shape {x} is laid into a place of {part}")))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let (offset, steps) = walk(&out, &self.ranges);
        let mut laid = Tensor::zeros(out);
        strided::scatter(x.slice(), laid.slice_mut(), offset, x.shape(), &steps);
        Ok(laid)
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(Slice(self.ranges.clone()), dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(4);
        let ranges = sampled_ranges(g, &shape);
        let part = selected(Self::NAME, &shape, &ranges).expect("drawn for this shape");
        Sample::new(SliceGrad { ranges, shape }, [g.values(&part, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |count, size: usize, x: usize, says| {
            let ranges = SmallVec::from_slice(&[Range { start: 0, count, step: 1 }]);
            Reject::new(SliceGrad { ranges, shape: Shape::from([size]) }, [Shape::from([x])], says)
        };
        vec![bad(5, 4, 5, "leave axis 0"), bad(2, 4, 3, "shape [3] is laid"), bad(0, 4, 1, "place of [0]")]
    }
}

impl<I: Interp> Value<I> {
    /// A range of each axis.
    ///
    /// # Panics
    /// When there is not one range per axis, or one leaves its axis.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Range};
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// let backwards = Range { start: 2, count: 3, step: -1 };
    /// assert_eq!(x.slice_ranges(&[(1..2).into(), backwards]), Tensor::from([[6.0, 5.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn slice_ranges(&self, ranges: &[Range]) -> Self {
        Value::apply(Slice(ranges.into()), self.into())
    }

    /// The first elements along every axis, as many as a shape has.
    pub(super) fn corner(&self, shape: &Shape) -> Self {
        if self.shape() == shape { self.clone() } else { self.slice_ranges(&corner(shape)) }
    }

    /// This value as the first elements along every axis, among zeros of a shape.
    pub(super) fn laid_into_corner(&self, shape: &Shape) -> Self {
        if self.shape() == shape {
            return self.clone();
        }
        let op = SliceGrad { ranges: corner(self.shape()), shape: shape.clone() };
        Value::apply(op, self.into())
    }
}

/// From the first element along every axis.
fn corner(shape: &Shape) -> SmallVec<[Range; 4]> {
    shape.iter().map(|&count| Range { start: 0, count, step: 1 }).collect()
}
