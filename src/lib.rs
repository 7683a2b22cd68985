//! Tape-based automatic differentiation: one rule per op serves evaluation, reverse mode, forward
//! mode and every higher order.
#![deny(missing_docs)]

/// The documents' programs, run as tests.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/adding-an-op.md")]
    struct AddingAnOp;
    #[doc = include_str!("../docs/kinks.md")]
    struct Kinks;
}

pub mod data;
mod dual;
mod error;
pub mod gradcheck;
mod kernels;
pub mod nn;
pub mod op;
pub mod ops;
pub mod random;
mod shape;
mod tape;
pub mod tensor;
mod value;

pub use dual::{Dual, DualRepr, Forward};
pub use error::Error;
pub use kernels::Float;
pub use op::{Op, OpError};
pub use shape::{Axes, Shape};
pub use tape::{Gradients, Record, Tape, Var, VarRepr};
pub use tensor::{Eager, Tensor};
pub use value::{Arg, Interp, Value};
