//! Eigenvalues and eigenvectors of symmetric matrices.
#![forbid(unsafe_code)]

use super::{
    Diverged, SWEEPS, dot, epsilon, identity, magnitude, points_backwards, qr::reflect, rotate, simd,
    two_rows,
};
use crate::kernels::Float;

/// (A + Aᵀ)/2 = V·diag(w)·Vᵀ with w ascending: reflections leave three diagonals, and rotations the one
/// (Golub, Van Loan: Matrix Computations, §8.3). The columns of V have their component of greatest magnitude
/// positive. NaN where A is not finite.
pub(crate) fn factor<F: Float>(a: &[F], n: usize, w: &mut [F], v: &mut [F]) -> Result<(), Diverged> {
    let half = F::of(0.5);
    let mut a: Vec<F> = (0..n * n).map(|at| half * a[at] + half * a[at % n * n + at / n]).collect();
    if a.iter().any(|v| !v.is_finite()) {
        w.fill(F::NAN);
        v.fill(F::NAN);
        return Ok(());
    }
    let scale = magnitude(&a);
    a.iter_mut().for_each(|v| *v = *v / scale);
    let mut beside = vec![F::ZERO; n];
    let reflections = simd(
        #[inline(always)]
        || tridiagonalise(&mut a, n, &mut beside),
    );
    let mut diagonal: Vec<F> = (0..n).map(|i| a[i * n + i]).collect();
    // The product of the reflections; its rows, turned with the rest, become the vectors.
    let mut basis = identity::<F>(n);
    for v in reflections.iter().rev() {
        reflect(v, &mut basis, n, n - v.len());
    }
    let mut vectors: Vec<F> = (0..n * n).map(|at| basis[at % n * n + at / n]).collect();
    simd(
        #[inline(always)]
        || diagonalise(&mut diagonal, &mut beside, &mut vectors),
    )?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| diagonal[i].partial_cmp(&diagonal[j]).expect("finite"));
    for (j, &from) in order.iter().enumerate() {
        w[j] = diagonal[from] * scale;
        let vector = &vectors[from * n..][..n];
        let flip = points_backwards(vector.iter().copied());
        (0..n).for_each(|i| v[i * n + j] = if flip { -vector[i] } else { vector[i] });
    }
    Ok(())
}

/// H·A·H for reflections H until A is 0 but for its diagonal and what is beside it, which goes to `beside`. Of each the
/// vector whose direction it turns round; its rows and columns are the last.
#[inline(always)]
fn tridiagonalise<F: Float>(a: &mut [F], n: usize, beside: &mut [F]) -> Vec<Vec<F>> {
    let mut reflections = Vec::new();
    for k in 0..n.saturating_sub(1) {
        let mut v = a[k * n + k + 1..(k + 1) * n].to_vec();
        let norm = dot(&v, &v).sqrt();
        // What is too small to be squared is too small to count, in the unit of the whole.
        if v.len() == 1 || norm == F::ZERO {
            beside[k] = v[0];
            continue;
        }
        beside[k] = -norm.copysign(v[0]);
        v[0] = v[0] + norm.copysign(v[0]);
        // A − v·wᵀ − w·vᵀ with w = p − ½β(pᵀv)·v, p = β·A·v and β = 2/vᵀv.
        let rows = |row: usize| (k + 1 + row) * n + k + 1..(k + 2 + row) * n;
        let beta = F::of(2.0) / dot(&v, &v);
        let mut w: Vec<F> = (0..v.len()).map(|row| beta * dot(&a[rows(row)], &v)).collect();
        let part = F::of(0.5) * beta * dot(&w, &v);
        w.iter_mut().zip(&v).for_each(|(w, &v)| *w -= part * v);
        for row in 0..v.len() {
            let (of_v, of_w) = (v[row], w[row]);
            for ((a, &v), &w) in a[rows(row)].iter_mut().zip(&v).zip(&w) {
                *a -= of_v * w + of_w * v;
            }
        }
        reflections.push(v);
    }
    reflections
}

/// Turns what is beside the diagonal to 0, by steps of the implicit QL method with Wilkinson's shift, and the rows
/// of `vectors` with it.
#[inline(always)]
fn diagonalise<F: Float>(d: &mut [F], beside: &mut [F], vectors: &mut [F]) -> Result<(), Diverged> {
    let n = d.len();
    for first in 0..n {
        for step in 0.. {
            // An entry that is smaller than this in the unit of the whole has no part in any eigenvalue.
            let least = epsilon::<F>() * epsilon();
            let splits = |&i: &usize| {
                let size = d[i].abs() + d[i + 1].abs();
                beside[i].abs() <= epsilon::<F>() * size || beside[i].abs() <= least
            };
            let last = (first..n - 1).find(splits).unwrap_or(n - 1);
            if last == first {
                break;
            }
            if step == SWEEPS {
                return Err(Diverged);
            }
            chase(d, beside, vectors, first..last);
        }
    }
    Ok(())
}

/// One step between the first place and the last: a rotation that the shift asks for at the end, and others that
/// carry what it leaves beside the three diagonals to the beginning.
#[inline(always)]
fn chase<F: Float>(d: &mut [F], beside: &mut [F], vectors: &mut [F], places: std::ops::Range<usize>) {
    let (n, first, last, two) = (d.len(), places.start, places.end, F::of(2.0));
    let half_gap = (d[first + 1] - d[first]) / (two * beside[first]);
    let root = F::ONE.hypot(half_gap).copysign(half_gap);
    let shift = d[first] - beside[first] / (half_gap + root);
    let (mut s, mut c, mut moved, mut lead) = (F::ONE, F::ONE, F::ZERO, d[last] - shift);
    for i in places.rev() {
        let (bulge, off) = (s * beside[i], c * beside[i]);
        let length = bulge.hypot(lead);
        beside[i + 1] = length;
        if length == F::ZERO {
            // The matrix falls apart here.
            d[i + 1] -= moved;
            beside[last] = F::ZERO;
            return;
        }
        (s, c) = (bulge / length, lead / length);
        let below = d[i + 1] - moved;
        let mixed = (d[i] - below) * s + two * c * off;
        moved = s * mixed;
        d[i + 1] = below + moved;
        lead = c * mixed - off;
        let (x, y) = two_rows(vectors, n, i, i + 1);
        rotate(x, y, c, s);
    }
    d[first] -= moved;
    beside[first] = lead;
    beside[last] = F::ZERO;
}
