//! Optimizers, schedules and clipping: against the papers, against PyTorch, and what they refuse.

use gradtape::nn::schedule::{
    Anneal, Chain, Constant, Cosine, CosineRestarts, Cyclic, Exponential, Lambda, Linear, Mode, MultiStep,
    Multiplicative, OneCycle, Plateau, Polynomial, Scale, Schedule, Sequence, Step,
};
use gradtape::nn::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Asgd, Ema, Lamb, Lbfgs, LineSearch, Lion, Muon,
    MuonLr, Nadam, Optimizer, ParamGrads, ParamId, Params, Radam, RmsProp, Rprop, Rule, Sgd,
};
use gradtape::{Error, Tape, Tensor, random::Rng};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The gradients of Σ⟨c, p⟩, which are the c themselves, so that a step can be followed by hand.
fn gradients(params: &Params<f64>, of: &[(ParamId, &[f64])]) -> ParamGrads<f64> {
    let (tape, rng) = (Tape::new(), Rng::new(0));
    let cx = params.train(&tape, &rng);
    let term = |&(id, c): &(ParamId, &[f64])| {
        let p = cx.get(id).clone();
        let c = tape.constant(Tensor::new(c.to_vec(), p.shape()));
        (&p * &c).sum()
    };
    let loss = of.iter().map(term).reduce(|a, b| a + b).expect("one at least");
    cx.backward(loss)
}

fn step_with<R: Rule>(
    optimizer: &mut Optimizer<R, f64>,
    params: &mut Params<f64>,
    id: ParamId,
    gradient: &[f64],
) {
    let grads = gradients(params, &[(id, gradient)]);
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
    let rule = Adam { betas: (b1, b2), eps, weight_decay: decay, ..Adam::new(lr) };
    let mut adam = Optimizer::new(rule);
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
        let mut sgd = Optimizer::new(Sgd { momentum, weight_decay: decay, nesterov, ..Sgd::new(lr) });
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
    let mut adam = Optimizer::new(Adam::default());
    step_with(&mut adam, &mut params, id, &[1e-20]);
    for _ in 0..6000 {
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
    let mut adam = Optimizer::new(Adam { weight_decay: 0.5, ..Adam::new(0.1) });
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
    step_with(&mut Optimizer::new(Sgd::new(0.1)), &mut params, id, &[1.0, 1.0]);
    assert_eq!(params.get(id).slice().as_ptr(), address);
}

// Against PyTorch, and for what it lacks against the papers: tests/fixtures/optim.py.

/// The numbers under a name, or panics.
struct Reference {
    lines: Vec<(String, Vec<f64>)>,
    read: BTreeSet<String>,
}

impl Reference {
    fn new(kind: impl Fn(&str) -> bool) -> Self {
        let split = |line: &str| {
            let (name, numbers) = line.split_once(": ").expect("a name");
            let numbers = numbers.split(' ').map(|n| n.parse().expect("a number")).collect();
            (name.to_owned(), numbers)
        };
        let lines: Vec<_> = include_str!("fixtures/optim.txt").lines().map(split).collect();
        Reference { lines: lines.into_iter().filter(|(name, _)| kind(name)).collect(), read: BTreeSet::new() }
    }

    fn find(&mut self, name: &str) -> &[f64] {
        self.read.insert(name.to_owned());
        let found = self.lines.iter().find(|(other, _)| other == name);
        &found.unwrap_or_else(|| panic!("optim.txt has no `{name}`")).1
    }

    fn compare(&mut self, name: &str, found: &[f64], bound: f64) {
        let expected = self.find(name);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (i, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= bound * b.abs().max(1.0), "{name}, number {i}: {a:e}, not {b:e}");
        }
    }

    fn all_are_read(&self) {
        for (name, _) in &self.lines {
            assert!(self.read.contains(name), "no test reads `{name}` of optim.txt");
        }
    }
}

