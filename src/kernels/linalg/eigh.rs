//! Eigenvalues and eigenvectors of symmetric matrices.
#![forbid(unsafe_code)]

use super::{Diverged, SWEEPS, epsilon, identity, magnitude, points_backwards, rotate, rotation, two_rows};
use crate::kernels::Float;

/// (A + Aᵀ)/2 = V·diag(w)·Vᵀ with w ascending, by Jacobi's cyclic rotations (Golub, Van Loan: Matrix
/// Computations, §8.5). The columns of V have their component of greatest magnitude positive. NaN where A is
/// not finite.
pub(crate) fn factor<F: Float>(a: &[F], n: usize, w: &mut [F], v: &mut [F]) -> Result<(), Diverged> {
    let half = F::of(0.5);
    let mut a: Vec<F> = (0..n * n).map(|at| half * a[at] + half * a[at % n * n + at / n]).collect();
    if a.iter().any(|v| !v.is_finite()) {
        w.fill(F::NAN);
        v.fill(F::NAN);
        return Ok(());
    }
    // An entry that is smaller than this in the unit of the whole has no part in any eigenvalue.
    let least = magnitude(&a) * epsilon::<F>() * epsilon();
    let mut vectors = identity::<F>(n); // row by row
    for sweep in 0.. {
        let mut turned = false;
        for p in 0..n {
            for q in p + 1..n {
                let (off, first, second) = (a[p * n + q], a[p * n + p], a[q * n + q]);
                let small =
                    epsilon::<F>() * if first.abs() < second.abs() { first.abs() } else { second.abs() };
                if off.abs() <= small || off.abs() <= least {
                    continue;
                }
                turned = true;
                let (t, c, s) = rotation((second - first) / (off + off));
                let (x, y) = two_rows(&mut a, n, p, q);
                rotate(x, y, c, s);
                for i in 0..n {
                    // What the columns become is what the rows became.
                    (a[i * n + p], a[i * n + q]) = (a[p * n + i], a[q * n + i]);
                }
                (a[p * n + p], a[q * n + q]) = (first - t * off, second + t * off);
                (a[p * n + q], a[q * n + p]) = (F::ZERO, F::ZERO);
                let (x, y) = two_rows(&mut vectors, n, p, q);
                rotate(x, y, c, s);
            }
        }
        if !turned {
            break;
        }
        if sweep == SWEEPS {
            return Err(Diverged);
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[i * n + i].partial_cmp(&a[j * n + j]).expect("finite"));
    for (j, &from) in order.iter().enumerate() {
        w[j] = a[from * n + from];
        let vector = &vectors[from * n..][..n];
        let flip = points_backwards(vector.iter().copied());
        (0..n).for_each(|i| v[i * n + j] = if flip { -vector[i] } else { vector[i] });
    }
    Ok(())
}
