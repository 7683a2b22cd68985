//! What ops over spatial axes share: an image is `[batch, channels, sizes..]`, or without a batch.
#![forbid(unsafe_code)]

mod sliding;

pub use sliding::Sliding;

use crate::{
    Shape,
    gradcheck::Gen,
    value::{Interp, Value},
};
use smallvec::SmallVec;

/// A number for each spatial axis, or one for all of them.
///
/// ```
/// use gradtape::ops::PerAxis;
/// let (all, each): (PerAxis, PerAxis) = (2.into(), [2, 1].into());
/// assert_eq!(all.of(3), Ok([2, 2, 2].into()));
/// assert_eq!(each.of(3), Err("[2, 1] for 3 axes".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerAxis(SmallVec<[usize; 3]>);

impl PerAxis {
    /// The number for each of `axes` axes.
    ///
    /// # Errors
    /// What is wrong, in words, when there are more numbers than one but not as many as axes.
    pub fn of(&self, axes: usize) -> Result<SmallVec<[usize; 3]>, String> {
        match self.0[..] {
            [all] => Ok(SmallVec::from_elem(all, axes)),
            ref each if each.len() == axes => Ok(self.0.clone()),
            ref each => Err(format!("{each:?} for {axes} axes")),
        }
    }

    /// As [`of`](PerAxis::of), with what the numbers are in the message.
    pub(super) fn named(&self, what: &str, axes: usize) -> Result<SmallVec<[usize; 3]>, String> {
        self.of(axes).map_err(|why| format!("{what} {why}"))
    }
}

impl From<usize> for PerAxis {
    fn from(all: usize) -> Self {
        PerAxis(SmallVec::from_slice(&[all]))
    }
}

impl<const N: usize> From<[usize; N]> for PerAxis {
    fn from(each: [usize; N]) -> Self {
        PerAxis(SmallVec::from_slice(&each))
    }
}

impl From<&[usize]> for PerAxis {
    fn from(each: &[usize]) -> Self {
        PerAxis(SmallVec::from_slice(each))
    }
}

/// A value as a batch: one with `axes` spatial axes and a channel only is a batch of one.
#[track_caller]
pub(super) fn batched<I: Interp>(name: &str, axes: usize, x: &Value<I>) -> (Value<I>, bool) {
    let rank = x.shape().rank();
    if rank == axes + 2 {
        return (x.clone(), false);
    }
    if rank != axes + 1 {
        panic!("gradtape: {name}: needs [batch, channels] or [channels] and {axes} axes, not {}", x.shape());
    }
    (x.unsqueeze(0), true)
}

/// What an option says, or a refusal at the caller's line.
#[track_caller]
pub(super) fn valid<T>(name: &str, x: &Shape, found: Result<T, String>) -> T {
    match found {
        Ok(found) => found,
        Err(why) => panic!("gradtape: {name}: {why} for {x}"),
    }
}

/// What `f` makes of each number below a count, if there is memory for so many.
pub(super) fn each_below<T>(count: usize, f: impl Fn(usize) -> T) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    all.try_reserve_exact(count).map_err(|_| format!("{count} places are more than memory can hold"))?;
    all.extend((0..count).map(f));
    Ok(all)
}

/// The same number before and after.
pub(super) fn on_both_sides(each: &[usize]) -> Result<SmallVec<[[isize; 2]; 3]>, String> {
    let side = |&n: &usize| isize::try_from(n).map(|n| [n, n]).map_err(|_| format!("padding by {n}"));
    each.iter().map(side).collect()
}

/// One to three numbers, or one for all axes.
#[inline]
pub(super) fn sampled_per_axis(g: &mut Gen, axes: usize, low: usize, high: usize) -> PerAxis {
    let count = if g.bool() { axes } else { 1 };
    PerAxis::from(&(0..count).map(|_| g.int(low, high)).collect::<Vec<_>>()[..])
}