fn start(vector: bool) -> (Params<f64>, Vec<ParamId>) {
    let mut params = Params::seeded(0);
    let w = Tensor::from_fn([3, 4], |i| ((7 * i) % 13) as f64 / 8.0 - 0.75);
    let mut ids = vec![params.add("w", w)];
    if vector {
        ids.push(params.add("b", Tensor::from([0.5, -0.25, 1.0])));
    }
    (params, ids)
}

/// The gradient of optim.py.
fn spring(p: &[f64], step: usize) -> Vec<f64> {
    let pull = |(i, p): (usize, &f64)| {
        (0.5 + 0.25 * (i % 4) as f64) * (p - (0.125 * i as f64 - 0.5))
            + (((7 * step + 3 * i) % 11) as f64 / 16.0 - 0.3125)
    };
    p.iter().enumerate().map(pull).collect()
}

fn follow(reference: &mut Reference, name: &str, rule: impl Rule, vector: bool) {
    let (mut params, ids) = start(vector);
    let mut optimizer = Optimizer::new(rule);
    optimizer.check(&params).unwrap();
    for step in 1..=20 {
        let springs: Vec<_> = ids.iter().map(|&id| (id, spring(params.get(id).slice(), step))).collect();
        let of: Vec<_> = springs.iter().map(|(id, gradient)| (*id, &gradient[..])).collect();
        let grads = gradients(&params, &of);
        optimizer.step(&mut params, &grads);
        if [1, 2, 7, 20].contains(&step) {
            let weights: Vec<f64> = params.iter().flat_map(|(_, w)| w.slice().to_vec()).collect();
            reference.compare(&format!("{name} {step}"), &weights, 1e-10);
        }
    }
}

