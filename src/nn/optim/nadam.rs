//! Nadam.

use super::{
    adam::Moments,
    betas_in_range, decay, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::follow};

/// [`Adam`](super::Adam) with Nesterov's momentum (Dozat: Incorporating Nesterov Momentum into
/// Adam, 2016): with μₜ = β₁(1 − ½·0.96^(t·ψ)),
/// p −= lr · ((1 − μₜ)/(1 − Πμ) · g + μₜ₊₁/(1 − μₜ₊₁Πμ) · m) / (√v̂ + eps). The defaults are
/// PyTorch's.
#[derive(Clone, Debug)]
pub struct Nadam {
    /// The learning rate: 2e-3.
    pub lr: f64,
    /// How slowly the moments forget, β₁ and β₂: 0.9 and 0.999.
    pub betas: (f64, f64),
    /// What keeps the divisor from 0: 1e-8.
    pub eps: f64,
    /// Weight decay: 0.
    pub weight_decay: f64,
    /// How fast the momentum reaches β₁, ψ: 4e-3.
    pub momentum_decay: f64,
    /// Whether the decay shrinks the weights by lr · decay, instead of being an L2 penalty: no.
    pub decoupled_weight_decay: bool,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Nadam {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Nadam { lr, ..Self::default() }
    }
}

impl Default for Nadam {
    fn default() -> Self {
        Nadam {
            lr: 2e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            momentum_decay: 4e-3,
            decoupled_weight_decay: false,
            maximize: false,
        }
    }
}

impl Rule for Nadam {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        betas_in_range(self.betas)?;
        not_negative("eps", self.eps)?;
        not_negative("weight decay", self.weight_decay)?;
        not_negative("momentum decay", self.momentum_decay)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.betas.0)
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        let mut slots = Slot::zeros(shape, &["exp_avg", "exp_avg_sq"]);
        slots.push(Slot::number("mu_product", 1.0));
        slots
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let (pull, shrink) = decay(self.lr, self.weight_decay, self.decoupled_weight_decay, self.maximize);
        let number = step.number as f64;
        let moments = Moments::new(self.betas, step.number);
        let momentum = |t: f64| self.betas.0 * (1.0 - 0.5 * 0.96f64.powf(t * self.momentum_decay));
        let (now, next) = (momentum(number), momentum(number + 1.0));
        let (weights, gradient, [m, v, product]) = step.parts();
        product[0] *= F::of(now);
        let so_far = product[0].to_f64();
        let of_g = F::of(self.lr * (1.0 - now) / (1.0 - so_far));
        let of_m = F::of(self.lr * next / (1.0 - so_far * next));
        let (scale, eps) = (F::of(1.0 / moments.left2.sqrt()), F::of(self.eps));
        follow(weights, gradient, [m, v], move |p, g, [m, v]: &mut [F; 2]| {
            let p = p * shrink;
            let d = pull.of(p, g);
            moments.take(d, m, v);
            p - (of_g * d + of_m * *m) / (v.sqrt() * scale + eps)
        });
    }
}
