//! What no fixture shows: what is drawn, shared, joined, or not read.

use crate::sequences::padded;
use crate::{Layer, near, refused};
use gradtape::gradcheck::gradcheck;
use gradtape::nn::*;
use gradtape::{Tape, Tensor, Var, random::Rng};

#[test]
fn spatial_dropout_drops_channels_and_drop_path_samples() {
    let params = Params::<f64>::seeded(0);
    let (tape, rng) = (Tape::new(), Rng::new(5));
    let drop = |layer: &dyn Layer, shape: &[usize], unit: usize| {
        let x = tape.constant(Tensor::ones(shape));
        let same = layer.run(&Ctx::new(Vec::new(), None), std::slice::from_ref(&x));
        assert_eq!(same[0].tensor(), x.tensor(), "evaluation passes everything");
        let y = layer.run(&params.train(&tape, &rng), &[x]).remove(0).tensor().clone();
        let units: Vec<&[f64]> = y.slice().chunks(unit).collect();
        assert!(units.iter().all(|unit| unit.iter().all(|v| v == &unit[0])), "each unit as a whole");
        assert!(units.iter().all(|unit| unit[0] == 0.0 || unit[0] == 1.0 / 0.75));
        let mean = y.mean().item();
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
    };
    drop(&Dropout1d(0.25), &[100, 40, 3], 3);
    drop(&Dropout1d(0.25), &[4000, 3], 3);
    drop(&Dropout2d(0.25), &[100, 40, 2, 2], 4);
    drop(&Dropout3d(0.25), &[100, 40, 2, 1, 2], 4);
    drop(&Dropout3d(0.25), &[4000, 2, 1, 2], 4);
    drop(&DropPath(0.25), &[4000, 2, 2], 4);
}

#[test]
fn alpha_dropout_keeps_mean_and_variance() {
    let params = Params::<f64>::seeded(0);
    let (tape, rng) = (Tape::new(), Rng::new(5));
    let x = Rng::new(2).normal::<f64>([300, 200, 2], 0.0, 1.0);
    // As PyTorch: a·x + b where x is kept, and the same of selu's floor where it is dropped.
    let (floor, p) = (-1.7580993408473766f64, 0.3);
    let a = ((floor * floor * p + 1.0) * (1.0 - p)).powf(-0.5);
    let expected = |x: f64| a * (x - floor * p);
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    for (layer, unit) in [(&AlphaDropout(p) as &dyn Layer, 1), (&FeatureAlphaDropout(p), 2)] {
        let run = |cx: &_| layer.run(cx, &[tape.constant(x.clone())]).remove(0).tensor().clone();
        assert_eq!(run(&Ctx::new(Vec::new(), None)), x, "evaluation passes everything");
        let y = run(&params.train(&tape, &rng));
        let mut dropped = 0;
        for (y, x) in y.slice().chunks(unit).zip(x.slice().chunks(unit)) {
            let drops = near(y[0], expected(floor));
            dropped += usize::from(drops);
            let fits = |(&y, &x): (&f64, &f64)| near(y, expected(if drops { floor } else { x }));
            assert!(y.iter().zip(x).all(fits), "{y:?} of {x:?}");
        }
        assert!((dropped as f64 / (x.slice().len() / unit) as f64 - p).abs() < 0.01, "{dropped}");
        assert!(y.mean().item().abs() < 0.02 && (y.var().item() - 1.0).abs() < 0.02);
    }
}

/// With the same draws each time.
fn drawn<'t>(layer: &dyn Layer, v: &[Var<'t, f64>], training: bool) -> Var<'t, f64> {
    let rng = Rng::new(7);
    layer.run(&Ctx::new(Vec::new(), training.then_some(&rng)), v).remove(0)
}

#[test]
fn layers_that_draw_pass_gradcheck_in_both_orders() {
    let x = Rng::new(2).uniform::<f64>([2, 3, 2, 2], -1.0, 1.0);
    let layers: [&dyn Layer; 8] = [
        &Dropout(0.4),
        &Dropout1d(0.4),
        &Dropout2d(0.4),
        &Dropout3d(0.4),
        &DropPath(0.4),
        &AlphaDropout(0.4),
        &FeatureAlphaDropout(0.4),
        &Rrelu::default(),
    ];
    for (i, layer) in layers.into_iter().enumerate() {
        let x = if i == 1 { x.flatten(2, 3) } else { x.clone() };
        for training in [true, false] {
            // Squared, so that there is a second order.
            gradcheck(|v| drawn(layer, v, training).square(), std::slice::from_ref(&x))
                .unwrap_or_else(|failure| panic!("{i}: {failure}"));
        }
    }
}

