//! Half a wave down (Loshchilov, Hutter: SGDR, Stochastic Gradient Descent with Warm Restarts,
//! 2017).

use super::{Schedule, finite, lasts};
use crate::Error;
use std::f64::consts::PI;

/// From `from` to `to` in half a wave, `share` of the way.
pub(super) fn half_wave(from: f64, to: f64, share: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * share).cos())
}

/// From the base down to the least in half a wave over a period, then up again, as PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct Cosine {
    /// The time from the base to the least.
    pub period: u64,
    /// The least learning rate: 0 in PyTorch.
    pub least: f64,
}

impl Schedule for Cosine {
    fn lr(&self, t: u64, base: f64) -> f64 {
        half_wave(base, self.least, t as f64 / self.period as f64)
    }

    fn check(&self) -> Result<(), Error> {
        lasts("period", self.period)?;
        finite("least learning rate", self.least)
    }
}

/// Half waves down from the base to the least, one after the other, each `growth` times as long
/// as the one before.
#[derive(Clone, Copy, Debug)]
pub struct CosineRestarts {
    /// How long the first takes.
    pub period: u64,
    /// How much longer each is than the one before: 1 in PyTorch.
    pub growth: u64,
    /// The least learning rate: 0 in PyTorch.
    pub least: f64,
}

impl Schedule for CosineRestarts {
    fn lr(&self, t: u64, base: f64) -> f64 {
        let (mut since, mut period) = (t, self.period);
        if self.growth == 1 {
            since %= period;
        }
        while since >= period {
            since -= period;
            period = period.saturating_mul(self.growth);
        }
        half_wave(base, self.least, since as f64 / period as f64)
    }

    fn check(&self) -> Result<(), Error> {
        lasts("period", self.period)?;
        lasts("growth of the period", self.growth)?;
        finite("least learning rate", self.least)
    }
}
