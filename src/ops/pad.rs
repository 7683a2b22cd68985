//! Padding: more elements, or fewer, at the ends of axes.
#![forbid(unsafe_code)]

use super::{Range, SliceGrad};
use crate::{
    Shape, Tensor,
    value::{Interp, Value},
};
use smallvec::SmallVec;

/// What [`Value::pad`] puts beside the elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// This number.
    Constant(f64),
    /// The elements mirrored at the first and the last, which are not doubled: c b | a b c | b a.
    Reflect,
    /// The first and the last element: a a | a b c | c c.
    Replicate,
    /// The elements over again: b c | a b c | a b.
    Circular,
}

impl Default for PadMode {
    fn default() -> Self {
        PadMode::Constant(0.0)
    }
}

impl<I: Interp> Value<I> {
    /// Padded at both ends of the last axes. The widths are in PyTorch's order: before and after the last
    /// axis, before and after the one before it, and so on. Negative widths take elements away;
    /// [`PadMode::Circular`] goes round what is left.
    ///
    /// Any number of axes can be padded in every mode. [`PadMode::Constant`] takes any number, also −inf.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::PadMode};
    /// let x = Tensor::from([1.0, 2.0, 3.0]);
    /// assert_eq!(x.pad(&[1, 2], PadMode::default()).slice(), [0.0, 1.0, 2.0, 3.0, 0.0, 0.0]);
    /// assert_eq!(x.pad(&[2, -1], PadMode::Reflect).slice(), [3.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.pad(&[1, 1], PadMode::Replicate).slice(), [1.0, 1.0, 2.0, 3.0, 3.0]);
    /// assert_eq!(x.pad(&[1, 1], PadMode::Circular).slice(), [3.0, 1.0, 2.0, 3.0, 1.0]);
    /// let rows = Tensor::from([[1.0, 2.0]]);
    /// assert_eq!(rows.pad(&[0, 0, 0, 1], PadMode::Constant(7.0)), Tensor::from([[1.0, 2.0], [7.0, 7.0]]));
    /// ```
    ///
    /// # Panics
    /// When the widths are not pairs, or more than axes; when more is taken away than there is; when a
    /// reflected width is not below the size of its axis, or a circular one above it; when there is nothing
    /// to replicate.
    #[track_caller]
    pub fn pad(&self, widths: &[isize], mode: PadMode) -> Self {
        self.pad_as("pad", widths, mode)
    }

    /// As [`pad`](Self::pad), for a method of this name.
    #[track_caller]
    pub(super) fn pad_as(&self, name: &str, widths: &[isize], mode: PadMode) -> Self {
        let shape = self.shape();
        let pairs = widths.as_chunks::<2>();
        let fits = pairs.1.is_empty() && pairs.0.len() <= shape.rank();
        assert!(fits, "gradtape: {name}: {} widths for the {} axes of {shape}", widths.len(), shape.rank());
        let mut each = vec![[0, 0]; shape.rank()];
        for (each, &pair) in each.iter_mut().rev().zip(pairs.0) {
            *each = pair;
        }
        let mut dims = Vec::with_capacity(shape.rank());
        for (axis, &[before, after]) in each.iter().enumerate() {
            let Some(size) = padded(shape[axis], before, after, mode) else {
                panic!(
                    "gradtape: {name}: axis {axis} of {shape} cannot be padded by {before}, {after} ({mode:?})"
                );
            };
            dims.push(size);
        }
        let Ok(to) = Shape::try_new(&dims) else {
            panic!("gradtape: {name}: {shape} padded by {widths:?} is more than memory can hold");
        };
        match mode {
            PadMode::Constant(value) => self.among(value, &each, &to),
            _ => (0..shape.rank()).fold(self.clone(), |x, axis| {
                if each[axis] == [0, 0] {
                    return x;
                }
                x.index_select(axis as isize, &sources(shape[axis], each[axis], mode)[..].into())
            }),
        }
    }

    /// What is left of this value by negative widths, laid among a number.
    fn among(&self, value: f64, widths: &[[isize; 2]], to: &Shape) -> Self {
        let (mut kept, mut laid) = (SmallVec::<[Range; 4]>::new(), SmallVec::<[Range; 4]>::new());
        for (&size, &[before, after]) in self.shape().iter().zip(widths) {
            let count = size - lost(before) - lost(after);
            kept.push(Range { start: lost(before), count, step: 1 });
            laid.push(Range { start: before.max(0) as usize, count, step: 1 });
        }
        let part = self.slice_ranges(&kept);
        let lay = SliceGrad { ranges: laid, shape: to.clone() };
        if value == 0.0 {
            return Value::apply(lay, part.into());
        }
        let inside = Value::apply(lay.clone(), Tensor::ones(part.shape()).into());
        self.lift(inside).select(&Value::apply(lay, part.into()), &self.constant(value))
    }
}

/// How many elements a width takes away.
fn lost(width: isize) -> usize {
    width.min(0).unsigned_abs()
}

/// The size of a padded axis, if it can be padded so.
fn padded(size: usize, before: isize, after: isize, mode: PadMode) -> Option<usize> {
    let most = before.max(after).max(0) as usize;
    let whole = size.checked_add_signed(before)?.checked_add_signed(after)?;
    size.checked_add_signed(after)?;
    let allowed = match mode {
        PadMode::Constant(_) => true,
        PadMode::Reflect => most == 0 || most < size,
        PadMode::Replicate => most == 0 || size > 0,
        PadMode::Circular => most <= size.saturating_sub(lost(before)).saturating_sub(lost(after)),
    };
    allowed.then_some(whole)
}

/// The elements that are seen along an axis after padding.
fn sources(size: usize, [before, after]: [isize; 2], mode: PadMode) -> Vec<usize> {
    let end = size as isize;
    let (first, kept) = (lost(before) as isize, end - (lost(before) + lost(after)) as isize);
    let source = |at: isize| match mode {
        PadMode::Reflect if at < 0 => -at,
        PadMode::Reflect if at >= end => 2 * (end - 1) - at,
        PadMode::Circular => first + (at - first).rem_euclid(kept),
        _ => at.clamp(0, end - 1),
    };
    (-before..end + after).map(|at| source(at) as usize).collect()
}

composition!(Pad((Vec<isize>, PadMode)), "pad", |(widths, mode), x| vec![x[0].pad(widths, *mode)], |g| {
    let mode = g.pick(&[
        PadMode::Constant(0.0),
        PadMode::Constant(-1.5),
        PadMode::Reflect,
        PadMode::Replicate,
        PadMode::Circular,
    ]);
    let shape = g.shape(4);
    let count = g.int(0, shape.rank());
    let mut widths = Vec::new();
    for &size in shape.iter().rev().take(count) {
        let lost = g.int(0, size.min(2));
        let most = match mode {
            PadMode::Reflect => size.saturating_sub(1),
            PadMode::Circular => size - lost,
            PadMode::Replicate if size == 0 => 0,
            _ => 3,
        };
        let lost = lost as isize;
        let gained = |g: &mut crate::gradcheck::Gen| g.int(0, most) as isize;
        let pair = match g.int(0, 3) {
            0 => [-lost, gained(g)],
            1 => [gained(g), -lost],
            _ => [gained(g), gained(g)],
        };
        widths.extend(pair);
    }
    ((widths, mode), vec![g.values(&shape, -3.0..3.0)])
});
