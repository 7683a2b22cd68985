//! Fully connected layers.

use crate::{
    Float, Interp, Value,
    nn::{Ctx, Init, Module, ParamId, Params},
};

/// A fully connected layer, x·Wᵀ + b over the last axis, with W `[out, in]` as in PyTorch.
///
/// It starts as PyTorch's does: W and b uniform within ±1/√in. [`Dense`] starts as Keras' does.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// W, `[out, in]`.
    pub weight: ParamId,
    /// b, `[out]`, if there is one.
    pub bias: Option<ParamId>,
}

impl Linear {
    /// A layer of `inputs` to `outputs`, started as PyTorch's.
    pub fn new<F: Float>(params: &mut Params<F>, inputs: usize, outputs: usize) -> Self {
        let init = Init::reciprocal_root(inputs);
        Self::started(params, inputs, outputs, init, Some(init))
    }

    /// A layer x·Wᵀ, started as PyTorch's.
    pub fn without_bias<F: Float>(params: &mut Params<F>, inputs: usize, outputs: usize) -> Self {
        Self::started(params, inputs, outputs, Init::reciprocal_root(inputs), None)
    }

    /// A layer whose W and b, if there is one, start as said.
    pub fn started<F: Float>(
        params: &mut Params<F>,
        inputs: usize,
        outputs: usize,
        weight: Init,
        bias: impl Into<Option<Init>>,
    ) -> Self {
        let bias = bias.into();
        params.layer("linear", "weight", |params| Linear {
            weight: params.start("weight", weight, [outputs, inputs]),
            bias: bias.map(|bias| params.start("bias", bias, [outputs])),
        })
    }
}

impl Module for Linear {
    #[inline]
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        affine(&x, cx.get(self.weight), self.bias.map(|bias| cx.get(bias)))
    }
}

/// x·Wᵀ, and a bias if there is one.
#[inline]
#[track_caller]
pub(super) fn affine<I: Interp>(x: &Value<I>, weight: &Value<I>, bias: Option<&Value<I>>) -> Value<I> {
    match bias {
        Some(bias) => x.linear(weight, bias),
        None => x.matmul(&weight.transpose(0, 1)),
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

/// yₒ = aᵀ·Wₒ·b + biasₒ over the last axes of two inputs: [`Value::bilinear`]. W and the bias start
/// uniform within ±1/√in₁, as PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct Bilinear {
    /// W, `[out, in₁, in₂]`.
    pub weight: ParamId,
    /// The bias, `[out]`, if there is one.
    pub bias: Option<ParamId>,
}

impl Bilinear {
    /// A layer of two inputs of these sizes.
    pub fn new<F: Float>(params: &mut Params<F>, inputs: [usize; 2], outputs: usize) -> Self {
        Self::made(params, inputs, outputs, true)
    }

    /// As [`new`](Self::new), with nothing added.
    pub fn without_bias<F: Float>(params: &mut Params<F>, inputs: [usize; 2], outputs: usize) -> Self {
        Self::made(params, inputs, outputs, false)
    }

    fn made<F: Float>(params: &mut Params<F>, [a, b]: [usize; 2], outputs: usize, bias: bool) -> Self {
        let init = Init::reciprocal_root(a);
        params.layer("bilinear", "weight", |params| Bilinear {
            weight: params.start("weight", init, [outputs, a, b]),
            bias: bias.then(|| params.start("bias", init, [outputs])),
        })
    }

    /// The output for two inputs.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, a: &Value<I>, b: &Value<I>) -> Value<I> {
        a.bilinear(b, cx.get(self.weight), self.bias.map(|bias| cx.get(bias)))
    }
}
