//! Half a wave down (Loshchilov, Hutter: SGDR, Stochastic Gradient Descent with Warm Restarts,
//! 2017).

use super::{Schedule, finite, lasts};
use crate::Error;
use std::f64::consts::PI;

/// From `from` to `to` in half a wave, `share` of the way.
pub(super) fn half_wave(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * share).cos())
}

/// From the base down to the least in half a wave over a time, then up again: PyTorch's
/// `CosineAnnealingLR`.
#[derive(Clone, Copy, Debug)]
pub struct Cosine {
    /// The time from the base to the least.
    pub t_max: u64,
    /// The least learning rate: 0.
    pub eta_min: f64,
}

impl Cosine {
    /// Down to 0 over this time.
    pub fn new(t_max: u64) -> Self {
        Cosine { t_max, eta_min: 0.0 }
    }
}

impl Schedule for Cosine {
    fn lr(&self, t: u64, base: f64) -> f64 {
        half_wave(base, self.eta_min, t as f64 / self.t_max as f64)
    }

    fn check(&self) -> Result<(), Error> {
        lasts("t_max", self.t_max)?;
        finite("eta_min", self.eta_min)
    }
}

/// Half waves down from the base to the least, one after the other, each `t_mult` times as long
/// as the one before: PyTorch's `CosineAnnealingWarmRestarts`.
#[derive(Clone, Copy, Debug)]
pub struct CosineRestarts {
    /// How long the first takes.
    pub t_0: u64,
    /// How much longer each is than the one before: 1.
    pub t_mult: u64,
    /// The least learning rate: 0.
    pub eta_min: f64,
}

impl CosineRestarts {
    /// Down to 0, over this time each.
    pub fn new(t_0: u64) -> Self {
        CosineRestarts { t_0, t_mult: 1, eta_min: 0.0 }
    }
}

impl Schedule for CosineRestarts {
    fn lr(&self, t: u64, base: f64) -> f64 {
        let (mut since, mut period) = (t, self.t_0);
        if self.t_mult == 1 {
            since %= period;
        }
        while since >= period {
            since -= period;
            period = period.saturating_mul(self.t_mult);
        }
        half_wave(base, self.eta_min, since as f64 / period as f64)
    }

    fn check(&self) -> Result<(), Error> {
        lasts("t_0", self.t_0)?;
        lasts("t_mult", self.t_mult)?;
        finite("eta_min", self.eta_min)
    }
}
