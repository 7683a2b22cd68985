//! Up and down, the momentum against it.

use super::{Schedule, cosine::half_wave, finite, lasts};
use crate::Error;

/// Triangles between two learning rates (Smith: Cyclical Learning Rates for Training Neural
/// Networks, 2017). The learning rate of the optimizer itself plays no part, nor does its momentum
/// unless that is left alone.
#[derive(Clone, Debug)]
pub struct Cyclic {
    /// The lowest learning rate.
    pub base_lr: f64,
    /// The highest learning rate.
    pub max_lr: f64,
    /// How long it rises: 2000.
    pub step_size_up: u64,
    /// How long it falls: as long as it rises.
    pub step_size_down: Option<u64>,
    /// How the height of the triangles changes: not at all.
    pub scale: Scale,
    /// The lowest and the highest momentum, which is highest where the learning rate is lowest:
    /// 0.8 and 0.9; nothing leaves the momentum alone.
    pub momentum: Option<(f64, f64)>,
}

/// How the height of the triangles of [`Cyclic`] changes.
#[derive(Clone, Copy, Debug, Default)]
pub enum Scale {
    /// Not at all.
    #[default]
    Triangular,
    /// Each is half as high as the one before.
    Triangular2,
    /// By γᵗ.
    ExpRange(
        /// γ.
        f64,
    ),
    /// By a function of the number of the triangle, counted from 1.
    ByCycle(fn(f64) -> f64),
    /// By a function of time.
    ByTime(fn(f64) -> f64),
}

impl Cyclic {
    /// The defaults between two learning rates.
    pub fn new(base_lr: f64, max_lr: f64) -> Self {
        Cyclic {
            base_lr,
            max_lr,
            step_size_up: 2000,
            step_size_down: None,
            scale: Scale::Triangular,
            momentum: Some((0.8, 0.9)),
        }
    }

    /// How high above the base, as a share of the full height.
    fn height(&self, t: u64) -> f64 {
        let (t, up) = (t as f64, self.step_size_up as f64);
        let total = up + self.step_size_down.unwrap_or(self.step_size_up) as f64;
        let (cycle, rising) = ((1.0 + t / total).floor(), up / total);
        let x = 1.0 + t / total - cycle;
        let triangle = if x <= rising { x / rising } else { (x - 1.0) / (rising - 1.0) };
        let scale = match self.scale {
            Scale::Triangular => 1.0,
            Scale::Triangular2 => 0.5f64.powf(cycle - 1.0),
            Scale::ExpRange(gamma) => gamma.powf(t),
            Scale::ByCycle(scale) => scale(cycle),
            Scale::ByTime(scale) => scale(t),
        };
        triangle * scale
    }
}

impl Schedule for Cyclic {
    fn lr(&self, t: u64, _: f64) -> f64 {
        self.base_lr + (self.max_lr - self.base_lr) * self.height(t)
    }

    fn momentum(&self, t: u64) -> Option<f64> {
        let (low, high) = self.momentum?;
        Some(high - (high - low) * self.height(t))
    }

    fn check(&self) -> Result<(), Error> {
        lasts("step_size_up", self.step_size_up)?;
        lasts("step_size_down", self.step_size_down.unwrap_or(self.step_size_up))?;
        if let Scale::ExpRange(gamma) = self.scale {
            finite("gamma", gamma)?;
        }
        momenta(self.momentum)?;
        finite("base_lr", self.base_lr)?;
        finite("max_lr", self.max_lr)
    }
}

/// Once up, once down, and far down at the end (Smith, Topin: Super-Convergence, 2018). The
/// learning rate of the optimizer itself plays no part; after `total_steps` it stays at the last.
#[derive(Clone, Debug)]
pub struct OneCycle {
    /// The highest learning rate.
    pub max_lr: f64,
    /// How long it all takes.
    pub total_steps: u64,
    /// The share of the rise: 0.3.
    pub pct_start: f64,
    /// Along what it goes: half waves.
    pub anneal_strategy: Anneal,
    /// The lowest and the highest momentum, which is highest where the learning rate is lowest:
    /// 0.85 and 0.95; nothing leaves the momentum alone.
    pub momentum: Option<(f64, f64)>,
    /// The highest over the first learning rate: 25.
    pub div_factor: f64,
    /// The first over the last learning rate: 1e4.
    pub final_div_factor: f64,
    /// Whether it falls to the first learning rate as long as it rose, and to the last only then:
    /// no.
    pub three_phase: bool,
}

/// Along what [`OneCycle`] goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anneal {
    /// Half waves.
    #[default]
    Cos,
    /// Straight lines.
    Linear,
}

impl OneCycle {
    /// The defaults up to a learning rate, over a time.
    pub fn new(max_lr: f64, total_steps: u64) -> Self {
        OneCycle {
            max_lr,
            total_steps,
            pct_start: 0.3,
            anneal_strategy: Anneal::Cos,
            momentum: Some((0.85, 0.95)),
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }

    /// Where `values`, those at the first time and at the end of each phase, stand at time `t`.
    fn at(&self, t: u64, values: &[f64]) -> f64 {
        let total = self.total_steps as f64;
        let rise = self.pct_start * total - 1.0;
        let ends: &[f64] =
            if self.three_phase { &[rise, 2.0 * rise, total - 1.0] } else { &[rise, total - 1.0] };
        let t = (t as f64).min(total - 1.0);
        let phase = ends.iter().position(|&end| t <= end).unwrap_or(ends.len() - 1);
        let start = if phase == 0 { 0.0 } else { ends[phase - 1] };
        let length = ends[phase] - start;
        let share = if length > 0.0 { (t - start) / length } else { 1.0 };
        let (from, to) = (values[phase], values[phase + 1]);
        match self.anneal_strategy {
            Anneal::Cos => half_wave(from, to, share),
            Anneal::Linear => from + (to - from) * share,
        }
    }
}

impl Schedule for OneCycle {
    fn lr(&self, t: u64, _: f64) -> f64 {
        let first = self.max_lr / self.div_factor;
        let last = first / self.final_div_factor;
        if self.three_phase {
            self.at(t, &[first, self.max_lr, first, last])
        } else {
            self.at(t, &[first, self.max_lr, last])
        }
    }

    fn momentum(&self, t: u64) -> Option<f64> {
        let (low, high) = self.momentum?;
        let three = [high, low, high, high];
        Some(self.at(t, if self.three_phase { &three } else { &three[..3] }))
    }

    fn check(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.pct_start) {
            return Err(Error::config("pct_start", "a share in [0, 1]", self.pct_start));
        }
        let fits = !self.three_phase || self.pct_start <= 0.5;
        if !fits {
            return Err(Error::config(
                "pct_start",
                "at most ½, as it falls as long as it rises",
                self.pct_start,
            ));
        }
        if self.total_steps < 2 {
            return Err(Error::config("total_steps", "at least 2", self.total_steps));
        }
        momenta(self.momentum)?;
        finite("max_lr", self.max_lr)?;
        for (option, value) in [("div_factor", self.div_factor), ("final_div_factor", self.final_div_factor)]
        {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::config(option, "a positive finite number", value));
            }
        }
        Ok(())
    }
}

/// Refuses bounds of the momentum that are not finite.
fn momenta(bounds: Option<(f64, f64)>) -> Result<(), Error> {
    let Some((low, high)) = bounds else { return Ok(()) };
    finite("lowest momentum", low)?;
    finite("highest momentum", high)
}
