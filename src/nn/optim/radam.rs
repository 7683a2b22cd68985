//! RAdam.

use super::{
    adam::Moments,
    betas_in_range, decay, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape};

/// [`Adam`](super::Adam) that leaves the second moment aside until its variance is known, and
/// rectifies it then (Liu and others: On the Variance of the Adaptive Learning Rate and Beyond,
/// 2020). The defaults are PyTorch's.
#[derive(Clone, Debug)]
pub struct Radam {
    /// The learning rate: 1e-3.
    pub lr: f64,
    /// How slowly the moments forget, β₁ and β₂: 0.9 and 0.999.
    pub betas: (f64, f64),
    /// What keeps the divisor from 0: 1e-8.
    pub eps: f64,
    /// Weight decay: 0.
    pub weight_decay: f64,
    /// Whether the decay shrinks the weights by lr · decay, instead of being an L2 penalty: no.
    pub decoupled_weight_decay: bool,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Radam {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Radam { lr, ..Self::default() }
    }
}

impl Default for Radam {
    fn default() -> Self {
        Radam {
            lr: 1e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
            maximize: false,
        }
    }
}

impl Rule for Radam {
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
        Slot::zeros(shape, &["exp_avg", "exp_avg_sq"])
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let (pull, shrink) = decay(self.lr, self.weight_decay, self.decoupled_weight_decay, self.maximize);
        let (number, beta2) = (step.number as f64, self.betas.1);
        let moments = Moments::new(self.betas, step.number);
        // The length of the average that v stands for, in the end and now (§3.3 and Algorithm 2).
        let end = 2.0 / (1.0 - beta2) - 1.0;
        let now = end - 2.0 * number * beta2.powf(number) / moments.left2;
        let lr = self.lr / moments.left1;
        if now > 5.0 {
            let rectified = (now - 4.0) * (now - 2.0) * end / ((end - 4.0) * (end - 2.0) * now);
            let (lr, eps) = (F::of(lr * (rectified * moments.left2).sqrt()), F::of(self.eps));
            return step.each(
                #[inline(always)]
                move |p, g, [m, v]| {
                    let p = p * shrink;
                    moments.take(pull.of(p, g), m, v);
                    p - lr * *m / (v.sqrt() + eps)
                },
            );
        }
        let lr = F::of(lr);
        step.each(
            #[inline(always)]
            move |p, g, [m, v]| {
                let p = p * shrink;
                moments.take(pull.of(p, g), m, v);
                p - lr * *m
            },
        );
    }
}
