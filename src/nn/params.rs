//! The arena of parameters.

use super::module::Ctx;
use crate::{Float, Record, Tape, Tensor, Var, random::Rng, tensor::Eager};
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// The place of a parameter in its [`Params`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ParamId(u32);

/// All parameters of a model, by name. Layers hold ids into it, optimizers a parallel state.
///
/// ```
/// use gradtape::nn::{Linear, Params};
/// let mut params = Params::<f32>::seeded(0);
/// let _head = params.at("head", |params| Linear::new(params, 4, 2));
/// let names: Vec<_> = params.iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["head.weight", "head.bias"]);
/// assert_eq!(params.count(), 10);
/// ```
///
/// A clone has the same parameters, with values of its own: gradients of one may change the other.
#[derive(Clone)]
pub struct Params<F: Float> {
    /// Which arena this is; clones share it.
    arena: u64,
    entries: Vec<Entry<F>>,
    rng: Rng,
    scope: Vec<String>,
}

#[derive(Clone)]
struct Entry<F: Float> {
    name: String,
    value: Tensor<F>,
    role: Role,
}

/// What training does with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Trained,
    Frozen,
    Buffer,
}

impl<F: Float> Params<F> {
    /// An empty arena; layers draw their starting weights from this seed.
    pub fn seeded(seed: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let arena = NEXT.fetch_add(1, Ordering::Relaxed);
        Params { arena, entries: Vec::new(), rng: Rng::new(seed), scope: Vec::new() }
    }

    /// Where starting weights are drawn from.
    pub fn rng(&self) -> &Rng {
        &self.rng
    }

    /// Runs `build` with `name` before the names of everything it adds.
    pub fn at<R>(&mut self, name: &str, build: impl FnOnce(&mut Self) -> R) -> R {
        self.scope.push(name.to_owned());
        let built = build(self);
        self.scope.pop();
        built
    }

    /// As [`at`](Self::at) for a layer that its user has not named: `kind` and the first number
    /// that is free, unless the scope that is open has no layer of its own yet.
    pub fn layer<R>(&mut self, kind: &str, first: &str, build: impl FnOnce(&mut Self) -> R) -> R {
        let taken = |params: &Self, name: &str| params.find(&params.full_name(&[name, first])).is_some();
        if !self.scope.is_empty() && self.find(&self.full_name(&[first])).is_none() {
            return build(self);
        }
        let mut number = 1;
        while taken(self, &format!("{kind}{number}")) {
            number += 1;
        }
        self.at(&format!("{kind}{number}"), build)
    }

    /// Adds a parameter that is trained.
    ///
    /// # Panics
    /// When its name is taken.
    #[track_caller]
    pub fn add(&mut self, name: &str, value: Tensor<F>) -> ParamId {
        self.enter(name, value, Role::Trained)
    }

    /// Adds a value that belongs to the model and is saved with it, but is not trained: a layer
    /// gives it a new value while it trains ([`Ctx::set_buffer`]), as batch normalisation does
    /// with its running statistics.
    ///
    /// # Panics
    /// When its name is taken.
    #[track_caller]
    pub fn add_buffer(&mut self, name: &str, value: Tensor<F>) -> ParamId {
        self.enter(name, value, Role::Buffer)
    }

    #[track_caller]
    fn enter(&mut self, name: &str, value: Tensor<F>, role: Role) -> ParamId {
        let name = self.full_name(&[name]);
        assert!(self.find(&name).is_none(), "gradtape: params: the name `{name}` is taken");
        self.entries.push(Entry { name, value, role });
        ParamId(u32::try_from(self.entries.len() - 1).expect("fewer than 2³² parameters"))
    }

    fn full_name(&self, parts: &[&str]) -> String {
        let scope = self.scope.iter().map(String::as_str);
        scope.chain(parts.iter().copied()).collect::<Vec<_>>().join(".")
    }

    /// The parameter of this name.
    pub fn find(&self, name: &str) -> Option<ParamId> {
        let place = self.entries.iter().position(|entry| entry.name == name)?;
        Some(ParamId(place as u32))
    }

    /// Whether a parameter is trained. A frozen one is a constant in training and gets no
    /// gradient, so that no optimizer touches it.
    ///
    /// # Panics
    /// When there is none of this id: its layer was built with other parameters. When it is a
    /// buffer and is to be trained.
    #[track_caller]
    pub fn set_trainable(&mut self, id: ParamId, trainable: bool) {
        let entry = self.entry_mut(id);
        entry.role = match (entry.role, trainable) {
            (Role::Buffer, true) => panic!("gradtape: params: the buffer `{}` is not trained", entry.name),
            (Role::Buffer, false) => Role::Buffer,
            (_, true) => Role::Trained,
            (_, false) => Role::Frozen,
        };
    }

