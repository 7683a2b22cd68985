//! Layers, losses, optimizers and the training loop, and what they refuse.

use gradtape::nn::init::{Fan, Nonlinearity, gain};
use gradtape::nn::schedule::{Exponential, Lambda, Plateau, Step, ThresholdMode};
use gradtape::nn::{
    Adam, Arrays, CrossEntropy, Ctx, Dataset, Dense, Dropout, Every, Fit, Flatten, Init, Linear, Module, Mse,
    Optimizer, Params, Relu, Sgd, Sigmoid, Tanh, Trainer, accuracy,
};
use gradtape::ops::Reduction;
use gradtape::{Error, Interp, Shape, Tape, Tensor, Value, data::Images, gradcheck::gradcheck, random::Rng};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

mod metrics;
mod stopping;
#[path = "../fixtures/tensor.rs"]
mod tensor;

/// The message of a panic that must come.
fn refused<R>(f: impl FnOnce() -> R) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).err().expect("a refusal");
    payload.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn names_are_unique_and_say_where_a_layer_is() {
    let mut params = Params::<f32>::seeded(0);
    Linear::new(&mut params, 2, 3);
    Dense::new(&mut params, 3, 4);
    params.at("encoder", |params| {
        params.at("fc1", |params| Linear::new(params, 4, 4));
        Linear::new(params, 4, 1)
    });
    let names: Vec<&str> = params.iter().map(|(name, _)| name).collect();
    let expected = [
        "linear1.weight",
        "linear1.bias",
        "linear2.weight",
        "linear2.bias",
        "encoder.fc1.weight",
        "encoder.fc1.bias",
        "encoder.weight",
        "encoder.bias",
    ];
    assert_eq!(names, expected);
    assert_eq!(params.count(), 6 + 3 + 12 + 4 + 16 + 4 + 4 + 1);
}

#[test]
#[should_panic(expected = "the name `p` is taken")]
fn a_name_cannot_be_taken_twice() {
    let mut params = Params::<f64>::seeded(0);
    params.add("p", Tensor::from([1.0]));
    params.add("p", Tensor::from([2.0]));
}

#[test]
fn starting_weights_have_the_spread_they_promise() {
    let rng = Rng::new(3);
    let shape = Shape::from([200, 300]);
    let spread = |init: Init| {
        let w = init.make::<f64>(&rng, &shape);
        let n = w.shape().size() as f64;
        let mean = w.sum().item() / n;
        (mean, (w.powf(2.0).sum().item() / n).sqrt(), w.abs().max().item())
    };
    // A uniform variable within ±b has the standard deviation b/√3.
    for (init, bound) in [
        (Init::GlorotUniform, (6.0f64 / 500.0).sqrt()),
        (Init::HeUniform, (6.0f64 / 300.0).sqrt()),
        (Init::LecunUniform, (3.0f64 / 300.0).sqrt()),
        (
            Init::Scaled { gain: gain(Nonlinearity::LeakyRelu(5f64.sqrt())), fan: Fan::In, normal: false },
            1.0 / 300f64.sqrt(),
        ),
        (Init::Uniform(0.25), 0.25),
    ] {
        let (mean, deviation, greatest) = spread(init);
        assert!(mean.abs() < bound * 0.02, "{init:?}: mean {mean}");
        assert!((deviation / (bound / 3f64.sqrt()) - 1.0).abs() < 0.02, "{init:?}: deviation {deviation}");
        assert!(greatest <= bound && greatest > bound * 0.99, "{init:?}: {greatest}");
    }
    // A normal one is known by its deviation, and reaches beyond any uniform one of the same.
    for (init, std) in [
        (Init::Normal(0.3), 0.3),
        (Init::GlorotNormal, (2.0f64 / 500.0).sqrt()),
        (Init::HeNormal, (2.0f64 / 300.0).sqrt()),
        (Init::LecunNormal, (1.0f64 / 300.0).sqrt()),
        (
            Init::Scaled { gain: gain(Nonlinearity::Tanh), fan: Fan::Out, normal: true },
            5.0 / 3.0 / 200f64.sqrt(),
        ),
    ] {
        let (mean, deviation, greatest) = spread(init);
        assert!(mean.abs() < std * 0.02, "{init:?}: mean {mean}");
        assert!((deviation / std - 1.0).abs() < 0.02, "{init:?}: deviation {deviation}");
        assert!(greatest > 3.5 * std, "{init:?}: {greatest}");
    }
    // Known for ±2: the variance of the standard normal within is 0.7737.
    let (_, deviation, greatest) =
        spread(Init::TruncatedNormal { mean: 0.0, std: 1.0, low: -2.0, high: 2.0 });
    assert!((deviation - 0.7737f64.sqrt()).abs() < 0.01 && greatest <= 2.0, "{deviation}, {greatest}");
    // What is left of a mean at a bound is one half of the bell.
    let (mean, _, _) = spread(Init::TruncatedNormal { mean: 1.0, std: 1.0, low: 1.0, high: 9.0 });
    assert!((mean - 1.0 - (2.0 / std::f64::consts::PI).sqrt()).abs() < 0.01, "{mean}");
    assert_eq!(Init::Constant(0.5).make::<f64>(&rng, &shape), Tensor::full(&shape, 0.5));
    assert_eq!(Init::Zeros.make::<f64>(&rng, &shape).abs().max().item(), 0.0);
}

