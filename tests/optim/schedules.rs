//! Schedules beside PyTorch's.

use crate::reference::Reference;
use gradtape::nn::schedule::{
    Anneal, Chain, Constant, Cosine, CosineRestarts, Cyclic, Exponential, Lambda, Linear, Mode, MultiStep,
    Multiplicative, OneCycle, Plateau, Polynomial, Scale, Schedule, Sequence, Step, ThresholdMode,
};

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
    case("constant_options", &Constant { factor: 0.25, total_iters: 8 }, false);
    case("linear", &Linear::default(), false);
    case("linear_options", &Linear { start_factor: 0.1, end_factor: 0.7, total_iters: 12 }, false);
    case("step", &Step::new(4), false);
    case("multi_step", &MultiStep { milestones: vec![3, 7, 7, 20], gamma: 0.5 }, false);
    case("exponential", &Exponential { gamma: 0.9 }, false);
    case("polynomial", &Polynomial::default(), false);
    case("polynomial_options", &Polynomial { total_iters: 20, power: 2.0 }, false);
    case("lambda", &Lambda(|t| 1.0 / (1 + t) as f64), false);
    case("multiplicative", &Multiplicative::new(|t| 1.0 - 1.0 / (t + 2) as f64), false);
    case("cosine", &Cosine { t_max: 20, eta_min: 0.01 }, false);
    case("cosine_restarts", &CosineRestarts { t_0: 4, t_mult: 2, eta_min: 0.01 }, false);
    case("cosine_restarts_same", &CosineRestarts::new(7), false);
    let cyclic = Cyclic { step_size_up: 4, ..Cyclic::new(0.1, 1.0) };
    case("cyclic", &Cyclic { step_size_up: 5, ..cyclic.clone() }, true);
    let triangular2 =
        Cyclic { step_size_up: 3, step_size_down: Some(5), scale: Scale::Triangular2, ..cyclic.clone() };
    case("cyclic_triangular2", &triangular2, true);
    let exp_range = Cyclic { scale: Scale::ExpRange(0.9), momentum: Some((0.6, 0.7)), ..cyclic.clone() };
    case("cyclic_exp_range", &exp_range, true);
    case("cyclic_by_cycle", &Cyclic { scale: Scale::ByCycle(|c| 1.0 / (1.0 + c)), ..cyclic.clone() }, true);
    let by_time = Cyclic { scale: Scale::ByTime(|t| 1.0 / (1.0 + t)), momentum: None, ..cyclic };
    case("cyclic_by_time", &by_time, true);
    case("one_cycle", &OneCycle::new(1.0, 31), true);
    let three = OneCycle { pct_start: 0.4, three_phase: true, ..OneCycle::new(2.0, 31) };
    case("one_cycle_three_phase", &OneCycle { div_factor: 10.0, final_div_factor: 100.0, ..three }, true);
    let linear =
        OneCycle { anneal_strategy: Anneal::Linear, momentum: Some((0.5, 0.8)), ..OneCycle::new(1.0, 31) };
    case("one_cycle_linear", &linear, true);
    let chain = Chain::new(Constant { factor: 0.1, total_iters: 6 }).and(Exponential { gamma: 0.9 });
    case("chain", &chain, false);
    let sequence = Sequence::new(Linear { start_factor: 0.1, ..Linear::default() })
        .then(5, Cosine::new(10))
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
    case("options", Plateau { cooldown: 3, min_lr: 0.02, ..options });
    let absolute = Plateau { mode: Mode::Max, factor: 0.7, patience: 1, ..Plateau::default() };
    case("max_absolute", Plateau { threshold: 0.1, threshold_mode: ThresholdMode::Abs, ..absolute });
    reference.all_are_read();
}

#[test]
fn schedules_can_be_asked_in_any_order() {
    let multiplicative = Multiplicative::new(|t| 1.0 / t as f64);
    let there: Vec<f64> = (0..6).map(|t| multiplicative.lr(t, 1.0)).collect();
    let back: Vec<f64> = (0..6).rev().map(|t| multiplicative.lr(t, 1.0)).collect();
    assert!(there.iter().eq(back.iter().rev()));
    assert_eq!(OneCycle::new(1.0, 10).lr(10_000, 1.0), OneCycle::new(1.0, 10).lr(9, 1.0));
    assert_eq!(
        OneCycle { pct_start: 0.1, ..OneCycle::new(1.0, 10) }.lr(0, 1.0),
        1.0,
        "a rise without length"
    );
}
