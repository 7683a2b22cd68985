//! Elementwise loops.
#![forbid(unsafe_code)]

use super::{parallel::pieces, simd::simd};

/// One side of a two-operand loop.
#[derive(Clone, Copy, Debug)]
pub enum Operand<'a, F> {
    /// As long as the output.
    Slice(&'a [F]),
    /// The same for every element.
    Scalar(F),
    /// The output's own former contents: the loop runs in place.
    Out,
}

/// `out[i] = f(x[i])`
#[inline(always)]
pub(crate) fn map<F: Copy + Send + Sync>(x: &[F], out: &mut [F], f: impl Fn(F) -> F + Sync) {
    assert_eq!(x.len(), out.len());
    pieces(out, 1, |start, out| {
        simd(
            #[inline(always)]
            || {
                let x = &x[start..start + out.len()];
                for i in 0..out.len() {
                    out[i] = f(x[i]);
                }
            },
        )
    });
}

/// `x[i] = f(x[i])`
#[inline(always)]
pub(crate) fn map_mut<F: Copy + Send + Sync>(x: &mut [F], f: impl Fn(F) -> F + Sync) {
    pieces(x, 1, |_, x| {
        simd(
            #[inline(always)]
            || {
                for v in x {
                    *v = f(*v);
                }
            },
        )
    });
}

/// `out[i] = f(out[i], b[i])`
#[inline(always)]
pub(crate) fn update<F: Copy + Send + Sync>(out: &mut [F], b: &[F], f: impl Fn(F, F) -> F + Sync) {
    assert_eq!(b.len(), out.len());
    pieces(out, 1, |start, out| {
        simd(
            #[inline(always)]
            || {
                let b = &b[start..start + out.len()];
                for i in 0..out.len() {
                    out[i] = f(out[i], b[i]);
                }
            },
        )
    });
}

/// `out[i] = f(out[i], a[i], b[i])`
#[inline(always)]
pub(crate) fn update_pair<F: Copy + Send + Sync>(
    out: &mut [F],
    a: &[F],
    b: &[F],
    f: impl Fn(F, F, F) -> F + Sync,
) {
    assert!(a.len() == out.len() && b.len() == out.len());
    pieces(out, 1, |start, out| {
        simd(
            #[inline(always)]
            || {
                let (a, b) = (&a[start..start + out.len()], &b[start..start + out.len()]);
                for i in 0..out.len() {
                    out[i] = f(out[i], a[i], b[i]);
                }
            },
        )
    });
}

/// `out[i] = f(a[i], b[i])`
#[inline(always)]
pub(crate) fn zip<F: Copy + Send + Sync>(
    out: &mut [F],
    a: Operand<'_, F>,
    b: Operand<'_, F>,
    f: impl Fn(F, F) -> F + Sync,
) {
    match (a, b) {
        (Operand::Slice(a), Operand::Slice(b)) => {
            assert!(a.len() == out.len() && b.len() == out.len());
            pieces(out, 1, |start, out| {
                simd(
                    #[inline(always)]
                    || {
                        let (a, b) = (&a[start..start + out.len()], &b[start..start + out.len()]);
                        for i in 0..out.len() {
                            out[i] = f(a[i], b[i]);
                        }
                    },
                )
            });
        }
        (Operand::Out, Operand::Slice(b)) => update(out, b, f),
        (Operand::Slice(a), Operand::Out) => update(
            out,
            a,
            #[inline(always)]
            |b, a| f(a, b),
        ),
        (Operand::Slice(a), Operand::Scalar(b)) => map(
            a,
            out,
            #[inline(always)]
            |a| f(a, b),
        ),
        (Operand::Scalar(a), Operand::Slice(b)) => map(
            b,
            out,
            #[inline(always)]
            |b| f(a, b),
        ),
        (Operand::Scalar(a), Operand::Scalar(b)) => out.fill(f(a, b)),
        (Operand::Out, Operand::Scalar(_))
        | (Operand::Scalar(_), Operand::Out)
        | (Operand::Out, Operand::Out) => {
            unreachable!("in place only beside a slice")
        }
    }
}
