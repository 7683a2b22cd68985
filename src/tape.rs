//! The interpreter that records, and the sweep that runs a record backwards.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    op::{Arity, Ins, Op, OpError, Outs, Saved, Slot},
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    marker::PhantomData,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
};

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
struct NodeId(u32);

impl NodeId {
    /// Constants have no node.
    const CONSTANT: NodeId = NodeId(u32::MAX);

    #[inline(always)]
    fn is_constant(self) -> bool {
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

/// The rule of a recorded op, with the two doors through which a sweep enters it.
trait Rule<F: Float> {
    fn name(&self) -> &'static str;
    fn vjp_tensor(&self, id: usize, slots: &mut Slots<Eager<F>>);
    fn vjp_var<'t>(&self, tape: &'t Tape<F>, id: usize, slots: &mut Slots<Record<'t, F>>);
}

/// An op with what its rule reads.
struct Recorded<O: Op, F: Float> {
    op: O,
    args: Ins<O, NodeId>,
    x: Ins<O, Kept<F>>,
    y: Outs<O, Kept<F>>,
}

/// A value if the rule declared it, else its shape.
enum Kept<F: Float> {
    Value(Tensor<F>),
    Shape(Shape),
}

impl<F: Float> Kept<F> {
    #[inline(always)]
    fn new(save: bool, value: &Tensor<F>) -> Self {
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

/// The gradients that have reached each node so far.
struct Slots<I: Interp>(Vec<Option<Value<I>>>);

impl<I: Interp> Slots<I> {
    /// Adds a gradient; the one place where broadcasting is undone.
    #[inline]
    fn add(&mut self, op: &'static str, place: usize, gradient: Value<I>, shape: &Shape) {
        let gradient = if gradient.shape() == shape {
            gradient
        } else {
            assert!(
                shape.broadcasts_to(gradient.shape()),
                "gradtape: {op}: its rule gave a gradient of shape {} for an operand of shape {shape}",
                gradient.shape()
            );
            gradient.sum_to(shape)
        };
        let slot = &mut self.0[place];
        *slot = Some(match slot.take() {
            None => gradient,
            Some(sum) => sum + gradient,
        });
    }
}

impl<O: Op, F: Float> Recorded<O, F> {
    /// One step of a sweep: takes the gradients of the results, adds those of the operands.
    #[inline]
    fn pull<I: Interp>(&self, saved: Saved<'_, O, I>, id: usize, slots: &mut Slots<I>) {
        let args = O::In::slice(&self.args);
        let dy = O::Out::reached(O::Out::slice(&self.y).len(), |j| slots.0[id + j].take());
        let want = O::In::build(args.len(), |i| !args[i].is_constant());
        let mut dx = self.op.vjp(saved, dy, want);
        let x = O::In::slice(&self.x);
        for (i, dx) in O::In::slice_mut(&mut dx).iter_mut().enumerate() {
            if let (false, Some(dx)) = (args[i].is_constant(), dx.take()) {
                slots.add(O::NAME, args[i].place(), dx, x[i].shape());
            }
        }
    }
}

impl<O: Op, F: Float> Rule<F> for Recorded<O, F> {
    fn name(&self) -> &'static str {
        O::NAME
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
            if !std::ptr::eq(other.repr.tape, tape) {
                let why = format!("operands from tapes #{} and #{} are mixed", tape.id, other.repr.tape.id);
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
        let mut id = tape.push(Node::Rule(Rc::new(Recorded { op, args, x, y: y_kept })));
        for _ in 1..results {
            tape.push(Node::Further);
        }
        Ok(O::Out::map(y, |y| {
            let var = tape.value(id, y);
            id.0 += 1;
            var
        }))
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

impl<'t, F: Float> Var<'t, F> {
    /// The gradients of this value with respect to every variable it was computed from.
    ///
    /// Consumes the record: what the sweep has passed is freed at once, so memory falls as it
    /// goes and no rule holds on to the weights when an optimizer changes them. To keep the
    /// record, or to differentiate the gradient, use [`grad`](Self::grad).
    ///
    /// # Panics
    /// When this value is a constant, has not exactly one element, or depends on what an earlier
    /// `backward` has consumed.
    #[track_caller]
    pub fn backward(&self) -> Gradients<F> {
        self.needs_one_element("backward", "backward_with");
        self.backward_with(Tensor::ones(self.shape()))
    }

    /// As [`backward`](Self::backward), from the gradient `seed` of this value.
    ///
    /// # Panics
    /// Also when `seed` has another shape.
    #[track_caller]
    pub fn backward_with(&self, seed: Tensor<F>) -> Gradients<F> {
        self.takes_seed("backward", seed.shape());
        let (tape, last) = (self.repr.tape, self.repr.id.place());
        let mut slots = Slots(tape.slots.take());
        slots.0.resize(end_of_op(&tape.nodes.borrow(), last), None);
        slots.0[last] = Some(seed);
        let mut leaves = Vec::new();
        for id in (0..=last).rev() {
            let mut nodes = tape.nodes.borrow_mut();
            if !reached(&nodes, id, &slots) {
                continue;
            }
            match &nodes[id] {
                Node::Leaf => leaves.push((NodeId(id as u32), slots.0[id].take().expect("reached"))),
                Node::Further => {}
                Node::Consumed(op) => panic!("{}", consumed("backward", op)),
                Node::Rule(rule) => {
                    let consumed = Node::Consumed(rule.name());
                    let Node::Rule(rule) = std::mem::replace(&mut nodes[id], consumed) else {
                        unreachable!()
                    };
                    drop(nodes);
                    rule.vjp_tensor(id, &mut slots);
                }
            }
        }
        leaves.reverse();
        slots.0.clear();
        tape.slots.set(slots.0);
        Gradients { tape: tape.id, epoch: tape.epoch.get(), leaves }
    }

    /// The gradients of this value with respect to each of `wrt`, recorded in turn, so that they
    /// can be differentiated again. Exactly zero where this value does not depend on it. The
    /// record is kept.
    ///
    /// # Panics
    /// As [`backward`](Self::backward), and when one of `wrt` is a constant or on another tape.
    #[track_caller]
    pub fn grad<const N: usize>(&self, wrt: [&Var<'t, F>; N]) -> [Var<'t, F>; N] {
        self.needs_one_element("grad", "grad_with");
        self.grad_with(self.lift(Tensor::ones(self.shape())), wrt)
    }

    /// As [`grad`](Self::grad), from the gradient `seed` of this value.
    ///
    /// # Panics
    /// Also when `seed` has another shape or is on another tape.
    #[track_caller]
    pub fn grad_with<const N: usize>(&self, seed: Var<'t, F>, wrt: [&Var<'t, F>; N]) -> [Var<'t, F>; N] {
        self.takes_seed("grad", seed.shape());
        let (tape, last) = (self.repr.tape, self.repr.id.place());
        assert!(
            std::ptr::eq(seed.repr.tape, tape),
            "gradtape: grad: a seed on tape #{} for a value on tape #{}",
            seed.repr.tape.id,
            tape.id
        );
        for var in wrt {
            assert!(
                std::ptr::eq(var.repr.tape, tape),
                "gradtape: grad: a value on tape #{} with respect to one on tape #{}",
                tape.id,
                var.repr.tape.id
            );
            assert!(
                !var.repr.id.is_constant(),
                "gradtape: grad: with respect to a constant: make it a `var`"
            );
        }
        let mut slots: Slots<Record<'t, F>> = Slots(vec![None; end_of_op(&tape.nodes.borrow(), last)]);
        slots.0[last] = Some(seed);
        let mut found: [Option<Var<'t, F>>; N] = std::array::from_fn(|_| None);
        for id in (0..=last).rev() {
            for (found, var) in found.iter_mut().zip(wrt).filter(|(_, var)| var.repr.id.place() == id) {
                *found = slots.0[id].clone().or_else(|| found.take());
                debug_assert!(found.as_ref().is_none_or(|g| g.shape() == var.shape()));
            }
            let nodes = tape.nodes.borrow();
            if !reached(&nodes, id, &slots) {
                continue;
            }
            let rule = match &nodes[id] {
                Node::Rule(rule) => rule.clone(),
                Node::Consumed(op) => panic!("{}", consumed("grad", op)),
                Node::Leaf | Node::Further => continue,
            };
            drop(nodes);
            rule.vjp_var(tape, id, &mut slots);
        }
        let mut wrt = wrt.into_iter();
        found.map(|found| {
            let var = wrt.next().expect("as many");
            found.unwrap_or_else(|| tape.constant(Tensor::zeros(var.shape())))
        })
    }

    /// Whether no variable took part in this value.
    pub fn is_constant(&self) -> bool {
        self.repr.id.is_constant()
    }

    /// The tape that this value is on.
    pub fn tape(&self) -> &'t Tape<F> {
        self.repr.tape
    }

    #[track_caller]
    fn needs_one_element(&self, what: &str, with_seed: &str) {
        assert!(
            self.shape().size() == 1,
            "gradtape: {what}: {} is not a single number: reduce it first, or give a seed to `{with_seed}`",
            self.shape()
        );
    }

    #[track_caller]
    fn takes_seed(&self, what: &str, seed: &Shape) {
        assert!(
            !self.repr.id.is_constant(),
            "gradtape: {what}: the value is a constant: no variable of tape #{} took part in it",
            self.repr.tape.id
        );
        assert!(
            seed == self.shape(),
            "gradtape: {what}: a seed of shape {seed} for a value of {}",
            self.shape()
        );
    }
}

/// The place after the last result of the op that gave the value at `place`.
#[inline]
fn end_of_op<F: Float>(nodes: &[Node<F>], place: usize) -> usize {
    place + 1 + nodes[place + 1..].iter().take_while(|node| matches!(node, Node::Further)).count()
}

/// Whether a gradient has reached any result of the op at `id`. Further results are swept with
/// the first.
#[inline]
fn reached<I: Interp, F: Float>(nodes: &[Node<F>], id: usize, slots: &Slots<I>) -> bool {
    !matches!(nodes[id], Node::Further) && slots.0[id..end_of_op(nodes, id)].iter().any(Option::is_some)
}

fn consumed(what: &str, op: &str) -> String {
    format!(
        "gradtape: {what}: the record of `{op}` was consumed by an earlier `backward`; `grad` keeps the record"
    )
}

/// The gradients that [`backward`](Var::backward) found.
///
/// They know their tape and its epoch, so that asking for a variable of another record is an
/// error, never a wrong number.
#[derive(Clone)]
pub struct Gradients<F: Float> {
    tape: u64,
    epoch: u64,
    /// In order of id.
    leaves: Vec<(NodeId, Tensor<F>)>,
}

impl<F: Float> Gradients<F> {
    /// The gradient with respect to a variable.
    ///
    /// # Panics
    /// When the differentiated value does not depend on it, and as [`get`](Self::get).
    #[track_caller]
    pub fn wrt(&self, var: &Var<'_, F>) -> &Tensor<F> {
        match self.get(var) {
            Some(gradient) => gradient,
            None => panic!("gradtape: gradients: the value does not depend on {:?}", var.repr),
        }
    }

    /// The gradient with respect to a variable, or nothing when the differentiated value does
    /// not depend on it.
    ///
    /// # Panics
    /// When `var` is a constant, was computed from others, or belongs to another tape or to
    /// another record of this one.
    #[track_caller]
    pub fn get(&self, var: &Var<'_, F>) -> Option<&Tensor<F>> {
        Some(&self.leaves[self.find(var)?].1)
    }

    /// As [`get`](Self::get), giving the gradient away.
    ///
    /// # Panics
    /// As [`get`](Self::get).
    #[track_caller]
    pub fn take(&mut self, var: &Var<'_, F>) -> Option<Tensor<F>> {
        Some(self.leaves.remove(self.find(var)?).1)
    }

    #[track_caller]
    fn find(&self, var: &Var<'_, F>) -> Option<usize> {
        let VarRepr { tape, id, .. } = &var.repr;
        assert!(
            tape.id == self.tape,
            "gradtape: gradients: they are of tape #{}, the variable is on tape #{}",
            self.tape,
            tape.id
        );
        assert!(
            tape.epoch.get() == self.epoch,
            "gradtape: gradients: they are stale: tape #{} was reset since, the variable is of a later record",
            self.tape
        );
        assert!(!id.is_constant(), "gradtape: gradients: a constant has none: make it a `var`");
        assert!(
            matches!(tape.nodes.borrow()[id.place()], Node::Leaf),
            "gradtape: gradients: only variables keep theirs; ask `grad` for that of {:?}",
            var.repr
        );
        self.leaves.binary_search_by_key(id, |(id, _)| *id).ok()
    }
}

impl<F: Float> fmt::Debug for Gradients<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gradients of {} variables of tape #{}", self.leaves.len(), self.tape)
    }
}
