//! Functions taken whole: recorded as one step, with rules in place of those of the ops inside.
#![forbid(unsafe_code)]

use crate::{Dual, Eager, Float, Interp, Record, Tensor, Value};

/// A function whose derivative is stated for the whole of it, and not op by op. An interpreter runs
/// it by [`Interp::whole`].
///
/// Unlike an [`Op`](crate::Op) it has two doors for its reverse rule, so that it may do on tensors
/// what cannot be written for every interpreter: run a tape of its own, or a closure. It is what
/// [`Checkpoint`](crate::transform::Checkpoint), [`CustomVjp`](crate::transform::CustomVjp) and
/// [`on_gradient`](Value::on_gradient) are made of, and seldom what a user needs.
pub trait Whole<F: Float>: Clone + 'static {
    /// What the evaluation leaves for the rules, beside operands and results.
    type Memo: 'static;
    /// Whether the rules read the operands. If not they find none, and none is kept alive.
    const READS_OPERANDS: bool;
    /// Whether the rules read the results.
    const READS_RESULTS: bool;

    /// The name, in messages.
    fn name(&self) -> &'static str;

    /// The results. A tape keeps a clone of `self` as it was before.
    fn eval(&self, x: &[Tensor<F>]) -> (Vec<Tensor<F>>, Self::Memo);

    /// The gradients of the operands, as numbers.
    fn vjp_tensor(&self, memo: &Self::Memo, pull: Pull<'_, Eager<F>>) -> Vec<Option<Tensor<F>>>;

    /// The gradients of the operands, recorded.
    fn vjp_var<'t>(
        &self,
        memo: &Self::Memo,
        pull: Pull<'_, Record<'t, F>>,
    ) -> Vec<Option<Value<Record<'t, F>>>>;

    /// The results in forward mode.
    fn forward<I: Interp<Elem = F>>(&self, x: &[Dual<I>]) -> Vec<Dual<I>>;
}

/// What a reverse rule of a [`Whole`] is given.
#[derive(Debug)]
pub struct Pull<'a, I: Interp> {
    /// The operands, if the rules read them.
    pub x: &'a [Value<I>],
    /// The results, if the rules read them.
    pub y: &'a [Value<I>],
    /// The gradient of each result that one has reached.
    pub dy: Vec<Option<Value<I>>>,
    /// Which operands need a gradient.
    pub want: &'a [bool],
}
