//! Recurrent networks one step at a time.

use super::{
    Weights,
    unit::{GruUnit, LstmUnit, RecurrentUnit, RnnUnit},
};
use crate::{
    Float, Interp, Tensor, Value,
    nn::{Ctx, Params},
};

/// One step of an [`Rnn`](super::Rnn).
pub type RnnCell = RecurrentCell<RnnUnit>;
/// One step of an [`Lstm`](super::Lstm). Its states are h and the memory c.
pub type LstmCell = RecurrentCell<LstmUnit>;
/// One step of a [`Gru`](super::Gru).
pub type GruCell = RecurrentCell<GruUnit>;

/// One step of a recurrent network, for loops of one's own. Parameters have PyTorch's names, and start
/// uniform within ±1/√hidden.
///
/// ```
/// use gradtape::{Tensor, nn::{GruCell, Params}};
/// let mut params = Params::<f32>::seeded(0);
/// let cell = GruCell::new(&mut params, 3, 4);
/// let cx = params.eval();
/// let first = cell.step(&cx, &Tensor::ones([2, 3]), None);
/// let second = cell.step(&cx, &Tensor::ones([2, 3]), Some(&first));
/// assert_eq!(second[0].shape().dims(), [2, 4]);
/// ```
#[derive(Clone, Debug)]
pub struct RecurrentCell<U> {
    weights: Weights,
    inputs: usize,
    hidden: usize,
    unit: U,
}

impl<U: RecurrentUnit> RecurrentCell<U> {
    /// A cell of `hidden` features.
    ///
    /// # Panics
    /// When there is no feature.
    #[track_caller]
    pub fn new<F: Float>(params: &mut Params<F>, inputs: usize, hidden: usize) -> Self
    where
        U: Default,
    {
        Self::with(params, inputs, hidden, true, U::default())
    }

    /// A cell of `hidden` features, with biases or without.
    ///
    /// # Panics
    /// When there is no feature.
    #[track_caller]
    pub fn with<F: Float>(params: &mut Params<F>, inputs: usize, hidden: usize, bias: bool, unit: U) -> Self {
        let name = format!("{}_cell", U::NAME);
        assert!(hidden > 0, "gradtape: {name}: needs a feature, not {hidden}");
        let rows = U::GATES * hidden;
        params.layer(&name, "weight_ih", |params| RecurrentCell {
            weights: Weights::new(params, "", [rows, inputs, hidden], bias, None),
            inputs,
            hidden,
            unit,
        })
    }

    /// The states after an input `[batch, inputs]`, each `[batch, hidden]`, the output first; a batch of one
    /// needs no batch axis. Without states before it starts at zeros.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn step<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        x: &Value<I>,
        states: Option<&[Value<I>]>,
    ) -> Vec<Value<I>> {
        let (name, shape) = (U::NAME, x.shape());
        let fits = matches!(&shape[..], [inputs] | [_, inputs] if *inputs == self.inputs);
        assert!(fits, "gradtape: {name}_cell: needs [batch, {}], not {shape}", self.inputs);
        let expected = [&shape[..shape.rank() - 1], &[self.hidden]].concat();
        let states = match states {
            Some(given) => given.to_vec(),
            None => vec![x.lift(Tensor::zeros(&expected[..])); U::STATES],
        };
        let fits = states.len() == U::STATES && states.iter().all(|state| state.shape()[..] == expected[..]);
        let (shapes, count): (Vec<_>, _) = (states.iter().map(Value::shape).collect(), U::STATES);
        assert!(fits, "gradtape: {name}_cell: needs {count} states of shape {expected:?}, not {shapes:?}");
        let weights = self.weights.in_pass(cx);
        weights.step(&self.unit, &weights.of_input(x), &states)
    }
}
