//! Attention of several heads.

use super::linear::{Linear, affine};
use crate::{
    Float, Interp, Tensor, Value,
    nn::{Ctx, Dropout, Init, Module, ParamId, Params},
    ops::RotaryOptions,
};

/// The options of [`MultiheadAttention`]. The defaults are PyTorch's, but that the batch is always the
/// first axis.
#[derive(Clone, Debug)]
pub struct AttentionOptions {
    /// The probability that a weight is set to 0 in training: 0.
    pub dropout: f64,
    /// Whether the projections have biases: yes.
    pub bias: bool,
    /// The size of a key, if it is not that of a query.
    pub kdim: Option<usize>,
    /// The size of a value, if it is not that of a query.
    pub vdim: Option<usize>,
    /// Whether queries and keys are turned by their positions, and how: [`Value::rotary_embedding`]; no.
    pub rotary: Option<RotaryOptions>,
}

impl Default for AttentionOptions {
    fn default() -> Self {
        AttentionOptions { dropout: 0.0, bias: true, kdim: None, vdim: None, rotary: None }
    }
}

/// What a query must not see. A query that sees nothing gets zeros. Keys and values must be finite where
/// they are masked, too.
#[derive(Clone, Debug)]
pub struct AttentionMasks<'a, I: Interp> {
    /// Other than 0 where a query must not see a key; broadcasts to `[batch, heads, queries, keys]`.
    pub attn_mask: Option<&'a Tensor<I::Elem>>,
    /// Other than 0 where a key is none, `[batch, keys]`.
    pub key_padding_mask: Option<&'a Tensor<I::Elem>>,
    /// Whether no query sees a key after its own place.
    pub is_causal: bool,
    /// Added to the products of queries and keys, such as a bias by distance; broadcasts to
    /// `[batch, heads, queries, keys]`.
    pub attn_bias: Option<&'a Value<I>>,
}

impl<I: Interp> Default for AttentionMasks<'_, I> {
    fn default() -> Self {
        AttentionMasks { attn_mask: None, key_padding_mask: None, is_causal: false, attn_bias: None }
    }
}

impl<I: Interp> AttentionMasks<'_, I> {
    /// No query sees a key after its own place.
    pub fn causal() -> Self {
        AttentionMasks { is_causal: true, ..Self::default() }
    }

    /// 1 where a query sees a key, in a shape that broadcasts to `[batch, heads, queries, keys]`;
    /// nothing where each sees all.
    #[track_caller]
    fn seen(&self, [batch, queries, keys]: [usize; 3]) -> Option<Tensor<I::Elem>> {
        let (zero, one) = (<I::Elem as Float>::ZERO, <I::Elem as Float>::ONE);
        let causal = self
            .is_causal
            .then(|| Tensor::from_fn([queries, keys], |i| if i % keys <= i / keys { one } else { zero }));
        let padding = self.key_padding_mask.map(|mask| {
            let fits = mask.shape()[..] == [batch, keys];
            assert!(
                fits,
                "gradtape: attention: needs a key_padding_mask [{batch}, {keys}], not {}",
                mask.shape()
            );
            mask.logical_not().reshape([batch, 1, 1, keys])
        });
        let masks = [causal, padding, self.attn_mask.map(Tensor::logical_not)];
        masks.into_iter().flatten().reduce(|a, b| a * b)
    }
}

/// The weights that make queries, keys and values.
#[derive(Clone, Copy, Debug)]
enum Projections {
    /// One below the other, `[3·width, width]`.
    Joint(ParamId),
    /// Each for itself, `[width, size]`.
    Apart([ParamId; 3]),
}

/// Softmax(QKᵀ/√d)·V for several heads, each of its own d = width / heads of the projected features
/// (Vaswani et al.: Attention Is All You Need, 2017). Parameters have PyTorch's names and start as its
/// do: the projections Glorot-uniform, `out_proj` as [`Linear`], biases 0.
///
/// As a [`Module`] it is self-attention without masks.
///
/// ```
/// use gradtape::{Tensor, nn::{AttentionMasks, MultiheadAttention, Params}};
/// let mut params = Params::<f32>::seeded(0);
/// let attention = MultiheadAttention::new(&mut params, 8, 2);
/// let x = Tensor::ones([3, 5, 8]);
/// let (y, weights) = attention.attend(&params.eval(), [&x, &x, &x], AttentionMasks::causal());
/// assert_eq!(y.shape().dims(), [3, 5, 8]);
/// assert_eq!(weights.shape().dims(), [3, 2, 5, 5]);
/// ```
#[derive(Clone, Debug)]
pub struct MultiheadAttention {
    projections: Projections,
    bias: Option<ParamId>,
    out_proj: Linear,
    width: usize,
    heads: usize,
    dropout: f64,
    rotary: Option<RotaryOptions>,
}

