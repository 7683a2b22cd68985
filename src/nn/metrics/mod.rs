//! What people look at besides the loss.
//!
//! What is a mean over samples is a function of a batch's outputs and targets; what is not (a ratio of
//! counts, an area, a root) is a [`Metric`], which keeps what it needs from batch to batch. A
//! [`Trainer`](super::Trainer::metric) takes both.

mod accuracy;
mod confusion;
mod perplexity;
mod regression;
mod roc;
mod running;
mod scores;

pub use accuracy::{accuracy, binary_accuracy, top_k_accuracy};
pub use confusion::{Average, ConfusionMatrix};
pub use perplexity::Perplexity;
pub use regression::{R2, RootMeanSquaredError, mean_absolute_error, mean_squared_error};
pub use roc::RocAuc;
pub(super) use running::{Running, running};
pub use scores::{F1, Precision, Recall};

use crate::{Float, Shape, Tensor};

/// A number that says how good outputs are, over any number of batches.
///
/// Functions of the outputs and targets of a batch are metrics: their mean, weighted by rows.
///
/// ```
/// use gradtape::{Tensor, nn::{Average, Metric, Precision}, ops::Indices};
/// let output = Tensor::from([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]);
/// let precision = Precision::new(Average::Class(1));
/// assert_eq!(precision.of(&output, &Indices::from([1, 0, 0])), 0.5);
/// ```
pub trait Metric<F: Float, T> {
    /// What is kept of the batches that were seen; the default is of none.
    type State: Default + Send + 'static;

    /// Takes in a batch.
    fn update(&self, state: &mut Self::State, output: &Tensor<F>, target: &T);

    /// The number, of all batches together.
    fn compute(&self, state: &Self::State) -> f64;

    /// The number of these outputs alone.
    #[track_caller]
    fn of(&self, output: &Tensor<F>, target: &T) -> f64 {
        let mut state = Self::State::default();
        self.update(&mut state, output, target);
        self.compute(&state)
    }
}

/// A sum, and the number of terms in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mean {
    sum: f64,
    count: usize,
}

impl Mean {
    fn add(&mut self, sum: f64, count: usize) {
        self.sum += sum;
        self.count += count;
    }

    fn value(&self) -> f64 {
        self.sum / self.count as f64
    }
}

impl<F: Float, T, M: Fn(&Tensor<F>, &T) -> f64> Metric<F, T> for M {
    type State = Mean;

    fn update(&self, state: &mut Mean, output: &Tensor<F>, target: &T) {
        let rows = output.shape().first().copied().unwrap_or(1);
        state.add(self(output, target) * rows as f64, rows);
    }

    fn compute(&self, state: &Mean) -> f64 {
        state.value()
    }
}

/// Refuses targets of another shape.
#[track_caller]
fn alike(metric: &str, output: &Shape, target: &Shape) {
    assert!(output == target, "gradtape: {metric}: outputs {output}, targets {target}");
}
