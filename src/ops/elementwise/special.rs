//! The error function, the gamma function's logarithm, and their relatives.

use std::f64::consts::{FRAC_2_SQRT_PI, PI};

unary! {
    /// Error function 2/√π ∫₀ˣ e^(−t²) dt. f′ = 2/√π·e^(−x²).
    Erf, erf, -2.0..2.0, |x| x.erf(), x |x, d| d * (x.lit(FRAC_2_SQRT_PI) * (-(x.clone() * x)).exp());

    /// 1 − erf x, accurate for large x. f′ = −2/√π·e^(−x²).
    Erfc, erfc, -2.0..2.0, |x| x.erfc(), x |x, d| -(d * (x.lit(FRAC_2_SQRT_PI) * (-(x.clone() * x)).exp()));

    /// The inverse of erf; ±inf at ±1, NaN beyond. f′ = √π/2·e^(y²).
    Erfinv, erfinv, -0.875..0.875, |x| x.erfinv(),
        y |y, d| d * (y.lit(PI.sqrt() / 2.0) * (y.clone() * y).exp());

    /// ln |Γ(x)|; inf at 0 and the negative integers. f′ = digamma x.
    Lgamma, lgamma, 0.5..4.0, |x| x.lgamma(), x |x, d| d * x.polygamma(0);

    /// The derivative of the given order of digamma; NaN at the negative integers, and for orders
    /// above 0 below −10⁴. f′ is that of the next order.
    Polygamma(op) { /// 0 is digamma.
        order: usize = [0, 1, 2, 3] }, polygamma, 1.0..4.0, |x| x.polygamma(op.order),
        x |x, d| d * x.polygamma(op.order + 1);
}

impl<I: Interp> Value<I> {
    /// (ln Γ)′, which is [`polygamma`](Value::polygamma) of order 0.
    pub fn digamma(&self) -> Self {
        self.polygamma(0)
    }
}
