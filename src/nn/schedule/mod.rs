//! Learning rates that change with time.
//!
//! A schedule is a function of time, counted in steps or epochs from 0, and of the learning rate
//! that an optimizer was given: nothing is kept, so training can be resumed anywhere. Names and
//! defaults are PyTorch's, without `LR` and `Annealing`. [`Plateau`] alone listens to a metric instead.
//!
//! ```
//! use gradtape::nn::schedule::{Cosine, Linear, Schedule, Sequence};
//! // A warm-up of five epochs, then half a wave down over twenty.
//! let warm_up = Linear { start_factor: 0.1, ..Linear::default() };
//! let schedule = Sequence::new(warm_up).then(5, Cosine::new(20));
//! let lrs: Vec<f64> = [0, 5, 15, 25].map(|t| schedule.lr(t, 1.0)).into();
//! assert_eq!(lrs[..2], [0.1, 1.0]);
//! assert!((lrs[2] - 0.5).abs() < 1e-12 && lrs[3].abs() < 1e-12);
//! ```

mod chain;
mod cosine;
mod cycle;
mod decay;
mod plateau;

pub use chain::{Chain, Sequence};
pub use cosine::{Cosine, CosineRestarts};
pub use cycle::{Anneal, Cyclic, OneCycle, Scale};
pub use decay::{Constant, Exponential, Lambda, Linear, MultiStep, Multiplicative, Polynomial, Step};
pub use plateau::{Mode, Plateau, Seen, ThresholdMode};

use crate::Error;

/// A learning rate as a function of time.
pub trait Schedule: Send {
    /// The learning rate at time `t`, counted from 0, of an optimizer that was given `base`.
    fn lr(&self, t: u64, base: f64) -> f64;

    /// The momentum at time `t`, if the schedule cycles it.
    fn momentum(&self, _t: u64) -> Option<f64> {
        None
    }

    /// Whether the options are in their domains.
    ///
    /// # Errors
    /// The option, its domain and its value.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Refuses a duration of 0.
fn lasts(option: &'static str, duration: u64) -> Result<(), Error> {
    if duration > 0 { Ok(()) } else { Err(Error::config(option, "at least 1", duration)) }
}

/// Refuses a number that is not finite.
fn finite(option: &'static str, value: f64) -> Result<(), Error> {
    if value.is_finite() { Ok(()) } else { Err(Error::config(option, "a finite number", value)) }
}
