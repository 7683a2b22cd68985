//! The check for functions of your own.

use super::{
    Failure,
    difference::{derivative, directions, dot},
};
use crate::{Tape, Tensor, Var};

/// The step of differences for unknown functions: small, since their kinks are unknown.
const STEP: f64 = 1.0 / 4096.0;
/// Relative to max(1, |derivative|).
const BOUND: f64 = 1e-6;
/// Elements of each input that are checked; larger inputs are checked at evenly spread places.
const ELEMENTS: usize = 64;

/// Checks the first and second derivatives of a function of several inputs against finite
/// differences.
///
/// # Errors
/// Which derivative is wrong: the input, the element, the analytic and the numeric value, and
/// whether a kink is near, where no finite difference can be trusted.
///
/// ```
/// use gradtape::{Tensor, gradcheck::gradcheck};
/// let (x, w) = (Tensor::from([0.5, -1.0]), Tensor::from([2.0, 0.3]));
/// gradcheck(|v| (&v[0] * &v[1]).tanh().sum(), &[x.clone(), w]).unwrap();
///
/// // |x| has a kink at 0, which no difference can be taken across.
/// let error = gradcheck(|v| v[0].abs().sum(), &[Tensor::from([0.0, 1.0])]).unwrap_err();
/// assert!(error.to_string().contains("a kink is near"));
/// ```
pub fn gradcheck(
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    inputs: &[Tensor<f64>],
) -> Result<(), Failure> {
    let y = value(&f, inputs);
    let u = directions(17, std::slice::from_ref(&y), |_| false).remove(0);
    let w = directions(18, inputs, |_| false);
    let first = |x: &[Tensor<f64>]| dot(&[value(&f, x)], std::slice::from_ref(&u)).0;
    compare("first order", inputs, &gradient(&f, inputs, &u, None), first)?;
    let second = |x: &[Tensor<f64>]| dot(&gradient(&f, x, &u, None), &w).0;
    compare("second order", inputs, &gradient(&f, inputs, &u, Some(&w)), second)
}

fn value(f: &impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>, x: &[Tensor<f64>]) -> Tensor<f64> {
    let tape = Tape::new();
    let x: Vec<_> = x.iter().map(|x| tape.constant(x.clone())).collect();
    f(&x).tensor().clone()
}

/// ∇⟨u, f⟩, or ∇⟨w, ∇⟨u, f⟩⟩.
fn gradient(
    f: &impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    x: &[Tensor<f64>],
    u: &Tensor<f64>,
    w: Option<&[Tensor<f64>]>,
) -> Vec<Tensor<f64>> {
    let tape = Tape::new();
    let vars: Vec<_> = x.iter().map(|x| tape.var(x.clone())).collect();
    let mut total = (f(&vars) * tape.constant(u.clone())).sum();
    if let (Some(w), false) = (w, total.is_constant()) {
        let seed = total.lift(Tensor::ones(total.shape()));
        let gradients = tape.grad_from([(&total, seed)], &vars.iter().collect::<Vec<_>>());
        let terms = gradients.iter().zip(w).map(|(gradient, w)| (gradient * tape.constant(w.clone())).sum());
        total = terms.reduce(|a, b| a + b).unwrap_or_else(|| tape.constant(Tensor::scalar(0.0)));
    }
    if total.is_constant() {
        return x.iter().map(|x| Tensor::zeros(x.shape())).collect();
    }
    let found = total.backward();
    vars.iter().map(|var| found.get(var).cloned().unwrap_or_else(|| Tensor::zeros(var.shape()))).collect()
}

/// Whether the slope of f at 0 depends on the side or the step it is taken with. Where f is smooth,
/// the two sides' slopes differ by O(h). At a kink they come no closer as h shrinks; beside one,
/// they suddenly do.
fn kink_near(f: &impl Fn(f64) -> f64, slope: f64) -> bool {
    let sides = |h: f64| ((f(h) - f(0.0)) / h - (f(0.0) - f(-h)) / h).abs();
    let (wide, narrow) = (sides(4.0 * STEP), sides(STEP / 8.0));
    let uneven = narrow > 0.5 * wide || wide > 100.0 * narrow;
    let bend = uneven && wide > BOUND * slope.abs().max(1.0);
    let jump = derivative(f, STEP / 8.0).abs() > 2.0 * slope.abs().max(BOUND);
    bend || jump || !slope.is_finite()
}

fn compare(
    check: &'static str,
    inputs: &[Tensor<f64>],
    analytic: &[Tensor<f64>],
    value: impl Fn(&[Tensor<f64>]) -> f64,
) -> Result<(), Failure> {
    for (k, input) in inputs.iter().enumerate() {
        let stride = input.shape().size().div_ceil(ELEMENTS).max(1);
        for i in (0..input.shape().size()).step_by(stride) {
            let at = |t: f64| {
                let mut x = inputs.to_vec();
                x[k].slice_mut()[i] += t;
                value(&x)
            };
            let found = analytic[k].slice()[i];
            let agrees = |numeric: f64| (found - numeric).abs() <= BOUND * numeric.abs().max(1.0);
            // The plain quotient settles most elements, at a quarter of the work.
            if agrees((at(STEP) - at(-STEP)) / (2.0 * STEP)) {
                continue;
            }
            let numeric = derivative(at, STEP);
            if agrees(numeric) {
                continue;
            }
            let hint = if kink_near(&at, numeric) {
                "; the slopes around it do not settle: a kink is near, move the input off it"
            } else {
                ""
            };
            let place = format!("input {k} of shape {}, element {i}", input.shape());
            let detail = format!("{place}: analytic {found:e}, numeric {numeric:e}{hint}");
            return Err(Failure::new("function", check, detail));
        }
    }
    Ok(())
}
