//! Lion.

use super::{
    betas_in_range, decay, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::flush};

/// Steps by the sign of a momentum (Chen and others: Symbolic Discovery of Optimization
/// Algorithms, 2023): p −= lr · (sign(β₁m + (1−β₁)g) + decay · p), m = β₂m + (1−β₂)g.
#[derive(Clone, Debug)]
pub struct Lion {
    /// The learning rate: 1e-4; a third to a tenth of Adam's.
    pub lr: f64,
    /// What a step keeps of the momentum, β₁, and the momentum of itself, β₂: 0.9 and 0.99.
    pub betas: (f64, f64),
    /// Decoupled weight decay: 0; three to ten times Adam's.
    pub weight_decay: f64,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Lion {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Lion { lr, ..Self::default() }
    }
}

impl Default for Lion {
    fn default() -> Self {
        Lion { lr: 1e-4, betas: (0.9, 0.99), weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Lion {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        betas_in_range(self.betas)?;
        not_negative("weight decay", self.weight_decay)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.betas.0)
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        Slot::zeros(shape, &["exp_avg"])
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let (pull, shrink) = decay(self.lr, self.weight_decay, true, self.maximize);
        let (beta1, beta2) = self.betas;
        let [lr, beta1, rest1, beta2, rest2] = [self.lr, beta1, 1.0 - beta1, beta2, 1.0 - beta2].map(F::of);
        step.each(
            #[inline(always)]
            move |p, g, [m]| {
                let d = pull.of(p, g);
                let towards = beta1 * *m + rest1 * d;
                *m = flush(beta2 * *m + rest2 * d);
                let up = if towards > F::ZERO { lr } else { lr * F::ZERO * towards };
                p * shrink - if towards < F::ZERO { -lr } else { up }
            },
        );
    }
}
