//! Functions of each element. Each family is a table of formulas; here is what a line of a table
//! becomes, and the two ops that run them: [`Map`] and [`Zip`].
#![forbid(unsafe_code)]

#[macro_use]
mod table;

mod activation;
mod binary;
mod compare;
mod exponential;
mod hyperbolic;
mod likelihood;
mod mask;
mod pow;
mod power;
mod real;
mod rectifier;
mod rounding;
mod special;
mod trigonometric;

pub use activation::{Gelu, GeluTanh, LogSigmoid, Mish, Sigmoid, Silu, Softplus, Softsign, Tanhshrink};
pub use binary::{
    Atan2, ClampMax, ClampMin, Copysign, Fmod, Hypot, Logaddexp, Maximum, Minimum, Prelu, Remainder, Xlogy,
};
pub use compare::{
    Equal, Greater, GreaterEqual, Less, LessEqual, LogicalAnd, LogicalOr, LogicalXor, NotEqual,
};
pub use exponential::{Exp, Exp2, Expm1, Ln, Log1p, Log2, Log10, Logit};
pub use hyperbolic::{Acosh, Asinh, Atanh, Cosh, Sinh, Tanh};
pub use likelihood::BernoulliNll;
pub use mask::{IsFinite, IsInf, IsNan, LogicalNot};
pub use pow::Pow;
pub use power::{Abs, Cbrt, PowScalar, Recip, Rsqrt, Sqrt};
pub use rectifier::{
    Celu, Clamp, Elu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu, NanToNum, Relu, Relu6, Selu,
    Softshrink, Threshold,
};
pub use rounding::{Ceil, Floor, Round, RoundTo, Sign, Trunc};
pub use special::{Erf, Erfc, Erfinv, Lgamma, Polygamma};
pub use trigonometric::{Acos, Asin, Atan, Cos, Sin, Sinc, Tan};

use super::{arithmetic::add_tangents, broadcast};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Domain, Gen, Reject, Sample},
    kernels::formula::{Binary, Derivative, Unary},
    op::{Checked, Fix, One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Where the samples of a function of one variable lie.
pub trait Sampled: Sized {
    /// The function with some options.
    fn sample(g: &mut Gen) -> Self;
    /// Its domain, away from kinks.
    fn domain(&self) -> Domain;
}

/// Applies a [`Unary`] function to each element.
#[derive(Clone, Copy, Debug)]
pub struct Map<U>(pub U);

impl<U: Unary + Sampled> Op for Map<U>
where
    Map<U>: Checked,
{
    type In = One;
    type Out = One;
    const NAME: &'static str = U::NAME;
    const SAVES: Saves = match U::DERIVATIVE {
        Derivative::OfInput => Saves::inputs([0]),
        Derivative::OfOutput => Saves::outputs([0]),
        Derivative::Constant | Derivative::Zero => Saves::NONE,
    };

    #[inline]
    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        Ok(x.clone())
    }

    #[inline]
    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
        Ok(broadcast::map(x, |x, out| F::map(&self.0, x, out)))
    }

    #[inline]
    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        self.chain(&s, dy)
    }

    #[inline]
    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        self.chain(&s, dx?.clone())
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let function = U::sample(g);
        let shape = g.shape(4);
        let x = g.values(&shape, function.domain());
        let sample = Sample::new(Map(function), [x]);
        if U::DERIVATIVE == Derivative::Zero { sample.constant(0) } else { sample }
    }
}

impl<U: Unary + Sampled> Map<U>
where
    Map<U>: Checked,
{
    /// d · f′, on what the formula is stated in.
    #[inline(always)]
    fn chain<I: Interp>(&self, s: &Saved<'_, Self, I>, d: Value<I>) -> Option<Value<I>> {
        // Not `s.x::<0>()`, which would not compile for the functions that save something else.
        let v = match U::DERIVATIVE {
            Derivative::OfInput => s.x.value,
            Derivative::OfOutput => s.y.value,
            Derivative::Constant => return Some(self.0.chain(d.clone(), d)),
            Derivative::Zero => return None,
        };
        Some(I::chain(&self.0, v.expect("declared, so saved"), d))
    }
}

/// Where the samples of a function of two variables lie.
pub trait SampledPair {
    /// A pair of operands that broadcast, away from kinks.
    fn pair(g: &mut Gen) -> [Tensor<f64>; 2];
}

/// Operands in these domains.
fn within(g: &mut Gen, a: std::ops::Range<f64>, b: std::ops::Range<f64>) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    [g.values(&x, a), g.values(&y, b)]
}

/// Operands that are nowhere close to equal: the first on even, the second on odd multiples of ¼.
#[inline]
fn apart(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    let a = Tensor::from_fn(&x, |_| g.int(0, 12) as f64 * 0.5 - 3.0);
    let b = Tensor::from_fn(&y, |_| g.int(0, 12) as f64 * 0.5 - 2.75);
    [a, b]
}

/// Applies a [`Binary`] function to each pair of elements, broadcast.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zip<B>(pub B);

impl<B: Binary + Default + SampledPair> Op for Zip<B>
where
    Zip<B>: Checked,
{
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = B::NAME;
    const SAVES: Saves = if B::SMOOTH { Saves::inputs([0, 1]) } else { Saves::NONE };

    #[inline]
    fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, OpError> {
        broadcast::pair(B::NAME, a, b)
    }

    fn eval<F: Float>(&self, [a, b]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        Ok(broadcast::zip(a, b, out, |a, b, out| F::zip(&self.0, a, b, out)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        if !B::SMOOTH {
            return [None, None];
        }
        let (a, b) = operands(&s);
        let da = want[0].then(|| I::chain_pair(&self.0, 0, a, b, dy.clone()));
        [da, want[1].then(|| I::chain_pair(&self.0, 1, a, b, dy))]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        if !B::SMOOTH {
            return None;
        }
        let (a, b) = operands(&s);
        let chain = |side: usize| Some(I::chain_pair(&self.0, side, a, b, dx[side]?.expand(s.y_shape(0))));
        add_tangents(chain(0), chain(1))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let sample = Sample::new(Self::default(), B::pair(g));
        if B::SMOOTH { sample } else { sample.constant(0).constant(1) }
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        broadcast::pair_rejects(Self::default())
    }
}

/// Both operands of a smooth function.
#[inline(always)]
fn operands<'a, B: Binary + Default + SampledPair, I: Interp>(
    s: &Saved<'a, Zip<B>, I>,
) -> (&'a Value<I>, &'a Value<I>)
where
    Zip<B>: Checked,
{
    // Not `s.x::<0>()`, which would not compile for the masks, which save nothing.
    (s.x[0].value.expect("declared, so saved"), s.x[1].value.expect("declared, so saved"))
}
