//! Random programs: the tape, its sweeps and forward mode against the second opinion.

use super::{
    decode::{self, Program},
    reference::{Array, Dual as Number, eval},
    run::{frugal, keeping},
};
use gradtape::{Dual, Tape, Tensor, Value, Var};

/// Rounding, relative to the size of what was added up.
const TOLERANCE: f64 = 1e-9;

/// Beyond this a derivative says little, and its rounding much.
const HUGE: f64 = 1e6;

/// About how many elements are compared one by one.
const ALONE: usize = 4;

/// The program that `bytes` stand for, a line for each value.
pub fn listing(bytes: &[u8]) -> String {
    decode::program(bytes).to_string()
}

/// Decodes a program, runs it in every way there is, and compares.
///
/// # Panics
/// When two ways disagree.
pub fn program(bytes: &[u8]) {
    let program = decode::program(bytes);
    let tape = Tape::new();
    let inputs = record(&program, &tape);
    let values = keeping(&program, inputs.clone());
    let numbers: Vec<Tensor<f64>> = values.iter().map(|v| v.tensor().clone()).collect();
    let result = values.last().expect("decoded with a last value");

    compare_values(&program, &numbers);
    let tensors = program.inputs.iter().map(|x| Tensor::new(x.elements.clone(), &x.shape[..])).collect();
    same(&program, "evaluated in place", &frugal(&program, tensors), result.tensor());
    let (forward, directional) = forward(&program);
    same(&program, "forward mode", &forward, result.tensor());
    if result.is_constant() {
        assert!(directional == 0.0, "a tangent without a variable: {directional}\n{program}");
        return;
    }

    let variables: Vec<&Var<'_, f64>> = inputs.iter().filter(|x| !x.is_constant()).collect();
    let recorded: Vec<Tensor<f64>> = variables.iter().map(|x| result.grad([x])[0].tensor().clone()).collect();
    let gradients = result.backward();
    let zeros = |x: &Var<'_, f64>| Tensor::zeros(x.shape());
    let swept: Vec<Tensor<f64>> =
        variables.iter().map(|x| gradients.get(x).cloned().unwrap_or_else(|| zeros(x))).collect();

    // Again with nothing held but what the rules have saved.
    let second = Tape::new();
    let again = record(&program, &second);
    let end = frugal(&program, again.clone());
    same(&program, "recorded in place", end.tensor(), result.tensor());
    let gradients = end.backward();
    for (x, swept) in again.iter().filter(|x| !x.is_constant()).zip(&swept) {
        same(&program, "gradient in place", &gradients.get(x).cloned().unwrap_or_else(|| zeros(x)), swept);
    }

    let swept: Vec<f64> = swept.iter().flat_map(|x| x.slice().to_vec()).collect();
    let recorded: Vec<f64> = recorded.iter().flat_map(|x| x.slice().to_vec()).collect();
    assert_eq!(swept.len(), recorded.len(), "gradients of different shapes\n{program}");
    let close = |what: &str, found: f64, expected: Number| {
        let Number { d, d_size, .. } = expected;
        assert!(
            (found - d).abs() <= TOLERANCE * d_size + f64::MIN_POSITIVE,
            "{what} gives {found}, expected {d} ± {TOLERANCE:e} · {d_size}\n{program}"
        );
    };
    let Some(reference) = Reference::new(&program, &numbers) else { return };
    // Every element along one direction, and some of them alone, of which a message says more.
    let Some(expected) = reference.derivative(direction) else { return };
    let along = |gradient: &[f64]| gradient.iter().enumerate().map(|(i, g)| g * direction(i)).sum();
    for place in (0..swept.len()).step_by(1 + swept.len() / ALONE) {
        let Some(expected) = reference.derivative(|i| f64::from(i == place)) else { return };
        close(&format!("element {place} of all variables: backward"), swept[place], expected);
        close(&format!("element {place} of all variables: grad"), recorded[place], expected);
    }
    close("along a direction: forward mode", directional, expected);
    close("along a direction: backward", along(&swept), expected);
    close("along a direction: grad", along(&recorded), expected);
}

fn record<'t>(program: &Program, tape: &'t Tape<f64>) -> Vec<Var<'t, f64>> {
    let make = |x: &decode::Input| {
        let tensor = Tensor::new(x.elements.clone(), &x.shape[..]);
        if x.variable { tape.var(tensor) } else { tape.constant(tensor) }
    };
    program.inputs.iter().map(make).collect()
}

/// A direction in the space of all variables.
fn direction(place: usize) -> f64 {
    ((place * 5 + 2) % 7) as f64 / 4.0 - 0.625
}

