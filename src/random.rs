//! Seeded randomness that is the same at any number of threads.
#![forbid(unsafe_code)]

use crate::{Float, Shape, Tensor, kernels::random};
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
    pub fn uniform<F: Float>(&self, shape: impl Into<Shape>, low: f64, high: f64) -> Tensor<F> {
        Tensor::filled(shape.into(), |out| {
            // 24 bits: exact in f32, so that rounding never reaches `high` from below by itself.
            random::fill(self.key, self.stream(), out, |word| {
                F::of(low + (high - low) * (f64::from(word >> 8) / f64::from(1u32 << 24)))
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
            random::fill(self.key, self.stream(), out, |word| if word < threshold { F::ZERO } else { keep });
        })
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
