//! Reductions over any axes: what they share, sum and mean.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::reduce,
    op::{One, Op, OpError, Saved, Saves},
    shape::Axes,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// How to reduce the axes that `reduced` marks: one group of neighbours after the other, the last first, each
/// the middle axis of `[outer, count, inner]`.
pub(super) fn groups(x: &Shape, reduced: impl Fn(usize) -> bool) -> SmallVec<[[usize; 3]; 2]> {
    let mut steps = SmallVec::new();
    if (0..x.rank()).all(&reduced) {
        steps.push([1, x.size(), 1]);
        return steps;
    }
    // Neighbours of the same kind are one group: (reduced, size).
    let mut groups: SmallVec<[(bool, usize); 8]> = SmallVec::new();
    for (i, &dim) in x.iter().enumerate() {
        match groups.last_mut() {
            Some((kind, size)) if *kind == reduced(i) => *size *= dim,
            _ => groups.push((reduced(i), dim)),
        }
    }
    while let Some(last) = groups.iter().rposition(|&(reduced, _)| reduced) {
        let (_, count) = groups.remove(last);
        let outer = groups[..last].iter().map(|g| g.1).product();
        let inner = groups[last..].iter().map(|g| g.1).product();
        steps.push([outer, count, inner]);
    }
    steps
}

/// Reduces the axes that `reduced` marks.
pub(super) fn reduce<F: Float>(
    x: &Tensor<F>,
    reduced: impl Fn(usize) -> bool,
    kernel: impl Fn(&[F], usize, usize, &mut [F]),
) -> Tensor<F> {
    let mut now = x.clone();
    for [outer, count, inner] in groups(x.shape(), reduced) {
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
#[inline]
pub(super) fn sampled_axes(g: &mut Gen) -> (Shape, Axes, bool) {
    let shape = g.shape(4);
    let axes = g.axes(shape.rank().max(1));
    (shape, axes, g.bool())
}

#[inline]
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

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        Sample::new(Sum { axes, keepdims }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
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
        let mean = sum(&x, |i| marked[i]).map(|v| v / n);
        if n == F::ZERO || mean.slice().iter().all(|v| v.is_finite()) {
            return Ok(mean.reshaped(out));
        }
        // The sum may have overflowed where the mean does not.
        Ok(sum(&x.map(|v| v / n), |i| marked[i]).reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x_shape(0);
        let share = unsqueezed(dy, x, &self.axes) / count(x, &self.axes) as f64;
        Some(share.expand(x))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| dx.mean_axes(self.axes.clone(), self.keepdims))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        // The mean of nothing is NaN; a kink test pins it.
        let shape = g.nonempty(shape);
        Sample::new(Mean { axes, keepdims }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        axis_rejects(|axes| Mean { axes, keepdims: false })
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
}
