//! Recurrent networks over `[batch, time, features]`.

mod cell;
mod unit;

pub use cell::{GruCell, LstmCell, RecurrentCell, RnnCell};
pub use unit::{GruUnit, LstmUnit, RecurrentUnit, RnnUnit};

use super::linear::affine;
use crate::{
    Float, Interp, Tensor, Value,
    nn::{Ctx, Dropout, Init, Module, ParamId, Params},
};

/// A plain recurrent network, h′ = tanh(W·x + b + U·h + b′) (Elman: Finding Structure in Time, 1990).
pub type Rnn = Recurrent<RnnUnit>;
/// A long short-term memory: [`LstmGates`](crate::ops::LstmGates) (Hochreiter, Schmidhuber: Long Short-Term
/// Memory, 1997). Its states are h and the memory c.
pub type Lstm = Recurrent<LstmUnit>;
/// A gated recurrent unit: [`GruGates`](crate::ops::GruGates) (Cho et al.: Learning Phrase Representations,
/// 2014).
pub type Gru = Recurrent<GruUnit>;

/// The options of a recurrent network. The defaults are PyTorch's, but that the batch is always the first
/// axis.
#[derive(Clone, Copy, Debug)]
pub struct RecurrentOptions<U> {
    /// Networks one above the other: 1.
    pub num_layers: usize,
    /// Whether there are biases: yes.
    pub bias: bool,
    /// On what each layer but the last gives to the next, in training: 0.
    pub dropout: f64,
    /// Whether a second network reads backwards; the outputs of both stand side by side: no.
    pub bidirectional: bool,
    /// The features that an LSTM's output is projected to, if it is, fewer than the hidden ones (Sak et al.:
    /// Long Short-Term Memory Based Recurrent Neural Network Architectures, 2014).
    pub proj_size: Option<usize>,
    /// What happens in a step.
    pub unit: U,
}

impl<U: Default> Default for RecurrentOptions<U> {
    fn default() -> Self {
        RecurrentOptions {
            num_layers: 1,
            bias: true,
            dropout: 0.0,
            bidirectional: false,
            proj_size: None,
            unit: U::default(),
        }
    }
}

/// Recurrent networks one above the other. Parameters have PyTorch's names, `weight_ih_l0` and so on, and
/// start uniform within ±1/√hidden.
///
/// As a [`Module`] it starts at zeros and gives the outputs, `[batch, time, directions·hidden]`, or without a
/// batch if the input has none.
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
pub struct Recurrent<U> {
    /// Each layer's directions.
    layers: Vec<Vec<Weights>>,
    inputs: usize,
    hidden: usize,
    /// The features of an output.
    outputs: usize,
    dropout: f64,
    unit: U,
}

/// The weights of one direction of one layer.
#[derive(Clone, Copy, Debug)]
struct Weights {
    weight_ih: ParamId,
    weight_hh: ParamId,
    biases: Option<[ParamId; 2]>,
    weight_hr: Option<ParamId>,
}

impl Weights {
    /// Weights of so many rows for inputs and outputs of these sizes, under names with this end; with
    /// the sizes of a projection if there is one.
    fn new<F: Float>(
        params: &mut Params<F>,
        end: &str,
        [rows, inputs, outputs]: [usize; 3],
        bias: bool,
        projection: Option<[usize; 2]>,
    ) -> Self {
        let hidden = projection.map_or(outputs, |[_, hidden]| hidden);
        let init = Init::reciprocal_root(hidden);
        let mut start = |kind: &str, shape: &[usize]| params.start(&format!("{kind}{end}"), init, shape);
        Weights {
            weight_ih: start("weight_ih", &[rows, inputs]),
            weight_hh: start("weight_hh", &[rows, outputs]),
            biases: bias.then(|| ["bias_ih", "bias_hh"].map(|kind| start(kind, &[rows]))),
            weight_hr: projection.map(|shape| start("weight_hr", &shape)),
        }
    }

    fn in_pass<'a, I: Interp>(&self, cx: &'a Ctx<'_, I>) -> InPass<'a, I> {
        InPass {
            weight_ih: cx.get(self.weight_ih),
            weight_hh: cx.get(self.weight_hh),
            biases: self.biases.map(|ids| ids.map(|id| cx.get(id))),
            weight_hr: self.weight_hr.map(|id| cx.get(id)),
        }
    }
}

/// Weights in a pass.
struct InPass<'a, I: Interp> {
    weight_ih: &'a Value<I>,
    weight_hh: &'a Value<I>,
    biases: Option<[&'a Value<I>; 2]>,
    weight_hr: Option<&'a Value<I>>,
}

impl<I: Interp> InPass<'_, I> {
    /// The product of an input, of one step or of all, with its weights.
    #[track_caller]
    fn of_input(&self, x: &Value<I>) -> Value<I> {
        affine(x, self.weight_ih, self.biases.map(|biases| biases[0]))
    }

    /// The states after an input's product.
    #[track_caller]
    fn step<U: RecurrentUnit>(&self, unit: &U, x: &Value<I>, states: &[Value<I>]) -> Vec<Value<I>> {
        let of_state = affine(&states[0], self.weight_hh, self.biases.map(|biases| biases[1]));
        let mut new = unit.step(x, of_state, states);
        if let Some(weight) = self.weight_hr {
            new[0] = affine(&new[0], weight, None);
        }
        new
    }
}

