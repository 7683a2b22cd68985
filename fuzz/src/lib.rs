//! What must hold for every input: plain functions, so that `tests/fuzz_replay.rs` can call them
//! without a fuzzer.

mod decode;
mod files;
mod idx;
mod program;
mod reference;
mod run;

pub use files::{npy, npz, safetensors};
pub use idx::{idx, idx_gz};
pub use program::{listing, program};
