//! Functions of `f64` that the standard library has not.
#![forbid(unsafe_code)]

pub(crate) use libm::{erf, erfc};

/// Logistic function 1/(1 + e⁻ˣ), without overflow.
#[inline(always)]
pub(crate) fn sigmoid(x: f64) -> f64 {
    // e^-|x| cannot overflow; for x < 0 the quotient is turned over.
    let e = (-x.abs()).exp();
    (if x >= 0.0 { 1.0 } else { e }) / (1.0 + e)
}