#[test]
fn optimizers_follow_pytorch_for_twenty_steps() {
    let other = ["schedule ", "plateau ", "lbfgs"];
    let mut reference = Reference::new(|name| !other.iter().any(|kind| name.starts_with(kind)));
    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("sgd", Sgd::new(0.1));
    let momentum = Sgd { momentum: 0.9, ..Sgd::new(0.05) };
    case("sgd_momentum", Sgd { dampening: 0.25, weight_decay: 0.1, ..momentum.clone() });
    case("sgd_nesterov", Sgd { nesterov: true, weight_decay: 0.1, ..momentum });
    case("sgd_maximize", Sgd { momentum: 0.5, maximize: true, ..Sgd::new(0.01) });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    let betas = (0.8, 0.95);
    case("adam", Adam::new(0.05));
    let options = Adam { betas, eps: 1e-4, weight_decay: 0.1, maximize: true, ..Adam::new(0.05) };
    case("adam_options", options);
    case("amsgrad", Adam { betas: (0.9, 0.6), amsgrad: true, ..Adam::new(0.05) });
    case("adamw", AdamW::new(0.05));
    let options = Adam { betas: (0.9, 0.6), weight_decay: 0.3, amsgrad: true, ..AdamW::new(0.05) };
    case("adamw_amsgrad", Adam { maximize: true, ..options });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("adamax", Adamax::default());
    let options = Adamax { betas: (0.8, 0.7), eps: 1e-3, weight_decay: 0.1, ..Adamax::new(0.05) };
    case("adamax_options", Adamax { maximize: true, ..options });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("nadam", Nadam::default());
    let options = Nadam { betas: (0.8, 0.9), eps: 1e-4, weight_decay: 0.1, ..Nadam::new(0.05) };
    case("nadam_options", Nadam { momentum_decay: 0.02, ..options });
    let decoupled = Nadam { weight_decay: 0.1, decoupled_weight_decay: true, ..Nadam::new(0.05) };
    case("nadam_decoupled", Nadam { maximize: true, ..decoupled });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("radam", Radam::new(0.02));
    case("radam_options", Radam { betas, eps: 1e-4, weight_decay: 0.1, ..Radam::new(0.02) });
    let decoupled = Radam { betas, weight_decay: 0.1, decoupled_weight_decay: true, ..Radam::new(0.02) };
    case("radam_decoupled", Radam { maximize: true, ..decoupled });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("rmsprop", RmsProp::default());
    let options = RmsProp { alpha: 0.9, eps: 1e-3, momentum: 0.5, ..RmsProp::new(0.02) };
    case("rmsprop_momentum", RmsProp { weight_decay: 0.1, ..options.clone() });
    let centered = RmsProp { alpha: 0.9, centered: true, maximize: true, ..RmsProp::new(0.01) };
    case("rmsprop_centered", centered);
    case("rmsprop_both", RmsProp { lr: 0.01, centered: true, ..options });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("adagrad", Adagrad::default());
    let options = Adagrad { lr_decay: 0.1, weight_decay: 0.1, eps: 1e-4, ..Adagrad::new(0.1) };
    case("adagrad_options", Adagrad { initial_accumulator_value: 0.5, maximize: true, ..options });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("adadelta", Adadelta::default());
    let options = Adadelta { rho: 0.8, eps: 1e-3, weight_decay: 0.1, maximize: true, ..Adadelta::new(0.5) };
    case("adadelta_options", options);

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("asgd", Asgd::default());
    let options = Asgd { lambd: 0.01, alpha: 0.5, t0: 5.0, weight_decay: 0.1, ..Asgd::new(0.1) };
    case("asgd_options", Asgd { maximize: true, ..options });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("rprop", Rprop::default());
    let options = Rprop { etas: (0.4, 1.5), step_sizes: (0.01, 0.2), maximize: true, ..Rprop::new(0.05) };
    case("rprop_options", options);

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("adafactor", Adafactor::default());
    let options = Adafactor { eps1: Some(1e-4), eps2: 1e-2, d: 1.5, ..Adafactor::new(0.1) };
    let options = Adafactor { beta2_decay: -0.5, weight_decay: 0.1, maximize: true, ..options };
    case("adafactor_options", options);

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("lion", Lion::new(1e-2));
    case("lion_decay", Lion { betas: (0.7, 0.8), weight_decay: 0.3, ..Lion::new(1e-2) });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, true);
    case("lamb", Lamb::new(1e-2));
    case("lamb_decay", Lamb { betas, eps: 1e-3, weight_decay: 0.1, ..Lamb::new(1e-2) });

    let mut case = |name: &str, rule| follow(&mut reference, name, rule, false);
    case("muon", Muon::new(0.02));
    let options = Muon { weight_decay: 0.0, momentum: 0.8, nesterov: false, ..Muon::new(0.02) };
    case("muon_match", Muon { ns_steps: 3, adjust_lr: MuonLr::MatchRmsAdamW, ..options });

    reference.all_are_read();
}

/// The function of optim.py.
fn bowl(params: &Params<f64>, id: ParamId) -> (f64, ParamGrads<f64>) {
    let (tape, rng) = (Tape::new(), Rng::new(0));
    let cx = params.train(&tape, &rng);
    let x = cx.get(id).clone();
    let (head, tail) = (x.narrow(0, 0, 3), x.narrow(0, 1, 3));
    let valley = ((tail - head.square()).square() * 100.0 + (1.0 - head).square()).sum();
    let loss = valley + (x.narrow(0, 0, 1) * 0.1).exp().sum();
    drop(x);
    (loss.item(), cx.backward(loss))
}

#[test]
fn lbfgs_follows_pytorch() {
    let mut reference = Reference::new(|name| name.starts_with("lbfgs"));
    let mut case = |name: &str, mut lbfgs: Lbfgs| {
        let mut params = Params::seeded(0);
        let id = params.add("x", Tensor::from([-1.2, 1.0, 0.5, -0.3]));
        for step in 1..=8 {
            lbfgs.step(&mut params, |params| bowl(params, id)).unwrap();
            reference.compare(&format!("{name} {step}"), params.get(id).slice(), 1e-9);
        }
    };
    case("lbfgs", Lbfgs { max_iter: 3, ..Lbfgs::new(0.005) });
    case("lbfgs_history", Lbfgs { max_iter: 4, history_size: 2, ..Lbfgs::new(0.01) });
    let wolfe = Lbfgs { line_search: LineSearch::StrongWolfe, ..Lbfgs::default() };
    case("lbfgs_wolfe", Lbfgs { max_iter: 4, ..wolfe.clone() });
    case("lbfgs_wolfe_short", Lbfgs { lr: 0.3, max_iter: 3, max_eval: Some(4), history_size: 3, ..wolfe });
    reference.all_are_read();
}

