//! Activations with a corner. What a corner's gradient is, docs/kinks.md says; NaN stays NaN.

/// λ and α of selu (Klambauer and others: Self-Normalizing Neural Networks, 2017).
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// See [`SELU_SCALE`].
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// `yes` where x > `bound`, else `no`, but NaN where x is NaN.
#[inline(always)]
fn above<R: Real>(x: R, bound: f64, yes: R, no: R) -> R {
    let number = x.clone().equal(x.clone());
    x.clone().greater(x.lit(bound)).select(yes, number.select(no, x))
}

/// `yes` where low < x < high, else `no`, but NaN where x is NaN. An infinite bound is none.
#[inline(always)]
pub(super) fn inside<R: Real>(x: R, low: f64, high: f64, yes: R, no: R) -> R {
    let yes =
        if high == f64::INFINITY { yes } else { x.lit(high).greater(x.clone()).select(yes, no.clone()) };
    if low == f64::NEG_INFINITY { x.clone().equal(x.clone()).select(yes, x) } else { above(x, low, yes, no) }
}

/// min(max(x, min), max), NaN where x is NaN.
#[inline(always)]
pub(super) fn clamped<R: Real>(x: R, min: f64, max: f64) -> R {
    let low = x.lit(min).greater(x.clone()).select(x.lit(min.min(max)), x.clone());
    x.clone().greater(x.lit(max)).select(x.lit(max), low)
}

/// α(eˣ − 1) below 0, scaled; the exponential never sees what is above.
#[inline(always)]
fn exponential_below<R: Real>(x: R, slope: f64, alpha: f64, scale: f64) -> R {
    let below = x.clone().greater(x.lit(0.0)).select(x.lit(0.0), x.clone());
    above(x.clone(), 0.0, x.lit(scale) * x, below.lit(alpha * scale) * (below.lit(slope) * below).exp_m1())
}

