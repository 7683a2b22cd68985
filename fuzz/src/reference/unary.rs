//! Functions of one number.

use super::{Dual, sign};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, PI};

/// A function of each element.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unary {
    Exp2,
    Expm1,
    Log1p,
    Log2,
    Log10,
    Cbrt,
    Rsqrt,
    Square,
    Sin,
    Cos,
    Tan,
    Sinc,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Asinh,
    Acosh,
    Atanh,
    Erf,
    Erfc,
    LogSigmoid,
    /// β
    Softplus(f64),
    Softsign,
    Tanhshrink,
    Silu,
    Mish,
    Gelu,
    GeluTanh,
    Relu6,
    LeakyRelu(f64),
    Elu(f64),
    Celu(f64),
    Selu,
    Hardsigmoid,
    Hardswish,
    Hardtanh(f64, f64),
    Clamp(f64, f64),
    Hardshrink(f64),
    Softshrink(f64),
    /// What x must exceed, and what is put in its place.
    Threshold(f64, f64),
    Floor,
    Ceil,
    Round,
    Trunc,
    Sign,
}

/// 2/√π ∫₀ˣ e^(−t²) dt: near 0 by a series of positive terms, far out by the continued fraction of
/// [`erfc`].
fn erf(x: f64) -> f64 {
    if x.is_nan() || x == 0.0 {
        return x;
    }
    if x.abs() > 2.5 {
        return sign(x) * (1.0 - erfc(x.abs()));
    }
    let (mut term, mut total) = (x, x);
    for n in 1..80 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        total += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * total
}

/// 1 − erf x, by Laplace's continued fraction above 2.5.
fn erfc(x: f64) -> f64 {
    if x.is_nan() || x <= 2.5 {
        return if x < -2.5 { 2.0 - erfc(-x) } else { 1.0 - erf(x) };
    }
    if x > 30.0 {
        return 0.0;
    }
    let fraction = (1..120).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
    (-x * x).exp() * FRAC_2_SQRT_PI / 2.0 / fraction
}

/// 1/(1 + e⁻ˣ)
fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// ln(1 + eˣ)
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// x·g, 0 at −inf, where g is 0.
fn gated(x: f64, g: f64) -> f64 {
    if x == f64::NEG_INFINITY { 0.0 } else { x * g }
}

/// The second of each pair up to the first of `low` and from the first of `high` on, else x, also NaN.
fn bounded(x: f64, low: (f64, f64), high: (f64, f64)) -> f64 {
    match x {
        x if x <= low.0 => low.1,
        x if x >= high.0 => high.1,
        x => x,
    }
}

/// 1 where it holds, else 0.
fn where_so(holds: bool) -> f64 {
    f64::from(holds)
}

