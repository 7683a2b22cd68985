//! The vocabulary in which an elementwise op states its value and its derivative, once, for a
//! number inside a loop and for a whole recorded value alike.
#![forbid(unsafe_code)]

use super::{double, single, special};
use std::{
    fmt::Debug,
    ops::{Add, Div, Mul, Neg, Sub},
};

/// Something formulas can be written in: `f32`, `f64`, or any `Value`.
pub trait Real:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// A constant of this kind.
    fn lit(&self, value: f64) -> Self;
    /// The greatest finite number of this kind.
    fn greatest(&self) -> Self;
    /// e to this power.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Logistic function 1/(1+e⁻ˣ), without overflow.
    fn sigmoid(self) -> Self;
    /// ln(1 + eˣ), without overflow.
    #[inline(always)]
    fn softplus(self) -> Self {
        let positive = self.clone().greater(self.lit(0.0));
        (-self.clone().abs()).exp().ln_1p() + positive.select(self.clone(), self.lit(0.0))
    }
    /// Absolute value.
    fn abs(self) -> Self;
    /// 2 to this power.
    fn exp2(self) -> Self;
    /// eˣ − 1, accurate near 0.
    fn exp_m1(self) -> Self;
    /// ln(1 + x), accurate near 0.
    fn ln_1p(self) -> Self;
    /// Logarithm to base 2.
    fn log2(self) -> Self;
    /// Logarithm to base 10.
    fn log10(self) -> Self;
    /// Cube root.
    fn cbrt(self) -> Self;
    /// Sine.
    fn sin(self) -> Self;
    /// Cosine.
    fn cos(self) -> Self;
    /// Tangent.
    fn tan(self) -> Self;
    /// Inverse sine.
    fn asin(self) -> Self;
    /// Inverse cosine.
    fn acos(self) -> Self;
    /// Inverse tangent.
    fn atan(self) -> Self;
    /// Hyperbolic sine.
    fn sinh(self) -> Self;
    /// Hyperbolic cosine.
    fn cosh(self) -> Self;
    /// Inverse hyperbolic sine.
    fn asinh(self) -> Self;
    /// Inverse hyperbolic cosine.
    fn acosh(self) -> Self;
    /// Inverse hyperbolic tangent.
    fn atanh(self) -> Self;
    /// Error function.
    fn erf(self) -> Self;
    /// 1 − erf x, accurate for large x.
    fn erfc(self) -> Self;
    /// Inverse error function.
    fn erfinv(self) -> Self;
    /// ln |Γ(x)|.
    fn lgamma(self) -> Self;
    /// The derivative of order `order` + 1 of ln Γ.
    fn polygamma(self, order: usize) -> Self;
    /// The greatest integer not above.
    fn floor(self) -> Self;
    /// The nearest integer, the even one of two.
    fn round(self) -> Self;
    /// This to the power `exponent`.
    fn pow(self, exponent: Self) -> Self;
    /// The angle of the point (x, self).
    fn atan2(self, x: Self) -> Self;
    /// √(self² + other²) without overflow.
    fn hypot(self, other: Self) -> Self;
    /// What is left of this after whole multiples of `divisor`; with the sign of this.
    fn fmod(self, divisor: Self) -> Self;
    /// |self| with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;
    /// 1 where this is greater than `other`, else 0.
    fn greater(self, other: Self) -> Self;
    /// 1 where both are equal, else 0.
    fn equal(self, other: Self) -> Self;
    /// `yes` where this is not 0, else `no`: the other one is never looked at.
    fn select(self, yes: Self, no: Self) -> Self;
}

/// What the derivative of an elementwise function is stated in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivative {
    /// The input x.
    OfInput,
    /// The output y.
    OfOutput,
    /// Nothing: it is the same everywhere.
    Constant,
    /// Nothing: the function is flat wherever it is continuous, and has no gradient.
    Zero,
}

/// An elementwise function of one variable.
pub trait Unary: Clone + Debug + Send + Sync + 'static {
    /// Its name in messages and documents.
    const NAME: &'static str;
    /// What `chain` is stated in.
    const DERIVATIVE: Derivative;
    /// The function.
    fn f<R: Real>(&self, x: R) -> R;
    /// d · f′, where v is what `DERIVATIVE` says.
    fn chain<R: Real>(&self, v: R, d: R) -> R;

    /// `out[i] = f(x[i])`, compiled in this crate.
    fn map_f32(&self, x: &[f32], out: &mut [f32]);
    /// `out[i] = f(x[i])`, compiled in this crate.
    fn map_f64(&self, x: &[f64], out: &mut [f64]);
    /// `d[i] = chain(v[i], d[i])`, compiled in this crate.
    fn chain_f32(&self, v: &[f32], d: &mut [f32]);
    /// `d[i] = chain(v[i], d[i])`, compiled in this crate.
    fn chain_f64(&self, v: &[f64], d: &mut [f64]);
}

