//! The training loop.

use super::{
    dataset::{Batches, Dataset},
    early_stopping::{EarlyStopping, Watch},
    loss::Loss,
    metrics::{Metric, Running, running},
    module::Module,
    optim::{Ema, Optimizer, Rule},
    params::Params,
    progress::Progress,
    schedule::{Plateau, Schedule},
};
use crate::{Error, Float, Tape, Tensor, random::Rng};
use std::{fmt, time::Instant};

/// How to [`fit`](Trainer::fit). The defaults are Keras'.
#[derive(Clone, Debug)]
pub struct Fit {
    /// Passes over the data: 1.
    pub epochs: usize,
    /// Samples per step: 32.
    pub batch: usize,
    /// Of the order of samples and of dropout: 0.
    pub seed: u64,
    /// The share of the data, at its end, that is held back to validate on: 0.
    pub validation_split: f64,
    /// Whether a bar shows on a terminal (feature `progress`): yes.
    pub progress: bool,
}

impl Default for Fit {
    fn default() -> Self {
        Fit { epochs: 1, batch: 32, seed: 0, validation_split: 0.0, progress: true }
    }
}

/// A model with everything that trains it.
///
/// `examples/mnist.rs` shows it at work; [the module](super) has a small example.
pub struct Trainer<M, F: Float, R, L: Loss<F>> {
    /// The model.
    pub model: M,
    /// Its parameters.
    pub params: Params<F>,
    /// What changes them.
    pub optimizer: Optimizer<R, F>,
    /// The average of the parameters over the steps, if there is [one](Self::ema).
    pub ema: Option<Ema<F>>,
    loss: L,
    metrics: Vec<(&'static str, Box<dyn Running<F, L::Target>>)>,
    schedule: Option<(Every, Box<dyn Schedule>)>,
    pub(super) plateau: Option<Plateau>,
    pub(super) stopping: Option<Watch<F>>,
    monitor: Option<&'static str>,
    clip_norm: Option<f64>,
    pub(super) clock: Clock,
    #[cfg(feature = "safetensors")]
    checkpoints: Option<std::path::PathBuf>,
    on_epoch: Option<Box<dyn FnMut(&Epoch) + Send>>,
}

/// How far training has come, over all calls of [`fit`](Trainer::fit).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    pub(super) steps: u64,
    pub(super) epochs: u64,
    /// How much the generator of dropout and its like has drawn.
    pub(super) drawn: u64,
}

/// When a schedule's clock goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// With every step.
    Step,
    /// With every epoch.
    Epoch,
}

/// The loss over some data, and the metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The mean over all samples.
    pub loss: f64,
    /// Each metric's name and number, in the order they were asked for.
    pub metrics: Vec<(&'static str, f64)>,
}

impl Evaluation {
    /// The number of the metric of this name, if there is one.
    pub fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

/// What came of one pass over the data.
#[derive(Clone, Debug)]
pub struct Epoch {
    /// Counted from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// Over the samples as they were trained on, with dropout, while the weights were changing.
    pub training: Evaluation,
    /// Over the samples held back.
    pub validation: Option<Evaluation>,
    /// Seconds that training took.
    pub seconds: f64,
}

/// What the batches so far came to.
struct Totals<F: Float, T> {
    samples: usize,
    /// Weighted by the batches' sizes.
    loss: f64,
    metrics: Vec<(&'static str, Box<dyn Running<F, T>>)>,
}

impl<F: Float, T> Totals<F, T> {
    fn add(&mut self, rows: usize, loss: f64, output: &Tensor<F>, target: &T) {
        self.samples += rows;
        self.loss += loss * rows as f64;
        self.metrics.iter_mut().for_each(|(_, metric)| metric.update(output, target));
    }

    fn evaluation(&self) -> Evaluation {
        Evaluation {
            loss: self.loss / self.samples as f64,
            metrics: self.metrics.iter().map(|(name, metric)| (*name, metric.compute())).collect(),
        }
    }
}

impl<M: Module, F: Float, R: Rule, L: Loss<F>> Trainer<M, F, R, L> {
    /// A model, its parameters, the rule that changes them, and what they should make small. For
    /// parameters with options of their own change [`optimizer`](Self::optimizer).
    pub fn new(model: M, params: Params<F>, rule: R, loss: L) -> Self {
        let optimizer = Optimizer::new(rule);
        Trainer {
            model,
            params,
            optimizer,
            ema: None,
            loss,
            metrics: Vec::new(),
            schedule: None,
            plateau: None,
            stopping: None,
            monitor: None,
            clip_norm: None,
            clock: Clock::default(),
            #[cfg(feature = "safetensors")]
            checkpoints: None,
            on_epoch: None,
        }
    }

