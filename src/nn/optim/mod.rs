//! How parameters follow their gradients: each step one fused pass per parameter, in place.
//!
//! An optimizer is a [`Rule`], plain options with one formula; [`Optimizer`] runs it over all
//! parameters and keeps what it must remember.

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod asgd;
mod average;
mod clip;
mod lamb;
mod lbfgs;
mod lion;
mod muon;
mod nadam;
mod optimizer;
mod radam;
mod rmsprop;
mod rprop;
mod rule;
mod sgd;

pub use adadelta::Adadelta;
pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::{Adam, AdamW};
pub use adamax::Adamax;
pub use asgd::Asgd;
pub use average::Ema;
pub use lamb::Lamb;
pub use lbfgs::{Lbfgs, LbfgsMemory, LineSearch};
pub use lion::Lion;
pub use muon::{Muon, MuonLr};
pub use nadam::Nadam;
pub use optimizer::Optimizer;
pub use radam::Radam;
pub use rmsprop::RmsProp;
pub use rprop::Rprop;
pub use rule::{Rule, Slot, Step};
pub use sgd::Sgd;

use crate::{Error, Float};

/// Refuses a number outside [0, end).
fn in_range(option: &'static str, value: f64, end: f64) -> Result<(), Error> {
    if (0.0..end).contains(&value) {
        return Ok(());
    }
    let domain = if end.is_finite() { format!("in [0, {end})") } else { "finite and not negative".into() };
    Err(Error::config(option, format!("a number {domain}"), value))
}

/// Refuses a number that is not finite or negative.
fn not_negative(option: &'static str, value: f64) -> Result<(), Error> {
    in_range(option, value, f64::INFINITY)
}

/// Refuses numbers outside [0, 1).
fn betas_in_range((beta1, beta2): (f64, f64)) -> Result<(), Error> {
    in_range("beta1", beta1, 1.0)?;
    in_range("beta2", beta2, 1.0)
}

/// Where an element is pulled: its gradient, turned round to climb, with the penalty of coupled
/// weight decay (an L2 penalty).
#[derive(Clone, Copy)]
struct Pull<F> {
    sign: F,
    decay: F,
}

impl<F: Float> Pull<F> {
    fn new(maximize: bool, decay: f64) -> Self {
        Pull { sign: if maximize { -F::ONE } else { F::ONE }, decay: F::of(decay) }
    }

    #[inline(always)]
    fn of(self, p: F, g: F) -> F {
        self.sign * g + self.decay * p
    }
}

/// Coupled and decoupled weight decay: a part of the pull, or a factor of the weights
/// (Loshchilov, Hutter: Decoupled Weight Decay Regularization, 2019).
fn decay<F: Float>(lr: f64, weight_decay: f64, decoupled: bool, maximize: bool) -> (Pull<F>, F) {
    let (coupled, factor) = if decoupled { (0.0, 1.0 - lr * weight_decay) } else { (weight_decay, 1.0) };
    (Pull::new(maximize, coupled), F::of(factor))
}
