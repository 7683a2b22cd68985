//! The comparison of a family's table with its file.

use crate::fixture::{self, Fixture};
use gradtape::ops::Indices;
use gradtape::{Tape, Tensor, Var};

/// What a case calls, given its inputs and its index inputs.
pub(crate) type Call = for<'t> fn(&[Var<'t, f64>], &[Indices]) -> Vec<Var<'t, f64>>;

/// A case by its name in the file.
pub(crate) type Case = (&'static str, Call);

/// A value and its index, as PyTorch's functions return them.
pub(crate) fn with_index<'t>((value, index): (Var<'t, f64>, Indices)) -> Vec<Var<'t, f64>> {
    let places = as_constant(&value, &index);
    vec![value, places]
}

/// Indices among the results.
pub(crate) fn as_constant<'t>(like: &Var<'t, f64>, index: &Indices) -> Var<'t, f64> {
    like.lift(Tensor::from_fn(index.shape(), |k| index.slice()[k] as f64))
}

/// Compares every case of a family.
pub(crate) fn check(family: &str, cases: &[Case]) {
    let failures = failures(&fixture::read(family), cases);
    assert!(failures.is_empty(), "in the family {family}:\n{}", failures.join("\n"));
}

/// Where a table and a file differ: their cases, or what these give.
fn failures(fixtures: &[Fixture], cases: &[Case]) -> Vec<String> {
    let known = |name| fixtures.iter().any(|fixture| fixture.name == name);
    let unknown = cases.iter().filter(|(name, _)| !known(*name));
    let mut failures: Vec<_> = unknown.map(|(name, _)| format!("{name}: not in the file")).collect();
    for fixture in fixtures {
        let name = &fixture.name;
        let calls: Vec<_> = cases.iter().filter(|(case, _)| case == name).map(|(_, call)| *call).collect();
        match calls[..] {
            [call] => compare(fixture, call, &mut |what, place, found, expected| {
                let difference = difference(found, expected, fixture.rtol);
                failures.extend(difference.map(|why| format!("{name}: {what} {place}: {why}")));
            }),
            [] => failures.push(format!("{name}: not in the table")),
            _ => failures.push(format!("{name}: in the table more than once")),
        }
    }
    failures
}

/// Calls `same` with what is compared, the number of the result or of the input, both tensors.
fn compare(fixture: &Fixture, call: Call, same: &mut dyn FnMut(&str, usize, &Tensor<f64>, &Tensor<f64>)) {
    let (first, second) = (Tape::new(), Tape::new());
    let run = Run::new(&first, fixture, call);
    assert_eq!(run.outputs.len(), fixture.outputs.len(), "{}: the number of results", fixture.name);
    for (place, (found, expected)) in run.outputs.iter().zip(&fixture.outputs).enumerate() {
        same("value", place, found.tensor(), &expected.value);
    }
    for (place, (found, expected)) in swept(&run.total, &run.x).iter().zip(&fixture.gradients).enumerate() {
        same("gradient", place, found, expected);
    }
    if fixture.second_order.is_empty() {
        return;
    }
    let run = Run::new(&second, fixture, call);
    let mut along = second.constant(Tensor::scalar(0.0));
    if !run.total.is_constant() {
        for (x, direction) in run.x.iter().zip(&fixture.directions) {
            let [gradient] = run.total.grad([x]);
            along = along + (gradient * second.constant(direction.clone())).sum();
        }
    }
    for (place, (found, expected)) in swept(&along, &run.x).iter().zip(&fixture.second_order).enumerate() {
        same("second order", place, found, expected);
    }
}

/// A case on a tape.
struct Run<'t> {
    /// The inputs that have a gradient.
    x: Vec<Var<'t, f64>>,
    outputs: Vec<Var<'t, f64>>,
    /// The sum of all outputs, times their cotangents.
    total: Var<'t, f64>,
}

