//! Functions of `f32` without branches, so that loops over them become vector instructions. How far each
//! is from the true value, docs/performance.md says; `tests/accuracy` holds them to it.
//!
//! They are written without fused multiply-add, which a processor may lack: so the bits are the
//! same on all. Where a difference of large numbers decides, it is taken in double precision.
#![forbid(unsafe_code)]

mod error;
mod exponential;
mod hyperbolic;
mod logarithm;
mod trigonometric;

pub(crate) use error::{erf, erfc};
pub(crate) use exponential::{exp, exp_m1, exp2};
pub(crate) use hyperbolic::{cosh, sigmoid, sinh, tanh};
pub(crate) use logarithm::{ln, ln_1p, log2, log10};
pub(crate) use trigonometric::{FAR, cos, sin, tan};

/// 1.5 · 2²³: adding it rounds to an integer, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

#[inline(always)]
fn polynomial<const N: usize>(x: f32, from_highest: [f32; N]) -> f32 {
    let mut sum = from_highest[0];
    for c in &from_highest[1..] {
        sum = sum * x + c;
    }
    sum
}

/// The integer that was rounded to by adding [`ROUND`].
#[inline(always)]
fn integer(rounded: f32) -> i32 {
    (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32)
}

/// 2ᵏ, for −126 ≤ k ≤ 127.
#[inline(always)]
fn power_of_2(k: i32) -> f32 {
    f32::from_bits((k.wrapping_add(127) as u32) << 23)
}
