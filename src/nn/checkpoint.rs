//! Parts of a model that are computed again in the sweep.

use super::module::{Ctx, Module};
use crate::{
    Interp, Value,
    random::Rng,
    transform::{self, Function},
};

/// A module whose inner values are computed again in the sweep instead of being stored: a
/// [`transform::Checkpoint`] of its parameters and its input. Output, gradients and dropout's masks are
/// those of the module itself.
///
/// ```
/// use gradtape::nn::{Checkpoint, Dropout, Linear, Module, Params, Relu};
/// use gradtape::{Tape, Tensor, random::Rng};
/// let mut params = Params::<f64>::seeded(1);
/// let block = (Linear::new(&mut params, 4, 4), Relu, Dropout(0.5));
/// let (tape, x) = (Tape::new(), Tensor::ones([2, 4]));
/// let run = |again: bool| {
///     let rng = Rng::new(7);
///     let cx = params.train(&tape, &rng);
///     let x = tape.constant(x.clone());
///     let y = if again { Checkpoint(block).forward(&cx, x) } else { block.forward(&cx, x) };
///     cx.backward(y.square().sum()).get(block.0.weight).unwrap().clone()
/// };
/// assert_eq!(run(true), run(false));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Checkpoint<M>(pub M);

impl<M: Module + Clone + 'static> Module for Checkpoint<M> {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let block = transform::Checkpoint::new(Block { module: self.0.clone(), rng: cx.rng().cloned() });
        let operands: Vec<_> = cx.values().iter().cloned().chain([x]).collect();
        let y = block.call(&operands).remove(0);
        if let (Some(outer), Some(inner)) = (cx.rng(), &block.function().rng) {
            outer.go_on_from(inner);
        }
        y
    }
}

/// The module as a function of all parameters and the input, with its own generator.
#[derive(Clone)]
struct Block<M> {
    module: M,
    rng: Option<Rng>,
}

impl<M: Module + Clone + 'static> Function for Block<M> {
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        let (x, params) = x.split_last().expect("the input");
        let cx = Ctx::new(params.to_vec(), self.rng.as_ref());
        vec![self.module.forward(&cx, x.clone())]
    }
}
