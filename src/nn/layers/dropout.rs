//! Layers that leave something away while they train.

use crate::{
    Interp, Value,
    nn::{Ctx, Module},
};

/// In training sets each element to 0 with probability p and multiplies the others by 1/(1−p),
/// so that the expectation stays; in evaluation passes everything (Srivastava et al.: Dropout,
/// 2014).
#[derive(Clone, Copy, Debug)]
pub struct Dropout(pub f64);

impl Module for Dropout {
    /// # Panics
    /// In training, when p is not in [0, 1).
    #[inline]
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let whole = x.shape().rank();
        dropped(cx, x, self.0, whole)
    }
}

/// As [`Dropout`], for whole channels of `[batch, channels, length]` or `[channels, length]` (Tompson
/// et al.: Efficient Object Localization Using Convolutional Networks, 2015).
#[derive(Clone, Copy, Debug)]
pub struct Dropout1d(pub f64);

impl Module for Dropout1d {
    /// # Panics
    /// When the input has another rank; in training, when p is not in [0, 1).
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        channels_dropped("dropout1d", 1, cx, x, self.0)
    }
}

/// As [`Dropout`], for whole channels of `[batch, channels, height, width]` or
/// `[channels, height, width]`. PyTorch takes the latter for a batch of one-dimensional data; here it is
/// an image.
#[derive(Clone, Copy, Debug)]
pub struct Dropout2d(pub f64);

impl Module for Dropout2d {
    /// # Panics
    /// When the input has another rank; in training, when p is not in [0, 1).
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        channels_dropped("dropout2d", 2, cx, x, self.0)
    }
}

/// As [`Dropout`], for whole samples: a layer within a [`Residual`](super::Residual) is skipped for some
/// of them (Huang et al.: Deep Networks with Stochastic Depth, 2016).
#[derive(Clone, Copy, Debug)]
pub struct DropPath(pub f64);

impl Module for DropPath {
    /// # Panics
    /// In training, when p is not in [0, 1).
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        dropped(cx, x, self.0, 1)
    }
}

#[track_caller]
fn channels_dropped<I: Interp>(name: &str, axes: usize, cx: &Ctx<'_, I>, x: Value<I>, p: f64) -> Value<I> {
    let shape = x.shape();
    let outer = shape.rank().wrapping_sub(axes);
    assert!(
        outer == 1 || outer == 2,
        "gradtape: {name}: needs [batch, channels] or [channels] and {axes} spatial axes, not {shape}"
    );
    dropped(cx, x, p, outer)
}

/// One draw for each place of the first `outer` axes.
#[track_caller]
fn dropped<I: Interp>(cx: &Ctx<'_, I>, x: Value<I>, p: f64, outer: usize) -> Value<I> {
    match cx.rng() {
        Some(rng) => {
            let mut dims = x.shape().to_vec();
            dims.iter_mut().skip(outer).for_each(|size| *size = 1);
            let mask = x.lift(rng.dropout_mask(&dims[..], p));
            x * mask
        }
        None => x,
    }
}
