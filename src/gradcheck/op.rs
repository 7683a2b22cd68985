//! The checks that every op passes.

use super::{
    Failure, Gen, Sample,
    difference::{STEP, along, derivative, directions, dot},
    subject::{CompositionSubject, OpSubject, Subject},
};
use crate::{
    Dual, Float, Shape, Tape, Tensor, Value, Var,
    op::{Arity, Composition, Op},
    tensor::Eager,
};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// Which saved operands and results a rule was seen to read, and whether anything came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Read {
    pub(super) inputs: u32,
    pub(super) outputs: u32,
    /// A sample had an operand with a gradient.
    pub(super) differentiable: bool,
    /// A gradient was not zero.
    pub(super) steep: bool,
}

impl Read {
    /// Read here or there.
    pub fn or(self, other: Read) -> Read {
        Read {
            inputs: self.inputs | other.inputs,
            outputs: self.outputs | other.outputs,
            differentiable: self.differentiable | other.differentiable,
            steep: self.steep | other.steep,
        }
    }
}

/// Checks an op on 64 random samples, from small to large, and on what it must refuse.
///
/// # Errors
/// The first promise of the contract that it breaks, with the sample and the figures.
///
/// ```
/// use gradtape::{gradcheck::check_op, ops};
/// check_op::<ops::Softmax>().unwrap();
/// ```
pub fn check_op<O: Op>() -> Result<(), Failure> {
    check_rejects::<O>()?;
    let mut read = Read::default();
    for choices in random_choices() {
        read = read.or(check_case::<O>(&choices)?);
    }
    check_reads::<O>(read)
}

/// As [`check_op`], for a composition of ops.
///
/// # Errors
/// The first promise that it breaks, with the sample and the figures.
pub fn check_composition<C: Composition>() -> Result<(), Failure> {
    random_choices().try_for_each(|choices| check_composition_case::<C>(&choices))
}

/// The choices of 64 samples. Later ones have more, so that the first to fail is a small one.
fn random_choices() -> impl Iterator<Item = Vec<u32>> {
    let choice = |case: u64, i: u64| crate::kernels::random::philox(case, u128::from(i))[0];
    (0..64).map(move |case| (0..case * 8).map(|i| choice(case, i)).collect())
}

/// Checks that an op refuses what it says it refuses, naming itself and saying why. An op that
/// refuses nothing must accept everything.
///
/// # Errors
/// The operands that were accepted, or refused with another message.
pub fn check_rejects<O: Op>() -> Result<(), Failure> {
    let fail = |detail| Err(Failure::new(O::NAME, "bad operands", detail));
    let rejects = O::rejects();
    if rejects.is_empty() && O::In::COUNT != Some(1) || (1..3).contains(&rejects.len()) {
        return fail(format!("{} rejects are stated, at least 3 are needed", rejects.len()));
    }
    for reject in &rejects {
        let shapes = &reject.shapes;
        let found = reject.op.shape(O::In::build(shapes.len(), |i| &shapes[i]));
        match found {
            Ok(_) => return fail(format!("{reject:?} was accepted")),
            Err(error) => {
                let text = error.to_string();
                let shown = shapes.is_empty() || text.contains('[');
                if error.op() != O::NAME || !text.contains(reject.says) || !shown {
                    return fail(format!("{reject:?} was refused with \"{text}\""));
                }
            }
        }
    }
    if rejects.is_empty() {
        for case in 0..64u32 {
            let choices: Vec<u32> = (0..40).map(|i| case.wrapping_mul(2_654_435_761) >> (i % 19)).collect();
            let mut g = Gen::new(&choices);
            let op = O::samples(&mut g).op;
            let shape = g.shape(5);
            if let Err(error) = op.shape(O::In::build(1, |_| &shape)) {
                return fail(format!("no rejects are stated, but {shape} is refused with \"{error}\""));
            }
        }
    }
    Ok(())
}

/// Checks that over many cases every declared save was read, and that there was something to prove.
///
/// # Errors
/// The save that keeps memory alive for nothing; or that every gradient was zero.
pub fn check_reads<O: Op>(read: Read) -> Result<(), Failure> {
    if read.differentiable && !read.steep {
        let detail = "every gradient of every sample is zero or empty: they prove nothing";
        return Err(Failure::new(O::NAME, "samples", detail));
    }
    for place in 0..32 {
        let unread = |kind| {
            let detail = format!("{kind} {place} is declared in SAVES, but no rule reads it");
            Err(Failure::new(O::NAME, "saves", detail))
        };
        if O::SAVES.input(place) && read.inputs >> place & 1 == 0 {
            return unread("input");
        }
        if O::SAVES.output(place) && read.outputs >> place & 1 == 0 {
            return unread("output");
        }
    }
    Ok(())
}

