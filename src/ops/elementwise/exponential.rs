//! Exponentials and logarithms.

unary! {
    /// eˣ. f′ = y.
    Exp, exp, -3.0..3.0, |x| x.exp(), y |y, d| d * y;

    /// Natural logarithm; ln 0 = −inf, NaN below. f′ = 1/x, NaN below 0.
    Ln, ln, 0.25..4.0, |x| x.ln(),
        x |x, d| x.lit(0.0).greater(x.clone()).select(x.lit(f64::NAN), d / x);

    /// Hyperbolic tangent. f′ = 1 − y².
    Tanh, tanh, -3.0..3.0, |x| x.tanh(), y |y, d| d * (y.lit(1.0) - y.clone() * y);
}
