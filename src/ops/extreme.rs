//! The greatest and the least: over any axes, sharing among ties; along one axis, with an index.
#![forbid(unsafe_code)]

use super::{
    Indices, lane,
    reduce::{axis_rejects, count, left, reduce, sampled_axes, sum},
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::{place::argmax_axis, reduce::max_axis},
    op::{Fix, One, Op, OpError, Saved, Saves},
    shape::Axes,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// The greatest over axes; NaN if any is. The gradient is shared evenly among ties.
#[derive(Clone, Debug)]
pub struct Max {
    /// The axes reduced.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
}

impl Op for Max {
    type In = One;
    type Out = One;
    const NAME: &'static str = "max";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let out = left(Self::NAME, x, &self.axes, self.keepdims)?;
        if count(x, &self.axes) == 0 && out.size() > 0 {
            return Err(OpError::new(Self::NAME, format!("nothing is extreme among no elements of {x}")));
        }
        Ok(out)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        Ok(reduce(&x, |i| marked[i], max_axis).reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x::<0>();
        let kept = left(Self::NAME, x.shape(), &self.axes, true).expect("shape has checked the axes");
        let dy = dy.reshape(kept);
        Some(Value::apply(TieSpread { axes: self.axes.clone() }, [dy.into(), x.into()]))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let dy = Value::apply(TieCollect { axes: self.axes.clone() }, [dx?.into(), s.x::<0>().into()]);
        Some(dy.reshape(s.y_shape(0)))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        let shape = g.nonempty(shape);
        Sample::new(Max { axes, keepdims }, [g.distinct(&shape)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let mut rejects = axis_rejects(|axes| Max { axes, keepdims: false });
        let empty = Max { axes: Axes::from(0), keepdims: false };
        rejects.push(Reject::new(empty, [Shape::from([0, 3])], "extreme among no elements"));
        rejects
    }
}

/// Shares d evenly among the places where x is greatest over axes, 0 elsewhere. Linear in d; x
/// only says where, and has no gradient. The adjoint of [`TieCollect`].
#[derive(Clone, Debug)]
pub struct TieSpread {
    /// The axes reduced.
    pub axes: Axes,
}

/// The mean of d over the places where x is greatest over axes. Linear in d; x only says where,
/// and has no gradient. The adjoint of [`TieSpread`].
#[derive(Clone, Debug)]
pub struct TieCollect {
    /// The axes reduced.
    pub axes: Axes,
}

/// Where x is greatest over the axes, as weights that sum to 1; NaN at NaN.
fn tie_weights<F: Float>(x: &Tensor<F>, axes: &Axes) -> Tensor<F> {
    let marked = axes.marked(x.shape().rank()).expect("shape has checked the axes");
    let kept = left("max", x.shape(), axes, true).expect("shape has checked the axes");
    let top = reduce(x, |i| marked[i], max_axis).reshaped(kept.clone());
    let hits = x.equal(&top);
    let ties = sum(&hits, |i| marked[i]).reshaped(kept);
    // Where the greatest is NaN nothing equals it: 0/0 marks the lane, x/x the element in it.
    let nan = x.equal(x).select(&x.constant(0.0), x);
    hits.select(&ties.recip(), &nan)
}

fn check_tie_shapes(op: &'static str, reduced: &Shape, x: &Shape, axes: &Axes) -> Result<(), OpError> {
    let kept = left(op, x, axes, true)?;
    if *reduced == kept {
        return Ok(());
    }
    Err(OpError::new(op, format!("shape {reduced} is not {kept}, that of {x} reduced")))
}

impl Op for TieSpread {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "tie_spread";
    const SAVES: Saves = Saves::inputs([1]);

    fn shape(&self, [d, x]: [&Shape; 2]) -> Result<Shape, OpError> {
        check_tie_shapes(Self::NAME, d, x, &self.axes)?;
        Ok(x.clone())
    }

    fn eval<F: Float>(&self, [d, x]: [Arg<'_, Eager<F>>; 2], _: Shape) -> Result<Tensor<F>, OpError> {
        let weights = tie_weights(&x, &self.axes);
        // Selected, so that an infinite d does not turn the zeros into NaN.
        Ok(weights.select(&(&weights * &*d), &weights.constant(0.0)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: [bool; 2]) -> [Option<Value<I>>; 2] {
        let op = TieCollect { axes: self.axes.clone() };
        [Some(Value::apply(op, [dy.into(), s.x::<1>().into()])), None]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [d, _]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        Some(Value::apply(self.clone(), [d?.into(), s.x::<1>().into()]))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, _) = sampled_axes(g);
        let shape = g.nonempty(shape);
        let kept = left(Self::NAME, &shape, &axes, true).expect("drawn for this shape");
        Sample::new(TieSpread { axes }, [g.values(&kept, -3.0..3.0), g.distinct(&shape)]).constant(1)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |d: &[usize], axes: Axes, says| {
            Reject::new(TieSpread { axes }, [Shape::from(d), Shape::from([2, 3])], says)
        };
        vec![
            bad(&[2], Axes::from(1), "[2] is not [2, 1]"),
            bad(&[2, 3], Axes::All, "is not [1, 1]"),
            bad(&[2, 1], Axes::from(2), "out of range"),
        ]
    }
}

impl Op for TieCollect {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "tie_collect";
    const SAVES: Saves = Saves::inputs([1]);

    fn shape(&self, [d, x]: [&Shape; 2]) -> Result<Shape, OpError> {
        if d != x {
            return Err(OpError::new(Self::NAME, format!("shapes {d} and {x} differ")));
        }
        left(Self::NAME, x, &self.axes, true)
    }

    fn eval<F: Float>(&self, [d, x]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let weights = tie_weights(&x, &self.axes);
        let parts = weights.select(&(&weights * &*d), &weights.constant(0.0));
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        Ok(sum(&parts, |i| marked[i]).reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: [bool; 2]) -> [Option<Value<I>>; 2] {
        let op = TieSpread { axes: self.axes.clone() };
        [Some(Value::apply(op, [dy.into(), s.x::<1>().into()])), None]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [d, _]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        Some(Value::apply(self.clone(), [d?.into(), s.x::<1>().into()]))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, _) = sampled_axes(g);
        let shape = g.nonempty(shape);
        Sample::new(TieCollect { axes }, [g.values(&shape, -3.0..3.0), g.distinct(&shape)]).constant(1)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |d: &[usize], axes: Axes, says| {
            Reject::new(TieCollect { axes }, [Shape::from(d), Shape::from([2, 3])], says)
        };
        vec![
            bad(&[2], Axes::from(1), "[2] and [2, 3] differ"),
            bad(&[2, 3], Axes::from(5), "out of range"),
            bad(&[2, 3], Axes::from([0, 0]), "named twice"),
        ]
    }
}

impl<I: Interp> Value<I> {
    /// The greatest of all elements; ties share the gradient evenly.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn max(&self) -> Self {
        self.max_axes(Axes::All, false)
    }

    /// The greatest over axes; ties share the gradient evenly. With `keepdims` the axes stay,
    /// with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice, or there are no elements along it.
    #[track_caller]
    pub fn max_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        Value::apply(Max { axes: axes.into(), keepdims }, self.into())
    }

    /// The greatest along an axis and its index (the first of equals). The gradient goes to that
    /// one element.
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (values, places) = Tensor::from([[1.0, 5.0, 5.0], [7.0, 0.0, 2.0]]).max_dim(1, false);
    /// assert_eq!(values, Tensor::from([5.0, 7.0]));
    /// assert_eq!(places.slice(), [1, 0]);
    /// ```
    #[track_caller]
    pub fn max_dim(&self, axis: isize, keepdims: bool) -> (Self, Indices) {
        self.pick("max_dim", axis, keepdims, argmax_axis)
    }

    /// The least of all elements; ties share the gradient evenly, NaN wins.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn min(&self) -> Self {
        self.min_as("min", Axes::All, false)
    }

    /// The least over axes; ties share the gradient evenly, NaN wins. With `keepdims` the axes stay,
    /// with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice, or there are no elements along it.
    #[track_caller]
    pub fn min_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.min_as("min_axes", axes, keepdims)
    }

    /// As [`max_axes`](Self::max_axes), for a method of this name.
    #[track_caller]
    pub(super) fn max_as(&self, name: &'static str, axes: impl Into<Axes>, keepdims: bool) -> Self {
        Value::apply_as(name, Max { axes: axes.into(), keepdims }, self.into())
    }

    /// As [`min_axes`](Self::min_axes), for a method of this name.
    #[track_caller]
    pub(super) fn min_as(&self, name: &'static str, axes: impl Into<Axes>, keepdims: bool) -> Self {
        -(-self).max_as(name, axes, keepdims)
    }

    /// The least along an axis and its index (the first of equals). The gradient goes to that one
    /// element.
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    pub fn min_dim(&self, axis: isize, keepdims: bool) -> (Self, Indices) {
        let (values, places) = (-self).pick("min_dim", axis, keepdims, argmax_axis);
        (-values, places)
    }

    /// The index of the greatest of all elements in row-major order: the first of equals, the first NaN
    /// if any.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn argmax(&self) -> usize {
        self.tensor().reshape([self.shape().size()]).pick("argmax", 0, false, argmax_axis).1.slice()[0]
    }

    /// The index of the greatest along an axis: the first of equals, the first NaN if any.
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    pub fn argmax_dim(&self, axis: isize, keepdims: bool) -> Indices {
        self.tensor().pick("argmax_dim", axis, keepdims, argmax_axis).1
    }

    /// The index of the least of all elements in row-major order: the first of equals, the first NaN if
    /// any.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn argmin(&self) -> usize {
        (-self.tensor()).reshape([self.shape().size()]).pick("argmin", 0, false, argmax_axis).1.slice()[0]
    }

    /// The index of the least along an axis: the first of equals, the first NaN if any.
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    pub fn argmin_dim(&self, axis: isize, keepdims: bool) -> Indices {
        (-self.tensor()).pick("argmin_dim", axis, keepdims, argmax_axis).1
    }
}

/// A shape with elements, an axis of it, and whether it stays.
#[inline]
fn sampled_axis(g: &mut Gen) -> (Shape, isize, bool) {
    let (shape, axis) = lane::sampled(g);
    (g.nonempty(shape), axis, g.bool())
}

composition!(MaxDim((isize, bool)), "max_dim", |(axis, keep), x| vec![x[0].max_dim(*axis, *keep).0], |g| {
    let (shape, axis, keep) = sampled_axis(g);
    ((axis, keep), vec![g.distinct(&shape)])
});

composition!(
    MinAxes((Axes, bool)),
    "min_axes",
    |(axes, keep), x| vec![x[0].min_axes(axes.clone(), *keep)],
    |g| {
        let (shape, axes, keep) = sampled_axes(g);
        let shape = g.nonempty(shape);
        ((axes, keep), vec![g.distinct(&shape)])
    }
);

composition!(MinDim((isize, bool)), "min_dim", |(axis, keep), x| vec![x[0].min_dim(*axis, *keep).0], |g| {
    let (shape, axis, keep) = sampled_axis(g);
    ((axis, keep), vec![g.distinct(&shape)])
});
