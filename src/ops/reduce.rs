//! Reductions: sum, mean, max over any axes; max along one axis with its index.
#![forbid(unsafe_code)]

use super::{Indices, TakeAlongAxisGrad};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::reduce,
    op::{Fix, One, Op, OpError, Saved, Saves},
    shape::{Axes, resolve},
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// Reduces the axes that `summed` marks, one group of neighbours after the other, the last first.
fn reduce<F: Float>(
    x: &Tensor<F>,
    reduced: impl Fn(usize) -> bool,
    kernel: impl Fn(&[F], usize, usize, &mut [F]),
) -> Tensor<F> {
    if (0..x.shape().rank()).all(&reduced) {
        return Tensor::filled(Shape::from([1]), |out| kernel(x.slice(), x.shape().size(), 1, out));
    }
    // Neighbours of the same kind are one group: (reduced, size).
    let mut groups: SmallVec<[(bool, usize); 8]> = SmallVec::new();
    for (i, &dim) in x.shape().iter().enumerate() {
        match groups.last_mut() {
            Some((kind, size)) if *kind == reduced(i) => *size *= dim,
            _ => groups.push((reduced(i), dim)),
        }
    }
    let mut now = x.clone();
    while let Some(last) = groups.iter().rposition(|&(reduced, _)| reduced) {
        let (_, count) = groups.remove(last);
        let outer: usize = groups[..last].iter().map(|g| g.1).product();
        let inner: usize = groups[last..].iter().map(|g| g.1).product();
        now = Tensor::filled(Shape::from([outer * inner]), |out| {
            if !out.is_empty() {
                kernel(now.slice(), count, inner, out);
            }
        });
    }
    now
}

/// The sum over the axes that `summed` marks, flat.
pub(super) fn sum<F: Float>(x: &Tensor<F>, summed: impl Fn(usize) -> bool) -> Tensor<F> {
    reduce(x, summed, reduce::sum_axis)
}

/// The shape that is left when the marked axes are reduced.
pub(super) fn left(op: &'static str, x: &Shape, axes: &Axes, keepdims: bool) -> Result<Shape, OpError> {
    if matches!(axes, Axes::All) && !keepdims {
        return Ok(Shape::scalar());
    }
    let marked = axes.marked(x.rank()).map_err(|why| OpError::new(op, format!("{why} of {x}")))?;
    let kept = x.iter().zip(&marked).filter(|&(_, &marked)| keepdims || !marked);
    let dims: SmallVec<[usize; 8]> = kept.map(|(&dim, &marked)| if marked { 1 } else { dim }).collect();
    Ok(Shape::from(&dims[..]))
}

/// The number of elements that each result stands for.
pub(super) fn count(x: &Shape, axes: &Axes) -> usize {
    let marked = axes.marked(x.rank()).expect("shape has checked the axes");
    x.iter().zip(&marked).filter(|&(_, &marked)| marked).map(|(&dim, _)| dim).product()
}

/// A reduced value with its axes put back, as `x` was reduced with `keepdims`.
pub(super) fn unsqueezed<I: Interp>(y: Value<I>, x: &Shape, axes: &Axes) -> Value<I> {
    if y.shape().rank() == 0 || y.shape().rank() == x.rank() {
        return y; // a number broadcasts to any shape; kept axes are there already
    }
    y.reshape(left("reduce", x, axes, true).expect("shape has checked the axes"))
}

/// A shape and axes of it.
pub(super) fn sampled_axes(g: &mut Gen) -> (Shape, Axes, bool) {
    let shape = g.shape(4);
    let axes = g.axes(shape.rank());
    (shape, axes, g.bool())
}

pub(super) fn axis_rejects<O: Op>(make: impl Fn(Axes) -> O) -> Vec<Reject<O>> {
    let bad = |axes: Axes, says| Reject::new(make(axes), [Shape::from([2, 3])], says);
    vec![
        bad(Axes::from(2), "axis 2 is out of range for 2 axes"),
        bad(Axes::from(-3), "axis -3 is out of range"),
        bad(Axes::from([1, -1]), "named twice"),
    ]
}

/// Σx over axes, pairwise. The gradient is spread over them.
#[derive(Clone, Debug)]
pub struct Sum {
    /// The axes summed over.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
}

impl Op for Sum {
    type In = One;
    type Out = One;
    const NAME: &'static str = "sum";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        left(Self::NAME, x, &self.axes, self.keepdims)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        Ok(sum(&x, |i| marked[i]).reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(unsqueezed(dy, s.x_shape(0), &self.axes).expand(s.x_shape(0)))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| dx.sum_axes(self.axes.clone(), self.keepdims))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        Sample::new(Sum { axes, keepdims }, [g.values(&shape, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        axis_rejects(|axes| Sum { axes, keepdims: false })
    }
}

/// Σx/n over axes of n elements together; NaN when n = 0. The gradient is spread over them.
#[derive(Clone, Debug)]
pub struct Mean {
    /// The axes averaged over.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
}

