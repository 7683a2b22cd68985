//! Twenty steps of every rule beside PyTorch's.

use crate::{gradients, reference::Reference, spring, start};
use gradtape::nn::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Asgd, Lamb, Lbfgs, LineSearch, Lion, Muon, MuonLr,
    Nadam, Optimizer, ParamGrads, ParamId, Params, Radam, RmsProp, Rprop, Rule, Sgd,
};
use gradtape::{Tape, Tensor, random::Rng};

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
    let options = Adafactor { eps: (Some(1e-4), 1e-2), d: 1.5, ..Adafactor::new(0.1) };
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
    case("muon_match", Muon { ns_steps: 3, adjust_lr_fn: MuonLr::MatchRmsAdamW, ..options });

    reference.all_are_read();
}

/// The function of optim.py, times a sign.
fn bowl(params: &Params<f64>, id: ParamId, sign: f64) -> (f64, ParamGrads<f64>) {
    let (tape, rng) = (Tape::new(), Rng::new(0));
    let cx = params.train(&tape, &rng);
    let x = cx.get(id).clone();
    let (head, tail) = (x.narrow(0, 0, 3), x.narrow(0, 1, 3));
    let valley = ((tail - head.square()).square() * 100.0 + (1.0 - head).square()).sum();
    let loss = (valley + (x.narrow(0, 0, 1) * 0.1).exp().sum()) * sign;
    drop(x);
    (loss.item(), cx.backward(loss))
}

#[test]
fn lbfgs_follows_pytorch() {
    let mut reference = Reference::new(|name| name.starts_with("lbfgs"));
    let mut case = |name: &str, mut lbfgs: Lbfgs| {
        let mut params = Params::seeded(0);
        let id = params.add("x", Tensor::from([-1.2, 1.0, 0.5, -0.3]));
        let sign = if lbfgs.maximize { -1.0 } else { 1.0 };
        for step in 1..=8 {
            let before = bowl(&params, id, sign).0;
            assert_eq!(lbfgs.step(&mut params, |params| bowl(params, id, sign)).unwrap(), before);
            reference.compare(&format!("{name} {step}"), params.get(id).slice(), 1e-9);
        }
    };
    case("lbfgs", Lbfgs { max_iter: 3, ..Lbfgs::new(0.005) });
    case("lbfgs_history", Lbfgs { max_iter: 4, history_size: 2, ..Lbfgs::new(0.01) });
    let wolfe = Lbfgs { line_search_fn: LineSearch::StrongWolfe, ..Lbfgs::default() };
    case("lbfgs_wolfe", Lbfgs { max_iter: 4, ..wolfe.clone() });
    case(
        "lbfgs_wolfe_short",
        Lbfgs { lr: 0.3, max_iter: 3, max_eval: Some(4), history_size: 3, ..wolfe.clone() },
    );
    case("lbfgs_maximize", Lbfgs { lr: 0.5, max_iter: 3, maximize: true, ..wolfe });
    reference.all_are_read();
}
