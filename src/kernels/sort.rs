//! The order of elements along the middle axis of `[outer, count, inner]`.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces_of},
};
use std::cmp::Ordering;

/// By size; NaN is greater than all.
pub(crate) fn by_size<F: Float>(a: F, b: F) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// `out`, of shape `[outer, kept, inner]`, = the indices of the `kept` least elements of each lane, or of
/// the greatest. They are in order of size, or as they stand; equal ones always as they stand.
pub(crate) fn argsort_axis<F: Float>(
    x: &[F],
    [count, kept, inner]: [usize; 3],
    descending: bool,
    by_place: bool,
    out: &mut [usize],
) {
    let (block, unit) = (count * inner, kept * inner);
    if out.is_empty() {
        return;
    }
    // An element that is sorted stands for a dozen simple steps, and those that are not kept are met too.
    let grain = (GRAIN / 16 * kept).div_ceil(count).max(1);
    pieces_of(out, unit, grain, &|start, out| {
        let (mut lane, mut order): (Vec<F>, Vec<usize>) = (Vec::new(), Vec::new());
        for (x, out) in x[start / unit * block..].chunks_exact(block).zip(out.chunks_exact_mut(unit)) {
            for i in 0..inner {
                lane.clear();
                lane.extend(x[i..].iter().step_by(inner));
                order.clear();
                order.extend(0..count);
                // The place decides between equals, so that no two are equal and any sort is stable.
                let compare = |&a: &usize, &b: &usize| {
                    let sizes =
                        if descending { by_size(lane[b], lane[a]) } else { by_size(lane[a], lane[b]) };
                    sizes.then(a.cmp(&b))
                };
                if kept < count {
                    order.select_nth_unstable_by(kept, compare);
                }
                let order = &mut order[..kept];
                if by_place {
                    order.sort_unstable()
                } else {
                    order.sort_unstable_by(compare)
                }
                for (out, &place) in out[i..].iter_mut().step_by(inner).zip(&*order) {
                    *out = place;
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Many lanes, so that they are shared among threads, against the standard library's stable sort.
    #[test]
    fn lanes_are_sorted_wherever_they_are_split() {
        let (outer, count, inner) = (40, 70, 3);
        let x: Vec<f64> = (0..outer * count * inner).map(|i| (i * 7919 % 31) as f64).collect();
        for kept in [1, 9, 70] {
            let mut out = vec![0; outer * kept * inner];
            argsort_axis(&x, [count, kept, inner], true, false, &mut out);
            for block in 0..outer {
                for i in 0..inner {
                    let mut want: Vec<usize> = (0..count).collect();
                    let at = |place: usize| x[(block * count + place) * inner + i];
                    want.sort_by(|&a, &b| at(b).total_cmp(&at(a)));
                    let found = (0..kept).map(|k| out[(block * kept + k) * inner + i]);
                    assert!(found.eq(want[..kept].iter().copied()), "block {block}, lane {i}, {kept} kept");
                }
            }
        }
    }
}
