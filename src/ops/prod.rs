//! Products: over axes, and running ones. Their gradients divide by nothing, so zeros do no harm.
#![forbid(unsafe_code)]

use super::{
    lane,
    reduce::{axis_rejects, count, left, reduce, sampled_axes, unsqueezed},
    scan::{LinearScan, after, head},
    shape::Permute,
};
use crate::{
    Axes, Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Πⱼ≤ᵢ xⱼ along an axis. As yᵢ = xᵢ·yᵢ₋₁, its derivatives are linear scans.
#[derive(Clone, Copy, Debug)]
pub struct Cumprod {
    /// The axis; negative ones count from the last.
    pub axis: isize,
}

impl Op for Cumprod {
    type In = One;
    type Out = One;
    const NAME: &'static str = "cumprod";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        lane::shape(Self::NAME, self.axis, x)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let mut y = x.own();
        kernels::scan::cumprod(y.slice_mut(), lane::sizes(self.axis, &out));
        Ok(y)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let scan = LinearScan { axis: self.axis, reverse: true };
        let g = Value::apply(scan, [dy.into(), s.x::<0>().into()]);
        Some(g * shifted(s.y::<0>(), self.axis))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let scan = LinearScan { axis: self.axis, reverse: false };
        let pushed = dx? * shifted(s.y::<0>(), self.axis);
        Some(Value::apply(scan, [pushed.into(), s.x::<0>().into()]))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis) = lane::sampled(g);
        let x = sampled_with_zeros(g, &shape);
        Sample::new(Cumprod { axis }, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        lane::rejects(|axis| Cumprod { axis })
    }
}

/// Slices along an axis one place on, after ones.
fn shifted<I: Interp>(x: &Value<I>, axis: isize) -> Value<I> {
    after(1.0, x, axis, || head(x, axis))
}

/// Numbers, often with zeros among them.
#[inline]
fn sampled_with_zeros(g: &mut Gen, shape: &Shape) -> Tensor<f64> {
    let x = g.values(shape, -2.0..2.0);
    if g.bool() { x * g.mask(shape) } else { x }
}

/// Πx over axes, pairwise; 1 over no elements. ∂y/∂xᵢ is the product of all others,
/// from running products from both ends.
#[derive(Clone, Debug)]
pub struct Prod {
    /// The axes multiplied over.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
}

impl Op for Prod {
    type In = One;
    type Out = One;
    const NAME: &'static str = "prod";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        left(Self::NAME, x, &self.axes, self.keepdims)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        Ok(reduce(&x, |i| marked[i], kernels::reduce::prod_axis).reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x::<0>();
        Some(unsqueezed(dy, x.shape(), &self.axes) * self.others(x))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some((self.others(s.x::<0>()) * dx?).sum_axes(self.axes.clone(), self.keepdims))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        // Differences of a polynomial of a higher degree would not be exact.
        let few = count(&shape, &axes) <= 8;
        let axes = if few { axes } else { Axes::from(-1) };
        let x = sampled_with_zeros(g, &shape);
        Sample::new(Prod { axes, keepdims }, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        axis_rejects(|axes| Prod { axes, keepdims: false })
    }
}

impl Prod {
    /// For each element of x the product of all others of its lane.
    fn others<I: Interp>(&self, x: &Value<I>) -> Value<I> {
        // The lanes go last, as one axis.
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        let (kept, reduced): (Vec<usize>, Vec<usize>) = (0..marked.len()).partition(|&i| !marked[i]);
        let order = Permute(kept.into_iter().chain(reduced).collect());
        let moved = Value::apply(order.clone(), x.into());
        let length = count(x.shape(), &self.axes);
        let lanes = moved.reshape([x.shape().size() / length.max(1), length]);
        let before = shifted(&lanes, 1).cumprod(1);
        let behind = shifted(&lanes.flip(&[1]), 1).cumprod(1).flip(&[1]);
        Value::apply(order.inverse(), (before * behind).reshape(moved.shape()).into())
    }
}

impl<I: Interp> Value<I> {
    /// The product of all elements; 1 when there are none. The gradient is exact at zeros.
    ///
    /// ```
    /// use gradtape::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([2.0, 0.0, 3.0]));
    /// assert_eq!(x.prod().backward().wrt(&x), &Tensor::from([0.0, 6.0, 0.0]));
    /// ```
    pub fn prod(&self) -> Self {
        self.prod_axes(Axes::All, false)
    }

    /// The product over axes; with `keepdims` they stay, with size 1. The gradient is exact at zeros.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn prod_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        Value::apply(Prod { axes: axes.into(), keepdims }, self.into())
    }

    /// The running product along an axis: yᵢ = Πⱼ≤ᵢ xⱼ. The gradient is exact at zeros.
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn cumprod(&self, axis: isize) -> Self {
        Value::apply(Cumprod { axis }, self.into())
    }
}
