//! Transformers that write.

use super::{Places, TransformerOptions, finished, stacked};
use crate::{
    Float, Interp, Value,
    nn::{AttentionMasks, Ctx, LayerNorm, Module, MultiheadAttention, Params},
};

/// Self-attention, attention to what an encoder has made, and a part that sees each place for itself.
/// Parameters have PyTorch's names.
#[derive(Clone, Debug)]
pub struct TransformerDecoderLayer {
    self_attn: MultiheadAttention,
    multihead_attn: MultiheadAttention,
    places: Places,
    norms: [LayerNorm; 3],
}

impl TransformerDecoderLayer {
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
        params.layer("decoder_layer", "self_attn.in_proj_weight", |params| TransformerDecoderLayer {
            self_attn: options.attention(params, "self_attn", width, heads),
            multihead_attn: options.attention(params, "multihead_attn", width, heads),
            places: Places::new(params, width, options),
            norms: ["norm1", "norm2", "norm3"].map(|name| options.norm(params, name, width)),
        })
    }

    /// The output for `[batch, time, width]` and the encoder's `memory`; the masks are those of the
    /// self-attention and of the attention to the memory.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn decode<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        x: Value<I>,
        memory: &Value<I>,
        masks: [&AttentionMasks<'_, I>; 2],
    ) -> Value<I> {
        let (places, [norm1, norm2, norm3]) = (&self.places, &self.norms);
        let x = places.around(cx, norm1, x, |x| self.self_attn.attend(cx, [&x; 3], masks[0].clone()));
        let x = places
            .around(cx, norm2, x, |x| self.multihead_attn.attend(cx, [&x, memory, memory], masks[1].clone()));
        places.around(cx, norm3, x, |x| places.forward(cx, x))
    }
}

/// Decoder layers one after the other, and a last normalisation if there is one. Each layer starts with
/// weights of its own; PyTorch starts all with the same.
#[derive(Clone, Debug)]
pub struct TransformerDecoder {
    layers: Vec<TransformerDecoderLayer>,
    norm: Option<LayerNorm>,
}

impl TransformerDecoder {
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
        params.layer("decoder", "layers.0.self_attn.in_proj_weight", |params| TransformerDecoder {
            layers: stacked(params, count, |p| TransformerDecoderLayer::with(p, width, heads, options)),
            norm: norm.then(|| options.norm(params, "norm", width)),
        })
    }

    /// The output for `[batch, time, width]` and the encoder's `memory`; the masks are those of the
    /// self-attention and of the attention to the memory.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn decode<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        x: Value<I>,
        memory: &Value<I>,
        masks: [&AttentionMasks<'_, I>; 2],
    ) -> Value<I> {
        let y = self.layers.iter().fold(x, |x, layer| layer.decode(cx, x, memory, masks));
        finished(&self.norm, cx, y)
    }
}