#[test]
fn a_shared_weight_gets_the_gradients_of_all_its_uses() {
    let mut params = Params::<f64>::seeded(1);
    let first = Linear::without_bias(&mut params, 3, 3);
    let tied = (first, Tanh, Linear { bias: None, ..first });
    assert_eq!(params.count(), 9);
    let inputs = [Rng::new(2).uniform([2, 3], -1.0, 1.0), params.get(first.weight).clone()];
    gradcheck(|v| tied.forward(&Ctx::new(vec![v[1].clone()], None), v[0].clone()), &inputs).unwrap();
    let untied = |a: Tensor<f64>, b: Tensor<f64>| {
        inputs[0].matmul(&a.transpose(0, 1)).tanh().matmul(&b.transpose(0, 1))
    };
    let w = &inputs[1];
    assert_eq!(tied.forward(&params.eval(), inputs[0].clone()), untied(w.clone(), w.clone()));
}

#[test]
fn modules_beside_one_another() {
    let mut params = Params::<f64>::seeded(1);
    let (a, b) = (Linear::new(&mut params, 3, 3), Linear::new(&mut params, 3, 3));
    let x = Rng::new(2).uniform::<f64>([2, 3], -1.0, 1.0);
    let cx = params.eval();
    let (of_a, of_b) = (a.forward(&cx, x.clone()), b.forward(&cx, x.clone()));
    assert_eq!(Residual(a).forward(&cx, x.clone()), &of_a + &x);
    assert_eq!(Parallel((a, b)).forward(&cx, x.clone()), &of_a + &of_b);
    assert_eq!(Parallel(vec![a, b]).forward(&cx, x.clone()), &of_a + &of_b);
    assert_eq!(Concat::new(-1, (a, b)).forward(&cx, x.clone()), Tensor::concat(&[&of_a, &of_b], -1));
    assert_eq!(vec![a, b].forward(&cx, x.clone()), b.forward(&cx, of_a));
    assert_eq!(Reshape::new([3, 1]).forward(&cx, x.clone()), x.reshape([2, 3, 1]));
    assert_eq!(Reshape::new([-1, 1]).forward(&cx, x.clone()), x.reshape([2, 3, 1]));
    let nothing = Tensor::zeros([0, 2, 6]);
    assert_eq!(Reshape::new([4, -1]).forward(&cx, nothing), Tensor::zeros([0, 4, 3]));
}

#[test]
fn an_embedding_takes_whole_numbers_and_its_padding_starts_as_zeros() {
    let mut params = Params::<f64>::seeded(1);
    let layer = Embedding::with(&mut params, 4, 2, padded(1));
    let y = layer.forward(&params.eval(), Tensor::from([[1.0, 2.0]]));
    assert_eq!(y.shape().dims(), [1, 2, 2]);
    assert_eq!(y.index_axis(1, 0), Tensor::zeros([1, 2]));
    let message = refused(|| drop(layer.forward(&params.eval(), Tensor::from([0.5]))));
    assert_eq!(message, "gradtape: embedding: needs whole numbers, not 0.5");
}

#[test]
fn attention_by_rotary_positions_sees_distances_alone() {
    let mut params = Params::<f64>::seeded(1);
    let options = AttentionOptions { rotary: Some(Default::default()), ..Default::default() };
    let layer = MultiheadAttention::with(&mut params, 4, 1, options);
    // The same vector everywhere: what is left to tell weights apart is the distance.
    let x = Rng::new(2).uniform::<f64>([1, 1, 4], -1.0, 1.0).expand([1, 5, 4]);
    let masks = AttentionMasks::default();
    let scores = layer.attend_with_weights(&params.eval(), [&x; 3], masks, false).1.ln();
    let score = |q: usize, k: usize| scores.slice()[q * 5 + k] - scores.slice()[q * 5 + q];
    for by in [1, 2] {
        assert!((score(0, by) - score(1, 1 + by)).abs() < 1e-12);
    }
    assert!((score(0, 1) - score(0, 2)).abs() > 1e-6);
}

#[test]
fn attention_is_the_same_with_its_weights_and_without_them() {
    let mut params = Params::<f64>::seeded(1);
    let layer = MultiheadAttention::new(&mut params, 8, 2);
    let x = Rng::new(2).uniform([2, 70, 8], -1.0, 1.0);
    let (attn_mask, padding) = (Rng::new(3).bernoulli(&Tensor::full([70, 70], 0.2)), Tensor::zeros([2, 70]));
    let (attn_mask, key_padding_mask) = (Some(&attn_mask), Some(&padding));
    for is_causal in [false, true] {
        let masks = AttentionMasks { attn_mask, key_padding_mask, is_causal, attn_bias: None };
        let (held, _) = layer.attend_with_weights(&params.eval(), [&x; 3], masks.clone(), false);
        near("output", &layer.attend(&params.eval(), [&x; 3], masks), &held);
    }
}

