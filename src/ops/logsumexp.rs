//! The smooth maximum ln Σ eˣ.
#![forbid(unsafe_code)]

use super::reduce::{axis_rejects, count, left, reduce, sampled_axes, unsqueezed};
use crate::{
    Axes, Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// ln Σ eˣ over axes, without overflow; −inf over no elements. ∂y/∂x = eˣ⁻ʸ: 0 where all are −inf, and
/// shared by those that are inf.
#[derive(Clone, Debug)]
pub struct LogSumExp {
    /// The axes reduced.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
}

impl Op for LogSumExp {
    type In = One;
    type Out = One;
    const NAME: &'static str = "logsumexp";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        left(Self::NAME, x, &self.axes, self.keepdims)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        if count(x.shape(), &self.axes) == 0 {
            return Ok(Tensor::full(out, -F::INFINITY));
        }
        if x.shape().size() == 0 {
            return Ok(Tensor::zeros(out)); // no results
        }
        let marked = self.axes.marked(x.shape().rank()).expect("shape has checked the axes");
        Ok(reduce(&x, |i| marked[i], kernels::summary::logsumexp).reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let (x, axes) = (s.x::<0>(), &self.axes);
        Some(unsqueezed(dy, x.shape(), axes) * self.weights(x, s.y::<0>()))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some((self.weights(s.x::<0>(), s.y::<0>()) * dx?).sum_axes(self.axes.clone(), self.keepdims))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        // Over no elements it is −inf; a kink test pins that.
        let shape = g.nonempty(shape);
        Sample::new(LogSumExp { axes, keepdims }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        axis_rejects(|axes| LogSumExp { axes, keepdims: false })
    }
}

impl LogSumExp {
    /// ∂y/∂x = eˣ⁻ʸ, and its limits where y is infinite.
    fn weights<I: Interp>(&self, x: &Value<I>, y: &Value<I>) -> Value<I> {
        let y = unsqueezed(y.clone(), x.shape(), &self.axes);
        let infinite = y.abs().equal(f64::INFINITY);
        let finite = (infinite.select(0.0, x) - infinite.select(0.0, &y)).exp();
        // Of a large y the digits that tell it from x are lost; the sum, which should be 1, has them.
        let finite = &finite / unsqueezed(finite.sum_axes(self.axes.clone(), true), x.shape(), &self.axes);
        let hits = x.equal(f64::INFINITY);
        let among = hits.sum_axes(self.axes.clone(), true).maximum(1.0);
        infinite.select(&(hits / unsqueezed(among, x.shape(), &self.axes)), &finite)
    }
}

impl<I: Interp> Value<I> {
    /// ln Σ eˣ over axes, without overflow; with `keepdims` they stay, with size 1.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let y = Tensor::from([1000.0, 1000.0]).logsumexp(0, false);
    /// assert_eq!(y.item(), 1000.0 + 2f64.ln());
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn logsumexp(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        Value::apply(LogSumExp { axes: axes.into(), keepdims }, self.into())
    }
}
