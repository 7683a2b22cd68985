//! Singular values and vectors.
#![forbid(unsafe_code)]

use super::{
    Diverged, SWEEPS, dot, eigh, epsilon, identity, magnitude, points_backwards, rotate, rotation, simd,
    two_rows,
};
use crate::kernels::{
    Float,
    gemm::{self, Matrix},
};

/// From so many vectors on it pays to begin near the end.
const LARGE: usize = 16;

/// Singular values, descending, with their left and right vectors, row by row.
pub(crate) struct Svd<F> {
    pub(crate) u: Vec<F>,
    pub(crate) s: Vec<F>,
    pub(crate) v: Vec<F>,
}

/// A = Σ sᵢ·uᵢ·vᵢᵀ for an m × n matrix A, by one-sided rotations (Hestenes: Inversion of Matrices by
/// Biorthogonalization and Related Results, 1958; Golub, Van Loan: Matrix Computations, §8.6.3). Each uᵢ has
/// its component of greatest magnitude positive. NaN where A is not finite.
pub(crate) fn factor<F: Float>(a: &[F], m: usize, n: usize) -> Result<Svd<F>, Diverged> {
    let count = m.min(n);
    if a.iter().any(|v| !v.is_finite()) {
        let nan = |length: usize| vec![F::NAN; length];
        return Ok(Svd { u: nan(count * m), s: nan(count), v: nan(count * n) });
    }
    let scale = magnitude(a);
    // The columns of A or, when there are fewer, its rows: fewer vectors, each no shorter than they are many.
    let wide = m < n;
    let (length, at) = (m.max(n), |i: usize, j: usize| if wide { a[i * n + j] } else { a[j * n + i] });
    let mut x: Vec<F> = (0..count * length).map(|k| at(k / length, k % length) / scale).collect();
    let mut y = identity::<F>(count);
    if count >= LARGE {
        approach(&mut x, &mut y, count, length);
    }
    simd(
        #[inline(always)]
        || orthogonalise(&mut x, &mut y, count, length),
    )?;

    let norms: Vec<F> = x.chunks_exact(length.max(1)).map(norm).collect();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&i, &j| norms[j].partial_cmp(&norms[i]).expect("finite"));
    let (mut long, mut short) = (Vec::with_capacity(count * length), Vec::with_capacity(count * count));
    for &i in &order {
        if norms[i] > F::ZERO {
            long.extend(x[i * length..][..length].iter().map(|&v| v / norms[i]));
        } else {
            let missing = complement(&long, length);
            long.extend(missing);
        }
        short.extend_from_slice(&y[i * count..][..count]);
    }
    let s = order.iter().map(|&i| norms[i] * scale).collect();
    let (mut u, mut v) = if wide { (short, long) } else { (long, short) };
    for i in 0..count {
        let (u, v) = (&mut u[i * m..][..m], &mut v[i * n..][..n]);
        if points_backwards(u.iter().copied()) {
            u.iter_mut().chain(v).for_each(|v| *v = -*v);
        }
    }
    Ok(Svd { u, s, v })
}

/// Turns the rows of x, and those of y with them, by the eigenvectors of X·Xᵀ: but for those of small length they are
/// orthogonal then, and few sweeps are left.
fn approach<F: Float>(x: &mut Vec<F>, y: &mut Vec<F>, count: usize, length: usize) {
    let rows = Matrix { data: &x[..], rows: count, cols: length, transposed: false };
    let columns = Matrix { data: &x[..], rows: length, cols: count, transposed: true };
    let (mut squares, mut values) = (vec![F::ZERO; count * count], vec![F::ZERO; count]);
    gemm::product(rows, columns, &mut squares, false);
    let mut vectors = vec![F::ZERO; count * count];
    if eigh::factor(&squares, count, &mut values, &mut vectors).is_err() {
        return;
    }
    // The vectors are columns, of ascending values.
    let turned: Vec<F> =
        (0..count * count).map(|at| vectors[at % count * count + count - 1 - at / count]).collect();
    let mut out = vec![F::ZERO; x.len()];
    gemm::product(
        Matrix { data: &turned[..], rows: count, cols: count, transposed: false },
        rows,
        &mut out,
        false,
    );
    (*x, *y) = (out, turned);
}

/// The length of a vector in the unit of the whole; 0 where it is a remainder of rounding, which has no
/// direction and would be turned for ever.
#[inline(always)]
fn norm<F: Float>(x: &[F]) -> F {
    let norm = dot(x, x).sqrt();
    if norm > epsilon::<F>() * epsilon() { norm } else { F::ZERO }
}

/// Turns the rows of x until they are orthogonal, and those of y with them.
#[inline(always)]
fn orthogonalise<F: Float>(x: &mut [F], y: &mut [F], count: usize, length: usize) -> Result<(), Diverged> {
    // Rounding in a rotation and in the product after it leaves a part of this: more cannot be asked for.
    let tolerance = epsilon::<F>() * F::of(8.0 * (length as f64).sqrt());
    let mut norms: Vec<F> = (0..count).map(|i| norm(&x[i * length..][..length])).collect();
    for sweep in 0.. {
        let mut turned = false;
        for p in 0..count {
            for q in p + 1..count {
                let (first, second) = (norms[p], norms[q]);
                if first == F::ZERO || second == F::ZERO {
                    continue;
                }
                let (a, b) = two_rows(x, length, p, q);
                let both = dot(a, b);
                if both.abs() <= tolerance * first * second {
                    continue;
                }
                turned = true;
                let (_, c, s) = rotation((second - first) * (second + first) / (both + both));
                rotate(a, b, c, s);
                (norms[p], norms[q]) = (norm(a), norm(b));
                let (a, b) = two_rows(y, count, p, q);
                rotate(a, b, c, s);
            }
        }
        if !turned {
            return Ok(());
        }
        if sweep == SWEEPS {
            return Err(Diverged);
        }
    }
    unreachable!("the loop has no end")
}

/// Orthonormal rows, and after them others until there are as many as they are long, each with its component of
/// greatest magnitude positive. NaN where the rows are.
pub(crate) fn completed<F: Float>(mut rows: Vec<F>, length: usize) -> Vec<F> {
    if rows.iter().any(|v| v.is_nan()) {
        return vec![F::NAN; length * length];
    }
    while rows.len() < length * length {
        let mut further = complement(&rows, length);
        if points_backwards(further.iter().copied()) {
            further.iter_mut().for_each(|v| *v = -*v);
        }
        rows.extend(further);
    }
    rows
}

/// A unit vector orthogonal to the orthonormal rows of x, of which there are fewer than their length.
fn complement<F: Float>(x: &[F], length: usize) -> Vec<F> {
    // Of the unit vectors the one that the rows span least of; never less than a part 1/length of it is left.
    let spanned = |j: usize| x.iter().skip(j).step_by(length).map(|&v| v * v).sum::<F>();
    let least = (0..length).min_by(|&i, &j| spanned(i).partial_cmp(&spanned(j)).expect("finite"));
    let mut vector = vec![F::ZERO; length];
    vector[least.expect("vectors have a length")] = F::ONE;
    // Twice is enough (Parlett: The Symmetric Eigenvalue Problem, §6.9).
    for _ in 0..2 {
        for row in x.chunks_exact(length) {
            let part = dot(row, &vector);
            vector.iter_mut().zip(row).for_each(|(v, &r)| *v -= part * r);
        }
        let norm = dot(&vector, &vector).sqrt();
        vector.iter_mut().for_each(|v| *v = *v / norm);
    }
    vector
}
