//! The sweeps that run a record backwards: one that consumes it, one that keeps it.
#![forbid(unsafe_code)]

use super::{Gradients, Node, NodeId, Rule, Tape, Var};
use crate::{
    Float, Shape, Tensor,
    tensor::Eager,
    value::{Interp, Value},
};

/// The gradients that have reached each place so far, from the place `floor` on.
pub(super) struct Slots<I: Interp> {
    floor: usize,
    gradients: Vec<Option<Value<I>>>,
    /// Which places need theirs; empty when all do.
    wanted: Vec<bool>,
}

impl<I: Interp> Slots<I> {
    /// Whether a value's gradient is needed.
    #[inline(always)]
    pub(super) fn wants(&self, id: NodeId) -> bool {
        let within = || self.wanted[id.place() - self.floor];
        !id.is_constant() && (self.wanted.is_empty() || id.place() >= self.floor && within())
    }

    /// Takes what has reached a place.
    #[inline(always)]
    pub(super) fn take(&mut self, place: usize) -> Option<Value<I>> {
        self.gradients[place - self.floor].take()
    }

    /// Adds a gradient; the one place where broadcasting is undone.
    #[inline]
    pub(super) fn add(&mut self, op: &'static str, id: NodeId, gradient: Value<I>, shape: &Shape) {
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
        self.sum(id, gradient);
    }

    #[inline]
    fn sum(&mut self, id: NodeId, gradient: Value<I>) {
        let slot = &mut self.gradients[id.place() - self.floor];
        *slot = Some(match slot.take() {
            None => gradient,
            Some(sum) => sum + gradient,
        });
    }

    /// Whether a gradient has reached any result of the op at `place`. Further results are swept
    /// with the first.
    #[inline]
    fn reached<F: Float>(&self, nodes: &[Node<F>], place: usize) -> bool {
        let results = || place - self.floor..end_of_op(nodes, place) - self.floor;
        !matches!(nodes[place], Node::Further) && self.gradients[results()].iter().any(Option::is_some)
    }
}

/// The place after the last result of the op that gave the value at `place`.
#[inline]
fn end_of_op<F: Float>(nodes: &[Node<F>], place: usize) -> usize {
    place + 1 + nodes[place + 1..].iter().take_while(|node| matches!(node, Node::Further)).count()
}

#[track_caller]
fn consumed(what: &str, op: &str) -> ! {
    panic!(
        "gradtape: {what}: the record of `{op}` was consumed by an earlier `backward`; `grad` keeps the record"
    )
}

impl<F: Float> Tape<F> {
    /// The gradients of ⟨seed, value⟩, summed over several values of this tape with their seeds, in
    /// one sweep, with respect to every variable that they were computed from. Consumes the record,
    /// as [`Var::backward`] does.
    ///
    /// ```
    /// use gradtape::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([1.0, 2.0]));
    /// let (square, sum) = (&x * &x, x.sum());
    /// let seeds = [(&square, Tensor::from([1.0, 10.0])), (&sum, Tensor::scalar(100.0))];
    /// assert_eq!(tape.backward_from(seeds).wrt(&x), &Tensor::from([102.0, 140.0]));
    /// ```
    ///
    /// # Panics
    /// When there is no value, one is a constant or on another tape, its seed has another shape, or
    /// it depends on what an earlier `backward` has consumed.
    #[track_caller]
    pub fn backward_from<'t, 'v>(
        &'t self,
        from: impl IntoIterator<Item = (&'v Var<'t, F>, Tensor<F>)>,
    ) -> Gradients<F>
    where
        't: 'v,
    {
        let mut slots = Slots { floor: 0, gradients: self.slots.take(), wanted: Vec::new() };
        let mut last = None;
        for (value, seed) in from {
            value.takes_seed("backward", self, seed.shape());
            let id = value.repr.id;
            last = last.max(Some(id.place()));
            let end = end_of_op(&self.nodes.borrow(), id.place());
            slots.gradients.resize(end.max(slots.gradients.len()), None);
            slots.sum(id, seed);
        }
        let last = last.expect("gradtape: backward: from no value");
        let mut leaves = Vec::new();
        for place in (0..=last).rev() {
            let mut nodes = self.nodes.borrow_mut();
            if !slots.reached(&nodes, place) {
                continue;
            }
            match &nodes[place] {
                Node::Leaf => leaves.push((NodeId(place as u32), slots.take(place).expect("reached"))),
                Node::Further => {}
                Node::Consumed(op) => consumed("backward", op),
                Node::Rule(rule) => {
                    let consumed = Node::Consumed(rule.name());
                    let Node::Rule(rule) = std::mem::replace(&mut nodes[place], consumed) else {
                        unreachable!()
                    };
                    drop(nodes);
                    rule.vjp_tensor(place, &mut slots);
                }
            }
        }
        leaves.reverse();
        slots.gradients.clear();
        self.slots.set(slots.gradients);
        Gradients { tape: self.id, epoch: self.epoch.get(), leaves }
    }

