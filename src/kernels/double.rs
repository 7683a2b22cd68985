//! The counterparts of `single` for `f64`: the standard library's functions.
#![forbid(unsafe_code)]

/// eˣ.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    x.exp()
}

/// Natural logarithm: −inf at 0, NaN below.
#[inline(always)]
pub(crate) fn ln(x: f64) -> f64 {
    x.ln()
}

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh(x: f64) -> f64 {
    x.tanh()
}

/// Logistic function 1/(1 + e⁻ˣ), without overflow.
#[inline(always)]
pub(crate) fn sigmoid(x: f64) -> f64 {
    // e^-|x| cannot overflow; for x < 0 the quotient is turned over.
    let e = (-x.abs()).exp();
    (if x >= 0.0 { 1.0 } else { e }) / (1.0 + e)
}
