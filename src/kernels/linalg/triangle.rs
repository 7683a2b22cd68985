//! Systems whose matrix is triangular.
#![forbid(unsafe_code)]

use super::simd;
use crate::kernels::Float;

/// Which triangle of a stored matrix is the system's, and how it enters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Triangle {
    /// The upper one as stored, else the lower.
    pub(crate) upper: bool,
    /// Transposed.
    pub(crate) transpose: bool,
    /// With ones on the diagonal, whatever is stored there.
    pub(crate) unit: bool,
}

impl Triangle {
    /// T·X = B by substitution, in place of the n × columns elements of B. A zero on the diagonal gives
    /// infinities.
    pub(crate) fn solve<F: Float>(self, a: &[F], n: usize, b: &mut [F], columns: usize) {
        simd(
            #[inline(always)]
            || self.substitute(a, n, b, columns),
        );
    }

    #[inline(always)]
    fn substitute<F: Float>(self, a: &[F], n: usize, b: &mut [F], columns: usize) {
        let at = |i: usize, j: usize| if self.transpose { a[j * n + i] } else { a[i * n + j] };
        let backwards = self.upper != self.transpose;
        for step in 0..n {
            let i = if backwards { n - 1 - step } else { step };
            for known in 0..step {
                let j = if backwards { n - 1 - known } else { known };
                let factor = at(i, j);
                let (row, other) = super::two_rows(b, columns, i, j);
                for (v, &u) in row.iter_mut().zip(&*other) {
                    *v -= factor * u;
                }
            }
            if !self.unit {
                let pivot = at(i, i);
                b[i * columns..][..columns].iter_mut().for_each(|v| *v = *v / pivot);
            }
        }
    }
}
