//! Transformers that read.

use super::{Places, TransformerOptions, finished, stacked};
use crate::{
    Float, Interp, Value,
    nn::{AttentionMasks, Ctx, LayerNorm, Module, MultiheadAttention, Params},
};

/// Self-attention and a part that sees each place for itself (Vaswani et al.: Attention Is All You Need,
/// 2017). Parameters have PyTorch's names.
#[derive(Clone, Debug)]
pub struct TransformerEncoderLayer {
    self_attn: MultiheadAttention,
    places: Places,
    norm1: LayerNorm,
    norm2: LayerNorm,
}

impl TransformerEncoderLayer {
    /// A layer for so many features and heads.
    ///
    /// # Panics
    /// When the heads do not divide the features.
    #[track_caller]
    pub fn new<F: Float>(params: &mut Params<F>, width: usize, heads: usize) -> Self {
        Self::with(params, width, heads, TransformerOptions::default())
    }

    /// A layer for so many features and heads.
    ///
    /// # Panics
    /// When the heads do not divide the features, or an option is outside its domain.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        width: usize,
        heads: usize,
        options: TransformerOptions,
    ) -> Self {
        params.layer("encoder_layer", "self_attn.in_proj_weight", |params| TransformerEncoderLayer {
            self_attn: options.attention(params, "self_attn", width, heads),
            places: Places::new(params, width, options),
            norm1: options.norm(params, "norm1", width),
            norm2: options.norm(params, "norm2", width),
        })
    }

    /// The output for `[batch, time, width]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn encode<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>, masks: &AttentionMasks<'_, I>) -> Value<I> {
        let x = self.places.around(cx, &self.norm1, x, |x| self.self_attn.attend(cx, [&x; 3], masks.clone()));
        self.places.around(cx, &self.norm2, x, |x| self.places.forward(cx, x))
    }
}

/// Without masks.
impl Module for TransformerEncoderLayer {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.encode(cx, x, &AttentionMasks::default())
    }
}

/// Encoder layers one after the other, and a last normalisation if there is one. Each layer starts with
/// weights of its own; PyTorch starts all with the same.
#[derive(Clone, Debug)]
pub struct TransformerEncoder {
    layers: Vec<TransformerEncoderLayer>,
    norm: Option<LayerNorm>,
}

impl TransformerEncoder {
    /// `count` layers for so many features and heads, and, if asked for, a last normalisation, which
    /// layers with [`norm_first`](TransformerOptions::norm_first) want.
    ///
    /// # Panics
    /// When the heads do not divide the features, or an option is outside its domain.
    #[track_caller]
    pub fn new<F: Float>(
        params: &mut Params<F>,
        count: usize,
        width: usize,
        heads: usize,
        options: TransformerOptions,
        norm: bool,
    ) -> Self {
        params.layer("encoder", "layers.0.self_attn.in_proj_weight", |params| TransformerEncoder {
            layers: stacked(params, count, |p| TransformerEncoderLayer::with(p, width, heads, options)),
            norm: norm.then(|| options.norm(params, "norm", width)),
        })
    }

    /// The output for `[batch, time, width]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn encode<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>, masks: &AttentionMasks<'_, I>) -> Value<I> {
        let y = self.layers.iter().fold(x, |x, layer| layer.encode(cx, x, masks));
        finished(&self.norm, cx, y)
    }
}

/// Without masks.
impl Module for TransformerEncoder {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.encode(cx, x, &AttentionMasks::default())
    }
}