#[test]
fn schedules_follow_pytorch() {
    let mut reference = Reference::new(|name| name.starts_with("schedule"));
    let mut case = |name: &str, schedule: &dyn Schedule, momentum: bool| {
        schedule.check().unwrap();
        let lrs: Vec<f64> = (0..30).map(|t| schedule.lr(t, 0.5)).collect();
        reference.compare(&format!("schedule {name} lr"), &lrs, 1e-12);
        let momenta: Vec<f64> = (0..30).map(|t| schedule.momentum(t).unwrap_or(0.9)).collect();
        if momentum {
            reference.compare(&format!("schedule {name} momentum"), &momenta, 1e-12);
        } else {
            assert!(momenta.iter().all(|&m| m == 0.9), "{name}");
        }
    };
    case("constant", &Constant::default(), false);
    case("constant_options", &Constant { factor: 0.25, total: 8 }, false);
    case("linear", &Linear::default(), false);
    case("linear_options", &Linear { start_factor: 0.1, end_factor: 0.7, total: 12 }, false);
    case("step", &Step { size: 4, gamma: 0.1 }, false);
    case("multi_step", &MultiStep { milestones: vec![3, 7, 7, 20], gamma: 0.5 }, false);
    case("exponential", &Exponential { gamma: 0.9 }, false);
    case("polynomial", &Polynomial::default(), false);
    case("polynomial_options", &Polynomial { total: 20, power: 2.0 }, false);
    case("lambda", &Lambda(|t| 1.0 / (1 + t) as f64), false);
    case("multiplicative", &Multiplicative::new(|t| 1.0 - 1.0 / (t + 2) as f64), false);
    case("cosine", &Cosine { period: 20, least: 0.01 }, false);
    case("cosine_restarts", &CosineRestarts { period: 4, growth: 2, least: 0.01 }, false);
    case("cosine_restarts_same", &CosineRestarts { period: 7, growth: 1, least: 0.0 }, false);
    let cyclic = Cyclic { up: 4, ..Cyclic::new(0.1, 1.0) };
    case("cyclic", &Cyclic { up: 5, ..cyclic.clone() }, true);
    let triangular2 = Cyclic { up: 3, down: Some(5), scale: Scale::Triangular2, ..cyclic.clone() };
    case("cyclic_triangular2", &triangular2, true);
    let exp_range = Cyclic { scale: Scale::ExpRange(0.9), momentum: Some((0.6, 0.7)), ..cyclic.clone() };
    case("cyclic_exp_range", &exp_range, true);
    case("cyclic_by_cycle", &Cyclic { scale: Scale::ByCycle(|c| 1.0 / (1.0 + c)), ..cyclic.clone() }, true);
    let by_time = Cyclic { scale: Scale::ByTime(|t| 1.0 / (1.0 + t)), momentum: None, ..cyclic };
    case("cyclic_by_time", &by_time, true);
    case("one_cycle", &OneCycle::new(1.0, 31), true);
    let three = OneCycle { pct_start: 0.4, three_phase: true, ..OneCycle::new(2.0, 31) };
    case("one_cycle_three_phase", &OneCycle { div_factor: 10.0, final_div_factor: 100.0, ..three }, true);
    let linear = OneCycle { anneal: Anneal::Linear, momentum: Some((0.5, 0.8)), ..OneCycle::new(1.0, 31) };
    case("one_cycle_linear", &linear, true);
    let chain = Chain::new(Constant { factor: 0.1, total: 6 }).and(Exponential { gamma: 0.9 });
    case("chain", &chain, false);
    let sequence = Sequence::new(Linear { start_factor: 0.1, ..Linear::default() })
        .then(5, Cosine { period: 10, least: 0.0 })
        .then(17, Exponential { gamma: 0.8 });
    case("sequence", &sequence, false);
    reference.all_are_read();
}

