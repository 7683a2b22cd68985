//! The gradients that a sweep found.
#![forbid(unsafe_code)]

use super::{Node, NodeId, Var, VarRepr};
use crate::{Float, Tensor};
use std::fmt;

/// The gradients that [`backward`](Var::backward) found.
///
/// They know their tape and its epoch, so that asking for a variable of another record is an
/// error, never a wrong number.
#[derive(Clone)]
pub struct Gradients<F: Float> {
    pub(super) tape: u64,
    pub(super) epoch: u64,
    /// In order of id.
    pub(super) leaves: Vec<(NodeId, Tensor<F>)>,
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

    /// Adds the gradients of another sweep over the same record: of another loss, or of another part
    /// of one. Gradients of several records, as of micro-batches, are added by parameter:
    /// [`ParamGrads::accumulate`](crate::nn::ParamGrads::accumulate).
    ///
    /// ```
    /// use gradtape::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([1.0, 2.0]));
    /// let mut gradients = x.square().sum().backward();
    /// gradients.accumulate(x.sum().backward());
    /// assert_eq!(gradients.wrt(&x), &Tensor::from([3.0, 5.0]));
    /// ```
    ///
    /// # Panics
    /// When they are of another tape, or of another record of this one.
    #[track_caller]
    pub fn accumulate(&mut self, other: Gradients<F>) {
        assert!(
            (self.tape, self.epoch) == (other.tape, other.epoch),
            "gradtape: accumulate: gradients of {} and of {} are mixed",
            self.record(),
            other.record()
        );
        for (id, gradient) in other.leaves {
            match self.leaves.binary_search_by_key(&id, |(id, _)| *id) {
                Ok(at) => {
                    let sum = &mut self.leaves[at].1;
                    *sum = &*sum + gradient;
                }
                Err(at) => self.leaves.insert(at, (id, gradient)),
            }
        }
    }

    fn record(&self) -> String {
        format!("record {} of tape #{}", self.epoch, self.tape)
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