/// An elementwise function of two variables.
pub trait Binary: Clone + Debug + Send + Sync + 'static {
    /// Its name in messages and documents.
    const NAME: &'static str;
    /// Whether it has derivatives, stated in both inputs; if not, it is flat.
    const SMOOTH: bool;
    /// The function.
    fn f<R: Real>(&self, a: R, b: R) -> R;
    /// d · ∂f/∂a (`side` 0) or d · ∂f/∂b (`side` 1).
    fn chain<R: Real>(&self, side: usize, a: R, b: R, d: R) -> R;

    /// `out[i] = f(a[i], b[i])`, compiled in this crate.
    fn zip_f32(&self, a: &[f32], b: &[f32], out: &mut [f32]);
    /// `out[i] = f(a[i], b[i])`, compiled in this crate.
    fn zip_f64(&self, a: &[f64], b: &[f64], out: &mut [f64]);
    /// `d[i] = chain(side, a[i], b[i], d[i])`, compiled in this crate.
    fn chain_pair_f32(&self, side: usize, a: &[f32], b: &[f32], d: &mut [f32]);
    /// `d[i] = chain(side, a[i], b[i], d[i])`, compiled in this crate.
    fn chain_pair_f64(&self, side: usize, a: &[f64], b: &[f64], d: &mut [f64]);
}

macro_rules! real {
    // Where the usual functions of this type are, and the others.
    ($F:ident, $usual:ident, $core:ident) => {
        impl Real for $F {
            #[inline(always)]
            fn lit(&self, value: f64) -> Self {
                value as $F
            }
            #[inline(always)]
            fn greatest(&self) -> Self {
                $F::MAX
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $usual::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $usual::ln(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $F::sqrt(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $usual::tanh(self)
            }
            #[inline(always)]
            fn sigmoid(self) -> Self {
                $core::sigmoid(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $F::abs(self)
            }
            #[inline(always)]
            fn exp2(self) -> Self {
                $usual::exp2(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                $usual::exp_m1(self)
            }
            #[inline(always)]
            fn ln_1p(self) -> Self {
                $usual::ln_1p(self)
            }
            #[inline(always)]
            fn log2(self) -> Self {
                $usual::log2(self)
            }
            #[inline(always)]
            fn log10(self) -> Self {
                $usual::log10(self)
            }
            #[inline(always)]
            fn cbrt(self) -> Self {
                $F::cbrt(self)
            }
            #[inline(always)]
            fn sin(self) -> Self {
                $usual::sin(self)
            }
            #[inline(always)]
            fn cos(self) -> Self {
                $usual::cos(self)
            }
            #[inline(always)]
            fn tan(self) -> Self {
                $usual::tan(self)
            }
            #[inline(always)]
            fn asin(self) -> Self {
                $F::asin(self)
            }
            #[inline(always)]
            fn acos(self) -> Self {
                $F::acos(self)
            }
            #[inline(always)]
            fn atan(self) -> Self {
                $F::atan(self)
            }
            #[inline(always)]
            fn sinh(self) -> Self {
                $usual::sinh(self)
            }
            #[inline(always)]
            fn cosh(self) -> Self {
                $usual::cosh(self)
            }
            #[inline(always)]
            fn asinh(self) -> Self {
                $F::asinh(self)
            }
            #[inline(always)]
            fn acosh(self) -> Self {
                $F::acosh(self)
            }
            #[inline(always)]
            fn atanh(self) -> Self {
                $F::atanh(self)
            }
            #[inline(always)]
            fn floor(self) -> Self {
                $F::floor(self)
            }
            #[inline(always)]
            fn erf(self) -> Self {
                $core::erf(self)
            }
            #[inline(always)]
            fn erfc(self) -> Self {
                $core::erfc(self)
            }
            #[inline(always)]
            fn erfinv(self) -> Self {
                special::erfinv(f64::from(self)) as $F
            }
            #[inline(always)]
            fn lgamma(self) -> Self {
                special::lgamma(f64::from(self)) as $F
            }
            #[inline(always)]
            fn polygamma(self, order: usize) -> Self {
                special::polygamma(order, f64::from(self)) as $F
            }
            #[inline(always)]
            fn round(self) -> Self {
                $F::round_ties_even(self)
            }
            #[inline(always)]
            fn atan2(self, x: Self) -> Self {
                $F::atan2(self, x)
            }
            #[inline(always)]
            fn hypot(self, other: Self) -> Self {
                $F::hypot(self, other)
            }
            #[inline(always)]
            fn fmod(self, divisor: Self) -> Self {
                self % divisor
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                $F::copysign(self, sign)
            }
            #[inline(always)]
            fn pow(self, exponent: Self) -> Self {
                $F::powf(self, exponent)
            }
            #[inline(always)]
            fn greater(self, other: Self) -> Self {
                if self > other { 1.0 } else { 0.0 }
            }
            #[inline(always)]
            fn equal(self, other: Self) -> Self {
                if self == other { 1.0 } else { 0.0 }
            }
            #[inline(always)]
            fn select(self, yes: Self, no: Self) -> Self {
                if self != 0.0 { yes } else { no }
            }
        }
    };
}
real!(f32, single, single);
real!(f64, f64, double);
