//! Activations.

unary! {
    /// max(x, 0); NaN stays NaN. f′ = 1 for x > 0, else 0, also at 0.
    Relu, relu, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| x.clone().greater(x.lit(0.0)).select(x.clone(), x.lit(0.0).greater(x.clone()).select(x.lit(0.0), x)),
        y |y, d| y.clone().greater(y.lit(0.0)).select(d, y.lit(0.0) * y);

    /// Logistic function 1/(1 + e⁻ˣ), without overflow. f′ = y(1 − y).
    Sigmoid, sigmoid, -3.0..3.0, |x| x.sigmoid(), y |y, d| d * (y.clone() * (y.lit(1.0) - y));
}