#[test]
fn orthogonal_weights_are_and_identities_pass_their_input_on() {
    let rng = Rng::new(3);
    for dims in [&[3, 5][..], &[5, 3], &[4, 2, 3]] {
        let w = Init::Orthogonal(2.0)
            .make::<f64>(&rng, &Shape::from(dims))
            .reshape([dims[0], dims[1..].iter().product()]);
        let short = if w.shape()[0] <= w.shape()[1] { w.clone() } else { w.transpose(0, 1) };
        let product = short.matmul(&short.transpose(0, 1));
        let four = Init::Eye.make::<f64>(&rng, product.shape()) * 4.0;
        assert!((product - four).abs().max().item() < 1e-13, "{dims:?}");
    }
    let x = rng.uniform::<f64>([1, 2, 5], -1.0, 1.0);
    let w = Init::Dirac { groups: 1 }.make(&rng, &Shape::from([3, 2, 3]));
    let y = x.conv1d(&w, None, gradtape::ops::ConvOptions { padding: 1.into(), ..Default::default() });
    assert_eq!(y, x.pad(&[0, 0, 0, 1], Default::default()));
    // In two groups each of four channels sees two: the same ones, twice.
    let w = Init::Dirac { groups: 2 }.make::<f64>(&rng, &Shape::from([4, 2, 1]));
    assert_eq!(w.slice(), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(gain(Nonlinearity::Relu), 2f64.sqrt());
    assert_eq!((gain(Nonlinearity::Linear), gain(Nonlinearity::Selu)), (1.0, 0.75));
}

#[test]
#[should_panic(expected = "gradtape: orthogonal: needs [out, in, ..], not [3]")]
fn an_orthogonal_vector_is_refused() {
    Init::Orthogonal(1.0).make::<f64>(&Rng::new(1), &Shape::from([3]));
}

#[test]
fn dropout_keeps_the_expectation_in_training_and_everything_in_evaluation() {
    let params = Params::<f64>::seeded(0);
    let x = Tensor::ones([100, 200]);
    assert_eq!(Dropout(0.3).forward(&params.eval(), x.clone()), x);

    let (tape, rng) = (Tape::new(), Rng::new(5));
    let draw = || Dropout(0.3).forward(&params.train(&tape, &rng), tape.constant(x.clone())).tensor().clone();
    let (first, second) = (draw(), draw());
    assert_ne!(first, second, "each pass draws anew");
    let kept = 1.0 / 0.7;
    assert!(first.slice().iter().all(|&v| v == 0.0 || v == kept));
    let mean = first.mean().item();
    assert!((mean - 1.0).abs() < 0.02, "{mean}");

    let again = Rng::new(5);
    let same = Dropout(0.3).forward(&params.train(&tape, &again), tape.constant(x.clone())).tensor().clone();
    assert_eq!(first, same, "the same seed gives the same mask");
}

#[test]
#[should_panic(expected = "a probability in [0, 1), not 1")]
fn dropout_of_everything_is_refused() {
    Rng::new(0).dropout_mask::<f32>([2], 1.0);
}

/// A model whose parameters are its inputs, for `gradcheck`.
fn with_parameters<'t>(
    model: &impl Module,
    v: &[Value<gradtape::Record<'t, f64>>],
) -> Value<gradtape::Record<'t, f64>> {
    let cx = Ctx::new(v[1..].to_vec(), None);
    model.forward(&cx, v[0].clone())
}

