//! Softmax and its relatives along the middle axis of `[outer, count, inner]`.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::pieces,
    reduce::{greater, short_max, short_sum},
    simd::simd,
};

/// Columns, or elements of a row, that are held aside together.
const HELD: usize = 64;

/// Elements of short rows whose exponentials are taken in one go.
pub(super) const GO: usize = 512;

/// For rows of `count` elements: `out` = e^(x − top), the greatest of the row being taken out so that nothing
/// overflows, then `finish(x, out, top, Σ out)`.
#[inline(always)]
pub(super) fn rows<F: Float>(
    x: &[F],
    count: usize,
    out: &mut [F],
    mut finish: impl FnMut(&[F], &mut [F], F, F),
) {
    // Several rows at once, so that short ones fill vectors, too.
    let go = count * (GO / count).clamp(1, HELD);
    let mut tops = [F::ZERO; HELD];
    for (x, out) in x.chunks(go).zip(out.chunks_mut(go)) {
        for ((x, out), top) in x.chunks_exact(count).zip(out.chunks_exact_mut(count)).zip(&mut tops) {
            *top = short_max(x);
            for j in 0..count {
                out[j] = x[j] - *top;
            }
        }
        for out in &mut *out {
            *out = out.exp();
        }
        for ((x, out), top) in x.chunks_exact(count).zip(out.chunks_exact_mut(count)).zip(&tops) {
            let sum = short_sum(out);
            finish(x, out, *top, sum);
        }
    }
}

/// For every lane along the middle axis: `out = finish(x, e^(x − top), top, total(Σ e^(x − top)))`.
#[inline(always)]
fn lanes<F: Float>(
    x: &[F],
    count: usize,
    inner: usize,
    out: &mut [F],
    total: impl Fn(F) -> F + Copy + Sync,
    finish: impl Fn(F, F, F, F) -> F + Copy + Sync,
) {
    let row = count * inner;
    pieces(out, row, &|start, out| {
        simd(
            #[inline(always)]
            move || {
                let x = &x[start..][..out.len()];
                if inner == 1 {
                    return rows(
                        x,
                        count,
                        out,
                        #[inline(always)]
                        |x, out, top, sum| {
                            let sum = total(sum);
                            for j in 0..count {
                                out[j] = finish(x[j], out[j], top, sum);
                            }
                        },
                    );
                }
                for (x, out) in x.chunks_exact(row).zip(out.chunks_exact_mut(row)) {
                    for first in (0..inner).step_by(HELD) {
                        columns(x, inner, out, first, total, finish);
                    }
                }
            },
        )
    });
}

/// As [`lanes`], for up to [`HELD`] columns from `first` on.
#[inline(always)]
fn columns<F: Float>(
    x: &[F],
    inner: usize,
    out: &mut [F],
    first: usize,
    total: impl Fn(F) -> F,
    finish: impl Fn(F, F, F, F) -> F,
) {
    let width = HELD.min(inner - first);
    let (mut top, mut sum) = ([-F::INFINITY; HELD], [F::ZERO; HELD]);
    for x in x.chunks_exact(inner) {
        let x = &x[first..][..width];
        for i in 0..width {
            top[i] = greater(top[i], x[i]);
        }
    }
    for (x, out) in x.chunks_exact(inner).zip(out.chunks_exact_mut(inner)) {
        let (x, out) = (&x[first..][..width], &mut out[first..][..width]);
        for i in 0..width {
            out[i] = (x[i] - top[i]).exp();
            sum[i] += out[i];
        }
    }
    for sum in &mut sum {
        *sum = total(*sum);
    }
    for (x, out) in x.chunks_exact(inner).zip(out.chunks_exact_mut(inner)) {
        let (x, out) = (&x[first..][..width], &mut out[first..][..width]);
        for i in 0..width {
            out[i] = finish(x[i], out[i], top[i], sum[i]);
        }
    }
}

/// e^x / Σ e^x
pub(crate) fn softmax<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    lanes(
        x,
        count,
        inner,
        out,
        #[inline(always)]
        |sum| sum,
        #[inline(always)]
        |_, e, _, sum| e / sum,
    );
}

/// x − ln Σ e^x
pub(crate) fn log_softmax<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    lanes(
        x,
        count,
        inner,
        out,
        #[inline(always)]
        |sum| sum.ln(),
        #[inline(always)]
        |x, _, top, log| (x - top) - log,
    );
}

/// The mean over rows of −log_softmax(row)[target].
pub(crate) fn cross_entropy<F: Float>(x: &[F], classes: usize, targets: &[usize]) -> F {
    let mut losses = super::buffer::Buffer::stale(targets.len());
    let out = losses.unshared().expect("fresh");
    pieces(out, 1, &|start, out| {
        simd(
            #[inline(always)]
            move || {
                for (i, out) in out.iter_mut().enumerate() {
                    let row = &x[(start + i) * classes..][..classes];
                    let (top, mut sum, mut held) = (short_max(row), F::ZERO, [F::ZERO; HELD]);
                    for part in row.chunks(HELD) {
                        let held = &mut held[..part.len()];
                        for j in 0..part.len() {
                            held[j] = (part[j] - top).exp();
                        }
                        sum += short_sum(held);
                    }
                    *out = sum.ln() - (row[targets[start + i]] - top);
                }
            },
        )
    });
    super::reduce::sum(losses.slice()) / F::of(targets.len() as f64)
}

/// (softmax(row) − onehot(target)) · scale
pub(crate) fn cross_entropy_grad<F: Float>(
    x: &[F],
    classes: usize,
    targets: &[usize],
    scale: F,
    out: &mut [F],
) {
    pieces(out, classes, &|start, out| {
        simd(
            #[inline(always)]
            move || {
                let mut target = targets[start / classes..].iter();
                rows(
                    &x[start..][..out.len()],
                    classes,
                    out,
                    #[inline(always)]
                    |_, out, _, sum| {
                        for out in &mut *out {
                            *out = *out / sum * scale;
                        }
                        out[*target.next().expect("a target for each row")] -= scale;
                    },
                );
            },
        )
    });
}
