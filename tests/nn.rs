//! Layers, losses, optimizers and the training loop, and what they refuse.

use gradtape::nn::{
    Adam, Arrays, CrossEntropy, Ctx, Dataset, Dense, Dropout, Fit, Flatten, Init, Linear, Module, Mse,
    Optimizer, ParamId, Params, Relu, Sgd, Sigmoid, Tanh, Trainer, accuracy,
};
use gradtape::{Error, Interp, Shape, Tape, Tensor, Value, data::Images, gradcheck::gradcheck, random::Rng};
use std::cell::RefCell;
use std::rc::Rc;

/// Gradients of ⟨c, p⟩ in a parameter p: c itself, so that a step can be followed by hand.
fn step_with(optimizer: &mut impl Optimizer<f64>, params: &mut Params<f64>, id: ParamId, gradient: &[f64]) {
    let (mut tape, rng) = (Tape::new(), Rng::new(0));
    let grads = {
        let cx = params.train(&tape, &rng);
        let p = cx.get(id).clone();
        let c = tape.constant(Tensor::new(gradient.to_vec(), p.shape()));
        let loss = (&p * &c).sum();
        drop(p);
        cx.backward(loss)
    };
    tape.reset();
    optimizer.step(params, &grads);
}

fn one_parameter(value: &[f64]) -> (Params<f64>, ParamId) {
    let mut params = Params::seeded(0);
    let id = params.add("p", Tensor::new(value.to_vec(), [value.len()]));
    (params, id)
}

fn close(a: &[f64], b: &[f64]) {
    assert!(
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-14),
        "{a:?} against {b:?}"
    );
}

const GRADIENTS: [[f64; 3]; 4] = [[0.5, -1.0, 2.0], [0.1, 0.2, -0.3], [-1.5, 0.0, 0.25], [2.0, -0.5, 1.0]];

#[test]
fn adam_follows_the_paper() {
    let (lr, b1, b2, eps, decay) = (0.01, 0.8, 0.95, 1e-3, 0.1);
    let (mut params, id) = one_parameter(&[1.0, -2.0, 0.5]);
    let mut adam = Adam::new(lr).betas(b1, b2).eps(eps).weight_decay(decay);
    let (mut p, mut m, mut v) = ([1.0, -2.0, 0.5], [0.0; 3], [0.0; 3]);
    for (t, gradient) in GRADIENTS.iter().enumerate() {
        step_with(&mut adam, &mut params, id, gradient);
        for i in 0..3 {
            let g: f64 = gradient[i] + decay * p[i];
            m[i] = b1 * m[i] + (1.0 - b1) * g;
            v[i] = b2 * v[i] + (1.0 - b2) * g * g;
            let (m_hat, v_hat): (f64, f64) =
                (m[i] / (1.0 - b1.powi(t as i32 + 1)), v[i] / (1.0 - b2.powi(t as i32 + 1)));
            p[i] -= lr * m_hat / (v_hat.sqrt() + eps);
        }
        close(params.get(id).slice(), &p);
    }
}

#[test]
fn sgd_follows_pytorch_with_and_without_nesterov() {
    for nesterov in [false, true] {
        let (lr, momentum, decay) = (0.1, 0.9, 0.01);
        let (mut params, id) = one_parameter(&[1.0, -2.0, 0.5]);
        let mut sgd = Sgd::new(lr).momentum(momentum).weight_decay(decay);
        if nesterov {
            sgd = sgd.nesterov();
        }
        let (mut p, mut b) = ([1.0, -2.0, 0.5], [0.0; 3]);
        for gradient in &GRADIENTS {
            step_with(&mut sgd, &mut params, id, gradient);
            for i in 0..3 {
                let g = gradient[i] + decay * p[i];
                b[i] = momentum * b[i] + g;
                p[i] -= lr * if nesterov { g + momentum * b[i] } else { b[i] };
            }
            close(params.get(id).slice(), &p);
        }
    }
}

#[test]
fn moments_never_decay_into_denormals() {
    let (mut params, id) = one_parameter(&[1.0]);
    let mut adam = Adam::default();
    step_with(&mut adam, &mut params, id, &[1e-20]);
    for _ in 0..2000 {
        step_with(&mut adam, &mut params, id, &[0.0]);
    }
    let before = params.get(id).slice()[0];
    step_with(&mut adam, &mut params, id, &[0.0]);
    assert_eq!(params.get(id).slice()[0], before, "the first moment should have been flushed to 0");
}

#[test]
fn a_parameter_without_a_gradient_is_not_touched_by_decay_or_momentum() {
    let mut params = Params::seeded(0);
    let used = params.add("used", Tensor::from([1.0]));
    let idle = params.add("idle", Tensor::from([1.0]));
    let frozen = params.add("frozen", Tensor::from([1.0]));
    params.set_trainable(frozen, false);
    let mut adam = Adam::new(0.1).weight_decay(0.5);
    let (mut tape, rng) = (Tape::new(), Rng::new(0));
    let grads = {
        let cx = params.train(&tape, &rng);
        let loss = (cx.get(used) * cx.get(frozen)).sum();
        cx.backward(loss)
    };
    tape.reset();
    assert!(grads.get(used).is_some() && grads.get(idle).is_none() && grads.get(frozen).is_none());
    adam.step(&mut params, &grads);
    assert_eq!(params.get(idle).slice(), [1.0]);
    assert_eq!(params.get(frozen).slice(), [1.0]);
    assert_ne!(params.get(used).slice(), [1.0]);
}

