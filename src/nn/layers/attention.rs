//! Attention of several heads.

use super::linear::{Linear, affine};
use crate::{
    Float, Interp, Shape, Tensor, Value,
    nn::{Ctx, Dropout, Init, Module, ParamId, Params},
    ops::{AttentionMask, AttentionOptions as Attending, PadMode, RotaryOptions},
};

/// The options of [`MultiheadAttention`]. The defaults are PyTorch's, but that the batch is always the
/// first axis.
#[derive(Clone, Debug)]
pub struct AttentionOptions {
    /// The probability that a weight is set to 0 in training: 0.
    pub dropout: f64,
    /// Whether the projections have biases: yes.
    pub bias: bool,
    /// Whether a learned key and value stand behind those given: no.
    pub add_bias_kv: bool,
    /// Whether a key and value of zeros stand behind those given, for queries that want nothing: no.
    pub add_zero_attn: bool,
    /// The size of a key, if it is not that of a query.
    pub kdim: Option<usize>,
    /// The size of a value, if it is not that of a query.
    pub vdim: Option<usize>,
    /// Whether queries and keys are turned by their positions, and how: [`Value::rotary_embedding`]; no.
    pub rotary: Option<RotaryOptions>,
}

impl Default for AttentionOptions {
    fn default() -> Self {
        AttentionOptions {
            dropout: 0.0,
            bias: true,
            add_bias_kv: false,
            add_zero_attn: false,
            kdim: None,
            vdim: None,
            rotary: None,
        }
    }
}

/// What a query must not see. A query that sees nothing gets zeros. Keys and values must be finite where
/// they are masked, too.
#[derive(Clone, Debug)]
pub struct AttentionMasks<'a, I: Interp> {
    /// Other than 0 where a query must not see a key; broadcasts to `[batch, heads, queries, keys]`.
    pub attn_mask: Option<&'a Tensor<I::Elem>>,
    /// Other than 0 where a key is none, `[batch, keys]`; `[keys]` for inputs without a batch.
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

    /// Other than 0 where a query must not see a key, but for what causality alone hides; nothing where
    /// nothing is hidden. Broadcasts to `[batch, heads, queries, keys]`.
    #[track_caller]
    fn hidden(&self, batch: Option<usize>, keys: usize) -> Option<Tensor<I::Elem>> {
        let padding = self.key_padding_mask.map(|mask| {
            let needed: Vec<usize> = batch.into_iter().chain([keys]).collect();
            let found = mask.shape();
            let fits = found[..] == needed[..];
            assert!(fits, "gradtape: attention: needs a key_padding_mask {needed:?}, not {found}");
            mask.reshape([batch.unwrap_or(1), 1, 1, keys])
        });
        either(padding, self.attn_mask.cloned())
    }
}

/// Other than 0 where one of the masks is.
fn either<F: Float>(a: Option<Tensor<F>>, b: Option<Tensor<F>>) -> Option<Tensor<F>> {
    [a, b].into_iter().flatten().reduce(|a, b| a.logical_or(&b))
}

/// Other than 0 for a key after the query's own place.
fn later<F: Float>(queries: usize, keys: usize) -> Tensor<F> {
    Tensor::from_fn([queries, keys], |i| if i % keys > i / keys { F::ONE } else { F::ZERO })
}

/// A mask or bias over keys, with 0 for `extra` keys behind them.
fn with_extra<I: Interp>(mask: Value<I>, keys: usize, extra: usize) -> Value<I> {
    if extra == 0 {
        return mask;
    }
    // One column may stand for all keys, but not for those behind.
    let outer = mask.shape().rank().saturating_sub(1);
    let whole = [&mask.shape()[..outer], &[keys]].concat();
    mask.expand(&whole[..]).pad(&[0, extra as isize], PadMode::Constant(0.0))
}

