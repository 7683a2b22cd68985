//! The nasty points of layers: statistics of what does not vary, sequences that end, queries that see
//! nothing.

use crate::kinks::{derivatives, same};
use crate::misuse::outcome;
use gradtape::nn::{
    AttentionMasks, BatchNorm1d, BatchNormOptions, Ctx, GroupNorm, GroupNormOptions, InstanceNorm1d,
    LayerNorm, LayerNormOptions, Lstm, Module, MultiheadAttention, Params, RmsNorm, RmsNormOptions,
    Sequences,
};
use gradtape::{Tape, Tensor, random::Rng};

const NAN: f64 = f64::NAN;

#[test]
fn statistics_of_one_value_are_refused() {
    let mut params = Params::<f64>::seeded(0);
    let batch = BatchNorm1d::new(&mut params, 3);
    let instance = InstanceNorm1d::new(&mut params, 3);
    let (tape, rng) = (Tape::new(), Rng::new(0));
    let cx = params.train(&tape, &rng);
    let refused = outcome(|| drop(batch.forward(&cx, tape.constant(Tensor::ones([1, 3]))))).unwrap_err();
    assert!(refused.contains("more than 1 value per channel to train, not [1, 3]"), "{refused}");
    let refused =
        outcome(|| drop(instance.forward(&cx, tape.constant(Tensor::ones([2, 3, 1]))))).unwrap_err();
    assert!(refused.contains("more than 1 value per channel and sample, not [2, 3, 1]"), "{refused}");
    // Evaluation has other statistics to take.
    assert_eq!(batch.forward(&params.eval(), Tensor::zeros([1, 3])), Tensor::zeros([1, 3]));
}

#[test]
fn what_does_not_vary_is_normalised_to_0() {
    let mut params = Params::<f64>::seeded(0);
    // √eps is ½.
    let plain = LayerNormOptions { eps: 0.25, elementwise_affine: false, ..Default::default() };
    let layer = LayerNorm::with(&mut params, [2], plain);
    let group =
        GroupNorm::with(&mut params, 1, 2, GroupNormOptions { eps: 0.25, affine: false, bias: false });
    let of_batch =
        BatchNormOptions { eps: 0.25, affine: false, track_running_stats: false, ..Default::default() };
    let batch = BatchNorm1d::with(&mut params, 1, of_batch);
    let found = derivatives(&[Tensor::from([[3.0, 3.0]])], |v| {
        layer.forward(&Ctx::new(Vec::new(), None), v[0].clone()).slice_axis(1, 0..1, 1)
    });
    same("value", &found.y, &[0.0]);
    same("gradient", &found.first[0], &[1.0, -1.0]);
    let found = derivatives(&[Tensor::from([[3.0, 3.0]])], |v| {
        group.forward(&Ctx::new(Vec::new(), None), v[0].clone()).slice_axis(1, 0..1, 1)
    });
    same("value", &found.y, &[0.0]);
    same("gradient", &found.first[0], &[1.0, -1.0]);
    let found = derivatives(&[Tensor::from([[3.0], [3.0]])], |v| {
        batch.forward(&Ctx::new(Vec::new(), None), v[0].clone()).slice_axis(0, 0..1, 1)
    });
    same("value", &found.y, &[0.0]);
    same("gradient", &found.first[0], &[1.0, -1.0]);
}

#[test]
fn rms_norm_of_0_is_0() {
    let options = RmsNormOptions { eps: Some(0.25), elementwise_affine: false };
    let layer = RmsNorm::with(&mut Params::<f64>::seeded(0), [2], options);
    let found = derivatives(&[Tensor::from([0.0, 0.0])], |v| {
        layer.forward(&Ctx::new(Vec::new(), None), v[0].clone())
    });
    same("value", &found.y, &[0.0, 0.0]);
    same("gradient", &found.first[0], &[2.0, 2.0]);
}

#[test]
fn a_query_that_sees_nothing_gets_zeros() {
    let mut params = Params::<f64>::seeded(1);
    let layer = MultiheadAttention::new(&mut params, 4, 2);
    let nothing = Tensor::ones([1, 2]);
    let (tape, rng) = (Tape::new(), Rng::new(1));
    let cx = params.train(&tape, &rng);
    let x = tape.var(Rng::new(2).uniform([1, 2, 4], -1.0, 1.0));
    let masks = AttentionMasks { key_padding_mask: Some(&nothing), ..Default::default() };
    let (y, weights) = layer.attend_with_weights(&cx, [&x; 3], masks.clone(), false);
    assert_eq!(*weights.tensor(), Tensor::zeros([1, 2, 2, 2]));
    for y in [y, layer.attend(&cx, [&x; 3], masks)] {
        assert_eq!(*y.tensor(), Tensor::zeros([1, 2, 4]));
        assert_eq!(*y.sum().backward().wrt(&x), Tensor::zeros([1, 2, 4]));
    }
}

#[test]
fn what_stands_behind_an_end_reaches_neither_value_nor_gradient() {
    let mut params = Params::<f64>::seeded(1);
    let layer = Lstm::new(&mut params, 1, 2);
    let (tape, rng) = (Tape::new(), Rng::new(1));
    let run = |behind: f64| {
        let cx = params.train(&tape, &rng);
        let x = tape.var(Tensor::new(vec![0.5, behind], [1, 2, 1]));
        let sequences = Sequences { lengths: Some(&[1]), ..Default::default() };
        let (y, states) = layer.run(&cx, &x, sequences);
        let loss = y.sum() + states[1].sum();
        let of_x = loss.grad([&x])[0].tensor().clone();
        let grads = cx.backward(loss);
        let ids = ["weight_ih_l0", "bias_hh_l0"].map(|name| params.find(&format!("lstm1.{name}")).unwrap());
        (y.tensor().clone(), of_x, ids.map(|id| grads.get(id).unwrap().clone()))
    };
    let (y, of_x, weights) = run(NAN);
    assert_eq!((y.clone(), of_x.clone(), weights), run(0.0));
    assert_eq!(y.slice()[2..], [0.0, 0.0]);
    assert_eq!(of_x.slice()[1], 0.0);
}
