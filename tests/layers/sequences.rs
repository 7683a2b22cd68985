//! The layers of `fixtures/layers.py` for sequences.

use crate::{Layer, Make, run};
use gradtape::nn::*;
use gradtape::{Tensor, Var, ops::Indices};

const SMALL: TransformerOptions = TransformerOptions {
    dim_feedforward: 6,
    dropout: 0.0,
    activation: FeedForward::Relu,
    layer_norm_eps: 1e-5,
    norm_first: false,
    bias: true,
};

/// For stacks, which have many parameters to check.
const TINY: TransformerOptions = TransformerOptions { dim_feedforward: 2, ..SMALL };

/// The last key of the second sample is none.
fn padding(keys: usize) -> Tensor<f64> {
    Tensor::from_fn([2, keys], |i| if i == 2 * keys - 1 { 1.0 } else { 0.0 })
}

/// 1 for a key after the query's place.
fn future() -> Tensor<f64> {
    Tensor::from_fn([3, 3], |i| if i % 3 > i / 3 { 1.0 } else { 0.0 })
}

fn attended<'t>((y, weights): (Var<'t, f64>, Var<'t, f64>)) -> Vec<Var<'t, f64>> {
    vec![y, weights]
}

const PLAIN: AttentionOptions = AttentionOptions {
    dropout: 0.0,
    bias: true,
    add_bias_kv: false,
    add_zero_attn: false,
    kdim: None,
    vdim: None,
    rotary: None,
};
const BIAS_KV: AttentionOptions = AttentionOptions { add_bias_kv: true, ..PLAIN };
const ZERO_ATTN: AttentionOptions = AttentionOptions { add_zero_attn: true, kdim: Some(3), ..PLAIN };

/// Under both masks, with the average of the weights.
fn weighed(params: &mut Params<f64>, options: AttentionOptions) -> Box<dyn Layer> {
    let layer = MultiheadAttention::with(params, 4, 2, options);
    run(move |cx, x| {
        let (attn_mask, padding) = (future(), padding(3));
        let masks = AttentionMasks {
            attn_mask: Some(&attn_mask),
            key_padding_mask: Some(&padding),
            ..Default::default()
        };
        attended(layer.attend_with_weights(cx, [&x[0], &x[1], &x[2]], masks, true))
    })
}

/// Without weights, by the flag alone.
fn causal(params: &mut Params<f64>, options: AttentionOptions) -> Box<dyn Layer> {
    let layer = MultiheadAttention::with(params, 4, 2, options);
    run(move |cx, x| vec![layer.attend(cx, [&x[0], &x[1], &x[2]], AttentionMasks::causal())])
}

fn words(layer: Embedding) -> Box<dyn Layer> {
    run(move |cx, _| vec![layer.look_up(cx, &Indices::new(vec![0, 3, 3, 4, 1, 0], [2, 3]))])
}

pub(crate) fn padded(padding_idx: usize) -> EmbeddingOptions {
    EmbeddingOptions { padding_idx: Some(padding_idx), ..Default::default() }
}

fn bags(params: &mut Params<f64>, options: EmbeddingBagOptions) -> Box<dyn Layer> {
    let layer = EmbeddingBag::with(params, 5, 3, options);
    run(move |cx, _| vec![layer.look_up(cx, &Indices::new(vec![0, 3, 3, 4, 1, 0], [2, 3]), None, None)])
}

/// The weights of the numbers are the input, if there is one.
fn ragged(params: &mut Params<f64>, options: EmbeddingBagOptions) -> Box<dyn Layer> {
    let layer = EmbeddingBag::with(params, 5, 3, options);
    let numbers = Indices::from([0, 3, 3, 4, 1, 0, 2]);
    run(move |cx, x| vec![layer.look_up(cx, &numbers, Some(&[0, 3, 3, 7]), x.first())])
}

fn decoder(layer: TransformerDecoderLayer) -> Box<dyn Layer> {
    run(move |cx, x| {
        let padding = padding(2);
        let of_memory = AttentionMasks { key_padding_mask: Some(&padding), ..Default::default() };
        vec![layer.decode(cx, x[0].clone(), &x[1], [&AttentionMasks::causal(), &of_memory])]
    })
}

/// The states to start with are the inputs after the first, if there are any.
pub(crate) fn recurrent<U: RecurrentUnit + 'static>(
    layer: Recurrent<U>,
    lengths: Option<&'static [usize]>,
) -> Box<dyn Layer> {
    run(move |cx, x| {
        let start = (x.len() > 1).then(|| &x[1..]);
        let (y, states) = layer.run(cx, &x[0], Sequences { start, lengths });
        [vec![y], states].concat()
    })
}

