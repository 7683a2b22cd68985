//! How weights start.

use super::{ParamId, Params};
use crate::{Float, Shape, Tensor, random::Rng};
use std::f64::consts::SQRT_2;

/// What starting weights are, or are drawn from. PyTorch's names: Xavier is Glorot, Kaiming is He.
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
    /// This number everywhere.
    Constant(f64),
    /// Uniform on [−bound, bound).
    Uniform(f64),
    /// Normal around 0 with this standard deviation.
    Normal(f64),
    /// As normal, of what lies within bounds.
    TruncatedNormal {
        /// The mean of the normal distribution; PyTorch's default is 0.
        mean: f64,
        /// The standard deviation of the normal distribution; PyTorch's default is 1.
        std: f64,
        /// The least; PyTorch's default is −2.
        low: f64,
        /// The greatest; PyTorch's default is 2.
        high: f64,
    },
    /// Uniform within ±√(6 / (fan_in + fan_out)): Keras' default (Glorot, Bengio: Understanding
    /// the Difficulty of Training Deep Feedforward Neural Networks, 2010).
    GlorotUniform,
    /// Normal with variance 2 / (fan_in + fan_out).
    GlorotNormal,
    /// Uniform within ±√(6 / fan_in), for relu (He et al.: Delving Deep into Rectifiers, 2015).
    HeUniform,
    /// Normal with variance 2 / fan_in.
    HeNormal,
    /// Uniform within ±√(3 / fan_in) (LeCun et al.: Efficient BackProp, 1998).
    LecunUniform,
    /// Normal with variance 1 / fan_in.
    LecunNormal,
    /// What the six above are made of, for any nonlinearity: variance gain² / fan.
    Scaled {
        /// See [`gain`].
        gain: f64,
        /// What is counted.
        fan: Fan,
        /// Whether it is normal; else uniform.
        normal: bool,
    },
    /// Orthogonal rows or columns, whichever are fewer, of length `gain`, of the weight as
    /// `[out, rest]` (Saxe et al.: Exact Solutions to the Nonlinear Dynamics of Learning, 2014).
    Orthogonal(f64),
    /// 1 where both places of a matrix are the same, else 0.
    Eye,
    /// A convolution, of kernels with a middle, that passes its input on: 1 in the middle from each
    /// channel to the same one of its group; PyTorch's default is one group.
    Dirac {
        /// Of the channels that go out; each goes through the channels that come in anew.
        groups: usize,
    },
}

/// How many numbers of its surroundings a unit is scaled by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fan {
    /// Those that enter it, so that values keep their size.
    In,
    /// Those it goes to, so that gradients keep theirs.
    Out,
    /// The mean of both.
    Average,
}

/// What comes after a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nonlinearity {
    /// Nothing, or sigmoid.
    Linear,
    /// Tanh.
    Tanh,
    /// Relu.
    Relu,
    /// Leaky relu, with this slope.
    LeakyRelu(f64),
    /// Selu.
    Selu,
}

/// The factor that keeps the size of values through a nonlinearity: PyTorch's `calculate_gain`.
pub fn gain(nonlinearity: Nonlinearity) -> f64 {
    match nonlinearity {
        Nonlinearity::Linear => 1.0,
        Nonlinearity::Tanh => 5.0 / 3.0,
        Nonlinearity::Relu => SQRT_2,
        Nonlinearity::LeakyRelu(slope) => (2.0 / (1.0 + slope * slope)).sqrt(),
        Nonlinearity::Selu => 0.75,
    }
}

impl Init {
    /// Uniform within ±1/√inputs, PyTorch's default of most layers.
    pub(super) fn reciprocal_root(inputs: usize) -> Self {
        Init::Uniform(if inputs == 0 { 0.0 } else { 1.0 / (inputs as f64).sqrt() })
    }