#[test]
fn a_step_is_in_place_once_the_tape_has_let_go() {
    let (mut params, id) = one_parameter(&[1.0, 2.0]);
    let address = params.get(id).slice().as_ptr();
    step_with(&mut Sgd::new(0.1), &mut params, id, &[1.0, 1.0]);
    assert_eq!(params.get(id).slice().as_ptr(), address);
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
    let (mut params, _) = one_parameter(&[1.0]);
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
        (Init::Uniform(0.25), 0.25),
    ] {
        let (mean, deviation, greatest) = spread(init);
        assert!(mean.abs() < bound * 0.02, "{init:?}: mean {mean}");
        assert!((deviation / (bound / 3f64.sqrt()) - 1.0).abs() < 0.02, "{init:?}: deviation {deviation}");
        assert!(greatest <= bound && greatest > bound * 0.99, "{init:?}: {greatest}");
    }
    assert_eq!(Init::Zeros.make::<f64>(&rng, &shape).abs().max().item(), 0.0);
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
    gradcheck(|v| with_parameters(&model, v).mse(&v[0].lift(targets.clone())), &inputs).unwrap();
}

/// Points of two classes, apart.
fn two_blobs(n: usize) -> Images {
    let pixels = (0..n)
        .flat_map(|i| if i % 2 == 0 { [200, 10, (i % 7) as u8, 0] } else { [10, 200, 0, (i % 5) as u8] });
    let labels = (0..n).map(|i| (i % 2) as u8);
    Images::from_parts(pixels.collect(), labels.collect(), 2, 2, 2).unwrap()
}

fn classifier(seed: u64) -> Trainer<(Flatten, Linear, Relu, Dropout, Linear), f32, Adam<f32>, CrossEntropy> {
    let mut params = Params::seeded(seed);
    let model = (Flatten, Dense::new(&mut params, 4, 8), Relu, Dropout(0.2), Dense::new(&mut params, 8, 2));
    Trainer::new(model, params, Adam::new(0.02), CrossEntropy).metric("accuracy", accuracy)
}

#[test]
fn fit_learns_reports_and_validates() {
    let reported = Rc::new(RefCell::new(0));
    let count = reported.clone();
    let mut trainer = classifier(1).on_epoch(move |epoch| {
        *count.borrow_mut() += 1;
        assert!(epoch.to_string().starts_with(&format!("epoch {}/6  loss ", epoch.number)), "{epoch}");
    });
    let fit = Fit { epochs: 6, batch: 16, validation_split: 0.25, ..Fit::default() };
    let history = trainer.fit(&two_blobs(200), fit).unwrap();
    assert_eq!((history.len(), *reported.borrow()), (6, 6));
    let last = history.last().unwrap();
    assert!(last.training.loss < history[0].training.loss);
    assert_eq!(last.validation.as_ref().unwrap().metric, Some(("accuracy", 1.0)));
    let test = trainer.evaluate(&two_blobs(50)).unwrap();
    assert_eq!(test.metric, Some(("accuracy", 1.0)));
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
fn message<T>(result: Result<T, Error>) -> String {
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

    let with = |optimizer: Adam<f32>| {
        let mut trainer = classifier(1);
        trainer.optimizer = optimizer;
        message(trainer.fit(&data, Fit::default()))
    };
    assert_eq!(
        with(Adam::new(f64::NAN)),
        "learning rate: expected a number finite and not negative, found NaN"
    );
    assert_eq!(with(Adam::new(-1.0)), "learning rate: expected a number finite and not negative, found -1");
    assert!(with(Adam::new(f64::INFINITY)).starts_with("learning rate"));
    assert_eq!(with(Adam::default().betas(1.0, 0.9)), "beta1: expected a number in [0, 1), found 1");
    assert!(with(Adam::default().betas(0.9, -0.5)).starts_with("beta2"));
    assert!(with(Adam::default().eps(-1.0)).starts_with("eps"));
    assert!(with(Adam::default().weight_decay(f64::NAN)).starts_with("weight decay"));
    assert!(message(Optimizer::<f32>::check(&Sgd::new(0.1).nesterov())).starts_with("nesterov"));
}

#[test]
#[should_panic(expected = "optimizer: learning rate: expected a number finite and not negative, found NaN")]
fn a_bare_step_with_a_bad_option_panics() {
    let (mut params, id) = one_parameter(&[1.0]);
    step_with(&mut Sgd::new(f64::NAN), &mut params, id, &[1.0]);
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
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        layer.forward(&params.eval(), Tensor::ones([5, 4]));
    }));
    let message = *result.unwrap_err().downcast::<String>().unwrap();
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
