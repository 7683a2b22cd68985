//! The layers of transformers, stacks of them, and a whole one.

mod decoder;
mod encoder;
mod whole;

pub use decoder::{TransformerDecoder, TransformerDecoderLayer};
pub use encoder::{TransformerEncoder, TransformerEncoderLayer};
pub use whole::{Transformer, TransformerMasks};

use super::{
    attention::{AttentionOptions, MultiheadAttention},
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

/// Layers one after the other, under `layers.0` and so on.
fn stacked<F: Float, L>(
    params: &mut Params<F>,
    count: usize,
    mut layer: impl FnMut(&mut Params<F>) -> L,
) -> Vec<L> {
    params.at("layers", |params| (0..count).map(|i| params.at(&i.to_string(), &mut layer)).collect())
}

/// The output of a stack, normalised at the end if it is to be.
fn finished<I: Interp>(norm: &Option<LayerNorm>, cx: &Ctx<'_, I>, y: Value<I>) -> Value<I> {
    match norm {
        Some(norm) => norm.forward(cx, y),
        None => y,
    }
}
