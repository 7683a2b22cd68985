//! QR by Householder's reflections.
#![forbid(unsafe_code)]

use super::{magnitude, simd};
use crate::kernels::Float;

/// H·X for the reflection H = I − 2vvᵀ/vᵀv of the last rows of X, from column `from` on.
pub(super) fn reflect<F: Float>(v: &[F], x: &mut [F], columns: usize, from: usize) {
    simd(
        #[inline(always)]
        || mirror(v, x, columns, from),
    );
}

#[inline(always)]
fn mirror<F: Float>(v: &[F], x: &mut [F], columns: usize, from: usize) {
    let first = x.len() / columns - v.len();
    let rows = &mut x[first * columns..];
    let length: F = v.iter().map(|&v| v * v).sum();
    let mut sums = vec![F::ZERO; columns - from];
    for (&v, row) in v.iter().zip(rows.chunks_exact(columns)) {
        sums.iter_mut().zip(&row[from..]).for_each(|(sum, &x)| *sum += v * x);
    }
    let factor = F::of(2.0) / length;
    for (&v, row) in v.iter().zip(rows.chunks_exact_mut(columns)) {
        row[from..].iter_mut().zip(&sums).for_each(|(x, &sum)| *x -= factor * v * sum);
    }
}

/// A = Q·R for an m × n matrix A: `q` is m × k with orthonormal columns, `r` is k × n, upper triangular, for
/// k from min(m, n) to m. The diagonal of R is not negative, which makes both unique where A has full rank
/// (Golub, Van Loan: Matrix Computations, §5.2.1).
pub(crate) fn factor<F: Float>(a: &[F], [m, n, k]: [usize; 3], q: &mut [F], r: &mut [F]) {
    let mut left = a.to_vec();
    let mut reflections = Vec::new();
    for j in 0..n.min(m.saturating_sub(1)) {
        let mut v: Vec<F> = (j..m).map(|i| left[i * n + j]).collect();
        let scale = magnitude(&v);
        v.iter_mut().for_each(|v| *v = *v / scale);
        let norm = v.iter().map(|&v| v * v).sum::<F>().sqrt();
        if norm == F::ZERO {
            continue; // nothing to reflect
        }
        v[0] = v[0] + norm.copysign(v[0]);
        reflect(&v, &mut left, n, j);
        (j + 1..m).for_each(|i| left[i * n + j] = F::ZERO);
        reflections.push(v);
    }
    r.copy_from_slice(&left[..k * n]);
    q.fill(F::ZERO);
    (0..k).for_each(|i| q[i * k + i] = F::ONE);
    for v in reflections.iter().rev() {
        reflect(v, q, k, 0);
    }
    for i in 0..k.min(n) {
        if r[i * n + i] < F::ZERO {
            r[i * n..][..n].iter_mut().for_each(|v| *v = -*v);
            (0..m).for_each(|row| q[row * k + i] = -q[row * k + i]);
        }
    }
}