#[test]
fn one_slope_is_for_any_shape() {
    let mut params = Params::<f64>::seeded(1);
    let layer = Prelu::with(&mut params, 1, 0.5);
    assert_eq!(layer.forward(&params.eval(), Tensor::scalar(-2.0)), Tensor::scalar(-1.0));
    assert_eq!(layer.forward(&params.eval(), Tensor::from([-2.0, 2.0])), Tensor::from([-1.0, 2.0]));
}

#[test]
fn sinusoidal_positions_are_those_of_the_paper() {
    let y = SinusoidalPositions.forward(&Params::<f64>::seeded(0).eval(), Tensor::zeros([1, 3, 4]));
    let expected = [0.0, 1.0, 0.0, 1.0].into_iter();
    let rows =
        [1.0f64, 2.0].into_iter().flat_map(|t| [t.sin(), t.cos(), (t / 100.0).sin(), (t / 100.0).cos()]);
    near("positions", &y, &Tensor::new(expected.chain(rows).collect(), [1, 3, 4]));
}

#[test]
fn what_stands_behind_the_end_of_a_sequence_is_not_read() {
    let mut params = Params::<f64>::seeded(1);
    let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..Default::default() };
    let layer = Gru::with(&mut params, 3, 2, options);
    let short = Rng::new(2).uniform::<f64>([1, 2, 3], -1.0, 1.0);
    let (y, states) = layer.run(&params.eval(), &short, Sequences::default());
    for behind in [0.0, f64::NAN] {
        let long = Tensor::concat(&[&short, &Tensor::full([1, 2, 3], behind)], 1);
        let sequences = Sequences { lengths: Some(&[2]), ..Default::default() };
        let (padded, ends) = layer.run(&params.eval(), &long, sequences);
        assert_eq!(padded.narrow(1, 0, 2), y);
        assert_eq!(padded.narrow(1, 2, 2), Tensor::zeros([1, 2, 4]));
        assert_eq!(ends, states);
    }
}

#[test]
fn dropout_of_recurrent_layers_and_attention_is_for_training() {
    let mut params = Params::<f64>::seeded(1);
    let options = RecurrentOptions { num_layers: 2, dropout: 0.5, ..Default::default() };
    let lstm = Lstm::with(&mut params, 4, 4, options);
    let options = TransformerOptions { dim_feedforward: 8, ..Default::default() };
    let model = (lstm, TransformerEncoderLayer::with(&mut params, 4, 2, options));
    let x = Rng::new(2).uniform::<f64>([2, 3, 4], -1.0, 1.0);
    let (tape, rng) = (Tape::new(), Rng::new(5));
    let draw = || model.forward(&params.train(&tape, &rng), tape.constant(x.clone())).tensor().clone();
    assert_ne!(draw(), draw());
    assert_eq!(model.forward(&params.eval(), x.clone()), model.forward(&params.eval(), x.clone()));
}

#[test]
fn a_summary_shows_names_shapes_and_counts() {
    let mut params = Params::<f64>::seeded(1);
    let stem = params.at("stem", |p| Conv2d::new(p, 1, 4, 3));
    let frozen = stem.weight;
    let model = (
        (stem, BatchNorm2d::new(&mut params, 4), Relu),
        Residual(Conv2d::with(
            &mut params,
            4,
            4,
            3,
            Conv2dOptions { padding: 1.into(), ..Default::default() },
        )),
        Flatten,
        vec![Linear::new(&mut params, 144, 144), Linear::new(&mut params, 144, 2)],
    );
    params.set_trainable(frozen, false);
    let expected = "\
layer (type)               output shape  parameters
stem (Conv2d)              [1, 4, 6, 6]          40
batch_norm1 (BatchNorm2d)  [1, 4, 6, 6]           8
Relu                       [1, 4, 6, 6]           0
conv1 (Residual<Conv2d>)   [1, 4, 6, 6]         148
  conv1 (Conv2d)           [1, 4, 6, 6]         148
Flatten                    [1, 144]               0
linear1 (Linear)           [1, 144]           20880
linear2 (Linear)           [1, 2]               290
21366 parameters: 21330 trainable, 36 frozen; 9 numbers in buffers";
    assert_eq!(summary(&model, &params, [1, 8, 8]).to_string(), expected);
}
