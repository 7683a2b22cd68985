//! An end of training before its time.

use super::{params::Params, schedule::Mode};
use crate::{Error, Float};

/// Ends training when nothing has become better for some epochs: Keras' rule, with its names and defaults.
///
/// ```
/// use gradtape::nn::EarlyStopping;
/// let stopping = EarlyStopping { patience: 5, restore_best_weights: true, ..Default::default() };
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EarlyStopping {
    /// Whether less is better, as of losses, or more: less.
    pub mode: Mode,
    /// By how much better is better: 0.
    pub min_delta: f64,
    /// After how many epochs without anything better it ends: 0, which is the same as 1.
    pub patience: u64,
    /// Whether the parameters of the best epoch stand at the end, instead of the last ones: no.
    pub restore_best_weights: bool,
}

impl EarlyStopping {
    /// Whether the options are in their domains.
    ///
    /// # Errors
    /// The option, its domain and its value.
    pub fn check(&self) -> Result<(), Error> {
        if self.min_delta >= 0.0 && self.min_delta.is_finite() {
            return Ok(());
        }
        Err(Error::config("min_delta", "a finite number of at least 0", self.min_delta))
    }
}

/// What was seen so far.
pub(super) struct Watch<F: Float> {
    pub(super) rule: EarlyStopping,
    best: Option<f64>,
    /// Epochs since then.
    pub(super) wait: u64,
    /// The parameters of the best epoch, if they are to be restored.
    pub(super) kept: Option<Params<F>>,
}

impl<F: Float> Watch<F> {
    pub(super) fn new(rule: EarlyStopping) -> Self {
        Watch { rule, best: None, wait: 0, kept: None }
    }

    /// Takes in an epoch, and says whether training ends. A NaN is not better than anything.
    pub(super) fn observe(&mut self, metric: f64, params: &Params<F>) -> bool {
        let margin = self.rule.min_delta;
        let better = match (self.rule.mode, self.best) {
            (_, None) => !metric.is_nan(),
            (Mode::Min, Some(best)) => metric < best - margin,
            (Mode::Max, Some(best)) => metric > best + margin,
        };
        if better {
            (self.best, self.wait) = (Some(metric), 0);
            self.kept = self.rule.restore_best_weights.then(|| params.clone());
            return false;
        }
        self.wait += 1;
        self.wait >= self.rule.patience
    }

    /// The best so far, NaN at first, and the epochs since then.
    #[cfg(feature = "safetensors")]
    pub(super) fn to_numbers(&self) -> [f64; 2] {
        [self.best.unwrap_or(f64::NAN), self.wait as f64]
    }

    /// The inverse of [`to_numbers`](Self::to_numbers).
    #[cfg(feature = "safetensors")]
    pub(super) fn set_numbers(&mut self, [best, wait]: [f64; 2]) {
        (self.best, self.wait) = (Some(best).filter(|best| !best.is_nan()), wait as u64);
    }
}
