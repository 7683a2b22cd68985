//! What optimizers and schedules refuse.

use crate::{gradients, message_of, start};
use gradtape::nn::schedule::{
    Constant, Cosine, CosineRestarts, Cyclic, Exponential, Linear, OneCycle, Plateau, Polynomial, Scale,
    Schedule, Sequence, Step,
};
use gradtape::nn::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Asgd, Ctx, Lamb, Lbfgs, Lion, Muon, Nadam, Optimizer,
    Params, Radam, RmsProp, Rprop, Rule, Sgd,
};
use gradtape::{Error, Tape, Tensor};

#[test]
fn options_outside_their_domains_are_refused_by_name() {
    fn refuses(rule: impl Rule, says: &str) {
        let error = rule.check().unwrap_err().to_string();
        assert!(error.contains(says), "{rule:?}: {error}");
    }
    refuses(Sgd::new(f64::NAN), "learning rate: expected a number finite and not negative, found NaN");
    refuses(Sgd { nesterov: true, ..Sgd::new(0.1) }, "nesterov: expected a momentum above 0");
    refuses(Sgd { nesterov: true, momentum: 0.9, dampening: 0.1, ..Sgd::new(0.1) }, "a dampening of 0");
    refuses(Adam { betas: (1.0, 0.9), ..Adam::default() }, "beta1: expected a number in [0, 1), found 1");
    refuses(Adam { betas: (0.9, -0.5), ..Adam::default() }, "beta2");
    refuses(Adam { eps: -1.0, ..Adam::default() }, "eps");
    refuses(AdamW::new(-1.0), "learning rate");
    refuses(Adamax { weight_decay: f64::NAN, ..Adamax::default() }, "weight decay");
    refuses(Nadam { momentum_decay: -1.0, ..Nadam::default() }, "momentum decay");
    refuses(Radam { betas: (0.9, 1.0), ..Radam::default() }, "beta2");
    refuses(RmsProp { alpha: 1.0, ..RmsProp::default() }, "alpha");
    refuses(Adagrad { lr_decay: f64::INFINITY, ..Adagrad::default() }, "lr decay");
    refuses(Adadelta { rho: 1.5, ..Adadelta::default() }, "rho: expected a number in [0, 1], found 1.5");
    refuses(Asgd { t0: -1.0, ..Asgd::default() }, "t0");
    refuses(Rprop { etas: (0.5, 1.0), ..Rprop::default() }, "the growing eta");
    refuses(Rprop { step_sizes: (1.0, 0.5), ..Rprop::default() }, "the longest step");
    refuses(Lion { betas: (0.9, 1.0), ..Lion::default() }, "beta2");
    refuses(Lamb { eps: f64::NAN, ..Lamb::default() }, "eps");
    refuses(Muon { momentum: 1.0, ..Muon::default() }, "momentum");
    refuses(Adafactor { beta2_decay: 0.5, ..Adafactor::default() }, "beta2 decay");
    refuses(Adafactor { d: 0.5, ..Adafactor::default() }, "d: expected a number of at least 1");
    let lbfgs = Lbfgs { history_size: 0, ..Lbfgs::default() };
    assert!(lbfgs.check().unwrap_err().to_string().starts_with("history size"));
}

