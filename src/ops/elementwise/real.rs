//! Whole values speak the language of formulas through their ops.

use super::{Abs, Equal, Exp, Greater, Ln, Map, Pow, Sigmoid, Sqrt, Tanh, Zip};
use crate::{
    kernels::formula::Real,
    ops::Select,
    value::{Interp, Value},
};

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
        Value::apply(Select, [self.into(), yes.into(), no.into()])
    }
}
