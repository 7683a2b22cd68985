//! Linear algebra over the last two axes; the axes before are a batch.
#![forbid(unsafe_code)]

mod combination;
mod einsum;
mod equation;
pub(super) mod product;

pub use combination::{Contraction, Scales};
pub use product::{Linear, MatMul};

/// The compositions as types, for the list.
pub(super) mod composed {
    pub use super::combination::{Addmm, Bilinear, Cross, Dot, Kron, Outer, Tensordot};
    pub use super::einsum::Einsum;
}
