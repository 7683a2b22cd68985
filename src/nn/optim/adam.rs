//! Adam.

use super::{Optimizer, in_range, must};
use crate::{
    Error, Float,
    kernels::optim,
    nn::params::{ParamGrads, Params},
};

/// Steps scaled by running moments of the gradient (Kingma, Ba: Adam, 2015):
/// m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g², p −= lr · m̂ / (√v̂ + eps), the hats correcting the
/// start at 0. Defaults are PyTorch's: lr 1e-3, betas (0.9, 0.999), eps 1e-8, no weight decay.
///
/// ```
/// use gradtape::nn::Adam;
/// let adam = Adam::<f32>::new(1e-3).eps(1e-7); // Keras' eps
/// ```
#[derive(Clone, Debug)]
pub struct Adam<F> {
    lr: f64,
    betas: (f64, f64),
    eps: f64,
    weight_decay: f64,
    state: Vec<Moments<F>>,
}

/// The running moments of one parameter; empty until its first gradient.
#[derive(Clone, Debug)]
struct Moments<F> {
    steps: u32,
    m: Vec<F>,
    v: Vec<F>,
}

impl<F: Float> Adam<F> {
    /// PyTorch's defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Adam { lr, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0, state: Vec::new() }
    }

    /// How slowly the moments forget.
    pub fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        self.betas = (beta1, beta2);
        self
    }

    /// What keeps the divisor from 0: PyTorch takes 1e-8, Keras 1e-7.
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// An L2 penalty, added to the gradient.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }
}

impl<F: Float> Default for Adam<F> {
    fn default() -> Self {
        Self::new(1e-3)
    }
}

impl<F: Float> Optimizer<F> for Adam<F> {
    fn check(&self) -> Result<(), Error> {
        in_range("learning rate", self.lr, f64::INFINITY)?;
        in_range("beta1", self.betas.0, 1.0)?;
        in_range("beta2", self.betas.1, 1.0)?;
        in_range("eps", self.eps, f64::INFINITY)?;
        in_range("weight decay", self.weight_decay, f64::INFINITY)
    }

    #[track_caller]
    fn step(&mut self, params: &mut Params<F>, grads: &ParamGrads<F>) {
        must(<Self as Optimizer<F>>::check(self));
        self.state.resize_with(params.ids().count(), || Moments { steps: 0, m: Vec::new(), v: Vec::new() });
        for (id, state) in params.ids().zip(&mut self.state) {
            let Some(gradient) = grads.get(id) else { continue };
            state.m.resize(gradient.shape().size(), F::ZERO);
            state.v.resize(gradient.shape().size(), F::ZERO);
            state.steps += 1;
            let left = |beta: f64| 1.0 - beta.powi(state.steps as i32);
            let constants = optim::Adam {
                beta1: F::of(self.betas.0),
                beta2: F::of(self.betas.1),
                step: F::of(self.lr / left(self.betas.0)),
                scale: F::of(1.0 / left(self.betas.1).sqrt()),
                eps: F::of(self.eps),
                decay: F::of(self.weight_decay),
            };
            let weights = params.get_mut(id).slice_mut();
            optim::adam(constants, weights, gradient.slice(), &mut state.m, &mut state.v);
        }
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }
}