impl<'t> Run<'t> {
    fn new(tape: &'t Tape<f64>, fixture: &Fixture, call: Call) -> Self {
        let make = |(x, smooth): &(Tensor<f64>, bool)| {
            if *smooth { tape.var(x.clone()) } else { tape.constant(x.clone()) }
        };
        let inputs: Vec<_> = fixture.inputs.iter().map(make).collect();
        let outputs = call(&inputs, &fixture.indices);
        let mut total = tape.constant(Tensor::scalar(0.0));
        for (y, expected) in outputs.iter().zip(&fixture.outputs) {
            let fits = y.shape() == expected.value.shape();
            if let (true, Some(cotangent)) = (fits, &expected.cotangent) {
                total = total + (y * tape.constant(cotangent.clone())).sum();
            }
        }
        Run { x: inputs.into_iter().filter(|x| !x.is_constant()).collect(), outputs, total }
    }
}

/// The gradient of a number, 0 where it does not depend on an input.
fn swept<'t>(of: &Var<'t, f64>, x: &[Var<'t, f64>]) -> Vec<Tensor<f64>> {
    let zeros = |x: &Var<'t, f64>| Tensor::zeros(x.shape());
    if of.is_constant() {
        return x.iter().map(zeros).collect();
    }
    let found = of.backward();
    x.iter().map(|x| found.get(x).cloned().unwrap_or_else(|| zeros(x))).collect()
}

/// The first element that differs, both numbers, and where.
fn difference(found: &Tensor<f64>, expected: &Tensor<f64>, rtol: f64) -> Option<String> {
    if found.shape() != expected.shape() {
        return Some(format!("shape {} where PyTorch has {}", found.shape(), expected.shape()));
    }
    let mut pairs = found.slice().iter().zip(expected.slice()).enumerate();
    let same = |f: f64, e: f64| f == e || f.is_nan() && e.is_nan();
    let close = |f: f64, e: f64| e.is_finite() && (f - e).abs() <= rtol * e.abs();
    let (k, (f, e)) = pairs.find(|(_, (f, e))| !same(**f, **e) && !close(**f, **e))?;
    Some(format!("element {k} of {}: {f:e} where PyTorch has {e:e}", found.shape()))
}

#[test]
fn what_differs_is_said() {
    let file = "cube\nrtol 1e-12\nx [2] 0.5 nan\ny [2] 0.125 nan\nu [2] 2.0 1.0\n\
                g [2] 1.5 nan\nv [2] 1.0 1.0\nh [2] 6.0 nan\n\nother\nrtol 1e-12";
    let fixtures: Vec<_> = file.split("\n\n").map(fixture::parse).collect();
    let of = |call| failures(&fixtures, &[("cube", call), ("other", |_, _| vec![])]);
    assert_eq!(of(|x, _| vec![&x[0] * &x[0] * &x[0]]), [""; 0]);

    // Right in value, wrong in both derivatives; wrong by a little; NaN erased; of another shape.
    let square = of(|x, _| vec![&x[0] * &x[0] * x[0].constant(0.5)]);
    assert_eq!(square.len(), 2, "{square:?}");
    assert_eq!(square[0], "cube: gradient 0: element 0 of [2]: 1e0 where PyTorch has 1.5e0");
    assert_eq!(of(|x, _| vec![&x[0] * &x[0] * &x[0] * (1.0 + 1e-11)]).len(), 3);
    let erased = of(|x, _| vec![(&x[0] * &x[0] * &x[0]).nan_to_num(0.0, Some(0.0), Some(0.0))]);
    assert_eq!(erased[0], "cube: value 0: element 1 of [2]: 0e0 where PyTorch has NaN");
    let shaped = of(|x, _| vec![(&x[0] * &x[0] * &x[0]).reshape([1, 2])]);
    assert_eq!(shaped[0], "cube: value 0: shape [1, 2] where PyTorch has [2]");

    let other = failures(&fixtures, &[("cubes", |x, _| vec![x[0].clone()])]);
    assert_eq!(other, ["cubes: not in the file", "cube: not in the table", "other: not in the table"]);
}