    /// Also measures a [`Metric`], such as [`accuracy`](super::accuracy), besides those asked for before.
    pub fn metric(
        mut self,
        name: &'static str,
        metric: impl Metric<F, L::Target> + Send + Sync + 'static,
    ) -> Self {
        self.metrics.push((name, running(metric)));
        self
    }

    /// Lets the learning rate follow a schedule. Its clock runs on over several calls of
    /// [`fit`](Self::fit).
    pub fn schedule(mut self, every: Every, schedule: impl Schedule + 'static) -> Self {
        self.schedule = Some((every, Box::new(schedule)));
        self
    }

    /// Lets the learning rate, or with a schedule the one that it starts from, fall when what is
    /// [watched](Self::monitor) has not become better for a while.
    pub fn plateau(mut self, plateau: Plateau) -> Self {
        self.plateau = Some(plateau);
        self
    }

    /// Ends [`fit`](Self::fit) when what is [watched](Self::monitor) has not become better for a while.
    pub fn early_stopping(mut self, rule: EarlyStopping) -> Self {
        self.stopping = Some(Watch::new(rule));
        self
    }

    /// What a plateau and early stopping watch: a metric of this name in place of the loss, on the validation
    /// data or, without any, on the training data. Their `mode` says which way it becomes better.
    pub fn monitor(mut self, metric: &'static str) -> Self {
        self.monitor = Some(metric);
        self
    }

    /// Also keeps an [average](Ema) of the parameters, which takes in each step. To predict with it:
    /// `trainer.params = trainer.ema.as_ref().unwrap().applied_to(&trainer.params)`.
    ///
    /// # Errors
    /// When the decay is not in [0, 1].
    pub fn ema(mut self, decay: f64) -> Result<Self, Error> {
        self.ema = Some(Ema::new(decay, &self.params)?);
        Ok(self)
    }

    /// Clips the norm of all gradients together: [`ParamGrads::clip_norm`](super::ParamGrads).
    pub fn clip_norm(mut self, most: f64) -> Self {
        self.clip_norm = Some(most);
        self
    }

    /// [Saves](Self::save) everything after each epoch, so that training can be interrupted and
    /// [resumed](Self::resume) (feature `safetensors`).
    #[cfg(feature = "safetensors")]
    pub fn checkpoints(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.checkpoints = Some(path.into());
        self
    }

    /// Calls `report` after each epoch.
    pub fn on_epoch(mut self, report: impl FnMut(&Epoch) + Send + 'static) -> Self {
        self.on_epoch = Some(Box::new(report));
        self
    }

    /// Trains, and says what came of each epoch. The same seed gives the same bits, at any number
    /// of threads.
    ///
    /// # Errors
    /// When an option is outside its domain, the data does not fit the model's output, nothing
    /// trainable takes part in the loss, or the loss or, after an epoch, a parameter is not a finite
    /// number. Steps that were made before are not undone.
    pub fn fit<D>(&mut self, data: &D, fit: Fit) -> Result<Vec<Epoch>, Error>
    where
        D: Dataset<Elem = F, Target = L::Target>,
    {
        let training = self.check(data, &fit)?;
        self.train(data, training, (data, (training..data.len()).collect()), fit)
    }

    /// As [`fit`](Self::fit), and validates on other data.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); also when there is a validation split besides.
    pub fn fit_validated<D, V>(&mut self, data: &D, validation: &V, fit: Fit) -> Result<Vec<Epoch>, Error>
    where
        D: Dataset<Elem = F, Target = L::Target>,
        V: Dataset<Elem = F, Target = L::Target>,
    {
        let training = self.check(data, &fit)?;
        if validation.is_empty() {
            return Err(Error::data("validation data", "at least one sample", 0));
        }
        if fit.validation_split > 0.0 {
            return Err(Error::config("validation split", "0 besides validation data", fit.validation_split));
        }
        self.train(data, training, (validation, (0..validation.len()).collect()), fit)
    }

    /// Trains on the first `training` samples of data, and validates on some of other data.
    fn train<D, V>(
        &mut self,
        data: &D,
        training: usize,
        validation: (&V, Vec<usize>),
        fit: Fit,
    ) -> Result<Vec<Epoch>, Error>
    where
        D: Dataset<Elem = F, Target = L::Target>,
        V: Dataset<Elem = F, Target = L::Target>,
    {
        // On the pool: its threads share work sooner than it can be handed to them from elsewhere.
        rayon_core::scope(|_| self.run(data, training, validation, fit))
    }