#[test]
fn a_whole_model_passes_gradcheck_in_both_orders() {
    let mut params = Params::<f64>::seeded(2);
    let model = (
        Flatten,
        Linear::new(&mut params, 6, 4),
        Tanh,
        Dense::new(&mut params, 4, 3),
        Sigmoid,
        Linear::new(&mut params, 3, 2),
    );
    let mut inputs = vec![Rng::new(9).uniform([5, 2, 3], -1.0, 1.0)];
    inputs.extend(params.iter().map(|(_, value)| value.clone()));
    gradcheck(|v| with_parameters(&model, v), &inputs).unwrap();
    let targets = [0, 1, 1, 0, 1].into();
    gradcheck(|v| with_parameters(&model, v).cross_entropy(&targets), &inputs).unwrap();
    let targets = Tensor::zeros([5, 2]);
    gradcheck(
        |v| with_parameters(&model, v).mse_loss(&v[0].lift(targets.clone()), None, Reduction::Mean),
        &inputs,
    )
    .unwrap();
}

/// Points of two classes, apart.
pub(crate) fn two_blobs(n: usize) -> Images {
    let pixels = (0..n)
        .flat_map(|i| if i % 2 == 0 { [200, 10, (i % 7) as u8, 0] } else { [10, 200, 0, (i % 5) as u8] });
    let labels = (0..n).map(|i| (i % 2) as u8);
    Images::from_parts(pixels.collect(), labels.collect(), 2, 2, 2).unwrap()
}

pub(crate) fn classifier(
    seed: u64,
) -> Trainer<(Flatten, Linear, Relu, Dropout, Linear), f32, Adam, CrossEntropy> {
    let mut params = Params::seeded(seed);
    let model = (Flatten, Dense::new(&mut params, 4, 8), Relu, Dropout(0.2), Dense::new(&mut params, 8, 2));
    Trainer::new(model, params, Adam::new(0.02), CrossEntropy).metric("accuracy", accuracy)
}

#[test]
fn fit_learns_reports_and_validates() {
    let reported = Arc::new(AtomicUsize::new(0));
    let count = reported.clone();
    let mut trainer = classifier(1).on_epoch(move |epoch| {
        count.fetch_add(1, Ordering::Relaxed);
        assert!(epoch.to_string().starts_with(&format!("epoch {}/6  loss ", epoch.number)), "{epoch}");
    });
    let fit = Fit { epochs: 6, batch: 16, validation_split: 0.25, ..Fit::default() };
    let history = trainer.fit(&two_blobs(200), fit).unwrap();
    assert_eq!((history.len(), reported.load(Ordering::Relaxed)), (6, 6));
    let last = history.last().unwrap();
    assert!(last.training.loss < history[0].training.loss);
    assert_eq!(last.validation.as_ref().unwrap().metrics, [("accuracy", 1.0)]);
    let test = trainer.evaluate(&two_blobs(50)).unwrap();
    assert_eq!(test.metrics, [("accuracy", 1.0)]);
    assert_eq!(test.to_string(), format!("loss {:.4}  accuracy 1.0000", test.loss));
}