    /// A fresh tensor. `[out, in, ..]` is how fans are counted.
    ///
    /// # Panics
    /// When the shape has not the axes that [`Orthogonal`](Init::Orthogonal), [`Eye`](Init::Eye) or
    /// [`Dirac`](Init::Dirac) needs, the groups do not divide, or a number is outside its domain.
    #[track_caller]
    pub fn make<F: Float>(self, rng: &Rng, shape: &Shape) -> Tensor<F> {
        if shape.size() == 0 {
            return Tensor::zeros(shape); // no bound exists for no units
        }
        let scaled = |variance: f64, fan, normal| {
            let fan = count(fan, shape);
            if normal {
                rng.normal(shape, 0.0, (variance / fan).sqrt())
            } else {
                let bound = (3.0 * variance / fan).sqrt();
                rng.uniform(shape, -bound, bound)
            }
        };
        match self {
            Init::Zeros => Tensor::zeros(shape),
            Init::Constant(value) => Tensor::full(shape, F::of(value)),
            Init::Uniform(bound) => rng.uniform(shape, -bound, bound),
            Init::Normal(std) => rng.normal(shape, 0.0, std),
            Init::TruncatedNormal { mean, std, low, high } => truncated(rng, shape, mean, std, [low, high]),
            Init::GlorotUniform => scaled(1.0, Fan::Average, false),
            Init::GlorotNormal => scaled(1.0, Fan::Average, true),
            Init::HeUniform => scaled(2.0, Fan::In, false),
            Init::HeNormal => scaled(2.0, Fan::In, true),
            Init::LecunUniform => scaled(1.0, Fan::In, false),
            Init::LecunNormal => scaled(1.0, Fan::In, true),
            Init::Scaled { gain, fan, normal } => scaled(gain * gain, fan, normal),
            Init::Orthogonal(gain) => orthogonal(rng, shape, gain),
            Init::Eye => {
                let &[_, columns] = &shape[..] else { panic!("gradtape: eye: needs a matrix, not {shape}") };
                Tensor::from_fn(shape, |i| if i / columns == i % columns { F::ONE } else { F::ZERO })
            }
            Init::Dirac { groups } => dirac(shape, groups),
        }
    }
}

impl<F: Float> Params<F> {
    /// Adds a parameter that starts as said.
    ///
    /// # Panics
    /// When its name is taken, or the shape is none for this start.
    #[track_caller]
    pub fn start(&mut self, name: &str, init: Init, shape: impl Into<Shape>) -> ParamId {
        let value = init.make(self.rng(), &shape.into());
        self.add(name, value)
    }
}

/// How many numbers enter and leave each unit, by the way asked for.
fn count(fan: Fan, shape: &Shape) -> f64 {
    let receptive: usize = shape.iter().skip(2).product();
    let size = |axis| (shape.get(axis).copied().unwrap_or(1) * receptive) as f64;
    match fan {
        Fan::In => size(1),
        Fan::Out => size(0),
        Fan::Average => (size(1) + size(0)) / 2.0,
    }
}

/// By the inverse of the distribution function, so that no draw is thrown away.
#[track_caller]
fn truncated<F: Float>(rng: &Rng, shape: &Shape, mean: f64, std: f64, [low, high]: [f64; 2]) -> Tensor<F> {
    let fits = low < high && std > 0.0 && mean.is_finite();
    assert!(
        fits,
        "gradtape: truncated_normal: a mean, a deviation above 0 and bounds in order, not {mean}, {std}, {low} and {high}"
    );
    let scale = std * SQRT_2;
    let share = |bound: f64| Tensor::scalar((bound - mean) / scale).erf().item();
    let drawn = rng.uniform::<f64>(shape, share(low), share(high)).erfinv() * scale + mean;
    drawn.clamp(low, high).cast()
}

/// The first factor of a random matrix; the other one's diagonal is positive, which makes this one
/// uniform among all (Mezzadri: How to Generate Random Matrices from the Classical Compact Groups, 2007).
#[track_caller]
fn orthogonal<F: Float>(rng: &Rng, shape: &Shape, gain: f64) -> Tensor<F> {
    assert!(shape.rank() >= 2, "gradtape: orthogonal: needs [out, in, ..], not {shape}");
    let (rows, columns) = (shape[0], shape[1..].iter().product::<usize>());
    let (long, short) = (rows.max(columns), rows.min(columns));
    let q = rng.normal::<f64>([long, short], 0.0, 1.0).qr(false).0 * gain;
    let q = if rows < columns { q.transpose(0, 1) } else { q };
    q.reshape(shape).cast()
}

#[track_caller]
fn dirac<F: Float>(shape: &Shape, groups: usize) -> Tensor<F> {
    assert!(shape.rank() >= 3, "gradtape: dirac: needs [out, in, kernel..], not {shape}");
    let divides = groups > 0 && shape[0].is_multiple_of(groups);
    assert!(divides, "gradtape: dirac: {groups} groups do not divide the {} channels of {shape}", shape[0]);
    let taps: usize = shape[2..].iter().product();
    let middle = shape[2..].iter().fold(0, |place, &size| place * size + size / 2);
    Tensor::from_fn(shape, |i| {
        let (pair, tap) = (i / taps, i % taps);
        let (output, input) = (pair / shape[1], pair % shape[1]);
        if output % (shape[0] / groups) == input && tap == middle { F::ONE } else { F::ZERO }
    })
}
