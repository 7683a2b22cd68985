//! One element of each lane with its index: what stands behind the greatest, the median and their like.
#![forbid(unsafe_code)]

use super::{Indices, lane, view::allowed};
use crate::value::{Interp, Value};

impl<I: Interp> Value<I> {
    /// The element along an axis that `choose(elements, count, inner, indices)` names in each lane, and its
    /// index. The gradient goes to that element.
    #[track_caller]
    pub(super) fn pick(
        &self,
        op: &'static str,
        axis: isize,
        keepdims: bool,
        choose: impl Fn(&[I::Elem], usize, usize, &mut [usize]),
    ) -> (Self, Indices) {
        let shape = self.shape();
        let at = allowed(lane::place(op, axis, shape));
        let kept = shape.with_axis(at, 1).expect("not larger");
        let (_, count, inner) = shape.around(at);
        assert!(count > 0 || kept.size() == 0, "gradtape: {op}: {shape} has no elements along axis {at}");
        let mut indices = vec![0; kept.size()];
        if !indices.is_empty() {
            choose(self.tensor().slice(), count, inner, &mut indices);
        }
        let kept = Indices::new(indices, kept);
        let picked = self.take_along_axis(axis, &kept);
        if keepdims {
            return (picked, kept);
        }
        let picked = picked.squeeze(axis);
        let indices = Indices::new(kept.slice().to_vec(), picked.shape());
        (picked, indices)
    }

    /// As [`pick`](Self::pick), one element for each place of a lane.
    #[track_caller]
    pub(super) fn pick_each(
        &self,
        op: &'static str,
        axis: isize,
        choose: impl Fn(&[I::Elem], usize, usize, &mut [usize]),
    ) -> (Self, Indices) {
        let shape = self.shape();
        let (_, count, inner) = shape.around(allowed(lane::place(op, axis, shape)));
        let mut indices = vec![0; shape.size()];
        choose(self.tensor().slice(), count, inner, &mut indices);
        let indices = Indices::new(indices, shape);
        (self.take_along_axis(axis, &indices), indices)
    }
}
