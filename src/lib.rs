//! Tape-based automatic differentiation.
#![deny(missing_docs)]
pub mod data;
mod error;
pub use error::Error;
