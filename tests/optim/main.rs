//! Optimizers, schedules and clipping: against the papers, against PyTorch, and what they refuse.

mod clipping;
mod papers;
mod pytorch;
mod reference;
mod refusals;
mod schedules;
mod state;

use gradtape::nn::{Optimizer, ParamGrads, ParamId, Params, Rule};
use gradtape::{Tape, Tensor, random::Rng};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The gradients of Σ⟨c, p⟩, which are the c themselves, so that a step can be followed by hand.
pub(crate) fn gradients(params: &Params<f64>, of: &[(ParamId, &[f64])]) -> ParamGrads<f64> {
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

pub(crate) fn step_with<R: Rule>(
    optimizer: &mut Optimizer<R, f64>,
    params: &mut Params<f64>,
    id: ParamId,
    gradient: &[f64],
) {
    let grads = gradients(params, &[(id, gradient)]);
    optimizer.step(params, &grads);
}

pub(crate) fn one_parameter(value: &[f64]) -> (Params<f64>, ParamId) {
    let mut params = Params::seeded(0);
    let id = params.add("p", Tensor::new(value.to_vec(), [value.len()]));
    (params, id)
}

pub(crate) fn close(a: &[f64], b: &[f64]) {
    assert!(
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-14),
        "{a:?} against {b:?}"
    );
}

pub(crate) fn start(vector: bool) -> (Params<f64>, Vec<ParamId>) {
    let mut params = Params::seeded(0);
    let w = Tensor::from_fn([3, 4], |i| ((7 * i) % 13) as f64 / 8.0 - 0.75);
    let mut ids = vec![params.add("w", w)];
    if vector {
        ids.push(params.add("b", Tensor::from([0.5, -0.25, 1.0])));
    }
    (params, ids)
}

/// The gradient of optim.py.
pub(crate) fn spring(p: &[f64], step: usize) -> Vec<f64> {
    let pull = |(i, p): (usize, &f64)| {
        (0.5 + 0.25 * (i % 4) as f64) * (p - (0.125 * i as f64 - 0.5))
            + (((7 * step + 3 * i) % 11) as f64 / 16.0 - 0.3125)
    };
    p.iter().enumerate().map(pull).collect()
}

pub(crate) fn message_of(body: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(body)).expect_err("should panic");
    let fixed = || payload.downcast_ref::<&str>().map(|message| (*message).to_owned());
    payload.downcast_ref::<String>().cloned().or_else(fixed).expect("a message")
}
