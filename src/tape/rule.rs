//! What a tape stores of an op, and of a function taken whole: the rule, with the two doors through
//! which a sweep enters it.
#![forbid(unsafe_code)]

use super::{NodeId, Record, Slots, Tape};
use crate::{
    Float, Shape, Tensor,
    op::{Arity, Ins, Op, Outs, Saved, Slot},
    tensor::Eager,
    value::{Interp, Value},
    whole::{Pull, Whole},
};

/// The rule of a node.
pub(super) trait Rule<F: Float> {
    fn name(&self) -> &'static str;
    fn args(&self) -> &[NodeId];
    fn vjp_tensor(&self, id: usize, slots: &mut Slots<Eager<F>>);
    fn vjp_var<'t>(&self, tape: &'t Tape<F>, id: usize, slots: &mut Slots<Record<'t, F>>);
}

/// An op with what its rule reads.
pub(super) struct RecordedOp<O: Op, F: Float> {
    pub(super) op: O,
    pub(super) args: Ins<O, NodeId>,
    pub(super) x: Ins<O, Kept<F>>,
    pub(super) y: Outs<O, Kept<F>>,
}

/// A value if the rule declared it, else its shape.
pub(super) enum Kept<F: Float> {
    Value(Tensor<F>),
    Shape(Shape),
}

impl<F: Float> Kept<F> {
    #[inline(always)]
    pub(super) fn new(save: bool, value: &Tensor<F>) -> Self {
        if save { Kept::Value(value.clone()) } else { Kept::Shape(value.shape().clone()) }
    }

    #[inline(always)]
    fn shape(&self) -> &Shape {
        match self {
            Kept::Value(value) => value.shape(),
            Kept::Shape(shape) => shape,
        }
    }

    #[inline(always)]
    fn value(&self) -> Option<&Tensor<F>> {
        match self {
            Kept::Value(value) => Some(value),
            Kept::Shape(_) => None,
        }
    }
}

impl<O: Op, F: Float> RecordedOp<O, F> {
    /// One step of a sweep: takes the gradients of the results, adds those of the operands.
    #[inline]
    fn pull<I: Interp>(&self, saved: Saved<'_, O, I>, id: usize, slots: &mut Slots<I>) {
        let args = O::In::slice(&self.args);
        let dy = O::Out::reached(O::Out::slice(&self.y).len(), |j| slots.take(id + j));
        let want = O::In::build(args.len(), |i| slots.wants(args[i]));
        let mut dx = self.op.vjp(saved, dy, want);
        let x = O::In::slice(&self.x);
        for (i, dx) in O::In::slice_mut(&mut dx).iter_mut().enumerate() {
            if let (true, Some(dx)) = (slots.wants(args[i]), dx.take()) {
                slots.add(O::NAME, args[i], dx, x[i].shape());
            }
        }
    }
}

impl<O: Op, F: Float> Rule<F> for RecordedOp<O, F> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn args(&self) -> &[NodeId] {
        O::In::slice(&self.args)
    }

    fn vjp_tensor(&self, id: usize, slots: &mut Slots<Eager<F>>) {
        let (x, y) = (O::In::slice(&self.x), O::Out::slice(&self.y));
        let saved = Saved {
            x: O::In::build(x.len(), |i| Slot { value: x[i].value(), shape: x[i].shape() }),
            y: O::Out::build(y.len(), |j| Slot { value: y[j].value(), shape: y[j].shape() }),
        };
        self.pull(saved, id, slots);
    }

    fn vjp_var<'t>(&self, tape: &'t Tape<F>, id: usize, slots: &mut Slots<Record<'t, F>>) {
        let (x, y, args) = (O::In::slice(&self.x), O::Out::slice(&self.y), O::In::slice(&self.args));
        let var = |kept: &Kept<F>, id| kept.value().map(|value| tape.value(id, value.clone()));
        let xs = O::In::build(x.len(), |i| var(&x[i], args[i]));
        let ys = O::Out::build(y.len(), |j| var(&y[j], NodeId((id + j) as u32)));
        let (xs, ys) = (O::In::slice(&xs), O::Out::slice(&ys));
        let saved = Saved {
            x: O::In::build(x.len(), |i| Slot { value: xs[i].as_ref(), shape: x[i].shape() }),
            y: O::Out::build(y.len(), |j| Slot { value: ys[j].as_ref(), shape: y[j].shape() }),
        };
        self.pull(saved, id, slots);
    }
}

/// A function taken whole, with what its rule reads.
pub(super) struct RecordedWhole<W: Whole<F>, F: Float> {
    pub(super) whole: W,
    pub(super) memo: W::Memo,
    pub(super) args: Vec<NodeId>,
    pub(super) x: Vec<Kept<F>>,
    pub(super) y: Vec<Kept<F>>,
}

impl<W: Whole<F>, F: Float> RecordedWhole<W, F> {
    fn pull<I: Interp>(
        &self,
        id: usize,
        slots: &mut Slots<I>,
        rule: impl FnOnce(Vec<Option<Value<I>>>, &[bool]) -> Vec<Option<Value<I>>>,
    ) {
        let name = self.whole.name();
        let dy = (0..self.y.len()).map(|j| slots.take(id + j)).collect();
        let want: Vec<bool> = self.args.iter().map(|&arg| slots.wants(arg)).collect();
        let dx = rule(dy, &want);
        assert!(
            dx.len() == self.args.len(),
            "gradtape: {name}: its rule gave {} gradients for {} operands",
            dx.len(),
            self.args.len()
        );
        for (i, dx) in dx.into_iter().enumerate() {
            if let (true, Some(dx)) = (want[i], dx) {
                slots.add(name, self.args[i], dx, self.x[i].shape());
            }
        }
    }
}

impl<W: Whole<F>, F: Float> Rule<F> for RecordedWhole<W, F> {
    fn name(&self) -> &'static str {
        self.whole.name()
    }

    fn args(&self) -> &[NodeId] {
        &self.args
    }

    fn vjp_tensor(&self, id: usize, slots: &mut Slots<Eager<F>>) {
        let tensors = |kept: &[Kept<F>]| kept.iter().filter_map(Kept::value).cloned().collect::<Vec<_>>();
        let (x, y) = (tensors(&self.x), tensors(&self.y));
        self.pull(id, slots, |dy, want| self.whole.vjp_tensor(&self.memo, Pull { x: &x, y: &y, dy, want }));
    }

    fn vjp_var<'t>(&self, tape: &'t Tape<F>, id: usize, slots: &mut Slots<Record<'t, F>>) {
        let var = |(kept, id): (&Kept<F>, NodeId)| Some(tape.value(id, kept.value()?.clone()));
        let results = (id as u32..).map(NodeId);
        let x: Vec<_> = self.x.iter().zip(self.args.iter().copied()).filter_map(var).collect();
        let y: Vec<_> = self.y.iter().zip(results).filter_map(var).collect();
        self.pull(id, slots, |dy, want| self.whole.vjp_var(&self.memo, Pull { x: &x, y: &y, dy, want }));
    }
}