/// The value and its derivative along [`direction`].
fn forward(program: &Program) -> (Tensor<f64>, f64) {
    let mut place = 0;
    let mut inputs = Vec::new();
    for x in &program.inputs {
        let tangent = x.variable.then(|| Tensor::from_fn(&x.shape[..], |i| direction(place + i)));
        place += if x.variable { x.elements.len() } else { 0 };
        inputs.push(Dual::new(Tensor::new(x.elements.clone(), &x.shape[..]), tangent));
    }
    let y = keeping(program, inputs).pop().expect("decoded with a last value");
    (y.primal().clone(), y.tangent().map_or(0.0, Value::item))
}

/// Each op on its own, from the operands that the tape had: no rounding adds up, and both stand on
/// the same side of every kink.
fn compare_values(program: &Program, numbers: &[Tensor<f64>]) {
    let arrays: Vec<Array> = numbers.iter().map(|x| array(x, false)).collect();
    for instruction in &program.body {
        let args: Vec<&Array> = instruction.args.iter().map(|&x| &arrays[x]).collect();
        let expected = eval(&instruction.op, &args);
        assert_eq!(expected.len(), instruction.results);
        for (found, expected) in arrays[instruction.first..].iter().zip(expected) {
            assert_eq!(found.shape, expected.shape, "shape of {instruction:?}\n{program}");
            for (i, (found, expected)) in found.elements.iter().zip(&expected.elements).enumerate() {
                assert!(
                    agree(found.v, *expected),
                    "{instruction:?}, element {i}: {}, expected {}\n{program}",
                    found.v,
                    expected.v
                );
            }
        }
    }
}

fn agree(found: f64, expected: Number) -> bool {
    let Number { v, v_size, .. } = expected;
    let overflow = v_size > 1e100 || v_size.is_nan() && !v.is_nan();
    found == v
        || found.is_nan() && v.is_nan()
        // Whether a sum overflows, and to what, depends on its order.
        || overflow && (!found.is_finite() || found.abs() > 1e80 || v.is_finite())
        || (found - v).abs() <= TOLERANCE * (v_size + 1e-3)
}

fn array(numbers: &Tensor<f64>, varies: bool) -> Array {
    Array::new(numbers.shape(), numbers.slice().iter().copied(), varies)
}

/// The second opinion on the derivatives of a program at the values that the tape had.
struct Reference<'a> {
    program: &'a Program,
    numbers: &'a [Tensor<f64>],
    inputs: Vec<Array>,
    /// Which values the result depends on.
    matters: Vec<bool>,
}

impl<'a> Reference<'a> {
    /// Nothing when a value on the way to the result is not finite, or huge.
    fn new(program: &'a Program, numbers: &'a [Tensor<f64>]) -> Option<Self> {
        let mut matters = vec![false; numbers.len()];
        *matters.last_mut()? = true;
        for instruction in program.body.iter().rev() {
            if matters[instruction.first..][..instruction.results].contains(&true) {
                instruction.args.iter().for_each(|&x| matters[x] = true);
            }
        }
        let sound = |x: &Tensor<f64>| x.slice().iter().all(|v| v.abs() <= HUGE);
        let all_sound = numbers.iter().zip(&matters).all(|(x, &matters)| !matters || sound(x));
        let inputs = numbers.iter().zip(&program.inputs).map(|(x, input)| array(x, input.variable)).collect();
        all_sound.then_some(Reference { program, numbers, inputs, matters })
    }

    /// The derivative of the result along `seed`, which is given for each element of the variables
    /// in order. Nothing when a derivative on the way is not finite, or huge.
    fn derivative(&self, seed: impl Fn(usize) -> f64) -> Option<Number> {
        let mut arrays = self.inputs.clone();
        for (place, e) in arrays.iter_mut().flat_map(|x| &mut x.elements).filter(|e| e.varies).enumerate() {
            (e.d, e.d_size) = (seed(place), seed(place).abs());
        }
        for instruction in &self.program.body {
            let args: Vec<&Array> = instruction.args.iter().map(|&x| &arrays[x]).collect();
            for mut result in eval(&instruction.op, &args) {
                let this = arrays.len();
                for (e, &v) in result.elements.iter_mut().zip(self.numbers[this].slice()) {
                    if self.matters[this] && !(e.d.is_finite() && e.d_size < HUGE * HUGE) {
                        return None;
                    }
                    e.v = v;
                }
                arrays.push(result);
            }
        }
        arrays.last()?.elements.first().copied()
    }
}

/// Ways that do the same arithmetic have to give the same bits, NaN for NaN.
fn same(program: &Program, what: &str, found: &Tensor<f64>, expected: &Tensor<f64>) {
    let equal = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    assert!(
        found.shape() == expected.shape() && found.slice().iter().zip(expected.slice()).all(equal),
        "{what}: {found:?}, expected {expected:?}\n{program}"
    );
}
