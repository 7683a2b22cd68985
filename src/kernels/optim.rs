//! One fused pass per parameter for each optimizer.
#![forbid(unsafe_code)]

use super::{Float, simd::simd};

/// Moments below this are flushed to zero: left alone they decay into denormal numbers, which
/// make every later step several times slower.
const TINY: f64 = 1e-25;

#[inline(always)]
fn flush<F: Float>(v: F) -> F {
    if v.abs() < F::of(TINY) { F::ZERO } else { v }
}

/// The constants of one step of Adam.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Adam<F> {
    pub(crate) beta1: F,
    pub(crate) beta2: F,
    /// lr / (1 − β₁ᵗ)
    pub(crate) step: F,
    /// 1 / √(1 − β₂ᵗ)
    pub(crate) scale: F,
    pub(crate) eps: F,
    /// Coupled weight decay (an L2 penalty).
    pub(crate) decay: F,
}

/// m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², p −= step · m / (√v · scale + eps)
pub(crate) fn adam<F: Float>(c: Adam<F>, p: &mut [F], g: &[F], m: &mut [F], v: &mut [F]) {
    simd(
        #[inline(always)]
        || {
            let n = p.len();
            let (p, g, m, v) = (&mut p[..n], &g[..n], &mut m[..n], &mut v[..n]);
            for i in 0..n {
                let d = g[i] + c.decay * p[i];
                m[i] = flush(c.beta1 * m[i] + (F::ONE - c.beta1) * d);
                v[i] = flush(c.beta2 * v[i] + (F::ONE - c.beta2) * d * d);
                p[i] -= c.step * m[i] / (v[i].sqrt() * c.scale + c.eps);
            }
        },
    );
}

/// The constants of one step of gradient descent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sgd<F> {
    pub(crate) lr: F,
    pub(crate) momentum: F,
    pub(crate) nesterov: bool,
    /// Coupled weight decay (an L2 penalty).
    pub(crate) decay: F,
}

/// d = g + decay·p; with momentum μ: b = μb + d, d = b (Nesterov: d + μb); p −= lr·d
pub(crate) fn sgd<F: Float>(c: Sgd<F>, p: &mut [F], g: &[F], b: Option<&mut [F]>) {
    simd(
        #[inline(always)]
        || {
            let n = p.len();
            let (p, g) = (&mut p[..n], &g[..n]);
            match b {
                None => {
                    for i in 0..n {
                        p[i] -= c.lr * (g[i] + c.decay * p[i]);
                    }
                }
                Some(b) => {
                    let b = &mut b[..n];
                    for i in 0..n {
                        let d = g[i] + c.decay * p[i];
                        b[i] = flush(c.momentum * b[i] + d);
                        p[i] -= c.lr * if c.nesterov { d + c.momentum * b[i] } else { b[i] };
                    }
                }
            }
        },
    );
}
