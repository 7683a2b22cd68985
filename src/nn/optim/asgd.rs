//! Averaged gradient descent.

use super::{
    Pull, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::follow};

/// Gradient descent whose weights are also averaged, under the name `ax` in its
/// [state](super::Optimizer::state) (Polyak, Juditsky: Acceleration of Stochastic Approximation
/// by Averaging, 1992): p = (1 − λη)p − ηg with η = lr/(1 + λ·lr·t)^α; the average starts at
/// step t₀. The defaults are PyTorch's.
#[derive(Clone, Debug)]
pub struct Asgd {
    /// The learning rate: 1e-2.
    pub lr: f64,
    /// How much the weights shrink, λ: 1e-4.
    pub lambd: f64,
    /// How fast η falls, α: 0.75.
    pub alpha: f64,
    /// From which step on the weights are averaged, t₀: 1e6.
    pub t0: f64,
    /// An L2 penalty, added to the gradient: 0.
    pub weight_decay: f64,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Asgd {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Asgd { lr, ..Self::default() }
    }
}

impl Default for Asgd {
    fn default() -> Self {
        Asgd { lr: 1e-2, lambd: 1e-4, alpha: 0.75, t0: 1e6, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Asgd {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        not_negative("lambd", self.lambd)?;
        not_negative("alpha", self.alpha)?;
        not_negative("t0", self.t0)?;
        not_negative("weight decay", self.weight_decay)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        let mut slots = Slot::zeros(shape, &["ax"]);
        slots.extend([Slot::number("eta", self.lr), Slot::number("mu", 1.0)]);
        slots
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let pull = Pull::new(self.maximize, self.weight_decay);
        let number = step.number as f64;
        let (weights, gradient, [ax, eta, mu]) = step.parts();
        let (now, share) = (eta[0], mu[0]);
        let shrink = F::ONE - F::of(self.lambd) * now;
        follow(weights, gradient, [ax], move |p, g, [ax]: &mut [F; 1]| {
            let p = shrink * p - now * pull.of(p, g);
            *ax = if share == F::ONE { p } else { *ax + share * (p - *ax) };
            p
        });
        eta[0] = F::of(self.lr / (1.0 + self.lambd * self.lr * number).powf(self.alpha));
        mu[0] = F::of(1.0 / (number - self.t0).max(1.0));
    }
}
