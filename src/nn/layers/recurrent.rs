//! Recurrent networks over `[batch, time, features]`.

use super::linear::affine;
use crate::{
    Float, Interp, Tensor, Value,
    nn::{Ctx, Dropout, Init, Module, ParamId, Params},
    ops::{GruGates, LstmGates},
};

/// A plain recurrent network, h′ = tanh(W·x + b + U·h + b′) (Elman: Finding Structure in Time, 1990).
pub type Rnn = Recurrent<RnnCell>;
/// A long short-term memory: [`LstmGates`] (Hochreiter, Schmidhuber: Long Short-Term Memory, 1997). Its
/// states are h and the memory c.
pub type Lstm = Recurrent<LstmCell>;
/// A gated recurrent unit: [`GruGates`] (Cho et al.: Learning Phrase Representations, 2014).
pub type Gru = Recurrent<GruCell>;

/// What a recurrent network does in one step.
pub trait Cell: Copy + Send {
    /// The layer's name in messages and of its parameters.
    const NAME: &'static str;
    /// Blocks of `hidden` rows in the weights.
    const GATES: usize;
    /// Values that are handed on: the output first.
    const STATES: usize;

    /// The states after the input's product with its weights, that of the state, and the states before.
    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, states: &[Value<I>]) -> Vec<Value<I>>;
}

/// The cell of an [`Rnn`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RnnCell {
    /// Tanh, the default.
    #[default]
    Tanh,
    /// Relu.
    Relu,
}

impl Cell for RnnCell {
    const NAME: &'static str = "rnn";
    const GATES: usize = 1;
    const STATES: usize = 1;

    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, _: &[Value<I>]) -> Vec<Value<I>> {
        let sum = u + x;
        vec![match self {
            RnnCell::Tanh => sum.tanh(),
            RnnCell::Relu => sum.relu(),
        }]
    }
}

/// The cell of an [`Lstm`].
#[derive(Clone, Copy, Debug, Default)]
pub struct LstmCell;

impl Cell for LstmCell {
    const NAME: &'static str = "lstm";
    const GATES: usize = 4;
    const STATES: usize = 2;

    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, states: &[Value<I>]) -> Vec<Value<I>> {
        Value::apply(LstmGates, [(u + x).into(), (&states[1]).into()]).into()
    }
}

/// The cell of a [`Gru`].
#[derive(Clone, Copy, Debug, Default)]
pub struct GruCell;

impl Cell for GruCell {
    const NAME: &'static str = "gru";
    const GATES: usize = 3;
    const STATES: usize = 1;

    fn step<I: Interp>(&self, x: &Value<I>, u: Value<I>, states: &[Value<I>]) -> Vec<Value<I>> {
        vec![Value::apply(GruGates, [x.into(), u.into(), (&states[0]).into()])]
    }
}

/// The options of a recurrent network. The defaults are PyTorch's, but that the batch is always the first
/// axis.
#[derive(Clone, Copy, Debug)]
pub struct RecurrentOptions<C> {
    /// Networks one above the other: 1.
    pub num_layers: usize,
    /// Whether there are biases: yes.
    pub bias: bool,
    /// On what each layer but the last gives to the next, in training: 0.
    pub dropout: f64,
    /// Whether a second network reads backwards; the outputs of both stand side by side: no.
    pub bidirectional: bool,
    /// What happens in a step.
    pub cell: C,
}

impl<C: Default> Default for RecurrentOptions<C> {
    fn default() -> Self {
        RecurrentOptions { num_layers: 1, bias: true, dropout: 0.0, bidirectional: false, cell: C::default() }
    }
}

/// Recurrent networks one above the other. Parameters have PyTorch's names, `weight_ih_l0` and so on, and
/// start uniform within ±1/√hidden.
///
/// As a [`Module`] it starts at zeros and gives the outputs, `[batch, time, directions·hidden]`.
///
/// ```
/// use gradtape::{Tensor, nn::{Lstm, Params, Sequences}};
/// let mut params = Params::<f32>::seeded(0);
/// let lstm = Lstm::new(&mut params, 3, 4);
/// let x = Tensor::ones([2, 5, 3]);
/// // The second sequence is 2 long; what stands behind it is not read.
/// let sequences = Sequences { lengths: Some(&[5, 2]), ..Default::default() };
/// let (y, states) = lstm.run(&params.eval(), &x, sequences);
/// assert_eq!(y.shape().dims(), [2, 5, 4]);
/// assert_eq!(states[0].shape().dims(), [1, 2, 4]);
/// ```
#[derive(Clone, Debug)]
pub struct Recurrent<C> {
    /// Each layer's directions.
    layers: Vec<Vec<Direction>>,
    inputs: usize,
    hidden: usize,
    dropout: f64,
    cell: C,
}