    /// The gradients of ⟨seed, value⟩, summed over several values of this tape with their seeds, in
    /// one sweep, with respect to each of `wrt`, recorded in turn. The record is kept, as
    /// [`Var::grad`] does.
    ///
    /// # Panics
    /// As [`backward_from`](Self::backward_from), and when a seed or one of `wrt` is on another tape,
    /// or one of `wrt` is a constant.
    #[track_caller]
    pub fn grad_from<'t, 'v>(
        &'t self,
        from: impl IntoIterator<Item = (&'v Var<'t, F>, Var<'t, F>)>,
        wrt: &[&Var<'t, F>],
    ) -> Vec<Var<'t, F>>
    where
        't: 'v,
    {
        let mut seeds = Vec::new();
        for (value, seed) in from {
            value.takes_seed("grad", self, seed.shape());
            assert!(
                std::ptr::eq(seed.repr.tape, self),
                "gradtape: grad: a seed on tape #{} for a value on tape #{}",
                seed.repr.tape.id,
                self.id
            );
            seeds.push((value.repr.id, seed));
        }
        assert!(!seeds.is_empty(), "gradtape: grad: from no value");
        for var in wrt {
            assert!(
                std::ptr::eq(var.repr.tape, self),
                "gradtape: grad: a value on tape #{} with respect to one on tape #{}",
                self.id,
                var.repr.tape.id
            );
            assert!(
                !var.repr.id.is_constant(),
                "gradtape: grad: with respect to a constant: make it a `var`"
            );
        }
        let ids: Vec<_> = wrt.iter().map(|var| var.repr.id).collect();
        let found = self.sweep("grad", seeds, &ids, |rule, place, slots| rule.vjp_var(self, place, slots));
        let zeros = |var: &Var<'t, F>| self.constant(Tensor::zeros(var.shape()));
        found.into_iter().zip(wrt).map(|(found, var)| found.unwrap_or_else(|| zeros(var))).collect()
    }

    /// As [`grad_from`](Self::grad_from), as numbers: nothing is recorded. By places, so that one who
    /// owns the tape can ask.
    #[track_caller]
    pub(crate) fn pull(&self, from: Vec<(NodeId, Tensor<F>)>, wrt: &[NodeId]) -> Vec<Option<Tensor<F>>> {
        self.sweep::<Eager<F>>("vjp", from, wrt, |rule, place, slots| rule.vjp_tensor(place, slots))
    }

    /// The sweep that keeps the record. It visits nothing before the first of `wrt`, and runs no
    /// rule that leads to none of them.
    #[track_caller]
    fn sweep<I: Interp<Elem = F>>(
        &self,
        what: &str,
        from: Vec<(NodeId, Value<I>)>,
        wrt: &[NodeId],
        run: impl Fn(&dyn Rule<F>, usize, &mut Slots<I>),
    ) -> Vec<Option<Value<I>>> {
        let floor = wrt.iter().map(|id| id.place()).min().unwrap_or(usize::MAX);
        let Some(last) = from.iter().map(|(id, _)| id.place()).filter(|&place| place >= floor).max() else {
            return vec![None; wrt.len()];
        };
        let wanted = leading(&self.nodes.borrow(), floor, last, wrt);
        let mut slots = Slots { floor, gradients: vec![None; wanted.len()], wanted };
        for (id, seed) in from.into_iter().filter(|(id, _)| id.place() >= floor) {
            slots.sum(id, seed);
        }
        let mut found = vec![None; wrt.len()];
        let mut asked: Vec<usize> = (0..wrt.len()).collect();
        asked.sort_by_key(|&i| wrt[i]); // the last is the next that the sweep comes to
        for place in (floor..=last).rev() {
            while let Some(&i) = asked.last().filter(|&&i| wrt[i].place() >= place) {
                found[i] = slots.gradients.get(wrt[i].place() - floor).cloned().flatten();
                asked.pop();
            }
            let nodes = self.nodes.borrow();
            if !slots.reached(&nodes, place) {
                continue;
            }
            let rule = match &nodes[place] {
                Node::Rule(rule) => rule.clone(),
                Node::Consumed(op) => consumed(what, op),
                Node::Leaf | Node::Further => continue,
            };
            drop(nodes);
            if rule.args().iter().any(|&arg| slots.wants(arg)) {
                run(&*rule, place, &mut slots);
            }
        }
        found
    }
}

/// Which places from `floor` to the op at `last` lead to one of `wrt`, or are one. What was consumed
/// may lead to any.
fn leading<F: Float>(nodes: &[Node<F>], floor: usize, last: usize, wrt: &[NodeId]) -> Vec<bool> {
    let mut leads = vec![false; end_of_op(nodes, last) - floor];
    for id in wrt {
        if let Some(asked) = leads.get_mut(id.place() - floor) {
            *asked = true;
        }
    }
    let mut op_leads = false;
    for i in 0..leads.len() {
        let from = |arg: &NodeId| arg.place() >= floor && !arg.is_constant() && leads[arg.place() - floor];
        op_leads = match &nodes[floor + i] {
            Node::Leaf => false,
            Node::Rule(rule) => rule.args().iter().any(from),
            Node::Consumed(_) => true,
            Node::Further => op_leads,
        };
        leads[i] |= op_leads;
    }
    leads
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

    /// As [`backward`](Self::backward), from the gradient `seed` of this value. Several values with
    /// their seeds are swept together by [`Tape::backward_from`].
    ///
    /// # Panics
    /// Also when `seed` has another shape.
    #[track_caller]
    pub fn backward_with(&self, seed: Tensor<F>) -> Gradients<F> {
        self.repr.tape.backward_from([(self, seed)])
    }

    /// The gradients of this value with respect to each of `wrt`, recorded in turn, so that they
    /// can be differentiated again. Exactly zero where this value does not depend on it. The
    /// record is kept, and no rule runs that does not lead to one of `wrt`.
    ///
    /// # Panics
    /// As [`backward`](Self::backward), and when one of `wrt` is a constant or on another tape.
    #[track_caller]
    pub fn grad<const N: usize>(&self, wrt: [&Var<'t, F>; N]) -> [Var<'t, F>; N] {
        self.needs_one_element("grad", "grad_with");
        self.grad_with(self.lift(Tensor::ones(self.shape())), wrt)
    }

    /// As [`grad`](Self::grad), from the gradient `seed` of this value. Several values with their
    /// seeds are swept together by [`Tape::grad_from`].
    ///
    /// # Panics
    /// Also when `seed` has another shape or is on another tape.
    #[track_caller]
    pub fn grad_with<const N: usize>(&self, seed: Var<'t, F>, wrt: [&Var<'t, F>; N]) -> [Var<'t, F>; N] {
        self.repr.tape.grad_from([(self, seed)], &wrt).try_into().expect("as many")
    }

    /// Whether no variable took part in this value.
    pub fn is_constant(&self) -> bool {
        self.repr.id.is_constant()
    }

    /// The tape that this value is on.
    pub fn tape(&self) -> &'t Tape<F> {
        self.repr.tape
    }

    /// The place on the tape.
    pub(crate) fn id(&self) -> NodeId {
        self.repr.id
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
    fn takes_seed(&self, what: &str, tape: &Tape<F>, seed: &Shape) {
        assert!(
            std::ptr::eq(self.repr.tape, tape),
            "gradtape: {what}: from a value on tape #{}, asked of tape #{}",
            self.repr.tape.id,
            tape.id
        );
        assert!(
            !self.is_constant(),
            "gradtape: {what}: the value is a constant: no variable of tape #{} took part in it",
            tape.id
        );
        assert!(
            seed == self.shape(),
            "gradtape: {what}: a seed of shape {seed} for a value of {}",
            self.shape()
        );
    }
}