    fn run<D, V>(
        &mut self,
        data: &D,
        training: usize,
        (other, held_back): (&V, Vec<usize>),
        fit: Fit,
    ) -> Result<Vec<Epoch>, Error>
    where
        D: Dataset<Elem = F, Target = L::Target>,
        V: Dataset<Elem = F, Target = L::Target>,
    {
        let rng = Rng::resume(fit.seed, self.clock.drawn);
        let mut tape = Tape::new();
        let mut history = Vec::with_capacity(fit.epochs);
        for number in 1..=fit.epochs {
            let start = Instant::now();
            // Streams of their own: the order of an epoch must not depend on how much was drawn.
            let stream = self.clock.epochs + 1;
            let order_seed = fit.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(stream);
            let batches = Batches::new(data, (0..training).collect(), fit.batch, Some(order_seed));
            let bar = Progress::new(fit.progress, number, fit.epochs, training.div_ceil(fit.batch));
            let mut totals = self.totals();
            let mut result = Ok(());
            ahead(batches, |step, (x, target)| {
                result = self.step(&mut tape, &rng, x, &target, &mut totals);
                bar.tick(step, || totals.evaluation().to_string());
                result.is_ok()
            });
            bar.done();
            result.and_then(|()| self.finite()).map_err(|error| at_epoch(error, number))?;
            let seconds = start.elapsed().as_secs_f64();
            let validation =
                if held_back.is_empty() { None } else { Some(self.measure(other, held_back.clone())?) };
            let training = totals.evaluation();
            let epoch = Epoch { number, of: fit.epochs, training, validation, seconds };
            if let Some(report) = &mut self.on_epoch {
                report(&epoch);
            }
            let watched = epoch.validation.as_ref().unwrap_or(&epoch.training);
            let watched = match self.monitor {
                Some(name) => watched.metric(name).expect("checked before"),
                None => watched.loss,
            };
            if let Some(plateau) = &mut self.plateau
                && plateau.observe(watched)
            {
                self.optimizer.lower(plateau);
            }
            let ends = self.stopping.as_mut().is_some_and(|watch| watch.observe(watched, &self.params));
            self.clock.epochs += 1;
            self.clock.drawn = rng.drawn();
            #[cfg(feature = "safetensors")]
            if let Some(path) = &self.checkpoints {
                self.save(path)?;
            }
            history.push(epoch);
            if ends {
                break;
            }
        }
        if let Some(best) = self.stopping.as_ref().and_then(|watch| watch.kept.as_ref()) {
            self.params = best.clone();
        }
        Ok(history)
    }

    /// How many epochs it has trained for, over all calls of [`fit`](Self::fit) and before it was
    /// resumed.
    pub fn epochs(&self) -> u64 {
        self.clock.epochs
    }

    /// One step on one batch.
    fn step(
        &mut self,
        tape: &mut Tape<F>,
        rng: &Rng,
        x: Tensor<F>,
        target: &L::Target,
        totals: &mut Totals<F, L::Target>,
    ) -> Result<(), Error> {
        let rows = x.shape()[0];
        if let Some((every, schedule)) = &self.schedule {
            let t = if *every == Every::Step { self.clock.steps } else { self.clock.epochs };
            self.optimizer.schedule(&**schedule, t);
            self.optimizer.rules().iter().try_for_each(Rule::check)?;
        }
        let mut grads = {
            let cx = self.params.train(tape, rng);
            let output = self.model.forward(&cx, tape.constant(x));
            self.loss.check(output.tensor(), target)?;
            let loss = self.loss.loss(&output, target);
            let value = loss.item().to_f64();
            if !value.is_finite() {
                let expected = "a finite number (a smaller learning rate, or data without NaN)";
                return Err(Error::data("the training loss", expected, value));
            }
            if loss.is_constant() {
                return Err(Error::data("the training loss", "a trainable parameter in it", "none"));
            }
            totals.add(rows, value, output.tensor(), target);
            drop(output);
            cx.backward(loss)
        };
        tape.reset(); // lets go of the weights, so that the step is in place
        if let Some(most) = self.clip_norm {
            grads.clip_norm(most);
        }
        self.optimizer.step(&mut self.params, &grads);
        if let Some(average) = &mut self.ema {
            average.update(&self.params);
        }
        self.clock.steps += 1;
        Ok(())
    }

    /// Refuses what an infinite gradient has made of a parameter: the loss shows it only in the next
    /// step, and after the last there is none.
    fn finite(&self) -> Result<(), Error> {
        for (name, value) in self.params.iter() {
            if let Some(found) = value.slice().iter().find(|v| !v.is_finite()) {
                return Err(Error::data(format!("parameter {name}"), "finite numbers", found));
            }
        }
        Ok(())
    }

