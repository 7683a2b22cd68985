//! Schedules made of schedules.

use super::Schedule;
use crate::Error;
use std::fmt;

/// Schedules on top of each other: each takes what the one before gives as its base.
///
/// ```
/// use gradtape::nn::schedule::{Chain, Constant, Exponential, Schedule};
/// let schedule = Chain::new(Constant { factor: 0.1, total_iters: 2 }).and(Exponential { gamma: 0.5 });
/// assert_eq!([0, 1, 2].map(|t| schedule.lr(t, 1.0)), [0.1, 0.05, 0.25]);
/// ```
pub struct Chain(Vec<Box<dyn Schedule>>);

impl Chain {
    /// The schedule that is asked first.
    pub fn new(first: impl Schedule + 'static) -> Self {
        Chain(vec![Box::new(first)])
    }

    /// One more on top.
    pub fn and(mut self, next: impl Schedule + 'static) -> Self {
        self.0.push(Box::new(next));
        self
    }
}

impl Schedule for Chain {
    fn lr(&self, t: u64, base: f64) -> f64 {
        self.0.iter().fold(base, |lr, schedule| schedule.lr(t, lr))
    }

    fn momentum(&self, t: u64) -> Option<f64> {
        self.0.iter().rev().find_map(|schedule| schedule.momentum(t))
    }

    fn check(&self) -> Result<(), Error> {
        self.0.iter().try_for_each(|schedule| schedule.check())
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain of {} schedules", self.0.len())
    }
}

/// Schedules after each other, each with its own time from 0.
pub struct Sequence {
    first: Box<dyn Schedule>,
    /// When each of the others starts.
    then: Vec<(u64, Box<dyn Schedule>)>,
}

impl Sequence {
    /// The schedule that runs first.
    pub fn new(first: impl Schedule + 'static) -> Self {
        Sequence { first: Box::new(first), then: Vec::new() }
    }

    /// The one that takes over at time `from`.
    pub fn then(mut self, from: u64, next: impl Schedule + 'static) -> Self {
        self.then.push((from, Box::new(next)));
        self
    }

    /// The schedule of time `t`, and its own time.
    fn running(&self, t: u64) -> (&dyn Schedule, u64) {
        let last = self.then.iter().rev().find(|&&(from, _)| from <= t);
        last.map_or((&*self.first, t), |(from, schedule)| (&**schedule, t - from))
    }
}

impl Schedule for Sequence {
    fn lr(&self, t: u64, base: f64) -> f64 {
        let (schedule, t) = self.running(t);
        schedule.lr(t, base)
    }

    fn momentum(&self, t: u64) -> Option<f64> {
        let (schedule, t) = self.running(t);
        schedule.momentum(t)
    }

    fn check(&self) -> Result<(), Error> {
        self.first.check()?;
        let mut before = 0;
        for (from, schedule) in &self.then {
            schedule.check()?;
            if *from <= before {
                return Err(Error::config("sequence", format!("times in order, after {before}"), from));
            }
            before = *from;
        }
        Ok(())
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sequence of {} schedules", 1 + self.then.len())
    }
}