#[test]
fn a_plateau_lets_the_learning_rate_fall_as_pytorch_does() {
    let mut reference = Reference::new(|name| name.starts_with("plateau"));
    let metric = |t: usize| 1.0 + 8.0 / (1 + t) as f64 + ((5 * t) % 7) as f64 / 16.0;
    let mut case = |name: &str, mut plateau: Plateau| {
        let mut lr = 0.5;
        let lrs: Vec<f64> = (0..40)
            .map(|t| {
                if plateau.observe(metric(t)) {
                    lr = plateau.lowered(lr);
                }
                lr
            })
            .collect();
        reference.compare(&format!("plateau {name}"), &lrs, 1e-12);
    };
    case("default", Plateau::default());
    let options = Plateau { factor: 0.5, patience: 2, threshold: 0.05, ..Plateau::default() };
    case("options", Plateau { cooldown: 3, least: 0.02, ..options });
    let absolute = Plateau { mode: Mode::Max, factor: 0.7, patience: 1, ..Plateau::default() };
    case("max_absolute", Plateau { threshold: 0.1, relative: false, ..absolute });
    reference.all_are_read();
}

#[test]
fn schedules_can_be_asked_in_any_order() {
    let multiplicative = Multiplicative::new(|t| 1.0 / t as f64);
    let there: Vec<f64> = (0..6).map(|t| multiplicative.lr(t, 1.0)).collect();
    let back: Vec<f64> = (0..6).rev().map(|t| multiplicative.lr(t, 1.0)).collect();
    assert!(there.iter().eq(back.iter().rev()));
    assert_eq!(OneCycle::new(1.0, 10).lr(10_000, 1.0), OneCycle::new(1.0, 10).lr(9, 1.0));
}

// Groups, state, averages, clipping.

#[test]
fn groups_have_options_of_their_own_and_only_leaves_the_rest_alone() {
    let (mut params, ids) = start(true);
    let before: Vec<_> = ids.iter().map(|&id| params.get(id).slice().to_vec()).collect();
    let ones = [[1.0; 12].to_vec(), [1.0; 3].to_vec()];
    let all: Vec<_> = ids.iter().copied().zip(ones.iter().map(|g| &g[..])).collect();

    let grads = gradients(&params, &all);
    Optimizer::new(Sgd::new(0.5)).group([ids[1]], Sgd::new(0.25)).step(&mut params, &grads);
    assert_eq!(params.get(ids[0]).slice()[0], before[0][0] - 0.5);
    assert_eq!(params.get(ids[1]).slice()[0], before[1][0] - 0.25);

    let (mut params, ids) = start(true);
    Optimizer::only([ids[0]], Muon::new(0.1)).step(&mut params, &grads);
    assert_ne!(params.get(ids[0]).slice(), before[0]);
    assert_eq!(params.get(ids[1]).slice(), before[1]);
}

#[test]
fn a_schedule_keeps_the_ratio_of_groups() {
    let (_, ids) = start(true);
    let mut optimizer = Optimizer::<_, f64>::new(Sgd::new(0.5)).group([ids[1]], Sgd::new(0.25));
    optimizer.schedule(&Exponential { gamma: 0.5 }, 1);
    optimizer.schedule(&Exponential { gamma: 0.5 }, 2);
    assert_eq!(optimizer.rules().iter().map(Rule::lr).collect::<Vec<_>>(), [0.125, 0.0625]);
    optimizer.schedule(&OneCycle::new(1.0, 10), 0);
    assert_eq!(optimizer.rules()[0].momentum, 0.95);
}