/// The weights of one direction of one layer.
#[derive(Clone, Copy, Debug)]
struct Direction {
    weight_ih: ParamId,
    weight_hh: ParamId,
    biases: Option<[ParamId; 2]>,
}

/// What a recurrent network may be told of its input. By default it starts at zeros, and every sequence is
/// as long as the time axis.
#[derive(Clone, Debug)]
pub struct Sequences<'a, I: Interp> {
    /// The first states, each `[layers·directions, batch, hidden]`: h, and for an LSTM c.
    pub start: Option<&'a [Value<I>]>,
    /// The length of each sequence. Outputs beyond it are 0, and the last states are those at it.
    pub lengths: Option<&'a [usize]>,
}

impl<I: Interp> Default for Sequences<'_, I> {
    fn default() -> Self {
        Sequences { start: None, lengths: None }
    }
}

impl<C: Cell> Recurrent<C> {
    /// One layer of `hidden` features.
    pub fn new<F: Float>(params: &mut Params<F>, inputs: usize, hidden: usize) -> Self
    where
        C: Default,
    {
        Self::with(params, inputs, hidden, RecurrentOptions::default())
    }

    /// Layers of `hidden` features.
    ///
    /// # Panics
    /// When there is no layer, no feature, or the dropout is not in [0, 1).
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        inputs: usize,
        hidden: usize,
        options: RecurrentOptions<C>,
    ) -> Self {
        let RecurrentOptions { num_layers, bias, dropout, bidirectional, cell } = options;
        let name = C::NAME;
        assert!(
            num_layers > 0 && hidden > 0,
            "gradtape: {name}: needs a layer and a feature, not {num_layers} and {hidden}"
        );
        assert!((0.0..1.0).contains(&dropout), "gradtape: {name}: a dropout in [0, 1), not {dropout}");
        let init = Init::reciprocal_root(hidden);
        let ends = if bidirectional { &["", "_reverse"][..] } else { &[""] };
        let rows = C::GATES * hidden;
        let layers = params.layer(name, "weight_ih_l0", |params| {
            let mut direction = |layer: usize, end: &str| {
                let size = if layer == 0 { inputs } else { ends.len() * hidden };
                let mut start =
                    |kind: &str, shape: &[usize]| params.start(&format!("{kind}_l{layer}{end}"), init, shape);
                Direction {
                    weight_ih: start("weight_ih", &[rows, size]),
                    weight_hh: start("weight_hh", &[rows, hidden]),
                    biases: bias.then(|| ["bias_ih", "bias_hh"].map(|kind| start(kind, &[rows]))),
                }
            };
            (0..num_layers).map(|layer| ends.iter().map(|end| direction(layer, end)).collect()).collect()
        });
        Recurrent { layers, inputs, hidden, dropout, cell }
    }

    /// The outputs `[batch, time, directions·hidden]` of the last layer, and the last states of all, in the
    /// form of [`Sequences::start`].
    ///
    /// # Panics
    /// When the shapes do not fit, or a length is beyond the time axis.
    #[track_caller]
    pub fn run<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        x: &Value<I>,
        sequences: Sequences<'_, I>,
    ) -> (Value<I>, Vec<Value<I>>) {
        let (name, shape) = (C::NAME, x.shape());
        let fits = shape.rank() == 3 && shape[1] > 0 && shape[2] == self.inputs;
        assert!(fits, "gradtape: {name}: needs [batch, time, {}], not {shape}", self.inputs);
        let (batch, time) = (shape[0], shape[1]);
        let starts = self.starts(x, sequences.start);
        let within = sequences.lengths.map(|lengths| {
            let fits = lengths.len() == batch && lengths.iter().all(|&length| length <= time);
            assert!(fits, "gradtape: {name}: needs {batch} lengths of at most {time}, not {lengths:?}");
            within(x, lengths, time)
        });
        let mut ends: Vec<Vec<Value<I>>> = vec![Vec::new(); C::STATES];
        // Nothing behind an end comes near a product, so that a NaN there reaches no gradient.
        let mut sequence = match &within {
            Some(within) => within.select(x, &x.constant(0.0)),
            None => x.clone(),
        };
        let within = within.map(|within| within.unbind(1));
        for (number, layer) in self.layers.iter().enumerate() {
            if number > 0 && self.dropout > 0.0 {
                sequence = Dropout(self.dropout).forward(cx, sequence);
            }
            let mut outputs = Vec::new();
            for (way, direction) in layer.iter().enumerate() {
                let place = (number * layer.len() + way) as isize;
                let states = starts.iter().map(|start| start.index_axis(0, place)).collect();
                let (output, last) = self.pass(cx, direction, &sequence, states, within.as_deref(), way == 1);
                outputs.push(output);
                ends.iter_mut().zip(last).for_each(|(ends, last)| ends.push(last));
            }
            sequence = Value::concat(&outputs.iter().collect::<Vec<_>>(), -1);
        }
        let stack = |each: &Vec<Value<I>>| Value::stack(&each.iter().collect::<Vec<_>>(), 0);
        (sequence, ends.iter().map(stack).collect())
    }

    #[track_caller]
    fn starts<I: Interp>(&self, x: &Value<I>, given: Option<&[Value<I>]>) -> Vec<Value<I>> {
        let expected = [self.layers.len() * self.layers[0].len(), x.shape()[0], self.hidden];
        let Some(given) = given else {
            return vec![x.lift(Tensor::zeros(expected)); C::STATES];
        };
        let fits = given.len() == C::STATES && given.iter().all(|state| state.shape()[..] == expected);
        let shapes: Vec<_> = given.iter().map(Value::shape).collect();
        let (name, count) = (C::NAME, C::STATES);
        assert!(fits, "gradtape: {name}: needs {count} states of shape {expected:?}, not {shapes:?}");
        given.to_vec()
    }

    /// One direction of one layer: the outputs and the last states.
    fn pass<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        direction: &Direction,
        x: &Value<I>,
        mut states: Vec<Value<I>>,
        within: Option<&[Value<I>]>,
        backwards: bool,
    ) -> (Value<I>, Vec<Value<I>>) {
        let [bias_ih, bias_hh] = match direction.biases {
            Some(ids) => ids.map(|id| Some(cx.get(id))),
            None => [None, None],
        };
        // One product for all steps.
        let inputs = affine(x, cx.get(direction.weight_ih), bias_ih).unbind(1);
        let weight_hh = cx.get(direction.weight_hh);
        let zero = x.constant(0.0);
        let mut outputs = vec![None; inputs.len()];
        for i in 0..inputs.len() {
            let t = if backwards { inputs.len() - 1 - i } else { i };
            let new = self.cell.step(&inputs[t], affine(&states[0], weight_hh, bias_hh), &states);
            match within.map(|within| &within[t]) {
                Some(within) => {
                    outputs[t] = Some(within.select(&new[0], &zero));
                    states = new.iter().zip(&states).map(|(new, old)| within.select(new, old)).collect();
                }
                None => {
                    outputs[t] = Some(new[0].clone());
                    states = new;
                }
            }
        }
        let outputs: Vec<&Value<I>> = outputs.iter().flatten().collect();
        (Value::stack(&outputs, 1), states)
    }
}

/// 1 where a sequence has not ended, `[batch, time, 1]`.
fn within<I: Interp>(x: &Value<I>, lengths: &[usize], time: usize) -> Value<I> {
    let (zero, one) = (<I::Elem as Float>::ZERO, <I::Elem as Float>::ONE);
    let at = |i: usize| if i % time < lengths[i / time] { one } else { zero };
    x.lift(Tensor::from_fn([lengths.len(), time, 1], at))
}

impl<C: Cell> Module for Recurrent<C> {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.run(cx, &x, Sequences::default()).0
    }
}
