//! The interpreter that records; `sweep.rs` runs a record backwards.
#![forbid(unsafe_code)]

mod gradients;
mod rule;
mod sweep;

pub use gradients::Gradients;

use crate::{
    Float, Tensor,
    op::{Arity, Ins, Op, OpError, Outs},
    tensor::Eager,
    value::{Arg, Interp, Value},
    whole::Whole,
};
use rule::{Kept, RecordedOp, RecordedWhole, Rule};
use std::{
    cell::{Cell, RefCell},
    fmt,
    marker::PhantomData,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};
use sweep::Slots;

/// Evaluates ops and records their rules on a [`Tape`].
#[derive(Clone, Debug)]
pub struct Record<'t, F>(PhantomData<&'t F>);

/// A value on a [`Tape`]: a variable, a constant, or what was computed from them.
///
/// ```
/// use gradtape::{Tape, Tensor};
/// let tape = Tape::new();
/// let x = tape.var(Tensor::from([3.0]));
/// let y = (&x * &x * &x).sum();
/// let [dx] = y.grad([&x]); // itself recorded
/// let [ddx] = dx.sum().grad([&x]);
/// assert_eq!((dx.item(), ddx.item()), (27.0, 18.0));
/// ```
pub type Var<'t, F> = Value<Record<'t, F>>;

/// What a [`Var`] is made of.
#[derive(Clone)]
pub struct VarRepr<'t, F: Float> {
    tape: &'t Tape<F>,
    id: NodeId,
    value: Tensor<F>,
}

/// A place on a tape. Ids grow as ops are recorded, so that they are in topological order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl NodeId {
    /// Constants have no node.
    const CONSTANT: NodeId = NodeId(u32::MAX);

    #[inline(always)]
    pub(crate) fn is_constant(self) -> bool {
        self == Self::CONSTANT
    }

    #[inline(always)]
    fn place(self) -> usize {
        self.0 as usize
    }
}

/// A record of ops, to be run backwards.
///
/// Values live as long as somebody needs them: a rule that saved them, or a [`Var`]. Clearing the
/// tape while a `Var` is alive does not compile:
///
/// ```compile_fail,E0502
/// # use gradtape::{Tape, Tensor};
/// let mut tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::ones([2]));
/// tape.reset();
/// println!("{:?}", x);
/// ```
pub struct Tape<F: Float> {
    id: u64,
    epoch: Cell<u64>,
    nodes: RefCell<Vec<Node<F>>>,
    /// Memory for the gradients of a sweep, kept from one to the next.
    slots: Cell<Vec<Option<Tensor<F>>>>,
}

enum Node<F: Float> {
    /// A variable.
    Leaf,
    /// The first result of an op, with the op's rule.
    Rule(Rc<dyn Rule<F>>),
    /// A further result of the op before it.
    Further,
    /// What `backward` has consumed; the op's name.
    Consumed(&'static str),
}

impl<'t, F: Float> Interp for Record<'t, F> {
    type Elem = F;
    type Repr = VarRepr<'t, F>;

    #[inline(always)]
    fn tensor<'v>(value: &'v Var<'t, F>) -> &'v Tensor<F> {
        &value.repr.value
    }

