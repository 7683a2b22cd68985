use crate::table::Case;
use gradtape::Var;
use gradtape::ops::{CellWeights, EmbeddingOptions, RotaryOptions};

/// Two weights, and biases if there are any.
fn weights<'a, 't>(w: &'a [Var<'t, f64>]) -> CellWeights<'a, gradtape::Record<'t, f64>> {
    CellWeights { weight_ih: &w[0], weight_hh: &w[1], bias_ih: w.get(2), bias_hh: w.get(3) }
}

fn lstm<'t>(x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
    let (h, c) = x[0].lstm_cell(&x[1], &x[2], &weights(&x[3..]));
    vec![h, c]
}

pub(crate) const CASES: &[Case] = &[
    ("embedding", |x, i| vec![x[0].embedding(&i[0], EmbeddingOptions::default())]),
    ("embedding padding_idx", |x, i| {
        vec![x[0].embedding(&i[0], EmbeddingOptions { padding_idx: Some(2), ..Default::default() })]
    }),
    ("embedding scale_grad_by_freq", |x, i| {
        vec![x[0].embedding(&i[0], EmbeddingOptions { scale_grad_by_freq: true, ..Default::default() })]
    }),
    ("rotary", |x, _| vec![x[0].rotary_embedding(RotaryOptions::default())]),
    ("rotary interleaved", |x, _| {
        vec![x[0].rotary_embedding(RotaryOptions { base: 100.0, interleaved: true, offset: 4 })]
    }),
    ("lstm_cell", |x, _| lstm(x)),
    ("lstm_cell without biases", |x, _| lstm(x)),
    ("gru_cell", |x, _| vec![x[0].gru_cell(&x[1], &weights(&x[2..]))]),
    ("gru_cell without biases", |x, _| vec![x[0].gru_cell(&x[1], &weights(&x[2..]))]),
    ("rnn_tanh_cell", |x, _| vec![x[0].rnn_tanh_cell(&x[1], &weights(&x[2..]))]),
    ("rnn_relu_cell", |x, _| vec![x[0].rnn_relu_cell(&x[1], &weights(&x[2..]))]),
];
