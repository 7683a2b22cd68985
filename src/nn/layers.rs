//! Layers.

use super::{
    init::Init,
    module::{Ctx, Module},
    params::{ParamId, Params},
};
use crate::{Float, Interp, Shape, Value};

/// A fully connected layer, x·Wᵀ + b over the last axis, with W `[out, in]` as in PyTorch.
///
/// It starts as PyTorch's does: W and b uniform within ±1/√in. [`Dense`] starts as Keras' does.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// W, `[out, in]`.
    pub weight: ParamId,
    /// b, `[out]`.
    pub bias: ParamId,
}

impl Linear {
    /// A layer of `inputs` to `outputs`, started as PyTorch's.
    pub fn new<F: Float>(params: &mut Params<F>, inputs: usize, outputs: usize) -> Self {
        let init = Init::Uniform(if inputs == 0 { 0.0 } else { 1.0 / (inputs as f64).sqrt() });
        Self::started(params, inputs, outputs, init, init)
    }

    /// A layer whose W and b start as said.
    pub fn started<F: Float>(
        params: &mut Params<F>,
        inputs: usize,
        outputs: usize,
        weight: Init,
        bias: Init,
    ) -> Self {
        params.layer("linear", "weight", |params| {
            let w = weight.make(params.rng(), &Shape::from([outputs, inputs]));
            let b = bias.make(params.rng(), &Shape::from([outputs]));
            Linear { weight: params.add("weight", w), bias: params.add("bias", b) }
        })
    }
}

impl Module for Linear {
    #[inline]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.linear(cx.get(self.weight), cx.get(self.bias))
    }
}

/// Keras' start of a [`Linear`] layer: W Glorot-uniform, b zero.
#[derive(Debug)]
pub enum Dense {}

impl Dense {
    /// A layer of `inputs` to `outputs`.
    #[expect(clippy::new_ret_no_self, reason = "one layer type under two starts")]
    pub fn new<F: Float>(params: &mut Params<F>, inputs: usize, outputs: usize) -> Linear {
        Linear::started(params, inputs, outputs, Init::GlorotUniform, Init::Zeros)
    }
}

/// Makes every sample of a batch a vector: `[n, ..]` becomes `[n, ..product]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flatten;

impl Module for Flatten {
    #[inline]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let count = x.shape().first().copied().unwrap_or(1);
        let rest = x.shape().iter().skip(1).product();
        x.reshape([count, rest])
    }
}

/// In training sets each element to 0 with probability p and multiplies the others by 1/(1−p),
/// so that the expectation stays; in evaluation passes everything (Srivastava et al.: Dropout,
/// 2014).
#[derive(Clone, Copy, Debug)]
pub struct Dropout(pub f64);

impl Module for Dropout {
    /// # Panics
    /// In training, when p is not in [0, 1).
    #[inline]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        match cx.rng() {
            Some(rng) => {
                let mask = x.lift(rng.dropout_mask(x.shape(), self.0));
                x * mask
            }
            None => x,
        }
    }
}

/// Modules without parameters, each a method of [`Value`].
macro_rules! functions {
    ($($(#[$doc:meta])* $Name:ident, $method:ident($($arg:expr)?);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $Name;

        impl Module for $Name {
            #[inline]
            fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
                x.$method($($arg)?)
            }
        }
    )*};
}

functions! {
    /// max(x, 0): [`Value::relu`].
    Relu, relu();
    /// Hyperbolic tangent: [`Value::tanh`].
    Tanh, tanh();
    /// 1/(1 + e⁻ˣ): [`Value::sigmoid`].
    Sigmoid, sigmoid();
    /// Probabilities along the last axis: [`Value::softmax`]. Losses take logits, without it.
    Softmax, softmax(-1);
    /// Their logarithms: [`Value::log_softmax`].
    LogSoftmax, log_softmax(-1);
}
