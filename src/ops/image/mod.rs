//! What is done to images besides convolution and pooling.
#![forbid(unsafe_code)]

mod interpolate;
mod patches;
mod pixel;

pub use interpolate::{InterpolateOptions, Interpolation, Resize};
pub use patches::{Col2im, Im2col, PatchOptions};

/// The compositions as types, for the list.
pub(super) mod composed {
    pub use super::interpolate::Interpolate;
    pub use super::pixel::{PixelShuffle, PixelUnshuffle};
}
