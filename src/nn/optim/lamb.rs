//! LAMB.

use super::{
    Pull,
    adam::Moments,
    betas_in_range, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::follow};

/// [`Adam`](super::Adam) whose step is as long as the parameter itself, for large batches (You
/// and others: Large Batch Optimization for Deep Learning, 2020, Algorithm 2):
/// u = m̂/(√v̂ + eps) + decay · p, p −= lr · ‖p‖/‖u‖ · u, where a norm of 0 leaves the ratio 1.
#[derive(Clone, Debug)]
pub struct Lamb {
    /// The learning rate: 1e-3.
    pub lr: f64,
    /// How slowly the moments forget, β₁ and β₂: 0.9 and 0.999.
    pub betas: (f64, f64),
    /// What keeps the divisor from 0: 1e-6.
    pub eps: f64,
    /// Weight decay within the step: 0.
    pub weight_decay: f64,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Lamb {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Lamb { lr, ..Self::default() }
    }
}

impl Default for Lamb {
    fn default() -> Self {
        Lamb { lr: 1e-3, betas: (0.9, 0.999), eps: 1e-6, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Lamb {
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
        let pull = Pull::new(self.maximize, 0.0);
        let moments = Moments::new(self.betas, step.number);
        let way = Way {
            first: F::of(1.0 / moments.left1),
            second: F::of(1.0 / moments.left2.sqrt()),
            eps: F::of(self.eps),
            decay: F::of(self.weight_decay),
        };
        let (weights, gradient, [m, v]) = step.parts();
        follow(weights, gradient, [&mut *m, &mut *v], move |p, g, [m, v]: &mut [F; 2]| {
            moments.take(pull.of(p, g), m, v);
            p
        });
        let steps = weights.iter().zip(&*m).zip(&*v).map(|((&p, &m), &v)| way.of(p, m, v));
        let (long, short) = (length(weights.iter().copied()), length(steps));
        let ratio = if long > 0.0 && short > 0.0 { long / short } else { 1.0 };
        let lr = F::of(self.lr * ratio);
        follow(weights, gradient, [m, v], move |p, _, [m, v]: &mut [F; 2]| p - lr * way.of(p, *m, *v));
    }
}

/// The way of a weight before it is scaled, u.
#[derive(Clone, Copy)]
struct Way<F> {
    first: F,
    second: F,
    eps: F,
    decay: F,
}

impl<F: Float> Way<F> {
    #[inline(always)]
    fn of(self, p: F, m: F, v: F) -> F {
        self.first * m / (self.second * v.sqrt() + self.eps) + self.decay * p
    }
}

/// The Euclidean norm.
fn length<F: Float>(x: impl Iterator<Item = F>) -> f64 {
    x.map(|v| v.to_f64() * v.to_f64()).sum::<f64>().sqrt()
}