#[test]
fn the_same_seed_gives_the_same_bits_at_any_number_of_threads() {
    let weights = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = classifier(3);
            trainer.fit(&two_blobs(100), Fit { epochs: 2, batch: 8, seed, ..Fit::default() }).unwrap();
            trainer.params.iter().flat_map(|(_, value)| value.slice().to_vec()).collect::<Vec<f32>>()
        })
    };
    let one = weights(1, 7);
    for threads in [2, 4, 8] {
        assert_eq!(weights(threads, 7), one);
    }
    assert_ne!(weights(2, 8), one);
}

#[test]
fn batches_hold_every_sample_once_in_a_seeded_order() {
    let x = Tensor::<f64>::from_fn([10, 1], |i| i as f64);
    let data = Arrays::new(x.clone(), x).unwrap();
    let order = |seed| data.batches(4, seed).flat_map(|(x, _)| x.slice().to_vec()).collect::<Vec<f64>>();
    let sizes: Vec<usize> = data.batches(4, 0).map(|(x, _)| x.shape()[0]).collect();
    assert_eq!(sizes, [4, 4, 2]);
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
    let mut sorted = order(1);
    sorted.sort_by(f64::total_cmp);
    assert!(sorted.iter().copied().eq((0..10).map(f64::from)));
}

#[test]
fn pixels_become_numbers_from_0_to_1() {
    let images = Images::from_parts(vec![0, 51, 255, 102], vec![3], 2, 2, 10).unwrap();
    let (x, t) = images.batch(&[0]);
    assert_eq!(x.shape().dims(), [1, 2, 2]);
    assert!(x.slice().iter().zip([0.0, 0.2, 1.0, 0.4]).all(|(a, b): (&f32, f32)| (a - b).abs() < 1e-6));
    assert_eq!(t.slice(), [3]);
}

/// The message of an error that must come.
pub(crate) fn message<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn options_outside_their_domain_are_refused_by_name() {
    let data = two_blobs(10);
    let fit = |fit| message(classifier(1).fit(&data, fit));
    assert_eq!(fit(Fit { batch: 0, ..Fit::default() }), "batch size: expected at least 1, found 0");
    let split = |validation_split| fit(Fit { validation_split, ..Fit::default() });
    assert_eq!(split(1.0), "validation split: expected a share in [0, 1), found 1");
    assert_eq!(split(-0.1), "validation split: expected a share in [0, 1), found -0.1");
    assert!(split(f64::NAN).contains("found NaN"));

    let with = |optimizer: Adam| {
        let mut trainer = classifier(1);
        trainer.optimizer = Optimizer::new(optimizer);
        message(trainer.fit(&data, Fit::default()))
    };
    assert_eq!(
        with(Adam::new(f64::NAN)),
        "learning rate: expected a number finite and not negative, found NaN"
    );
    assert_eq!(with(Adam::new(-1.0)), "learning rate: expected a number finite and not negative, found -1");
    assert!(with(Adam::new(f64::INFINITY)).starts_with("learning rate"));
    assert_eq!(
        with(Adam { betas: (1.0, 0.9), ..Adam::default() }),
        "beta1: expected a number in [0, 1), found 1"
    );
    assert!(with(Adam { betas: (0.9, -0.5), ..Adam::default() }).starts_with("beta2"));
    assert!(with(Adam { eps: -1.0, ..Adam::default() }).starts_with("eps"));
    assert!(with(Adam { weight_decay: f64::NAN, ..Adam::default() }).starts_with("weight decay"));
}

