//! Every layer of the tables against its fixture and against finite differences.

use crate::fixture::{Fixture, fixtures};
use crate::{Layer, Make, near, sequences, single, spatial};
use gradtape::gradcheck::gradcheck;
use gradtape::nn::{Ctx, Load, Params};
use gradtape::{Tape, Tensor, Var, random::Rng};
use rayon::prelude::*;

/// The layer of a case, with the weights of the fixture, which must be all there are and no others.
fn made(make: Make, case: &Fixture) -> (Params<f64>, Box<dyn Layer>) {
    let mut params = Params::seeded(1);
    let layer = params.at("layer", make);
    params.assign(&case.state, &Load::default()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    (params, layer)
}

/// Outputs, gradients and buffers, as PyTorch has them.
fn follows_pytorch(make: Make, case: &Fixture, training: bool) {
    let (mut params, layer) = made(make, case);
    let what = |part: &str| format!("{} ({}): {part}", case.name, if training { "train" } else { "eval" });
    let (tape, rng) = (Tape::new(), Rng::new(1));
    let values: Vec<Var<'_, f64>> = lifted(&params, |value| tape.var(value), |value| tape.constant(value));
    let cx = Ctx::new(values.clone(), training.then_some(&rng));
    let x: Vec<_> = case.inputs.iter().map(|x| tape.var(x.clone())).collect();
    let y = layer.run(&cx, &x);
    assert_eq!(y.len(), case.outputs.len(), "{}", what("outputs"));
    let mut total = tape.constant(Tensor::scalar(0.0));
    for ((y, expected), u) in y.iter().zip(&case.outputs).zip(&case.cotangents) {
        near(&what("output"), y.tensor(), expected);
        total = total + (y * tape.constant(u.clone())).sum();
    }
    let gradients = total.backward();
    let gradient =
        |var: &Var<'_, f64>| gradients.get(var).cloned().unwrap_or_else(|| Tensor::zeros(var.shape()));
    for (x, expected) in x.iter().zip(&case.gradients) {
        near(&what("gradient of an input"), &gradient(x), expected);
    }
    let names: Vec<String> = params.iter().map(|(name, _)| name.to_owned()).collect();
    for (name, expected) in &case.parameter_gradients {
        let place = names.iter().position(|other| other == name).unwrap();
        near(&what(name), &gradient(&values[place]), expected);
    }
    // A pass of its own through the arena, for the buffers.
    if training && !case.buffers_after.is_empty() {
        let grads = {
            let cx = params.train(&tape, &rng);
            let x = case.inputs.iter().map(|x| tape.var(x.clone())).collect::<Vec<_>>();
            let y = layer.run(&cx, &x);
            // A layer without parameters has buffers all the same.
            let loss = y[0].sum();
            cx.backward(loss)
        };
        params.set_buffers(&grads);
    }
    for (name, expected) in &case.buffers_after {
        near(&what(name), params.get(params.find(name).unwrap()), expected);
    }
}

/// All values in the order of their ids.
fn lifted<'t>(
    params: &Params<f64>,
    parameter: impl Fn(Tensor<f64>) -> Var<'t, f64>,
    buffer: impl Fn(Tensor<f64>) -> Var<'t, f64>,
) -> Vec<Var<'t, f64>> {
    let lift = |(name, value): (&str, &Tensor<f64>)| {
        let value = value.clone();
        if params.is_buffer(params.find(name).unwrap()) { buffer(value) } else { parameter(value) }
    };
    params.iter().map(lift).collect()
}

/// First and second order, of inputs and parameters.
fn passes_gradcheck(make: Make, case: &Fixture, training: bool) {
    if case.name == "embedding_padded" || case.name.ends_with("by_frequency") {
        return; // their gradient is not the derivative of their output
    }
    if case.training.is_none() && !training {
        return; // the same numbers as in training, as the other test has seen
    }
    let (params, layer) = made(make, case);
    let rng = Rng::new(1);
    let count = case.inputs.len();
    let trained =
        params.iter().filter(|(name, _)| !params.is_buffer(params.find(name).unwrap())).map(|(_, v)| v);
    let all: Vec<Tensor<f64>> = case.inputs.iter().chain(trained).cloned().collect();
    gradcheck(|v| joined(layer_outputs(&*layer, &params, v, count, training.then_some(&rng))), &all)
        .unwrap_or_else(|failure| panic!("{} ({training}): {failure}", case.name));
}

fn layer_outputs<'t>(
    layer: &dyn Layer,
    params: &Params<f64>,
    v: &[Var<'t, f64>],
    inputs: usize,
    rng: Option<&Rng>,
) -> Vec<Var<'t, f64>> {
    let rest = std::cell::RefCell::new(v[inputs..].iter());
    let next = |_| rest.borrow_mut().next().unwrap().clone();
    let values = lifted(params, next, |value| v[0].lift(value));
    layer.run(&Ctx::new(values, rng), &v[..inputs])
}

fn joined<'t>(outputs: Vec<Var<'t, f64>>) -> Var<'t, f64> {
    let flat: Vec<_> = outputs.iter().map(|y| y.flatten(0, -1)).collect();
    Var::concat(&flat.iter().collect::<Vec<_>>(), 0)
}

/// Each block with its layer, in the modes it is of.
fn each(cases: &[(&str, Make)], check: impl Fn(Make, &Fixture, bool) + Sync) {
    let blocks = fixtures();
    cases.par_iter().for_each(|(name, make)| {
        let mut of_it = blocks.iter().filter(|case| case.name == *name).peekable();
        assert!(of_it.peek().is_some(), "{name} has no fixture");
        for case in of_it {
            match case.training {
                Some(training) => check(*make, case, training),
                None => [true, false].into_iter().for_each(|training| check(*make, case, training)),
            }
        }
    });
}

const TABLES: [&[(&str, Make)]; 3] = [single::LAYERS, spatial::LAYERS, sequences::LAYERS];

#[test]
fn every_fixture_has_a_layer() {
    for case in fixtures() {
        let known = TABLES.into_iter().flatten().any(|(name, _)| *name == case.name);
        assert!(known, "{} has no layer", case.name);
    }
}

#[test]
fn layers_follow_pytorch() {
    TABLES.into_iter().for_each(|table| each(table, follows_pytorch));
}

#[test]
fn layers_pass_gradcheck_in_both_orders() {
    each(single::LAYERS, passes_gradcheck);
}

#[test]
fn layers_of_space_pass_gradcheck_in_both_orders() {
    each(spatial::LAYERS, passes_gradcheck);
}

#[test]
fn layers_of_sequences_pass_gradcheck_in_both_orders() {
    each(sequences::LAYERS, passes_gradcheck);
}
