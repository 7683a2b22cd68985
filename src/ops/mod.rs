//! Every op, one file per family, and the one list that names them all.
//!
//! Each op states its mathematics once, as an [`Op`]; the methods and operators on
//! [`Value`](crate::Value) stand beside it. `docs/adding-an-op.md` shows how to add one.

#[macro_use]
mod composition;

pub(crate) mod arithmetic;
mod broadcast;
pub(crate) mod elementwise;
mod index;
mod linalg;
mod loss;
mod reduce;
mod shape;
mod softmax;

pub use arithmetic::{Add, AddScalar, Div, DivScalar, Mul, MulScalar, Neg, Sub};
pub use broadcast::{Expand, Select, SumTo};
pub use elementwise::{
    Abs, Equal, Exp, Greater, Ln, Map, Maximum, Pow, PowScalar, Recip, Relu, Sigmoid, Sqrt, Tanh, Zip,
};
pub use index::{IndexAdd, IndexSelect, Indices, ScatterAdd, TakeAlongAxis};
pub use linalg::{Linear, MatMul};
pub use loss::{CrossEntropy, CrossEntropyGrad};
pub use reduce::{Max, MaxDim, Mean, Sum, TieCollect, TieSpread};
pub use shape::{Concat, Permute, Range, Reshape, Slice, SliceGrad, Split};
pub use softmax::{LogSoftmax, Softmax};

use crate::op::{Checked, Op};

/// The compositions as types, for the list.
#[doc(hidden)]
pub mod composed {
    pub use super::arithmetic::Square;
}

pub use crate::kernels::formula::{Binary, Real, Unary};
pub use elementwise::{Sampled, SampledPair};

/// The one list. `each` is called with the test name and the type of every op; an op that is
/// missing here does not compile.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_op {
    ($each:ident) => {
        $each! {
            add: $crate::ops::Add,
            sub: $crate::ops::Sub,
            mul: $crate::ops::Mul,
            div: $crate::ops::Div,
            neg: $crate::ops::Neg,
            add_scalar: $crate::ops::AddScalar,
            mul_scalar: $crate::ops::MulScalar,
            div_scalar: $crate::ops::DivScalar,
            exp: $crate::ops::Map<$crate::ops::Exp>,
            ln: $crate::ops::Map<$crate::ops::Ln>,
            sqrt: $crate::ops::Map<$crate::ops::Sqrt>,
            tanh: $crate::ops::Map<$crate::ops::Tanh>,
            sigmoid: $crate::ops::Map<$crate::ops::Sigmoid>,
            relu: $crate::ops::Map<$crate::ops::Relu>,
            abs: $crate::ops::Map<$crate::ops::Abs>,
            recip: $crate::ops::Map<$crate::ops::Recip>,
            pow: $crate::ops::Zip<$crate::ops::Pow>,
            maximum: $crate::ops::Zip<$crate::ops::Maximum>,
            greater: $crate::ops::Zip<$crate::ops::Greater>,
            equal: $crate::ops::Zip<$crate::ops::Equal>,
            powf: $crate::ops::Map<$crate::ops::PowScalar>,
            select: $crate::ops::Select,
            expand: $crate::ops::Expand,
            sum_to: $crate::ops::SumTo,
            sum: $crate::ops::Sum,
            mean: $crate::ops::Mean,
            max: $crate::ops::Max,
            tie_spread: $crate::ops::TieSpread,
            tie_collect: $crate::ops::TieCollect,
            max_dim: $crate::ops::MaxDim,
            reshape: $crate::ops::Reshape,
            permute: $crate::ops::Permute,
            slice: $crate::ops::Slice,
            slice_grad: $crate::ops::SliceGrad,
            concat: $crate::ops::Concat,
            split: $crate::ops::Split,
            index_select: $crate::ops::IndexSelect,
            index_add: $crate::ops::IndexAdd,
            take_along_axis: $crate::ops::TakeAlongAxis,
            scatter_add: $crate::ops::ScatterAdd,
            matmul: $crate::ops::MatMul,
            linear: $crate::ops::Linear,
            softmax: $crate::ops::Softmax,
            log_softmax: $crate::ops::LogSoftmax,
            cross_entropy: $crate::ops::CrossEntropy,
            cross_entropy_grad: $crate::ops::CrossEntropyGrad,
        }
    };
}

/// The list of compositions: what is made of ops and has no rule of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_composition {
    ($each:ident) => {
        $each! {
            square: $crate::ops::composed::Square,
        }
    };
}

macro_rules! check_all {
    ($($name:ident: $Op:ty,)*) => {
        $(impl Checked for $Op {})*

        /// The names of all ops, in the order of the list.
        pub const NAMES: &[&str] = &[$(<$Op as Op>::NAME),*];
    };
}
for_each_op!(check_all);
