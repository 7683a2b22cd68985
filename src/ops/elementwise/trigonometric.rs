//! Trigonometric functions and their inverses; angles are in radians.

use std::f64::consts::PI;

unary! {
    /// Sine. f′ = cos x.
    Sin [periodic], sin, -3.0..3.0, |x| x.sin(), x |x, d| d * x.cos();

    /// Cosine. f′ = −sin x.
    Cos [periodic], cos, -3.0..3.0, |x| x.cos(), x |x, d| -(d * x.sin());

    /// Tangent. f′ = 1 + y².
    Tan [periodic], tan, -1.0..1.0, |x| x.tan(), y |y, d| d * (y.lit(1.0) + y.clone() * y);

    /// Inverse sine; NaN beyond ±1. f′ = 1/√((1 − x)(1 + x)), inf at ±1.
    Asin, asin, -0.75..0.75, |x| x.asin(),
        x |x, d| d / ((x.lit(1.0) - x.clone()) * (x.lit(1.0) + x)).sqrt();

    /// Inverse cosine; NaN beyond ±1. f′ = −1/√((1 − x)(1 + x)), −inf at ±1.
    Acos, acos, -0.75..0.75, |x| x.acos(),
        x |x, d| -(d / ((x.lit(1.0) - x.clone()) * (x.lit(1.0) + x)).sqrt());

    /// Inverse tangent. f′ = 1/(1 + x²).
    Atan, atan, -3.0..3.0, |x| x.atan(), x |x, d| d / (x.lit(1.0) + x.clone() * x);

    /// sin(πx)/(πx), 1 at 0. f′ = (cos(πx) − y)/x; near 0 its series, which has all orders there.
    Sinc [periodic], sinc, -3.0..3.0,
        |x| {
            let a = x.lit(PI) * x.clone();
            let hole = x.clone().equal(x.lit(0.0));
            let safe = hole.clone().select(x.lit(1.0), a);
            hole.select(x.lit(1.0), safe.clone().sin() / safe)
        },
        x |x, d| {
            let near = x.lit(0.5).greater(x.clone().abs());
            let safe = near.clone().select(x.lit(1.0), x.clone());
            let a = x.lit(PI) * safe.clone();
            let far = (a.clone().cos() - a.clone().sin() / a) / safe;
            let small = near.clone().select(x.clone(), x.lit(0.0));
            d * near.select(sinc_slope_near_zero(small), far)
        };
}

/// 2k (−1)ᵏ/(2k + 1)! for k from 12 down to 1.
const SINC_SLOPE: [f64; 12] = {
    let mut terms = [0.0; 12];
    let (mut k, mut term) = (1, 1.0);
    while k <= 12 {
        let two_k = 2.0 * k as f64;
        term /= -two_k * (two_k + 1.0);
        terms[12 - k] = two_k * term;
        k += 1;
    }
    terms
};

/// The derivative of Σ (−1)ᵏ (πx)²ᵏ/(2k + 1)!, for |x| < ½.
#[inline(always)]
fn sinc_slope_near_zero<R: Real>(x: R) -> R {
    let t = x.lit(PI * PI) * x.clone() * x.clone();
    let mut sum = x.lit(0.0);
    for term in SINC_SLOPE {
        sum = sum * t.clone() + x.lit(term);
    }
    sum * (x.lit(PI * PI) * x)
}
