//! What recurrent networks do in one step.

use crate::{
    Interp, Value,
    ops::{GruGates, LstmGates},
};

/// What a recurrent network does in one step.
pub trait RecurrentUnit: Copy + Send {
    /// The layer's name in messages and of its parameters.
    const NAME: &'static str;
    /// Blocks of `hidden` rows in the weights.
    const GATES: usize;
    /// Values that are handed on: the output first.
    const STATES: usize;
    /// Whether its output may be projected to fewer features: no.
    const PROJECTS: bool = false;

    /// The states after the input's product with its weights, that of the state, and the states before.
    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, states: &[Value<I>]) -> Vec<Value<I>>;
}

/// What an [`Rnn`](super::Rnn) does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RnnUnit {
    /// Tanh, the default.
    #[default]
    Tanh,
    /// Relu.
    Relu,
}

impl RecurrentUnit for RnnUnit {
    const NAME: &'static str = "rnn";
    const GATES: usize = 1;
    const STATES: usize = 1;

    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, _: &[Value<I>]) -> Vec<Value<I>> {
        let sum = u + x;
        vec![match self {
            RnnUnit::Tanh => sum.tanh(),
            RnnUnit::Relu => sum.relu(),
        }]
    }
}

/// What an [`Lstm`](super::Lstm) does: [`LstmGates`].
#[derive(Clone, Copy, Debug, Default)]
pub struct LstmUnit;

impl RecurrentUnit for LstmUnit {
    const NAME: &'static str = "lstm";
    const GATES: usize = 4;
    const STATES: usize = 2;
    const PROJECTS: bool = true;

    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, states: &[Value<I>]) -> Vec<Value<I>> {
        Value::apply(LstmGates, [(u + x).into(), (&states[1]).into()]).into()
    }
}

/// What a [`Gru`](super::Gru) does: [`GruGates`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GruUnit;

impl RecurrentUnit for GruUnit {
    const NAME: &'static str = "gru";
    const GATES: usize = 3;
    const STATES: usize = 1;

    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, states: &[Value<I>]) -> Vec<Value<I>> {
        vec![Value::apply(GruGates, [x.into(), u.into(), (&states[0]).into()])]
    }
}
