//! Adamax.

use super::{
    Pull, betas_in_range, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::flush};

/// [`Adam`](super::Adam) under the infinity norm (Kingma, Ba: Adam, 2015, §7.1):
/// m = β₁m + (1−β₁)g, u = max(β₂u, |g| + eps), p −= lr/(1 − β₁ᵗ) · m/u. The defaults are PyTorch's.
#[derive(Clone, Debug)]
pub struct Adamax {
    /// The learning rate: 2e-3.
    pub lr: f64,
    /// How slowly m and u forget, β₁ and β₂: 0.9 and 0.999.
    pub betas: (f64, f64),
    /// What keeps the divisor from 0: 1e-8.
    pub eps: f64,
    /// An L2 penalty, added to the gradient: 0.
    pub weight_decay: f64,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Adamax {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Adamax { lr, ..Self::default() }
    }
}

impl Default for Adamax {
    fn default() -> Self {
        Adamax { lr: 2e-3, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Adamax {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        betas_in_range(self.betas)?;
        not_negative("eps", self.eps)?;
        not_negative("weight decay", self.weight_decay)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.betas.0)
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        Slot::zeros(shape, &["exp_avg", "exp_inf"])
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let pull = Pull::new(self.maximize, self.weight_decay);
        let [beta1, rest1, beta2] = [self.betas.0, 1.0 - self.betas.0, self.betas.1].map(F::of);
        let lr = F::of(self.lr / (1.0 - self.betas.0.powf(step.number as f64)));
        let eps = F::of(self.eps);
        step.each(
            #[inline(always)]
            move |p, g, [m, u]| {
                let d = pull.of(p, g);
                *m = flush(beta1 * *m + rest1 * d);
                let (old, new) = (beta2 * *u, d.abs() + eps);
                // Written so that NaN is not lost.
                *u = if old > new { old } else { new };
                p - lr * *m / *u
            },
        );
    }
}
