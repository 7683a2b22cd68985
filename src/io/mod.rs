//! Tensors in files: safetensors (feature `safetensors`), NPY and NPZ (feature `npy`).
//!
//! Files are written whole or not at all: to a temporary file beside the target, which takes its
//! place once it is on the disk. What is read is never trusted: nothing is allocated on the word
//! of a header, and a bad file is an error with the path and what was expected.
#![forbid(unsafe_code)]

mod atomic;
#[cfg(feature = "npy")]
pub mod npy;
#[cfg(feature = "safetensors")]
pub mod safetensors;
