//! Smooth activations. Far out they take their true limits: what would be inf · 0 is selected away.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// Beyond ±10⁴ a logistic function is 0 or 1 to the last bit.
const FAR: f64 = 1e4;

/// `low` or `high` far out on either side, else `middle` of x; NaN takes the middle.
#[inline(always)]
fn unless_far<R: Real>(x: R, low: R, high: R, middle: impl FnOnce(R) -> R) -> R {
    let (left, right) = (x.lit(-FAR).greater(x.clone()), x.clone().greater(x.lit(FAR)));
    // The middle never sees ±inf, so that its own derivatives stay finite.
    let near = (left.clone() + right.clone()).select(x.lit(0.0), x);
    left.select(low, right.select(high, middle(near)))
}

/// √(2/π)
const SQRT_2_BY_PI: f64 = FRAC_2_SQRT_PI * FRAC_1_SQRT_2;
/// The cubic term of gelu's approximation by tanh (Hendrycks and Gimpel: Gaussian Error Linear
/// Units, 2016).
const GELU_CUBIC: f64 = 0.044715;

unary! {
    /// Logistic function 1/(1 + e⁻ˣ), without overflow. f′ = y(1 − y).
    Sigmoid, sigmoid, -3.0..3.0, |x| x.sigmoid(), y |y, d| d * (y.clone() * (y.lit(1.0) - y));

    /// ln of the logistic function, without overflow. f′ = 1/(1 + eˣ).
    LogSigmoid, log_sigmoid, -3.0..3.0,
        |x| {
            let positive = x.clone().greater(x.lit(0.0));
            positive.select(x.lit(0.0), x.clone()) - (-x.abs()).exp().ln_1p()
        },
        x |x, d| d * (-x).sigmoid();

    /// ln(1 + e^(βx))/β, without overflow and without a threshold. f′ = 1/(1 + e^(−βx)).
    Softplus(op) { /// β; PyTorch's default is 1.
        beta: f64 = [1.0, 0.5, 3.0] }, softplus, -3.0..3.0,
        |x| (x.lit(op.beta) * x.clone()).softplus() / x.lit(op.beta),
        x |x, d| d * (x.lit(op.beta) * x).sigmoid();

    /// x/(1 + |x|); ±1 at ±inf. f′ = 1/(1 + |x|)².
    Softsign, softsign, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| {
            let size = x.clone().abs();
            let large = size.clone().greater(x.lit(1.0));
            let inverse = x.lit(1.0) / large.clone().select(size.clone(), x.lit(1.0));
            let far = x.lit(1.0) / (x.lit(1.0) + inverse);
            large.select(far, size.clone() / (x.lit(1.0) + size)).copysign(x)
        },
        x |x, d| { let s = x.lit(1.0) + x.abs(); d / s.clone() / s };

    /// x − tanh x. f′ = tanh² x.
    Tanhshrink, tanhshrink, -3.0..3.0, |x| x.clone() - x.tanh(),
        x |x, d| { let t = x.tanh(); d * (t.clone() * t) };

    /// x/(1 + e⁻ˣ), also called swish; 0 at −inf. f′ = σ(x)(1 + x(1 − σ(x))).
    Silu, silu, -3.0..3.0,
        |x| unless_far(x.clone(), x.lit(0.0), x.clone(), #[inline(always)] |x| x.clone() * x.sigmoid()),
        x |x, d| unless_far(x.clone(), x.lit(0.0), d.clone(), #[inline(always)] |x| {
            let s = x.clone().sigmoid();
            d * (s.clone() * (x.lit(1.0) + x.clone() * (x.lit(1.0) - s)))
        });

    /// x·tanh(ln(1 + eˣ)) (Misra: Mish, 2019); 0 at −inf.
    /// f′ = t + x(1 − t²)σ(x) with t = tanh(ln(1 + eˣ)).
    Mish, mish, -3.0..3.0,
        |x| unless_far(x.clone(), x.lit(0.0), x.clone(), #[inline(always)] |x| x.clone() * x.softplus().tanh()),
        x |x, d| unless_far(x.clone(), x.lit(0.0), d.clone(), #[inline(always)] |x| {
            let t = x.clone().softplus().tanh();
            let bend = x.clone() * (x.lit(1.0) - t.clone() * t.clone()) * x.sigmoid();
            d * (t + bend)
        });

    /// x·Φ(x), Φ the normal distribution function (Hendrycks and Gimpel: Gaussian Error Linear
    /// Units, 2016); 0 at −inf. f′ = Φ(x) + xφ(x).
    Gelu, gelu, -3.0..3.0,
        |x| unless_far(x.clone(), x.lit(0.0), x.clone(), #[inline(always)] |x|
            x.clone() * x.lit(0.5) * (x.lit(-FRAC_1_SQRT_2) * x).erfc()),
        x |x, d| unless_far(x.clone(), x.lit(0.0), d.clone(), #[inline(always)] |x| {
            let cumulative = x.lit(0.5) * (x.lit(-FRAC_1_SQRT_2) * x.clone()).erfc();
            let density = x.lit(0.5 * SQRT_2_BY_PI) * (x.lit(-0.5) * x.clone() * x.clone()).exp();
            d * (cumulative + x * density)
        });

    /// gelu's approximation ½x(1 + tanh u) = xσ(2u), u = √(2/π)(x + 0.044715x³); 0 at −inf.
    /// f′ = σ(2u) + x·2u′·σ(2u)(1 − σ(2u)).
    GeluTanh, gelu_tanh, -3.0..3.0,
        |x| unless_far(x.clone(), x.lit(0.0), x.clone(), #[inline(always)] |x| {
            let cube = x.lit(GELU_CUBIC) * x.clone() * x.clone() * x.clone();
            x.clone() * (x.lit(2.0 * SQRT_2_BY_PI) * (x + cube)).sigmoid()
        }),
        x |x, d| unless_far(x.clone(), x.lit(0.0), d.clone(), #[inline(always)] |x| {
            let square = x.lit(GELU_CUBIC) * x.clone() * x.clone();
            let s = (x.lit(2.0 * SQRT_2_BY_PI) * (x.clone() + square.clone() * x.clone())).sigmoid();
            let slope = x.lit(2.0 * SQRT_2_BY_PI) * (x.lit(1.0) + x.lit(3.0) * square);
            d * (s.clone() + x.clone() * slope * (s.clone() * (x.lit(1.0) - s)))
        });
}