/// The states before are the inputs after the first, if there are any.
pub(crate) fn stepped<U: RecurrentUnit + 'static>(cell: RecurrentCell<U>) -> Box<dyn Layer> {
    run(move |cx, x| cell.step(cx, &x[0], (x.len() > 1).then(|| &x[1..])))
}

/// Embeddings, attention, recurrent networks.
pub(crate) const LAYERS: &[(&str, Make)] = &[
    ("embedding", |p| words(Embedding::new(p, 5, 3))),
    ("embedding_padded", |p| words(Embedding::with(p, 5, 3, padded(3)))),
    ("embedding_bag_sum", |p| bags(p, EmbeddingBagOptions { mode: Bag::Sum, ..Default::default() })),
    ("embedding_bag_mean", |p| bags(p, EmbeddingBagOptions { mode: Bag::Mean, ..Default::default() })),
    ("embedding_bag_max", |p| bags(p, EmbeddingBagOptions { mode: Bag::Max, ..Default::default() })),
    ("embedding_by_frequency", |p| {
        words(Embedding::with(p, 5, 3, EmbeddingOptions { scale_grad_by_freq: true, ..Default::default() }))
    }),
    ("embedding_bag_weights", |p| ragged(p, EmbeddingBagOptions { mode: Bag::Sum, ..Default::default() })),
    ("embedding_bag_padded", |p| {
        ragged(
            p,
            EmbeddingBagOptions { padding_idx: Some(3), include_last_offset: true, ..Default::default() },
        )
    }),
    ("embedding_bag_ragged_max", |p| {
        ragged(p, EmbeddingBagOptions { mode: Bag::Max, padding_idx: Some(0), ..Default::default() })
    }),
    ("embedding_bag_by_frequency", |p| {
        ragged(p, EmbeddingBagOptions { scale_grad_by_freq: true, ..Default::default() })
    }),
    ("learned_positions", |p| Box::new(LearnedPositions::new(p, 5, 4))),
    ("attention", |p| Box::new(MultiheadAttention::new(p, 4, 2))),
    ("attention_causal", |p| {
        let options = AttentionOptions { bias: false, ..Default::default() };
        let layer = MultiheadAttention::with(p, 4, 2, options);
        run(move |cx, x| {
            let (is_causal, padding) = (true, padding(3));
            let masks = AttentionMasks { is_causal, key_padding_mask: Some(&padding), ..Default::default() };
            attended(layer.attend_with_weights(cx, [&x[0]; 3], masks, false))
        })
    }),
    ("attention_cross", |p| {
        let options = AttentionOptions { kdim: Some(3), vdim: Some(5), ..Default::default() };
        let layer = MultiheadAttention::with(p, 4, 2, options);
        run(move |cx, x| {
            let padding = padding(3);
            let masks = AttentionMasks { key_padding_mask: Some(&padding), ..Default::default() };
            attended(layer.attend_with_weights(cx, [&x[0], &x[1], &x[2]], masks, false))
        })
    }),
    ("attention_tiled", |p| {
        let layer = MultiheadAttention::new(p, 4, 2);
        run(move |cx, x| {
            let (is_causal, padding) = (true, padding(3));
            let masks = AttentionMasks { is_causal, key_padding_mask: Some(&padding), ..Default::default() };
            vec![layer.attend(cx, [&x[0]; 3], masks)]
        })
    }),
    ("attention_unbatched", |p| {
        let layer = MultiheadAttention::new(p, 4, 2);
        run(move |cx, x| {
            let padding = Tensor::from([0.0, 0.0, 1.0]);
            let masks = AttentionMasks { key_padding_mask: Some(&padding), ..Default::default() };
            attended(layer.attend_with_weights(cx, [&x[0]; 3], masks, true))
        })
    }),
    ("attention_bias_kv", |p| weighed(p, BIAS_KV)),
    ("attention_bias_kv_tiled", |p| causal(p, BIAS_KV)),
    ("attention_zero_attn", |p| weighed(p, ZERO_ATTN)),
    ("attention_zero_attn_tiled", |p| causal(p, ZERO_ATTN)),
    ("attention_extra", |p| {
        let layer = MultiheadAttention::with(p, 4, 2, AttentionOptions { add_zero_attn: true, ..BIAS_KV });
        run(move |cx, x| {
            let masks = AttentionMasks { attn_bias: Some(&x[2]), ..Default::default() };
            attended(layer.attend_with_weights(cx, [&x[0], &x[1], &x[1]], masks, false))
        })
    }),
    ("attention_biased", |p| {
        let layer = MultiheadAttention::new(p, 4, 1);
        run(move |cx, x| {
            let masks = AttentionMasks { attn_bias: Some(&x[1]), ..Default::default() };
            vec![layer.attend(cx, [&x[0]; 3], masks)]
        })
    }),
    ("encoder_layer", |p| Box::new(TransformerEncoderLayer::with(p, 4, 2, SMALL))),
    ("encoder_layer_masked", |p| {
        let (activation, norm_first) = (FeedForward::Gelu, true);
        let options =
            TransformerOptions { activation, norm_first, layer_norm_eps: 1e-3, bias: false, ..SMALL };
        let layer = TransformerEncoderLayer::with(p, 4, 2, options);
        run(move |cx, x| {
            let (attn_mask, padding) = (future(), padding(3));
            let masks = AttentionMasks {
                attn_mask: Some(&attn_mask),
                key_padding_mask: Some(&padding),
                ..Default::default()
            };
            vec![layer.encode(cx, x[0].clone(), &masks)]
        })
    }),
    ("encoder", |p| {
        let options = TransformerOptions { norm_first: true, ..SMALL };
        Box::new(TransformerEncoder::new(p, 2, 4, 2, options, true))
    }),
    ("decoder_layer", |p| decoder(TransformerDecoderLayer::with(p, 4, 2, SMALL))),
    ("decoder_layer_norm_first", |p| {
        let options = TransformerOptions { norm_first: true, activation: FeedForward::Gelu, ..SMALL };
        decoder(TransformerDecoderLayer::with(p, 4, 2, options))
    }),
    ("decoder", |p| {
        let options = TransformerOptions { norm_first: true, ..TINY };
        let layers = TransformerDecoder::new(p, 2, 3, 1, options, true);
        run(move |cx, x| {
            let all = AttentionMasks::default();
            vec![layers.decode(cx, x[0].clone(), &x[1], [&all, &all])]
        })
    }),
    ("transformer", |p| {
        let model = Transformer::with(p, 3, 1, [1, 1], TINY);
        run(move |cx, x| {
            let padding = padding(2);
            let src = AttentionMasks { key_padding_mask: Some(&padding), ..Default::default() };
            let masks = TransformerMasks { memory: src.clone(), src, tgt: AttentionMasks::causal() };
            vec![model.run(cx, x[0].clone(), x[1].clone(), &masks)]
        })
    }),
    ("transformer_unbatched", |p| {
        let model = Transformer::with(p, 3, 1, [1, 1], TINY);
        run(move |cx, x| vec![model.run(cx, x[0].clone(), x[1].clone(), &TransformerMasks::default())])
    }),
    ("rnn", |p| recurrent(Rnn::new(p, 3, 2), None)),
    ("relu_rnn", |p| {
        let options = RecurrentOptions { unit: RnnUnit::Relu, bias: false, ..Default::default() };
        recurrent(Rnn::with(p, 3, 2, options), None)
    }),
    ("lstm", |p| recurrent(Lstm::new(p, 3, 2), None)),
    ("lstm_padded", |p| {
        let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..Default::default() };
        recurrent(Lstm::with(p, 3, 2, options), Some(&[4, 2]))
    }),
    ("gru", |p| {
        recurrent(Gru::with(p, 3, 2, RecurrentOptions { num_layers: 2, ..Default::default() }), None)
    }),
    ("gru_padded", |p| {
        let options = RecurrentOptions { bidirectional: true, bias: false, ..Default::default() };
        recurrent(Gru::with(p, 3, 2, options), Some(&[4, 2]))
    }),
    ("lstm_projected", |p| {
        let proj_size = Some(1);
        let options =
            RecurrentOptions { num_layers: 2, bidirectional: true, proj_size, ..Default::default() };
        recurrent(Lstm::with(p, 2, 2, options), None)
    }),
    ("lstm_projected_padded", |p| {
        let options = RecurrentOptions { proj_size: Some(2), bias: false, ..Default::default() };
        recurrent(Lstm::with(p, 2, 3, options), Some(&[4, 2]))
    }),
    ("lstm_unbatched", |p| recurrent(Lstm::new(p, 3, 2), None)),
    ("gru_unbatched", |p| {
        let options = RecurrentOptions { bidirectional: true, ..Default::default() };
        recurrent(Gru::with(p, 2, 2, options), None)
    }),
    ("rnn_cell", |p| stepped(RnnCell::new(p, 3, 2))),
    ("relu_rnn_cell", |p| stepped(RnnCell::with(p, 3, 2, false, RnnUnit::Relu))),
    ("lstm_cell", |p| stepped(LstmCell::new(p, 3, 2))),
    ("lstm_cell_unbatched", |p| stepped(LstmCell::new(p, 3, 2))),
    ("gru_cell", |p| stepped(GruCell::new(p, 3, 2))),
    ("gru_cell_unbatched", |p| stepped(GruCell::with(p, 3, 2, false, GruUnit))),
];
