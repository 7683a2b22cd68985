//! Hyperbolic functions and their inverses.

unary! {
    /// Hyperbolic sine. f′ = cosh x.
    Sinh, sinh, -3.0..3.0, |x| x.sinh(), x |x, d| d * x.cosh();

    /// Hyperbolic cosine. f′ = sinh x.
    Cosh, cosh, -3.0..3.0, |x| x.cosh(), x |x, d| d * x.sinh();

    /// Hyperbolic tangent. f′ = 1 − y².
    Tanh, tanh, -3.0..3.0, |x| x.tanh(), y |y, d| d * (y.lit(1.0) - y.clone() * y);

    /// Inverse hyperbolic sine. f′ = 1/√(1 + x²).
    Asinh, asinh, -3.0..3.0, |x| x.asinh(), x |x, d| d / x.lit(1.0).hypot(x);

    /// Inverse hyperbolic cosine; NaN below 1. f′ = 1/√((x − 1)(x + 1)), inf at 1, NaN below.
    Acosh, acosh, 1.5..4.0, |x| x.acosh(),
        x |x, d| d / ((x.clone() - x.lit(1.0)).sqrt() * (x.lit(1.0) + x).sqrt());

    /// Inverse hyperbolic tangent; ±inf at ±1, NaN beyond. f′ = 1/((1 − x)(1 + x)), NaN beyond.
    Atanh, atanh, -0.75..0.75, |x| x.atanh(),
        x |x, d| {
            let slope = (x.lit(1.0) - x.clone()) * (x.lit(1.0) + x.clone());
            slope.lit(0.0).greater(slope.clone()).select(x.lit(f64::NAN), d / slope)
        };
}