unary! {
    /// max(x, 0); NaN stays NaN. f′ = 1 for x > 0, else 0, also at 0.
    Relu, relu, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| x.clone().greater(x.lit(0.0)).select(x.clone(), x.lit(0.0).greater(x.clone()).select(x.lit(0.0), x)),
        y |y, d| y.clone().greater(y.lit(0.0)).select(d, y.lit(0.0) * y);

    /// min(max(x, 0), 6). f′ = 1 for 0 < x < 6, else 0.
    Relu6, relu6, Domain::from(-3.0..9.0).avoiding([0.0, 6.0]),
        |x| above(x.clone(), 0.0, x.clone().greater(x.lit(6.0)).select(x.lit(6.0), x.clone()), x.lit(0.0)),
        x |x, d| inside(x.clone(), 0.0, 6.0, d, x.lit(0.0));

    /// x above 0, slope·x below. f′ = 1 or the slope, the slope at 0.
    LeakyRelu(op) { /// The slope below 0; PyTorch's default is 0.01.
        slope: f64 = [0.01, 0.25] }, leaky_relu, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| above(x.clone(), 0.0, x.clone(), x.lit(op.slope) * x),
        x |x, d| above(x.clone(), 0.0, d.clone(), x.lit(op.slope) * d);

    /// x above 0, α(eˣ − 1) below. f′ = 1 or αeˣ, α at 0.
    Elu(op) { /// α; PyTorch's default is 1.
        alpha: f64 = [1.0, 0.5] }, elu, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| exponential_below(x, 1.0, op.alpha, 1.0),
        x |x, d| {
            let below = x.clone().greater(x.lit(0.0)).select(x.lit(0.0), x.clone());
            above(x, 0.0, d.clone(), d * (below.lit(op.alpha) * below.exp()))
        };

    /// λx above 0, λα(eˣ − 1) below, with the constants that keep mean 0 and variance 1
    /// (Klambauer and others, 2017). f′ = λ or λαeˣ, λα at 0.
    Selu, selu, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| exponential_below(x, 1.0, SELU_ALPHA, SELU_SCALE),
        x |x, d| {
            let below = x.clone().greater(x.lit(0.0)).select(x.lit(0.0), x.clone());
            let slope = below.lit(SELU_ALPHA * SELU_SCALE) * below.exp();
            above(x, 0.0, d.lit(SELU_SCALE) * d.clone(), d * slope)
        };

    /// x above 0, α(e^(x/α) − 1) below, which is smooth at 0. f′ = 1 or e^(x/α).
    Celu(op) { /// α; PyTorch's default is 1.
        alpha: f64 = [1.0, 0.5] }, celu, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| exponential_below(x, 1.0 / op.alpha, op.alpha, 1.0),
        x |x, d| {
            let below = x.clone().greater(x.lit(0.0)).select(x.lit(0.0), x.clone());
            let slope = (below.lit(1.0 / op.alpha) * below).exp();
            above(x, 0.0, d.clone(), d * slope)
        };

    /// min(max(x/6 + ½, 0), 1). f′ = 1/6 for −3 < x < 3, else 0.
    Hardsigmoid, hardsigmoid, Domain::from(-5.0..5.0).avoiding([-3.0, 3.0]),
        |x| above(x.clone(), -3.0,
            x.clone().greater(x.lit(3.0)).select(x.lit(1.0), x.lit(0.5) + x.clone() / x.lit(6.0)), x.lit(0.0)),
        x |x, d| inside(x.clone(), -3.0, 3.0, d.clone() / d.lit(6.0), x.lit(0.0));

    /// x·min(max(x/6 + ½, 0), 1); 0 at −inf. f′ = 0 up to −3, x/3 + ½, 1 from 3 on.
    Hardswish, hardswish, Domain::from(-5.0..5.0).avoiding([-3.0, 3.0]),
        |x| above(x.clone(), -3.0, x.lit(3.0).greater(x.clone())
            .select(x.clone() * (x.lit(0.5) + x.clone() / x.lit(6.0)), x.clone()), x.lit(0.0)),
        x |x, d| above(x.clone(), -3.0, x.lit(3.0).greater(x.clone())
            .select(d.clone() * (x.lit(0.5) + x.clone() / x.lit(3.0)), d), x.lit(0.0));

    /// min(max(x, min), max). f′ = 1 strictly between, else 0.
    Hardtanh(op) { /// The least value; PyTorch's default is −1.
        min: f64 = [-1.0, -0.5], /// The greatest value; PyTorch's default is 1.
        max: f64 = [1.0, 2.0] }, hardtanh, Domain::from(-3.0..3.0).avoiding([op.min, op.max]),
        |x| above(x.clone(), op.min, x.clone().greater(x.lit(op.max)).select(x.lit(op.max), x.clone()), x.lit(op.min)),
        x |x, d| inside(x.clone(), op.min, op.max, d, x.lit(0.0));

    /// min(max(x, min), max); ±inf for no bound, and max where it is below min. f′ = 1 strictly between, else
    /// 0, also at a bound. Bounds that are values, with a gradient of their own, are those of
    /// [`clamp_min`](Value::clamp_min) and [`clamp_max`](Value::clamp_max), one after the other.
    Clamp(op) { /// The least value.
        min: f64 = [-1.0, f64::NEG_INFINITY], /// The greatest value.
        max: f64 = [1.0, f64::INFINITY] }, clamp, Domain::from(-3.0..3.0).avoiding([-1.0, 1.0]),
        |x| clamped(x, op.min, op.max),
        x |x, d| inside(x.clone(), op.min, op.max, d, x.lit(0.0));

    /// x where |x| > λ, else 0. f′ = 1 there, else 0.
    Hardshrink(op) { /// λ; PyTorch's default is ½.
        lambda: f64 = [0.5, 1.0] }, hardshrink, Domain::from(-3.0..3.0).avoiding([-op.lambda, op.lambda]),
        |x| above(x.clone().abs(), op.lambda, x.clone(), x.lit(0.0)),
        x |x, d| above(x.clone().abs(), op.lambda, d, x.lit(0.0));

    /// x pulled towards 0 by λ, 0 where |x| ≤ λ. f′ = 1 where |x| > λ, else 0.
    Softshrink(op) { /// λ; PyTorch's default is ½.
        lambda: f64 = [0.5, 1.0] }, softshrink, Domain::from(-3.0..3.0).avoiding([-op.lambda, op.lambda]),
        |x| above(x.clone().abs(), op.lambda, x.clone() - x.lit(op.lambda).copysign(x.clone()), x.lit(0.0)),
        x |x, d| above(x.clone().abs(), op.lambda, d, x.lit(0.0));

    /// x where x > threshold, else a value. f′ = 1 there, else 0.
    Threshold(op) { /// What x must exceed.
        threshold: f64 = [0.5, -1.0], /// What is put in its place.
        value: f64 = [-2.0, 0.0] }, threshold, Domain::from(-3.0..3.0).avoiding([op.threshold]),
        |x| above(x.clone(), op.threshold, x.clone(), x.lit(op.value)),
        x |x, d| above(x.clone(), op.threshold, d, x.lit(0.0));

    /// x with NaN and ±inf replaced. f′ = 1 where x is finite, else 0.
    NanToNum(op) { /// In place of NaN; PyTorch's default is 0.
        nan: f64 = [0.0], /// In place of inf; if none, the greatest finite number of the type.
        posinf: Option<f64> = [None, Some(1e30)], /// In place of −inf; if none, the least finite number of the type.
        neginf: Option<f64> = [None, Some(-1e30)] }, nan_to_num, -3.0..3.0,
        |x| {
            let top = op.posinf.map_or(x.greatest(), #[inline(always)] |v| x.lit(v));
            let bottom = op.neginf.map_or(-x.greatest(), #[inline(always)] |v| x.lit(v));
            let finite = x.clone().equal(x.lit(f64::INFINITY)).select(top,
                x.clone().equal(x.lit(f64::NEG_INFINITY)).select(bottom, x.clone()));
            x.clone().equal(x.clone()).select(finite, x.lit(op.nan))
        },
        x |x, d| x.lit(f64::INFINITY).greater(x.clone().abs()).select(d, x.lit(0.0));
}
