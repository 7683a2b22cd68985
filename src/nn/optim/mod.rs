//! How parameters follow their gradients: each step one fused pass per parameter, in place.

mod adam;
mod sgd;

pub use adam::Adam;
pub use sgd::Sgd;

use super::params::{ParamGrads, Params};
use crate::{Error, Float};

/// Changes parameters by their gradients. A parameter without a gradient is not touched, not
/// even by weight decay.
pub trait Optimizer<F: Float> {
    /// Whether the options are in their domains.
    ///
    /// # Errors
    /// The option, its domain and its value.
    fn check(&self) -> Result<(), Error>;

    /// One step.
    ///
    /// # Panics
    /// When [`check`](Self::check) fails.
    fn step(&mut self, params: &mut Params<F>, grads: &ParamGrads<F>);

    /// The learning rate.
    fn lr(&self) -> f64;

    /// Changes the learning rate.
    fn set_lr(&mut self, lr: f64);
}

/// Refuses a number outside [0, end).
fn in_range(option: &'static str, value: f64, end: f64) -> Result<(), Error> {
    if (0.0..end).contains(&value) {
        return Ok(());
    }
    let domain = if end.is_finite() { format!("in [0, {end})") } else { "finite and not negative".into() };
    Err(Error::config(option, format!("a number {domain}"), value))
}

/// As [`Optimizer::check`], for steps.
#[track_caller]
fn must(check: Result<(), Error>) {
    if let Err(error) = check {
        panic!("gradtape: optimizer: {error}");
    }
}
