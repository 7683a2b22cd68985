//! Factorisations of one matrix, row by row in a slice. Compact code of our own: docs/architecture.md says
//! why.
#![forbid(unsafe_code)]

pub(crate) mod cholesky;
pub(crate) mod eigh;
pub(crate) mod exp;
pub(crate) mod lu;
pub(crate) mod qr;
pub(crate) mod svd;
pub(crate) mod triangle;

use super::{Float, gemm::dot, simd::simd};

/// The distance from 1 to the next number.
pub(crate) fn epsilon<F: Float>() -> F {
    F::of((1.0 - F::DIGITS as f64).exp2())
}

/// Sweeps of rotations after which a method that converges quadratically would have done so.
const SWEEPS: usize = 60;

/// A factorisation did not converge, which no known matrix makes it do.
#[derive(Debug)]
pub(crate) struct Diverged;

/// The identity matrix.
fn identity<F: Float>(n: usize) -> Vec<F> {
    let mut x = vec![F::ZERO; n * n];
    x.iter_mut().step_by(n + 1).for_each(|v| *v = F::ONE);
    x
}

/// Two different rows of a matrix with rows of this length, for writing.
#[inline(always)]
fn two_rows<F>(x: &mut [F], length: usize, p: usize, q: usize) -> (&mut [F], &mut [F]) {
    let (low, high) = (p.min(q), p.max(q));
    let (head, tail) = x.split_at_mut(high * length);
    let (a, b) = (&mut head[low * length..][..length], &mut tail[..length]);
    if p < q { (a, b) } else { (b, a) }
}

/// The plane rotation that makes two directions orthogonal or an entry off the diagonal 0, where `zeta` is
/// the cotangent of twice its angle: its tangent, cosine and sine (Golub, Van Loan: Matrix Computations,
/// §8.5.2).
fn rotation<F: Float>(zeta: F) -> (F, F, F) {
    let t = F::ONE.copysign(zeta) / (zeta.abs() + F::ONE.hypot(zeta));
    let c = F::ONE / F::ONE.hypot(t);
    (t, c, t * c)
}

/// (a, b) ← (c·a − s·b, s·a + c·b).
#[inline(always)]
fn rotate<F: Float>(a: &mut [F], b: &mut [F], c: F, s: F) {
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = (c * *a - s * *b, s * *a + c * *b);
    }
}

/// The power of 2 just below the greatest |x|, so that no square of x over it overflows; 1 for zeros.
fn magnitude<F: Float>(x: &[F]) -> F {
    let top = x.iter().fold(F::ZERO, |top, &v| if v.abs() > top { v.abs() } else { top });
    // Where the power is no normal number, neither is what it would be divided into.
    if top > F::ZERO && top.is_finite() { F::of(top.to_f64().log2().floor().exp2()) } else { F::ONE }
}

/// Whether a vector's component of greatest magnitude, the first of equals, is negative. The sign of a
/// singular vector is a convention, and ours is that it is not.
fn points_backwards<F: Float>(v: impl Iterator<Item = F>) -> bool {
    v.fold(F::ZERO, |top, v| if v.abs() > top.abs() { v } else { top }) < F::ZERO
}
