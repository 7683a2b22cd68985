use crate::table::Case;
use gradtape::ops::{
    AttentionMask, AttentionOptions, Bag, CellWeights, CtcOptions, EmbeddingBagOptions, EmbeddingOptions,
    Indices, Reduction, RotaryOptions,
};
use gradtape::{Record, Var};

/// Two weights, and biases if there are any.
fn weights<'a, 't>(w: &'a [Var<'t, f64>]) -> CellWeights<'a, Record<'t, f64>> {
    CellWeights { weight_ih: &w[0], weight_hh: &w[1], bias_ih: w.get(2), bias_hh: w.get(3) }
}

fn lstm<'t>(x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
    let (h, c) = x[0].lstm_cell(&x[1], &x[2], &weights(&x[3..]));
    vec![h, c]
}

fn attention<'t>(x: &[Var<'t, f64>], options: AttentionOptions<'_, Record<'t, f64>>) -> Vec<Var<'t, f64>> {
    vec![x[0].scaled_dot_product_attention(&x[1], &x[2], options)]
}

fn masked<'t>(x: &[Var<'t, f64>], mask: AttentionMask<'_, Record<'t, f64>>) -> Vec<Var<'t, f64>> {
    attention(x, AttentionOptions { attn_mask: Some(mask), ..Default::default() })
}

fn ctc<'t>(x: &[Var<'t, f64>], i: &[Indices], options: CtcOptions) -> Vec<Var<'t, f64>> {
    vec![x[0].log_softmax(-1).ctc_loss(&i[0], &i[1], &i[2], options)]
}

/// The weights of the rows are the second operand, if there is one.
fn bag<'t>(x: &[Var<'t, f64>], i: &[Indices], options: EmbeddingBagOptions) -> Vec<Var<'t, f64>> {
    vec![x[0].embedding_bag(&i[0], Some(i[1].slice()), x.get(1), options)]
}

pub(crate) const CASES: &[Case] = &[
    ("embedding", |x, i| vec![x[0].embedding(&i[0], EmbeddingOptions::default())]),
    ("embedding padding_idx", |x, i| {
        vec![x[0].embedding(&i[0], EmbeddingOptions { padding_idx: Some(2), ..Default::default() })]
    }),
    ("embedding scale_grad_by_freq", |x, i| {
        vec![x[0].embedding(&i[0], EmbeddingOptions { scale_grad_by_freq: true, ..Default::default() })]
    }),
    ("embedding_bag", |x, i| vec![x[0].embedding_bag(&i[0], None, None, EmbeddingBagOptions::default())]),
    ("embedding_bag max", |x, i| {
        let options = EmbeddingBagOptions { mode: Bag::Max, ..Default::default() };
        vec![x[0].embedding_bag(&i[0], None, None, options)]
    }),
    ("embedding_bag padded", |x, i| {
        bag(x, i, EmbeddingBagOptions { padding_idx: Some(2), ..Default::default() })
    }),
    ("embedding_bag weights", |x, i| bag(x, i, EmbeddingBagOptions { mode: Bag::Sum, ..Default::default() })),
    ("embedding_bag last offset", |x, i| {
        let both =
            EmbeddingBagOptions { include_last_offset: true, scale_grad_by_freq: true, ..Default::default() };
        bag(x, i, both)
    }),
    ("embedding_bag ragged max", |x, i| {
        bag(x, i, EmbeddingBagOptions { mode: Bag::Max, padding_idx: Some(3), ..Default::default() })
    }),
    ("rotary", |x, _| vec![x[0].rotary_embedding(RotaryOptions::default())]),
    ("rotary interleaved", |x, _| {
        vec![x[0].rotary_embedding(RotaryOptions { base: 100.0, interleaved: true, offset: 4 })]
    }),
    ("attention", |x, _| attention(x, AttentionOptions::default())),
    ("attention causal", |x, _| attention(x, AttentionOptions { is_causal: true, ..Default::default() })),
    ("attention scale", |x, _| attention(x, AttentionOptions { scale: Some(0.3), ..Default::default() })),
    ("attention gqa", |x, _| attention(x, AttentionOptions { enable_gqa: true, ..Default::default() })),
    ("attention mask", |x, _| masked(x, AttentionMask::Keep(&x[3]))),
    ("attention bias", |x, _| masked(x, AttentionMask::Add(&x[3]))),
    ("attention masked rows", |x, _| masked(x, AttentionMask::Keep(&x[3]))),
    ("ctc_loss", |x, i| ctc(x, i, CtcOptions::default())),
    ("ctc_loss none", |x, i| ctc(x, i, CtcOptions { reduction: Reduction::None, ..Default::default() })),
    ("ctc_loss sum", |x, i| ctc(x, i, CtcOptions { reduction: Reduction::Sum, ..Default::default() })),
    ("ctc_loss blank", |x, i| ctc(x, i, CtcOptions { blank: 3, ..Default::default() })),
    ("ctc_loss zero_infinity", |x, i| {
        ctc(x, i, CtcOptions { reduction: Reduction::None, zero_infinity: true, ..Default::default() })
    }),
    ("lstm_cell", |x, _| lstm(x)),
    ("lstm_cell without biases", |x, _| lstm(x)),
    ("gru_cell", |x, _| vec![x[0].gru_cell(&x[1], &weights(&x[2..]))]),
    ("gru_cell without biases", |x, _| vec![x[0].gru_cell(&x[1], &weights(&x[2..]))]),
    ("rnn_tanh_cell", |x, _| vec![x[0].rnn_tanh_cell(&x[1], &weights(&x[2..]))]),
    ("rnn_relu_cell", |x, _| vec![x[0].rnn_relu_cell(&x[1], &weights(&x[2..]))]),
];
