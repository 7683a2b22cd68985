//! Buffers, threads and failures, in training.

use crate::refused;
use gradtape::nn::*;
use gradtape::{Tape, Tensor, random::Rng};

#[test]
fn buffers_change_with_the_step_alone() {
    let mut params = Params::<f64>::seeded(1);
    let norm = BatchNorm1d::new(&mut params, 1);
    let mean = params.find("batch_norm1.running_mean").unwrap();
    let batches = params.find("batch_norm1.num_batches_tracked").unwrap();
    assert!(params.is_buffer(mean) && !params.is_trainable(mean));
    assert_eq!(params.count(), 2, "buffers are no parameters");
    let mut sgd = Optimizer::new(Sgd::new(0.1));
    let (mut tape, rng) = (Tape::new(), Rng::new(1));
    let x = Tensor::from([[1.0], [5.0]]);
    let grads = {
        let cx = params.train(&tape, &rng);
        // Twice in one pass, as when a layer is shared: both count.
        let y = norm.forward(&cx, tape.constant(x.clone())) + norm.forward(&cx, tape.constant(x.clone()));
        cx.backward(y.sum())
    };
    tape.reset();
    assert_eq!(params.get(mean).item(), 0.0, "a pass without a step changes nothing");
    sgd.step(&mut params, &grads);
    assert!((params.get(mean).item() - (0.3 + 0.9 * 0.3)).abs() < 1e-15);
    assert_eq!(params.get(batches).item(), 2.0);
    let before = params.get(mean).clone();
    norm.forward(&params.eval(), x);
    assert_eq!(*params.get(mean), before, "evaluation changes nothing");
}

#[test]
fn buffers_are_neither_trained_nor_averaged() {
    let mut params = Params::<f64>::seeded(1);
    BatchNorm1d::new(&mut params, 1);
    let batches = params.find("batch_norm1.num_batches_tracked").unwrap();
    let mut average = Ema::new(0.5, &params).unwrap();
    *params.get_mut(batches) = Tensor::scalar(7.0);
    average.update(&params);
    assert_eq!(average.applied_to(&params).get(batches).item(), 7.0);
    let message = refused(|| params.set_trainable(batches, true));
    assert!(message.contains("the buffer `batch_norm1.num_batches_tracked` is not trained"), "{message}");
}

#[test]
fn a_trainer_keeps_running_statistics() {
    let x = Rng::new(3).normal::<f64>([256, 2], 4.0, 3.0);
    let data = Arrays::new(x.clone(), x.narrow(1, 0, 1)).unwrap();
    let mut params = Params::seeded(1);
    let model = (BatchNorm1d::new(&mut params, 2), Linear::new(&mut params, 2, 1));
    let mut trainer = Trainer::new(model, params, Sgd::new(0.05), Mse);
    trainer.fit(&data, Fit { epochs: 8, progress: false, ..Fit::default() }).unwrap();
    let found = |name: &str| trainer.params.get(trainer.params.find(name).unwrap()).clone();
    assert!(found("batch_norm1.running_mean").slice().iter().all(|m| (m - 4.0).abs() < 0.6));
    assert!(found("batch_norm1.running_var").slice().iter().all(|v| (v / 9.0 - 1.0).abs() < 0.25));
    assert_eq!(found("batch_norm1.num_batches_tracked").item(), 64.0);
}

/// A model with most kinds of layers after some steps, buffers and all.
fn trained(
    x: &Tensor<f32>,
    target: f32,
) -> (Vec<(String, Tensor<f32>)>, Result<Vec<Epoch>, gradtape::Error>) {
    let mut params = Params::seeded(1);
    let model = (
        Conv2d::new(&mut params, 1, 4, 3),
        BatchNorm2d::new(&mut params, 4),
        Relu,
        Dropout2d(0.25),
        FlattenAxes(2, 3),
        Lstm::new(&mut params, 16, 8),
        TransformerEncoderLayer::new(&mut params, 8, 2),
        Flatten,
        Linear::new(&mut params, 32, 1),
    );
    let data = Arrays::new(x.clone(), Tensor::full([x.shape()[0], 1], target)).unwrap();
    let mut trainer = Trainer::new(model, params, Adam::default(), Mse);
    let result = trainer.fit(&data, Fit { batch: 16, progress: false, ..Fit::default() });
    (trainer.params.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect(), result)
}

#[test]
fn training_gives_the_same_bits_at_any_number_of_threads() {
    let x = Rng::new(2).uniform([64, 1, 6, 6], -1.0, 1.0);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (values, result) = trained(&x, 0.0);
            result.unwrap();
            values
        })
    };
    let one = with(1);
    assert!(with(2) == one && with(4) == one);
}

#[test]
fn a_step_that_fails_changes_no_buffer() {
    // Its square is beyond f32: the loss is infinite, and refused after the forward pass.
    let (values, result) = trained(&Rng::new(2).uniform([16, 1, 6, 6], -1.0, 1.0), 1e30);
    assert!(result.unwrap_err().to_string().contains("the training loss"));
    let buffer = |name: &str| {
        let name = format!("batch_norm1.{name}");
        values.iter().find(|(other, _)| *other == name).unwrap().1.clone()
    };
    assert_eq!(buffer("num_batches_tracked").item(), 0.0);
    assert_eq!(buffer("running_mean"), Tensor::zeros([4]));
}
