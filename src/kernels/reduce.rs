//! Reductions of the middle axis of `[outer, count, inner]`.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces},
    simd::simd,
};

/// Elements summed one after the other at the leaves of the pairwise tree.
const LEAF: usize = 1 << 11;

/// Sums pairwise: the error grows with the logarithm of the count
/// (Higham, Accuracy and Stability of Numerical Algorithms, §4.2).
pub(crate) fn sum_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    if count == 0 {
        return out.fill(F::ZERO);
    }
    let row = count * inner;
    if out.len() == inner {
        return if inner == 1 { out[0] = sum(x) } else { sum_rows(x, inner, out) };
    }
    // A piece of output stands for `count` times as much input.
    super::parallel::pieces_of(out, inner, (GRAIN / count).max(inner), &|start, out| {
        let x = &x[start * count..(start + out.len()) * count];
        for (x, out) in x.chunks_exact(row).zip(out.chunks_exact_mut(inner)) {
            if inner == 1 {
                out[0] = sum(x);
            } else {
                sum_rows(x, inner, out);
            }
        }
    });
}

/// The sum of a slice.
pub(crate) fn sum<F: Float>(x: &[F]) -> F {
    if x.len() <= LEAF {
        return simd(
            #[inline(always)]
            || sum_leaf(x),
        );
    }
    let (left, right) = x.split_at((x.len() / 2).next_multiple_of(LEAF));
    let (a, b) =
        if x.len() >= 2 * GRAIN { rayon::join(|| sum(left), || sum(right)) } else { (sum(left), sum(right)) };
    a + b
}

#[inline(always)]
fn sum_leaf<F: Float>(x: &[F]) -> F {
    let mut lanes = [F::ZERO; 32];
    let chunks = x.chunks_exact(32);
    let rest = chunks.remainder();
    for chunk in chunks {
        for i in 0..32 {
            lanes[i] += chunk[i];
        }
    }
    for (lane, &v) in lanes.iter_mut().zip(rest) {
        *lane += v;
    }
    let mut width = 16;
    while width > 0 {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// `out` = the sum of the rows of `x`.
fn sum_rows<F: Float>(x: &[F], inner: usize, out: &mut [F]) {
    let rows = x.len() / inner;
    if rows <= (LEAF / inner).max(32) {
        return simd(
            #[inline(always)]
            || {
                out.copy_from_slice(&x[..inner]);
                for row in x[inner..].chunks_exact(inner) {
                    for i in 0..inner {
                        out[i] += row[i];
                    }
                }
            },
        );
    }
    let (top, bottom) = x.split_at(rows / 2 * inner);
    let mut second = vec![F::ZERO; inner];
    if x.len() >= 2 * GRAIN {
        rayon::join(|| sum_rows(top, inner, out), || sum_rows(bottom, inner, &mut second));
    } else {
        sum_rows(top, inner, out);
        sum_rows(bottom, inner, &mut second);
    }
    for (a, b) in out.iter_mut().zip(second) {
        *a += b;
    }
}

/// Folds the middle axis: `out = step(…step(step(first, x₀), x₁)…)`.
#[inline(always)]
pub(crate) fn fold_axis<F: Float>(
    x: &[F],
    count: usize,
    inner: usize,
    out: &mut [F],
    step: impl Fn(F, F) -> F + Sync,
) {
    let row = count * inner;
    super::parallel::pieces_of(out, inner, (GRAIN / count).max(inner), &|start, out| {
        simd(
            #[inline(always)]
            || {
                let x = &x[start * count..(start + out.len()) * count];
                for (x, out) in x.chunks_exact(row).zip(out.chunks_exact_mut(inner)) {
                    out.copy_from_slice(&x[..inner]);
                    for row in x[inner..].chunks_exact(inner) {
                        for i in 0..inner {
                            out[i] = step(out[i], row[i]);
                        }
                    }
                }
            },
        )
    });
}

/// The greatest along the middle axis; NaN wins.
pub(crate) fn max_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    fold_axis(
        x,
        count,
        inner,
        out,
        #[inline(always)]
        |a, b| if b > a || b.is_nan() { b } else { a },
    );
}

/// The first place of the greatest along the middle axis; the first NaN wins.
pub(crate) fn argmax_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [usize]) {
    pieces(out, inner, &|start, out| {
        for (i, out) in out.iter_mut().enumerate() {
            let (block, column) = ((start + i) / inner, (start + i) % inner);
            let at = |j: usize| x[(block * count + j) * inner + column];
            let mut best = 0;
            for j in 1..count {
                if at(j) > at(best) || (at(j).is_nan() && !at(best).is_nan()) {
                    best = j;
                }
            }
            *out = best;
        }
    });
}