/// What the heads attend with.
struct Heads<I: Interp> {
    /// Queries, keys and values, `[batch, heads, time, d]`.
    q: Value<I>,
    k: Value<I>,
    v: Value<I>,
    /// Other than 0 where a query must not see a key, but for what `is_causal` hides.
    hidden: Option<Tensor<I::Elem>>,
    is_causal: bool,
    /// Added to the products of queries and keys.
    bias: Option<Value<I>>,
    /// Whether the inputs had a batch.
    batched: bool,
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
/// let y = attention.attend(&params.eval(), [&x, &x, &x], AttentionMasks::causal());
/// assert_eq!(y.shape().dims(), [3, 5, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct MultiheadAttention {
    projections: Projections,
    bias: Option<ParamId>,
    out_proj: Linear,
    bias_kv: Option<[ParamId; 2]>,
    add_zero_attn: bool,
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
        let AttentionOptions { dropout, bias, add_bias_kv, add_zero_attn, kdim, vdim, rotary } = options;
        let divides = heads > 0 && width > 0 && width.is_multiple_of(heads);
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
            let mut learned = |name| params.start(name, Init::GlorotNormal, [1, 1, width]);
            let bias_kv = add_bias_kv.then(|| ["bias_k", "bias_v"].map(&mut learned));
            MultiheadAttention {
                projections,
                bias: bias.then(|| params.start("in_proj_bias", Init::Zeros, [3 * width])),
                out_proj: params.at("out_proj", |p| Linear::started(p, width, width, start, zeros)),
                bias_kv,
                add_zero_attn,
                width,
                heads,
                dropout,
                rotary,
            }
        })
    }

    /// What queries `[batch, queries, width]` make of the values at keys; a batch of one needs no batch axis.
    /// Without dropout, memory grows with the number of queries and keys, not with their product:
    /// [`Value::scaled_dot_product_attention`].
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn attend<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        inputs: [&Value<I>; 3],
        masks: AttentionMasks<'_, I>,
    ) -> Value<I> {
        let Heads { q, k, v, hidden, is_causal, bias, batched } = self.heads(cx, inputs, &masks);
        let hidden = hidden.map(|hidden| {
            let hides = |seen: I::Elem| if seen == I::Elem::ZERO { seen } else { -I::Elem::INFINITY };
            q.lift(hidden.map(hides))
        });
        let added = match (bias, hidden) {
            (Some(bias), Some(hidden)) => Some(bias + hidden),
            (bias, hidden) => bias.or(hidden),
        };
        let attn_mask = added.as_ref().map(AttentionMask::Add);
        let dropout = cx.rng().map(|rng| (self.dropout, rng));
        let options = Attending { attn_mask, dropout, is_causal, ..Default::default() };
        self.joined(cx, q.scaled_dot_product_attention(&k, &v, options), batched)
    }

    /// As [`attend`](Self::attend), with the weights after dropout, which are held:
    /// `[batch, heads, queries, keys]`, or without heads their average over them.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn attend_with_weights<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        inputs: [&Value<I>; 3],
        masks: AttentionMasks<'_, I>,
        average_attn_weights: bool,
    ) -> (Value<I>, Value<I>) {
        let Heads { q, k, v, hidden, is_causal, bias, batched } = self.heads(cx, inputs, &masks);
        let scale = 1.0 / ((self.width / self.heads) as f64).sqrt();
        let mut scores = (q * scale).matmul(&k.transpose(-2, -1));
        if let Some(bias) = bias {
            scores = scores + bias;
        }
        let (queries, keys) = (scores.shape()[2], scores.shape()[3]);
        let causal = is_causal.then(|| later(queries, keys));
        let weights = match either(hidden, causal) {
            Some(hidden) => scores.masked_softmax(-1, &scores.lift(hidden.logical_not())),
            None => scores.softmax(-1),
        };
        let weights = if self.dropout > 0.0 { Dropout(self.dropout).forward(cx, weights) } else { weights };
        let y = self.joined(cx, weights.matmul(&v), batched);
        let weights = if average_attn_weights { weights.mean_axes(1, false) } else { weights };
        (y, if batched { weights } else { weights.squeeze(0) })
    }

    /// The projected inputs, with the keys and values that stand behind those given, and the masks.
    #[track_caller]
    fn heads<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        inputs: [&Value<I>; 3],
        masks: &AttentionMasks<'_, I>,
    ) -> Heads<I> {
        let [q, k, v] = inputs.map(Value::shape);
        let rank = q.rank();
        let fits = (rank == 2 || rank == 3)
            && [k, v].iter().all(|s| s.rank() == rank && s[..rank - 2] == q[..rank - 2])
            && k[rank - 2] == v[rank - 2];
        assert!(
            fits && q[rank - 1] == self.width,
            "gradtape: attention: needs [batch, time, {}], keys and values of the same batch, not {q}, {k}, {v}",
            self.width
        );
        let batched = rank == 3;
        let (queries, keys) = (q[rank - 2], k[rank - 2]);
        let all = Shape::from([if batched { q[0] } else { 1 }, self.heads, queries, keys]);
        let given =
            [("mask", masks.attn_mask.map(Tensor::shape)), ("bias", masks.attn_bias.map(Value::shape))];
        for (kind, shape) in given.into_iter().filter_map(|(kind, shape)| Some((kind, shape?))) {
            let fits = shape.broadcasts_to(&all);
            assert!(fits, "gradtape: attention: needs an attn_{kind} that broadcasts to {all}, not {shape}");
        }
        let hidden = masks.hidden(batched.then(|| q[0]), keys);
        let [q, mut k, mut v] = if batched {
            self.projected(cx, inputs)
        } else {
            let inputs = inputs.map(|x| x.unsqueeze(0));
            self.projected(cx, inputs.each_ref())
        };
        let q = match &self.rotary {
            Some(rotary) => {
                k = k.rotary_embedding(*rotary);
                q.rotary_embedding(*rotary)
            }
            None => q,
        };
        let (d, batch) = (self.width / self.heads, q.shape()[0]);
        let mut stand_behind = |behind: [Value<I>; 2]| {
            let [key, value] = behind.map(|one| one.expand([batch, self.heads, 1, d]));
            (k, v) = (Value::concat(&[&k, &key], 2), Value::concat(&[&v, &value], 2));
        };
        if let Some(ids) = self.bias_kv {
            stand_behind(ids.map(|id| cx.get(id).reshape([1, self.heads, 1, d])));
        }
        if self.add_zero_attn {
            let zero = q.lift(Tensor::zeros([1, 1, 1, 1]));
            stand_behind([zero.clone(), zero]);
        }
        let extra = k.shape()[2] - keys;
        // The causal order knows nothing of keys that stand behind.
        let causal = (masks.is_causal && extra > 0).then(|| later(queries, keys));
        Heads {
            hidden: either(hidden, causal).map(|hidden| with_extra(hidden, keys, extra)),
            bias: masks.attn_bias.map(|bias| with_extra(bias.clone(), keys, extra)),
            is_causal: masks.is_causal && extra == 0,
            batched,
            q,
            k,
            v,
        }
    }

    /// What the heads have found, side by side, and projected.
    fn joined<I: Interp>(&self, cx: &Ctx<'_, I>, found: Value<I>, batched: bool) -> Value<I> {
        let (batch, queries) = (found.shape()[0], found.shape()[2]);
        let joined = found.transpose(1, 2).reshape([batch, queries, self.width]);
        self.out_proj.forward(cx, if batched { joined } else { joined.squeeze(0) })
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
        self.attend(cx, [&x; 3], AttentionMasks::default())
    }
}
