//! Functions of each element: the tables of formulas, and the two ops that run them.
#![forbid(unsafe_code)]

use super::{arithmetic::add_tangents, broadcast};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Domain, Gen, Reject, Sample},
    kernels::{
        formula::{Binary, Real, Unary},
        map::{self, Operand},
    },
    op::{Fix, One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Each line: a function, its method, where its samples lie, its formula, and d · f′ in terms of
/// its input x or its output y.
macro_rules! unary {
    ($($(#[$doc:meta])* $Op:ident, $method:ident, $domain:expr,
        |$x:ident| $f:expr, $from:ident |$v:ident, $d:ident| $chain:expr;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default)]
            pub struct $Op;

            impl Unary for $Op {
                const NAME: &'static str = stringify!($method);
                const FROM_OUTPUT: bool = unary!(@from_output $from);

                #[inline(always)]
                fn f<R: Real>($x: R) -> R {
                    $f
                }
                #[inline(always)]
                fn chain<R: Real>($v: R, $d: R) -> R {
                    $chain
                }
                #[inline(never)]
                fn map_f32(x: &[f32], out: &mut [f32]) {
                    map::map(x, out, #[inline(always)] |x| Self::f(x))
                }
                #[inline(never)]
                fn map_f64(x: &[f64], out: &mut [f64]) {
                    map::map(x, out, #[inline(always)] |x| Self::f(x))
                }
                #[inline(never)]
                fn map_mut_f32(x: &mut [f32]) {
                    map::map_mut(x, #[inline(always)] |x| Self::f(x))
                }
                #[inline(never)]
                fn map_mut_f64(x: &mut [f64]) {
                    map::map_mut(x, #[inline(always)] |x| Self::f(x))
                }
                #[inline(never)]
                fn chain_f32(v: &[f32], d: &mut [f32]) {
                    map::update(d, v, #[inline(always)] |d, v| Self::chain(v, d))
                }
                #[inline(never)]
                fn chain_f64(v: &[f64], d: &mut [f64]) {
                    map::update(d, v, #[inline(always)] |d, v| Self::chain(v, d))
                }
            }

            impl Sampled for $Op {
                fn domain() -> Domain {
                    Domain::from($domain)
                }
            }
        )*

        impl<I: Interp> Value<I> {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $method(&self) -> Self {
                    Value::apply(Map($Op), self.into())
                }
            )*
        }
    };
    (@from_output x) => { false };
    (@from_output y) => { true };
}

/// Where the samples of a function of one variable lie.
pub trait Sampled {
    /// Its domain, away from kinks.
    fn domain() -> Domain;
}

unary! {
    /// eˣ. f′ = y.
    Exp, exp, -3.0..3.0, |x| x.exp(), y |y, d| d * y;

    /// Natural logarithm; ln 0 = −inf, NaN below. f′ = 1/x, NaN below 0.
    Ln, ln, 0.25..4.0, |x| x.ln(),
        x |x, d| x.lit(0.0).greater(x.clone()).select(x.lit(f64::NAN), d / x);

    /// √x; NaN below 0. f′ = 1/(2y), inf at 0: guard with [`select`](Value::select) where 0 can
    /// meet a gradient of 0.
    Sqrt, sqrt, 0.25..4.0, |x| x.sqrt(), y |y, d| d * y.lit(0.5) / y;

    /// Hyperbolic tangent. f′ = 1 − y².
    Tanh, tanh, -3.0..3.0, |x| x.tanh(), y |y, d| d * (y.lit(1.0) - y.clone() * y);

    /// Logistic function 1/(1 + e⁻ˣ), without overflow. f′ = y(1 − y).
    Sigmoid, sigmoid, -3.0..3.0, |x| x.sigmoid(), y |y, d| d * (y.clone() * (y.lit(1.0) - y));

    /// max(x, 0); NaN stays NaN. f′ = 1 for x > 0, else 0, also at 0.
    Relu, relu, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| x.clone().greater(x.lit(0.0)).select(x.clone(), x.lit(0.0).greater(x.clone()).select(x.lit(0.0), x)),
        y |y, d| y.clone().greater(y.lit(0.0)).select(d, y.lit(0.0) * y);

    /// |x|. f′ = sign x, 0 at 0.
    Abs, abs, Domain::from(-3.0..3.0).avoiding([0.0]), |x| x.abs(),
        x |x, d| x.clone().greater(x.lit(0.0)).select(d.clone(),
            x.lit(0.0).greater(x.clone()).select(-d, x.lit(0.0) * x));

    /// 1/x. f′ = −y².
    Recip, recip, 0.5..3.0, |x| x.lit(1.0) / x, y |y, d| -(d * y.clone() * y);
}

/// Applies a [`Unary`] function to each element.
#[derive(Clone, Copy, Debug, Default)]
pub struct Map<U>(pub U);

impl<U: Unary + Sampled> Op for Map<U>
where
    Map<U>: crate::op::Checked,
{
    type In = One;
    type Out = One;
    const NAME: &'static str = U::NAME;
    const SAVES: Saves = if U::FROM_OUTPUT { Saves::outputs([0]) } else { Saves::inputs([0]) };

    #[inline]
    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        Ok(x.clone())
    }

    #[inline]
    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        Ok(match x.into_unshared() {
            Ok(mut x) => {
                F::map_mut::<U>(x.slice_mut());
                x
            }
            Err(x) => Tensor::filled(out, |out| F::map::<U>(x.slice(), out)),
        })
    }

    #[inline]
    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(I::chain::<U>(argument(&s), dy))
    }

    #[inline]
    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| I::chain::<U>(argument(&s), dx.clone()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(4);
        Sample::new(Self::default(), [g.values(&shape, U::domain())])
    }
}

/// What the derivative's formula is stated in: the output or the input.
#[inline(always)]
fn argument<'a, U: Unary + Sampled, I: Interp>(s: &Saved<'a, Map<U>, I>) -> &'a Value<I>
where
    Map<U>: crate::op::Checked,
{
    // Not `s.x::<0>()`, which would not compile for the half of the functions that save y.
    let slot = if U::FROM_OUTPUT { &s.y } else { &s.x };
    slot.value.expect("declared, so saved")
}

/// Each line: a function of two variables, its method, the domains of its samples, its formula,
/// and d · ∂f/∂a and d · ∂f/∂b.
macro_rules! binary {
    ($($(#[$doc:meta])* $Op:ident, $method:ident, $smooth:literal, |$g:ident| $sample:expr,
        |$a:ident, $b:ident| $f:expr, |$d:ident| [$da:expr, $db:expr];)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default)]
            pub struct $Op;

            impl Binary for $Op {
                const NAME: &'static str = stringify!($method);
                const SMOOTH: bool = $smooth;

                #[inline(always)]
                fn f<R: Real>($a: R, $b: R) -> R {
                    $f
                }
                #[allow(unused_variables)] // masks have nothing to chain
                #[inline(always)]
                fn chain<R: Real>(side: usize, $a: R, $b: R, $d: R) -> R {
                    if side == 0 { $da } else { $db }
                }
                #[inline(never)]
                fn zip_f32(out: &mut [f32], a: Operand<'_, f32>, b: Operand<'_, f32>) {
                    map::zip(out, a, b, #[inline(always)] |a, b| Self::f(a, b))
                }
                #[inline(never)]
                fn zip_f64(out: &mut [f64], a: Operand<'_, f64>, b: Operand<'_, f64>) {
                    map::zip(out, a, b, #[inline(always)] |a, b| Self::f(a, b))
                }
                #[inline(never)]
                fn chain_pair_f32(side: usize, a: &[f32], b: &[f32], d: &mut [f32]) {
                    map::update_pair(d, a, b, #[inline(always)] |d, a, b| Self::chain(side, a, b, d))
                }
                #[inline(never)]
                fn chain_pair_f64(side: usize, a: &[f64], b: &[f64], d: &mut [f64]) {
                    map::update_pair(d, a, b, #[inline(always)] |d, a, b| Self::chain(side, a, b, d))
                }
            }

            impl SampledPair for $Op {
                fn pair($g: &mut Gen) -> [Tensor<f64>; 2] {
                    $sample
                }
            }
        )*

        impl<I: Interp> Value<I> {
            $(
                $(#[$doc])*
                ///
                /// # Panics
                /// When the shapes do not broadcast.
                #[inline]
                #[track_caller]
                pub fn $method(&self, other: &Self) -> Self {
                    Value::apply(Zip($Op), [self.into(), other.into()])
                }
            )*
        }
    };
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
fn apart(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    let a = Tensor::from_fn(&x, |_| g.int(0, 12) as f64 * 0.5 - 3.0);
    let b = Tensor::from_fn(&y, |_| g.int(0, 12) as f64 * 0.5 - 2.75);
    [a, b]
}

binary! {
    /// aᵇ, broadcast; NaN for negative a unless b is an integer. ∂/∂a = b·aᵇ⁻¹ (0 where a = b = 0),
    /// ∂/∂b = aᵇ·ln a (0 where a = 0 and b ≥ 0).
    Pow, pow, true, |g| within(g, 0.5..2.0, -2.0..3.0), |a, b| a.pow(b),
        |d| [
            // Guarded within, too, so that the next order meets no 0 · inf; and at b = 0 nowhere
            // but there, so that it still sees b.
            {
                let hole = a.clone().equal(a.lit(0.0)) * b.clone().equal(b.lit(0.0));
                let safe = hole.clone().select(a.lit(1.0), a);
                hole.select(d.lit(0.0), d * (b.clone() * safe.pow(b.clone() - b.lit(1.0))))
            },
            {
                let flat = b.clone().greater(b.lit(0.0)) + b.clone().equal(b.lit(0.0));
                let hole = a.clone().equal(a.lit(0.0)) * flat;
                let safe = hole.clone().select(a.lit(1.0), a);
                hole.select(d.lit(0.0), d * (safe.clone().pow(b) * safe.ln()))
            }
        ];

    /// The greater of both, broadcast; NaN if either is. The gradient goes to the greater, half to
    /// each of equals.
    Maximum, maximum, true, |g| apart(g),
        |a, b| a.clone().greater(b.clone()).select(a.clone(),
            b.clone().greater(a.clone()).select(b.clone(),
                a.clone().equal(b.clone()).select(a.clone(), a + b))),
        |d| [share(d, a, b), share(d, b, a)];

    /// 1 where the first is greater, else 0, broadcast. A mask: it has no gradient.
    Greater, greater, false, |g| apart(g), |a, b| a.greater(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where both are equal, else 0, broadcast. A mask: it has no gradient.
    Equal, equal, false, |g| apart(g), |a, b| a.equal(b), |d| [d.lit(0.0), d.lit(0.0)];
}

/// The part of d that goes to `a` as the greater of `a` and `b`. What is not taken is a constant:
/// products with an infinite operand would be NaN in the next order.
#[inline(always)]
fn share<R: Real>(d: R, a: R, b: R) -> R {
    let half = d.lit(0.5) * d.clone();
    let (zero, unordered) = (d.lit(0.0), d.lit(f64::NAN));
    a.clone()
        .greater(b.clone())
        .select(d, a.clone().equal(b.clone()).select(half, b.greater(a).select(zero, unordered)))
}

/// Applies a [`Binary`] function to each pair of elements, broadcast.
#[derive(Clone, Copy, Debug, Default)]
pub struct Zip<B>(pub B);

impl<B: Binary + SampledPair> Op for Zip<B>
where
    Zip<B>: crate::op::Checked,
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
        Ok(broadcast::zip(a, b, out, |out, a, b| F::zip::<B>(out, a, b)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        if !B::SMOOTH {
            return [None, None];
        }
        let (a, b) = operands(&s);
        let da = want[0].then(|| I::chain_pair::<B>(0, a, b, dy.clone()));
        [da, want[1].then(|| I::chain_pair::<B>(1, a, b, dy))]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        if !B::SMOOTH {
            return None;
        }
        let (a, b) = operands(&s);
        let chain = |side: usize| Some(I::chain_pair::<B>(side, a, b, dx[side]?.expand(s.y_shape(0))));
        add_tangents(chain(0), chain(1))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let sample = Sample::new(Self::default(), B::pair(g));
        if B::SMOOTH { sample } else { sample.constant(0).constant(1) }
    }

    fn rejects() -> Vec<Reject<Self>> {
        broadcast::pair_rejects(Self::default())
    }
}

/// Both operands of a smooth function.
#[inline(always)]
fn operands<'a, B: Binary + SampledPair, I: Interp>(s: &Saved<'a, Zip<B>, I>) -> (&'a Value<I>, &'a Value<I>)
where
    Zip<B>: crate::op::Checked,
{
    // Not `s.x::<0>()`, which would not compile for the masks, which save nothing.
    (s.x[0].value.expect("declared, so saved"), s.x[1].value.expect("declared, so saved"))
}

/// xᶜ for a number c; NaN for negative x unless c is an integer. f′ = c·xᶜ⁻¹, 0 where c = 0.
#[derive(Clone, Copy, Debug)]
pub struct PowScalar(pub f64);

impl Op for PowScalar {
    type In = One;
    type Out = One;
    const NAME: &'static str = "pow_scalar";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        Ok(x.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
        let c = F::of(self.0);
        Ok(x.map(|v| v.powf(c)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(self.chain(s.x::<0>(), dy))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| self.chain(s.x::<0>(), dx.clone()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let op = PowScalar(g.pick(&[-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0]));
        let shape = g.shape(4);
        Sample::new(op, [g.values(&shape, 0.5..2.0)])
    }
}

impl PowScalar {
    fn chain<I: Interp>(&self, x: &Value<I>, d: Value<I>) -> Value<I> {
        if self.0 == 0.0 { d * 0.0 } else { d * (x.powf(self.0 - 1.0) * self.0) }
    }
}

impl<I: Interp> Value<I> {
    /// This to the power of a number.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([2.0, 3.0]).powf(2.0), Tensor::from([4.0, 9.0]));
    /// ```
    #[inline]
    pub fn powf(&self, exponent: f64) -> Self {
        Value::apply(PowScalar(exponent), self.into())
    }
}

/// Whole values speak the language of formulas through their ops.
impl<I: Interp> Real for Value<I> {
    fn lit(&self, value: f64) -> Self {
        self.constant(value)
    }
    fn exp(self) -> Self {
        Value::apply(Map(Exp), self.into())
    }
    fn ln(self) -> Self {
        Value::apply(Map(Ln), self.into())
    }
    fn sqrt(self) -> Self {
        Value::apply(Map(Sqrt), self.into())
    }
    fn tanh(self) -> Self {
        Value::apply(Map(Tanh), self.into())
    }
    fn sigmoid(self) -> Self {
        Value::apply(Map(Sigmoid), self.into())
    }
    fn abs(self) -> Self {
        Value::apply(Map(Abs), self.into())
    }
    fn pow(self, exponent: Self) -> Self {
        Value::apply(Zip(Pow), [self.into(), exponent.into()])
    }
    fn greater(self, other: Self) -> Self {
        Value::apply(Zip(Greater), [self.into(), other.into()])
    }
    fn equal(self, other: Self) -> Self {
        Value::apply(Zip(Equal), [self.into(), other.into()])
    }
    fn select(self, yes: Self, no: Self) -> Self {
        Value::apply(super::Select, [self.into(), yes.into(), no.into()])
    }
}
