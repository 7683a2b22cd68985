//! Elements along an axis by an array of indices: picked, and the adjoint, which adds where it picked.
#![forbid(unsafe_code)]

use super::{Indices, lane};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::pick,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// The elements of x along an axis that indices of x's shape, but for that axis, name.
/// The adjoint of [`TakeAlongAxisGrad`].
#[derive(Clone, Debug)]
pub struct TakeAlongAxis {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// Which element, for each of the result.
    pub indices: Indices,
}

/// Zeros of a given size along an axis, with the elements of x added where indices of x's shape
/// say; those of equal index add up. The adjoint of [`TakeAlongAxis`].
#[derive(Clone, Debug)]
pub struct TakeAlongAxisGrad {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The size of the axis in the result.
    pub size: usize,
    /// Where each element is added.
    pub indices: Indices,
}

/// The place in the whole of each picked element.
pub(super) fn place(i: usize, indices: &Indices, axis: usize, size: usize) -> usize {
    let (_, count, inner) = indices.shape().around(axis);
    (i / (count * inner) * size + indices.slice()[i]) * inner + i % inner
}

/// A shape, an axis of it that has elements, and an array of indices along it.
#[inline]
fn sampled_along(g: &mut Gen) -> (Shape, isize, Indices) {
    let (shape, axis) = lane::sampled(g);
    let place = lane::checked(axis, &shape);
    let size = g.int(1, 4);
    let count = g.int(0, 4);
    let picked = shape.with_axis(place, count).expect("small");
    let indices = Indices::new((0..picked.size()).map(|_| g.int(0, size - 1)).collect(), &picked);
    (shape.with_axis(place, size).expect("small"), axis, indices)
}

impl Op for TakeAlongAxis {
    type In = One;
    type Out = One;
    const NAME: &'static str = "take_along_axis";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let axis = lane::place(Self::NAME, self.axis, x)?;
        let picked = self.indices.shape();
        if lane::beside(axis, picked) != lane::beside(axis, x) {
            let why = format!("indices of {picked} differ from {x} beside axis {axis}");
            return Err(OpError::new(Self::NAME, why));
        }
        self.indices.below(Self::NAME, x.around(axis).1, axis, x)?;
        Ok(picked.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let [size, _] = lane::sizes(self.axis, x.shape());
        let (sizes, indices) = (lane::sizes(self.axis, &out), self.indices.slice());
        Ok(Tensor::filled(out, |out| pick::pick(x.slice(), size, indices, sizes, out)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x_shape(0);
        let [size, _] = lane::sizes(self.axis, x);
        let op = TakeAlongAxisGrad { axis: self.axis, size, indices: self.indices.clone() };
        let dx = Value::apply(op, dy.into());
        // They differ where a number was indexed by a vector, or a vector by a number.
        Some(if dx.shape() == x { dx } else { dx.reshape(x) })
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_along(g);
        Sample::new(TakeAlongAxis { axis, indices }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, indices: Indices, says| {
            Reject::new(TakeAlongAxis { axis, indices }, [Shape::from([2, 3])], says)
        };
        vec![
            bad(0, Indices::new(vec![0, 1, 2], [1, 3]), "index 2 is out of range for axis 0 of [2, 3]"),
            bad(0, Indices::new(vec![0, 1], [1, 2]), "indices of [1, 2] differ from [2, 3] beside axis 0"),
            bad(0, [0, 1].into(), "differ"),
            bad(2, [0].into(), "axis 2 is out of range"),
        ]
    }
}

impl Op for TakeAlongAxisGrad {
    type In = One;
    type Out = One;
    const NAME: &'static str = "take_along_axis_grad";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        let axis = lane::place(Self::NAME, self.axis, x)?;
        if self.indices.shape() != x {
            return Err(refuse(format!("indices of {} for elements of {x}", self.indices.shape())));
        }
        let out = x.with_axis(axis, self.size).map_err(refuse)?;
        self.indices.below(Self::NAME, self.size, axis, &out)?;
        Ok(out)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let (sizes, indices) = (lane::sizes(self.axis, x.shape()), self.indices.slice());
        Ok(Tensor::filled(out, |sum| pick::add(x.slice(), self.size, indices, sizes, sum)))
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy.take_along_axis(self.axis, &self.indices))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_along(g);
        let [size, _] = lane::sizes(axis, &shape);
        let x = g.values(indices.shape(), -3.0..3.0);
        Sample::new(TakeAlongAxisGrad { axis, size, indices }, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, size, indices: Indices, says| {
            Reject::new(TakeAlongAxisGrad { axis, size, indices }, [Shape::from([2])], says)
        };
        vec![
            bad(0, 3, [0, 3].into(), "index 3 is out of range for axis 0 of [3]"),
            bad(0, 3, [0].into(), "indices of [1] for elements of [2]"),
            bad(1, 3, [0, 1].into(), "axis 1 is out of range"),
        ]
    }
}

impl<I: Interp> Value<I> {
    /// The elements along an axis that indices name, one for each place of `indices`. A number has one element
    /// along the axis 0 or −1.
    ///
    /// # Panics
    /// When the shapes differ beside the axis, or an index is out of range.
    #[track_caller]
    pub fn take_along_axis(&self, axis: isize, indices: &Indices) -> Self {
        Value::apply(TakeAlongAxis { axis, indices: indices.clone() }, self.into())
    }
}
