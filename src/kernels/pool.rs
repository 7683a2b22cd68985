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
    let [depths, rows, columns] = spans;
    let (width, taps) = (columns.len(), seen(columns));
    // Where tap after tap of a row of windows lies in its line. A window that sees less sees its last again,
    // which changes nothing.
    let tap = |tap: usize| columns.iter().map(move |c| c.first + tap.min(c.count - 1) * c.step);
    let offsets: Vec<usize> = (0..taps).flat_map(tap).collect();
    pieces_of(places, unit, grain, &|start, places| {
        let mut tops = vec![F::ZERO; width];
        simd(
            #[inline(always)]
            || {
                for (channel, places) in places.chunks_exact_mut(unit).enumerate() {
                    let x = &x[(start / unit + channel) * plane..][..plane];
                    let windows = depths.iter().flat_map(|&depth| rows.iter().map(move |&row| (depth, row)));
                    for ((depth, row), places) in windows.zip(places.chunks_exact_mut(width)) {
                        row_of_windows(x, sizes, [depth, row], &offsets, &mut tops, places);
                    }
                }
            },
        );
    });
}

/// Where the greatest elements of windows beside each other are: all of them tap by tap, without a branch on
/// the elements, which no processor foresees.
#[inline(always)]
fn row_of_windows<F: Float>(
    x: &[F],
    sizes: [usize; 3],
    [depth, row]: [Span; 2],
    offsets: &[usize],
    tops: &mut [F],
    places: &mut [usize],
) {
    let line = |d: usize, r: usize| {
        ((depth.first + d * depth.step) * sizes[1] + row.first + r * row.step) * sizes[2]
    };
    let width = places.len();
    for k in 0..width {
        places[k] = line(0, 0) + offsets[k];
        tops[k] = x[places[k]];
    }
    for d in 0..depth.count {
        for r in 0..row.count {
            let line = line(d, r);
            for offsets in offsets.chunks_exact(width) {
                for k in 0..width {
                    let at = line + offsets[k];
                    let (v, top) = (x[at], tops[k]);
                    // A NaN replaces any number, and nothing replaces a NaN.
                    let better = ((v > top) | v.is_nan()) & !top.is_nan();
                    places[k] = if better { at } else { places[k] };
                    tops[k] = if better { v } else { top };
                }
            }
        }
    }
}
