//! Adadelta.

use super::{
    Pull, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::flush};

/// Steps in the units of the parameter (Zeiler: Adadelta, 2012): s = ρs + (1−ρ)g²,
/// δ = √(u + eps)/√(s + eps) · g, u = ρu + (1−ρ)δ², p −= lr · δ. The defaults are PyTorch's.
#[derive(Clone, Debug)]
pub struct Adadelta {
    /// The learning rate: 1.
    pub lr: f64,
    /// How slowly both means forget, ρ: 0.9.
    pub rho: f64,
    /// What keeps both roots from 0: 1e-6.
    pub eps: f64,
    /// An L2 penalty, added to the gradient: 0.
    pub weight_decay: f64,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Adadelta {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Adadelta { lr, ..Self::default() }
    }
}

impl Default for Adadelta {
    fn default() -> Self {
        Adadelta { lr: 1.0, rho: 0.9, eps: 1e-6, weight_decay: 0.0, maximize: false }
    }
}

impl Rule for Adadelta {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        if !(0.0..=1.0).contains(&self.rho) {
            return Err(Error::config("rho", "a number in [0, 1]", self.rho));
        }
        not_negative("eps", self.eps)?;
        not_negative("weight decay", self.weight_decay)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        Slot::zeros(shape, &["square_avg", "acc_delta"])
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let pull = Pull::new(self.maximize, self.weight_decay);
        let [lr, rho, rest, eps] = [self.lr, self.rho, 1.0 - self.rho, self.eps].map(F::of);
        step.each(
            #[inline(always)]
            move |p, g, [square, moved]| {
                let d = pull.of(p, g);
                *square = flush(rho * *square + rest * d * d);
                let delta = (*moved + eps).sqrt() / (*square + eps).sqrt() * d;
                *moved = flush(rho * *moved + rest * delta * delta);
                p - lr * delta
            },
        );
    }
}
