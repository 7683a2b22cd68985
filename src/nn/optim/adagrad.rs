//! Adagrad.

use super::{
    Pull, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape};

/// Steps scaled by the root of the sum of all squares so far (Duchi, Hazan, Singer: Adaptive
/// Subgradient Methods, 2011): s += g², p −= lr/(1 + (t−1)η) · g/(√s + eps). The defaults are
/// PyTorch's.
#[derive(Clone, Debug)]
pub struct Adagrad {
    /// The learning rate: 1e-2.
    pub lr: f64,
    /// How fast the learning rate falls, η: 0.
    pub lr_decay: f64,
    /// An L2 penalty, added to the gradient: 0.
    pub weight_decay: f64,
    /// What the sum starts at: 0.
    pub initial_accumulator_value: f64,
    /// What keeps the divisor from 0: 1e-10.
    pub eps: f64,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Adagrad {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Adagrad { lr, ..Self::default() }
    }
}

impl Default for Adagrad {
    fn default() -> Self {
        Adagrad {
            lr: 1e-2,
            lr_decay: 0.0,
            weight_decay: 0.0,
            initial_accumulator_value: 0.0,
            eps: 1e-10,
            maximize: false,
        }
    }
}

impl Rule for Adagrad {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        not_negative("lr decay", self.lr_decay)?;
        not_negative("weight decay", self.weight_decay)?;
        not_negative("initial accumulator value", self.initial_accumulator_value)?;
        not_negative("eps", self.eps)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        vec![Slot { name: "sum", shape: shape.clone(), start: self.initial_accumulator_value }]
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let pull = Pull::new(self.maximize, self.weight_decay);
        let lr = F::of(self.lr / (1.0 + (step.number - 1) as f64 * self.lr_decay));
        let eps = F::of(self.eps);
        step.each(
            #[inline(always)]
            move |p, g, [sum]| {
                let d = pull.of(p, g);
                *sum += d * d;
                p - lr * d / (sum.sqrt() + eps)
            },
        );
    }
}
