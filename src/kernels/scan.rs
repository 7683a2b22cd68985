//! Loops along the middle axis of `[outer, count, inner]` in which each element depends on the one before.
#![forbid(unsafe_code)]

use super::{Float, parallel::pieces};

/// `y[to] = step(from, to, y[from], y[to])` from each place of a lane to the next; in reverse from its last
/// to its first.
fn scan<F: Float>(
    y: &mut [F],
    [count, inner]: [usize; 2],
    reverse: bool,
    step: impl Fn(usize, usize, F, F) -> F + Sync,
) {
    let block = count * inner;
    pieces(y, block, &|start, y| {
        for (i, y) in y.chunks_exact_mut(block).enumerate() {
            let start = start + i * block;
            for k in 1..count {
                let (from, to) = if reverse { (count - k, count - k - 1) } else { (k - 1, k) };
                for column in 0..inner {
                    let (from, to) = (from * inner + column, to * inner + column);
                    y[to] = step(start + from, start + to, y[from], y[to]);
                }
            }
        }
    });
}

/// The first place of each lane of some whole blocks.
fn lanes(length: usize, block: usize, inner: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(block).flat_map(move |start| start..start + inner)
}

/// Running sums, in place.
pub(crate) fn cumsum<F: Float>(y: &mut [F], sizes: [usize; 2], reverse: bool) {
    scan(y, sizes, reverse, |_, _, before, here| before + here);
}

/// Running products, in place.
pub(crate) fn cumprod<F: Float>(y: &mut [F], sizes: [usize; 2]) {
    scan(y, sizes, false, |_, _, before, here| before * here);
}

/// yᵢ ← yᵢ + aᵢ·yᵢ₋₁, or in reverse yᵢ ← yᵢ + aᵢ₊₁·yᵢ₊₁.
pub(crate) fn linear<F: Float>(a: &[F], y: &mut [F], sizes: [usize; 2], reverse: bool) {
    scan(y, sizes, reverse, |from, to, before, here| here + a[from.max(to)] * before);
}

/// Running ln Σ eˣ: the greatest so far and the sum of what is relative to it.
pub(crate) fn logcumsumexp<F: Float>(x: &[F], [count, inner]: [usize; 2], out: &mut [F]) {
    let block = count * inner;
    pieces(out, block, &|start, out| {
        for at in lanes(out.len(), block, inner) {
            let (mut top, mut sum) = (-F::INFINITY, F::ZERO);
            for place in (at..at + block).step_by(inner) {
                let v = x[start + place];
                if v > top {
                    (top, sum) = (v, sum * (top - v).exp() + F::ONE);
                } else if v == top {
                    sum += F::ONE; // of two infinities there is no difference
                } else {
                    sum += (v - top).exp();
                }
                out[place] = top + sum.ln();
            }
        }
    });
}

/// The place of the greatest so far: the latest of equals, the latest NaN if any.
pub(crate) fn cummax<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [usize]) {
    let block = count * inner;
    pieces(out, block, &|start, out| {
        for at in lanes(out.len(), block, inner) {
            let mut best = 0;
            for (k, place) in (at..at + block).step_by(inner).enumerate() {
                let (v, top) = (x[start + place], x[start + at + best * inner]);
                if v.is_nan() || v >= top {
                    best = k;
                }
                out[place] = best;
            }
        }
    });
}