impl MultiheadAttention {
    /// A layer for queries, keys and values of `width` features.
    ///
    /// # Panics
    /// When the heads do not divide the width.
    #[track_caller]
    pub fn new<F: Float>(params: &mut Params<F>, width: usize, heads: usize) -> Self {
        Self::with(params, width, heads, AttentionOptions::default())
    }

    /// A layer for queries of `width` features.
    ///
    /// # Panics
    /// When the heads do not divide the width, or the dropout is not in [0, 1).
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        width: usize,
        heads: usize,
        options: AttentionOptions,
    ) -> Self {
        let AttentionOptions { dropout, bias, kdim, vdim, rotary } = options;
        let divides = heads > 0 && width.is_multiple_of(heads);
        assert!(divides, "gradtape: attention: {heads} heads do not divide the width {width}");
        assert!((0.0..1.0).contains(&dropout), "gradtape: attention: a dropout in [0, 1), not {dropout}");
        let (kdim, vdim) = (kdim.unwrap_or(width), vdim.unwrap_or(width));
        let joint = kdim == width && vdim == width;
        let first = if joint { "in_proj_weight" } else { "q_proj_weight" };
        params.layer("attention", first, |params| {
            let projections = if joint {
                Projections::Joint(params.start(first, Init::GlorotUniform, [3 * width, width]))
            } else {
                let named = [("q_proj_weight", width), ("k_proj_weight", kdim), ("v_proj_weight", vdim)];
                let one = |(name, size)| params.start(name, Init::GlorotUniform, [width, size]);
                Projections::Apart(named.map(one))
            };
            let start = Init::reciprocal_root(width);
            let zeros = bias.then_some(Init::Zeros);
            MultiheadAttention {
                projections,
                bias: bias.then(|| params.start("in_proj_bias", Init::Zeros, [3 * width])),
                out_proj: params.at("out_proj", |p| Linear::started(p, width, width, start, zeros)),
                width,
                heads,
                dropout,
                rotary,
            }
        })
    }

    /// What queries `[batch, queries, width]` make of the values at keys, and the weights,
    /// `[batch, heads, queries, keys]`, after dropout. These are held, so that memory grows with queries times keys;
    /// [`Value::scaled_dot_product_attention`] without dropout holds none.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn attend<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        [query, key, value]: [&Value<I>; 3],
        masks: AttentionMasks<'_, I>,
    ) -> (Value<I>, Value<I>) {
        let (q, k, v) = (query.shape(), key.shape(), value.shape());
        let fits = [q, k, v].iter().all(|s| s.rank() == 3 && s[0] == q[0]) && k[1] == v[1];
        assert!(
            fits && q[2] == self.width,
            "gradtape: attention: needs [batch, time, {}], keys and values of the same batch, not {q}, {k}, {v}",
            self.width
        );
        let sizes = [q[0], q[1], k[1]];
        let [q, k, v] = self.projected(cx, [query, key, value]);
        let (q, k) = match &self.rotary {
            Some(rotary) => (q.rotary_embedding(*rotary), k.rotary_embedding(*rotary)),
            None => (q, k),
        };
        let scale = 1.0 / ((self.width / self.heads) as f64).sqrt();
        let mut scores = (q * scale).matmul(&k.transpose(-2, -1));
        if let Some(bias) = masks.attn_bias {
            scores = scores + bias;
        }
        let weights = match masks.seen(sizes) {
            Some(seen) => scores.masked_softmax(-1, &query.lift(seen)),
            None => scores.softmax(-1),
        };
        let weights = if self.dropout > 0.0 { Dropout(self.dropout).forward(cx, weights) } else { weights };
        let joined = weights.matmul(&v).transpose(1, 2).reshape([sizes[0], sizes[1], self.width]);
        (self.out_proj.forward(cx, joined), weights)
    }

    /// Queries, keys and values, `[batch, heads, time, d]`.
    #[track_caller]
    fn projected<I: Interp>(&self, cx: &Ctx<'_, I>, inputs: [&Value<I>; 3]) -> [Value<I>; 3] {
        let thirds = |id: ParamId| cx.get(id).chunk(3, 0);
        let weights = match self.projections {
            Projections::Joint(id) => thirds(id),
            Projections::Apart(ids) => ids.map(|id| cx.get(id).clone()).to_vec(),
        };
        let biases = self.bias.map(thirds);
        std::array::from_fn(|i| {
            let y = affine(inputs[i], &weights[i], biases.as_ref().map(|biases| &biases[i]));
            let (batch, time) = (y.shape()[0], y.shape()[1]);
            y.reshape([batch, time, self.heads, self.width / self.heads]).transpose(1, 2)
        })
    }
}

impl Module for MultiheadAttention {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.attend(cx, [&x, &x, &x], AttentionMasks::default()).0
    }
}
