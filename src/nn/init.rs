//! How weights start.

use crate::{Float, Shape, Tensor, random::Rng};

/// A distribution that starting weights are drawn from.
///
/// ```
/// use gradtape::{nn::Init, random::Rng, Shape};
/// let w = Init::GlorotUniform.make::<f32>(&Rng::new(1), &Shape::from([10, 20]));
/// assert!(w.slice().iter().all(|v| v.abs() <= (6.0f32 / 30.0).sqrt()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// 0 everywhere.
    Zeros,
    /// Uniform on [−bound, bound).
    Uniform(f64),
    /// Uniform within ±√(6 / (fan_in + fan_out)): Keras' default (Glorot, Bengio: Understanding
    /// the Difficulty of Training Deep Feedforward Neural Networks, 2010).
    GlorotUniform,
    /// Uniform within ±√(6 / fan_in), for relu (He et al.: Delving Deep into Rectifiers, 2015).
    HeUniform,
}

impl Init {
    /// A fresh tensor. `[out, in, ..]` is how fans are counted.
    pub fn make<F: Float>(self, rng: &Rng, shape: &Shape) -> Tensor<F> {
        if shape.size() == 0 {
            return Tensor::zeros(shape); // no bound exists for no units
        }
        let (fan_in, fan_out) = fans(shape);
        let bound = match self {
            Init::Zeros => return Tensor::zeros(shape),
            Init::Uniform(bound) => bound,
            Init::GlorotUniform => (6.0 / (fan_in + fan_out)).sqrt(),
            Init::HeUniform => (6.0 / fan_in).sqrt(),
        };
        rng.uniform(shape, -bound, bound)
    }
}

/// How many numbers enter and leave each unit.
fn fans(shape: &Shape) -> (f64, f64) {
    let receptive: usize = shape.iter().skip(2).product();
    let size = |axis| shape.get(axis).copied().unwrap_or(1) * receptive;
    (size(1) as f64, size(0) as f64)
}
