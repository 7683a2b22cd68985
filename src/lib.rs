//! Tape-based automatic differentiation: one rule per op serves evaluation, reverse mode, forward
//! mode and every higher order.
//!
//! There is one type to know, [`Value`]: an array of numbers with its operators and methods. What it
//! is made over decides what running a method means.
//!
//! * A [`Tensor`] holds numbers. Methods on it are evaluated, and nothing is kept.
//! * A [`Var`] is on a [`Tape`], which records what is done with it. [`Var::backward`](Value::backward)
//!   gives the gradients of a number with respect to every variable; [`Var::grad`](Value::grad) gives
//!   them as variables, to be differentiated again.
//! * A [`Dual`] carries a tangent along: derivatives in one direction, without a tape.
//!
//! ```
//! use gradtape::{Tape, Tensor};
//! let tape = Tape::new();
//! let w = tape.var(Tensor::from([[1.0, 2.0], [3.0, 4.0]])); // differentiated
//! let x = tape.constant(Tensor::from([1.0, -1.0])); // not differentiated
//! let loss = w.matmul(&x).tanh().sum();
//! let gradients = loss.backward();
//! let step = gradients.wrt(&w) * 0.1; // a plain tensor, of the shape of w
//! assert_eq!((w.tensor() - step).shape().dims(), [2, 2]);
//! ```
//!
//! A function over `Value<I>`, for any interpreter `I:` [`Interp`], serves all three; so a model is
//! written once. Constants in it are made beside a value that is there: [`Value::constant`],
//! [`Value::lift`].
//!
//! From here on:
//!
//! * [`transform`] differentiates functions: gradients, Jacobians, Hessians; checkpoints, hooks, rules for
//!   whole functions. `docs/guide.md` shows it all by example.
//! * [`nn`] trains networks: parameters, layers, losses, optimizers, a training loop.
//! * [`ops`] lists every op; their methods stand on [`Value`]. [`op`] is how to write one of your own.
//! * [`gradcheck`] proves the derivatives of an op or a function of yours.
//! * [`data`] reads MNIST and its like; [`random`] draws the same numbers at any number of threads.
//!
//! Operands that do not fit make a panic at the caller's line that names the op and the shapes, as in
//! `ndarray`; [`Value::try_apply`] returns it instead. Files, options and training data that are bad
//! are an [`Error`].
#![deny(missing_docs)]

/// The documents' programs, run as tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/adding-an-op.md")]
    struct AddingAnOp;
    #[doc = include_str!("../docs/guide.md")]
    struct Guide;
    #[doc = include_str!("../docs/kinks.md")]
    struct Kinks;
}

pub mod data;
mod dual;
mod error;
pub mod gradcheck;
#[cfg(any(feature = "safetensors", feature = "npy"))]
pub mod io;
mod kernels;
pub mod nn;
pub mod op;
pub mod ops;
pub mod random;
mod shape;
mod tape;
pub mod tensor;
pub mod transform;
mod value;
mod whole;

pub use dual::{Dual, DualRepr, Forward};
pub use error::Error;
pub use kernels::Float;
pub use op::{Op, OpError};
pub use shape::{Axes, Shape, Sizes};
pub use tape::{Gradients, Record, Tape, Var, VarRepr};
pub use tensor::{Eager, Tensor};
pub use value::{Arg, Interp, Other, Value};
pub use whole::{Pull, Whole};
