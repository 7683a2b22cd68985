//! Every op, one file per family; `list.rs` names them all.
//!
//! Each op states its mathematics once, as an [`Op`]; the methods and operators on
//! [`Value`](crate::Value) stand beside it. `docs/adding-an-op.md` shows how to add one.
//!
//! The ops of spectra, Fourier transforms and what is made of them, are there with the feature `fft`.
//!
//! Some layers of [`nn`](crate::nn) have the names of the ops that they run (`Linear`, `Relu`,
//! `CrossEntropy`), so import what you need from here by name, or write `ops::Relu`.

#[macro_use]
mod composition;
#[macro_use]
mod list;

mod along;
pub(crate) mod arithmetic;
mod blend;
mod broadcast;
mod concat;
mod conv;
mod diagonal;
pub(crate) mod elementwise;
mod extreme;
mod image;
mod index;
mod indices;
mod lane;
mod linalg;
mod logcumsumexp;
mod logsumexp;
mod loss;
mod masked;
mod median;
mod norm;
mod pad;
mod parts;
mod pick;
mod pool;
mod prod;
mod reduce;
mod repeat;
mod resample;
mod running;
mod scan;
mod scatter;
mod sequence;
mod shape;
mod slice;
mod softmax;
mod sort;
mod spatial;
#[cfg(feature = "fft")]
mod spectrum;
mod statistics;
mod strided;
mod truth;
mod view;

pub use along::{TakeAlongAxis, TakeAlongAxisGrad};
pub use arithmetic::{Add, AddScalar, Div, DivScalar, Mul, MulScalar, Neg, Sub};
pub use broadcast::{Expand, Select, SumTo};
pub use concat::{Concat, Parts, Split};
pub use conv::{
    Conv, ConvBias, ConvOptions, ConvTranspose, ConvTransposeOptions, ConvWeight, Layout, Padding,
};
pub use elementwise::{
    Abs, Acos, Acosh, Asin, Asinh, Atan, Atan2, Atanh, BernoulliNll, Cbrt, Ceil, Celu, Clamp, ClampMax,
    ClampMin, Copysign, Cos, Cosh, Elu, Equal, Erf, Erfc, Erfinv, Exp, Exp2, Expm1, Floor, Fmod, Gelu,
    GeluTanh, Greater, GreaterEqual, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Hypot, IsFinite, IsInf,
    IsNan, LeakyRelu, Less, LessEqual, Lgamma, Ln, Log1p, Log2, Log10, LogSigmoid, Logaddexp, LogicalAnd,
    LogicalNot, LogicalOr, LogicalXor, Logit, Map, Maximum, Minimum, Mish, NanToNum, NotEqual, Polygamma,
    Pow, PowScalar, Prelu, Recip, Relu, Relu6, Remainder, Round, Rsqrt, Selu, Sigmoid, Sign, Silu, Sin, Sinc,
    Sinh, Softplus, Softshrink, Softsign, Sqrt, Tan, Tanh, Tanhshrink, Threshold, Trunc, Xlogy, Zip,
};
pub use extreme::{Max, TieCollect, TieSpread};
pub use image::{Col2im, Im2col, InterpolateOptions, Interpolation, PatchOptions, Resize};
pub use index::{IndexSelect, IndexSelectGrad};
pub use indices::Indices;
pub use linalg::{
    Cholesky, Contraction, Det, Eigh, Inv, LeastSquares, Linear, MatMul, MatrixExp, MatrixOrder, Pinv, Qr,
    Scales, Slogdet, Solve, Svd, Triangular, TriangularSolve,
};
pub use logcumsumexp::LogCumsumExp;
pub use logsumexp::LogSumExp;
pub use loss::{
    CrossEntropy, CrossEntropyGrad, CrossEntropyOptions, GaussianNllOptions, KlReduction, MultiMarginOptions,
    NllOptions, PoissonNllOptions, Reduction, TripletMarginOptions,
};
pub use norm::Norm;
pub use pad::PadMode;
pub use pool::{AvgPoolOptions, LpPoolOptions, MaxPoolOptions, MaxUnpoolOptions};
pub use prod::{Cumprod, Prod};
pub use reduce::{Mean, Sum};
pub use repeat::Indexing;
pub use resample::{Resample, Sparse};
pub use scan::{Cumsum, LinearScan};
pub use sequence::{
    Attention, AttentionGrad, AttentionMask, AttentionOptions, Bag, CellWeights, CtcLoss, CtcLossGrad,
    CtcOptions, EmbeddingBagOptions, EmbeddingOptions, GruGates, LstmGates, RotaryOptions,
};
pub use shape::{Permute, Reshape};
pub use slice::{Range, Slice, SliceGrad};
pub use softmax::{LogSoftmax, Softmax};
pub use sort::TopK;
pub use spatial::{PerAxis, Sliding};
#[cfg(feature = "fft")]
pub use spectrum::{
    FftNorm, HalfSpectrum, HalfSpectrumGrad, IstftOptions, MelNorm, MelOptions, MelScale, StftOptions,
};
pub use statistics::{Std, VarMean};
pub use strided::{AsStrided, AsStridedGrad};

use crate::op::{Checked, Op};

/// The compositions as types, for the list.
#[doc(hidden)]
pub mod composed {
    pub use super::arithmetic::Square;
    pub use super::blend::{Addcdiv, Addcmul, Glu, Lerp, Logaddexp2, MaskedSoftmax, Softmin};
    pub use super::conv::{Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d};
    pub use super::diagonal::{Diag, DiagEmbed, Diagonal, Trace, Tril, Triu};
    pub use super::elementwise::RoundTo;
    pub use super::extreme::{MaxDim, MinAxes, MinDim};
    pub use super::image::composed::*;
    pub use super::index::{IndexAdd, IndexCopy, IndexFill};
    pub use super::linalg::composed::*;
    pub use super::loss::composed::*;
    pub use super::masked::{MaskedFill, MaskedScatter, MaskedSelect, Take};
    pub use super::median::{Median, MedianDim};
    pub use super::norm::NormAxes;
    pub use super::pad::Pad;
    pub use super::parts::{Chunk, IndexAxis, Narrow, SliceAxis, Stack, Unbind};
    pub use super::pool::composed::*;
    pub use super::repeat::{Meshgrid, Repeat, RepeatInterleave, Roll, Tile};
    pub use super::running::{Cummax, Cummin, Diff};
    pub use super::scatter::{Gather, Scatter, ScatterAdd, ScatterFill};
    pub use super::sequence::composed::*;
    pub use super::sort::{Sort, Topk};
    #[cfg(feature = "fft")]
    pub use super::spectrum::composed::*;
    pub use super::statistics::{NanmeanAxes, NansumAxes, VarAxes};
    pub use super::strided::Unfold;
    pub use super::truth::{AllAxes, AnyAxes};
    pub use super::view::{Flatten, Flip, Movedim, Rot90, Squeeze, Unflatten, Unsqueeze};
}

/// The language of the tables of formulas. Apart, because its trait [`Real`](formula::Real) has methods
/// like [`Value`](crate::Value)'s, which consume.
pub mod formula {
    pub use super::elementwise::{Sampled, SampledPair};
    pub use crate::kernels::formula::{Binary, Derivative, Real, Unary};
}

macro_rules! check_all {
    ($($name:ident: $Op:ty,)*) => {
        $(impl Checked for $Op {})*

        /// The names of all ops, in the order of the list.
        pub const NAMES: &[&str] = &[$(<$Op as Op>::NAME),*];
    };
}
for_each_op!(check_all);