/// Checks one sample, built from these choices.
///
/// # Errors
/// The first promise of the contract that it breaks, with the sample and the figures.
pub fn check_case<O: Op>(choices: &[u32]) -> Result<Read, Failure> {
    let Sample { op, inputs, constant, rounding } = O::samples(&mut Gen::new(choices));
    check_subject::<dyn Subject>(&OpSubject(&op), &inputs, &constant, rounding, choices)
}

/// As [`check_case`], for a composition of ops.
///
/// # Errors
/// The first promise that it breaks, with the sample and the figures.
pub fn check_composition_case<C: Composition>(choices: &[u32]) -> Result<(), Failure> {
    let Sample { op, inputs, constant, rounding } = C::samples(&mut Gen::new(choices));
    check_subject::<dyn Subject>(&CompositionSubject(&op), &inputs, &constant, rounding, choices).map(|_| ())
}

/// What [`check_case`] holds every sample to, in order.
pub const PROMISES: &[&str] = &[
    "shape",
    "first order",
    "constant operands",
    "jacobian",
    "forward mode",
    "recorded sweep",
    "second order",
    "reverse over forward",
    "each alone",
    "upstream",
    "reuse",
    "owned operands",
    "single precision",
    "saves",
];

/// Always called for `dyn Subject`, so that it is compiled once and not once per op; generic, so that
/// only who checks compiles it at all.
fn check_subject<S: Subject + ?Sized>(
    subject: &S,
    inputs: &[Tensor<f64>],
    constant: &[bool],
    rounding: f64,
    choices: &[u32],
) -> Result<Read, Failure> {
    // Of the first choice alone: shrinking the others keeps the directions.
    let seed = u64::from(choices.first().copied().unwrap_or(0)) + 1;
    let check = || {
        let case = Case::new(subject, inputs, constant, rounding, seed)?;
        case.first_order()?;
        case.constant_operands()?;
        case.jacobian()?;
        case.forward_mode()?;
        case.recorded_sweep()?;
        case.second_order()?;
        case.reverse_over_forward()?;
        case.each_alone()?;
        case.upstream()?;
        case.reuse()?;
        case.owned_operands()?;
        case.single_precision()?;
        let steep = case.gradient.iter().any(|g| g.slice().iter().any(|&v| v != 0.0));
        let differentiable = constant.contains(&false);
        Ok(Read { differentiable, steep, ..subject.reads(inputs, &case.y, &case.u, constant) })
    };
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("without a message");
        let sample = Shown(subject, inputs);
        Err(Failure::new(subject.name(), "panic", format!("{text}\n  for {sample:?}")))
    })
}

/// A sample in a form that can be pasted into a test.
struct Shown<'s, S: ?Sized>(&'s S, &'s [Tensor<f64>]);

impl<S: Subject + ?Sized> fmt::Debug for Shown<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} on", &self.0)?;
        for input in self.1 {
            write!(f, " Tensor::new(vec!{:?}, {:?})", input.slice(), input.shape())?;
        }
        Ok(())
    }
}

/// One sample with its value, cotangents u, directions v, and gradient Jᵀu.
struct Case<'s, S: ?Sized> {
    subject: &'s S,
    inputs: &'s [Tensor<f64>],
    constant: &'s [bool],
    rounding: f64,
    y: Vec<Tensor<f64>>,
    u: Vec<Tensor<f64>>,
    v: Vec<Tensor<f64>>,
    gradient: Vec<Tensor<f64>>,
    seed: u64,
}

/// Whether two numbers agree; NaN agrees with nothing.
fn within(a: f64, b: f64, bound: f64) -> bool {
    (a - b).abs() <= bound
}

/// Σ ⟨u, y⟩ as a recorded number.
fn weighted<'t, F: Float>(y: &[Var<'t, F>], u: &[Var<'t, F>]) -> Var<'t, F> {
    let terms = y.iter().zip(u).map(|(y, u)| (y * u).sum());
    terms.reduce(|a, b| a + b).expect("an op has a result")
}

/// The recorded gradients of a number, in one sweep.
fn gradients<'t, F: Float>(total: &Var<'t, F>, wrt: &[Var<'t, F>]) -> Vec<Var<'t, F>> {
    let seed = total.lift(Tensor::ones(total.shape()));
    total.tape().grad_from([(total, seed)], &wrt.iter().collect::<Vec<_>>())
}

/// A function of recorded values.
type Recorded<'f, F> = &'f dyn for<'t> Fn(&[Var<'t, F>]) -> Vec<Var<'t, F>>;

