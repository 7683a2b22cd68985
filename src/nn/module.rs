//! What a model is, and what it runs in.

use super::{params::ParamId, summary::Trace};
use crate::{Interp, Tensor, Value, random::Rng};
use std::{cell::RefCell, fmt};

/// Runs a forward pass: the parameters as values of an interpreter and, in training, the source
/// of randomness. There is no training flag: with a generator a layer trains, without it
/// evaluates.
pub struct Ctx<'c, I: Interp> {
    /// Of which arena the values are, if that is known.
    arena: Option<u64>,
    values: Vec<Value<I>>,
    rng: Option<&'c Rng>,
    buffers: RefCell<Vec<(ParamId, Tensor<I::Elem>)>>,
    trace: Option<RefCell<Trace>>,
}

impl<'c, I: Interp> Ctx<'c, I> {
    /// A context over parameters in the order of their ids.
    pub fn new(values: Vec<Value<I>>, rng: Option<&'c Rng>) -> Self {
        Ctx { arena: None, values, rng, buffers: RefCell::default(), trace: None }
    }

    /// A context over the parameters of an arena.
    pub(super) fn of(arena: u64, values: Vec<Value<I>>, rng: Option<&'c Rng>) -> Self {
        Ctx { arena: Some(arena), ..Self::new(values, rng) }
    }

    pub(super) fn arena(&self) -> Option<u64> {
        self.arena
    }

    /// A parameter.
    ///
    /// # Panics
    /// When there is none of this id: its layer was built with other parameters.
    #[inline]
    #[track_caller]
    pub fn get(&self, id: ParamId) -> &Value<I> {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().uses(id);
        }
        match self.values.get(id.place()) {
            Some(value) => value,
            None => id.is_foreign(self.values.len()),
        }
    }

    /// Runs a part of a model: its `forward`, seen by a [`summary`](super::summary()).
    #[inline]
    #[track_caller]
    pub fn run<M: Module>(&self, part: &M, x: Value<I>) -> Value<I> {
        if let Some(trace) = &self.trace {
            trace.borrow_mut().enter(std::any::type_name::<M>());
        }
        let y = part.forward(self, x);
        if let Some(trace) = &self.trace {
            trace.borrow_mut().leave(y.shape());
        }
        y
    }

    /// One that notes what is run.
    pub(super) fn traced(self) -> Self {
        Ctx { trace: Some(RefCell::default()), ..self }
    }

    pub(super) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    pub(super) fn into_trace(self) -> Trace {
        self.trace.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Where a layer draws from; nothing means that it evaluates.
    #[inline]
    pub fn rng(&self) -> Option<&'c Rng> {
        self.rng
    }

    /// A buffer's numbers: those that this pass has given it, else those it started with.
    ///
    /// # Panics
    /// When there is none of this id: its layer was built with other parameters.
    #[track_caller]
    pub fn buffer(&self, id: ParamId) -> Tensor<I::Elem> {
        let new =
            self.buffers.borrow().iter().find(|(other, _)| *other == id).map(|(_, value)| value.clone());
        new.unwrap_or_else(|| self.get(id).tensor().clone())
    }

    /// Gives a buffer a new value. The parameters take it over with the step, so that a pass that
    /// comes to no step changes nothing.
    ///
    /// # Panics
    /// When there is none of this id, or the value has another shape.
    #[track_caller]
    pub fn set_buffer(&self, id: ParamId, value: Tensor<I::Elem>) {
        let (old, new) = (self.get(id).shape(), value.shape());
        assert!(old == new, "gradtape: params: a buffer of shape {old} is given {new}");
        let mut buffers = self.buffers.borrow_mut();
        match buffers.iter_mut().find(|(other, _)| *other == id) {
            Some((_, given)) => *given = value,
            None => buffers.push((id, value)),
        }
    }

    /// All values in the order of their ids, buffers with what this pass has given them, as constants
    /// beside `like`.
    pub(super) fn latest(&self, like: &Value<I>) -> Vec<Value<I>> {
        let mut values = self.values.clone();
        for (id, value) in self.buffers.borrow().iter() {
            values[id.place()] = like.lift(value.clone());
        }
        values
    }

    pub(super) fn into_buffers(self) -> Vec<(ParamId, Tensor<I::Elem>)> {
        self.buffers.into_inner()
    }

    pub(super) fn values(&self) -> &[Value<I>] {
        &self.values
    }
}

impl<I: Interp> fmt::Debug for Ctx<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.rng.is_some() { "training" } else { "evaluating" };
        write!(f, "Ctx of {} parameters, {mode}", self.values.len())
    }
}

/// A model, or a part of one: a function of its parameters and an input.
///
/// Ids and sizes are all it holds, so that it is written once for every interpreter. Tuples of
/// modules are modules, run from left to right.
///
/// ```
/// use gradtape::nn::{Ctx, Linear, Module, Params, Relu};
/// use gradtape::{Interp, Tensor, Value};
/// /// x + f(x)
/// struct Residual(Linear);
/// impl Module for Residual {
///     fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
///         self.0.forward(cx, x.clone()) + x
///     }
/// }
/// let mut params = Params::<f64>::seeded(1);
/// let model = (Residual(Linear::new(&mut params, 3, 3)), Relu);
/// let y = model.forward(&params.eval(), Tensor::ones([2, 3]));
/// assert_eq!(y.shape().dims(), [2, 3]);
/// ```
pub trait Module: Send {
    /// The output for an input.
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I>;
}

macro_rules! sequence {
    ($($Part:ident $place:tt),*) => {
        impl<$($Part: Module),*> Module for ($($Part,)*) {
            #[inline]
            #[track_caller]
            fn forward<In: Interp>(&self, cx: &Ctx<'_, In>, x: Value<In>) -> Value<In> {
                $(let x = cx.run(&self.$place, x);)*
                x
            }
        }
    };
}
sequence!(A 0);
sequence!(A 0, B 1);
sequence!(A 0, B 1, C 2);
sequence!(A 0, B 1, C 2, D 3);
sequence!(A 0, B 1, C 2, D 3, E 4);
sequence!(A 0, B 1, C 2, D 3, E 4, G 5);
sequence!(A 0, B 1, C 2, D 3, E 4, G 5, H 6);
sequence!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, J 7);
sequence!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, J 7, K 8);
sequence!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, J 7, K 8, L 9);
sequence!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, J 7, K 8, L 9, M 10);
sequence!(A 0, B 1, C 2, D 3, E 4, G 5, H 6, J 7, K 8, L 9, M 10, N 11);

/// As many alike, one after the other.
impl<M: Module> Module for Vec<M> {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.iter().fold(x, |x, module| cx.run(module, x))
    }
}
