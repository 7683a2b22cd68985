//! A learning rate that falls when nothing gets better.

use super::finite;
use crate::Error;

/// Multiplies the learning rate by a factor when a metric has not become better for a while: PyTorch's
/// `ReduceLROnPlateau`.
///
/// ```
/// use gradtape::nn::schedule::Plateau;
/// let mut plateau = Plateau { patience: 1, factor: 0.5, ..Plateau::default() };
/// let falls = [3.0, 2.0, 2.0, 2.0].map(|loss| plateau.observe(loss));
/// assert_eq!(falls, [false, false, false, true]);
/// assert_eq!(plateau.lowered(0.1), 0.05);
/// ```
#[derive(Clone, Debug)]
pub struct Plateau {
    /// Whether less is better, as of losses, or more: less.
    pub mode: Mode,
    /// The factor: 0.1.
    pub factor: f64,
    /// How many times nothing may become better: 10.
    pub patience: u64,
    /// By how much better is better: 1e-4.
    pub threshold: f64,
    /// Whether the threshold is a share of the best, or a difference from it: a share.
    pub threshold_mode: ThresholdMode,
    /// How many times after a fall are not counted: 0.
    pub cooldown: u64,
    /// The least learning rate: 0.
    pub min_lr: f64,
    /// The smallest fall that is worth it: 1e-8.
    pub eps: f64,
    /// What was seen so far: at first nothing, the default.
    pub seen: Seen,
}

/// What a [`Plateau`] has seen. A clone of it resumes exactly.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    best: Option<f64>,
    /// How many times nothing became better.
    bad: u64,
    /// How many times are still not counted.
    cooling: u64,
}

/// Which way a metric becomes better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Downwards, as a loss.
    #[default]
    Min,
    /// Upwards, as an accuracy.
    Max,
}

/// What the threshold of a [`Plateau`] is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThresholdMode {
    /// A share of the best.
    #[default]
    Rel,
    /// A difference from the best.
    Abs,
}

impl Seen {
    /// The numbers of this state; the best is NaN at first.
    #[cfg(feature = "safetensors")]
    pub(in crate::nn) fn to_numbers(&self) -> [f64; 3] {
        [self.best.unwrap_or(f64::NAN), self.bad as f64, self.cooling as f64]
    }

    /// The inverse of [`to_numbers`](Self::to_numbers).
    #[cfg(feature = "safetensors")]
    pub(in crate::nn) fn from_numbers([best, bad, cooling]: [f64; 3]) -> Self {
        Seen { best: Some(best).filter(|best| !best.is_nan()), bad: bad as u64, cooling: cooling as u64 }
    }
}

impl Default for Plateau {
    fn default() -> Self {
        Plateau {
            mode: Mode::Min,
            factor: 0.1,
            patience: 10,
            threshold: 1e-4,
            threshold_mode: ThresholdMode::Rel,
            cooldown: 0,
            min_lr: 0.0,
            eps: 1e-8,
            seen: Seen::default(),
        }
    }
}

impl Plateau {
    /// Takes in a metric, and says whether the learning rate should fall now. A NaN is not better
    /// than anything.
    pub fn observe(&mut self, metric: f64) -> bool {
        if self.is_better(metric) {
            self.seen.best = Some(metric);
            self.seen.bad = 0;
        } else {
            self.seen.bad += 1;
        }
        if self.seen.cooling > 0 {
            self.seen.cooling -= 1;
            self.seen.bad = 0;
        }
        let falls = self.seen.bad > self.patience;
        if falls {
            (self.seen.bad, self.seen.cooling) = (0, self.cooldown);
        }
        falls
    }

    /// What a learning rate falls to.
    pub fn lowered(&self, lr: f64) -> f64 {
        let next = (lr * self.factor).max(self.min_lr);
        if lr - next > self.eps { next } else { lr }
    }

    fn is_better(&self, metric: f64) -> bool {
        let margin = |best: f64| match self.threshold_mode {
            ThresholdMode::Rel => best * self.threshold,
            ThresholdMode::Abs => self.threshold,
        };
        match (self.mode, self.seen.best) {
            (_, None) => !metric.is_nan(),
            (Mode::Min, Some(best)) => metric < best - margin(best),
            (Mode::Max, Some(best)) => metric > best + margin(best),
        }
    }

    /// Whether the options are in their domains.
    ///
    /// # Errors
    /// The option, its domain and its value.
    pub fn check(&self) -> Result<(), Error> {
        if !(0.0..1.0).contains(&self.factor) {
            return Err(Error::config("plateau factor", "a number in [0, 1)", self.factor));
        }
        finite("plateau threshold", self.threshold)?;
        finite("min_lr", self.min_lr)?;
        finite("plateau eps", self.eps)
    }
}
