//! Derivatives of every kind: functions that take functions.
//!
//! | | of f at x | costs about |
//! |---|---|---|
//! | [`grad`], [`value_and_grad`] | ∇f, for a number f | a few f |
//! | [`vjp`] | f, and Jᵀ·u for any u | f, then a few f for each u |
//! | [`jvp`] | f, and J·v | two f |
//! | [`jacrev`] | J, a row for each element of f(x) | a few f for each row |
//! | [`jacfwd`] | J, a column for each element of x | two f for each column |
//! | [`hvp`] | H·v, for a number f | a few f |
//! | [`hessian`] | H | a few f for each row |
//! | [`per_sample_grad`] | ∇fᵢ for each sample i | a few f |
//!
//! Each runs the function under one interpreter, so a closure will do: `|[x]| …` for a function of one
//! operand, `|[x, w]| …` for two. What the derivative is not taken of, the closure lifts:
//! `x.lift(data.clone())`. Within a function, [`Var::grad`](crate::Var::grad) differentiates what was
//! computed so far, and that gradient can be differentiated again:
//!
//! ```
//! use gradtape::{Tensor, transform::grad};
//! // f = ‖∇(Σx³)‖² = Σ9x⁴, so ∇f = 36x³
//! let [g] = grad(
//!     |[x]| {
//!         let [g] = (x * x * x).sum().grad([x]);
//!         g.square().sum()
//!     },
//!     [&Tensor::from([1.0, 2.0])],
//! );
//! assert_eq!(g, Tensor::from([36.0, 288.0]));
//! ```
//!
//! What becomes a part of a model has to run under every interpreter. It is a trait: a [`Function`] that
//! a [`Checkpoint`] computes again instead of storing what is inside, a [`CustomVjp`] whose rule is
//! stated for the whole of it. [`Value::detach`](crate::Value::detach),
//! [`Value::straight_through`](crate::Value::straight_through) and
//! [`Value::on_gradient`](crate::Value::on_gradient) change what flows back at one place.
#![forbid(unsafe_code)]

mod checkpoint;
mod custom;
mod detach;
mod forward;
mod function;
mod hook;
mod reverse;
mod samples;
mod second;

pub use checkpoint::Checkpoint;
pub use custom::CustomVjp;
pub use forward::{jacfwd, jvp};
pub use function::Function;
pub use reverse::{Pullback, grad, jacrev, value_and_grad, vjp};
pub use samples::per_sample_grad;
pub use second::{hessian, hvp};

use crate::{Float, Interp, Shape, Tensor, Value};

/// The number that a gradient is taken of.
#[track_caller]
fn number<I: Interp>(transform: &str, y: &Value<I>) -> I::Elem {
    assert!(
        y.shape().size() == 1,
        "gradtape: {transform}: the function gave {}, not a single number: reduce it first",
        y.shape()
    );
    y.item()
}

/// 1 at one place, else 0.
fn one_hot<F: Float>(shape: &Shape, place: usize) -> Tensor<F> {
    Tensor::from_fn(shape, |i| if i == place { F::ONE } else { F::ZERO })
}

/// The axes of a, then those of b.
#[track_caller]
fn joined(a: &Shape, b: &Shape) -> Shape {
    Shape::from(&[a.dims(), b.dims()].concat()[..])
}
