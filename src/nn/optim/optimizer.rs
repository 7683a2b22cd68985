//! A rule over all parameters, with what it keeps for them.

use super::rule::{Rule, Step};
use crate::{
    Error, Float, Tensor,
    nn::{
        params::{ParamGrads, ParamId, Params},
        schedule::{Plateau, Schedule},
    },
};

/// Changes parameters by their gradients: a [`Rule`], and what it keeps for each parameter.
///
/// A parameter without a gradient is not touched, not even by weight decay. A step is one pass
/// over each parameter, in place; it allocates nothing but what a first gradient makes it keep.
///
/// ```
/// use gradtape::nn::{AdamW, Linear, Optimizer, Params};
/// let mut params = Params::<f32>::seeded(0);
/// let layer = Linear::new(&mut params, 3, 2);
/// // Biases are not decayed.
/// let rule = AdamW::new(1e-3);
/// let mut plain = rule.clone();
/// plain.weight_decay = 0.0;
/// let optimizer = Optimizer::<_, f32>::new(rule).group(layer.bias, plain);
/// optimizer.check(&params).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer<R, F: Float> {
    /// The options of each group; the first one's are for the parameters that are in no other.
    rules: Vec<R>,
    /// The learning rates that schedules start from: those that were given, until a plateau lowers them.
    base: Vec<f64>,
    /// The group of each parameter; beyond the end the first one.
    group: Vec<usize>,
    /// Whether parameters that are in no group follow the first.
    rest: bool,
    /// What is kept for each parameter, from its first gradient on.
    kept: Vec<Option<Kept<F>>>,
}

#[derive(Clone, Debug)]
struct Kept<F: Float> {
    steps: u64,
    slots: Vec<Tensor<F>>,
}

/// The group of parameters that are in none.
const NONE: usize = usize::MAX;

impl<R: Rule, F: Float> Optimizer<R, F> {
    /// A rule for all parameters.
    pub fn new(rule: R) -> Self {
        Optimizer {
            base: vec![rule.lr()],
            rules: vec![rule],
            group: Vec::new(),
            rest: true,
            kept: Vec::new(),
        }
    }

    /// A rule for these parameters alone; the others are not touched.
    pub fn only(ids: impl IntoIterator<Item = ParamId>, rule: R) -> Self {
        let mut optimizer = Self { rest: false, ..Self::new(rule) };
        optimizer.assign(ids, 0);
        optimizer
    }

    /// Gives some parameters options of their own.
    pub fn group(mut self, ids: impl IntoIterator<Item = ParamId>, rule: R) -> Self {
        self.base.push(rule.lr());
        self.rules.push(rule);
        self.assign(ids, self.rules.len() - 1);
        self
    }

    fn assign(&mut self, ids: impl IntoIterator<Item = ParamId>, group: usize) {
        for id in ids {
            if self.group.len() <= id.place() {
                self.group.resize(id.place() + 1, if self.rest { 0 } else { NONE });
            }
            self.group[id.place()] = group;
        }
    }

    /// The options of each group, the first one's being for parameters that are in no other.
    pub fn rules(&self) -> &[R] {
        &self.rules
    }

    /// The options of each group, for changing them. A schedule takes the learning rate from what the
    /// optimizer was made with.
    pub fn rules_mut(&mut self) -> &mut [R] {
        &mut self.rules
    }

    /// Takes the learning rates, and the momentum if it is cycled, from a schedule at time `t`.
    ///
    /// ```
    /// use gradtape::nn::{Optimizer, Rule, Sgd, schedule::Exponential};
    /// let mut optimizer = Optimizer::<_, f32>::new(Sgd::new(0.8));
    /// optimizer.schedule(&Exponential { gamma: 0.5 }, 2);
    /// assert_eq!(optimizer.rules()[0].lr(), 0.2);
    /// ```
    ///
    /// # Panics
    /// When an option of the schedule is outside its domain.
    #[track_caller]
    pub fn schedule(&mut self, schedule: &dyn Schedule, t: u64) {
        must(schedule.check());
        let momentum = schedule.momentum(t);
        for (rule, &base) in self.rules.iter_mut().zip(&self.base) {
            *rule.lr_mut() = schedule.lr(t, base);
            if let (Some(momentum), Some(place)) = (momentum, rule.momentum_mut()) {
                *place = momentum;
            }
        }
    }

    /// Lowers the learning rates, and those that schedules start from, as a plateau says.
    pub fn lower(&mut self, plateau: &Plateau) {
        for (rule, base) in self.rules.iter_mut().zip(&mut self.base) {
            *rule.lr_mut() = plateau.lowered(rule.lr());
            *base = plateau.lowered(*base);
        }
    }

    /// For each group the learning rate, and the one that schedules start from.
    #[cfg(feature = "safetensors")]
    pub(in crate::nn) fn lrs(&self) -> Vec<f64> {
        self.rules.iter().map(Rule::lr).chain(self.base.iter().copied()).collect()
    }

    /// The inverse of [`lrs`](Self::lrs).
    #[cfg(feature = "safetensors")]
    pub(in crate::nn) fn set_lrs(&mut self, lrs: &[f64]) {
        let (now, base) = lrs.split_at(self.rules.len());
        self.rules.iter_mut().zip(now).for_each(|(rule, &lr)| *rule.lr_mut() = lr);
        self.base = base.to_vec();
    }

