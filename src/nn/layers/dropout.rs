//! Layers that leave something away while they train.

use crate::{
    Float, Interp, Shape, Tensor, Value,
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

/// As [`Dropout`], for whole channels of `[batch, channels, depth, height, width]` or without a batch.
#[derive(Clone, Copy, Debug)]
pub struct Dropout3d(pub f64);

impl Module for Dropout3d {
    /// # Panics
    /// When the input has another rank; in training, when p is not in [0, 1).
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        channels_dropped("dropout3d", 3, cx, x, self.0)
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

/// Dropout for [`Selu`](super::Selu): in training sets each element to selu's limit far below 0 with
/// probability p, and scales and shifts all so that mean 0 and variance 1 stay (Klambauer et al.:
/// Self-Normalizing Neural Networks, 2017).
#[derive(Clone, Copy, Debug)]
pub struct AlphaDropout(pub f64);

impl Module for AlphaDropout {
    /// # Panics
    /// In training, when p is not in [0, 1).
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let whole = x.shape().rank();
        alpha_dropped(cx, x, self.0, whole)
    }
}

/// As [`AlphaDropout`], for whole channels of `[batch, channels, ..]`.
#[derive(Clone, Copy, Debug)]
pub struct FeatureAlphaDropout(pub f64);

impl Module for FeatureAlphaDropout {
    /// # Panics
    /// When the input has no channels; in training, when p is not in [0, 1).
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let shape = x.shape();
        let fits = shape.rank() >= 2;
        assert!(fits, "gradtape: feature_alpha_dropout: needs [batch, channels, ..], not {shape}");
        alpha_dropped(cx, x, self.0, 2)
    }
}

#[track_caller]
fn alpha_dropped<I: Interp>(cx: &Ctx<'_, I>, x: Value<I>, p: f64, outer: usize) -> Value<I> {
    /// What selu comes to far below 0: −λα.
    const FLOOR: f64 = -1.7580993408473766;
    let Some(rng) = cx.rng() else { return x };
    let mask: Tensor<I::Elem> = rng.dropout_mask(&units(x.shape(), outer)[..], p);
    let scale = 1.0 / ((FLOOR * FLOOR * p + 1.0) * (1.0 - p)).sqrt();
    let either = |dropped: f64, kept: f64| {
        let choose = |seen| I::Elem::of(if seen == I::Elem::ZERO { dropped } else { kept });
        x.lift(mask.map(choose))
    };
    // What is dropped moves the mean by p·FLOOR, which is taken away from all.
    let shift = either(FLOOR * (1.0 - p) * scale, -FLOOR * p * scale);
    let factor = either(0.0, scale);
    x * factor + shift
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
            let mask = x.lift(rng.dropout_mask(&units(x.shape(), outer)[..], p));
            x * mask
        }
        None => x,
    }
}

/// The sizes of the first `outer` axes, and 1 for the others.
fn units(shape: &Shape, outer: usize) -> Vec<usize> {
    shape.iter().enumerate().map(|(axis, &size)| if axis < outer { size } else { 1 }).collect()
}
