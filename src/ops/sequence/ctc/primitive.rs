//! The loss of a sequence against a shorter one whose alignment is not known.
#![forbid(unsafe_code)]

use crate::{
    Dual, Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::ctc::{self, Alignment},
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::{IndexSelectGrad, Indices, arithmetic::add_tangents},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// −ln of the probability of each target, summed over all alignments, for log-probabilities
/// `[batch, time, classes]` (Graves and others: Connectionist Temporal Classification, 2006). An alignment
/// names a class at each step; without repetitions and then without blanks it is the target. The
/// derivative is −γ, where γ is the share of the alignments that are in a class at a step.
#[derive(Clone, Debug)]
pub struct CtcLoss {
    /// Padded, `[batch, longest]`, or one behind the other, `[sum of the lengths]`.
    pub targets: Indices,
    /// The steps of each sequence.
    pub input_lengths: Indices,
    /// The length of each target.
    pub target_lengths: Indices,
    /// The class that stands for nothing.
    pub blank: usize,
    /// Whether an infinite loss, of a target longer than its sequence allows, is 0, as its gradient.
    pub zero_infinity: bool,
}

/// The gradient of [`CtcLoss`] at x, times a number for each sequence. NaN where the loss is infinite.
#[derive(Clone, Debug)]
pub struct CtcLossGrad {
    /// Of which loss.
    pub of: CtcLoss,
}

impl CtcLoss {
    /// Batch, time and classes, if everything fits.
    fn check(&self, op: &'static str, x: &Shape) -> Result<[usize; 3], OpError> {
        let refuse = |why| Err(OpError::new(op, why));
        let CtcLoss { targets, input_lengths, target_lengths, blank, .. } = self;
        let &[batch, time, classes] = &x[..] else {
            return refuse(format!("needs log-probabilities [batch, time, classes], not {x}"));
        };
        if *blank >= classes {
            return refuse(format!("blank {blank} is not below the {classes} classes of {x}"));
        }
        for (what, lengths) in [("input", input_lengths), ("target", target_lengths)] {
            if lengths.shape()[..] != [batch] {
                return refuse(format!("{what} lengths of shape {} for {x}", lengths.shape()));
            }
        }
        if let Some(length) = input_lengths.slice().iter().find(|&&length| length > time) {
            return refuse(format!("an input length of {length} for the {time} steps of {x}"));
        }
        let lengths = target_lengths.slice();
        let fits = match targets.shape()[..] {
            [rows, longest] => rows == batch && lengths.iter().all(|&length| length <= longest),
            [all] => lengths.iter().try_fold(0usize, |sum, &length| sum.checked_add(length)) == Some(all),
            _ => false,
        };
        if !fits {
            let shape = targets.shape();
            return refuse(format!("targets of shape {shape} and lengths {lengths:?} for {x}"));
        }
        let labels = self.alignments().into_iter().flat_map(|of| of.target);
        match labels.into_iter().find(|&label| label == blank || *label >= classes) {
            Some(label) => {
                refuse(format!("a target of {label} with {classes} classes, blank {blank}, for {x}"))
            }
            None => Ok([batch, time, classes]),
        }
    }

    fn alignments(&self) -> Vec<Alignment<'_>> {
        let (all, lengths) = (self.targets.slice(), self.target_lengths.slice());
        let padded = (self.targets.shape().rank() == 2).then(|| self.targets.shape()[1]);
        let mut end = 0;
        let of = |(n, (&length, &steps)): (usize, (&usize, &usize))| {
            let start = padded.map_or(end, |longest| n * longest);
            end = start + length;
            Alignment { steps, target: &all[start..end], blank: self.blank }
        };
        lengths.iter().zip(self.input_lengths.slice()).enumerate().map(of).collect()
    }
}

/// Log-probabilities, and targets that can be aligned with them.
#[inline]
fn sampled(g: &mut Gen) -> (CtcLoss, Tensor<f64>) {
    let (batch, time, classes) = (g.int(0, 2), g.int(1, 4), g.int(2, 4));
    let blank = g.int(0, classes - 1);
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    for _ in 0..batch {
        let steps = g.int(1, time);
        let mut target: Vec<usize> = Vec::new();
        let mut needed = 0;
        for _ in 0..g.int(0, steps) {
            let label = g.int(0, classes - 2);
            let label = label + usize::from(label >= blank);
            // Equal labels need a blank between them.
            needed += 1 + usize::from(target.last() == Some(&label));
            if needed > steps {
                break;
            }
            target.push(label);
        }
        inputs.push(steps);
        targets.push(target);
    }
    let lengths: Vec<usize> = targets.iter().map(Vec::len).collect();
    let targets = if g.bool() {
        Indices::from(&targets.concat()[..])
    } else {
        targets.iter_mut().for_each(|target| target.resize(time, 0));
        Indices::new(targets.concat(), [batch, time])
    };
    let (input_lengths, target_lengths) = (Indices::from(&inputs[..]), Indices::from(&lengths[..]));
    let op = CtcLoss { targets, input_lengths, target_lengths, blank, zero_infinity: g.bool() };
    (op, g.values(&Shape::from([batch, time, classes]), -3.0..0.0))
}