/// Jᵀu by a sweep over tensors; operands for which `constant` holds are constants on the tape.
fn gradient<F: Float>(
    f: Recorded<'_, F>,
    x: &[Tensor<F>],
    u: &[Tensor<F>],
    constant: &dyn Fn(usize) -> bool,
) -> Vec<Tensor<F>> {
    let tape = Tape::new();
    let lift = |(i, x): (usize, &Tensor<F>)| {
        if constant(i) { tape.constant(x.clone()) } else { tape.var(x.clone()) }
    };
    let vars: Vec<_> = x.iter().enumerate().map(lift).collect();
    let u: Vec<_> = u.iter().map(|u| tape.constant(u.clone())).collect();
    let total = weighted(&f(&vars), &u);
    let zero = |x: &Tensor<F>| Tensor::zeros(x.shape());
    if total.is_constant() {
        return x.iter().map(zero).collect();
    }
    let gradients = total.backward();
    let of = |(i, var)| if constant(i) { None } else { gradients.get(var).cloned() };
    vars.iter().enumerate().map(|(i, var)| of((i, var)).unwrap_or_else(|| zero(&x[i]))).collect()
}

impl<'s, S: Subject + ?Sized> Case<'s, S> {
    fn new(
        subject: &'s S,
        inputs: &'s [Tensor<f64>],
        constant: &'s [bool],
        rounding: f64,
        seed: u64,
    ) -> Result<Self, Failure> {
        let y = subject.tensors(inputs);
        let found: Vec<Shape> = y.iter().map(|y| y.shape().clone()).collect();
        let u = directions(seed, &y, |_| false);
        let v = directions(seed + 1, inputs, |i| constant[i]);
        let gradient = gradient(&|x| subject.vars(x), inputs, &u, &|i| constant[i]);
        let case = Case { subject, inputs, constant, rounding, y, u, v, gradient, seed };
        if let Some(shapes) = subject.shapes(inputs)
            && shapes.as_ref() != Ok(&found)
        {
            return case.fail("shape", format!("shape() says {shapes:?}, eval gave {found:?}"));
        }
        for (x, g) in inputs.iter().zip(&case.gradient) {
            if x.shape() != g.shape() {
                return case.fail("shape", format!("a gradient of {} for {}", g.shape(), x.shape()));
            }
        }
        Ok(case)
    }

    /// Jᵀu by a sweep over tensors.
    fn swept(
        &self,
        x: &[Tensor<f64>],
        u: &[Tensor<f64>],
        constant: &dyn Fn(usize) -> bool,
    ) -> Vec<Tensor<f64>> {
        gradient(&|x| self.subject.vars(x), x, u, constant)
    }

    fn fail<T>(&self, check: &'static str, detail: String) -> Result<T, Failure> {
        let sample = Shown(self.subject, self.inputs);
        Err(Failure::new(self.subject.name(), check, format!("{detail}\n  for {sample:?}")))
    }

    /// Two numbers that should agree, up to `bound` of the terms they were summed from.
    fn agree(&self, check: &'static str, a: f64, b: f64, scale: f64, bound: f64) -> Result<(), Failure> {
        if within(a, b, self.rounding * bound * scale.max(1.0)) {
            return Ok(());
        }
        self.fail(check, format!("{a:e} against {b:e}, of terms of size {scale:e}"))
    }

    /// Tensors that should agree element by element.
    fn same(
        &self,
        check: &'static str,
        a: &[Tensor<f64>],
        b: &[Tensor<f64>],
        bound: f64,
    ) -> Result<(), Failure> {
        for (k, (a, b)) in a.iter().zip(b).enumerate() {
            if a.shape() != b.shape() {
                return self.fail(check, format!("shape {} against {}", a.shape(), b.shape()));
            }
            for (i, (&p, &q)) in a.slice().iter().zip(b.slice()).enumerate() {
                if !within(p, q, self.rounding * bound * q.abs().max(1.0)) {
                    return self.fail(check, format!("{p:e} against {q:e} at operand {k}, element {i}"));
                }
            }
        }
        Ok(())
    }

