//! Where the greatest element of the middle axis of `[outer, count, inner]` is.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces_of},
    simd::simd,
};

/// Columns looked at side by side.
const LANES: usize = 32;

/// The greatest so far in each lane, and its row: the first of equals, the first NaN if any.
struct Best<F> {
    value: [F; LANES],
    row: [usize; LANES],
}

impl<F: Float> Best<F> {
    /// Columns of `rows` rows that start `inner` apart.
    #[inline(always)]
    fn of(x: &[F], rows: usize, inner: usize, width: usize) -> Self {
        let mut best = Best { value: [F::ZERO; LANES], row: [0; LANES] };
        best.value[..width].copy_from_slice(&x[..width]);
        for j in 1..rows {
            let x = &x[j * inner..][..width];
            for i in 0..width {
                let better = beats(x[i], best.value[i]);
                best.value[i] = if better { x[i] } else { best.value[i] };
                best.row[i] = if better { j } else { best.row[i] };
            }
        }
        best
    }
}

#[inline(always)]
fn beats<F: Float>(a: F, b: F) -> bool {
    // Without a branch: `a` is greater, or a NaN where `b` is none.
    (a > b) | (a.is_nan() & !b.is_nan())
}

/// The place of the greatest in a row.
#[inline(always)]
fn in_row<F: Float>(x: &[F]) -> usize {
    let rows = x.len() / LANES;
    let mut place = 0;
    if rows > 0 {
        let best = Best::of(x, rows, LANES, LANES);
        let at = |i: usize| best.row[i] * LANES + i;
        for i in 0..LANES {
            let (a, b) = (best.value[i], x[place]);
            let earlier = !beats(b, a) && at(i) < place;
            if i == 0 || beats(a, b) || earlier {
                place = at(i);
            }
        }
    }
    for i in rows * LANES..x.len() {
        if beats(x[i], x[place]) {
            place = i;
        }
    }
    place
}

/// The first place of the greatest along the middle axis; the first NaN wins.
pub(crate) fn argmax_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [usize]) {
    pieces_of(out, inner, (GRAIN / count).max(inner), &|start, out| {
        simd(
            #[inline(always)]
            move || {
                let x = &x[start * count..];
                for (i, out) in out.chunks_exact_mut(inner).enumerate() {
                    let x = &x[i * count * inner..][..count * inner];
                    if inner == 1 {
                        out[0] = in_row(x);
                        continue;
                    }
                    for (k, out) in out.chunks_mut(LANES).enumerate() {
                        let best = match out.len() {
                            LANES => Best::of(&x[k * LANES..], count, inner, LANES),
                            width => Best::of(&x[k * LANES..], count, inner, width),
                        };
                        out.copy_from_slice(&best.row[..out.len()]);
                    }
                }
            },
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reduce::tests::{SHAPES, numbers};

    fn naive(x: &[f32], [outer, count, inner]: [usize; 3]) -> Vec<usize> {
        let first = |at: usize| {
            let lane = |j: usize| x[(at / inner * count + j) * inner + at % inner];
            let nan = (0..count).find(|&j| lane(j).is_nan());
            nan.unwrap_or_else(|| {
                let top = (0..count).map(lane).fold(f32::NEG_INFINITY, f32::max);
                (0..count).find(|&j| lane(j) == top).expect("not empty")
            })
        };
        (0..outer * inner).map(first).collect()
    }

    /// The numbers repeat, so there are ties everywhere.
    #[test]
    fn the_first_of_equals_and_the_first_nan() {
        for shape @ [outer, count, inner] in SHAPES {
            let mut x = numbers(outer * count * inner);
            let mut out = vec![0; outer * inner];
            argmax_axis(&x, count, inner, &mut out);
            assert_eq!(out, naive(&x, shape), "{shape:?}");
            for at in (0..x.len()).step_by(97) {
                x[at] = f32::NAN;
            }
            argmax_axis(&x, count, inner, &mut out);
            assert_eq!(out, naive(&x, shape), "{shape:?} with NaN");
            x.fill(f32::NEG_INFINITY);
            argmax_axis(&x, count, inner, &mut out);
            assert_eq!(out, vec![0; outer * inner], "{shape:?} of −inf");
        }
    }
}
