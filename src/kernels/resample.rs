//! Sparse matrices along an axis.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces_of},
    simd::simd,
};

/// `out` = the rows of a sparse matrix times the axis of x: x is outer × `size` × `inner`, `out` outer × rows × `inner`.
/// Row r has the entries `ends[r]..ends[r + 1]`, each a place along the axis and a weight.
pub(crate) fn resample<F: Float>(
    x: &[F],
    [size, inner]: [usize; 2],
    ends: &[usize],
    entries: &[(usize, f64)],
    out: &mut [F],
) {
    if out.is_empty() {
        return;
    }
    let rows = ends.len() - 1;
    let grain = (GRAIN * rows / entries.len().max(rows)).max(inner);
    pieces_of(out, inner, grain, &|start, out| {
        simd(
            #[inline(always)]
            || {
                for (i, out) in out.chunks_exact_mut(inner).enumerate() {
                    let (block, row) = ((start / inner + i) / rows, (start / inner + i) % rows);
                    let x = &x[block * size * inner..(block + 1) * size * inner];
                    out.fill(F::ZERO);
                    for &(place, weight) in &entries[ends[row]..ends[row + 1]] {
                        let weight = F::of(weight);
                        for (out, &v) in out.iter_mut().zip(&x[place * inner..(place + 1) * inner]) {
                            *out += weight * v;
                        }
                    }
                }
            },
        );
    });
}
