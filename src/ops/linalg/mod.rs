//! Linear algebra over the last two axes; the axes before are a batch.
#![forbid(unsafe_code)]

mod cholesky;
mod cofactor;
mod combination;
mod determinant;
mod distance;
mod eigh;
mod einsum;
mod equation;
mod function;
mod gap;
mod matrix;
mod norm;
mod pinv;
mod product;
mod qr;
mod solve;
mod svd;
mod triangular;

pub use cholesky::Cholesky;
pub use combination::{Contraction, Scales};
pub use determinant::{Det, Slogdet};
pub use eigh::Eigh;
pub use function::MatrixExp;
pub use norm::MatrixOrder;
pub use pinv::{LeastSquares, Pinv};
pub use product::{Linear, MatMul};
pub use qr::Qr;
pub use solve::{Inv, Solve};
pub use svd::Svd;
pub use triangular::{Triangular, TriangularSolve};

/// The compositions as types, for the list.
pub(super) mod composed {
    pub use super::cholesky::{CholeskyInverse, CholeskySolve};
    pub use super::combination::{Addmm, Bilinear, Cross, Dot, Kron, Outer, Tensordot};
    pub use super::determinant::Logdet;
    pub use super::distance::{Cdist, CosineSimilarity, Normalize, PairwiseDistance};
    pub use super::eigh::Eigvalsh;
    pub use super::einsum::Einsum;
    pub use super::function::MatrixPower;
    pub use super::norm::{MatrixNorm, NuclearNorm};
    pub use super::pinv::Lstsq;
    pub use super::svd::Svdvals;
}
