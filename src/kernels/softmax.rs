//! Softmax and its relatives along the middle axis of `[outer, count, inner]`.
#![forbid(unsafe_code)]

use super::{Float, parallel::pieces};

/// The maximum, by which exponentials are shifted so that none overflows, and the sum of the shifted
/// exponentials: NaN when there is a NaN or an infinite maximum.
#[inline(always)]
fn shifted_sum<F: Float>(count: usize, at: impl Fn(usize) -> F) -> (F, F) {
    let mut top = -F::INFINITY;
    for j in 0..count {
        if at(j) > top {
            top = at(j);
        }
    }
    let mut sum = F::ZERO;
    for j in 0..count {
        sum += (at(j) - top).exp();
    }
    (top, sum)
}

/// Runs `body(lane, at)` for every lane along the middle axis.
fn lanes<F: Float>(
    x: &[F],
    count: usize,
    inner: usize,
    out: &mut [F],
    body: impl Fn(&[F], usize, &mut [F]) + Sync,
) {
    let row = count * inner;
    pieces(out, row, &|start, out| {
        let x = &x[start..start + out.len()];
        for (x, out) in x.chunks_exact(row).zip(out.chunks_exact_mut(row)) {
            for column in 0..inner {
                body(x, column, out);
            }
        }
    });
}

/// e^x / Σ e^x
pub(crate) fn softmax<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    lanes(x, count, inner, out, |x, column, out| {
        let at = |j: usize| x[j * inner + column];
        let (top, sum) = shifted_sum(count, at);
        for j in 0..count {
            out[j * inner + column] = (at(j) - top).exp() / sum;
        }
    });
}

/// x − ln Σ e^x
pub(crate) fn log_softmax<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    lanes(x, count, inner, out, |x, column, out| {
        let at = |j: usize| x[j * inner + column];
        let (top, sum) = shifted_sum(count, at);
        let log = sum.ln();
        for j in 0..count {
            out[j * inner + column] = (at(j) - top) - log;
        }
    });
}

/// The mean over rows of −log_softmax(row)[target].
pub(crate) fn cross_entropy<F: Float>(x: &[F], classes: usize, targets: &[usize]) -> F {
    let mut losses = super::buffer::Buffer::stale(targets.len());
    let out = losses.unshared().expect("fresh");
    pieces(out, 1, &|start, out| {
        for (i, out) in out.iter_mut().enumerate() {
            let row = &x[(start + i) * classes..][..classes];
            let (top, sum) = shifted_sum(classes, |j| row[j]);
            *out = sum.ln() - (row[targets[start + i]] - top);
        }
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
        let first = start / classes;
        for (i, out) in out.chunks_exact_mut(classes).enumerate() {
            let row = &x[(first + i) * classes..][..classes];
            let (top, sum) = shifted_sum(classes, |j| row[j]);
            for j in 0..classes {
                out[j] = (row[j] - top).exp() / sum * scale;
            }
            out[targets[first + i]] -= scale;
        }
    });
}
