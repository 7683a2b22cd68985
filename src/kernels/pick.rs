//! Elements by their index along an axis: picked, and added where they were picked.
//!
//! A whole is outer × `size` × `inner`, what is picked outer × `count` × `inner`, as are the indices.
#![forbid(unsafe_code)]

use super::{Float, parallel::pieces};

/// `out` = the elements of `x` that the indices name.
pub(crate) fn pick<F: Float>(
    x: &[F],
    size: usize,
    indices: &[usize],
    [count, inner]: [usize; 2],
    out: &mut [F],
) {
    let lane = count * inner;
    pieces(out, lane, &|start, out| {
        let indices = &indices[start..start + out.len()];
        let x = x[start / lane * size * inner..].chunks_exact(size * inner);
        for ((x, indices), out) in x.zip(indices.chunks_exact(lane)).zip(out.chunks_exact_mut(lane)) {
            for (indices, out) in indices.chunks_exact(inner).zip(out.chunks_exact_mut(inner)) {
                for (i, (v, &index)) in out.iter_mut().zip(indices).enumerate() {
                    *v = x[index * inner + i];
                }
            }
        }
    });
}

/// `sum` = zeros, with each element of `x` added where its index says.
pub(crate) fn add<F: Float>(
    x: &[F],
    size: usize,
    indices: &[usize],
    [count, inner]: [usize; 2],
    sum: &mut [F],
) {
    let (lane, whole) = (count * inner, size * inner);
    pieces(sum, whole, &|start, sum| {
        sum.fill(F::ZERO);
        if lane == 0 {
            return;
        }
        let from = start / whole * lane;
        let lanes = x[from..].chunks_exact(lane).zip(indices[from..].chunks_exact(lane));
        for ((x, indices), sum) in lanes.zip(sum.chunks_exact_mut(whole)) {
            for (x, indices) in x.chunks_exact(inner).zip(indices.chunks_exact(inner)) {
                for (i, (&v, &index)) in x.iter().zip(indices).enumerate() {
                    sum[index * inner + i] += v;
                }
            }
        }
    });
}
