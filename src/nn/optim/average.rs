//! Averages of weights over training.

use crate::{Error, Float, Tensor, kernels::optim::follow, nn::params::Params};

/// An exponential moving average of all weights, which often predicts better than the last ones:
/// a = decay · a + (1 − decay) · p after each step, from the first weights on (Polyak, Juditsky,
/// 1992). Buffers are not averaged: the last values stand.
///
/// ```
/// use gradtape::nn::{Ema, Init, Linear, Params};
/// let mut params = Params::<f64>::seeded(0);
/// let layer = Linear::new(&mut params, 2, 2);
/// let mut average = Ema::new(0.9, &params)?;
/// params.get_mut(layer.weight).slice_mut().fill(1.0); // a training step
/// average.update(&params);
/// let averaged = average.applied_to(&params); // to predict with, or to save
/// assert!(averaged.get(layer.weight).slice().iter().all(|&w| w < 1.0));
/// # Ok::<(), gradtape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ema<F: Float> {
    decay: f64,
    average: Vec<Tensor<F>>,
}

impl<F: Float> Ema<F> {
    /// An average that starts at these weights.
    ///
    /// # Errors
    /// When the decay is not in [0, 1].
    pub fn new(decay: f64, params: &Params<F>) -> Result<Self, Error> {
        if !(0.0..=1.0).contains(&decay) {
            return Err(Error::config("decay of the average", "a number in [0, 1]", decay));
        }
        let average = params.ids().map(|id| params.get(id).clone()).collect();
        Ok(Ema { decay, average })
    }

    /// Takes in the weights of one more step.
    ///
    /// # Panics
    /// When `params` are not of the model that the average was started with.
    #[track_caller]
    pub fn update(&mut self, params: &Params<F>) {
        self.must_fit(params);
        let share = F::of(1.0 - self.decay);
        for (average, id) in self.average.iter_mut().zip(params.ids()) {
            if params.is_buffer(id) {
                *average = params.get(id).clone();
                continue;
            }
            let weights = params.get(id).slice();
            follow(average.slice_mut(), weights, [], move |a, p, _: &mut [F; 0]| a + share * (p - a));
        }
    }

    /// The parameters with their averages in place of their values.
    ///
    /// # Panics
    /// When `params` are not of the model that the average was started with.
    #[track_caller]
    pub fn applied_to(&self, params: &Params<F>) -> Params<F> {
        self.must_fit(params);
        let mut averaged = params.clone();
        for (id, average) in params.ids().zip(&self.average) {
            *averaged.get_mut(id) = average.clone();
        }
        averaged
    }

    /// An average of the same decay that starts at these weights.
    #[cfg(feature = "safetensors")]
    pub(in crate::nn) fn starting_at(&self, params: &Params<F>) -> Self {
        Ema { decay: self.decay, average: params.iter().map(|(_, value)| value.clone()).collect() }
    }

    /// The averages, under the names of the parameters.
    #[cfg(feature = "safetensors")]
    pub(in crate::nn) fn named<'p>(
        &'p self,
        params: &'p Params<F>,
    ) -> impl Iterator<Item = (&'p str, &'p Tensor<F>)> {
        params.iter().map(|(name, _)| name).zip(&self.average)
    }

    #[track_caller]
    fn must_fit(&self, params: &Params<F>) {
        let fits = params.ids().count() == self.average.len()
            && params.ids().zip(&self.average).all(|(id, a)| params.get(id).shape() == a.shape());
        assert!(fits, "gradtape: ema: the parameters are not those that the average was started with");
    }
}
