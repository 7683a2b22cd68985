//! Where the median of the middle axis of `[outer, count, inner]` is.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces_of},
};

/// The first place of the median along the middle axis, of two the lower; the first NaN wins.
pub(crate) fn median_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [usize]) {
    pieces_of(out, inner, (GRAIN / count).max(inner), &|start, out| {
        let mut lane = vec![F::ZERO; count];
        for (i, out) in out.iter_mut().enumerate() {
            let (block, column) = ((start + i) / inner, (start + i) % inner);
            let at = |j: usize| x[(block * count + j) * inner + column];
            let place = |found: &dyn Fn(F) -> bool| (0..count).find(|&j| found(at(j)));
            *out = place(&|v| v.is_nan()).unwrap_or_else(|| {
                for (j, v) in lane.iter_mut().enumerate() {
                    *v = at(j);
                }
                let order = |a: &F, b: &F| a.partial_cmp(b).expect("no NaN is left");
                let (_, &mut median, _) = lane.select_nth_unstable_by((count - 1) / 2, order);
                place(&|v| v == median).expect("it is an element")
            });
        }
    });
}
