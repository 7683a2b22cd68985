//! Sine, cosine, tangent.

use super::{ROUND, integer, polynomial};
use std::f32::consts::FRAC_2_PI;

/// Beyond ± this loops turn to the functions of `f64`: those here lose digits beyond four times as much.
pub(crate) const FAR: f32 = 16_384.0;

/// π/2 in two parts; products of the first with integers up to 2²⁰ are exact.
const FRAC_PI_2_HIGH: f64 = 1.570_796_326_734_125_6;
/// See [`FRAC_PI_2_HIGH`].
const FRAC_PI_2_LOW: f64 = 6.077_100_506_506_192e-11;

/// (q, sin r, cos r) with x = q·π/2 + r and r at most a little more than π/4 in size.
#[inline(always)]
fn reduced(x: f32) -> (u32, f32, f32) {
    let rounded = x * FRAC_2_PI + ROUND;
    let k = f64::from(rounded - ROUND);
    let r = ((f64::from(x) - k * FRAC_PI_2_HIGH) - k * FRAC_PI_2_LOW) as f32;
    let s = r * r;
    let sin = polynomial(s, [-1.951_343e-4, 8.332_15e-3, -1.666_665_5e-1]) * s * r + r;
    let cos = polynomial(s, [2.442_210_1e-5, -1.388_721_4e-3, 4.166_664e-2]) * (s * s) - 0.5 * s + 1.0;
    // −0 is kept.
    (integer(rounded) as u32, sin.copysign(r), cos)
}

/// sin(q·π/2 + r).
#[inline(always)]
fn turned(q: u32, sin: f32, cos: f32) -> f32 {
    let size = if q & 1 == 0 { sin } else { cos };
    f32::from_bits(size.to_bits() ^ (q & 2) << 30)
}

/// Sine.
#[inline(always)]
pub(crate) fn sin(x: f32) -> f32 {
    let (q, sin, cos) = reduced(x);
    turned(q, sin, cos)
}

/// Cosine.
#[inline(always)]
pub(crate) fn cos(x: f32) -> f32 {
    let (q, sin, cos) = reduced(x);
    turned(q.wrapping_add(1), sin, cos)
}

/// Tangent.
#[inline(always)]
pub(crate) fn tan(x: f32) -> f32 {
    let (q, sin, cos) = reduced(x);
    turned(q, sin, cos) / turned(q.wrapping_add(1), sin, cos)
}
