//! Loops over slices. Nothing here knows a tape, an op or a layer; everything that splits work
//! over threads, picks an instruction set or needs `unsafe` is here and nowhere else.
#![allow(unsafe_code)] // the one exception; every module but `float`, `gemm` and `simd` forbids it again

pub(crate) mod attention;
pub(crate) mod buffer;
pub(crate) mod cells;
pub(crate) mod conv;
pub(crate) mod ctc;
mod double;
mod float;
pub(crate) mod formula;
#[cfg(feature = "fft")]
pub(crate) mod fourier;
pub(crate) mod gemm;
pub(crate) mod linalg;
pub(crate) mod map;
pub(crate) mod median;
pub(crate) mod optim;
pub(crate) mod parallel;
pub(crate) mod pick;
pub(crate) mod place;
pub(crate) mod pool;
pub(crate) mod random;
pub(crate) mod reduce;
pub(crate) mod resample;
pub(crate) mod scan;
mod simd;
mod single;
pub(crate) mod softmax;
pub(crate) mod sort;
mod special;
pub(crate) mod strided;
pub(crate) mod summary;
pub(crate) mod window;

pub use float::Float;
