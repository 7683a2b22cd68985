//! RMSprop.

use super::{
    Pull, in_range, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::flush};

/// Steps scaled by the root of a running mean of squares (Tieleman, Hinton: Lecture 6.5, Neural
/// Networks for Machine Learning, 2012): s = αs + (1−α)g², p −= lr · g/(√s + eps). The defaults
/// are PyTorch's.
#[derive(Clone, Debug)]
pub struct RmsProp {
    /// The learning rate: 1e-2.
    pub lr: f64,
    /// How slowly the mean forgets, α: 0.99.
    pub alpha: f64,
    /// What keeps the divisor from 0: 1e-8.
    pub eps: f64,
    /// An L2 penalty, added to the gradient: 0.
    pub weight_decay: f64,
    /// How much of the last step is kept: 0.
    pub momentum: f64,
    /// Whether the squares are taken about a running mean of the gradient (Graves: Generating
    /// Sequences with Recurrent Neural Networks, 2013): no.
    pub centered: bool,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl RmsProp {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        RmsProp { lr, ..Self::default() }
    }
}

impl Default for RmsProp {
    fn default() -> Self {
        RmsProp {
            lr: 1e-2,
            alpha: 0.99,
            eps: 1e-8,
            weight_decay: 0.0,
            momentum: 0.0,
            centered: false,
            maximize: false,
        }
    }
}

impl Rule for RmsProp {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        in_range("alpha", self.alpha, 1.0)?;
        not_negative("eps", self.eps)?;
        not_negative("weight decay", self.weight_decay)?;
        not_negative("momentum", self.momentum)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.momentum)
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        let mut slots = Slot::zeros(shape, &["square_avg"]);
        if self.centered {
            slots.extend(Slot::zeros(shape, &["grad_avg"]));
        }
        if self.momentum != 0.0 {
            slots.extend(Slot::zeros(shape, &["momentum_buffer"]));
        }
        slots
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let pull = Pull::new(self.maximize, self.weight_decay);
        let [lr, momentum] = [self.lr, self.momentum].map(F::of);
        let [keep, take, eps] = [self.alpha, 1.0 - self.alpha, self.eps].map(F::of);
        let scale = Scale { keep, take, eps };
        match (self.centered, self.momentum != 0.0) {
            (false, false) => step.each(
                #[inline(always)]
                move |p, g, [s]| p - lr * scale.plain(pull.of(p, g), s),
            ),
            (true, false) => step.each(
                #[inline(always)]
                move |p, g, [s, c]| p - lr * scale.centred(pull.of(p, g), s, c),
            ),
            (false, true) => step.each(
                #[inline(always)]
                move |p, g, [s, b]| {
                    *b = flush(momentum * *b + scale.plain(pull.of(p, g), s));
                    p - lr * *b
                },
            ),
            (true, true) => step.each(
                #[inline(always)]
                move |p, g, [s, c, b]| {
                    *b = flush(momentum * *b + scale.centred(pull.of(p, g), s, c));
                    p - lr * *b
                },
            ),
        }
    }
}

/// Scales a gradient by the root of its running mean of squares.
#[derive(Clone, Copy)]
struct Scale<F> {
    keep: F,
    take: F,
    eps: F,
}

impl<F: Float> Scale<F> {
    #[inline(always)]
    fn mean(self, mean: &mut F, new: F) -> F {
        *mean = flush(self.keep * *mean + self.take * new);
        *mean
    }

    #[inline(always)]
    fn plain(self, d: F, square: &mut F) -> F {
        d / (self.mean(square, d * d).sqrt() + self.eps)
    }

    #[inline(always)]
    fn centred(self, d: F, square: &mut F, middle: &mut F) -> F {
        let middle = self.mean(middle, d);
        d / ((self.mean(square, d * d) - middle * middle).sqrt() + self.eps)
    }
}
