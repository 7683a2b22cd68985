//! Logarithms. The polynomial is that of Moshier (Methods and Programs for Mathematical Functions,
//! 1989).

use super::{polynomial, power_of_2};
use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// ln 2 in two parts; products of the first with small integers are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// log₁₀ 2, likewise.
const LOG10_2: [f32; 2] = [0.300_781_25, 2.487_456_6e-4];
/// log₁₀ e in two parts, the first with few digits.
const LOG10_E: [f32; 2] = [0.433_593_75, 7.007_319e-4];

/// (k, m) with x = 2ᵏ(1 + m) and 1 + m in [√½, √2), for a positive x that is not denormal.
#[inline(always)]
fn split(x: f32) -> (i32, f32) {
    let bits = x.to_bits() as i32;
    let k = bits.wrapping_sub(FRAC_1_SQRT_2.to_bits() as i32) >> 23;
    (k, f32::from_bits(bits.wrapping_sub(k << 23) as u32) - 1.0)
}

/// As [`split`], for any positive x.
#[inline(always)]
fn split_any(x: f32) -> (f32, f32) {
    let denormal = x < f32::MIN_POSITIVE;
    let (k, m) = split(if denormal { x * 8_388_608.0 } else { x });
    ((k - if denormal { 23 } else { 0 }) as f32, m)
}

/// ln(1 + m) − m + m²/2, for 1 + m in [√½, √2).
#[inline(always)]
fn cubic(m: f32) -> f32 {
    let tail = polynomial(
        m,
        [
            7.037_683_6e-2,
            -1.151_461e-1,
            1.167_699_9e-1,
            -1.242_014_1e-1,
            1.424_932_3e-1,
            -1.666_805_8e-1,
            2.000_071_5e-1,
            -2.499_999_4e-1,
            3.333_333e-1,
        ],
    );
    m * (m * m) * tail
}

/// k·ln 2 + ln(1 + m), the small parts first.
#[inline(always)]
fn sum(k: f32, m: f32) -> f32 {
    m + (cubic(m) + k * LN_2[1] - 0.5 * (m * m)) + k * LN_2[0]
}

/// `y`, and what a logarithm is at 0, at inf, and outside its domain.
#[inline(always)]
fn with_ends(x: f32, y: f32) -> f32 {
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x == f32::INFINITY { x } else { y };
    if x >= 0.0 { y } else { f32::NAN }
}

/// Natural logarithm: −inf at 0, NaN below.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    let (k, m) = split_any(x);
    with_ends(x, sum(k, m))
}

/// ln(1 + x), accurate near 0; −inf at −1, NaN below.
#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let (k, m) = split(u);
    // What 1 + x has lost by rounding.
    let lost = x - (u - 1.0);
    let m = m + lost * power_of_2((-k).max(-126));
    with_ends(u, sum(k as f32, m).copysign(x))
}

/// Logarithm to base 2.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    let (k, m) = split_any(x);
    let tail = cubic(m) - 0.5 * (m * m);
    let y = tail * (LOG2_E - 1.0) + m * (LOG2_E - 1.0) + tail + m + k;
    with_ends(x, y)
}

/// Logarithm to base 10.
#[inline(always)]
pub(crate) fn log10(x: f32) -> f32 {
    let (k, m) = split_any(x);
    let tail = cubic(m) - 0.5 * (m * m);
    let small = (m + tail) * LOG10_E[1] + k * LOG10_2[1];
    with_ends(x, small + tail * LOG10_E[0] + m * LOG10_E[0] + k * LOG10_2[0])
}
