//! Functions of `f32` without branches, so that loops over them become vector instructions: at most
//! two units in the last place from the true value over all of `f32`.
//!
//! The polynomials for eˣ, ln and tanh are those of Moshier (Methods and Programs for Mathematical
//! Functions, 1989). They are written without fused multiply-add, which a processor may lack: so the
//! bits are the same on all.
#![forbid(unsafe_code)]
#![allow(clippy::excessive_precision)] // constants as they were published

use std::f32::consts::{LOG2_E, SQRT_2};

/// 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// ln 2 in two parts; products of the first with small integers are exact.
const LN_2_HIGH: f32 = 0.693_359_375;
/// See [`LN_2_HIGH`].
const LN_2_LOW: f32 = -2.121_944_4e-4;

#[inline(always)]
fn polynomial<const N: usize>(x: f32, from_highest: [f32; N]) -> f32 {
    let mut sum = from_highest[0];
    for c in &from_highest[1..] {
        sum = sum * x + c;
    }
    sum
}

/// 2ᵏ, for −126 ≤ k ≤ 127.
#[inline(always)]
fn power_of_2(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Beyond these it is 0 and inf anyway.
    let x = x.clamp(-104.0, 89.0);
    let rounded = x * LOG2_E + ROUND;
    let k = rounded - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let tail = polynomial(
        r,
        [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5.000_000_1e-1],
    );
    let y = tail * (r * r) + r + 1.0;
    // In two steps, so that neither power leaves the range where the result does not.
    let k = (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    let half = k >> 1;
    y * power_of_2(half) * power_of_2(k.wrapping_sub(half))
}

/// Natural logarithm: −inf at 0, NaN below.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    // Denormals are scaled up first.
    let denormal = x < f32::MIN_POSITIVE;
    let scaled = if denormal { x * 8_388_608.0 } else { x };
    let bits = scaled.to_bits();
    // m in [½, 1) and its exponent; then m in [√½, √2).
    let exponent = ((bits >> 23) as i32 & 0xff) - 126 - if denormal { 23 } else { 0 };
    let m = f32::from_bits(bits & 0x007f_ffff | 0x3f00_0000);
    let low = m < SQRT_2 / 2.0;
    let e = (exponent - i32::from(low)) as f32;
    let m = (if low { m + m } else { m }) - 1.0;
    let square = m * m;
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
            3.333_333_1e-1,
        ],
    );
    let y = m * square * tail + e * LN_2_LOW - 0.5 * square;
    let y = m + y + e * LN_2_HIGH;
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x == f32::INFINITY { x } else { y };
    if x >= 0.0 { y } else { f32::NAN }
}

/// Hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let square = x * x;
    let near = polynomial(
        square,
        [-5.704_988_7e-3, 2.063_908_9e-2, -5.373_971_3e-2, 1.333_144_2e-1, -3.333_328_2e-1],
    );
    let near = near * square * x + x;
    let far = (1.0 - 2.0 / (exp(size + size) + 1.0)).copysign(x);
    if size < 0.625 { near } else { far }
}

/// Logistic function 1/(1 + e⁻ˣ), without overflow.
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    // e^-|x| cannot overflow. For x < 0, e/(1 + e) as e less a correction, which rounds less.
    let e = exp(-x.abs());
    let quotient = (if x >= 0.0 { 1.0 } else { e * e }) / (1.0 + e);
    if x >= 0.0 { quotient } else { e - quotient }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `STRIDE`-th number of all: a prime, so that all exponents meet many significands.
    const STRIDE: usize = 9973;

    /// The greatest distance from the true value, in units of its last place.
    fn greatest_error(f: fn(f32) -> f32, truth: fn(f64) -> f64) -> (f64, f32) {
        let mut worst = (0.0, 0.0);
        for bits in (0..=u32::MAX).step_by(STRIDE) {
            let x = f32::from_bits(bits);
            let (found, want) = (f(x), truth(f64::from(x)));
            if want.is_nan() || found.is_nan() {
                assert!(want.is_nan() && found.is_nan(), "{found} for {want} at {x:e}");
                continue;
            }
            let nearest = want as f32;
            if found == nearest {
                continue;
            }
            assert!(nearest.is_finite() && found.is_finite(), "{found} for {want} at {x:e}");
            let unit = f64::from(nearest.abs().next_up()) - f64::from(nearest.abs());
            let error = (f64::from(found) - want).abs() / unit;
            if error > worst.0 {
                worst = (error, x);
            }
        }
        worst
    }

    #[test]
    fn within_two_units_of_the_last_place_over_all_floats() {
        type Case = (&'static str, fn(f32) -> f32, fn(f64) -> f64);
        let cases: [Case; 4] =
            [
                ("exp", exp, f64::exp),
                ("ln", ln, f64::ln),
                ("tanh", tanh, f64::tanh),
                ("sigmoid", sigmoid, |x| {
                    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
                }),
            ];
        for (name, f, truth) in cases {
            let (error, at) = greatest_error(f, truth);
            println!("{name}: {error:.2} units, at {at:e}");
            assert!(error <= 2.0, "{name}: {error} units in the last place at {at:e}");
        }
    }
}
