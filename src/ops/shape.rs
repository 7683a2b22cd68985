//! Ops that move elements and change none: reshape, permute, slice, concat, split.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::strided,
    op::{Many, One, Op, OpError, Saved, Saves},
    shape::resolve,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// The same elements under another shape.
#[derive(Clone, Debug)]
pub struct Reshape(pub Shape);

impl Op for Reshape {
    type In = One;
    type Out = One;
    const NAME: &'static str = "reshape";
    const SAVES: Saves = Saves::NONE;

    #[inline]
    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        if x.size() == self.0.size() {
            return Ok(self.0.clone());
        }
        let why = format!("{} elements of {x} do not fill {}", x.size(), self.0);
        Err(OpError::new(Self::NAME, why))
    }

    #[inline]
    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        Ok(x.own().reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(Reshape(s.x_shape(0).clone()), dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| dx.reshape(&self.0))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let from = g.shape(4);
        // Merge two neighbours, append ones, or flatten.
        let mut to = from.to_vec();
        match g.int(0, 3) {
            0 if to.len() > 1 => {
                let at = g.int(0, to.len() - 2);
                let merged = to.remove(at);
                to[at] *= merged;
            }
            1 => to.insert(g.int(0, from.rank()), 1),
            2 => to.reverse(),
            _ => to = vec![from.size()],
        }
        Sample::new(Reshape(Shape::from(&to[..])), [g.values(&from, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |to: &[usize], x: &[usize]| {
            Reject::new(Reshape(Shape::from(to)), [Shape::from(x)], "do not fill")
        };
        vec![bad(&[2, 3], &[5]), bad(&[], &[2]), bad(&[0], &[1])]
    }
}

/// The axes in another order: axis i of the result is axis `order[i]` of x.
#[derive(Clone, Debug)]
pub struct Permute(pub SmallVec<[usize; 4]>);

impl Permute {
    fn inverse(&self) -> Permute {
        let mut inverse = SmallVec::from_elem(0, self.0.len());
        for (i, &axis) in self.0.iter().enumerate() {
            inverse[axis] = i;
        }
        Permute(inverse)
    }
}

impl Op for Permute {
    type In = One;
    type Out = One;
    const NAME: &'static str = "permute";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let mut seen: SmallVec<[usize; 4]> = self.0.clone();
        seen.sort_unstable();
        if !seen.iter().copied().eq(0..x.rank()) {
            let why = format!("{:?} is not an order of the {} axes of {x}", self.0.as_slice(), x.rank());
            return Err(OpError::new(Self::NAME, why));
        }
        let dims: SmallVec<[usize; 4]> = self.0.iter().map(|&axis| x[axis]).collect();
        Ok(Shape::from(&dims[..]))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let own = x.shape().steps_as(x.shape());
        let steps: SmallVec<[isize; 6]> = self.0.iter().map(|&axis| own[axis]).collect();
        Ok(Tensor::filled(out.clone(), |slice| strided::gather(x.slice(), 0, &out, &steps, slice)))
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(self.inverse(), dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(5);
        let order = g.order(shape.rank());
        Sample::new(Permute(order.into()), [g.values(&shape, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |order: &[usize]| {
            Reject::new(
                Permute(order.into()),
                [Shape::from([2, 3])],
                "is not an order of the 2 axes of [2, 3]",
            )
        };
        vec![bad(&[0]), bad(&[0, 0]), bad(&[1, 2]), bad(&[0, 1, 2])]
    }
}

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
    (offset, ranges.iter().zip(&own).map(|(range, &step)| range.step * step).collect())
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

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(4);
        let ranges = sampled_ranges(g, &shape);
        Sample::new(Slice(ranges), [g.values(&shape, -3.0..3.0)])
    }

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

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(4);
        let ranges = sampled_ranges(g, &shape);
        let part = selected(Self::NAME, &shape, &ranges).expect("drawn for this shape");
        Sample::new(SliceGrad { ranges, shape }, [g.values(&part, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |count, size: usize, x: usize, says| {
            let ranges = SmallVec::from_slice(&[Range { start: 0, count, step: 1 }]);
            Reject::new(SliceGrad { ranges, shape: Shape::from([size]) }, [Shape::from([x])], says)
        };
        vec![bad(5, 4, 5, "leave axis 0"), bad(2, 4, 3, "shape [3] is laid"), bad(0, 4, 1, "place of [0]")]
    }
}

/// The operands behind each other along an axis. The adjoint of [`Split`].
#[derive(Clone, Copy, Debug)]
pub struct Concat {
    /// The axis; negative ones count from the last.
    pub axis: isize,
}

/// Parts of given sizes along an axis. The adjoint of [`Concat`].
#[derive(Clone, Debug)]
pub struct Split {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The sizes of the parts; they add up to the axis.
    pub sizes: SmallVec<[usize; 4]>,
}

/// Copies parts of `[outer, size_i, inner]` between a whole and its parts, row by row.
fn rows(whole: &Shape, axis: usize, parts: &[usize], mut copy: impl FnMut(usize, usize, usize, usize)) {
    let (outer, size, inner) = whole.around(axis);
    let mut from = 0;
    for (part, &count) in parts.iter().enumerate() {
        for row in 0..outer {
            copy(part, row * count * inner, (row * size + from) * inner, count * inner);
        }
        from += count;
    }
}

impl Op for Concat {
    type In = Many;
    type Out = One;
    const NAME: &'static str = "concat";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: SmallVec<[&Shape; 4]>) -> Result<Shape, OpError> {
        let refuse = |why| Err(OpError::new(Self::NAME, why));
        let Some(first) = x.first() else { return refuse("needs at least one operand".into()) };
        let axis = match resolve(self.axis, first.rank()) {
            Ok(axis) => axis,
            Err(why) => return refuse(format!("{why} of {first}")),
        };
        for other in &x {
            let differs = |i: usize| i != axis && other[i] != first[i];
            if other.rank() != first.rank() || (0..first.rank()).any(differs) {
                return refuse(format!("shapes {first} and {other} differ beside axis {axis}"));
            }
        }
        let total = x.iter().map(|x| x[axis]).try_fold(0usize, usize::checked_add);
        let total = total.ok_or_else(|| OpError::new(Self::NAME, "the sizes add up to too many"))?;
        first.with_axis(axis, total).map_err(|why| OpError::new(Self::NAME, why))
    }

    fn eval<F: Float>(&self, x: SmallVec<[Arg<'_, Eager<F>>; 4]>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        let sizes: SmallVec<[usize; 4]> = x.iter().map(|x| x.shape()[axis]).collect();
        Ok(Tensor::filled(out.clone(), |slice| {
            rows(&out, axis, &sizes, |part, from, to, count| {
                slice[to..to + count].copy_from_slice(&x[part].slice()[from..from + count]);
            });
        }))
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dy: Value<I>,
        _: SmallVec<[bool; 4]>,
    ) -> SmallVec<[Option<Value<I>>; 4]> {
        let axis = resolve(self.axis, dy.shape().rank()).expect("shape has checked the axis");
        let sizes = (0..s.operands()).map(|i| s.x_shape(i)[axis]).collect();
        let parts = Value::apply(Split { axis: self.axis, sizes }, dy.into());
        parts.into_iter().map(Some).collect()
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dx: SmallVec<[Option<&Value<I>>; 4]>,
    ) -> Option<Value<I>> {
        let some = dx.iter().flatten().next()?;
        let whole = dx.iter().enumerate().map(|(i, dx)| match dx {
            Some(dx) => Arg::from(*dx),
            None => some.lift(Tensor::zeros(s.x_shape(i))).into(),
        });
        Some(Value::apply(*self, whole.collect()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape_of_rank(1, 4);
        let axis = g.axis(shape.rank());
        let place = resolve(axis, shape.rank()).expect("drawn for this rank");
        let parts: Vec<Tensor<f64>> = (0..g.int(1, 3))
            .map(|_| {
                let size = g.int(0, 3);
                g.values(&shape.with_axis(place, size).expect("small"), -3.0..3.0)
            })
            .collect();
        Sample::many(Concat { axis }, parts)
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, shapes: &[&[usize]], says| {
            Reject::many(Concat { axis }, shapes.iter().map(|&s| Shape::from(s)).collect(), says)
        };
        vec![
            bad(0, &[], "needs at least one operand"),
            bad(0, &[&[2, 3], &[2, 4]], "shapes [2, 3] and [2, 4] differ beside axis 0"),
            bad(0, &[&[2], &[2, 1]], "differ"),
            bad(1, &[&[2]], "out of range"),
        ]
    }
}

impl Op for Split {
    type In = One;
    type Out = Many;
    const NAME: &'static str = "split";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<SmallVec<[Shape; 4]>, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        let axis = resolve(self.axis, x.rank()).map_err(|why| refuse(format!("{why} of {x}")))?;
        let total = self.sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        if total != Some(x[axis]) || self.sizes.is_empty() {
            let sizes = self.sizes.as_slice();
            return Err(refuse(format!("parts of sizes {sizes:?} do not make axis {axis} of {x}")));
        }
        self.sizes.iter().map(|&size| x.with_axis(axis, size).map_err(refuse)).collect()
    }

    fn eval<F: Float>(
        &self,
        x: Arg<'_, Eager<F>>,
        out: SmallVec<[Shape; 4]>,
    ) -> Result<SmallVec<[Tensor<F>; 4]>, OpError> {
        let axis = resolve(self.axis, x.shape().rank()).expect("shape has checked the axis");
        let mut parts: SmallVec<[Tensor<F>; 4]> = out.into_iter().map(Tensor::stale).collect();
        rows(x.shape(), axis, &self.sizes, |part, to, from, count| {
            parts[part].slice_mut()[to..to + count].copy_from_slice(&x.slice()[from..from + count]);
        });
        Ok(parts)
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dy: SmallVec<[Option<Value<I>>; 4]>,
        _: bool,
    ) -> Option<Value<I>> {
        let some = dy.iter().flatten().next()?.clone();
        let whole = dy.into_iter().enumerate().map(|(j, dy)| match dy {
            Some(dy) => Arg::from(dy),
            None => some.lift(Tensor::zeros(s.y_shape(j))).into(),
        });
        Some(Value::apply(Concat { axis: self.axis }, whole.collect()))
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dx: Option<&Value<I>>,
    ) -> SmallVec<[Option<Value<I>>; 4]> {
        match dx {
            Some(dx) => Value::apply(self.clone(), dx.into()).into_iter().map(Some).collect(),
            None => (0..s.results()).map(|_| None).collect(),
        }
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape_of_rank(1, 4);
        let axis = g.axis(shape.rank());
        let place = resolve(axis, shape.rank()).expect("drawn for this rank");
        let sizes: SmallVec<[usize; 4]> = (0..g.int(1, 3)).map(|_| g.int(0, 3)).collect();
        let shape = shape.with_axis(place, sizes.iter().sum()).expect("small");
        Sample::new(Split { axis, sizes }, [g.values(&shape, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, sizes: &[usize], says| {
            Reject::new(Split { axis, sizes: sizes.into() }, [Shape::from([4, 2])], says)
        };
        vec![
            bad(0, &[1, 2], "parts of sizes [1, 2] do not make axis 0 of [4, 2]"),
            bad(0, &[], "do not make axis 0"),
            bad(-3, &[4], "axis -3 is out of range"),
            bad(0, &[usize::MAX, 5], "do not make axis 0"),
        ]
    }
}

impl<I: Interp> Value<I> {
    /// The same elements under another shape.
    ///
    /// # Panics
    /// When the numbers of elements differ.
    #[inline]
    #[track_caller]
    pub fn reshape(&self, shape: impl Into<Shape>) -> Self {
        Value::apply(Reshape(shape.into()), self.into())
    }

    /// The axes in another order: axis i of the result is axis `order[i]` of this value.
    ///
    /// # Panics
    /// When `order` does not name each axis once.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::<f64>::ones([2, 3, 4]);
    /// assert_eq!(x.permute(&[2, 0, 1]).shape().dims(), [4, 2, 3]);
    /// ```
    #[track_caller]
    pub fn permute(&self, order: &[usize]) -> Self {
        Value::apply(Permute(order.into()), self.into())
    }

    /// Two axes exchanged; negative ones count from the last.
    ///
    /// # Panics
    /// When an axis is out of range.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.transpose(0, 1), Tensor::from([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]));
    /// ```
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Self {
        let rank = self.shape().rank();
        let (a, b) = match (resolve(a, rank), resolve(b, rank)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(why), _) | (_, Err(why)) => panic!("gradtape: transpose: {why} of {}", self.shape()),
        };
        let mut order: SmallVec<[usize; 4]> = (0..rank).collect();
        order.swap(a, b);
        Value::apply(Permute(order), self.into())
    }

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

    /// Values behind each other along an axis; negative ones count from the last.
    ///
    /// # Panics
    /// When there are none, or their shapes differ beside that axis.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (a, b) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(Tensor::concat(&[&a, &b], 1), Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn concat(parts: &[&Self], axis: isize) -> Self {
        Value::apply(Concat { axis }, parts.iter().map(|&part| part.into()).collect())
    }

    /// Parts of the given sizes along an axis; negative ones count from the last.
    ///
    /// # Panics
    /// When the sizes do not add up to the axis.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let parts = Tensor::from([1.0, 2.0, 3.0]).split(&[2, 1], 0);
    /// assert_eq!(parts, [Tensor::from([1.0, 2.0]), Tensor::from([3.0])]);
    /// ```
    #[track_caller]
    pub fn split(&self, sizes: &[usize], axis: isize) -> Vec<Self> {
        Value::apply(Split { axis, sizes: sizes.into() }, self.into()).into_vec()
    }
}
