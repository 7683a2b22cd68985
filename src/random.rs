//! Seeded randomness that is the same at any number of threads.
#![forbid(unsafe_code)]

use crate::{
    Float, Interp, Shape, Tensor, Value,
    kernels::{map, random},
    ops::Indices,
};
use std::{cell::Cell, convert::Infallible};

/// A counter-based generator: a key and a count of what was drawn, so that drawing needs no `&mut`
/// and every block of numbers is computed from its place alone (Philox 4×32-10).
///
/// It is a generator for the crate `rand`, too:
///
/// ```
/// use gradtape::random::Rng;
/// use rand::seq::SliceRandom;
/// let mut order = [0, 1, 2, 3];
/// order.shuffle(&mut Rng::new(7));
/// let mut again = [0, 1, 2, 3];
/// again.shuffle(&mut Rng::new(7));
/// assert_eq!(order, again);
/// ```
#[derive(Clone, Debug)]
pub struct Rng {
    key: u64,
    drawn: Cell<u64>,
}

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        Rng { key: seed, drawn: Cell::new(0) }
    }

    /// The generator that continues where one with `drawn` draws stood.
    pub fn resume(seed: u64, drawn: u64) -> Self {
        Rng { key: seed, drawn: Cell::new(drawn) }
    }

    /// How much was drawn: with the seed, the whole state.
    pub fn drawn(&self) -> u64 {
        self.drawn.get()
    }

    /// Goes on where a clone of this generator stands.
    pub(crate) fn go_on_from(&self, clone: &Rng) {
        self.drawn.set(clone.drawn.get());
    }

    /// A new stream of numbers.
    fn stream(&self) -> u64 {
        let stream = self.drawn.get();
        self.drawn.set(stream + 1);
        stream
    }

    /// Uniform on [low, high).
    ///
    /// ```
    /// use gradtape::random::Rng;
    /// let x = Rng::new(1).uniform::<f64>([1000], -1.0, 1.0);
    /// assert!(x.slice().iter().all(|v| (-1.0..1.0).contains(v)));
    /// ```
    ///
    /// # Panics
    /// When the bounds are not finite or not in order.
    #[track_caller]
    pub fn uniform<F: Float>(&self, shape: impl Into<Shape>, low: f64, high: f64) -> Tensor<F> {
        let ordered = low <= high && (high - low).is_finite();
        assert!(ordered, "gradtape: uniform: finite bounds in order, not {low} and {high}");
        Tensor::filled(shape.into(), |out| {
            // 24 bits: exact in f32, so that rounding never reaches `high` from below by itself.
            random::fill(self.key, self.stream(), out, move |word| {
                F::of(low + (high - low) * (f64::from(word >> 8) / f64::from(1u32 << 24)))
            });
        })
    }

    /// Normal with this mean and standard deviation (Box and Muller: A Note on the Generation of
    /// Random Normal Deviates, 1958). No value lies beyond 6.7 standard deviations.
    ///
    /// ```
    /// use gradtape::{Tensor, random::Rng};
    /// let x: Tensor<f64> = Rng::new(1).normal([10_000], 2.0, 0.5);
    /// assert!((x.mean().item() - 2.0).abs() < 0.02);
    /// ```
    ///
    /// # Panics
    /// When the standard deviation is negative or NaN.
    #[track_caller]
    pub fn normal<F: Float>(&self, shape: impl Into<Shape>, mean: f64, std: f64) -> Tensor<F> {
        assert!(std >= 0.0, "gradtape: normal: a standard deviation of at least 0, not {std}");
        let (shape, mean, std) = (shape.into(), F::of(mean), F::of(std));
        let mut drawn = self.open_unit::<F>(&shape);
        let radius = self.open_unit::<F>(&shape);
        map::update(radius.slice(), drawn.slice_mut(), &|radius, angle| {
            map::each_update(
                radius,
                angle,
                #[inline(always)]
                move |radius, angle| {
                    let r = (F::of(-2.0) * radius.ln()).sqrt();
                    mean + std * r * (F::of(std::f64::consts::TAU) * angle).cos()
                },
            );
        });
        drawn
    }

    /// Gumbel noise −ln(−ln u): the greatest of logits with it added is a draw from their softmax
    /// (Gumbel, 1954), which [`gumbel_softmax`](crate::Value::gumbel_softmax) relaxes.
    pub fn gumbel<F: Float>(&self, shape: impl Into<Shape>) -> Tensor<F> {
        let u = self.open_unit::<f64>(&shape.into());
        Tensor::from_fn(u.shape(), |i| F::of(-(-u.slice()[i].ln()).ln()))
    }

    /// 1 with the probability at each place, else 0.
    ///
    /// # Panics
    /// When a probability is not in [0, 1].
    #[track_caller]
    pub fn bernoulli<F: Float>(&self, probabilities: &Tensor<F>) -> Tensor<F> {
        for p in probabilities.slice() {
            assert!(*p >= F::ZERO && *p <= F::ONE, "gradtape: bernoulli: a probability in [0, 1], not {p}");
        }
        let u = self.open_unit::<f64>(probabilities.shape());
        Tensor::from_fn(u.shape(), |i| {
            if u.slice()[i] < probabilities.slice()[i].to_f64() { F::ONE } else { F::ZERO }
        })
    }

    /// `count` indices for each row of weights `[k]` or `[n, k]`, drawn in proportion to the weights,
    /// which need not sum to 1; shape `[count]` or `[n, count]`. Without replacement no index is drawn
    /// twice (Efraimidis and Spirakis: Weighted Random Sampling with a Reservoir, 2006).
    ///
    /// ```
    /// use gradtape::{Tensor, random::Rng};
    /// let drawn = Rng::new(3).multinomial(&Tensor::from([0.0, 3.0, 1.0]), 2, false);
    /// assert!(drawn.slice() == [1, 2] || drawn.slice() == [2, 1]);
    /// ```
    ///
    /// # Panics
    /// When weights are negative, not finite, or all 0 in a row; or, without replacement, fewer
    /// than `count` are above 0.
    #[track_caller]
    pub fn multinomial<F: Float>(&self, weights: &Tensor<F>, count: usize, replacement: bool) -> Indices {
        let shape = weights.shape();
        let (rows, k) = match *shape.dims() {
            [k] => (1, k),
            [n, k] => (n, k),
            _ => panic!("gradtape: multinomial: needs weights [k] or [n, k], not {shape}"),
        };
        let drawn_shape = if shape.rank() == 1 { Shape::from([count]) } else { Shape::from([rows, count]) };
        let mut drawn = Vec::with_capacity(drawn_shape.size());
        for row in 0..rows {
            let weights: Vec<f64> = weights.slice()[row * k..][..k].iter().map(|w| w.to_f64()).collect();
            let fine = weights.iter().all(|&w| w >= 0.0 && w.is_finite());
            let positive = weights.iter().filter(|&&w| w > 0.0).count();
            assert!(fine && positive > 0, "gradtape: multinomial: row {row} of {shape} has no distribution");
            assert!(
                replacement || positive >= count,
                "gradtape: multinomial: {count} of {positive} weights above 0 in row {row} of {shape}"
            );
            if replacement {
                let u = self.open_unit::<f64>(&Shape::from([count]));
                drawn.extend(u.slice().iter().map(|u| pick(&weights, *u)));
            } else {
                // The waiting times of as many exponential clocks: the first to ring are drawn.
                let u = self.open_unit::<f64>(&Shape::from([k]));
                let mut clocks: Vec<(f64, usize)> = (0..k)
                    .filter(|&i| weights[i] > 0.0)
                    .map(|i| (-u.slice()[i].ln() / weights[i], i))
                    .collect();
                clocks.sort_by(|a, b| a.0.total_cmp(&b.0));
                drawn.extend(clocks[..count].iter().map(|clock| clock.1));
            }
        }
        Indices::new(drawn, drawn_shape)
    }

    /// Uniform on (0, 1): never 0, and never 1 but by rounding in single precision.
    fn open_unit<F: Float>(&self, shape: &Shape) -> Tensor<F> {
        Tensor::filled(shape.clone(), |out| {
            random::fill(self.key, self.stream(), out, move |word| {
                F::of((f64::from(word) + 0.5) / 2f64.powi(32))
            });
        })
    }

    /// `1 / (1 − p)` with probability 1 − p, else 0: what dropout multiplies with.
    ///
    /// # Panics
    /// When p is not in [0, 1).
    #[track_caller]
    pub fn dropout_mask<F: Float>(&self, shape: impl Into<Shape>, p: f64) -> Tensor<F> {
        assert!((0.0..1.0).contains(&p), "gradtape: dropout: a probability in [0, 1), not {p}");
        let (threshold, keep) = ((p * f64::from(u32::MAX)) as u32, F::of(1.0 / (1.0 - p)));
        Tensor::filled(shape.into(), |out| {
            random::fill(
                self.key,
                self.stream(),
                out,
                move |word| if word < threshold { F::ZERO } else { keep },
            );
        })
    }
}