impl Op for Mean {
    type In = One;
    type Out = One;
    const NAME: &'static str = "mean";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        left(Self::NAME, x, &self.axes, self.keepdims)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let n = F::of(count(x.shape(), &self.axes) as f64);
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        let mut mean = sum(&x, |i| marked[i]).reshaped(out);
        mean.slice_mut().iter_mut().for_each(|v| *v = *v / n);
        Ok(mean)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x_shape(0);
        let share = unsqueezed(dy, x, &self.axes) / count(x, &self.axes) as f64;
        Some(share.expand(x))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| dx.mean_axes(self.axes.clone(), self.keepdims))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        // The mean of nothing is NaN; a kink test pins it.
        let shape = g.nonempty(shape);
        Sample::new(Mean { axes, keepdims }, [g.values(&shape, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        axis_rejects(|axes| Mean { axes, keepdims: false })
    }
}

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
            return Err(OpError::new(Self::NAME, format!("nothing is greatest among no elements of {x}")));
        }
        Ok(out)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        Ok(reduce(&x, |i| marked[i], reduce::max_axis).reshaped(out))
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

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        let shape = g.nonempty(shape);
        Sample::new(Max { axes, keepdims }, [g.distinct(&shape)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let mut rejects = axis_rejects(|axes| Max { axes, keepdims: false });
        let empty = Max { axes: Axes::from(0), keepdims: false };
        rejects.push(Reject::new(empty, [Shape::from([0, 3])], "greatest among no elements"));
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
    let top = reduce(x, |i| marked[i], reduce::max_axis).reshaped(kept.clone());
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

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, _) = sampled_axes(g);
        let shape = g.nonempty(shape);
        let kept = left(Self::NAME, &shape, &axes, true).expect("drawn for this shape");
        Sample::new(TieSpread { axes }, [g.values(&kept, -3.0..3.0), g.distinct(&shape)]).constant(1)
    }

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

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, _) = sampled_axes(g);
        let shape = g.nonempty(shape);
        Sample::new(TieCollect { axes }, [g.values(&shape, -3.0..3.0), g.distinct(&shape)]).constant(1)
    }

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

/// The greatest along one axis and its index: the first of equals, the first NaN if any. The
/// gradient goes to that element; the index has none.
#[derive(Clone, Copy, Debug)]
pub struct MaxDim {
    /// The axis reduced; negative ones count from the last.
    pub axis: isize,
    /// Whether it stays, with size 1.
    pub keepdims: bool,
}

impl Op for MaxDim {
    type In = One;
    type Out = Fix<2>;
    const NAME: &'static str = "max_dim";
    const SAVES: Saves = Saves::outputs([1]);

    fn shape(&self, x: &Shape) -> Result<[Shape; 2], OpError> {
        let out = left(Self::NAME, x, &Axes::from(self.axis), self.keepdims)?;
        if count(x, &Axes::from(self.axis)) == 0 && out.size() > 0 {
            return Err(OpError::new(Self::NAME, format!("nothing is greatest among no elements of {x}")));
        }
        Ok([out.clone(), out])
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, [out, _]: [Shape; 2]) -> Result<[Tensor<F>; 2], OpError> {
        let axis = resolve(self.axis, x.shape().rank()).expect("shape has checked the axis");
        let (_, count, inner) = x.shape().around(axis);
        if count as u64 > 1 << F::DIGITS {
            let why = format!("an index up to {count} is not exact in this precision");
            return Err(OpError::new(Self::NAME, why));
        }
        let places = Tensor::filled(out.clone(), |out| reduce::argmax_axis(x.slice(), count, inner, out));
        let values = Tensor::from_fn(&out, |i| {
            let place = places.slice()[i].to_f64() as usize;
            x.slice()[(i / inner * count + place) * inner + i % inner]
        });
        Ok([values, places])
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: [Option<Value<I>>; 2], _: bool) -> Option<Value<I>> {
        let [dy, _] = dy;
        let x = s.x_shape(0);
        let places = self.places(s.y::<1>(), x);
        let dy = dy?.reshape(places.shape());
        let size = x[resolve(self.axis, x.rank()).expect("shape has checked the axis")];
        let op = TakeAlongAxisGrad { axis: self.axis, size, indices: places };
        Some(Value::apply(op, dy.into()))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> [Option<Value<I>>; 2] {
        let dy = dx.map(|dx| {
            let places = self.places(s.y::<1>(), dx.shape());
            dx.take_along_axis(self.axis, &places).reshape(s.y_shape(0))
        });
        [dy, None]
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape_of_rank(1, 4);
        let shape = g.nonempty(shape);
        let op = MaxDim { axis: g.axis(shape.rank()), keepdims: g.bool() };
        Sample::new(op, [g.distinct(&shape)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad =
            |axis, x: &[usize], says| Reject::new(MaxDim { axis, keepdims: false }, [Shape::from(x)], says);
        vec![
            bad(2, &[2, 3], "axis 2 is out of range"),
            bad(0, &[], "out of range for 0 axes"),
            bad(-2, &[0, 3], "greatest among no elements"),
        ]
    }
}

impl MaxDim {
    /// The second result as indices into an operand of shape `x`.
    fn places<I: Interp>(&self, y: &Value<I>, x: &Shape) -> Indices {
        let kept = left(Self::NAME, x, &Axes::from(self.axis), true).expect("shape has checked the axis");
        Indices::new(y.tensor().slice().iter().map(|v| v.to_f64() as usize).collect(), kept)
    }
}

impl<I: Interp> Value<I> {
    /// The sum of all elements.
    #[inline]
    pub fn sum(&self) -> Self {
        self.sum_axes(Axes::All, false)
    }

    /// The sum over axes; with `keepdims` they stay, with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn sum_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        Value::apply(Sum { axes: axes.into(), keepdims }, self.into())
    }

    /// The mean of all elements; NaN when there are none.
    pub fn mean(&self) -> Self {
        self.mean_axes(Axes::All, false)
    }

    /// The mean over axes; with `keepdims` they stay, with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn mean_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        Value::apply(Mean { axes: axes.into(), keepdims }, self.into())
    }

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
        let [values, places] = Value::apply(MaxDim { axis, keepdims }, self.into());
        let indices = places.tensor().slice().iter().map(|v| v.to_f64() as usize).collect();
        let shape = values.shape().clone();
        (values, Indices::new(indices, shape))
    }
}
