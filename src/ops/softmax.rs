//! Softmax and its logarithm.
#![forbid(unsafe_code)]

use super::lane;
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::softmax,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// y = eˣ / Σ eˣ along an axis. dx = y · (dy − Σ y·dy). A lane of only −inf gives NaN.
#[derive(Clone, Copy, Debug)]
pub struct Softmax {
    /// The axis; negative ones count from the last.
    pub axis: isize,
}

/// y = x − ln Σ eˣ along an axis. dx = dy − eʸ · Σ dy. A lane of only −inf gives NaN.
#[derive(Clone, Copy, Debug)]
pub struct LogSoftmax {
    /// The axis; negative ones count from the last.
    pub axis: isize,
}

fn eval<F: Float>(
    axis: isize,
    x: &Tensor<F>,
    out: Shape,
    kernel: impl Fn(&[F], usize, usize, &mut [F]),
) -> Tensor<F> {
    let [count, inner] = lane::sizes(axis, &out);
    Tensor::filled(out, |out| {
        if !out.is_empty() {
            kernel(x.slice(), count, inner, out);
        }
    })
}

fn sample<O>(g: &mut Gen, make: impl Fn(isize) -> O) -> (O, Tensor<f64>) {
    let (shape, axis) = lane::sampled(g);
    (make(axis), g.values(&shape, -3.0..3.0))
}

impl Op for Softmax {
    type In = One;
    type Out = One;
    const NAME: &'static str = "softmax";
    const SAVES: Saves = Saves::outputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        lane::shape(Self::NAME, self.axis, x)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        Ok(eval(self.axis, &x, out, softmax::softmax))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(softmax_product(s.y::<0>(), dy, self.axis))
    }

    /// The Jacobian diag(y) − y·yᵀ is symmetric.
    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| softmax_product(s.y::<0>(), dx.clone(), self.axis))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (op, x) = sample(g, |axis| Softmax { axis });
        Sample::new(op, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        lane::rejects(|axis| Softmax { axis })
    }
}

/// y · (d − Σ y·d) along an axis: the Jacobian of softmax at output y, times d.
pub(super) fn softmax_product<I: Interp>(y: &Value<I>, d: Value<I>, axis: isize) -> Value<I> {
    let mean = (y * &d).sum_axes(axis, true);
    y * (d - mean)
}

impl Op for LogSoftmax {
    type In = One;
    type Out = One;
    const NAME: &'static str = "log_softmax";
    const SAVES: Saves = Saves::outputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        lane::shape(Self::NAME, self.axis, x)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        Ok(eval(self.axis, &x, out, softmax::log_softmax))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let total = dy.sum_axes(self.axis, true);
        Some(dy - s.y::<0>().exp() * total)
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let dx = dx?;
        Some(dx - (s.y::<0>().exp() * dx).sum_axes(self.axis, true))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (op, x) = sample(g, |axis| LogSoftmax { axis });
        Sample::new(op, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        lane::rejects(|axis| LogSoftmax { axis })
    }
}

impl<I: Interp> Value<I> {
    /// eˣ / Σ eˣ along an axis.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn softmax(&self, axis: isize) -> Self {
        Value::apply(Softmax { axis }, self.into())
    }

    /// x − ln Σ eˣ along an axis: the logarithm of [`softmax`](Self::softmax), without overflow.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn log_softmax(&self, axis: isize) -> Self {
        Value::apply(LogSoftmax { axis }, self.into())
    }
}
