//! Resilient backpropagation.

use super::{
    Pull, in_range, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape};

/// Steps by the sign of the gradient alone: longer where it stays, shorter where it turned
/// (Riedmiller, Braun: A Direct Adaptive Method for Faster Backpropagation Learning, 1993). For
/// whole batches. The defaults are PyTorch's.
#[derive(Clone, Debug)]
pub struct Rprop {
    /// The first step of each weight: 1e-2.
    pub lr: f64,
    /// By what a step shrinks and grows: 0.5 and 1.2.
    pub etas: (f64, f64),
    /// The shortest and the longest step: 1e-6 and 50.
    pub step_sizes: (f64, f64),
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Rprop {
    /// The defaults with a first step.
    pub fn new(lr: f64) -> Self {
        Rprop { lr, ..Self::default() }
    }
}

impl Default for Rprop {
    fn default() -> Self {
        Rprop { lr: 1e-2, etas: (0.5, 1.2), step_sizes: (1e-6, 50.0), maximize: false }
    }
}

impl Rule for Rprop {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        in_range("the shrinking eta", self.etas.0, 1.0)?;
        if !(self.etas.1 > 1.0 && self.etas.1.is_finite()) {
            return Err(Error::config("the growing eta", "a finite number above 1", self.etas.1));
        }
        not_negative("the shortest step", self.step_sizes.0)?;
        if self.step_sizes.1 >= self.step_sizes.0 {
            return Ok(());
        }
        Err(Error::config("the longest step", "at least the shortest", self.step_sizes.1))
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        let mut slots = Slot::zeros(shape, &["prev"]);
        slots.push(Slot { name: "step_size", shape: shape.clone(), start: self.lr });
        slots
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let pull = Pull::new(self.maximize, 0.0);
        let [shrink, grow] = [self.etas.0, self.etas.1].map(F::of);
        let [low, high] = [self.step_sizes.0, self.step_sizes.1].map(F::of);
        step.each(
            #[inline(always)]
            move |p, g, [before, size]| {
                let d = pull.of(p, g);
                let turned = d * *before;
                let factor = if turned > F::ZERO { grow } else { F::ONE };
                let next = *size * if turned < F::ZERO { shrink } else { factor };
                let next = if next > high { high } else { next };
                *size = if low > next { low } else { next };
                // A weight that overshot rests for a step.
                *before = if turned < F::ZERO { F::ZERO } else { d };
                let up = if *before > F::ZERO { *size } else { F::ZERO };
                p - if *before < F::ZERO { -*size } else { up }
            },
        );
    }
}
