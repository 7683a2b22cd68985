//! What ops share that work along one axis and keep the shape.
#![forbid(unsafe_code)]

use super::Indices;
use crate::{
    Shape,
    gradcheck::{Gen, Reject},
    op::{Op, OpError},
    shape::resolve,
    value::{Interp, Value},
};

/// The shape of x, if it has this axis.
pub(super) fn shape(op: &'static str, axis: isize, x: &Shape) -> Result<Shape, OpError> {
    match resolve(axis, x.rank()) {
        Ok(_) => Ok(x.clone()),
        Err(why) => Err(OpError::new(op, format!("{why} of {x}"))),
    }
}

/// Elements along an axis that was checked, and after it.
pub(super) fn sizes(axis: isize, x: &Shape) -> [usize; 2] {
    let (_, count, inner) = x.around(resolve(axis, x.rank()).expect("shape has checked the axis"));
    [count, inner]
}

/// A number as a vector, where it is asked for an axis that PyTorch lets it have: 0 or −1.
pub(super) fn of_number<I: Interp>(x: &Value<I>, axis: isize) -> Option<Value<I>> {
    (x.shape().rank() == 0 && [0, -1].contains(&axis)).then(|| x.reshape([1]))
}

/// What a vector of one element gave, as of a number.
pub(super) fn number_again<I: Interp>((values, places): (Value<I>, Indices)) -> (Value<I>, Indices) {
    let number = Shape::scalar();
    (values.reshape(&number), Indices::new(places.slice().to_vec(), number))
}

/// A shape and an axis of it.
#[inline]
pub(super) fn sampled(g: &mut Gen) -> (Shape, isize) {
    let shape = g.shape_of_rank(1, 4);
    let axis = g.axis(shape.rank());
    (shape, axis)
}

pub(super) fn rejects<O: Op>(make: impl Fn(isize) -> O) -> Vec<Reject<O>> {
    let bad = |axis, x: &[usize], says| Reject::new(make(axis), [Shape::from(x)], says);
    vec![
        bad(2, &[2, 3], "axis 2 is out of range for 2 axes of [2, 3]"),
        bad(-3, &[2, 3], "axis -3 is out of range"),
        bad(0, &[], "out of range for 0 axes"),
    ]
}