    /// ⟨Jᵀu, v⟩ against the difference quotient of ⟨u, f(x + tv)⟩.
    fn first_order(&self) -> Result<(), Failure> {
        let Case { subject, inputs, .. } = *self;
        let value = |t: f64| dot(&self.u, &subject.tensors(&along(inputs, &self.v, t))).0;
        let (analytic, scale) = dot(&self.gradient, &self.v);
        self.agree("first order", analytic, derivative(value, STEP), scale, 1e-9)
    }

    /// What is declared to have no gradient is flat around the sample: it may jump there, not slope.
    fn constant_operands(&self) -> Result<(), Failure> {
        let Case { subject, inputs, constant, .. } = *self;
        if !constant.contains(&true) {
            return Ok(());
        }
        let w = directions(self.seed + 4, inputs, |i| !constant[i]);
        // In proportion, so that a 0 in a mask stays one.
        let moved = |t: f64| {
            let one = |(x, w): (&Tensor<f64>, &Tensor<f64>)| {
                Tensor::from_fn(x.shape(), |i| x.slice()[i] * (1.0 + t * w.slice()[i]))
            };
            subject.tensors(&inputs.iter().zip(&w).map(one).collect::<Vec<_>>())
        };
        // So close by that no jump lies between.
        const NEAR: f64 = 1.0 / (1 << 20) as f64;
        self.same("constant operands", &moved(NEAR), &moved(NEAR / 2.0), 0.0)
    }

    /// Jᵀu element by element, by plain central differences, on small samples.
    fn jacobian(&self) -> Result<(), Failure> {
        const H: f64 = 1e-5;
        let Case { subject, inputs, constant, .. } = *self;
        if inputs.iter().map(|x| x.shape().size()).sum::<usize>() > 16 {
            return Ok(());
        }
        for k in (0..inputs.len()).filter(|&k| !constant[k]) {
            for i in 0..inputs[k].shape().size() {
                let value = |t: f64| {
                    let mut x = inputs.to_vec();
                    x[k].slice_mut()[i] += t;
                    dot(&self.u, &subject.tensors(&x)).0
                };
                let (numeric, analytic) = ((value(H) - value(-H)) / (2.0 * H), self.gradient[k].slice()[i]);
                if !within(numeric, analytic, self.rounding * (1e-7 + 1e-5 * numeric.abs())) {
                    let detail = format!("operand {k}, element {i}: {analytic:e}, numerically {numeric:e}");
                    return self.fail("jacobian", detail);
                }
            }
        }
        Ok(())
    }

    /// J·v by forward mode, with tangents on the operands for which `with` holds.
    fn pushed(&self, with: impl Fn(usize) -> bool) -> Vec<Tensor<f64>> {
        let Case { subject, inputs, .. } = *self;
        let dual = |(i, x): (usize, &Tensor<f64>)| Dual::new(x.clone(), with(i).then(|| self.v[i].clone()));
        let y = subject.duals(&inputs.iter().enumerate().map(dual).collect::<Vec<_>>());
        let tangent = |y: &Dual<Eager<f64>>| y.tangent().cloned().unwrap_or_else(|| Tensor::zeros(y.shape()));
        y.iter().map(tangent).collect()
    }

    /// ⟨u, J v⟩ = ⟨Jᵀu, v⟩.
    fn forward_mode(&self) -> Result<(), Failure> {
        let (forward, f_scale) = dot(&self.u, &self.pushed(|_| true));
        let (reverse, r_scale) = dot(&self.gradient, &self.v);
        self.agree("forward against reverse", forward, reverse, f_scale.max(r_scale), 1e-12)
    }

