//! Gates of recurrent cells: rows of several blocks side by side, each of the width of the state.
#![forbid(unsafe_code)]

use super::{Float, parallel::pieces, simd::simd};

/// Calls `row(number of the row, row of out)` for every row, of `width` elements.
fn rows<F: Float>(out: &mut [F], width: usize, row: impl Fn(usize, &mut [F]) + Copy + Sync) {
    pieces(out, width, &|start, out| {
        simd(
            #[inline(always)]
            move || {
                for (i, out) in out.chunks_exact_mut(width).enumerate() {
                    row(start / width + i, out);
                }
            },
        );
    });
}

/// σ(f)·c + σ(i)·tanh(g) for gates i, f, g, o.
pub(crate) fn lstm_memory<F: Float>(gates: &[F], c: &[F], width: usize, out: &mut [F]) {
    rows(
        out,
        width,
        #[inline(always)]
        move |row, out| {
            let (gates, c) = (&gates[4 * row * width..][..3 * width], &c[row * width..][..width]);
            let (i, gates) = gates.split_at(width);
            let (f, g) = gates.split_at(width);
            for j in 0..width {
                out[j] = f[j].sigmoid() * c[j] + i[j].sigmoid() * g[j].tanh();
            }
        },
    );
}

/// σ(o)·tanh(c) for gates i, f, g, o.
pub(crate) fn lstm_hidden<F: Float>(gates: &[F], c: &[F], width: usize, out: &mut [F]) {
    rows(
        out,
        width,
        #[inline(always)]
        move |row, out| {
            let (o, c) = (&gates[(4 * row + 3) * width..][..width], &c[row * width..][..width]);
            for j in 0..width {
                out[j] = o[j].sigmoid() * c[j].tanh();
            }
        },
    );
}

/// (1 − z)·n + z·h with r = σ(xᵣ + hᵣ), z = σ(x_z + h_z), n = tanh(xₙ + r·hₙ).
pub(crate) fn gru<F: Float>(x: &[F], u: &[F], h: &[F], width: usize, out: &mut [F]) {
    rows(
        out,
        width,
        #[inline(always)]
        move |row, out| {
            let (x, u) = (&x[3 * row * width..][..3 * width], &u[3 * row * width..][..3 * width]);
            let h = &h[row * width..][..width];
            let ((xr, x), (ur, u)) = (x.split_at(width), u.split_at(width));
            let ((xz, xn), (uz, un)) = (x.split_at(width), u.split_at(width));
            for j in 0..width {
                let (r, z) = ((xr[j] + ur[j]).sigmoid(), (xz[j] + uz[j]).sigmoid());
                let n = (xn[j] + r * un[j]).tanh();
                out[j] = (F::ONE - z) * n + z * h[j];
            }
        },
    );
}
