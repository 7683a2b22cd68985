//! The error function. Both polynomials are minimax approximations.

use super::{exponential::exp_minus_square, polynomial};

/// erf x for |x| ≤ 0.8.
#[inline(always)]
fn near_zero(x: f32) -> f32 {
    let slope = polynomial(
        x * x,
        [-6.535_236e-4, 5.085_130_7e-3, -2.682_080_7e-2, 1.128_311_3e-1, -3.761_260_2e-1, 1.283_791_7e-1],
    );
    slope * x + x
}

/// 1 − erf x for x ≥ ½: e^(−x²)/(x + 2.5) times what varies slowly, a polynomial in
/// (x − 2.5)/(x + 2.5).
#[inline(always)]
fn complement(x: f32) -> f32 {
    // Beyond this it is 0.
    let x = x.clamp(0.0, 11.0);
    let t = 1.0 / (x + 2.5);
    let slow = polynomial(
        (x - 2.5) * t,
        [
            5.884_183e-4,
            -3.947_590_6e-4,
            -4.775_708e-3,
            8.380_154e-3,
            2.835_491_7e-2,
            -1.712_497e-1,
            4.539_144_6e-1,
            -8.046_519e-1,
            1.054_031_8,
        ],
    );
    exp_minus_square(x) * (slow * t)
}

/// Error function.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let far = 1.0 - complement(x.abs());
    (if x.abs() < 0.8 { near_zero(x) } else { far }).copysign(x)
}

/// 1 − erf x, accurate for large x.
#[inline(always)]
pub(crate) fn erfc(x: f32) -> f32 {
    let far = complement(x.abs());
    let far = if x < 0.0 { 2.0 - far } else { far };
    if x.abs() < 0.5 { 1.0 - near_zero(x) } else { far }
}
