//! Running sums along an axis.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    op::{One, Op, OpError, Saved, Saves},
    shape::resolve,
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
        match resolve(self.axis, x.rank()) {
            Ok(_) => Ok(x.clone()),
            Err(why) => Err(OpError::new(Self::NAME, format!("{why} of {x}"))),
        }
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        let (outer, count, inner) = out.around(axis);
        let mut y = x.own();
        let slice = y.slice_mut();
        for block in 0..outer {
            let block = &mut slice[block * count * inner..][..count * inner];
            for step in 1..count {
                let (from, to) =
                    if self.reverse { (count - step, count - step - 1) } else { (step - 1, step) };
                for i in 0..inner {
                    let before = block[from * inner + i];
                    block[to * inner + i] += before;
                }
            }
        }
        Ok(y)
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(Cumsum { reverse: !self.reverse, ..*self }, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(*self, dx.into()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape_of_rank(1, 4);
        let op = Cumsum { axis: g.axis(shape.rank()), reverse: g.bool() };
        Sample::new(op, [g.values(&shape, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad =
            |axis, x: &[usize], says| Reject::new(Cumsum { axis, reverse: false }, [Shape::from(x)], says);
        vec![
            bad(2, &[2, 3], "axis 2 is out of range for 2 axes of [2, 3]"),
            bad(-3, &[2, 3], "axis -3 is out of range"),
            bad(0, &[], "out of range for 0 axes"),
        ]
    }
}

impl<I: Interp> Value<I> {
    /// The running sum along an axis: yᵢ = Σⱼ≤ᵢ xⱼ.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).cumsum(0), Tensor::from([1.0, 3.0, 6.0]));
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn cumsum(&self, axis: isize) -> Self {
        Value::apply(Cumsum { axis, reverse: false }, self.into())
    }
}