    /// Whether a parameter is trained.
    pub fn is_trainable(&self, id: ParamId) -> bool {
        self.entries[id.place()].role == Role::Trained
    }

    /// Whether this is a buffer.
    pub fn is_buffer(&self, id: ParamId) -> bool {
        self.entries[id.place()].role == Role::Buffer
    }

    /// The name of a parameter.
    pub fn name(&self, id: ParamId) -> &str {
        &self.entries[id.place()].name
    }

    /// The value of a parameter.
    ///
    /// # Panics
    /// When there is none of this id: its layer was built with other parameters.
    #[track_caller]
    pub fn get(&self, id: ParamId) -> &Tensor<F> {
        match self.entries.get(id.place()) {
            Some(entry) => &entry.value,
            None => id.is_foreign(self.entries.len()),
        }
    }

    /// The value of a parameter, for changing it.
    ///
    /// # Panics
    /// When there is none of this id: its layer was built with other parameters.
    #[track_caller]
    pub fn get_mut(&mut self, id: ParamId) -> &mut Tensor<F> {
        &mut self.entry_mut(id).value
    }

    #[track_caller]
    fn entry_mut(&mut self, id: ParamId) -> &mut Entry<F> {
        let count = self.entries.len();
        match self.entries.get_mut(id.place()) {
            Some(entry) => entry,
            None => id.is_foreign(count),
        }
    }

    /// Names and values, buffers among them, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor<F>)> {
        self.entries.iter().map(|entry| (entry.name.as_str(), &entry.value))
    }

    /// All ids.
    pub(super) fn ids(&self) -> impl Iterator<Item = ParamId> + use<F> {
        (0..self.entries.len() as u32).map(ParamId)
    }

    /// The number of single numbers in all parameters, without buffers.
    pub fn count(&self) -> usize {
        let counted = self.entries.iter().filter(|entry| entry.role != Role::Buffer);
        counted.map(|entry| entry.value.shape().size()).sum()
    }

    /// Takes over the buffers' new values from the forward pass that these gradients are of.
    /// [`Optimizer::step`](super::Optimizer::step) does it as well; only who steps without an
    /// optimizer, or sums the gradients of several passes before a step, need call it.
    ///
    /// ```
    /// use gradtape::{Tape, Tensor, nn::{BatchNorm1d, Module, Params}, random::Rng};
    /// let mut params = Params::<f64>::seeded(0);
    /// let norm = BatchNorm1d::new(&mut params, 1);
    /// let (tape, rng) = (Tape::new(), Rng::new(0));
    /// let grads = {
    ///     let cx = params.train(&tape, &rng);
    ///     let y = norm.forward(&cx, tape.constant(Tensor::from([[1.0], [3.0]])));
    ///     cx.backward(y.sum())
    /// };
    /// params.set_buffers(&grads);
    /// assert_eq!(params.get(params.find("batch_norm1.running_mean").unwrap()).slice(), [0.2]);
    /// ```
    ///
    /// # Panics
    /// When the gradients are of other parameters.
    #[track_caller]
    pub fn set_buffers(&mut self, grads: &ParamGrads<F>) {
        grads.must_be_of(self);
        self.take_buffers(grads);
    }

    /// As [`set_buffers`](Self::set_buffers), of gradients that are known to be of these parameters.
    pub(super) fn take_buffers(&mut self, grads: &ParamGrads<F>) {
        for (id, value) in &grads.buffers {
            *self.get_mut(*id) = value.clone();
        }
    }

    /// A context that evaluates: layers behave as in prediction.
    pub fn eval(&self) -> Ctx<'_, Eager<F>> {
        Ctx::of(self.arena, self.entries.iter().map(|entry| entry.value.clone()).collect(), None)
    }

    /// A context that records on `tape` and trains: dropout draws from `rng`.
    pub fn train<'c>(&self, tape: &'c Tape<F>, rng: &'c Rng) -> Ctx<'c, Record<'c, F>> {
        let lift = |entry: &Entry<F>| {
            let value = entry.value.clone();
            if entry.role == Role::Trained { tape.var(value) } else { tape.constant(value) }
        };
        Ctx::of(self.arena, self.entries.iter().map(lift).collect(), Some(rng))
    }
}

impl ParamId {
    #[inline]
    pub(super) fn place(self) -> usize {
        self.0 as usize
    }

    /// Refuses an id beyond the last of `count` parameters.
    #[cold]
    #[track_caller]
    pub(super) fn is_foreign(self, count: usize) -> ! {
        panic!(
            "gradtape: params: parameter {} of a layer is not among these {count}: it was built with others",
            self.0
        )
    }
}

impl<F: Float> fmt::Debug for Params<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, value)| (name, value.shape()))).finish()
    }
}

