//! Hyperbolic functions and the logistic one.

use super::{
    exponential::{exp, exp_scaled},
    polynomial,
};

/// Hyperbolic sine.
#[inline(always)]
pub(crate) fn sinh(x: f32) -> f32 {
    let square = x * x;
    let near = polynomial(square, [2.037_219_4e-4, 8.330_284e-3, 1.666_671_6e-1]);
    let near = near * square * x + x;
    // ½eˣ and ½e⁻ˣ; the first does not overflow before their difference does.
    let half = exp_scaled(x.abs(), -1);
    let far = half - 0.25 / half;
    (if x.abs() < 1.0 { near } else { far }).copysign(x)
}

/// Hyperbolic cosine.
#[inline(always)]
pub(crate) fn cosh(x: f32) -> f32 {
    let half = exp_scaled(x.abs(), -1);
    half + 0.25 / half
}

/// Hyperbolic tangent. The polynomial is that of Moshier (Methods and Programs for Mathematical
/// Functions, 1989).
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let near =
        polynomial(square, [-5.704_988_7e-3, 2.063_909e-2, -5.373_971e-2, 1.333_144_2e-1, -3.333_328e-1]);
    let near = near * square * x + x;
    let far = 1.0 - 2.0 / (exp(size + size) + 1.0);
    (if size < 0.625 { near } else { far }).copysign(x)
}

/// Logistic function 1/(1 + e⁻ˣ), without overflow.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    // e^-|x| cannot overflow. For x < 0, e/(1 + e) as e less a correction, which rounds less.
    let e = exp(-x.abs());
    let quotient = (if x >= 0.0 { 1.0 } else { e * e }) / (1.0 + e);
    if x >= 0.0 { quotient } else { e - quotient }
}
