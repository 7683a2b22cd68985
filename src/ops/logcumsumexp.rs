//! The running smooth maximum.
#![forbid(unsafe_code)]

use super::{
    lane,
    scan::{LinearScan, after, head},
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::scan,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// yᵢ = ln Σⱼ≤ᵢ e^xⱼ along an axis, without overflow. As yᵢ₋₁ and xᵢ enter yᵢ with the weights e^(yᵢ₋₁−yᵢ) and
/// e^(xᵢ−yᵢ), its derivatives are linear scans. Where yᵢ is infinite the gradient is that of logsumexp.
#[derive(Clone, Copy, Debug)]
pub struct LogCumsumExp {
    /// The axis; negative ones count from the last.
    pub axis: isize,
}

impl Op for LogCumsumExp {
    type In = One;
    type Out = One;
    const NAME: &'static str = "logcumsumexp";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        lane::shape(Self::NAME, self.axis, x)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let sizes = lane::sizes(self.axis, &out);
        Ok(Tensor::filled(out, |out| scan::logcumsumexp(x.slice(), sizes, out)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let [before, here] = self.weights(s.x::<0>(), s.y::<0>());
        let scan = LinearScan { axis: self.axis, reverse: true };
        Some(Value::apply(scan, [dy.into(), before.into()]) * here)
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let [before, here] = self.weights(s.x::<0>(), s.y::<0>());
        let scan = LinearScan { axis: self.axis, reverse: false };
        Some(Value::apply(scan, [(here * dx?).into(), before.into()]))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis) = lane::sampled(g);
        Sample::new(LogCumsumExp { axis }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        lane::rejects(|axis| LogCumsumExp { axis })
    }
}

impl LogCumsumExp {
    /// ∂yᵢ/∂yᵢ₋₁ and ∂yᵢ/∂xᵢ, which sum to 1.
    fn weights<I: Interp>(&self, x: &Value<I>, y: &Value<I>) -> [Value<I>; 2] {
        let infinite = y.abs().equal(f64::INFINITY);
        let weight = |v: &Value<I>| (infinite.select(0.0, v) - infinite.select(0.0, y)).exp();
        let before = weight(&after(f64::NEG_INFINITY, y, self.axis, || head(y, self.axis)));
        let here = weight(x);
        // Of a large y the digits that tell it from x are lost; the sum, which should be 1, has them.
        let total = &before + &here;
        // Those that are inf share evenly; where all are −inf there is nothing to share.
        let hits = x.equal(f64::INFINITY);
        let share = &hits / hits.cumsum(self.axis).maximum(1.0);
        [infinite.select(&(1.0 - &share), &(before / &total)), infinite.select(&share, &(here / total))]
    }
}

impl<I: Interp> Value<I> {
    /// ln Σⱼ≤ᵢ e^xⱼ along an axis, without overflow.
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn logcumsumexp(&self, axis: isize) -> Self {
        Value::apply(LogCumsumExp { axis }, self.into())
    }
}
