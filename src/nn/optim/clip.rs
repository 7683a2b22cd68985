//! Gradients kept within bounds.

use crate::{
    Float,
    nn::params::{ParamGrads, ParamId},
};

impl<F: Float> ParamGrads<F> {
    /// The p-norm of all gradients together, as if they were one vector; p = 2 and infinity are
    /// the usual ones. Computed by scaling, so that no power overflows; not finite if any is not.
    ///
    /// # Panics
    /// When p is not positive.
    #[track_caller]
    pub fn norm(&self, p: f64) -> f64 {
        norm(self.slices().flatten().copied(), p)
    }

    /// Scales all gradients together so that their norm is at most `most`, and returns what it
    /// was (Pascanu, Mikolov, Bengio: On the Difficulty of Training Recurrent Neural Networks,
    /// 2013). A norm that is not finite makes all gradients so.
    ///
    /// ```
    /// use gradtape::{Tape, Tensor, random::Rng, nn::Params};
    /// let mut params = Params::<f64>::seeded(0);
    /// let w = params.add("w", Tensor::from([1.0, 1.0]));
    /// let (tape, rng) = (Tape::new(), Rng::new(0));
    /// let cx = params.train(&tape, &rng);
    /// let loss = (cx.get(w) * &tape.constant(Tensor::from([3.0, 4.0]))).sum();
    /// let mut grads = cx.backward(loss);
    /// assert_eq!(grads.clip_norm(1.0), 5.0);
    /// assert!((grads.norm(2.0) - 1.0).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// When `most` is negative or NaN.
    #[track_caller]
    pub fn clip_norm(&mut self, most: f64) -> f64 {
        self.clip_norm_p(most, 2.0)
    }

    /// As [`clip_norm`](Self::clip_norm), for the p-norm.
    ///
    /// # Panics
    /// When `most` is negative or NaN, or p is not positive.
    #[track_caller]
    pub fn clip_norm_p(&mut self, most: f64, p: f64) -> f64 {
        let norm = self.norm(p);
        let factor = shrink(most, norm);
        self.each_mut(|g| g.iter_mut().for_each(|g| *g *= F::of(factor)));
        norm
    }

    /// As [`clip_norm`](Self::clip_norm), for these parameters alone.
    ///
    /// # Panics
    /// When `most` is negative or NaN.
    #[track_caller]
    pub fn clip_norm_of(&mut self, ids: &[ParamId], most: f64) -> f64 {
        let these = ids.iter().filter_map(|&id| self.get(id));
        let norm = norm(these.flat_map(|g| g.slice()).copied(), 2.0);
        let factor = shrink(most, norm);
        for &id in ids {
            if let Some(gradient) = self.get_mut(id) {
                gradient.slice_mut().iter_mut().for_each(|g| *g *= F::of(factor));
            }
        }
        norm
    }

    /// Clamps every element to [−most, most]; NaN stays.
    ///
    /// # Panics
    /// When `most` is negative or NaN.
    #[track_caller]
    pub fn clip_value(&mut self, most: f64) {
        assert!(most >= 0.0, "gradtape: clip: a bound of at least 0, not {most}");
        let most = F::of(most);
        self.each_mut(|gradient| {
            for g in gradient {
                let below = if *g < -most { -most } else { *g };
                *g = if *g > most { most } else { below };
            }
        });
    }
}

/// The factor that brings a norm down to `most`. As in PyTorch 1e-6 is added to the norm.
#[track_caller]
fn shrink(most: f64, norm: f64) -> f64 {
    assert!(most >= 0.0, "gradtape: clip: a norm of at least 0, not {most}");
    let factor = most / (norm + 1e-6);
    if norm.is_finite() { factor.min(1.0) } else { f64::NAN }
}

#[track_caller]
fn norm<F: Float>(x: impl Iterator<Item = F> + Clone, p: f64) -> f64 {
    assert!(p > 0.0, "gradtape: norm: a positive p, not {p}");
    let sizes = x.map(|v| v.to_f64().abs());
    // `f64::max` would lose a NaN.
    let top = sizes.clone().fold(0.0, |top: f64, v| if v > top || v.is_nan() { v } else { top });
    if top == 0.0 || !top.is_finite() || p == f64::INFINITY {
        return top;
    }
    let sum: f64 = if p == 2.0 {
        sizes.map(|v| (v / top) * (v / top)).sum()
    } else {
        sizes.map(|v| (v / top).powf(p)).sum()
    };
    top * sum.powf(1.0 / p)
}
