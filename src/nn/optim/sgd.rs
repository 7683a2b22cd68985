//! Gradient descent.

use super::{Optimizer, in_range, must};
use crate::{
    Error, Float,
    kernels::optim,
    nn::params::{ParamGrads, Params},
};

/// Stochastic gradient descent: p −= lr · g, with momentum b = μb + g, p −= lr · b, Nesterov's
/// form p −= lr · (g + μb), as PyTorch defines them. Defaults: no momentum, no weight decay.
///
/// ```
/// use gradtape::nn::Sgd;
/// let sgd = Sgd::<f32>::new(0.1).momentum(0.9).nesterov();
/// ```
#[derive(Clone, Debug)]
pub struct Sgd<F> {
    lr: f64,
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    /// The momentum of each parameter; empty until its first gradient.
    state: Vec<Vec<F>>,
}

impl<F: Float> Sgd<F> {
    /// Plain descent with a learning rate.
    pub fn new(lr: f64) -> Self {
        Sgd { lr, momentum: 0.0, nesterov: false, weight_decay: 0.0, state: Vec::new() }
    }

    /// How much of the last step is kept.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// Looks ahead along the momentum.
    pub fn nesterov(mut self) -> Self {
        self.nesterov = true;
        self
    }

    /// An L2 penalty, added to the gradient.
    pub fn weight_decay(mut self, weight_decay: f64) -> Self {
        self.weight_decay = weight_decay;
        self
    }
}

impl<F: Float> Optimizer<F> for Sgd<F> {
    fn check(&self) -> Result<(), Error> {
        in_range("learning rate", self.lr, f64::INFINITY)?;
        in_range("momentum", self.momentum, f64::INFINITY)?;
        in_range("weight decay", self.weight_decay, f64::INFINITY)?;
        if self.nesterov && self.momentum == 0.0 {
            return Err(Error::config("nesterov", "a momentum above 0", self.momentum));
        }
        Ok(())
    }

    #[track_caller]
    fn step(&mut self, params: &mut Params<F>, grads: &ParamGrads<F>) {
        must(<Self as Optimizer<F>>::check(self));
        self.state.resize_with(params.ids().count(), Vec::new);
        let constants = optim::Sgd {
            lr: F::of(self.lr),
            momentum: F::of(self.momentum),
            nesterov: self.nesterov,
            decay: F::of(self.weight_decay),
        };
        for (id, state) in params.ids().zip(&mut self.state) {
            let Some(gradient) = grads.get(id) else { continue };
            let momentum = (self.momentum != 0.0).then(|| {
                state.resize(gradient.shape().size(), F::ZERO);
                state.as_mut_slice()
            });
            optim::sgd(constants, params.get_mut(id).slice_mut(), gradient.slice(), momentum);
        }
    }

    fn lr(&self) -> f64 {
        self.lr
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }
}