    /// The same identity for each operand alone and each result alone, which rules must be able
    /// to serve.
    fn each_alone(&self) -> Result<(), Failure> {
        let Case { subject, inputs, constant, .. } = *self;
        for k in (0..inputs.len()).filter(|&k| !constant[k]) {
            let alone = self.swept(inputs, &self.u, &|i| i != k);
            self.same("one operand wanted", &alone[k..=k], &self.gradient[k..=k], 1e-14)?;
            let (forward, scale) = dot(&self.u, &self.pushed(|i| i == k));
            let (reverse, _) = dot(&alone[k..=k], &self.v[k..=k]);
            self.agree("one tangent given", forward, reverse, scale, 1e-12)?;
        }
        // And for all but one of three or more.
        for k in (0..inputs.len()).filter(|_| inputs.len() > 2) {
            let mut without = self.swept(inputs, &self.u, &|i| constant[i] || i == k);
            without[k] = self.gradient[k].clone();
            self.same("all but one wanted", &without, &self.gradient, 1e-14)?;
        }
        if self.y.len() < 2 {
            return Ok(());
        }
        let pushed = self.pushed(|_| true);
        for j in 0..self.y.len() {
            let tape = Tape::new();
            let vars: Vec<_> = inputs.iter().map(|x| tape.var(x.clone())).collect();
            let gradients = subject.vars(&vars)[j].backward_with(self.u[j].clone());
            let found = vars.iter().map(|var| gradients.get(var).cloned());
            let found: Vec<_> =
                found.zip(inputs).map(|(g, x)| g.unwrap_or_else(|| Tensor::zeros(x.shape()))).collect();
            let (forward, scale) = dot(&self.u[j..=j], &pushed[j..=j]);
            self.agree("one result reached", dot(&found, &self.v).0, forward, scale, 1e-12)?;
        }
        Ok(())
    }

    /// A sweep over recorded values gives the same numbers as one over tensors.
    fn recorded_sweep(&self) -> Result<(), Failure> {
        let Case { subject, inputs, .. } = *self;
        let tape = Tape::new();
        let vars: Vec<_> = inputs.iter().map(|x| tape.var(x.clone())).collect();
        let u: Vec<_> = self.u.iter().map(|u| tape.constant(u.clone())).collect();
        let total = weighted(&subject.vars(&vars), &u);
        let found: Vec<_> = gradients(&total, &vars).iter().map(|g| g.tensor().clone()).collect();
        self.same("recorded sweep", &found, &self.gradient, 1e-14)
    }

    /// The derivative of ⟨Jᵀu, w⟩ along (v, r), in x and in u, against its difference quotient.
    fn second_order(&self) -> Result<(), Failure> {
        let Case { subject, inputs, constant, .. } = *self;
        let w = directions(self.seed + 2, inputs, |i| constant[i]);
        let r = directions(self.seed + 3, &self.u, |_| false);
        let value = |t: f64| {
            let (x, u) = (along(inputs, &self.v, t), along(&self.u, &r, t));
            dot(&self.swept(&x, &u, &|i| constant[i]), &w).0
        };
        let tape = Tape::new();
        let vars: Vec<_> = inputs.iter().map(|x| tape.var(x.clone())).collect();
        let u: Vec<_> = self.u.iter().map(|u| tape.var(u.clone())).collect();
        let total = weighted(&subject.vars(&vars), &u);
        let first = gradients(&total, &vars);
        let w: Vec<_> = w.iter().map(|w| tape.constant(w.clone())).collect();
        let second = weighted(&first, &w);
        let (mut analytic, mut scale) = (0.0, 0.0);
        if !second.is_constant() {
            let found = second.backward();
            for (var, direction) in vars.iter().chain(&u).zip(self.v.iter().chain(&r)) {
                if let Some(gradient) = found.get(var) {
                    let (sum, size) = dot(std::slice::from_ref(gradient), std::slice::from_ref(direction));
                    (analytic, scale) = (analytic + sum, scale + size);
                }
            }
        }
        self.agree("second order", analytic, derivative(value, STEP), scale, 1e-8)
    }

    /// ∇ₓ⟨u, J v⟩ by a sweep through forward mode, and through the gradient.
    fn reverse_over_forward(&self) -> Result<(), Failure> {
        let Case { subject, inputs, constant, .. } = *self;
        let zeros = || inputs.iter().map(|x| Tensor::zeros(x.shape())).collect::<Vec<_>>();
        let tape = Tape::new();
        let vars: Vec<_> = inputs.iter().map(|x| tape.var(x.clone())).collect();
        let u: Vec<_> = self.u.iter().map(|u| tape.constant(u.clone())).collect();
        let v: Vec<_> = self.v.iter().map(|v| tape.constant(v.clone())).collect();

        let duals = vars.iter().zip(&v).enumerate();
        let duals = duals.map(|(i, (x, v))| Dual::new(x.clone(), (!constant[i]).then(|| v.clone())));
        let y = subject.dual_vars(&duals.collect::<Vec<_>>());
        let (tangents, weights): (Vec<_>, Vec<_>) =
            y.iter().zip(&u).filter_map(|(y, u)| Some((y.tangent()?.clone(), u.clone()))).unzip();
        let total = weighted(&subject.vars(&vars), &u);
        let first = gradients(&total, &vars);
        let over_reverse = weighted(&first, &v);
        let over_forward = (!tangents.is_empty()).then(|| weighted(&tangents, &weights));
        let [over_forward, over_reverse] = [over_forward, Some(over_reverse)].map(|value| match value {
            Some(value) if !value.is_constant() => {
                gradients(&value, &vars).iter().map(|g| g.tensor().clone()).collect()
            }
            _ => zeros(),
        });
        self.same("reverse over forward", &over_forward, &over_reverse, 1e-8)
    }

