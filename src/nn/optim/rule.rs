//! What an optimizer is: how one parameter follows its gradient.

use crate::{Error, Float, Shape, Tensor, kernels::optim::follow};
use std::fmt;

/// How a parameter follows its gradient: the options of an optimizer, as plain data.
///
/// [`Optimizer`](super::Optimizer) runs it over all parameters and keeps what it must remember.
/// Plain gradient descent is all of this:
///
/// ```
/// use gradtape::{Error, Float, Shape, nn::{Rule, Slot, Step}};
/// #[derive(Clone, Debug)]
/// struct Descent {
///     lr: f64,
/// }
/// impl Rule for Descent {
///     fn check(&self) -> Result<(), Error> {
///         Ok(())
///     }
///     fn lr_mut(&mut self) -> &mut f64 {
///         &mut self.lr
///     }
///     fn slots(&self, _: &Shape) -> Vec<Slot> {
///         Vec::new() // nothing to remember
///     }
///     fn update<F: Float>(&self, step: Step<'_, F>) {
///         let lr = F::of(self.lr);
///         step.each(move |p, g, []| p - lr * g);
///     }
/// }
/// ```
pub trait Rule: Clone + fmt::Debug + Send {
    /// Whether the options are in their domains.
    ///
    /// # Errors
    /// The option, its domain and its value.
    fn check(&self) -> Result<(), Error>;

    /// Whether a parameter of this shape can be followed: any can, unless said otherwise.
    ///
    /// # Errors
    /// The shapes that can, and this one.
    fn accepts(&self, _shape: &Shape) -> Result<(), Error> {
        Ok(())
    }

    /// The learning rate, for schedules to change.
    fn lr_mut(&mut self) -> &mut f64;

    /// The momentum, or what stands for it, for schedules that cycle it, if there is one: none.
    fn momentum_mut(&mut self) -> Option<&mut f64> {
        None
    }

    /// The learning rate.
    fn lr(&self) -> f64 {
        *self.clone().lr_mut() // options are a few numbers: a copy costs nothing
    }

    /// What is kept for a parameter of this shape from step to step.
    fn slots(&self, shape: &Shape) -> Vec<Slot>;

    /// One step of one parameter.
    fn update<F: Float>(&self, step: Step<'_, F>);
}

/// Something that is kept for a parameter from step to step.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its name in saved state: PyTorch's.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// What it is before the first step, everywhere.
    pub start: f64,
}

impl Slot {
    /// Zeros as large as the parameter, under each of these names.
    pub fn zeros(shape: &Shape, names: &[&'static str]) -> Vec<Slot> {
        names.iter().map(|&name| Slot { name, shape: shape.clone(), start: 0.0 }).collect()
    }

    /// A single number.
    pub fn number(name: &'static str, start: f64) -> Slot {
        Slot { name, shape: Shape::scalar(), start }
    }
}

/// One step of one parameter: its number, its weights and gradient, and what was kept for it.
#[derive(Debug)]
pub struct Step<'s, F: Float> {
    /// How many steps this parameter has taken, this one included.
    pub number: u64,
    /// The shape of the parameter.
    pub shape: &'s Shape,
    pub(super) weights: &'s mut [F],
    pub(super) gradient: &'s [F],
    pub(super) slots: &'s mut [Tensor<F>],
}

impl<'s, F: Float> Step<'s, F> {
    /// p = f(p, g, slots) for each element, in one pass; `f` may change the slots.
    ///
    /// # Panics
    /// When the slots are not `S`, each as large as the parameter.
    #[inline]
    pub fn each<const S: usize>(self, f: impl Fn(F, F, &mut [F; S]) -> F + Copy + Sync) {
        let (weights, gradient, slots) = self.parts();
        follow(weights, gradient, slots, f);
    }

    /// The number of slots.
    pub fn kept(&self) -> usize {
        self.slots.len()
    }

    /// The weights, the gradient, and the slots.
    ///
    /// # Panics
    /// When the slots are not `S`.
    pub fn parts<const S: usize>(self) -> (&'s mut [F], &'s [F], [&'s mut [F]; S]) {
        let slots: &mut [Tensor<F>; S] = self.slots.try_into().expect("as many slots as the rule declares");
        (self.weights, self.gradient, slots.each_mut().map(Tensor::slice_mut))
    }
}
