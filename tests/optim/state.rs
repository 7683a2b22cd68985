//! Groups, and what is kept from step to step.

use crate::{gradients, spring, start, step_with};
use gradtape::Tensor;
use gradtape::nn::schedule::{Exponential, OneCycle};
use gradtape::nn::{
    Adadelta, Adafactor, Adagrad, Adam, Adamax, Asgd, Lamb, Lion, Muon, Nadam, Optimizer, Params, Radam,
    RmsProp, Rprop, Rule, Sgd,
};

#[test]
fn groups_have_options_of_their_own_and_only_leaves_the_rest_alone() {
    let (fresh, ids) = start(true);
    let mut params = fresh.clone();
    let before: Vec<_> = ids.iter().map(|&id| params.get(id).slice().to_vec()).collect();
    let ones = [[1.0; 12].to_vec(), [1.0; 3].to_vec()];
    let all: Vec<_> = ids.iter().copied().zip(ones.iter().map(|g| &g[..])).collect();

    let grads = gradients(&params, &all);
    Optimizer::new(Sgd::new(0.5)).group([ids[1]], Sgd::new(0.25)).step(&mut params, &grads);
    assert_eq!(params.get(ids[0]).slice()[0], before[0][0] - 0.5);
    assert_eq!(params.get(ids[1]).slice()[0], before[1][0] - 0.25);

    let mut params = fresh;
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