#[test]
fn schedules_outside_their_domains_are_refused_by_name() {
    fn refuses(found: Result<(), Error>, says: &str) {
        let error = found.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    refuses(Step::new(0).check(), "step_size: expected at least 1");
    refuses(Linear { total_iters: 0, ..Linear::default() }.check(), "total_iters");
    refuses(Exponential { gamma: f64::NAN }.check(), "gamma");
    refuses(Cosine::new(0).check(), "t_max");
    refuses(CosineRestarts { t_mult: 0, ..CosineRestarts::new(1) }.check(), "t_mult");
    refuses(Cyclic { step_size_up: 0, ..Cyclic::new(0.1, 1.0) }.check(), "step_size_up");
    refuses(Cyclic { scale: Scale::ExpRange(f64::NAN), ..Cyclic::new(0.1, 1.0) }.check(), "gamma");
    refuses(Polynomial { power: -1.0, ..Polynomial::default() }.check(), "power: expected a finite number");
    refuses(OneCycle::new(1.0, 1).check(), "total_steps");
    let late = OneCycle { pct_start: 0.6, three_phase: true, ..OneCycle::new(1.0, 10) };
    refuses(late.check(), "pct_start: expected at most ½");
    refuses(
        OneCycle { momentum: Some((f64::NAN, 1.0)), ..OneCycle::new(1.0, 10) }.check(),
        "lowest momentum",
    );
    refuses(Plateau { eps: f64::NAN, ..Plateau::default() }.check(), "plateau eps");
    refuses(OneCycle { pct_start: 1.5, ..OneCycle::new(1.0, 10) }.check(), "pct_start");
    refuses(Plateau { factor: 1.0, ..Plateau::default() }.check(), "plateau factor");
    let backwards =
        Sequence::new(Constant::default()).then(5, Constant::default()).then(3, Constant::default());
    refuses(backwards.check(), "times in order, after 5");
}

#[test]
fn a_step_with_a_bad_option_or_shape_panics_and_says_so() {
    let (mut params, ids) = start(true);
    let grads = gradients(&params, &[(ids[1], &[1.0; 3])]);
    let message = message_of(|| Optimizer::new(Sgd::new(f64::NAN)).step(&mut params, &grads));
    assert!(message.starts_with("gradtape: optimizer: learning rate"), "{message}");
    let message = message_of(|| Optimizer::new(Muon::default()).step(&mut params, &grads));
    assert_eq!(message, "gradtape: optimizer: muon: a parameter: expected a matrix, found [3]");
    let error = Optimizer::new(Muon::default()).check(&params).unwrap_err();
    assert!(error.to_string().contains("expected a matrix, found [3]"));
    let mut lbfgs = Lbfgs::default();
    let error = lbfgs.step(&mut params, |_| (f64::NAN, grads.clone())).unwrap_err();
    assert_eq!(error.to_string(), "the training loss: expected a finite number, found NaN");
}

#[test]
fn gradients_of_other_parameters_are_refused_and_change_nothing() {
    let mut others = Params::seeded(0);
    let id = others.add("x", Tensor::from([1.0, 2.0]));
    let grads = gradients(&others, &[(id, &[1.0; 2])]);
    let mut more = others.clone();
    more.add("y", Tensor::from([3.0]));
    let mut wider = Params::seeded(0);
    wider.add("x", Tensor::from([1.0, 2.0, 3.0]));
    let mut alike = Params::seeded(0);
    alike.add("x", Tensor::from([1.0, 2.0]));
    let expected = ["1 parameters for 2", "1 parameters for 1", "1 parameters for 1"];
    for (mut params, expected) in [more, wider, alike].into_iter().zip(expected) {
        let expected = format!("gradtape: params: gradients of {expected} others");
        let before = params.clone();
        let message = message_of(|| Optimizer::new(Sgd::new(0.1)).step(&mut params, &grads));
        assert_eq!(message, expected);
        assert!(params.iter().eq(before.iter()));
        assert_eq!(message_of(|| params.set_buffers(&grads)), expected);
        let message = message_of(|| drop(Lbfgs::default().step(&mut params, |_| (1.0, grads.clone()))));
        assert_eq!(message, expected);
    }
}

#[test]
fn gradients_of_a_clone_and_of_a_context_of_ones_own_are_taken() {
    let mut params = Params::seeded(0);
    let id = params.add("x", Tensor::from([1.0, 2.0]));
    let mut clone = params.clone();
    Optimizer::new(Sgd::new(0.5)).step(&mut clone, &gradients(&params, &[(id, &[1.0, 2.0])]));
    assert_eq!(clone.get(id).slice(), [0.5, 1.0]);

    let tape = Tape::new();
    let cx = Ctx::new(vec![tape.var(params.get(id).clone())], None);
    let loss = cx.get(id).sum();
    let grads = cx.backward(loss);
    Optimizer::new(Sgd::new(0.5)).step(&mut params, &grads);
    assert_eq!(params.get(id).slice(), [0.5, 1.5]);
    let mut wider = Params::seeded(0);
    wider.add("x", Tensor::from([1.0, 2.0, 3.0]));
    let message = message_of(|| Optimizer::new(Sgd::new(0.1)).step(&mut wider, &grads));
    assert_eq!(message, "gradtape: params: a gradient [2] for `x` [3]");
}
