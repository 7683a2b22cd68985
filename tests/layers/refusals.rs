//! What layers refuse, and how they say it.

use crate::sequences::{padded, recurrent, stepped};
use crate::{Make, refused};
use gradtape::nn::*;
use gradtape::ops::{PadMode, Padding, Resize};
use gradtape::{Tape, Tensor, random::Rng};

/// What a layer says to an input, in training.
fn refused_input(make: Make, shape: &[usize]) -> String {
    let mut params = Params::seeded(1);
    let layer = make(&mut params);
    let (tape, rng) = (Tape::new(), Rng::new(1));
    refused(|| drop(layer.run(&params.train(&tape, &rng), &[tape.constant(Tensor::ones(shape))])))
}

#[test]
fn inputs_that_do_not_fit_are_refused_with_what_was_expected() {
    let cases: &[(Make, &[usize], &str)] = &[
        (
            |p| Box::new(BatchNorm1d::new(p, 3)),
            &[1, 3],
            "batch_norm: needs more than 1 value per channel to train, not [1, 3]",
        ),
        (
            |p| Box::new(BatchNorm1d::new(p, 3)),
            &[2, 4],
            "batch_norm: needs [batch, 3] and 1 spatial axes, not [2, 4]",
        ),
        (
            |p| Box::new(BatchNorm2d::new(p, 3)),
            &[2, 3],
            "batch_norm: needs [batch, 3] and 2 spatial axes, not [2, 3]",
        ),
        (
            |p| Box::new(InstanceNorm1d::new(p, 3)),
            &[2, 3, 1],
            "instance_norm: needs more than 1 value per channel and sample, not [2, 3, 1]",
        ),
        (
            |p| Box::new(InstanceNorm2d::new(p, 3)),
            &[2, 4, 2, 2],
            "instance_norm: needs [batch, 3] and 2 spatial axes",
        ),
        (
            |p| Box::new(LayerNorm::new(p, [3, 4])),
            &[2, 4, 4],
            "layer_norm: needs last axes [3, 4], not [2, 4, 4]",
        ),
        (|p| Box::new(RmsNorm::new(p, [4])), &[4, 3], "rms_norm: needs last axes [4], not [4, 3]"),
        (|p| Box::new(GroupNorm::new(p, 2, 4)), &[2, 6], "group_norm: needs [batch, 4, ..], not [2, 6]"),
        (|p| Box::new(Prelu::new(p, 3)), &[2, 4], "prelu: needs [batch, 3, ..], not [2, 4]"),
        (
            |_| Box::new(Dropout2d(0.5)),
            &[2, 4],
            "dropout2d: needs [batch, channels] or [channels] and 2 spatial axes, not [2, 4]",
        ),
        (|_| Box::new(Dropout(1.5)), &[2], "dropout: a probability in [0, 1), not 1.5"),
        (|_| Box::new(DropPath(-0.5)), &[2], "dropout: a probability in [0, 1), not -0.5"),
        (|_| Box::new(AlphaDropout(1.0)), &[2], "dropout: a probability in [0, 1), not 1"),
        (
            |_| Box::new(FeatureAlphaDropout(0.5)),
            &[2],
            "feature_alpha_dropout: needs [batch, channels, ..], not [2]",
        ),
        (|_| Box::new(Softmax(2)), &[2, 3], "softmax"),
        (|_| Box::new(Glu(0)), &[3, 4], "glu: [3, 4] has no halves along axis 0"),
        (|_| Box::new(ZeroPad2d([1; 4])), &[3], "pad: 4 widths for the 1 axes of [3]"),
        (|_| Box::new(PixelShuffle(2)), &[1, 6, 2, 2], "pixel_shuffle: 2² does not divide the 6 channels"),
        (|_| Box::new(Upsample::new(Resize::By(vec![2.0]))), &[3, 4], "interpolate: needs [batch, channels"),
        (|p| Box::new(Conv2d::new(p, 2, 3, 3)), &[1, 3, 5, 5], "conv"),
        (|_| Box::new(Concat::new(1, (Relu, GlobalAvgPool))), &[2, 3, 4], "concat"),
        (|p| Box::new(Embedding::new(p, 1, 2)), &[2], "embedding"),
        (|p| Box::new(EmbeddingBag::new(p, 3, 2)), &[], "embedding_bag: needs indices [.., size], not []"),
        (
            |p| Box::new(MultiheadAttention::new(p, 4, 2)),
            &[4],
            "attention: needs [batch, time, 4], keys and values of the same batch, not [4]",
        ),
        (
            |p| Box::new(TransformerEncoderLayer::new(p, 4, 2)),
            &[2, 3, 6],
            "attention: needs [batch, time, 4]",
        ),
        (|p| Box::new(Lstm::new(p, 3, 2)), &[2, 4, 5], "lstm: needs [batch, time, 3], not [2, 4, 5]"),
        (|p| Box::new(Gru::new(p, 3, 2)), &[2, 0, 3], "gru: needs [batch, time, 3], not [2, 0, 3]"),
        (
            |p| recurrent(Rnn::new(p, 3, 2), Some(&[5, 1])),
            &[2, 4, 3],
            "rnn: needs 2 lengths of at most 4, not [5, 1]",
        ),
        (|p| Box::new(Lstm::new(p, 3, 2)), &[3], "lstm: needs [batch, time, 3], not [3]"),
        (|p| recurrent(Gru::new(p, 3, 2), Some(&[5])), &[4, 3], "gru: needs 1 lengths of at most 4, not [5]"),
        (|p| stepped(RnnCell::new(p, 3, 2)), &[2, 4], "rnn_cell: needs [batch, 3], not [2, 4]"),
        (|p| stepped(GruCell::new(p, 3, 2)), &[1, 2, 3], "gru_cell: needs [batch, 3], not [1, 2, 3]"),
        (
            |_| Box::new(SinusoidalPositions),
            &[2, 3],
            "sinusoidal positions: needs [batch, time, width], not [2, 3]",
        ),
        (
            |p| Box::new(LearnedPositions::new(p, 2, 4)),
            &[1, 3, 4],
            "learned positions: needs [batch, at most 2, 4], not [1, 3, 4]",
        ),
        (|_| Box::new(Reshape::new([3, 3])), &[2, 4], "reshape"),
    ];
    for &(make, shape, expected) in cases {
        let message = refused_input(make, shape);
        assert!(message.starts_with("gradtape: ") && message.contains(expected), "{message}: not {expected}");
    }
}

