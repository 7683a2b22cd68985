//! Cholesky's factorisation.
#![forbid(unsafe_code)]

use super::{dot, simd};
use crate::kernels::Float;

/// Lower triangular L with L·Lᵀ = (A + Aᵀ)/2, row by row into `l` (Golub, Van Loan: Matrix Computations,
/// §4.2.5).
///
/// # Errors
/// The first row whose pivot is not positive.
pub(crate) fn factor<F: Float>(a: &[F], n: usize, l: &mut [F]) -> Result<(), usize> {
    simd(
        #[inline(always)]
        || by_rows(a, n, l),
    )
}

#[inline(always)]
fn by_rows<F: Float>(a: &[F], n: usize, l: &mut [F]) -> Result<(), usize> {
    let half = F::of(0.5);
    for i in 0..n {
        for j in 0..=i {
            let left = half * (a[i * n + j] + a[j * n + i]) - dot(&l[i * n..][..j], &l[j * n..][..j]);
            l[i * n + j] = if i > j {
                left / l[j * n + j]
            } else if left <= F::ZERO {
                return Err(i);
            } else {
                left.sqrt()
            };
        }
        l[i * n + i + 1..(i + 1) * n].fill(F::ZERO);
    }
    Ok(())
}
