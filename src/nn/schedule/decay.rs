//! Factors that fall, or rise, with time.

use super::{Schedule, finite, lasts};
use crate::Error;
use std::{cell::Cell, fmt};

/// A factor until `total_iters`, then 1.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// The factor until then: 1/3.
    pub factor: f64,
    /// When it ends: 5.
    pub total_iters: u64,
}

impl Default for Constant {
    fn default() -> Self {
        Constant { factor: 1.0 / 3.0, total_iters: 5 }
    }
}

impl Schedule for Constant {
    fn lr(&self, t: u64, base: f64) -> f64 {
        if t < self.total_iters { base * self.factor } else { base }
    }

    fn check(&self) -> Result<(), Error> {
        finite("constant factor", self.factor)
    }
}

/// A factor that goes in a straight line from one value to another: a warm-up.
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    /// Where it starts: 1/3.
    pub start_factor: f64,
    /// Where it ends: 1.
    pub end_factor: f64,
    /// When it ends: 5.
    pub total_iters: u64,
}

impl Default for Linear {
    fn default() -> Self {
        Linear { start_factor: 1.0 / 3.0, end_factor: 1.0, total_iters: 5 }
    }
}

impl Schedule for Linear {
    fn lr(&self, t: u64, base: f64) -> f64 {
        let share = t.min(self.total_iters) as f64 / self.total_iters as f64;
        base * (self.start_factor + (self.end_factor - self.start_factor) * share)
    }

    fn check(&self) -> Result<(), Error> {
        finite("start_factor", self.start_factor)?;
        finite("end_factor", self.end_factor)?;
        lasts("total_iters", self.total_iters)
    }
}

/// γ to the power of the number of whole periods.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The period.
    pub step_size: u64,
    /// γ: 0.1.
    pub gamma: f64,
}

impl Step {
    /// By 0.1 after each period.
    pub fn new(step_size: u64) -> Self {
        Step { step_size, gamma: 0.1 }
    }
}

impl Schedule for Step {
    fn lr(&self, t: u64, base: f64) -> f64 {
        base * self.gamma.powf((t / self.step_size) as f64)
    }

    fn check(&self) -> Result<(), Error> {
        lasts("step_size", self.step_size)?;
        finite("gamma", self.gamma)
    }
}

/// γ to the power of the number of milestones that have been reached.
#[derive(Clone, Debug)]
pub struct MultiStep {
    /// The milestones, in any order.
    pub milestones: Vec<u64>,
    /// γ: 0.1.
    pub gamma: f64,
}

impl MultiStep {
    /// By 0.1 at each milestone.
    pub fn new(milestones: impl Into<Vec<u64>>) -> Self {
        MultiStep { milestones: milestones.into(), gamma: 0.1 }
    }
}

impl Schedule for MultiStep {
    fn lr(&self, t: u64, base: f64) -> f64 {
        let reached = self.milestones.iter().filter(|&&milestone| milestone <= t).count();
        base * self.gamma.powf(reached as f64)
    }

    fn check(&self) -> Result<(), Error> {
        finite("gamma", self.gamma)
    }
}

/// γᵗ.
#[derive(Clone, Copy, Debug)]
pub struct Exponential {
    /// γ.
    pub gamma: f64,
}

impl Schedule for Exponential {
    fn lr(&self, t: u64, base: f64) -> f64 {
        base * self.gamma.powf(t as f64)
    }

    fn check(&self) -> Result<(), Error> {
        finite("gamma", self.gamma)
    }
}

/// (1 − t/total_iters)^power, then 0.
#[derive(Clone, Copy, Debug)]
pub struct Polynomial {
    /// When 0 is reached: 5.
    pub total_iters: u64,
    /// The power: 1.
    pub power: f64,
}

impl Default for Polynomial {
    fn default() -> Self {
        Polynomial { total_iters: 5, power: 1.0 }
    }
}

impl Schedule for Polynomial {
    fn lr(&self, t: u64, base: f64) -> f64 {
        base * (1.0 - t.min(self.total_iters) as f64 / self.total_iters as f64).powf(self.power)
    }

    fn check(&self) -> Result<(), Error> {
        lasts("total_iters", self.total_iters)?;
        if self.power >= 0.0 && self.power.is_finite() {
            return Ok(());
        }
        Err(Error::config("power", "a finite number of at least 0", self.power))
    }
}

/// Any function of time as the factor.
///
/// ```
/// use gradtape::nn::schedule::{Lambda, Schedule};
/// assert_eq!(Lambda(|t| 1.0 / (1.0 + t as f64)).lr(3, 0.4), 0.1);
/// ```
#[derive(Clone, Copy)]
pub struct Lambda<S>(pub S);

impl<S: Fn(u64) -> f64 + Send> Schedule for Lambda<S> {
    fn lr(&self, t: u64, base: f64) -> f64 {
        base * (self.0)(t)
    }
}

impl<S> fmt::Debug for Lambda<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lambda")
    }
}

/// The product of any function of time, over the times from 1 on.
#[derive(Clone)]
pub struct Multiplicative<S> {
    factor: S,
    /// The last time asked for, and its product, so that going on costs one factor.
    known: Cell<(u64, f64)>,
}

impl<S: Fn(u64) -> f64 + Send> Multiplicative<S> {
    /// The product of `factor(1)`, `factor(2)`, …
    pub fn new(factor: S) -> Self {
        Multiplicative { factor, known: Cell::new((0, 1.0)) }
    }
}

impl<S: Fn(u64) -> f64 + Send> Schedule for Multiplicative<S> {
    fn lr(&self, t: u64, base: f64) -> f64 {
        let (from, product) = if self.known.get().0 <= t { self.known.get() } else { (0, 1.0) };
        let product = (from + 1..=t).fold(product, |product, t| product * (self.factor)(t));
        self.known.set((t, product));
        base * product
    }
}

impl<S> fmt::Debug for Multiplicative<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Multiplicative")
    }
}
