//! Special functions in double precision. The error and gamma functions are `libm`'s; its inverse and
//! the derivatives of ln Γ are stated here.
#![forbid(unsafe_code)]

use std::f64::consts::PI;

pub(crate) use libm::lgamma;
use libm::{erf, erfc};

/// The inverse of erf: a first approximation (Giles: Approximating the erfinv Function, 2011, §2),
/// and two steps of Halley's method on erf, or on erfc where erf saturates.
pub(crate) fn erfinv(y: f64) -> f64 {
    if y.is_nan() || y.abs() >= 1.0 {
        return if y.abs() == 1.0 { f64::INFINITY.copysign(y) } else { f64::NAN };
    }
    let tail = (1.0 - y.abs()) * (1.0 + y.abs());
    let w = -tail.ln();
    let mut x = if w < 5.0 {
        let w = w - 2.5;
        [
            2.810_226_36e-8,
            3.432_739_39e-7,
            -3.523_387_7e-6,
            -4.391_506_54e-6,
            2.185_808_7e-4,
            -1.253_725_03e-3,
            -4.177_681_640e-3,
            2.466_407_27e-1,
            1.501_409_41,
        ]
        .iter()
        .fold(0.0, |sum, c| sum * w + c)
    } else {
        let w = w.sqrt() - 3.0;
        [
            -2.002_142_57e-4,
            1.009_505_58e-4,
            1.349_343_22e-3,
            -3.673_428_44e-3,
            5.739_507_73e-3,
            -7.622_461_3e-3,
            9.438_870_47e-3,
            1.001_674_06,
            2.832_976_82,
        ]
        .iter()
        .fold(0.0, |sum, c| sum * w + c)
    } * y.abs();
    for _ in 0..2 {
        let wrong = if y.abs() < 0.5 { erf(x) - y.abs() } else { (1.0 - y.abs()) - erfc(x) };
        let step = wrong * PI.sqrt() / 2.0 * (x * x).exp();
        x -= step / (1.0 + x * step);
    }
    x.copysign(y)
}

/// Bernoulli numbers B₂, B₄, …
const BERNOULLI: [f64; 10] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
];

/// Below this the recurrence is used, above it the asymptotic series.
const ASYMPTOTIC: f64 = 20.0;
/// Steps of the recurrence that are worth their time and rounding.
const STEPS: f64 = 1e4;

/// The derivative of order `order` + 1 of ln Γ: recurrence upwards (Abramowitz and Stegun, 6.4.6),
/// then the asymptotic series (6.3.18, 6.4.11). NaN at 0 and the negative integers, and for orders
/// above 0 below −10⁴; at 0 digamma is −inf with the sign of the zero turned.
pub(crate) fn polygamma(order: usize, mut x: f64) -> f64 {
    if x == 0.0 && order == 0 {
        return f64::NEG_INFINITY.copysign(-x);
    }
    if x <= 0.0 && x == x.floor() {
        return if x == 0.0 && !order.is_multiple_of(2) { f64::INFINITY } else { f64::NAN };
    }
    if order == 0 && x < 0.0 {
        // Reflection (6.3.7), on the fraction, which keeps its digits.
        return polygamma(0, 1.0 - x) - PI / (PI * (x - x.floor())).tan();
    }
    if x < -STEPS || x.is_nan() {
        return f64::NAN;
    }
    let n = order as i32;
    let factorial: f64 = (1..=order).map(|k| k as f64).product();
    // ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) − (−1)ⁿ n! / xⁿ⁺¹; all terms of this sum have the sign of −(−1)ⁿ.
    let mut below = 0.0;
    while x < ASYMPTOTIC {
        below += factorial * x.powi(-n - 1);
        x += 1.0;
    }
    let sign = if order.is_multiple_of(2) { -1.0 } else { 1.0 };
    if order == 0 {
        let mut series = 0.0;
        for (k, b) in BERNOULLI.iter().enumerate().rev() {
            series += b / (2.0 * (k + 1) as f64) * x.powi(-2 * (k as i32 + 1));
        }
        return x.ln() - 0.5 / x - series - below;
    }
    // n − 1 factorial, then (2k + n − 1)! / (2k)! from one term to the next.
    let mut term = factorial / order as f64;
    let mut sum = term * x.powi(-n) + factorial / 2.0 * x.powi(-n - 1);
    for (k, b) in BERNOULLI.iter().enumerate() {
        let two_k = 2 * (k + 1);
        term *= ((two_k + order - 1) * (two_k + order - 2)) as f64 / (two_k * (two_k - 1)) as f64;
        sum += b * term * x.powi(-n - two_k as i32);
    }
    sign * (sum + below)
}
