//! Weights and the state of training, taken from and put into named tensors and files.

use super::params::Params;
use crate::{Error, Float, Tensor};
use std::fmt;

/// How the names of given tensors are matched with those of parameters.
#[derive(Clone, Debug, Default)]
pub struct Load {
    /// Whether parameters may be left as they are, and tensors unused: no. What was left is in
    /// the [report](Loaded).
    pub partial: bool,
    /// Prefixes of the tensors' names with what stands in their place here; the first that fits
    /// is taken: none. A name that starts with none of them stays.
    pub prefixes: Vec<(String, String)>,
}

impl Load {
    /// Parameters may be left as they are, and tensors unused.
    pub fn partial() -> Self {
        Load { partial: true, ..Load::default() }
    }

    /// Names that start with `from` start with `to` here.
    pub fn prefix(mut self, from: &str, to: &str) -> Self {
        self.prefixes.push((from.to_owned(), to.to_owned()));
        self
    }

    fn here(&self, name: &str) -> String {
        let renamed =
            |(from, to): &(String, String)| Some(format!("{to}{}", name.strip_prefix(from.as_str())?));
        self.prefixes.iter().find_map(renamed).unwrap_or_else(|| name.to_owned())
    }
}

/// What loading came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Parameters that were set.
    pub set: Vec<String>,
    /// Parameters that no tensor was given for.
    pub missing: Vec<String>,
    /// Tensors that no parameter has the name of.
    pub unexpected: Vec<String>,
    /// Parameters whose tensor has another shape, with both shapes.
    pub mismatched: Vec<String>,
}

impl Loaded {
    /// Whether every parameter was set and every tensor used.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unexpected.is_empty() && self.mismatched.is_empty()
    }
}

/// What did not match, by kind.
impl fmt::Display for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} set", self.set.len())?;
        let kinds =
            [("missing", &self.missing), ("unexpected", &self.unexpected), ("mismatched", &self.mismatched)];
        for (kind, names) in kinds.into_iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "; {kind}: {}", names.join(", "))?;
        }
        Ok(())
    }
}

impl<F: Float> Params<F> {
    /// Sets parameters to the tensors of their names.
    ///
    /// ```
    /// use gradtape::{Tensor, nn::{Linear, Load, Params}};
    /// let mut params = Params::<f32>::seeded(0);
    /// let head = params.at("head", |params| Linear::new(params, 2, 1));
    /// let tensors = [
    ///     ("model.head.weight".to_owned(), Tensor::from([[3.0, 4.0]])),
    ///     ("model.head.bias".to_owned(), Tensor::from([5.0])),
    /// ];
    /// params.assign(&tensors, &Load::default().prefix("model.", ""))?;
    /// assert_eq!(params.get(head.bias.unwrap()).slice(), [5.0]);
    /// # Ok::<(), gradtape::Error>(())
    /// ```
    ///
    /// # Errors
    /// Unless [`Load::partial`], when a parameter is missing, a tensor unexpected or of another
    /// shape: all of them are named, and nothing is changed.
    pub fn assign(&mut self, tensors: &[(String, Tensor<F>)], how: &Load) -> Result<Loaded, Error> {
        let named: Vec<_> = tensors.iter().map(|(name, tensor)| (how.here(name), tensor)).collect();
        let mut loaded = Loaded::default();
        let mut values = Vec::new();
        for id in self.ids() {
            let name = self.name(id).to_owned();
            match named.iter().find(|(other, _)| *other == name) {
                None => loaded.missing.push(name),
                Some((_, tensor)) if tensor.shape() != self.get(id).shape() => {
                    let (here, there) = (self.get(id).shape(), tensor.shape());
                    loaded.mismatched.push(format!("{name} is {here}, given {there}"));
                }
                Some((_, tensor)) => {
                    values.push((id, (*tensor).clone()));
                    loaded.set.push(name);
                }
            }
        }
        let strangers = named.iter().filter(|(name, _)| self.find(name).is_none());
        loaded.unexpected.extend(strangers.map(|(name, _)| name.clone()));
        if !how.partial && !loaded.is_complete() {
            return Err(Error::data("the given weights", "a tensor for each parameter and no other", loaded));
        }
        for (id, value) in values {
            *self.get_mut(id) = value;
        }
        Ok(loaded)
    }
}

#[cfg(feature = "safetensors")]
mod files {
    use super::*;
    use crate::{
        io::safetensors::{self, Part},
        nn::{Loss, Module, Optimizer, Rule, Trainer, schedule::Seen, train::Clock},
    };
    use std::path::Path;

    impl<F: Float> Params<F> {
        /// Writes all parameters to a safetensors file, whole or not at all (feature
        /// `safetensors`).
        ///
        /// # Errors
        /// When the file cannot be written.
        pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
            safetensors::write(path, self.iter())
        }