    /// The gradient is linear in what comes from above; nothing from above gives nothing.
    fn upstream(&self) -> Result<(), Failure> {
        let Case { inputs, constant, .. } = *self;
        let scaled = |c: f64| {
            let u: Vec<_> = self.u.iter().map(|u| u * c).collect();
            self.swept(inputs, &u, &|i| constant[i])
        };
        // By a power of two, which changes no rounding: sums that cancel agree as well.
        let scaled_after: Vec<_> = self.gradient.iter().map(|g| g * 4.0).collect();
        self.same("linear in dy", &scaled(4.0), &scaled_after, 1e-14)?;
        let zeros: Vec<_> = inputs.iter().map(|x| Tensor::zeros(x.shape())).collect();
        self.same("zero for zero dy", &scaled(0.0), &zeros, 0.0)
    }

    /// An operand used k times gets k gradients; a value may be both operands.
    fn reuse(&self) -> Result<(), Failure> {
        let Case { subject, inputs, constant, .. } = *self;
        // What a composition adds up inside meets the other uses in another order.
        let bound = if subject.shapes(inputs).is_some() { 0.0 } else { 1e-14 };
        for k in 2..=3 {
            let tape = Tape::new();
            let vars: Vec<_> = inputs.iter().map(|x| tape.var(x.clone())).collect();
            let u: Vec<_> = self.u.iter().map(|u| tape.constant(u.clone())).collect();
            let uses = (0..k).map(|_| weighted(&subject.vars(&vars), &u));
            let gradients = uses.reduce(|a, b| a + b).expect("k > 0").backward();
            for (i, var) in vars.iter().enumerate().filter(|&(i, _)| !constant[i]) {
                let once = &self.gradient[i];
                let want = (1..k).fold(once.clone(), |sum, _| sum + once);
                let found = gradients.get(var).cloned().unwrap_or_else(|| Tensor::zeros(var.shape()));
                self.same("used several times", &[found], &[want], bound)?;
            }
        }
        let [a, b] = inputs else { return Ok(()) };
        if constant[0] || constant[1] || a.shape() != b.shape() {
            return Ok(());
        }
        let twins = [a.clone(), a.clone()];
        if subject.tensors(&twins).iter().zip(&self.u).any(|(y, u)| y.shape() != u.shape()) {
            return Ok(()); // one operand enters transposed
        }
        let apart = self.swept(&twins, &self.u, &|_| false);
        let tape = Tape::new();
        let x = tape.var(a.clone());
        let u: Vec<_> = self.u.iter().map(|u| tape.constant(u.clone())).collect();
        let together = weighted(&subject.vars(&[x.clone(), x.clone()]), &u).backward();
        self.same("one value as both operands", &[together.wrt(&x).clone()], &[&apart[0] + &apart[1]], bound)
    }

    /// Operands given away, which may be overwritten, give the same bits as lent ones.
    fn owned_operands(&self) -> Result<(), Failure> {
        let Case { subject, inputs, .. } = *self;
        let fresh = |x: &Tensor<f64>| Tensor::new(x.slice().to_vec(), x.shape());
        let y = subject.given_away(inputs.iter().map(fresh).collect());
        self.same("owned operands", &y, &self.y, 0.0)
    }

    /// The value and the gradient in f32 against those in f64, whose operands and cotangents are exact in f32.
    fn single_precision(&self) -> Result<(), Failure> {
        let Case { subject, inputs, constant, .. } = *self;
        let x: Vec<Tensor<f32>> = inputs.iter().map(Value::cast).collect();
        let u: Vec<Tensor<f32>> = self.u.iter().map(Value::cast).collect();
        let wide = |x: Vec<Tensor<f32>>| x.iter().map(Value::cast).collect::<Vec<Tensor<f64>>>();
        self.same("value in f32", &wide(subject.tensors_f32(&x)), &self.y, 1e-5)?;
        let found = gradient(&|x| subject.vars_f32(x), &x, &u, &|i| constant[i]);
        self.same("gradient in f32", &wide(found), &self.gradient, 1e-5)
    }
}