    #[inline]
    fn lift(like: &Var<'t, F>, constant: Tensor<F>) -> Var<'t, F> {
        like.repr.tape.constant(constant)
    }

    #[inline]
    fn apply<O: Op>(op: O, x: Ins<O, Arg<'_, Self>>) -> Result<Outs<O, Var<'t, F>>, OpError> {
        let xs = O::In::slice(&x);
        let count = xs.len();
        let Some(first) = xs.first() else { return Err(OpError::new(O::NAME, "needs at least one operand")) };
        let tape = first.repr.tape;
        for other in &xs[1..] {
            if let Some(why) = tape.mixed_with(other) {
                return Err(OpError::new(O::NAME, why));
            }
        }
        let args = O::In::build(count, |i| xs[i].repr.id);
        let kept = O::In::slice(&args)
            .iter()
            .any(|id| !id.is_constant())
            .then(|| O::In::build(count, |i| Kept::new(O::SAVES.input(i), &xs[i].repr.value)));
        let x = O::In::map(x, |arg| match arg {
            Arg::Ref(var) => Arg::Ref(&var.repr.value),
            Arg::Own(var) => Arg::Own(var.repr.value),
        });
        let y = Eager::apply(op.clone(), x)?;
        let Some(x) = kept else { return Ok(O::Out::map(y, |y| tape.constant(y))) };

        let ys = O::Out::slice(&y);
        let results = ys.len();
        let y_kept = O::Out::build(results, |j| Kept::new(O::SAVES.output(j), &ys[j]));
        let mut id = tape.push(Node::Rule(Rc::new(RecordedOp { op, args, x, y: y_kept })));
        for _ in 1..results {
            tape.push(Node::Further);
        }
        Ok(O::Out::map(y, |y| {
            let var = tape.value(id, y);
            id.0 += 1;
            var
        }))
    }

    #[track_caller]
    fn whole<W: Whole<F>>(whole: &W, x: &[Var<'t, F>]) -> Vec<Var<'t, F>> {
        let Some(first) = x.first() else {
            panic!("{}", OpError::new(whole.name(), "needs at least one operand"))
        };
        let tape = first.repr.tape;
        if let Some(why) = x.iter().find_map(|x| tape.mixed_with(x)) {
            panic!("{}", OpError::new(whole.name(), why));
        }
        let (before, values) = (whole.clone(), x.iter().map(|x| x.repr.value.clone()).collect::<Vec<_>>());
        let (y, memo) = whole.eval(&values);
        let args: Vec<_> = x.iter().map(|x| x.repr.id).collect();
        if y.is_empty() || args.iter().all(|id| id.is_constant()) {
            return y.into_iter().map(|y| tape.constant(y)).collect();
        }
        let kept = |save, of: &[Tensor<F>]| of.iter().map(|value| Kept::new(save, value)).collect();
        let (x, y_kept) = (kept(W::READS_OPERANDS, &values), kept(W::READS_RESULTS, &y));
        let first = tape.push(Node::Rule(Rc::new(RecordedWhole { whole: before, memo, args, x, y: y_kept })));
        for _ in 1..y.len() {
            tape.push(Node::Further);
        }
        (first.0..).zip(y).map(|(id, y)| tape.value(NodeId(id), y)).collect()
    }
}

impl<F: Float> Tape<F> {
    /// An empty tape.
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Tape {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            epoch: Cell::new(0),
            nodes: RefCell::default(),
            slots: Cell::default(),
        }
    }

    /// A variable: something to differentiate with respect to.
    pub fn var(&self, value: Tensor<F>) -> Var<'_, F> {
        self.value(self.push(Node::Leaf), value)
    }

    /// A constant. It takes no place on the tape.
    #[inline]
    pub fn constant(&self, value: Tensor<F>) -> Var<'_, F> {
        self.value(NodeId::CONSTANT, value)
    }

    /// How many variables and results are recorded.
    pub fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything recorded and keeps the memory for the next record.
    pub fn reset(&mut self) {
        self.nodes.get_mut().clear();
        self.epoch.set(self.epoch.get() + 1);
    }

    /// Why a value cannot be an operand beside those of this tape, if so.
    #[inline]
    fn mixed_with(&self, var: &Var<'_, F>) -> Option<String> {
        let other = var.repr.tape;
        (!std::ptr::eq(other, self))
            .then(|| format!("operands from tapes #{} and #{} are mixed", self.id, other.id))
    }

    #[inline]
    fn value(&self, id: NodeId, value: Tensor<F>) -> Var<'_, F> {
        Value { repr: VarRepr { tape: self, id, value } }
    }

    #[inline]
    fn push(&self, node: Node<F>) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        let id = NodeId(u32::try_from(nodes.len()).expect("gradtape: a tape holds 2³² − 1 nodes"));
        assert!(!id.is_constant(), "gradtape: a tape holds 2³² − 1 nodes");
        nodes.push(node);
        id
    }
}

impl<F: Float> Default for Tape<F> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Float> fmt::Debug for Tape<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tape #{} of {} nodes", self.id, self.len())
    }
}

impl<F: Float> fmt::Debug for VarRepr<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            NodeId::CONSTANT => write!(f, "constant {:?}", self.value),
            NodeId(id) => write!(f, "#{id} {:?}", self.value),
        }
    }
}
