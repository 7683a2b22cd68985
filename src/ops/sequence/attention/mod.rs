//! Scaled dot-product attention as PyTorch calls it.
#![forbid(unsafe_code)]

mod primitive;

pub use primitive::{Attention, AttentionGrad};

use crate::{
    random::Rng,
    value::{Interp, Value},
};

/// Which keys a query attends to, or how much.
#[derive(Clone, Copy, Debug)]
pub enum AttentionMask<'a, I: Interp> {
    /// To those where this is not 0.
    Keep(&'a Value<I>),
    /// This is added to the scores; −∞ takes a key out. It has a gradient.
    Add(&'a Value<I>),
}

/// How [`Value::scaled_dot_product_attention`] attends. By default, to all keys.
#[derive(Clone, Debug)]
pub struct AttentionOptions<'a, I: Interp> {
    /// Broadcasts to `[.., queries, keys]`.
    pub attn_mask: Option<AttentionMask<'a, I>>,
    /// Sets weights to 0 with this probability and scales the others up; all scores are held then.
    pub dropout: Option<(f64, &'a Rng)>,
    /// Whether query i sees keys 0 to i only, counted from the first of each; together with a mask, too, which
    /// PyTorch refuses.
    pub is_causal: bool,
    /// The factor of the products q·k: 1/√width.
    pub scale: Option<f64>,
    /// Whether each head of keys and values serves several heads of queries, those next to each other
    /// (Ainslie and others: GQA, 2023). Heads are the third axis from the last.
    pub enable_gqa: bool,
}

impl<I: Interp> Default for AttentionOptions<'_, I> {
    fn default() -> Self {
        AttentionOptions { attn_mask: None, dropout: None, is_causal: false, scale: None, enable_gqa: false }
    }
}

impl<I: Interp> Value<I> {
    /// softmax(scale · q·kᵀ + mask)·v for these queries q `[.., heads, queries, width]`, keys
    /// `[.., heads, keys, width]` and values `[.., heads, keys, values]`, see [`Attention`]; the axes before the
    /// last two are broadcast. Without dropout neither value nor gradient holds the scores, so that memory
    /// grows with the length of the sequences, not with its square; dropout, forward mode and second order hold them.
    ///
    /// A query for which no key is left gets 0. Keys and values must be finite where they are masked, too.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::AttentionOptions};
    /// let (q, k) = (Tensor::<f64>::ones([2, 3]), Tensor::zeros([2, 3]));
    /// let v = Tensor::from([[1.0], [3.0]]);
    /// let y = q.scaled_dot_product_attention(&k, &v, AttentionOptions::default());
    /// assert_eq!(y, Tensor::from([[2.0], [2.0]]));
    /// let causal = AttentionOptions { is_causal: true, ..Default::default() };
    /// assert_eq!(q.scaled_dot_product_attention(&k, &v, causal), Tensor::from([[1.0], [2.0]]));
    /// ```
    ///
    /// # Panics
    /// When the shapes do not fit, or the probability of dropout is not in [0, 1).
    #[track_caller]
    pub fn scaled_dot_product_attention(
        &self,
        key: &Self,
        value: &Self,
        options: AttentionOptions<'_, I>,
    ) -> Self {
        const NAME: &str = "gradtape: scaled_dot_product_attention";
        let AttentionOptions { attn_mask, dropout, is_causal, scale, enable_gqa } = options;
        let shapes = [self.shape(), key.shape(), value.shape()];
        let [q, k, v] = shapes;
        let matrices = shapes.iter().all(|shape| shape.rank() >= 2);
        assert!(matrices, "{NAME}: needs [.., time, width], not {q}, {k} and {v}");
        let (key, value) = if enable_gqa {
            let heads = |of: &crate::Shape| of.rank().checked_sub(3).map_or(0, |axis| of[axis]);
            let [all, of_keys, of_values] = shapes.map(heads);
            let shared = |by: usize| by > 0 && all.is_multiple_of(by);
            assert!(
                shared(of_keys) && shared(of_values),
                "{NAME}: the heads of {q} cannot share those of {k} and {v}"
            );
            let repeated = |of: &Self, by: usize| of.repeat_interleave(&[all / by], Some(-3));
            (repeated(key, of_keys), repeated(value, of_values))
        } else {
            (key.clone(), value.clone())
        };
        let outer = |of: &Self| crate::Shape::from(&of.shape()[..of.shape().rank() - 2]);
        let joint = outer(self).broadcast(&outer(&key)).and_then(|both| both.broadcast(&outer(&value)));
        let Some(joint) = joint else {
            panic!("{NAME}: the axes before the last two of {q}, {k} and {v} do not broadcast");
        };
        let expanded = |of: &Self| {
            let shape = of.shape();
            let dims = [joint.dims(), &shape[shape.rank() - 2..]].concat();
            if shape[..] == dims[..] { of.clone() } else { of.expand(&dims[..]) }
        };
        let (query, key, value) = (expanded(self), expanded(&key), expanded(&value));
        let bias = attn_mask.map(|mask| match mask {
            AttentionMask::Keep(keep) => keep.select(&keep.constant(0.0), &keep.constant(f64::NEG_INFINITY)),
            AttentionMask::Add(bias) => bias.clone(),
        });
        // No products, so no matter which.
        let width = q[q.rank() - 1].max(1) as f64;
        let op = Attention { scale: scale.unwrap_or(1.0 / width.sqrt()), causal: is_causal };
        let x = [&query, &key, &value];
        match dropout.filter(|(p, _)| *p != 0.0) {
            None => op.of(x, bias.as_ref()),
            Some((p, rng)) => {
                let weights = op.dense(x, bias.as_ref());
                let kept = weights.lift(rng.dropout_mask(weights.shape(), p));
                (weights * kept).matmul(&value)
            }
        }
    }
}