/// The place where the running sum of weights passes the fraction `u` of their total.
fn pick(weights: &[f64], u: f64) -> usize {
    // In shares of the greatest, so that no sum overflows.
    let top = weights.iter().copied().fold(0.0, f64::max);
    let mut rest = u * weights.iter().map(|w| w / top).sum::<f64>();
    let passed = weights.iter().position(|w| {
        rest -= w / top;
        rest < 0.0
    });
    // Rounding may leave a remainder after the last.
    passed.unwrap_or_else(|| weights.iter().rposition(|&w| w > 0.0).expect("a weight above 0"))
}

impl<I: Interp> Value<I> {
    /// softmax((x + g)/τ) along an axis, g being Gumbel noise: a draw from the softmax of x, relaxed so
    /// that it has a gradient (Jang, Gu, Poole: Categorical Reparameterization with Gumbel-Softmax,
    /// 2017). The lower the temperature τ, the closer to one-hot.
    ///
    /// With `hard` the result is one-hot, at the greatest, and has the gradient of the relaxed draw: straight
    /// through (Bengio, Léonard, Courville: Estimating or Propagating Gradients Through Stochastic Neurons,
    /// 2013). PyTorch's defaults are τ = 1, not hard, the last axis.
    ///
    /// # Panics
    /// When the axis is out of range or τ is not above 0.
    #[track_caller]
    pub fn gumbel_softmax(&self, rng: &Rng, tau: f64, hard: bool, axis: isize) -> Self {
        assert!(tau > 0.0, "gradtape: gumbel_softmax: a temperature above 0, not {tau}");
        let noise = self.lift(rng.gumbel(self.shape()));
        let soft = ((self + noise) / tau).softmax(axis);
        if !hard || soft.shape().size() == 0 {
            return soft;
        }
        let drawn = soft.tensor();
        let one_hot = Tensor::zeros(drawn.shape()).scatter_fill(axis, &drawn.argmax_dim(axis, true), 1.0);
        // Of 0 and 1, what is taken away and added again leaves nothing: the value is exact.
        let rest = self.lift(one_hot - drawn);
        soft + rest
    }
}

impl rand::TryRng for Rng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(random::philox(self.key, u128::from(self.stream()) << 64)[0])
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let [low, high, ..] = random::philox(self.key, u128::from(self.stream()) << 64);
        Ok(u64::from(high) << 32 | u64::from(low))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}
