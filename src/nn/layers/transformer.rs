//! The layers of transformers.

use super::{
    attention::{AttentionMasks, AttentionOptions, MultiheadAttention},
    dropout::Dropout,
    linear::Linear,
    norm::{LayerNorm, LayerNormOptions},
};
use crate::{
    Float, Interp, Value,
    nn::{Ctx, Module, Params},
};

/// What stands between the two linear layers of a transformer's layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedForward {
    /// Relu.
    Relu,
    /// Gelu.
    Gelu,
}

/// The options of the layers of transformers. The defaults are PyTorch's, but that the batch is always
/// the first axis.
#[derive(Clone, Copy, Debug)]
pub struct TransformerOptions {
    /// Features between the two linear layers: 2048.
    pub dim_feedforward: usize,
    /// Everywhere: 0.1.
    pub dropout: f64,
    /// Between the two linear layers: relu.
    pub activation: FeedForward,
    /// Of the normalisations: 10⁻⁵.
    pub layer_norm_eps: f64,
    /// Whether each part normalises what it takes, which trains better when there are many layers;
    /// else the sum after it is normalised, as in the paper: no.
    pub norm_first: bool,
    /// Whether there are biases: yes.
    pub bias: bool,
}

impl Default for TransformerOptions {
    fn default() -> Self {
        TransformerOptions {
            dim_feedforward: 2048,
            dropout: 0.1,
            activation: FeedForward::Relu,
            layer_norm_eps: 1e-5,
            norm_first: false,
            bias: true,
        }
    }
}

impl TransformerOptions {
    fn attention<F: Float>(
        &self,
        params: &mut Params<F>,
        name: &str,
        width: usize,
        heads: usize,
    ) -> MultiheadAttention {
        let options = AttentionOptions { dropout: self.dropout, bias: self.bias, ..Default::default() };
        params.at(name, |params| MultiheadAttention::with(params, width, heads, options))
    }

    fn linear<F: Float>(&self, params: &mut Params<F>, name: &str, inputs: usize, outputs: usize) -> Linear {
        params.at(name, |params| match self.bias {
            true => Linear::new(params, inputs, outputs),
            false => Linear::without_bias(params, inputs, outputs),
        })
    }

    fn norm<F: Float>(&self, params: &mut Params<F>, name: &str, width: usize) -> LayerNorm {
        let options =
            LayerNormOptions { eps: self.layer_norm_eps, bias: self.bias, ..LayerNormOptions::default() };
        params.at(name, |params| LayerNorm::with(params, [width], options))
    }
}

/// The part of a layer that sees each place for itself.
#[derive(Clone, Debug)]
struct Places {
    linear1: Linear,
    linear2: Linear,
    options: TransformerOptions,
}

impl Places {
    fn new<F: Float>(params: &mut Params<F>, width: usize, options: TransformerOptions) -> Self {
        Places {
            linear1: options.linear(params, "linear1", width, options.dim_feedforward),
            linear2: options.linear(params, "linear2", options.dim_feedforward, width),
            options,
        }
    }

    fn dropped<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        if self.options.dropout > 0.0 { Dropout(self.options.dropout).forward(cx, x) } else { x }
    }

    /// x + f(x), normalised before or after.
    fn around<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        norm: &LayerNorm,
        x: Value<I>,
        f: impl FnOnce(Value<I>) -> Value<I>,
    ) -> Value<I> {
        if self.options.norm_first {
            let y = f(norm.forward(cx, x.clone()));
            x + self.dropped(cx, y)
        } else {
            let y = f(x.clone());
            norm.forward(cx, x + self.dropped(cx, y))
        }
    }
}

impl Module for Places {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let inner = self.linear1.forward(cx, x);
        let inner = match self.options.activation {
            FeedForward::Relu => inner.relu(),
            FeedForward::Gelu => inner.gelu(),
        };
        let inner = self.dropped(cx, inner);
        self.linear2.forward(cx, inner)
    }
}

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
        let x = self
            .places
            .around(cx, &self.norm1, x, |x| self.self_attn.attend(cx, [&x, &x, &x], masks.clone()).0);
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
        let x = places.around(cx, norm1, x, |x| self.self_attn.attend(cx, [&x, &x, &x], masks[0].clone()).0);
        let x = places.around(cx, norm2, x, |x| {
            self.multihead_attn.attend(cx, [&x, memory, memory], masks[1].clone()).0
        });
        places.around(cx, norm3, x, |x| places.forward(cx, x))
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
            layers: params.at("layers", |params| {
                let layer = |i: usize| {
                    params.at(&i.to_string(), |p| TransformerEncoderLayer::with(p, width, heads, options))
                };
                (0..count).map(layer).collect()
            }),
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
        match &self.norm {
            Some(norm) => norm.forward(cx, y),
            None => y,
        }
    }
}

/// Without masks.
impl Module for TransformerEncoder {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.encode(cx, x, &AttentionMasks::default())
    }
}
