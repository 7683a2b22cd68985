//! Functions that run under every interpreter.

use crate::{Interp, Value};

/// A function made of ops, written once for every interpreter, as a [`Module`](crate::nn::Module) is.
///
/// A closure cannot be generic, hence the trait. A clone must compute the same: options are held as
/// plain data, and what is random is drawn from an [`Rng`](crate::random::Rng) that the function owns.
pub trait Function: Clone + 'static {
    /// The results on these operands.
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>>;
}
