//! Muon.

use super::{
    in_range, not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, Tensor, Value, kernels::optim::follow, ops::MatMul};

/// Momentum made orthogonal, for the matrices within a network (Jordan and others: Muon, an
/// Optimizer for Hidden Layers in Neural Networks, 2024): b = μb + (1−μ)g, and p moves against
/// the nearest matrix to b whose singular values are all about 1, found by the iteration of
/// Newton and Schulz, X = aX + (bA + cA²)X with A = XXᵀ. The defaults are PyTorch's, which
/// however iterates in `bfloat16`.
///
/// Vectors, embeddings and heads follow another optimizer: see
/// [`Optimizer::only`](super::Optimizer::only).
#[derive(Clone, Debug)]
pub struct Muon {
    /// The learning rate: 1e-3.
    pub lr: f64,
    /// Decoupled weight decay: 0.1.
    pub weight_decay: f64,
    /// How much of the last step is kept, μ: 0.95.
    pub momentum: f64,
    /// Whether to look ahead along the momentum: yes.
    pub nesterov: bool,
    /// a, b and c of the iteration: 3.4445, −4.775, 2.0315.
    pub ns_coefficients: (f64, f64, f64),
    /// What keeps the norm that b is divided by from 0: 1e-7.
    pub eps: f64,
    /// How often it is iterated: 5.
    pub ns_steps: usize,
    /// How the learning rate follows the shape.
    pub adjust_lr_fn: MuonLr,
}

/// How the learning rate of [`Muon`] follows the shape `[rows, cols]` of a matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MuonLr {
    /// By √max(1, rows/cols).
    #[default]
    Original,
    /// By 0.2·√max(rows, cols), so that steps are as long as AdamW's (Liu and others: Muon is
    /// Scalable for LLM Training, 2025).
    MatchRmsAdamW,
}

impl Muon {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Muon { lr, ..Self::default() }
    }

    /// The nearest matrix to `x` with singular values of about 1.
    fn orthogonal<F: Float>(&self, x: Tensor<F>) -> Tensor<F> {
        let tall = x.shape()[0] > x.shape()[1];
        let x = if tall { x.transpose(0, 1) } else { x };
        let norm = (&x * &x).sum().sqrt().item().to_f64();
        let mut x = x / norm.max(self.eps);
        let (a, b, c) = self.ns_coefficients;
        for _ in 0..self.ns_steps {
            let square =
                Value::apply(MatMul { transpose_b: true, ..MatMul::default() }, [(&x).into(), (&x).into()]);
            let inner = &square * b + square.matmul(&square) * c;
            x = &x * a + inner.matmul(&x);
        }
        if tall { x.transpose(0, 1) } else { x }
    }
}

impl Default for Muon {
    fn default() -> Self {
        Muon {
            lr: 1e-3,
            weight_decay: 0.1,
            momentum: 0.95,
            nesterov: true,
            ns_coefficients: (3.4445, -4.775, 2.0315),
            eps: 1e-7,
            ns_steps: 5,
            adjust_lr_fn: MuonLr::Original,
        }
    }
}

impl Rule for Muon {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        in_range("momentum", self.momentum, 1.0)?;
        not_negative("weight decay", self.weight_decay)?;
        not_negative("eps", self.eps)
    }

    fn accepts(&self, shape: &Shape) -> Result<(), Error> {
        if shape.rank() == 2 { Ok(()) } else { Err(Error::data("muon: a parameter", "a matrix", shape)) }
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn momentum_mut(&mut self) -> Option<&mut f64> {
        Some(&mut self.momentum)
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        Slot::zeros(shape, &["momentum_buffer"])
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let shape = step.shape;
        let (weights, gradient, [buffer]) = step.parts();
        let (keep, take) = (F::of(self.momentum), F::of(1.0 - self.momentum));
        let mut towards = Tensor::stale(shape.clone());
        let nesterov = self.nesterov;
        follow(towards.slice_mut(), gradient, [buffer], move |_, g, [b]: &mut [F; 1]| {
            *b = keep * *b + take * g;
            if nesterov { take * g + keep * *b } else { *b }
        });
        let towards = self.orthogonal(towards);
        let (rows, cols) = (shape[0] as f64, shape[1] as f64);
        let factor = match self.adjust_lr_fn {
            MuonLr::Original => (rows / cols).max(1.0).sqrt(),
            MuonLr::MatchRmsAdamW => 0.2 * rows.max(cols).sqrt(),
        };
        let (lr, shrink) = (F::of(self.lr * factor), F::of(1.0 - self.lr * self.weight_decay));
        follow(weights, towards.slice(), [], move |p, d, _: &mut [F; 0]| p * shrink - lr * d);
    }
}
