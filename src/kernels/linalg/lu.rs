//! LU with partial pivoting.
#![forbid(unsafe_code)]

use super::{identity, simd, triangle::Triangle, two_rows};
use crate::kernels::Float;

/// P·A = L·U, with ones on the diagonal of L (Golub, Van Loan: Matrix Computations, algorithm 3.4.1).
pub(crate) struct Lu<F> {
    n: usize,
    /// U, and L below it.
    factors: Vec<F>,
    /// The row of A that each row came from.
    order: Vec<usize>,
    /// Whether P is an odd permutation.
    odd: bool,
    /// The first column without a pivot other than 0.
    pub(crate) singular: Option<usize>,
}

const LOWER: Triangle = Triangle { upper: false, transpose: false, unit: true };
const UPPER: Triangle = Triangle { upper: true, transpose: false, unit: false };

impl<F: Float> Lu<F> {
    pub(crate) fn new(a: &[F], n: usize) -> Self {
        let mut lu = Lu { n, factors: a.to_vec(), order: (0..n).collect(), odd: false, singular: None };
        simd(
            #[inline(always)]
            || lu.eliminate(),
        );
        lu
    }

    #[inline(always)]
    fn eliminate(&mut self) {
        let (n, u) = (self.n, &mut self.factors);
        for k in 0..n {
            let mut pivot = k;
            for i in k + 1..n {
                // A NaN is chosen, too: it must not be lost behind a number.
                let (new, old) = (u[i * n + k].abs(), u[pivot * n + k].abs());
                if new > old || new.is_nan() {
                    pivot = i;
                }
            }
            if u[pivot * n + k] == F::ZERO {
                self.singular = self.singular.or(Some(k));
                continue;
            }
            if pivot != k {
                let (a, b) = two_rows(u, n, pivot, k);
                a.swap_with_slice(b);
                self.order.swap(pivot, k);
                self.odd = !self.odd;
            }
            let divisor = u[k * n + k];
            for i in k + 1..n {
                let (row, top) = two_rows(u, n, i, k);
                let factor = row[k] / divisor;
                row[k] = factor;
                for (v, &t) in row[k + 1..].iter_mut().zip(&top[k + 1..]) {
                    *v -= factor * t;
                }
            }
        }
    }

    /// The pivots: the diagonal of U.
    fn pivots(&self) -> impl Iterator<Item = F> + '_ {
        (0..self.n).map(|i| self.factors[i * self.n + i])
    }

    pub(crate) fn determinant(&self) -> F {
        let product = self.pivots().fold(F::ONE, |product, pivot| product * pivot);
        if self.odd { -product } else { product }
    }

    /// The sign of the determinant and the logarithm of its magnitude, which does not overflow.
    pub(crate) fn log_determinant(&self) -> (F, F) {
        let sign = |v: F| {
            if v > F::ZERO {
                F::ONE
            } else if v < F::ZERO {
                -F::ONE
            } else {
                v
            }
        };
        let start = if self.odd { -F::ONE } else { F::ONE };
        let sign = self.pivots().fold(start, |product, pivot| product * sign(pivot));
        // A zero decides, whatever the others are.
        let log =
            if self.singular.is_some() { -F::INFINITY } else { self.pivots().map(|p| p.abs().ln()).sum() };
        (sign, log)
    }

    /// A·X = B, or Aᵀ·X = B, for the n × columns elements of B.
    pub(crate) fn solve(&self, b: &[F], columns: usize, transpose: bool) -> Vec<F> {
        let (n, lu) = (self.n, &self.factors);
        let mut x = vec![F::ZERO; b.len()];
        if transpose {
            let mut y = b.to_vec();
            Triangle { transpose: true, ..UPPER }.solve(lu, n, &mut y, columns);
            Triangle { transpose: true, ..LOWER }.solve(lu, n, &mut y, columns);
            for (i, &from) in self.order.iter().enumerate() {
                x[from * columns..][..columns].copy_from_slice(&y[i * columns..][..columns]);
            }
        } else {
            for (i, &from) in self.order.iter().enumerate() {
                x[i * columns..][..columns].copy_from_slice(&b[from * columns..][..columns]);
            }
            LOWER.solve(lu, n, &mut x, columns);
            UPPER.solve(lu, n, &mut x, columns);
        }
        x
    }

    pub(crate) fn inverse(&self) -> Vec<F> {
        self.solve(&identity(self.n), self.n, false)
    }
}
