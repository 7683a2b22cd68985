//! Powers of e and of 2. The polynomial is that of Moshier (Methods and Programs for Mathematical
//! Functions, 1989).

use super::{ROUND, integer, polynomial, power_of_2};
use std::f32::consts::{LN_2, LOG2_E};

/// ln 2 in two parts; products of the first with small integers are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
/// See [`LN_2_HIGH`].
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// (k, r) with x = k·ln 2 + r and |r| ≤ ½ ln 2.
#[inline(always)]
fn reduced(x: f32) -> (i32, f32) {
    let rounded = x * LOG2_E + ROUND;
    let k = rounded - ROUND;
    (integer(rounded), (x - k * LN_2_HIGH) - k * LN_2_LOW)
}

/// eʳ − 1 for |r| ≤ ½ ln 2.
#[inline(always)]
fn near_zero(r: f32) -> f32 {
    let tail = polynomial(r, [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5]);
    tail * (r * r) + r
}

/// y · 2ᵏ, in two steps, so that neither power leaves the range where the result does not.
#[inline(always)]
fn scaled(y: f32, k: i32) -> f32 {
    let half = k >> 1;
    y * power_of_2(half) * power_of_2(k.wrapping_sub(half))
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    exp_scaled(x, 0)
}

/// eˣ · 2ⁿ for a small n, without overflow on the way.
#[inline(always)]
pub(super) fn exp_scaled(x: f32, n: i32) -> f32 {
    // Beyond these it is 0 and inf anyway.
    let (k, r) = reduced(x.clamp(-104.0, 90.0));
    scaled(near_zero(r) + 1.0, k.wrapping_add(n))
}

/// e^(−x²) for |x| ≤ 11: the square in double precision, for its error would be multiplied by itself.
#[inline(always)]
pub(super) fn exp_minus_square(x: f32) -> f32 {
    let rounded = x * x * -LOG2_E + ROUND;
    let square = f64::from(x) * f64::from(x);
    let r = -square - f64::from(rounded - ROUND) * std::f64::consts::LN_2;
    scaled(near_zero(r as f32) + 1.0, integer(rounded))
}

/// 2ˣ.
#[inline(always)]
pub(crate) fn exp2(x: f32) -> f32 {
    let x = x.clamp(-151.0, 129.0);
    let rounded = x + ROUND;
    let r = (x - (rounded - ROUND)) * LN_2;
    scaled(near_zero(r) + 1.0, integer(rounded))
}

/// eˣ − 1, accurate near 0.
#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    // Below this it is −1.
    let (k, r) = reduced(x.clamp(-20.0, 90.0));
    // 2ᵏ eʳ − 1 = 2ᵏ ((eʳ − 1) + (1 − 2⁻ᵏ)), with an exact last bracket where it matters.
    let one_less = 1.0 - power_of_2((-k).max(-126));
    scaled(near_zero(r) + one_less, k).copysign(x)
}