pub(super) fn unary(op: Unary, x: Dual) -> Dual {
    let v = x.v;
    let smooth = |y: f64, slope: f64| Dual::of(y, &[(slope, x)]);
    match op {
        Unary::Exp2 => smooth(v.exp2(), LN_2 * v.exp2()),
        Unary::Expm1 => smooth(v.exp_m1(), v.exp()),
        Unary::Log1p => smooth(v.ln_1p(), 1.0 / (1.0 + v)),
        Unary::Log2 => smooth(v.log2(), 1.0 / (v * LN_2)),
        Unary::Log10 => smooth(v.log10(), 1.0 / (v * LN_10)),
        Unary::Cbrt => smooth(v.cbrt(), 1.0 / (3.0 * v.cbrt().powi(2))),
        Unary::Rsqrt => smooth(v.sqrt().recip(), -0.5 / (v * v.sqrt())),
        Unary::Square => smooth(v * v, 2.0 * v),
        Unary::Sin => smooth(v.sin(), v.cos()),
        Unary::Cos => smooth(v.cos(), -v.sin()),
        Unary::Tan => smooth(v.tan(), v.cos().powi(-2)),
        Unary::Sinc => sinc(x),
        Unary::Asin => smooth(v.asin(), 1.0 / ((1.0 - v) * (1.0 + v)).sqrt()),
        Unary::Acos => smooth(v.acos(), -1.0 / ((1.0 - v) * (1.0 + v)).sqrt()),
        Unary::Atan => smooth(v.atan(), 1.0 / (1.0 + v * v)),
        Unary::Sinh => smooth(v.sinh(), v.cosh()),
        Unary::Cosh => smooth(v.cosh(), v.sinh()),
        Unary::Asinh => smooth(v.asinh(), 1.0 / v.hypot(1.0)),
        Unary::Acosh => smooth(v.acosh(), 1.0 / ((v - 1.0) * (v + 1.0)).sqrt()),
        Unary::Atanh => smooth(v.atanh(), 1.0 / ((1.0 - v) * (1.0 + v))),
        Unary::Erf => smooth(erf(v), FRAC_2_SQRT_PI * (-v * v).exp()),
        Unary::Erfc => smooth(erfc(v), -FRAC_2_SQRT_PI * (-v * v).exp()),
        Unary::LogSigmoid => smooth(-softplus(-v), logistic(-v)),
        Unary::Softplus(beta) => smooth(softplus(beta * v) / beta, logistic(beta * v)),
        Unary::Softsign => {
            let y = if v.is_infinite() { sign(v) } else { v / (1.0 + v.abs()) };
            smooth(y, (1.0 + v.abs()).powi(-2))
        }
        Unary::Tanhshrink => smooth(v - v.tanh(), v.tanh().powi(2)),
        Unary::Silu => smooth(gated(v, logistic(v)), logistic(v) * (1.0 + v * logistic(-v))).cancelling(x),
        Unary::Mish => {
            let gate = softplus(v).tanh();
            let bend = v * logistic(v) * softplus(v).cosh().powi(-2);
            smooth(gated(v, gate), gate + bend).cancelling(x)
        }
        Unary::Gelu => {
            let below = erfc(-v * FRAC_1_SQRT_2) / 2.0;
            let density = (-0.5 * v * v).exp() / (2.0 * PI).sqrt();
            smooth(gated(v, below), below + v * density).cancelling(x)
        }
        Unary::GeluTanh => {
            let c = (2.0 / PI).sqrt();
            let u = c * (v + 0.044715 * v.powi(3));
            let slope = c * (1.0 + 3.0 * 0.044715 * v * v);
            let gate = 0.5 * (1.0 + u.tanh());
            smooth(gated(v, gate), gate + 0.5 * v * slope * u.cosh().powi(-2)).cancelling(x)
        }
        Unary::Relu6 => smooth(bounded(v, (0.0, 0.0), (6.0, 6.0)), where_so(0.0 < v && v < 6.0)),
        Unary::LeakyRelu(slope) => {
            if v > 0.0 {
                smooth(v, 1.0)
            } else {
                smooth(slope * v, slope)
            }
        }
        Unary::Elu(alpha) => below_zero(x, alpha, 1.0, 1.0),
        Unary::Celu(alpha) => below_zero(x, alpha, 1.0 / alpha, 1.0),
        // λ and α of self-normalising networks.
        Unary::Selu => below_zero(x, 1.673_263_242_354_377_2, 1.0, 1.050_700_987_355_480_5),
        Unary::Hardsigmoid => {
            let middle = where_so(-3.0 < v && v < 3.0) / 6.0;
            smooth(bounded(v / 6.0 + 0.5, (0.0, 0.0), (1.0, 1.0)), middle)
        }
        Unary::Hardswish => match v {
            v if v <= -3.0 => smooth(0.0, 0.0),
            v if v >= 3.0 => smooth(v, 1.0),
            v => smooth(v * (v + 3.0) / 6.0, (2.0 * v + 3.0) / 6.0).cancelling(x),
        },
        Unary::Hardtanh(low, high) | Unary::Clamp(low, high) => {
            smooth(bounded(v, (low, low), (high, high)), where_so(low < v && v < high))
        }
        Unary::Hardshrink(l) => smooth(if v.abs() <= l { 0.0 } else { v }, where_so(v.abs() > l)),
        Unary::Softshrink(l) => {
            let y = if v.abs() <= l { 0.0 } else { v - l * sign(v) };
            smooth(y, where_so(v.abs() > l))
        }
        Unary::Threshold(least, other) => smooth(if v <= least { other } else { v }, where_so(v > least)),
        Unary::Floor => smooth(v.floor(), 0.0),
        Unary::Ceil => smooth(v.ceil(), 0.0),
        Unary::Round => smooth(v.round_ties_even(), 0.0),
        Unary::Trunc => smooth(v.trunc(), 0.0),
        Unary::Sign => smooth(sign(v), 0.0),
    }
}

/// λx above 0, λα(e^(bx) − 1) below, the slope at 0 that of below.
fn below_zero(x: Dual, alpha: f64, inner: f64, scale: f64) -> Dual {
    if x.v > 0.0 {
        return Dual::of(scale * x.v, &[(scale, x)]);
    }
    let slope = scale * alpha * inner * (inner * x.v).exp();
    Dual::of(scale * alpha * (inner * x.v).exp_m1(), &[(slope, x)])
}

/// sin(πx)/(πx), by its series near 0.
fn sinc(x: Dual) -> Dual {
    let a = PI * x.v;
    if a.abs() < 1e-2 {
        let slope = PI * (-a / 3.0 + a.powi(3) / 30.0 - a.powi(5) / 840.0);
        return Dual::of(1.0 - a * a / 6.0 + a.powi(4) / 120.0, &[(slope, x)]);
    }
    Dual::of(a.sin() / a, &[((a.cos() - a.sin() / a) / x.v, x)]).cancelling(x)
}