fn rejected(blank: usize, targets: Indices, lengths: [&[usize]; 2]) -> CtcLoss {
    let [input_lengths, target_lengths] = lengths.map(Indices::from);
    CtcLoss { targets, input_lengths, target_lengths, blank, zero_infinity: false }
}

impl Op for CtcLoss {
    type In = One;
    type Out = One;
    const NAME: &'static str = "ctc_loss";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let [batch, ..] = self.check(Self::NAME, x)?;
        Ok(Shape::from([batch]))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let (size, classes) = (x.shape()[1] * x.shape()[2], x.shape()[2]);
        let mut losses =
            Tensor::filled(out, |out| ctc::losses(x.slice(), size, classes, &self.alignments(), out));
        if self.zero_infinity {
            let finite = |loss: &mut F| *loss = if *loss == F::INFINITY { F::ZERO } else { *loss };
            losses.slice_mut().iter_mut().for_each(finite);
        }
        Ok(losses)
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(CtcLossGrad { of: self.clone() }, [s.x::<0>().into(), dy.into()]))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let x = s.x::<0>();
        let ones = x.lift(Tensor::ones([x.shape()[0]]));
        let gradient = Value::apply(CtcLossGrad { of: self.clone() }, [x.into(), ones.into()]);
        dx.map(|dx| (gradient * dx).sum_axes([1, 2], false))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (op, x) = sampled(g);
        Sample::new(op, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |op, x: &[usize], says| Reject::new(op, [Shape::from(x)], says);
        let op =
            |blank, targets: &[usize], steps, length| rejected(blank, targets.into(), [&[steps], &[length]]);
        vec![
            bad(op(0, &[1], 2, 1), &[2, 3], "needs log-probabilities [batch, time, classes], not [2, 3]"),
            bad(op(3, &[1], 2, 1), &[1, 2, 3], "blank 3 is not below the 3 classes of [1, 2, 3]"),
            bad(op(0, &[1], 2, 1), &[2, 2, 3], "input lengths of shape [1] for [2, 2, 3]"),
            bad(op(0, &[1], 3, 1), &[1, 2, 3], "an input length of 3 for the 2 steps of [1, 2, 3]"),
            bad(op(0, &[1], 2, 2), &[1, 2, 3], "targets of shape [1] and lengths [2] for [1, 2, 3]"),
            bad(op(0, &[1, 0], 2, 2), &[1, 2, 3], "a target of 0 with 3 classes, blank 0, for [1, 2, 3]"),
            bad(op(0, &[3], 2, 1), &[1, 2, 3], "a target of 3 with 3 classes"),
        ]
    }
}

impl Op for CtcLossGrad {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "ctc_loss_grad";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [x, d]: [&Shape; 2]) -> Result<Shape, OpError> {
        let [batch, ..] = self.of.check(Self::NAME, x)?;
        if d[..] != [batch] {
            return Err(OpError::new(
                Self::NAME,
                format!("needs a number for each sequence of {x}, not {d}"),
            ));
        }
        Ok(x.clone())
    }

    fn eval<F: Float>(&self, [x, d]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let lost = if self.of.zero_infinity { F::ZERO } else { F::NAN };
        let classes = out[2];
        Ok(Tensor::filled(out, |out| {
            ctc::gradients(x.slice(), d.slice(), classes, &self.of.alignments(), lost, out);
        }))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (x, d) = (s.x::<0>(), s.x::<1>());
        // The Hessian of each loss is symmetric.
        let dx = want[0].then(|| self.hessian_product(x, &dy) * each(d));
        [dx, want[1].then(|| (self.unscaled(x) * dy).sum_axes([1, 2], false))]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [dx, dd]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        let (x, d) = (s.x::<0>(), s.x::<1>());
        let along = dx.map(|dx| self.hessian_product(x, dx) * each(d));
        add_tangents(along, dd.map(|dd| Value::apply(self.clone(), [x.into(), dd.into()])))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (of, x) = sampled(g);
        let d = g.values(&Shape::from([x.shape()[0]]), -2.0..2.0);
        Sample::new(CtcLossGrad { of }, [x, d])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |steps: &[usize], x: &[usize], d: &[usize], says| {
            let of = rejected(0, [1].into(), [steps, &[1]]);
            Reject::new(CtcLossGrad { of }, [x, d].map(Shape::from), says)
        };
        vec![
            bad(&[2], &[1, 2, 3], &[], "needs a number for each sequence of [1, 2, 3], not []"),
            bad(&[2], &[2, 3], &[1], "needs log-probabilities [batch, time, classes], not [2, 3]"),
            bad(&[3], &[1, 2, 3], &[1], "an input length of 3"),
        ]
    }
}