/// What a recurrent network may be told of its input. By default it starts at zeros, and every sequence is
/// as long as the time axis.
#[derive(Clone, Debug)]
pub struct Sequences<'a, I: Interp> {
    /// The first states, each `[layers·directions, batch, hidden]`: h, and for an LSTM c. A projected h has
    /// the features of the projection.
    pub start: Option<&'a [Value<I>]>,
    /// The length of each sequence. Outputs beyond it are 0, and the last states are those at it.
    pub lengths: Option<&'a [usize]>,
}

impl<I: Interp> Default for Sequences<'_, I> {
    fn default() -> Self {
        Sequences { start: None, lengths: None }
    }
}

impl<U: RecurrentUnit> Recurrent<U> {
    /// One layer of `hidden` features.
    pub fn new<F: Float>(params: &mut Params<F>, inputs: usize, hidden: usize) -> Self
    where
        U: Default,
    {
        Self::with(params, inputs, hidden, RecurrentOptions::default())
    }

    /// Layers of `hidden` features.
    ///
    /// # Panics
    /// When there is no layer, no feature, the dropout is not in [0, 1), or a projection is not to fewer
    /// features or not of an LSTM.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        inputs: usize,
        hidden: usize,
        options: RecurrentOptions<U>,
    ) -> Self {
        let RecurrentOptions { num_layers, bias, dropout, bidirectional, proj_size, unit } = options;
        let name = U::NAME;
        assert!(
            num_layers > 0 && hidden > 0,
            "gradtape: {name}: needs a layer and a feature, not {num_layers} and {hidden}"
        );
        assert!((0.0..1.0).contains(&dropout), "gradtape: {name}: a dropout in [0, 1), not {dropout}");
        if let Some(size) = proj_size {
            assert!(U::PROJECTS, "gradtape: {name}: only an lstm has a proj_size, here {size}");
            let fits = (1..hidden).contains(&size);
            assert!(fits, "gradtape: {name}: needs a proj_size from 1 to below {hidden}, not {size}");
        }
        let outputs = proj_size.unwrap_or(hidden);
        let projection = proj_size.map(|size| [size, hidden]);
        let ends = if bidirectional { &["", "_reverse"][..] } else { &[""] };
        let layers = params.layer(name, "weight_ih_l0", |params| {
            let mut direction = |layer: usize, end: &str| {
                let size = if layer == 0 { inputs } else { ends.len() * outputs };
                let sizes = [U::GATES * hidden, size, outputs];
                Weights::new(params, &format!("_l{layer}{end}"), sizes, bias, projection)
            };
            (0..num_layers).map(|layer| ends.iter().map(|end| direction(layer, end)).collect()).collect()
        });
        Recurrent { layers, inputs, hidden, outputs, dropout, unit }
    }

    /// The outputs `[batch, time, directions·hidden]` of the last layer, and the last states of all, in the
    /// form of [`Sequences::start`]. For an input `[time, features]` neither they nor the first states have a
    /// batch.
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
        let (name, shape) = (U::NAME, x.shape());
        let fits = matches!(&shape[..], [time, size] | [_, time, size] if *time > 0 && *size == self.inputs);
        assert!(fits, "gradtape: {name}: needs [batch, time, {}], not {shape}", self.inputs);
        if shape.rank() == 2 {
            let batched = |states: &[Value<I>]| states.iter().map(|state| state.unsqueeze(1)).collect();
            let start: Option<Vec<_>> = sequences.start.map(batched);
            let sequences = Sequences { start: start.as_deref(), ..sequences };
            let (y, states) = self.run(cx, &x.unsqueeze(0), sequences);
            return (y.squeeze(0), states.iter().map(|state| state.squeeze(1)).collect());
        }
        let (batch, time) = (shape[0], shape[1]);
        let starts = self.starts(x, sequences.start);
        let within = sequences.lengths.map(|lengths| {
            let fits = lengths.len() == batch && lengths.iter().all(|&length| length <= time);
            assert!(fits, "gradtape: {name}: needs {batch} lengths of at most {time}, not {lengths:?}");
            within(x, lengths, time)
        });
        let mut ends: Vec<Vec<Value<I>>> = vec![Vec::new(); U::STATES];
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
        let (all, batch) = (self.layers.len() * self.layers[0].len(), x.shape()[0]);
        // The memory of an LSTM is not projected.
        let sizes = (0..U::STATES).map(|state| if state == 0 { self.outputs } else { self.hidden });
        let expected: Vec<_> = sizes.map(|size| [all, batch, size]).collect();
        let Some(given) = given else {
            return expected.into_iter().map(|shape| x.lift(Tensor::zeros(shape))).collect();
        };
        let shapes: Vec<_> = given.iter().map(Value::shape).collect();
        let fits = shapes.len() == U::STATES && shapes.iter().zip(&expected).all(|(s, e)| s[..] == e[..]);
        assert!(fits, "gradtape: {}: needs states of shapes {expected:?}, not {shapes:?}", U::NAME);
        given.to_vec()
    }

    /// One direction of one layer: the outputs and the last states.
    fn pass<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        weights: &Weights,
        x: &Value<I>,
        mut states: Vec<Value<I>>,
        within: Option<&[Value<I>]>,
        backwards: bool,
    ) -> (Value<I>, Vec<Value<I>>) {
        let weights = weights.in_pass(cx);
        // One product for all steps.
        let inputs = weights.of_input(x).unbind(1);
        let zero = x.constant(0.0);
        let mut outputs = vec![None; inputs.len()];
        for i in 0..inputs.len() {
            let t = if backwards { inputs.len() - 1 - i } else { i };
            let new = weights.step(&self.unit, &inputs[t], &states);
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

impl<U: RecurrentUnit> Module for Recurrent<U> {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.run(cx, &x, Sequences::default()).0
    }
}