/// Ten steps of a rule from a state in the middle give the bits of twenty steps on end.
fn resumes(rule: impl Rule) {
    let run = |params: &mut Params<f64>, optimizer: &mut Optimizer<_, f64>, steps: std::ops::Range<usize>| {
        for step in steps {
            let ids = [params.find("w").unwrap(), params.find("b").unwrap()];
            let springs = ids.map(|id| spring(params.get(id).slice(), step));
            let grads = gradients(params, &[(ids[0], &springs[0]), (ids[1], &springs[1])]);
            optimizer.step(params, &grads);
        }
    };
    let (mut params, _) = start(true);
    let mut optimizer = Optimizer::new(rule.clone());
    run(&mut params, &mut optimizer, 0..10);
    let (state, mut resumed) = (optimizer.state(&params), params.clone());
    run(&mut params, &mut optimizer, 10..20);

    let mut other = Optimizer::new(rule.clone());
    other.restore(&resumed, &state).unwrap();
    run(&mut resumed, &mut other, 10..20);
    for ((name, a), (_, b)) in params.iter().zip(resumed.iter()) {
        assert_eq!(a, b, "{rule:?}: {name}");
    }
}

#[test]
fn state_is_restored_exactly() {
    resumes(Sgd { momentum: 0.9, dampening: 0.5, ..Sgd::new(0.05) });
    resumes(Adam { amsgrad: true, ..Adam::new(0.05) });
    resumes(Adamax::default());
    resumes(Nadam::default());
    resumes(Radam::default());
    resumes(RmsProp { centered: true, momentum: 0.5, ..RmsProp::default() });
    resumes(Adagrad { lr_decay: 0.1, ..Adagrad::default() });
    resumes(Adadelta::default());
    resumes(Asgd { t0: 4.0, ..Asgd::default() });
    resumes(Rprop::default());
    resumes(Lion::default());
    resumes(Lamb::default());
    resumes(Adafactor::default());
}

#[test]
fn state_that_does_not_fit_is_refused_and_nothing_changes() {
    let (mut params, ids) = start(true);
    let mut adam = Optimizer::new(Adam::default());
    step_with(&mut adam, &mut params, ids[0], &[1.0; 12]);
    let state = adam.state(&params);
    let names: Vec<_> = state.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["w.step", "w.exp_avg", "w.exp_avg_sq"]);
    let mut refused = |state: &[(String, Tensor<f64>)], says: &str| {
        let before = adam.state(&params);
        let error = adam.restore(&params, state).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(adam.state(&params), before);
    };
    refused(&state[..2], "`w.exp_avg_sq`: expected [3, 4], found nothing");
    let shaped = |name: &str, value: Tensor<f64>| {
        let mut state = state.clone();
        state.iter_mut().find(|(other, _)| other == name).expect("there").1 = value;
        state
    };
    refused(&shaped("w.exp_avg", Tensor::ones([2])), "`w.exp_avg`: expected [3, 4], found [2]");
    refused(&shaped("w.step", Tensor::ones([3])), "`w.step`: expected [2], found [3]");
    let mut more = state.clone();
    more.push(("stranger.step".into(), Tensor::ones([2])));
    refused(&more, "found `stranger.step`");
}

#[test]
fn an_average_of_weights_follows_its_formula() {
    let (mut params, id) = one_parameter(&[1.0, 2.0]);
    let mut average = Ema::new(0.75, &params).unwrap();
    let mut expected = [1.0, 2.0];
    for step in 1..5 {
        for w in params.get_mut(id).slice_mut() {
            *w += f64::from(step);
        }
        average.update(&params);
        for (e, w) in expected.iter_mut().zip(params.get(id).slice()) {
            *e = 0.75 * *e + 0.25 * w;
        }
    }
    close(average.applied_to(&params).get(id).slice(), &expected);
    assert!(Ema::new(1.5, &params).unwrap_err().to_string().starts_with("decay of the average"));
    let (other, _) = one_parameter(&[1.0]);
    assert!(message_of(|| average.clone().update(&other)).contains("not those that the average"));
}

