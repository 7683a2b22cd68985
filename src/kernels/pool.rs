//! The greatest element of each window.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces_of},
    simd::simd,
};

/// The elements that one place of a window sees along an axis; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: usize,
    pub(crate) count: usize,
    pub(crate) step: usize,
}

/// Writes to `places`, for each window of each channel, where in the channel its greatest element is: the first
/// of equals in row-major order, or the first NaN. `sizes` are those of a channel, `spans` the windows' along
/// each of its axes.
pub(crate) fn greatest<F: Float>(x: &[F], sizes: [usize; 3], spans: [&[Span]; 3], places: &mut [usize]) {
    let plane = sizes.iter().product::<usize>();
    let unit = spans.iter().map(|spans| spans.len()).product::<usize>();
    let seen = |spans: &[Span]| spans.iter().map(|span| span.count).max().unwrap_or(1);
    let grain = (GRAIN / spans.into_iter().map(seen).product::<usize>()).max(1);
    pieces_of(places, unit, grain, &|start, places| {
        simd(
            #[inline(always)]
            || {
                for (channel, places) in places.chunks_exact_mut(unit).enumerate() {
                    let x = &x[(start / unit + channel) * plane..][..plane];
                    let mut places = places.iter_mut();
                    for &depth in spans[0] {
                        for &row in spans[1] {
                            for (&column, place) in spans[2].iter().zip(&mut places) {
                                *place = within(x, sizes, [depth, row, column]);
                            }
                        }
                    }
                }
            },
        );
    });
}

/// Where the greatest element of one window is. Without a branch on the elements, which no processor
/// foresees.
#[inline(always)]
fn within<F: Float>(x: &[F], sizes: [usize; 3], [depth, row, column]: [Span; 3]) -> usize {
    let mut best = (depth.first * sizes[1] + row.first) * sizes[2] + column.first;
    let mut top = x[best];
    for d in 0..depth.count {
        for r in 0..row.count {
            let line = (depth.first + d * depth.step) * sizes[1] + row.first + r * row.step;
            let mut at = line * sizes[2] + column.first;
            for _ in 0..column.count {
                let v = x[at];
                // A NaN replaces any number, and nothing replaces a NaN.
                let better = ((v > top) | v.is_nan()) & !top.is_nan();
                best = if better { at } else { best };
                top = if better { v } else { top };
                at += column.step;
            }
        }
    }
    best
}