    fn group_of(&self, id: ParamId) -> usize {
        self.group.get(id.place()).copied().unwrap_or(if self.rest { 0 } else { NONE })
    }

    fn rule_of(&self, id: ParamId) -> Option<&R> {
        self.rules.get(self.group_of(id))
    }

    /// Whether all options are in their domains, and all parameters of shapes that can be followed.
    ///
    /// # Errors
    /// The option or the parameter, what was expected and what was found.
    pub fn check(&self, params: &Params<F>) -> Result<(), Error> {
        self.rules.iter().try_for_each(Rule::check)?;
        params.ids().try_for_each(|id| match self.rule_of(id) {
            Some(rule) if params.is_trainable(id) => rule.accepts(params.get(id).shape()),
            _ => Ok(()),
        })
    }

    /// One step. Buffers take over the values that the forward pass gave them.
    ///
    /// # Panics
    /// When an option is outside its domain, a parameter with a gradient cannot be followed, or the
    /// gradients are of other parameters than these or a clone of theirs.
    #[track_caller]
    pub fn step(&mut self, params: &mut Params<F>, grads: &ParamGrads<F>) {
        must(self.rules.iter().try_for_each(Rule::check));
        grads.must_be_of(params);
        self.kept.resize_with(params.ids().count(), || None);
        for id in params.ids() {
            let Some(gradient) = grads.get(id) else { continue };
            let Some(rule) = self.rules.get(self.group_of(id)) else { continue };
            must(rule.accepts(gradient.shape()));
            let kept = self.kept[id.place()].get_or_insert_with(|| Kept::new(rule, gradient.shape()));
            kept.steps += 1;
            rule.update(Step {
                number: kept.steps,
                shape: gradient.shape(),
                weights: params.get_mut(id).slice_mut(),
                gradient: gradient.slice(),
                slots: &mut kept.slots,
            });
        }
        params.take_buffers(grads);
    }

    /// All that is kept, under `parameter.slot`, with the number of steps, in millions and the
    /// rest, under `parameter.step`. A copy of no numbers.
    pub fn state(&self, params: &Params<F>) -> Vec<(String, Tensor<F>)> {
        let mut state = Vec::new();
        for (id, kept) in params.ids().zip(&self.kept) {
            let (Some(kept), Some(rule)) = (kept, self.rule_of(id)) else { continue };
            let name = params.name(id);
            let steps = [kept.steps / MILLION, kept.steps % MILLION].map(|part| F::of(part as f64));
            state.push((format!("{name}.step"), Tensor::from(steps)));
            for (slot, value) in rule.slots(params.get(id).shape()).iter().zip(&kept.slots) {
                state.push((format!("{name}.{}", slot.name), value.clone()));
            }
        }
        state
    }

    /// Takes back what [`state`](Self::state) gave, so that training goes on to the bit.
    ///
    /// # Errors
    /// When a name is missing or unknown, or a shape differs; nothing is changed then.
    pub fn restore(&mut self, params: &Params<F>, state: &[(String, Tensor<F>)]) -> Result<(), Error> {
        let find = |name: &str| state.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        let mut restored = Vec::new();
        let mut used = 0;
        for id in params.ids() {
            let name = params.name(id);
            let (Some(steps), Some(rule)) = (find(&format!("{name}.step")), self.rule_of(id)) else {
                restored.push(None);
                continue;
            };
            let &[millions, rest] = steps.slice() else {
                return Err(Error::data(format!("optimizer state `{name}.step`"), "[2]", steps.shape()));
            };
            let steps = millions.to_f64() as u64 * MILLION + rest.to_f64() as u64;
            let mut slots = Vec::new();
            for slot in rule.slots(params.get(id).shape()) {
                let what = format!("optimizer state `{name}.{}`", slot.name);
                match find(&format!("{name}.{}", slot.name)) {
                    Some(value) if *value.shape() == slot.shape => slots.push(value.clone()),
                    Some(value) => return Err(Error::data(what, slot.shape, value.shape())),
                    None => return Err(Error::data(what, slot.shape, "nothing")),
                }
            }
            used += 1 + slots.len();
            restored.push(Some(Kept { steps, slots }));
        }
        if used != state.len() {
            let known = |name: &str| {
                let mut names = params.iter().map(|(name, _)| name);
                names.any(|param| name.strip_prefix(param).is_some_and(|rest| rest.starts_with('.')))
            };
            let stranger = state.iter().map(|(name, _)| name.as_str()).find(|name| !known(name));
            let found = stranger.map_or_else(|| "more than it keeps".to_owned(), |name| format!("`{name}`"));
            return Err(Error::data("optimizer state", "only names that this optimizer keeps", found));
        }
        self.kept = restored;
        Ok(())
    }
}

const MILLION: u64 = 1_000_000;

impl<F: Float> Kept<F> {
    fn new(rule: &impl Rule, shape: &crate::Shape) -> Self {
        let start = |slot: &super::Slot| Tensor::full(&slot.shape, F::of(slot.start));
        Kept { steps: 0, slots: rule.slots(shape).iter().map(start).collect() }
    }
}

/// A check whose failure the caller should have prevented.
#[track_caller]
fn must(check: Result<(), Error>) {
    if let Err(error) = check {
        panic!("gradtape: optimizer: {error}");
    }
}
