//! Powers, roots and absolute values.

unary! {
    /// √x; NaN below 0. f′ = 1/(2y), inf at 0: guard with [`select`](Value::select) where 0 can
    /// meet a gradient of 0.
    Sqrt, sqrt, 0.25..4.0, |x| x.sqrt(), y |y, d| d * y.lit(0.5) / y;

    /// 1/√x; inf at 0, NaN below. f′ = −y³/2.
    Rsqrt, rsqrt, 0.25..4.0, |x| x.lit(1.0) / x.sqrt(),
        y |y, d| d * (y.lit(-0.5) * y.clone() * y.clone() * y);

    /// Cube root, also of negative numbers. f′ = 1/(3y²), inf at 0.
    Cbrt, cbrt, 0.5..3.0, |x| x.cbrt(),
        y |y, d| d / (y.lit(3.0) * y.clone() * y);

    /// |x|. f′ = sign x, 0 at 0.
    Abs, abs, Domain::from(-3.0..3.0).avoiding([0.0]), |x| x.abs(),
        x |x, d| x.clone().greater(x.lit(0.0)).select(d.clone(),
            x.lit(0.0).greater(x.clone()).select(-d, x.lit(0.0) * x));

    /// 1/x. f′ = −y².
    #[doc(alias = "reciprocal")]
    Recip, recip, 0.5..3.0, |x| x.lit(1.0) / x, y |y, d| -(d * y.clone() * y);

    /// xᶜ for a number c; NaN for negative x unless c is an integer. f′ = c·xᶜ⁻¹, 0 where c = 0.
    PowScalar(op) { /// The exponent c.
        exponent: f64 = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0] }, powf, 0.5..2.0,
        |x| x.clone().pow(x.lit(op.exponent)),
        x |x, d| if op.exponent == 0.0 { d.lit(0.0) * d } else {
            d * (x.clone().pow(x.lit(op.exponent - 1.0)) * x.lit(op.exponent))
        };
}
