//! Scans: each element of the result takes in all of x up to its place along an axis.
#![forbid(unsafe_code)]

use super::{Expand, arithmetic::add_tangents, lane};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::scan,
    op::{Fix, One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// yᵢ = Σⱼ≤ᵢ xⱼ along an axis, or Σⱼ≥ᵢ xⱼ in reverse, added one after the other. Linear; each direction is
/// the other's adjoint.
#[derive(Clone, Copy, Debug)]
pub struct Cumsum {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// Whether it runs from the last to the first.
    pub reverse: bool,
}

impl Op for Cumsum {
    type In = One;
    type Out = One;
    const NAME: &'static str = "cumsum";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        lane::shape(Self::NAME, self.axis, x)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let mut y = x.own();
        scan::cumsum(y.slice_mut(), lane::sizes(self.axis, &out), self.reverse);
        Ok(y)
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(Cumsum { reverse: !self.reverse, ..*self }, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(*self, dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis) = lane::sampled(g);
        Sample::new(Cumsum { axis, reverse: g.bool() }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        lane::rejects(|axis| Cumsum { axis, reverse: false })
    }
}

/// yᵢ = xᵢ + aᵢ·yᵢ₋₁ along an axis, starting at y₀ = x₀; or the adjoint in x, yᵢ = xᵢ + aᵢ₊₁·yᵢ₊₁, in reverse
/// (Blelloch: Prefix Sums and Their Applications, 1990, §1.4). With g the other direction's scan of dy,
/// dx = g and daᵢ = gᵢ·yᵢ₋₁, in reverse gᵢ₋₁·yᵢ.
#[derive(Clone, Copy, Debug)]
pub struct LinearScan {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// Whether it runs from the last to the first.
    pub reverse: bool,
}

impl Op for LinearScan {
    /// x and a.
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "linear_scan";
    const SAVES: Saves = Saves::inputs([1]).and(Saves::outputs([0]));

    fn shape(&self, [x, a]: [&Shape; 2]) -> Result<Shape, OpError> {
        if x != a {
            return Err(OpError::new(Self::NAME, format!("shapes {x} and {a} differ")));
        }
        lane::shape(Self::NAME, self.axis, x)
    }

    fn eval<F: Float>(&self, [x, a]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let mut y = x.own();
        scan::linear(a.slice(), y.slice_mut(), lane::sizes(self.axis, &out), self.reverse);
        Ok(y)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (a, y, axis) = (s.x::<1>(), s.y::<0>(), self.axis);
        let other = LinearScan { reverse: !self.reverse, ..*self };
        let g = Value::apply(other, [dy.into(), a.into()]);
        let da = want[1].then(|| match self.reverse {
            false => after(0.0, &g, axis, || tail(&g, axis) * head(y, axis)),
            true => after(0.0, &g, axis, || head(&g, axis) * tail(y, axis)),
        });
        [Some(g), da]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [dx, da]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        let (a, y, axis) = (s.x::<1>(), s.y::<0>(), self.axis);
        let turned = da.map(|da| match self.reverse {
            false => after(0.0, da, axis, || tail(da, axis) * head(y, axis)),
            true => before(0.0, da, axis, || tail(da, axis) * tail(y, axis)),
        });
        Some(Value::apply(*self, [add_tangents(dx.cloned(), turned)?.into(), a.into()]))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis) = lane::sampled(g);
        let op = LinearScan { axis, reverse: g.bool() };
        Sample::new(op, [g.values(&shape, -3.0..3.0), g.values(&shape, -1.5..1.5)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, x: &[usize], a: &[usize], says| {
            let op = LinearScan { axis, reverse: false };
            Reject::new(op, [Shape::from(x), Shape::from(a)], says)
        };
        vec![
            bad(0, &[2, 3], &[3], "shapes [2, 3] and [3] differ"),
            bad(2, &[2, 3], &[2, 3], "axis 2 is out of range"),
            bad(-2, &[], &[], "axis -2 is out of range for 0 axes of []"),
        ]
    }
}

/// All slices along an axis but the last.
pub(super) fn head<I: Interp>(x: &Value<I>, axis: isize) -> Value<I> {
    let [count, _] = lane::sizes(axis, x.shape());
    x.narrow(axis, 0, count - 1)
}

/// All slices along an axis but the first.
pub(super) fn tail<I: Interp>(x: &Value<I>, axis: isize) -> Value<I> {
    let [count, _] = lane::sizes(axis, x.shape());
    x.narrow(axis, 1, count - 1)
}

/// A slice of this number along an axis of x, and whether x has others; none where x has none.
fn border<I: Interp>(number: f64, x: &Value<I>, axis: isize) -> (Value<I>, bool) {
    let [count, _] = lane::sizes(axis, x.shape());
    let slice = x.shape().with_axis(lane::checked(axis, x.shape()), count.min(1)).expect("not larger");
    (x.constant(number).expand(slice), count > 1)
}

/// A slice of this number along an axis of x, and after it the others, as many as x has.
pub(super) fn after<I: Interp>(
    number: f64,
    x: &Value<I>,
    axis: isize,
    others: impl FnOnce() -> Value<I>,
) -> Value<I> {
    let (first, more) = border(number, x, axis);
    if more { Value::concat(&[&first, &others()], axis) } else { first }
}

/// A slice of this number along an axis of x, and before it the others, as many as x has.
fn before<I: Interp>(number: f64, x: &Value<I>, axis: isize, others: impl FnOnce() -> Value<I>) -> Value<I> {
    let (last, more) = border(number, x, axis);
    if more { Value::concat(&[&others(), &last], axis) } else { last }
}

impl<I: Interp> Value<I> {
    /// The running sum along an axis: yᵢ = Σⱼ≤ᵢ xⱼ.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).cumsum(0), Tensor::from([1.0, 3.0, 6.0]));
    /// ```
    ///
    /// A number has one element along the axis 0 or −1.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Self {
        Value::apply(Cumsum { axis, reverse: false }, self.into())
    }

    /// The linear recurrence yᵢ = xᵢ + decayᵢ·yᵢ₋₁ along an axis, starting at x₀: a moving average, a
    /// discounted sum, a diagonal state space. The decay broadcasts to x; its first slice is not used.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 0.0, 4.0]);
    /// assert_eq!(x.linear_scan(&Tensor::from([0.5]), 0), Tensor::from([1.0, 0.5, 4.25]));
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or the decay does not broadcast to x.
    #[track_caller]
    pub fn linear_scan(&self, decay: &Self, axis: isize) -> Self {
        let decay = Value::apply_as("linear_scan", Expand(self.shape().clone()), decay.into());
        Value::apply(LinearScan { axis, reverse: false }, [self.into(), (&decay).into()])
    }
}