#[test]
fn data_that_does_not_fit_is_refused_with_what_was_expected() {
    let x = || Tensor::<f32>::ones([3, 2]);
    let nan = Tensor::new(vec![0.0, 1.0, 2.0, f32::NAN, 4.0, 5.0], [3, 2]);
    assert_eq!(
        message(Arrays::new(nan.clone(), x())),
        "inputs, sample 1: expected finite numbers, found NaN"
    );
    assert_eq!(message(Arrays::new(x(), nan)), "targets, sample 1: expected finite numbers, found NaN");
    assert!(message(Arrays::new(x(), Tensor::ones([4, 1]))).contains("expected 3 samples"));
    assert!(
        message(Arrays::new(Tensor::<f32>::ones([0, 2]), Tensor::ones([0, 1])))
            .contains("at least one sample")
    );
    assert!(message(Arrays::new(Tensor::<f32>::scalar(1.0), x())).contains("at least one sample"));

    // More classes in the labels than outputs of the model.
    let three = Images::from_parts(vec![0; 12], vec![0, 1, 2], 2, 2, 3).unwrap();
    let error = message(classifier(1).fit(&three, Fit::default()));
    assert_eq!(error, "cross-entropy: a label, in epoch 1: expected below 2, found 2");
    assert!(message(classifier(1).evaluate(&three)).contains("expected below 2, found 2"));
    assert!(message(Images::from_parts(vec![0; 4], vec![7], 2, 2, 3)).contains('7'));

    let mut params = Params::<f32>::seeded(1);
    let model = Linear::new(&mut params, 2, 2);
    let mut trainer = Trainer::new(model, params, Sgd::new(0.1), Mse);
    let data = Arrays::new(x(), Tensor::ones([3, 1])).unwrap();
    let error = message(trainer.fit(&data, Fit::default()));
    assert!(error.contains("expected shape [3, 2], as the output, found [3, 1]"), "{error}");
}

#[test]
fn training_that_diverges_stops_and_keeps_the_last_good_parameters() {
    let mut params = Params::<f32>::seeded(1);
    let model = Linear::new(&mut params, 1, 1);
    let mut trainer = Trainer::new(model, params, Sgd::new(1e30), Mse);
    let x = Tensor::from_fn([64, 1], |i| i as f32);
    let data = Arrays::new(x.clone(), x).unwrap();
    let error = message(trainer.fit(&data, Fit { epochs: 50, ..Fit::default() }));
    assert!(error.starts_with("the training loss, in epoch 1: expected a finite number"), "{error}");
    assert!(trainer.params.iter().all(|(_, value)| value.slice().iter().all(|v| v.is_finite())));
}

#[test]
fn a_model_of_the_wrong_size_names_both_shapes() {
    let mut params = Params::<f64>::seeded(0);
    let layer = Linear::new(&mut params, 3, 2);
    let message = refused(|| drop(layer.forward(&params.eval(), Tensor::ones([5, 4]))));
    assert_eq!(message, "gradtape: linear: needs [.., in], [out, in] and [out], not [5, 4], [2, 3] and [2]");
}

/// A module is generic over the interpreter: forward mode runs through it as well.
#[test]
fn modules_run_in_forward_mode() {
    fn run<I: Interp>(model: &impl Module, values: Vec<Value<I>>, x: Value<I>) -> Value<I> {
        model.forward(&Ctx::new(values, None), x)
    }
    let mut params = Params::<f64>::seeded(4);
    let model = (Linear::new(&mut params, 2, 3), Tanh);
    let x = Tensor::from([[0.3, -0.4]]);
    let direction = Tensor::from([[1.0, 0.5]]);
    let constants = params.iter().map(|(_, v)| gradtape::Dual::new(v.clone(), None)).collect();
    let pushed = run(&model, constants, gradtape::Dual::new(x.clone(), Some(direction.clone())));
    let at = |t: f64| run(&model, params.iter().map(|(_, v)| v.clone()).collect(), &x + &direction * t);
    let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
    let difference = (pushed.tangent().unwrap() - &numeric).abs().max().item();
    assert!(difference < 1e-8, "{difference}");
}

