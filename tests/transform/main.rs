//! Derivatives of every kind, against closed forms and each other; and what each refuses.

mod checkpoints;
mod flow;
mod functions;
mod rules;
mod sweeps;

use gradtape::random::Rng;
use gradtape::{Interp, Tensor, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The message of the panic that `f` must raise.
#[track_caller]
fn refused<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("nothing was refused") };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast::<&str>().expect("a message").to_string(),
    }
}

#[track_caller]
fn close(a: &Tensor<f64>, b: &Tensor<f64>, bound: f64) {
    assert_eq!(a.shape(), b.shape());
    for (a, b) in a.slice().iter().zip(b.slice()) {
        assert!((a - b).abs() <= bound * b.abs().max(1.0), "{a} is not {b}");
    }
}

fn draws<const N: usize>(seed: u64, shapes: [&[usize]; N]) -> [Tensor<f64>; N] {
    let rng = Rng::new(seed);
    shapes.map(|shape| rng.uniform(shape, -1.0, 1.0))
}

/// A vector of 3 from x [2, 2] and w [3, 2], curved in both.
fn curved<I: Interp>(x: &Value<I>, w: &Value<I>) -> Value<I> {
    (w.matmul(x).tanh() * w.exp()).sum_axes(1, false)
}
