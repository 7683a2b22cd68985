//! Adafactor.

use super::{
    not_negative,
    rule::{Rule, Slot, Step},
};
use crate::{Error, Float, Shape, kernels::optim::follow};

/// A second moment kept as one number per row and one per column, for little memory (Shazeer,
/// Stern: Adafactor, 2018, Algorithms 4 and 5). The step is relative to the size of the parameter
/// and its own size is clipped. The defaults are PyTorch's.
#[derive(Clone, Debug)]
pub struct Adafactor {
    /// The greatest relative step: 1e-2.
    pub lr: f64,
    /// The exponent of the decay of the second moment, 1 − t^decay: −0.8.
    pub beta2_decay: f64,
    /// What keeps the second moment from 0, where nothing stands for the element type's epsilon, and the
    /// least size of a parameter: nothing and 1e-3.
    pub eps: (Option<f64>, f64),
    /// What the root mean square of a step is clipped to: 1.
    pub d: f64,
    /// Decoupled weight decay: 0.
    pub weight_decay: f64,
    /// Whether to climb instead: no.
    pub maximize: bool,
}

impl Adafactor {
    /// The defaults with a greatest relative step.
    pub fn new(lr: f64) -> Self {
        Adafactor { lr, ..Self::default() }
    }
}

impl Default for Adafactor {
    fn default() -> Self {
        Adafactor {
            lr: 1e-2,
            beta2_decay: -0.8,
            eps: (None, 1e-3),
            d: 1.0,
            weight_decay: 0.0,
            maximize: false,
        }
    }
}

impl Rule for Adafactor {
    fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        if self.beta2_decay > 0.0 || self.beta2_decay.is_nan() {
            return Err(Error::config("beta2 decay", "a number of at most 0", self.beta2_decay));
        }
        not_negative("the first eps", self.eps.0.unwrap_or(0.0))?;
        not_negative("the second eps", self.eps.1)?;
        if self.d < 1.0 || self.d.is_nan() {
            return Err(Error::config("d", "a number of at least 1", self.d));
        }
        not_negative("weight decay", self.weight_decay)
    }

    fn lr_mut(&mut self) -> &mut f64 {
        &mut self.lr
    }

    fn slots(&self, shape: &Shape) -> Vec<Slot> {
        let Some((rows, cols)) = sides(shape) else { return Slot::zeros(shape, &["variance"]) };
        let size = |side: usize| shape.with_axis(side, 1).expect("smaller than the parameter");
        [("row_var", size(cols)), ("col_var", size(rows))]
            .map(|(name, shape)| Slot { name, shape, start: 0.0 })
            .into()
    }

    fn update<F: Float>(&self, step: Step<'_, F>) {
        let number = step.number as f64;
        let fresh = number.powf(self.beta2_decay);
        let eps1 = self.eps.0.unwrap_or(if F::DIGITS == 24 { f64::from(f32::EPSILON) } else { f64::EPSILON });
        let least = F::of(eps1 * eps1);
        let sign = if self.maximize { -F::ONE } else { F::ONE };
        let sides = sides(step.shape).map(|(rows, cols)| (step.shape[rows], step.shape[cols]));
        let size = step.shape.size() as f64;

        // The estimated second moment of each element, then the step itself.
        let (weights, gradient, towards) = match sides {
            None => {
                let (weights, gradient, [variance]) = step.parts();
                lerp(variance, gradient.iter().map(|&g| g * g), fresh);
                let towards = scaled(gradient, variance.iter().copied(), least);
                (weights, gradient, towards)
            }
            Some((rows, cols)) => {
                let (weights, gradient, [row, col]) = step.parts();
                let square = |i: usize| gradient[i] * gradient[i];
                let mean = |at: &mut dyn Iterator<Item = usize>, count: usize| {
                    F::of(at.map(|i| square(i).to_f64()).sum::<f64>() / count as f64)
                };
                let row_mean = |r: usize| mean(&mut (0..cols).map(|c| r * cols + c), cols);
                let col_mean = |k: usize| {
                    let (matrix, c) = (k / cols, k % cols);
                    mean(&mut (0..rows).map(|r| (matrix * rows + r) * cols + c), rows)
                };
                lerp(row, (0..row.len()).map(row_mean), fresh);
                lerp(col, (0..col.len()).map(col_mean), fresh);
                let of_matrix: Vec<F> = row
                    .chunks_exact(rows.max(1))
                    .map(|row| F::of(row.iter().map(|v| v.to_f64()).sum::<f64>() / rows as f64))
                    .map(|mean| if mean > F::of(eps1) { mean } else { F::of(eps1) })
                    .collect();
                let (row, col) = (&*row, &*col);
                let variance = (0..gradient.len()).map(|i| {
                    let (r, matrix) = (i / cols, i / (rows * cols));
                    row[r] * col[matrix * cols + i % cols] / of_matrix[matrix]
                });
                let towards = scaled(gradient, variance, least);
                (weights, gradient, towards)
            }
        };
        let root_mean_square =
            |x: &[F]| (x.iter().map(|v| v.to_f64() * v.to_f64()).sum::<f64>() / size).sqrt();
        let relative = self.lr.min(1.0 / number.sqrt());
        let length = self.eps.1.max(root_mean_square(weights)) * relative;
        let clipped = length / (root_mean_square(&towards) / self.d).max(1.0);
        let (lr, shrink) = (sign * F::of(clipped), F::of(1.0 - self.lr * self.weight_decay));
        debug_assert_eq!(towards.len(), gradient.len());
        follow(weights, &towards, [], move |p, d, _: &mut [F; 0]| p * shrink - lr * d);
    }
}

/// The last two axes, if there are two.
fn sides(shape: &Shape) -> Option<(usize, usize)> {
    let cols = shape.rank().checked_sub(1)?;
    Some((cols.checked_sub(1)?, cols))
}

/// Each element moved a share of the way to a new one.
fn lerp<F: Float>(kept: &mut [F], new: impl Iterator<Item = F>, share: f64) {
    for (kept, new) in kept.iter_mut().zip(new) {
        *kept = *kept + F::of(share) * (new - *kept);
    }
}

/// The gradient over the root of its second moment, which is at least `least`.
fn scaled<F: Float>(gradient: &[F], variance: impl Iterator<Item = F>, least: F) -> Vec<F> {
    let root = |v: F| if v > least { v } else { least }.sqrt();
    gradient.iter().zip(variance).map(|(&g, v)| g / root(v)).collect()
}