#[test]
fn a_schedule_follows_steps_or_epochs_over_several_fits() {
    let x = Tensor::<f32>::from_fn([10, 1], |i| i as f32 / 10.0);
    let data = Arrays::new(x.clone(), x).unwrap();
    let trainer = |every| {
        let mut params = Params::seeded(1);
        let model = Linear::new(&mut params, 1, 1);
        Trainer::new(model, params, Sgd::new(0.5), Mse).schedule(every, Exponential { gamma: 0.5 })
    };
    let fit = |epochs| Fit { epochs, batch: 4, ..Fit::default() };
    let mut by_epoch = trainer(Every::Epoch);
    by_epoch.fit(&data, fit(2)).unwrap();
    assert_eq!(by_epoch.optimizer.rules()[0].lr, 0.25);
    by_epoch.fit(&data, fit(1)).unwrap();
    assert_eq!(by_epoch.optimizer.rules()[0].lr, 0.125);
    let mut by_step = trainer(Every::Step);
    by_step.fit(&data, fit(2)).unwrap(); // three steps an epoch
    assert_eq!(by_step.optimizer.rules()[0].lr, 0.5f64.powi(6));
}

#[test]
fn a_trainer_clips_and_lets_the_learning_rate_fall_on_a_plateau() {
    let x = Tensor::<f32>::from_fn([8, 1], |i| i as f32);
    let data = Arrays::new(x.clone(), x).unwrap();
    let mut params = Params::seeded(1);
    let model = Linear::new(&mut params, 1, 1);
    let before = params.get(model.weight).slice()[0];
    let plateau = Plateau {
        factor: 0.5,
        patience: 0,
        threshold: 1e9,
        threshold_mode: ThresholdMode::Abs,
        ..Plateau::default()
    };
    let mut trainer = Trainer::new(model, params, Sgd::new(0.25), Mse).clip_norm(1e-3).plateau(plateau);
    trainer.fit(&data, Fit { epochs: 3, ..Fit::default() }).unwrap();
    assert_eq!(trainer.optimizer.rules()[0].lr, 0.0625, "nothing is better by 1e9 twice");
    let moved = (trainer.params.get(model.weight).slice()[0] - before).abs();
    assert!(moved > 0.0 && moved <= 3.0 * 0.25e-3, "{moved}");
    let mut bad = trainer.clip_norm(f64::NAN);
    let error = message(bad.fit(&data, Fit::default()));
    assert!(error.starts_with("norm to clip to"), "{error}");
}

#[test]
fn a_schedule_that_gives_no_number_is_an_error() {
    let data = Arrays::new(Tensor::<f32>::ones([4, 1]), Tensor::ones([4, 1])).unwrap();
    let mut params = Params::seeded(1);
    let model = Linear::new(&mut params, 1, 1);
    let mut trainer = Trainer::new(model, params, Sgd::new(0.1), Mse);
    trainer = trainer.schedule(Every::Step, Lambda(|_| f64::NAN));
    let error = message(trainer.fit(&data, Fit::default()));
    assert_eq!(error, "learning rate: expected a number finite and not negative, found NaN");
    let message = refused(|| trainer.optimizer.schedule(&Step::new(0), 1));
    assert_eq!(message, "gradtape: optimizer: step_size: expected at least 1, found 0");
}

