//! Pooling over one to three spatial axes: greatest elements, averages, norms.
#![forbid(unsafe_code)]

mod average;
mod max;
mod norm;
mod unpool;
mod window;

pub use average::AvgPoolOptions;
pub use max::MaxPoolOptions;
pub use norm::LpPoolOptions;
pub use unpool::MaxUnpoolOptions;

/// The compositions as types, for the list.
pub(super) mod composed {
    pub use super::average::{
        AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AvgPool1d, AvgPool2d, AvgPool3d,
        GlobalAvgPool,
    };
    pub use super::max::{
        AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d, GlobalMaxPool, MaxPool1d, MaxPool2d,
        MaxPool3d,
    };
    pub use super::norm::{LpPool1d, LpPool2d, LpPool3d};
    pub use super::unpool::{MaxUnpool1d, MaxUnpool2d, MaxUnpool3d};
}

use crate::{Shape, gradcheck::Gen};

/// A shape with its last axes, from `from` on, as one.
fn flat(shape: &Shape, from: usize) -> Shape {
    Shape::from(&[&shape[..from], &[shape[from..].iter().product()]].concat()[..])
}

/// Sizes of an image with or without a batch, over so many axes of at least `least` elements.
#[inline]
fn sampled_image(g: &mut Gen, least: &[usize]) -> Shape {
    let mut dims = vec![g.int(1, 2)];
    dims.extend(least.iter().map(|&least| least + g.int(0, if least > 3 { 1 } else { 3 })));
    if g.bool() {
        dims.insert(0, g.int(0, 2));
    }
    Shape::from(&dims[..])
}
