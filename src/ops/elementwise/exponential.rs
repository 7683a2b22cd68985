//! Exponentials and logarithms. Outside its domain a logarithm and its gradient are NaN.

use super::rectifier::{clamped, inside};
use std::f64::consts::{LN_2, LN_10};

unary! {
    /// eˣ. f′ = y.
    Exp, exp, -3.0..3.0, |x| x.exp(), y |y, d| d * y;

    /// 2ˣ. f′ = y·ln 2.
    Exp2, exp2, -3.0..3.0, |x| x.exp2(), y |y, d| d * (y.lit(LN_2) * y);

    /// eˣ − 1, accurate near 0. f′ = y + 1.
    Expm1, expm1, -3.0..3.0, |x| x.exp_m1(), y |y, d| d * (y.lit(1.0) + y);

    /// Natural logarithm; ln 0 = −inf, NaN below. f′ = 1/x, NaN below 0.
    Ln, ln, 0.25..4.0, |x| x.ln(),
        x |x, d| x.lit(0.0).greater(x.clone()).select(x.lit(f64::NAN), d / x);

    /// Logarithm to base 2; log₂ 0 = −inf, NaN below. f′ = 1/(x·ln 2), NaN below 0.
    Log2, log2, 0.25..4.0, |x| x.log2(),
        x |x, d| x.lit(0.0).greater(x.clone()).select(x.lit(f64::NAN), d / (x.lit(LN_2) * x));

    /// Logarithm to base 10; log₁₀ 0 = −inf, NaN below. f′ = 1/(x·ln 10), NaN below 0.
    Log10, log10, 0.25..4.0, |x| x.log10(),
        x |x, d| x.lit(0.0).greater(x.clone()).select(x.lit(f64::NAN), d / (x.lit(LN_10) * x));

    /// ln(1 + x), accurate near 0; −inf at −1, NaN below. f′ = 1/(1 + x), NaN below −1.
    Log1p, log1p, -0.75..3.0, |x| x.ln_1p(),
        x |x, d| x.lit(-1.0).greater(x.clone()).select(x.lit(f64::NAN), d / (x.lit(1.0) + x));

    /// ln(p/(1 − p)), the inverse of the logistic function; ∓inf at 0 and 1, NaN outside.
    /// f′ = 1/(p(1 − p)), NaN outside. With an eps, p is clamped between eps and 1 − eps first, and f′ is
    /// 0 where it is not between them.
    Logit(op) { /// The least distance from 0 and 1; PyTorch's default is none.
        eps: Option<f64> = [None, Some(0.25)] }, logit, Domain::from(0.125..0.875).avoiding([0.25, 0.75]),
        |x| {
            let p = op.eps.map_or(x.clone(), #[inline(always)] |eps| clamped(x, eps, 1.0 - eps));
            p.clone().ln() - (-p).ln_1p()
        },
        x |x, d| {
            let p = op.eps.map_or(x.clone(), #[inline(always)] |eps| clamped(x.clone(), eps, 1.0 - eps));
            let slope = p.clone() * (p.lit(1.0) - p);
            let d = slope.lit(0.0).greater(slope.clone()).select(x.lit(f64::NAN), d / slope);
            match op.eps {
                None => d,
                Some(eps) => inside(x.clone(), eps, 1.0 - eps, d, x.lit(0.0)),
            }
        };
}
