//! Adam and its kin.

use super::{
    betas_in_range, decay, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::flush};

/// Steps scaled by running moments of the gradient (Kingma, Ba: Adam, 2015):
/// m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², p −= lr · m̂ / (√v̂ + eps), the hats correcting the
/// start at 0. The defaults are PyTorch's.
///
/// ```
/// use gradtape::nn::Adam;
/// let adam = Adam { eps: 1e-7, ..Adam::new(1e-3) }; // Keras' eps
/// ```
#[derive(Clone, Debug)]
pub struct Adam {
    /// The learning rate: 1e-3.
    pub lr: f64,
    /// How slowly the moments forget, β₁ and β₂: 0.9 and 0.999.
    pub betas: (f64, f64),
    /// What keeps the divisor from 0: 1e-8; Keras takes 1e-7.
    pub eps: f64,
    /// Weight decay: 0.
    pub weight_decay: f64,
    /// Whether the decay shrinks the weights by lr · decay, instead of being an L2 penalty in the
    /// gradient: no; [`AdamW`] does.
    pub decoupled_weight_decay: bool,
    /// Whether to divide by the greatest √v̂ so far (Reddi, Kale, Kumar: On the Convergence of
    /// Adam and Beyond, 2018): no.
    pub amsgrad: bool,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Adam {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Adam { lr, ..Self::default() }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Adam {
            lr: 1e-3,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay: 0.0,
            decoupled_weight_decay: false,
            amsgrad: false,
            maximize: false,
        }
    }
}

/// [`Adam`] with decoupled weight decay (Loshchilov, Hutter: Decoupled Weight Decay
/// Regularization, 2019), of 0.01 as PyTorch's.
#[derive(Debug)]
pub enum AdamW {}

impl AdamW {
    /// The defaults with a learning rate.
    #[expect(clippy::new_ret_no_self, reason = "one rule under two defaults")]
    pub fn new(lr: f64) -> Adam {
        Adam { weight_decay: 1e-2, decoupled_weight_decay: true, ..Adam::new(lr) }
    }
}

impl Rule for Adam {
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
        let names: &[_] = &["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];
        Slot::zeros(shape, if self.amsgrad { names } else { &names[..2] })
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let (pull, shrink) = decay(self.lr, self.weight_decay, self.decoupled_weight_decay, self.maximize);
        let moments = Moments::new(self.betas, step.number);
        let (lr, scale) = (F::of(self.lr / moments.left1), F::of(1.0 / moments.left2.sqrt()));
        let eps = F::of(self.eps);
        if self.amsgrad {
            return step.each(
                #[inline(always)]
                move |p, g, [m, v, top]| {
                    moments.take(pull.of(p, g), m, v);
                    *top = if *v > *top { *v } else { *top };
                    p * shrink - lr * *m / (top.sqrt() * scale + eps)
                },
            );
        }
        step.each(
            #[inline(always)]
            move |p, g, [m, v]| {
                moments.take(pull.of(p, g), m, v);
                p * shrink - lr * *m / (v.sqrt() * scale + eps)
            },
        );
    }
}

/// The running first and second moment of a gradient.
#[derive(Clone, Copy)]
pub(super) struct Moments<F> {
    beta1: F,
    rest1: F,
    beta2: F,
    rest2: F,
    /// 1 − β₁ᵗ, the share of the first moment that is not its start at 0.
    pub(super) left1: f64,
    /// 1 − β₂ᵗ
    pub(super) left2: f64,
}

impl<F: Float> Moments<F> {
    pub(super) fn new((beta1, beta2): (f64, f64), step: u64) -> Self {
        Moments {
            beta1: F::of(beta1),
            rest1: F::of(1.0 - beta1),
            beta2: F::of(beta2),
            rest2: F::of(1.0 - beta2),
            left1: 1.0 - beta1.powf(step as f64),
            left2: 1.0 - beta2.powf(step as f64),
        }
    }

    /// m = β₁m + (1−β₁)d, v = β₂v + (1−β₂)d²
    #[inline(always)]
    pub(super) fn take(self, d: F, m: &mut F, v: &mut F) {
        *m = flush(self.beta1 * *m + self.rest1 * d);
        *v = flush(self.beta2 * *v + self.rest2 * d * d);
    }
}