#[test]
fn states_that_do_not_fit_are_refused_with_what_was_expected() {
    let mut params = Params::<f64>::seeded(1);
    let options = RecurrentOptions { proj_size: Some(2), ..Default::default() };
    let layer = Lstm::with(&mut params, 3, 4, options);
    let cell = LstmCell::new(&mut params, 3, 2);
    let cx = params.eval();
    let given = [Tensor::ones([1, 5, 4]), Tensor::ones([1, 5, 4])];
    let sequences = Sequences { start: Some(&given), lengths: None };
    assert_eq!(
        refused(|| drop(layer.run(&cx, &Tensor::ones([5, 6, 3]), sequences))),
        "gradtape: lstm: needs states of shapes [[1, 5, 2], [1, 5, 4]], not [[1, 5, 4], [1, 5, 4]]"
    );
    assert_eq!(
        refused(|| drop(cell.step(&cx, &Tensor::ones([5, 3]), Some(&[Tensor::ones([5, 2])])))),
        "gradtape: lstm_cell: needs 2 states of shape [5, 2], not [[5, 2]]"
    );
}

#[test]
fn masks_that_do_not_fit_are_refused_by_their_names() {
    let mut params = Params::<f64>::seeded(1);
    let layer = MultiheadAttention::new(&mut params, 4, 2);
    let (x, mask) = (Tensor::ones([2, 3, 4]), Tensor::zeros([4, 4]));
    let attn_mask = AttentionMasks { attn_mask: Some(&mask), ..Default::default() };
    let attn_bias = AttentionMasks { attn_bias: Some(&mask), ..Default::default() };
    let key_padding_mask = AttentionMasks { key_padding_mask: Some(&mask), ..Default::default() };
    for (masks, expected) in [
        (attn_mask, "an attn_mask that broadcasts to [2, 2, 3, 3], not [4, 4]"),
        (attn_bias, "an attn_bias that broadcasts to [2, 2, 3, 3], not [4, 4]"),
        (key_padding_mask, "a key_padding_mask [2, 3], not [4, 4]"),
    ] {
        let with = masks.clone();
        let messages = [
            refused(|| drop(layer.attend(&params.eval(), [&x; 3], masks))),
            refused(|| drop(layer.attend_with_weights(&params.eval(), [&x; 3], with, true))),
        ];
        for message in messages {
            assert_eq!(message, format!("gradtape: attention: needs {expected}"));
        }
    }
}

