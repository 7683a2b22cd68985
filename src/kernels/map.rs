//! Elementwise loops. A *kernel* is a loop over one piece, compiled once per instruction set; the
//! functions here run it over whole slices: on several threads, and in place.
#![forbid(unsafe_code)]

use super::{Float, parallel::pieces, simd::simd, single::FAR};

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

/// Elements that are looked at one by one when one of them is beyond [`FAR`].
const NEIGHBOURS: usize = 64;
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

// The loops own what they call: behind a reference its options would be read again after every element.

/// The kernel `out[i] = f(x[i])`.
#[inline(always)]
pub(crate) fn each<F: Copy>(x: &[F], out: &mut [F], f: impl Fn(F) -> F) {
    simd(
        #[inline(always)]
        move || {
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
        move || {
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
        move || {
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
        move || {
            let (a, b) = (&a[..d.len()], &b[..d.len()]);
            for i in 0..d.len() {
                d[i] = f(a[i], b[i], d[i]);
            }
        },
    );
}

/// Whether one of them is beyond [`FAR`]; without an early end, so that vectors are compared.
#[inline(always)]
fn any_far(x: &[f32]) -> bool {
    x.iter().fold(false, |far, x| far | (x.abs() > FAR))
}

/// As [`each`], with `far` in double precision where some x is too large for `near`.
#[inline(always)]
pub(crate) fn each_periodic(x: &[f32], out: &mut [f32], near: impl Fn(f32) -> f32, far: impl Fn(f64) -> f64) {
    simd(
        #[inline(always)]
        move || {
            for (x, out) in x.chunks(NEIGHBOURS).zip(out.chunks_mut(NEIGHBOURS)) {
                let (x, far_off) = (&x[..out.len()], any_far(x));
                if far_off {
                    for i in 0..out.len() {
                        out[i] = if x[i].abs() > FAR { far(f64::from(x[i])) as f32 } else { near(x[i]) };
                    }
                } else {
                    for i in 0..out.len() {
                        out[i] = near(x[i]);
                    }
                }
            }
        },
    );
}

/// As [`each_update`], with `far` in double precision where some v is too large for `near`.
#[inline(always)]
pub(crate) fn each_update_periodic(
    v: &[f32],
    d: &mut [f32],
    near: impl Fn(f32, f32) -> f32,
    far: impl Fn(f64, f64) -> f64,
) {
    simd(
        #[inline(always)]
        move || {
            for (v, d) in v.chunks(NEIGHBOURS).zip(d.chunks_mut(NEIGHBOURS)) {
                let (v, far_off) = (&v[..d.len()], any_far(v));
                if far_off {
                    for i in 0..d.len() {
                        d[i] = if v[i].abs() > FAR {
                            far(f64::from(v[i]), f64::from(d[i])) as f32
                        } else {
                            near(v[i], d[i])
                        };
                    }
                } else {
                    for i in 0..d.len() {
                        d[i] = near(v[i], d[i]);
                    }
                }
            }
        },
    );
}
