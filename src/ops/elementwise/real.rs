//! Whole values speak the language of formulas through their ops.

use super::*;
use crate::{kernels::formula::Real, ops::Select};

impl<I: Interp> Real for Value<I> {
    fn lit(&self, value: f64) -> Self {
        self.constant(value)
    }
    fn greatest(&self) -> Self {
        self.lift(Tensor::scalar(I::Elem::ZERO.greatest()))
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
    /// The op, which is smooth: the formula for numbers has a corner at 0.
    fn softplus(self) -> Self {
        Value::apply(Map(Softplus { beta: 1.0 }), self.into())
    }
    fn abs(self) -> Self {
        Value::apply(Map(Abs), self.into())
    }
    fn exp2(self) -> Self {
        Value::apply(Map(Exp2), self.into())
    }
    fn exp_m1(self) -> Self {
        Value::apply(Map(Expm1), self.into())
    }
    fn ln_1p(self) -> Self {
        Value::apply(Map(Log1p), self.into())
    }
    fn log2(self) -> Self {
        Value::apply(Map(Log2), self.into())
    }
    fn log10(self) -> Self {
        Value::apply(Map(Log10), self.into())
    }
    fn cbrt(self) -> Self {
        Value::apply(Map(Cbrt), self.into())
    }
    fn sin(self) -> Self {
        Value::apply(Map(Sin), self.into())
    }
    fn cos(self) -> Self {
        Value::apply(Map(Cos), self.into())
    }
    fn tan(self) -> Self {
        Value::apply(Map(Tan), self.into())
    }
    fn asin(self) -> Self {
        Value::apply(Map(Asin), self.into())
    }
    fn acos(self) -> Self {
        Value::apply(Map(Acos), self.into())
    }
    fn atan(self) -> Self {
        Value::apply(Map(Atan), self.into())
    }
    fn sinh(self) -> Self {
        Value::apply(Map(Sinh), self.into())
    }
    fn cosh(self) -> Self {
        Value::apply(Map(Cosh), self.into())
    }
    fn asinh(self) -> Self {
        Value::apply(Map(Asinh), self.into())
    }
    fn acosh(self) -> Self {
        Value::apply(Map(Acosh), self.into())
    }
    fn atanh(self) -> Self {
        Value::apply(Map(Atanh), self.into())
    }
    fn erf(self) -> Self {
        Value::apply(Map(Erf), self.into())
    }
    fn erfc(self) -> Self {
        Value::apply(Map(Erfc), self.into())
    }
    fn erfinv(self) -> Self {
        Value::apply(Map(Erfinv), self.into())
    }
    fn lgamma(self) -> Self {
        Value::apply(Map(Lgamma), self.into())
    }
    fn floor(self) -> Self {
        Value::apply(Map(Floor), self.into())
    }
    fn round(self) -> Self {
        Value::apply(Map(Round), self.into())
    }
    fn polygamma(self, order: usize) -> Self {
        Value::apply(Map(Polygamma { order }), self.into())
    }
    fn atan2(self, other: Self) -> Self {
        Value::apply(Zip(Atan2), [self.into(), other.into()])
    }
    fn hypot(self, other: Self) -> Self {
        Value::apply(Zip(Hypot), [self.into(), other.into()])
    }
    fn fmod(self, other: Self) -> Self {
        Value::apply(Zip(Fmod), [self.into(), other.into()])
    }
    fn copysign(self, other: Self) -> Self {
        Value::apply(Zip(Copysign), [self.into(), other.into()])
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
        Value::apply(Select, [self.into(), yes.into(), no.into()])
    }
}
