//! Functions of each element, by their definitions, series and integrals.

use super::{Array, Naive, zip};
use gradtape::ops::{composed::RoundTo, *};
use std::f64::consts::PI;

macro_rules! unary {
    ($($Op:ident: |$op:ident, $x:ident| $f:expr;)*) => {$(
        impl Naive for Map<$Op> {
            fn naive(&self, x: &[Array]) -> Vec<Array> {
                let $op = &self.0;
                vec![x[0].map(|&$x| $f)]
            }
        }
    )*};
}

macro_rules! binary {
    ($($Op:ty: |$a:ident, $b:ident| $f:expr;)*) => {$(
        impl Naive for $Op {
            fn naive(&self, x: &[Array]) -> Vec<Array> {
                zip(x, |$a, $b| $f)
            }
        }
    )*};
}

/// Simpson's rule on many pieces.
fn integral(f: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    const PIECES: usize = 2000;
    let h = (to - from) / PIECES as f64;
    let weight = |i: usize| {
        if i == 0 || i == PIECES {
            1.0
        } else if i % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    (0..=PIECES).map(|i| weight(i) * f(from + i as f64 * h)).sum::<f64>() * h / 3.0
}

fn erf(x: f64) -> f64 {
    2.0 / PI.sqrt() * integral(|t| (-t * t).exp(), 0.0, x)
}

/// By bisection on erf.
fn erfinv(y: f64) -> f64 {
    let (mut low, mut high) = (-3.0, 3.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if erf(middle) < y { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// Stirling's series after some steps of the recurrence.
fn lgamma(x: f64) -> f64 {
    let far = x + 60.0;
    let below = (0..60).map(|k| x + f64::from(k)).product::<f64>().ln();
    let tail = 1.0 / (12.0 * far) - 1.0 / (360.0 * far.powi(3)) + 1.0 / (1260.0 * far.powi(5));
    (far - 0.5) * far.ln() - far + (2.0 * PI).ln() / 2.0 + tail - below
}

/// The derivatives of that: of the sum term by term, of the tail by Euler and Maclaurin.
fn polygamma(order: usize, x: f64) -> f64 {
    let far = x + 1000.0;
    let n = order as i32;
    let factorial: f64 = (1..=n).map(f64::from).product();
    let sign = if order.is_multiple_of(2) { -1.0 } else { 1.0 };
    let terms: f64 = (0..1000).map(|k| factorial / (x + f64::from(k)).powi(n + 1)).sum();
    if order == 0 {
        return far.ln() - 0.5 / far - 1.0 / (12.0 * far * far) + 1.0 / (120.0 * far.powi(4)) - terms;
    }
    let tail = factorial / f64::from(n) / far.powi(n)
        + factorial / 2.0 / far.powi(n + 1)
        + factorial * f64::from(n + 1) / 12.0 / far.powi(n + 2);
    sign * (terms + tail)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    (1.0 + x.exp()).ln()
}

fn floor(x: f64) -> f64 {
    let whole = x as i64 as f64;
    if whole > x { whole - 1.0 } else { whole }
}

fn truth(x: f64) -> bool {
    x != 0.0
}

fn mask(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

unary! {
    Exp: |_o, x| x.exp();
    Exp2: |_o, x| (x * 2f64.ln()).exp();
    Expm1: |_o, x| x.exp() - 1.0;
    Ln: |_o, x| x.ln();
    Log2: |_o, x| x.ln() / 2f64.ln();
    Log10: |_o, x| x.ln() / 10f64.ln();
    Log1p: |_o, x| (1.0 + x).ln();
    Logit: |op, p| {
        let p = op.eps.map_or(p, |eps| p.clamp(eps, 1.0 - eps));
        (p / (1.0 - p)).ln()
    };
    Sqrt: |_o, x| x.sqrt();
    Rsqrt: |_o, x| (x.ln() * -0.5).exp();
    Cbrt: |_o, x| (x.ln() / 3.0).exp(); // samples are positive
    Abs: |_o, x| if x < 0.0 { -x } else { x };
    Recip: |_o, x| 1.0 / x;
    PowScalar: |op, x| (op.exponent * x.ln()).exp(); // samples are positive
    Sin: |_o, x| (PI / 2.0 - x).cos();
    Cos: |_o, x| (PI / 2.0 - x).sin();
    Tan: |_o, x| x.sin() / x.cos();
    Asin: |_o, x| (x / (1.0 - x * x).sqrt()).atan();
    Acos: |_o, x| PI / 2.0 - (x / (1.0 - x * x).sqrt()).atan();
    Atan: |_o, x| (x / (1.0 + x * x).sqrt()).asin();
    Sinc: |_o, x| if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) };
    Sinh: |_o, x| (x.exp() - (-x).exp()) / 2.0;
    Cosh: |_o, x| (x.exp() + (-x).exp()) / 2.0;
    Tanh: |_o, x| 1.0 - 2.0 / ((2.0 * x).exp() + 1.0);
    Asinh: |_o, x| (x + (x * x + 1.0).sqrt()).ln();
    Acosh: |_o, x| (x + (x * x - 1.0).sqrt()).ln();
    Atanh: |_o, x| ((1.0 + x) / (1.0 - x)).ln() / 2.0;
    Erf: |_o, x| erf(x);
    Erfc: |_o, x| 1.0 - erf(x);
    Erfinv: |_o, y| erfinv(y);
    Lgamma: |_o, x| lgamma(x);
    Polygamma: |op, x| polygamma(op.order, x);
    Floor: |_o, x| floor(x);
    Ceil: |_o, x| -floor(-x);
    Round: |_o, x| floor(x + 0.5);
    Trunc: |_o, x| x as i64 as f64;
    Sign: |_o, x| if x < 0.0 { -1.0 } else { 1.0 };
    Sigmoid: |_o, x| logistic(x);
    LogSigmoid: |_o, x| logistic(x).ln();
    Softplus: |op, x| softplus(op.beta * x) / op.beta;
    Softsign: |_o, x| x / (1.0 + x.abs());
    Tanhshrink: |_o, x| x - x.tanh();
    Silu: |_o, x| x * logistic(x);
    Mish: |_o, x| x * softplus(x).tanh();
    Gelu: |_o, x| x * (1.0 + erf(x / 2f64.sqrt())) / 2.0;
    GeluTanh: |_o, x| 0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh());
    Relu: |_o, x| if x < 0.0 { 0.0 } else { x };
    Relu6: |_o, x| x.clamp(0.0, 6.0);
    LeakyRelu: |op, x| if x < 0.0 { op.slope * x } else { x };
    Elu: |op, x| if x < 0.0 { op.alpha * (x.exp() - 1.0) } else { x };
    Selu: |_o, x| 1.0507009873554805 * if x < 0.0 { 1.6732632423543772 * (x.exp() - 1.0) } else { x };
    Celu: |op, x| if x < 0.0 { op.alpha * ((x / op.alpha).exp() - 1.0) } else { x };
    Hardsigmoid: |_o, x| ((x + 3.0) / 6.0).clamp(0.0, 1.0);
    Hardswish: |_o, x| x * ((x + 3.0) / 6.0).clamp(0.0, 1.0);
    Hardtanh: |op, x| x.clamp(op.min, op.max);
    Clamp: |op, x| x.clamp(op.min, op.max);
    Hardshrink: |op, x| if (-op.lambda..=op.lambda).contains(&x) { 0.0 } else { x };
    Softshrink: |op, x| (x - op.lambda).max(0.0) + (x + op.lambda).min(0.0);
    Threshold: |op, x| if x <= op.threshold { op.value } else { x };
    NanToNum: |_o, x| x; // samples are finite; a kink test has the rest
    LogicalNot: |_o, x| mask(!truth(x));
    IsNan: |_o, x| mask(x.is_nan());
    IsInf: |_o, x| mask(x.is_infinite());
    IsFinite: |_o, x| mask(x.is_finite());
}

binary! {
    Add: |a, b| a + b;
    Sub: |a, b| a - b;
    Mul: |a, b| a * b;
    Div: |a, b| a / b;
    Zip<Pow>: |a, b| (b * a.ln()).exp(); // samples are positive
    Zip<Maximum>: |a, b| if a > b { a } else { b };
    Zip<ClampMin>: |a, b| if a < b { b } else { a };
    Zip<ClampMax>: |a, b| if a > b { b } else { a };
    Zip<Minimum>: |a, b| if a > b { b } else { a };
    Zip<Atan2>: |a, b| PI / 2.0 - (b / a).atan(); // samples have a > 0
    Zip<Hypot>: |a, b| (a * a + b * b).sqrt();
    Zip<Fmod>: |a, b| a - (a / b) as i64 as f64 * b;
    Zip<Remainder>: |a, b| a - floor(a / b) * b;
    Zip<Xlogy>: |a, b| a * b.ln();
    Zip<Logaddexp>: |a, b| (a.exp() + b.exp()).ln();
    Zip<Copysign>: |a, b| if (a < 0.0) == (b < 0.0) { a } else { -a };
    Zip<Prelu>: |a, b| if a < 0.0 { a * b } else { a };
    Zip<Greater>: |a, b| mask(a > b);
    Zip<GreaterEqual>: |a, b| mask(a >= b);
    Zip<Less>: |a, b| mask(a < b);
    Zip<LessEqual>: |a, b| mask(a <= b);
    Zip<Equal>: |a, b| mask(a == b);
    Zip<NotEqual>: |a, b| mask(a != b);
    Zip<LogicalAnd>: |a, b| mask(truth(a) && truth(b));
    Zip<LogicalOr>: |a, b| mask(truth(a) || truth(b));
    Zip<LogicalXor>: |a, b| mask(truth(a) != truth(b));
}

/// By decimal digits; samples are never halfway.
impl Naive for RoundTo {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let digits = self.0.max(0) as usize;
        let short = |v: f64| format!("{v:.digits$}").parse::<f64>().expect("a number");
        vec![x[0].map(|&v| if self.0 < 0 { floor(v / 10.0 + 0.5) * 10.0 } else { short(v) })]
    }
}