/// The gradients of the parameters, by id. One that took no part has none. With them come the new
/// values that the forward pass gave to buffers.
#[derive(Clone, Debug)]
pub struct ParamGrads<F: Float> {
    /// Of which arena they are, if that is known.
    arena: Option<u64>,
    gradients: Vec<Option<Tensor<F>>>,
    buffers: Vec<(ParamId, Tensor<F>)>,
}

impl<F: Float> ParamGrads<F> {
    /// The gradient of a parameter.
    pub fn get(&self, id: ParamId) -> Option<&Tensor<F>> {
        self.gradients.get(id.place())?.as_ref()
    }

    /// The gradient of a parameter, for changing it.
    pub fn get_mut(&mut self, id: ParamId) -> Option<&mut Tensor<F>> {
        self.gradients.get_mut(id.place())?.as_mut()
    }

    /// Adds the gradients of another batch, whose buffers' values take the place of these. When each loss is a mean over its rows, weigh it by its
    /// share of all rows, and the sums are the gradients of the mean over all:
    ///
    /// ```
    /// use gradtape::nn::{Linear, Module, Params};
    /// use gradtape::{Tape, Tensor, random::Rng};
    /// let mut params = Params::<f64>::seeded(1);
    /// let model = Linear::new(&mut params, 3, 2);
    /// let (data, rng) = (Rng::new(2).uniform([8, 3], -1.0, 1.0), Rng::new(3));
    /// let gradients = |rows: &Tensor<f64>, share: f64| {
    ///     let tape = Tape::new();
    ///     let cx = params.train(&tape, &rng);
    ///     let loss = model.forward(&cx, tape.constant(rows.clone())).square().mean() * share;
    ///     cx.backward(loss)
    /// };
    /// let whole = gradients(&data, 1.0);
    /// let mut sum = gradients(&data.narrow(0, 0, 6), 0.75);
    /// sum.accumulate(gradients(&data.narrow(0, 6, 2), 0.25));
    /// let distance = whole.get(model.weight).unwrap() - sum.get(model.weight).unwrap();
    /// assert!(distance.abs().max().item() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// When they are of other parameters.
    #[track_caller]
    pub fn accumulate(&mut self, other: ParamGrads<F>) {
        let (mine, others) = (self.gradients.len(), other.gradients.len());
        assert!(
            mine == others && !differ(self.arena, other.arena),
            "gradtape: accumulate: gradients of {mine} and of {others} parameters are mixed"
        );
        self.buffers.extend(other.buffers); // where both have a value, the later one is set last
        for (place, (sum, gradient)) in self.gradients.iter_mut().zip(other.gradients).enumerate() {
            *sum = match (sum.take(), gradient) {
                (Some(sum), Some(gradient)) => {
                    assert!(
                        sum.shape() == gradient.shape(),
                        "gradtape: accumulate: gradients of shapes {} and {} for parameter {place} are mixed",
                        sum.shape(),
                        gradient.shape()
                    );
                    Some(sum + gradient)
                }
                (sum, gradient) => sum.or(gradient),
            };
        }
    }

    /// Refuses gradients of other parameters.
    #[track_caller]
    pub(super) fn must_be_of(&self, params: &Params<F>) {
        let (mine, theirs) = (self.gradients.len(), params.entries.len());
        assert!(
            mine == theirs && !differ(self.arena, Some(params.arena)),
            "gradtape: params: gradients of {mine} parameters for {theirs} others"
        );
        for (entry, gradient) in params.entries.iter().zip(&self.gradients) {
            let Some(gradient) = gradient else { continue };
            let (found, needed) = (gradient.shape(), entry.value.shape());
            let fits = found == needed;
            assert!(fits, "gradtape: params: a gradient {found} for `{}` {needed}", entry.name);
        }
    }

    /// The elements of each gradient.
    pub(super) fn slices(&self) -> impl Iterator<Item = &[F]> + Clone {
        self.gradients.iter().flatten().map(Tensor::slice)
    }

    /// The elements of each gradient, for changing them.
    pub(super) fn each_mut(&mut self, change: impl FnMut(&mut [F])) {
        self.gradients.iter_mut().flatten().map(Tensor::slice_mut).for_each(change);
    }
}

/// Whether both arenas are known, and are two.
fn differ(a: Option<u64>, b: Option<u64>) -> bool {
    a.zip(b).is_some_and(|(a, b)| a != b)
}

impl<'c, F: Float> Ctx<'c, Record<'c, F>> {
    /// The gradients of `loss` with respect to every parameter. Consumes the record.
    ///
    /// # Panics
    /// When `loss` is not a single number, or no trained parameter took part in it.
    #[track_caller]
    pub fn backward(self, loss: Var<'c, F>) -> ParamGrads<F> {
        let mut found = loss.backward();
        let take = |var: &Var<'c, F>| if var.is_constant() { None } else { found.take(var) };
        let gradients = self.values().iter().map(take).collect();
        ParamGrads { arena: self.arena(), gradients, buffers: self.into_buffers() }
    }
}