    /// The loss and the metrics over data, without dropout.
    ///
    /// # Errors
    /// When there is none, or it does not fit the model's output.
    pub fn evaluate<D>(&self, data: &D) -> Result<Evaluation, Error>
    where
        D: Dataset<Elem = F, Target = L::Target>,
    {
        if data.is_empty() {
            return Err(Error::data("evaluation data", "at least one sample", 0));
        }
        self.measure(data, (0..data.len()).collect())
    }

    fn measure<D>(&self, data: &D, rows: Vec<usize>) -> Result<Evaluation, Error>
    where
        D: Dataset<Elem = F, Target = L::Target>,
    {
        /// Enough for products to be fast, little enough to stay in cache.
        const BATCH: usize = 256;
        let cx = self.params.eval();
        let mut totals = self.totals();
        for (x, target) in Batches::new(data, rows, BATCH, None) {
            let rows = x.shape()[0];
            let output = self.model.forward(&cx, x);
            self.loss.check(&output, &target)?;
            totals.add(rows, self.loss.loss(&output, &target).item().to_f64(), &output, &target);
        }
        Ok(totals.evaluation())
    }

    /// The model's output for inputs, without dropout.
    pub fn predict(&self, x: Tensor<F>) -> Tensor<F> {
        self.model.forward(&self.params.eval(), x)
    }

    /// What no batch has come to yet.
    fn totals(&self) -> Totals<F, L::Target> {
        let metrics = self.metrics.iter().map(|(name, metric)| (*name, metric.fresh())).collect();
        Totals { samples: 0, loss: 0.0, metrics }
    }

    /// The number of samples to train on, when all options are in their domains.
    fn check<D: Dataset>(&self, data: &D, fit: &Fit) -> Result<usize, Error> {
        self.optimizer.check(&self.params)?;
        if let Some((_, schedule)) = &self.schedule {
            schedule.check()?;
        }
        if let Some(plateau) = &self.plateau {
            plateau.check()?;
        }
        if let Some(watch) = &self.stopping {
            watch.rule.check()?;
        }
        if let Some(name) = self.monitor.filter(|name| self.metrics.iter().all(|(other, _)| other != name)) {
            let names: Vec<_> = self.metrics.iter().map(|(name, _)| *name).collect();
            return Err(Error::config("monitor", format!("one of the metrics {names:?}"), name));
        }
        if let Some(most) = self.clip_norm.filter(|most| *most < 0.0 || most.is_nan()) {
            return Err(Error::config("norm to clip to", "a number of at least 0", most));
        }
        if fit.batch == 0 {
            return Err(Error::config("batch size", "at least 1", 0));
        }
        if !(0.0..1.0).contains(&fit.validation_split) {
            return Err(Error::config("validation split", "a share in [0, 1)", fit.validation_split));
        }
        let training = data.len() - (data.len() as f64 * fit.validation_split) as usize;
        if training == 0 {
            return Err(Error::data("training data", "at least one sample", 0));
        }
        Ok(training)
    }
}

fn at_epoch(error: Error, number: usize) -> Error {
    match error {
        Error::Data { what, expected, found } => {
            Error::Data { what: format!("{what}, in epoch {number}"), expected, found }
        }
        other => other,
    }
}

/// Runs `step(i, item)` over items, the next one being made on another thread meanwhile, until it
/// says stop.
fn ahead<T: Send>(mut items: impl Iterator<Item = T> + Send, mut step: impl FnMut(usize, T) -> bool) {
    let alone = rayon_core::current_num_threads() == 1;
    let mut next = items.next();
    for i in 1.. {
        let Some(item) = next.take() else { return };
        let goes_on = if alone {
            let goes_on = step(i, item);
            next = items.next();
            goes_on
        } else {
            rayon_core::in_place_scope(|scope| {
                scope.spawn(|_| next = items.next());
                step(i, item)
            })
        };
        if !goes_on {
            return;
        }
    }
}

impl<M: fmt::Debug, F: Float, R: fmt::Debug, L: Loss<F> + fmt::Debug> fmt::Debug for Trainer<M, F, R, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Trainer");
        f.field("model", &self.model).field("params", &self.params);
        f.field("loss", &self.loss).finish_non_exhaustive()
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loss {:.4}", self.loss)?;
        self.metrics.iter().try_for_each(|(name, value)| write!(f, "  {name} {value:.4}"))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}/{}  {}", self.number, self.of, self.training)?;
        if let Some(validation) = &self.validation {
            write!(f, "  validation {validation}")?;
        }
        write!(f, "  {:.2} s", self.seconds)
    }
}
