//! Parts of a model that are computed again in the sweep.

use super::{
    module::{Ctx, Module},
    params::ParamId,
};
use crate::{
    Interp, Value,
    random::Rng,
    transform::{self, Function},
};
use std::cell::RefCell;

/// A module whose inner values are computed again in the sweep instead of being stored: a
/// [`transform::Checkpoint`] of its parameters and its input. Output, gradients, dropout's masks and
/// buffers are those of the module itself.
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
        if cx.is_traced() {
            return cx.run(&self.0, x); // there is no sweep, and a summary looks inside
        }
        let block = Block { module: self.0.clone(), rng: cx.rng().cloned(), buffers: RefCell::default() };
        let block = transform::Checkpoint::new(block);
        let operands: Vec<_> = cx.latest(&x).into_iter().chain([x]).collect();
        let mut results = block.call(&operands).into_iter();
        let y = results.next().expect("the output");
        let Block { rng, buffers, .. } = block.function();
        for (&id, value) in buffers.borrow().iter().zip(results) {
            cx.set_buffer(id, value.tensor().clone());
        }
        if let (Some(outer), Some(inner)) = (cx.rng(), rng) {
            outer.go_on_from(inner);
        }
        y
    }
}

/// The module as a function of all parameters and the input, with its own generator. Behind the output
/// come the buffers that it gave new values.
#[derive(Clone)]
struct Block<M> {
    module: M,
    rng: Option<Rng>,
    /// Which buffers these were.
    buffers: RefCell<Vec<ParamId>>,
}

impl<M: Module + Clone + 'static> Function for Block<M> {
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        let (x, params) = x.split_last().expect("the input");
        let cx = Ctx::new(params.to_vec(), self.rng.as_ref());
        let y = self.module.forward(&cx, x.clone());
        let (ids, values): (Vec<_>, Vec<_>) = cx.into_buffers().into_iter().unzip();
        *self.buffers.borrow_mut() = ids;
        [y].into_iter().chain(values.into_iter().map(|value| x.lift(value))).collect()
    }
}