#[test]
fn a_plateau_lowers_what_a_schedule_starts_from() {
    let data = Arrays::new(Tensor::<f32>::ones([4, 1]), Tensor::ones([4, 1])).unwrap();
    let mut params = Params::seeded(1);
    let model = Linear::new(&mut params, 1, 1);
    let never = Plateau {
        factor: 0.5,
        patience: 0,
        threshold: 1e9,
        threshold_mode: ThresholdMode::Abs,
        ..Plateau::default()
    };
    let mut trainer = Trainer::new(model, params, Sgd::new(0.1), Mse).plateau(never);
    trainer = trainer.schedule(Every::Epoch, Exponential { gamma: 0.5 });
    trainer.fit(&data, Fit { epochs: 3, ..Fit::default() }).unwrap();
    // Lowered after the second and the third epoch; the third ran at 0.1 · ½ · ½².
    assert_eq!(trainer.optimizer.rules()[0].lr, 0.1 * 0.5 * 0.25 * 0.5);
    trainer.fit(&data, Fit::default()).unwrap();
    assert_eq!(trainer.optimizer.rules()[0].lr, 0.1 * 0.5 * 0.5 * 0.125 * 0.5);
}

#[test]
fn a_layer_of_other_parameters_is_refused() {
    let mut params = Params::<f32>::seeded(1);
    let layer = Linear::new(&mut params, 2, 2);
    let others = Params::<f32>::seeded(1);
    for f in [
        &(|| drop(layer.forward(&others.eval(), Tensor::ones([1, 2])))) as &dyn Fn(),
        &|| drop(others.get(layer.bias.unwrap()).clone()),
        &|| others.clone().set_trainable(layer.bias.unwrap(), false),
        &|| *others.clone().get_mut(layer.bias.unwrap()) = Tensor::ones([2]),
    ] {
        let message = refused(f);
        assert!(message.starts_with("gradtape: params: parameter "), "{message}");
        assert!(message.ends_with("is not among these 0: it was built with others"), "{message}");
    }
}

#[test]
fn layers_without_inputs_start_finite() {
    let mut params = Params::<f32>::seeded(1);
    let linear = Linear::new(&mut params, 0, 3);
    Dense::new(&mut params, 0, 0);
    Linear::started(&mut params, 0, 2, Init::HeUniform, Init::Zeros);
    assert_eq!(params.get(linear.bias.unwrap()).slice(), [0.0; 3]);
    assert_eq!(linear.forward(&params.eval(), Tensor::ones([2, 0])), Tensor::zeros([2, 3]));
}

#[test]
fn a_batch_larger_than_the_data_is_all_of_it() {
    let data = Arrays::new(Tensor::<f32>::ones([5, 1]), Tensor::ones([5, 1])).unwrap();
    assert_eq!(data.batches(usize::MAX, 1).map(|(x, _)| x.shape()[0]).collect::<Vec<_>>(), [5]);
}

/// √|x·w|, whose slope is infinite where it is 0.
struct Root(Linear);

impl Module for Root {
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.0.forward(cx, x).sqrt()
    }
}

#[test]
fn parameters_that_the_last_step_made_infinite_or_nan_are_an_error() {
    let data = Arrays::new(Tensor::<f32>::zeros([4, 1]), Tensor::ones([4, 1])).unwrap();
    let mut params = Params::seeded(1);
    let model = Root(Linear::started(&mut params, 1, 1, Init::Zeros, Init::Zeros));
    let mut trainer = Trainer::new(model, params, Sgd::new(0.1), Mse);
    let error = message(trainer.fit(&data, Fit::default()));
    assert!(
        error.starts_with("parameter linear1.") && error.contains("in epoch 1: expected finite"),
        "{error}"
    );
}

#[test]
fn a_loss_without_a_trainable_parameter_is_an_error() {
    let data = Arrays::new(Tensor::<f32>::ones([4, 1]), Tensor::ones([4, 1])).unwrap();
    let mut params = Params::seeded(1);
    let model = Linear::new(&mut params, 1, 1);
    params.set_trainable(model.weight, false);
    params.set_trainable(model.bias.unwrap(), false);
    let error = message(Trainer::new(model, params, Sgd::new(0.1), Mse).fit(&data, Fit::default()));
    assert!(error.starts_with("the training loss, in epoch 1: expected a trainable parameter"), "{error}");
}