#[test]
fn options_that_are_none_are_refused_with_what_was_expected() {
    let cases: &[(Make, &str)] = &[
        (
            |p| Box::new(Conv1d::with(p, 3, 4, 3, Conv1dOptions { groups: 2, ..Default::default() })),
            "conv: 2 groups do not divide 4 and 3 channels",
        ),
        (|p| Box::new(Conv2d::new(p, 1, 1, [1, 2, 3])), "conv: kernel [1, 2, 3] for 2 axes"),
        (
            |p| {
                Box::new(Conv2d::with(
                    p,
                    1,
                    1,
                    1,
                    Conv2dOptions { stride: [1, 1, 1].into(), ..Default::default() },
                ))
            },
            "conv: stride [1, 1, 1] for 2 axes",
        ),
        (
            |p| {
                let options = Conv1dOptions {
                    padding: Padding::Same,
                    stride: 2.into(),
                    padding_mode: PadMode::Circular,
                    ..Default::default()
                };
                Box::new(Conv1d::with(p, 1, 1, 3, options))
            },
            "conv: padding to the same size needs stride 1, not [2]",
        ),
        (|p| Box::new(MultiheadAttention::new(p, 4, 3)), "attention: 3 heads do not divide the width 4"),
        (|p| Box::new(MultiheadAttention::new(p, 0, 1)), "attention: 1 heads do not divide the width 0"),
        (
            |p| Box::new(Embedding::with(p, 3, 2, padded(3))),
            "embedding: padding_idx 3 is not below the count 3",
        ),
        (
            |p| Box::new(Lstm::with(p, 3, 2, RecurrentOptions { dropout: 1.0, ..Default::default() })),
            "lstm: a dropout in [0, 1), not 1",
        ),
        (
            |p| Box::new(Gru::with(p, 3, 2, RecurrentOptions { num_layers: 0, ..Default::default() })),
            "gru: needs a layer and a feature, not 0 and 2",
        ),
        (
            |p| Box::new(Lstm::with(p, 3, 2, RecurrentOptions { proj_size: Some(2), ..Default::default() })),
            "lstm: needs a proj_size from 1 to below 2, not 2",
        ),
        (
            |p| Box::new(Gru::with(p, 3, 2, RecurrentOptions { proj_size: Some(1), ..Default::default() })),
            "gru: only an lstm has a proj_size, here 1",
        ),
        (|p| stepped(LstmCell::new(p, 3, 0)), "lstm_cell: needs a feature, not 0"),
        (|p| Box::new(GroupNorm::new(p, 3, 4)), "group_norm: 3 groups do not divide 4 channels"),
        (
            |p| {
                Box::new(BatchNorm1d::with(
                    p,
                    1,
                    BatchNormOptions { momentum: Some(1.5), ..Default::default() },
                ))
            },
            "batch_norm: a momentum in [0, 1], not Some(1.5)",
        ),
        (
            |p| Box::new(LayerNorm::with(p, [2], LayerNormOptions { eps: -1.0, ..Default::default() })),
            "layer_norm: an eps of at least 0, not -1",
        ),
    ];
    for &(make, expected) in cases {
        let message = refused(|| drop(make(&mut Params::seeded(1))));
        assert!(message.starts_with("gradtape: ") && message.contains(expected), "{message}: not {expected}");
    }
}
