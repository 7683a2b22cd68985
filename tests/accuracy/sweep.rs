//! How far the functions of `f32` are from the true values, in units of the last place.

use gradtape::{Shape, Tensor};
use rayon::prelude::*;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// A function, its true value, and how far from it it may be.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) function: fn(&Tensor<f32>) -> Tensor<f32>,
    pub(crate) truth: fn(f64) -> f64,
    pub(crate) bound: f64,
    /// Units in the last place are those of the greater of this and the result: far out a product
    /// takes over the error of a factor that is almost 0.
    pub(crate) least: f32,
}

const fn case(
    name: &'static str,
    function: fn(&Tensor<f32>) -> Tensor<f32>,
    truth: fn(f64) -> f64,
    bound: f64,
) -> Case {
    Case { name, function, truth, bound, least: 0.0 }
}

pub(crate) const CASES: &[Case] = &[
    case("exp", |x| x.exp(), f64::exp, 2.0),
    case("exp2", |x| x.exp2(), f64::exp2, 2.0),
    case("expm1", |x| x.expm1(), f64::exp_m1, 2.0),
    case("ln", |x| x.ln(), f64::ln, 2.0),
    case("log1p", |x| x.log1p(), f64::ln_1p, 2.0),
    case("log2", |x| x.log2(), f64::log2, 2.0),
    case("log10", |x| x.log10(), f64::log10, 2.0),
    case("sinh", |x| x.sinh(), f64::sinh, 2.0),
    case("cosh", |x| x.cosh(), f64::cosh, 2.0),
    case("tanh", |x| x.tanh(), f64::tanh, 2.0),
    case("sigmoid", |x| x.sigmoid(), sigmoid, 2.0),
    case("sin", |x| x.sin(), f64::sin, 2.0),
    case("cos", |x| x.cos(), f64::cos, 2.0),
    case("tan", |x| x.tan(), f64::tan, 4.0),
    case("erf", |x| x.erf(), libm::erf, 2.0),
    case("erfc", |x| x.erfc(), libm::erfc, 6.0),
    case("log_sigmoid", |x| x.log_sigmoid(), |x| x.min(0.0) - (-x.abs()).exp().ln_1p(), 4.0),
    case("softplus", |x| x.softplus(1.0), softplus, 4.0),
    Case { least: 1e-36, ..case("silu", |x| x.silu(), |x| or_zero(x, x * sigmoid(x)), 4.0) },
    Case { least: 1e-36, ..case("mish", |x| x.mish(), |x| or_zero(x, x * softplus(x).tanh()), 8.0) },
    case("elu", |x| x.elu(1.0), |x| if x > 0.0 { x } else { x.exp_m1() }, 4.0),
    Case {
        least: 0.01,
        ..case("gelu", |x| x.gelu(), |x| or_zero(x, 0.5 * x * libm::erfc(-FRAC_1_SQRT_2 * x)), 12.0)
    },
    Case { least: 0.01, ..case("gelu_tanh", |x| x.gelu_tanh(), gelu_tanh, 12.0) },
];

fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 { 1.0 / (1.0 + (-x).exp()) } else { x.exp() / (1.0 + x.exp()) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `y`, but the limit 0 at −inf.
fn or_zero(x: f64, y: f64) -> f64 {
    if x == f64::NEG_INFINITY { 0.0 } else { y }
}

fn gelu_tanh(x: f64) -> f64 {
    or_zero(x, x * sigmoid(2.0 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * (x + 0.044715 * x * x * x)))
}

/// The greatest distance from the true value over every `stride`-th float, and where it is.
pub(crate) fn worst(case: &Case, stride: usize) -> (f64, f32) {
    const BLOCK: usize = 1 << 16;
    let count = (1usize << 32).div_ceil(stride);
    (0..count.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let first = block * BLOCK;
            let float = |i| f32::from_bits(((first + i) * stride) as u32);
            let x = Tensor::from_fn(&Shape::from([BLOCK.min(count - first)]), float);
            let y = (case.function)(&x);
            let errors = x.slice().iter().zip(y.slice());
            let errors = errors.map(|(&x, &y)| (distance(y, (case.truth)(f64::from(x)), case.least), x));
            errors.fold((0.0, 0.0), greater)
        })
        .reduce(|| (0.0, 0.0), greater)
}

fn greater(a: (f64, f32), b: (f64, f32)) -> (f64, f32) {
    if b.0 > a.0 { b } else { a }
}

/// |found − true| in units of the last place of the true value, or of `least`; infinite where only one of them is
/// a number, or both are infinite with different signs.
fn distance(found: f32, truth: f64, least: f32) -> f64 {
    let nearest = truth as f32;
    if found == nearest || found.is_nan() && truth.is_nan() {
        return 0.0;
    }
    if found.is_nan() || !truth.is_finite() {
        return f64::INFINITY;
    }
    // What overflowed counts as the number it would have been.
    let number = |v: f32| if v.is_finite() { f64::from(v) } else { f64::from(v.signum()) * 2f64.powi(128) };
    let size = nearest.abs().max(least).min(f32::MAX.next_down());
    let unit = f64::from(size.next_up()) - f64::from(size);
    (number(found) - truth).abs() / unit
}