/// A number for each sequence, beside the log-probabilities.
fn each<I: Interp>(d: &Value<I>) -> Value<I> {
    d.reshape([d.shape()[0], 1, 1])
}

/// Too unlikely to count, without the infinities whose differences are NaN.
const NEVER: f64 = -1e30;

impl CtcLossGrad {
    fn unscaled<I: Interp>(&self, x: &Value<I>) -> Value<I> {
        let ones = x.lift(Tensor::ones([x.shape()[0]]));
        Value::apply(self.clone(), [x.into(), ones.into()])
    }

    /// The derivative of −γ along v: −γ once more, made of ops, in forward mode.
    fn hessian_product<I: Interp>(&self, x: &Value<I>, v: &Value<I>) -> Value<I> {
        let pushed = self.composed(&Dual::new(x.clone(), Some(v.clone())));
        pushed.tangent().cloned().unwrap_or_else(|| x.lift(Tensor::zeros(x.shape())))
    }

    /// −γ for every sequence.
    fn composed<I: Interp>(&self, x: &Value<I>) -> Value<I> {
        let &[batch, time, classes] = &x.shape()[..] else { unreachable!("shape has checked it") };
        let plain = CtcLoss { zero_infinity: false, ..self.of.clone() };
        let losses = Value::apply(plain, x.tensor().into());
        let lost = if self.of.zero_infinity { 0.0 } else { f64::NAN };
        let flat = |steps, value| x.lift(Tensor::full([steps, classes], I::Elem::of(value)));
        let mut parts = Vec::new();
        for (n, of) in self.of.alignments().into_iter().enumerate() {
            if losses.slice()[n] == I::Elem::INFINITY {
                // A product with x, so that NaN reaches its derivatives, too.
                parts.push(x.index_axis(0, n as isize).narrow(0, 0, of.steps) * flat(of.steps, lost));
            } else if of.steps > 0 {
                parts.push(-shares(&x.index_axis(0, n as isize).narrow(0, 0, of.steps), of));
            }
            parts.push(flat(time - of.steps, 0.0));
        }
        match &parts.iter().collect::<Vec<_>>()[..] {
            [] => x.clone(),
            parts => Value::concat(parts, 0).reshape([batch, time, classes]),
        }
    }
}

/// γ of one sequence `[time, classes]`: the share of its alignments that are in each class at each step.
fn shares<I: Interp>(x: &Value<I>, of: Alignment<'_>) -> Value<I> {
    let (states, classes) = (of.states(), x.shape()[1]);
    let indices: Indices = (0..states).map(|s| of.class(s)).collect::<Vec<_>>()[..].into();
    let x = x.index_select(1, &indices);
    let steps: Vec<Value<I>> = (0..of.steps).map(|step| x.narrow(0, step as isize, 1)).collect();
    let allowed = |may: &dyn Fn(usize) -> bool| {
        x.lift(Tensor::from_fn([1, states], |s| I::Elem::of(if may(s) { 0.0 } else { NEVER })))
    };
    let (start, end) = (allowed(&|s| s < 2), allowed(&|s| s + 2 >= states));
    let skip = allowed(&|s| of.skips(s));
    let never = |count| x.lift(Tensor::full([1, count], I::Elem::of(NEVER)));
    let later = |a: &Value<I>, by: usize| {
        let by = by.min(states);
        Value::concat(&[&never(by), &a.narrow(1, 0, states - by)], 1)
    };
    let earlier = |a: &Value<I>, by: usize| {
        let by = by.min(states);
        Value::concat(&[&a.narrow(1, by as isize, states - by), &never(by)], 1)
    };
    let mut alpha = vec![&steps[0] + start];
    for x in &steps[1..] {
        let last = &alpha[alpha.len() - 1];
        let reached = last.logaddexp(&later(last, 1)).logaddexp(&(later(last, 2) + &skip));
        alpha.push(x + reached);
    }
    let mut beta = vec![end.clone()];
    for x in steps[1..].iter().rev() {
        let taken = &beta[beta.len() - 1] + x;
        beta.push(taken.logaddexp(&earlier(&taken, 1)).logaddexp(&earlier(&(&taken + &skip), 2)));
    }
    let total = (&alpha[alpha.len() - 1] + end).logsumexp(1, true);
    let rows: Vec<_> = alpha.iter().zip(beta.iter().rev()).map(|(a, b)| (a + b - &total).exp()).collect();
    let shares = Value::concat(&rows.iter().collect::<Vec<_>>(), 0);
    Value::apply(IndexSelectGrad { axis: 1, size: classes, indices }, shares.into())
}
