//! Elementwise loops. A *kernel* is a loop over one piece, compiled once per instruction set; the
//! functions here run it over whole slices: on several threads, and in place.
#![forbid(unsafe_code)]

use super::{Float, parallel::pieces, simd::simd};

/// One side of a two-operand loop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operand<'a, F> {
    /// As long as the output.
    Slice(&'a [F]),
    /// The same for every element.
    Scalar(F),
    /// The output's own former contents: the loop runs in place.
    Out,
}

/// Elements that are held aside while a kernel overwrites them: few enough to stay in the cache.
const HELD: usize = 512;
/// As [`HELD`], for tensors so small that clearing the buffer would show.
const HELD_SMALL: usize = 16;

/// `out = kernel(x)`
pub(crate) fn map<F: Float>(x: &[F], out: &mut [F], kernel: &(dyn Fn(&[F], &mut [F]) + Sync)) {
    assert_eq!(x.len(), out.len());
    pieces(out, 1, &|start, out| kernel(&x[start..start + out.len()], out));
}

/// `x = kernel(x)`
pub(crate) fn map_mut<F: Float>(x: &mut [F], kernel: &(dyn Fn(&[F], &mut [F]) + Sync)) {
    fn held<F: Float, const N: usize>(x: &mut [F], kernel: &(dyn Fn(&[F], &mut [F]) + Sync)) {
        let mut held = [F::ZERO; N];
        for x in x.chunks_mut(N) {
            let held = &mut held[..x.len()];
            held.copy_from_slice(x);
            kernel(held, x);
        }
    }
    pieces(x, 1, &|_, x| match x.len() {
        ..=HELD_SMALL => held::<F, HELD_SMALL>(x, kernel),
        _ => held::<F, HELD>(x, kernel),
    });
}

/// `out = kernel(a, b)`
pub(crate) fn zip<F: Float>(
    out: &mut [F],
    a: Operand<'_, F>,
    b: Operand<'_, F>,
    kernel: &(dyn Fn(&[F], &[F], &mut [F]) + Sync),
) {
    fn held<F: Float, const N: usize>(
        start: usize,
        out: &mut [F],
        [a, b]: [Operand<'_, F>; 2],
        kernel: &(dyn Fn(&[F], &[F], &mut [F]) + Sync),
    ) {
        let fresh = |side| [if let Operand::Scalar(v) = side { v } else { F::ZERO }; N];
        let mut buffers = [fresh(a), fresh(b)];
        for (i, out) in out.chunks_mut(N).enumerate() {
            let (at, n) = (start + i * N, out.len());
            let [a_held, b_held] = &mut buffers;
            let side = |operand: Operand<'_, F>, held: &mut [F; N]| match operand {
                Operand::Slice(_) | Operand::Scalar(_) => {}
                Operand::Out => held[..n].copy_from_slice(out),
            };
            side(a, a_held);
            side(b, b_held);
            let a = if let Operand::Slice(a) = a { &a[at..at + n] } else { &a_held[..n] };
            let b = if let Operand::Slice(b) = b { &b[at..at + n] } else { &b_held[..n] };
            kernel(a, b, out);
        }
    }
    pieces(out, 1, &|start, out| match (a, b) {
        (Operand::Slice(a), Operand::Slice(b)) => {
            kernel(&a[start..start + out.len()], &b[start..start + out.len()], out);
        }
        _ if out.len() <= HELD_SMALL => held::<F, HELD_SMALL>(start, out, [a, b], kernel),
        _ => held::<F, HELD>(start, out, [a, b], kernel),
    });
}

/// `d = kernel(v, d)`
pub(crate) fn update<F: Float>(v: &[F], d: &mut [F], kernel: &(dyn Fn(&[F], &mut [F]) + Sync)) {
    map(v, d, kernel);
}

/// `d = kernel(a, b, d)`
pub(crate) fn update_pair<F: Float>(
    a: &[F],
    b: &[F],
    d: &mut [F],
    kernel: &(dyn Fn(&[F], &[F], &mut [F]) + Sync),
) {
    zip(d, Operand::Slice(a), Operand::Slice(b), kernel);
}

/// The kernel `out[i] = f(x[i])`.
#[inline(always)]
pub(crate) fn each<F: Copy>(x: &[F], out: &mut [F], f: impl Fn(F) -> F) {
    simd(
        #[inline(always)]
        || {
            let x = &x[..out.len()];
            for i in 0..out.len() {
                out[i] = f(x[i]);
            }
        },
    );
}

/// The kernel `out[i] = f(a[i], b[i])`.
#[inline(always)]
pub(crate) fn each_pair<F: Copy>(a: &[F], b: &[F], out: &mut [F], f: impl Fn(F, F) -> F) {
    simd(
        #[inline(always)]
        || {
            let (a, b) = (&a[..out.len()], &b[..out.len()]);
            for i in 0..out.len() {
                out[i] = f(a[i], b[i]);
            }
        },
    );
}

/// The kernel `d[i] = f(v[i], d[i])`.
#[inline(always)]
pub(crate) fn each_update<F: Copy>(v: &[F], d: &mut [F], f: impl Fn(F, F) -> F) {
    simd(
        #[inline(always)]
        || {
            let v = &v[..d.len()];
            for i in 0..d.len() {
                d[i] = f(v[i], d[i]);
            }
        },
    );
}

/// The kernel `d[i] = f(a[i], b[i], d[i])`.
#[inline(always)]
pub(crate) fn each_update_pair<F: Copy>(a: &[F], b: &[F], d: &mut [F], f: impl Fn(F, F, F) -> F) {
    simd(
        #[inline(always)]
        || {
            let (a, b) = (&a[..d.len()], &b[..d.len()]);
            for i in 0..d.len() {
                d[i] = f(a[i], b[i], d[i]);
            }
        },
    );
}