#[test]
fn clipping_scales_all_gradients_together_and_returns_the_norm() {
    let (params, ids) = start(true);
    let (w, b) = ([2.0; 12], [4.0; 3]);
    let grads = || gradients(&params, &[(ids[0], &w), (ids[1], &b)]);
    let norm = (12.0 * 4.0 + 3.0 * 16.0f64).sqrt();

    let mut clipped = grads();
    assert!((clipped.clip_norm(1.0) - norm).abs() < 1e-12);
    assert!((clipped.norm(2.0) - 1.0).abs() < 1e-6);
    assert!((clipped.get(ids[0]).unwrap().slice()[0] - 2.0 / (norm + 1e-6)).abs() < 1e-12);

    let mut loose = grads();
    loose.clip_norm(100.0);
    assert_eq!(loose.get(ids[0]).unwrap().slice(), w, "what is within the bound stays to the bit");

    assert!((grads().norm(1.0) - 36.0).abs() < 1e-12);
    assert_eq!(grads().norm(f64::INFINITY), 4.0);
    assert!((grads().norm(3.0) - (12.0 * 8.0 + 3.0 * 64.0f64).cbrt()).abs() < 1e-12);

    let mut group = grads();
    assert!((group.clip_norm_of(&ids[1..], 1.0) - 48f64.sqrt()).abs() < 1e-12);
    assert_eq!(group.get(ids[0]).unwrap().slice(), w);
    assert!(group.get(ids[1]).unwrap().slice()[0] < 1.0);

    let mut by_value = gradients(&params, &[(ids[1], &[-9.0, f64::NAN, 0.25])]);
    by_value.clip_value(0.5);
    let found = by_value.get(ids[1]).unwrap().slice();
    assert!(found[0] == -0.5 && found[1].is_nan() && found[2] == 0.25, "{found:?}");
}

#[test]
fn the_total_norm_neither_overflows_nor_hides_what_is_not_finite() {
    let (params, ids) = start(true);
    let mut huge = gradients(&params, &[(ids[1], &[3e200, 4e200, 0.0])]);
    assert!((huge.clip_norm(1.0) / 5e200 - 1.0).abs() < 1e-12);
    assert!((huge.norm(2.0) - 1.0).abs() < 1e-6);
    for bad in [f64::NAN, f64::INFINITY] {
        let mut grads = gradients(&params, &[(ids[0], &[1.0; 12]), (ids[1], &[1.0, bad, 1.0])]);
        assert!(!grads.clip_norm(1.0).is_finite());
        assert!(grads.get(ids[0]).unwrap().slice().iter().all(|g| g.is_nan()), "{bad} spreads");
    }
    let mut zero = gradients(&params, &[(ids[1], &[0.0; 3])]);
    assert_eq!(zero.clip_norm(1.0), 0.0);
    assert_eq!(zero.get(ids[1]).unwrap().slice(), [0.0; 3]);
}

#[test]
fn steps_are_the_same_at_any_number_of_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut params = Params::seeded(0);
            let n = 300_001;
            let id = params.add("p", Tensor::from_fn([n], |i| (i % 17) as f64));
            let mut adam = Optimizer::new(Adam::new(0.1));
            for step in 1..4 {
                let gradient: Vec<f64> = (0..n).map(|i| ((i * step) % 13) as f64 - 6.0).collect();
                step_with(&mut adam, &mut params, id, &gradient);
            }
            params.get(id).clone()
        })
    };
    let one = run(1);
    for threads in [2, 4, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

// What is refused.

fn message_of(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("should panic");
    let fixed = || payload.downcast_ref::<&str>().map(|message| (*message).to_owned());
    payload.downcast_ref::<String>().cloned().or_else(fixed).expect("a message")
}

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
    refuses(Step { size: 0, gamma: 0.1 }.check(), "step size: expected at least 1");
    refuses(Linear { total: 0, ..Linear::default() }.check(), "total");
    refuses(Exponential { gamma: f64::NAN }.check(), "gamma");
    refuses(Cosine { period: 0, least: 0.0 }.check(), "period");
    refuses(CosineRestarts { period: 1, growth: 0, least: 0.0 }.check(), "growth");
    refuses(Cyclic { up: 0, ..Cyclic::new(0.1, 1.0) }.check(), "rise");
    refuses(OneCycle::new(1.0, 1).check(), "total");
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