        /// Sets parameters to the tensors of a safetensors file, such as PyTorch's (feature
        /// `safetensors`).
        ///
        /// # Errors
        /// When the file cannot be read, and as [`assign`](Self::assign); nothing is changed then.
        pub fn load(&mut self, path: impl AsRef<Path>, how: &Load) -> Result<Loaded, Error> {
            self.assign(&safetensors::read(path)?, how)
        }
    }

    impl<R: Rule, F: Float> Optimizer<R, F> {
        /// Writes [`state`](Self::state) to a safetensors file, whole or not at all (feature
        /// `safetensors`).
        ///
        /// # Errors
        /// When the file cannot be written.
        pub fn save(&self, params: &Params<F>, path: impl AsRef<Path>) -> Result<(), Error> {
            let state = self.state(params);
            safetensors::write(path, state.iter().map(|(name, value)| (name.as_str(), value)))
        }

        /// [Restores](Self::restore) state from a safetensors file (feature `safetensors`).
        ///
        /// # Errors
        /// When the file cannot be read, and as [`restore`](Self::restore); nothing is changed
        /// then.
        pub fn load(&mut self, params: &Params<F>, path: impl AsRef<Path>) -> Result<(), Error> {
            self.restore(params, &safetensors::read(path)?)
        }
    }

    /// The names of a checkpoint's parts.
    const MODEL: &str = "model.";
    const OPTIMIZER: &str = "optimizer.";
    const CLOCK: &str = "clock";
    const LR: &str = "lr";
    const PLATEAU: &str = "plateau";
    const STOPPING: &str = "stopping";
    const BEST: &str = "best.";
    const AVERAGE: &str = "average.";

    impl<M: Module, F: Float, R: Rule, L: Loss<F>> Trainer<M, F, R, L> {
        /// Writes parameters, the state of the optimizer and the clock of training to one
        /// safetensors file, whole or not at all (feature `safetensors`). Training that
        /// [resumes](Self::resume) from it gives the bits that training without a pause would have
        /// given.
        ///
        /// # Errors
        /// When the file cannot be written.
        pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
            let mut parts = Vec::new();
            for (name, value) in self.params.iter() {
                parts.push(Part::new(format!("{MODEL}{name}"), value));
            }
            for (name, value) in self.optimizer.state(&self.params) {
                parts.push(Part::new(format!("{OPTIMIZER}{name}"), &value));
            }
            let Clock { steps, epochs, drawn } = self.clock;
            let clock = [steps, epochs, drawn].map(|count| count as f64);
            parts.push(Part::new(CLOCK.to_owned(), &Tensor::from(clock)));
            let lrs = self.optimizer.lrs();
            parts.push(Part::new(LR.to_owned(), &Tensor::<f64>::new(lrs.clone(), [lrs.len()])));
            if let Some(plateau) = &self.plateau {
                parts.push(Part::new(PLATEAU.to_owned(), &Tensor::from(plateau.seen.to_numbers())));
            }
            if let Some(watch) = &self.stopping {
                parts.push(Part::new(STOPPING.to_owned(), &Tensor::from(watch.to_numbers())));
                let best = watch.kept.iter().flat_map(Params::iter);
                parts.extend(best.map(|(name, value)| Part::new(format!("{BEST}{name}"), value)));
            }
            if let Some(average) = &self.ema {
                let named = average.named(&self.params);
                parts.extend(named.map(|(name, value)| Part::new(format!("{AVERAGE}{name}"), value)));
            }
            safetensors::write_parts(path.as_ref(), &parts)
        }

        /// Takes back what [`save`](Self::save) wrote, into a trainer made in the same way
        /// (feature `safetensors`).
        ///
        /// # Errors
        /// When the file cannot be read or does not fit; nothing is changed then.
        pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
            let path = path.as_ref();
            let all = safetensors::read::<F>(path)?;
            let part = |prefix: &str| -> Vec<(String, Tensor<F>)> {
                let strip = |(name, value): &(String, Tensor<F>)| {
                    Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))
                };
                all.iter().filter_map(strip).collect()
            };
            let filled = |named: Vec<(String, Tensor<F>)>| {
                let mut params = self.params.clone();
                params.assign(&named, &Load::default()).map(|_| params)
            };
            let exact = safetensors::read::<f64>(path)?;
            let numbers = |name: &str, count: usize| {
                let found = exact.iter().find(|(other, _)| other == name).map(|(_, value)| value.slice());
                found.filter(|numbers| numbers.len() == count).ok_or_else(|| {
                    let found = found.map_or("nothing".to_owned(), |numbers| numbers.len().to_string());
                    Error::data(format!("checkpoint: `{name}`"), format!("{count} numbers"), found)
                })
            };
            let clock = numbers(CLOCK, 3)?;
            let lrs = numbers(LR, self.optimizer.lrs().len())?;
            let seen = match &self.plateau {
                Some(_) => Some(Seen::from_numbers(numbers(PLATEAU, 3)?.try_into().expect("three"))),
                None => None,
            };
            let watched = match &self.stopping {
                Some(_) => Some(numbers(STOPPING, 2)?.try_into().expect("two")),
                None => None,
            };
            let best = Some(part(BEST)).filter(|best| !best.is_empty()).map(filled).transpose()?;
            let average = match &self.ema {
                Some(average) => Some(average.starting_at(&filled(part(AVERAGE))?)),
                None => None,
            };
            let params = filled(part(MODEL))?;
            self.optimizer.restore(&params, &part(OPTIMIZER))?;
            self.params = params;
            self.ema = average;
            if let (Some(watch), Some(numbers)) = (&mut self.stopping, watched) {
                watch.set_numbers(numbers);
                watch.kept = best;
            }
            self.clock = Clock { steps: clock[0] as u64, epochs: clock[1] as u64, drawn: clock[2] as u64 };
            self.optimizer.set_lrs(lrs);
            if let (Some(plateau), Some(seen)) = (&mut self.plateau, seen) {
                plateau.seen = seen;
            }
            Ok(())
        }
    }
}
