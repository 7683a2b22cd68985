//! What ops share that work along one axis. A number is a lane of one element then, along its axis 0 or −1,
//! as in PyTorch.
#![forbid(unsafe_code)]

use crate::{
    Shape,
    gradcheck::{Gen, Reject},
    op::{Op, OpError},
    shape::lane,
};

/// The place of an axis that x has.
pub(super) fn place(op: &'static str, axis: isize, x: &Shape) -> Result<usize, OpError> {
    lane(axis, x.rank()).map_err(|why| OpError::new(op, format!("{why} of {x}")))
}

/// The shape of x, if it has this axis.
pub(super) fn shape(op: &'static str, axis: isize, x: &Shape) -> Result<Shape, OpError> {
    place(op, axis, x).map(|_| x.clone())
}

/// The place of an axis that was checked.
pub(super) fn checked(axis: isize, x: &Shape) -> usize {
    lane(axis, x.rank()).expect("shape has checked the axis")
}

/// Elements along an axis that was checked, and after it.
pub(super) fn sizes(axis: isize, x: &Shape) -> [usize; 2] {
    let (_, count, inner) = x.around(checked(axis, x));
    [count, inner]
}

/// The sizes before and after an axis, if x has it.
pub(super) fn beside(axis: usize, x: &Shape) -> Option<[&[usize]; 2]> {
    if x.rank() == 0 { (axis == 0).then_some([&[]; 2]) } else { Some([x.get(..axis)?, x.get(axis + 1..)?]) }
}

/// A shape and an axis of it.
#[inline]
pub(super) fn sampled(g: &mut Gen) -> (Shape, isize) {
    let shape = g.shape(4);
    let axis = g.axis(shape.rank().max(1));
    (shape, axis)
}

pub(super) fn rejects<O: Op>(make: impl Fn(isize) -> O) -> Vec<Reject<O>> {
    let bad = |axis, x: &[usize], says| Reject::new(make(axis), [Shape::from(x)], says);
    vec![
        bad(2, &[2, 3], "axis 2 is out of range for 2 axes of [2, 3]"),
        bad(-3, &[2, 3], "axis -3 is out of range"),
        bad(1, &[], "axis 1 is out of range for 0 axes of []"),
    ]
}
