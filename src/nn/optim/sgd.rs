//! Gradient descent.

use super::{
    Pull, in_range, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::flush};

/// Stochastic gradient descent: p −= lr · b with b = μb + (1 − τ)g, the momentum, which starts at
/// the first gradient; Nesterov's form is p −= lr · (g + μb) (Sutskever and others: On the
/// Importance of Initialization and Momentum in Deep Learning, 2013). The defaults are PyTorch's.
///
/// ```
/// use gradtape::nn::Sgd;
/// let sgd = Sgd { momentum: 0.9, nesterov: true, ..Sgd::new(0.1) };
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    /// The learning rate: 1e-3.
    pub lr: f64,
    /// How much of the last step is kept, μ: 0.
    pub momentum: f64,
    /// How much of a gradient the momentum leaves out, τ: 0.
    pub dampening: f64,
    /// An L2 penalty, added to the gradient: 0.
    pub weight_decay: f64,
    /// Whether to look ahead along the momentum: no.
    pub nesterov: bool,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Sgd {
    /// Plain descent with a learning rate.
    pub fn new(lr: f64) -> Self {
        Sgd { lr, ..Self::default() }
    }
}

impl Default for Sgd {
    fn default() -> Self {
        Sgd { lr: 1e-3, momentum: 0.0, dampening: 0.0, weight_decay: 0.0, nesterov: false, maximize: false }
    }
}

impl Rule for Sgd {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        not_negative("momentum", self.momentum)?;
        in_range("dampening", self.dampening, f64::INFINITY)?;
        not_negative("weight decay", self.weight_decay)?;
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::config("nesterov", "a momentum above 0", self.momentum));
        }
        if self.nesterov && self.dampening != 0.0 {
            return Err(Error::config("nesterov", "a dampening of 0", self.dampening));
        }
        Ok(())
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.momentum)
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        if self.momentum == 0.0 { Vec::new() } else { Slot::zeros(shape, &["momentum_buffer"]) }
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let pull = Pull::new(self.maximize, self.weight_decay);
        let (lr, momentum) = (F::of(self.lr), F::of(self.momentum));
        if step.kept() == 0 {
            return step.each(
                #[inline(always)]
                move |p, g, []| p - lr * pull.of(p, g),
            );
        }
        let share = F::of(if step.number == 1 { 1.0 } else { 1.0 - self.dampening });
        let nesterov = self.nesterov;
        step.each(
            #[inline(always)]
            move |p, g, [b]| {
                let d = pull.of(p, g);
                *b = flush(momentum * *b + share * d);
                p - lr * if nesterov { d + momentum * *b } else { *b }
            },
        );
    }
}
