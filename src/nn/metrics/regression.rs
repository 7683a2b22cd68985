//! How far numbers are from their targets.

use super::{Mean, Metric, alike};
use crate::{Float, Tensor, ops::Reduction};

/// The mean of |y − t|.
///
/// ```
/// use gradtape::{Tensor, nn::mean_absolute_error};
/// assert_eq!(mean_absolute_error(&Tensor::from([1.0, 4.0]), &Tensor::from([2.0, 2.0])), 1.5);
/// ```
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn mean_absolute_error<F: Float>(output: &Tensor<F>, target: &Tensor<F>) -> f64 {
    alike("mean_absolute_error", output.shape(), target.shape());
    output.l1_loss(target, None, Reduction::Mean).item().to_f64()
}

/// The mean of (y − t)².
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn mean_squared_error<F: Float>(output: &Tensor<F>, target: &Tensor<F>) -> f64 {
    alike("mean_squared_error", output.shape(), target.shape());
    output.mse_loss(target, None, Reduction::Mean).item().to_f64()
}

/// The root of the mean of (y − t)² over all elements.
///
/// ```
/// use gradtape::{Tensor, nn::{Metric, RootMeanSquaredError}};
/// let (y, t) = (Tensor::from([1.0, 9.0]), Tensor::from([2.0, 2.0]));
/// assert_eq!(RootMeanSquaredError.of(&y, &t), 5.0);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RootMeanSquaredError;

impl<F: Float> Metric<F, Tensor<F>> for RootMeanSquaredError {
    type State = Mean;

    #[track_caller]
    fn update(&self, state: &mut Mean, output: &Tensor<F>, target: &Tensor<F>) {
        alike("root mean squared error", output.shape(), target.shape());
        let sum = output.mse_loss(target, None, Reduction::Sum).item();
        state.add(sum.to_f64(), output.shape().size());
    }

    fn compute(&self, state: &Mean) -> f64 {
        state.value().sqrt()
    }
}

/// The share of the targets' variance that outputs `[n, ..]` explain, 1 − Σ(y − t)²/Σ(t − t̄)²; the
/// mean over columns when there are several. NaN or −∞ when the targets of a column are all the same.
///
/// ```
/// use gradtape::{Tensor, nn::{Metric, R2}};
/// let (y, t) = (Tensor::from([1.5, 2.0, 2.5]), Tensor::from([1.0, 2.0, 3.0]));
/// assert_eq!(R2.of(&y, &t), 0.75);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct R2;

/// What [`R2`] keeps of each column.
#[derive(Clone, Debug, Default)]
pub struct Columns(Vec<Column>);

/// Means and squares by Welford's recurrence, which loses no digits to a great mean.
#[derive(Clone, Copy, Debug, Default)]
struct Column {
    count: f64,
    mean: f64,
    /// Σ(t − t̄)²
    spread: f64,
    /// Σ(y − t)²
    missed: f64,
}

impl<F: Float> Metric<F, Tensor<F>> for R2 {
    type State = Columns;

    #[track_caller]
    fn update(&self, state: &mut Columns, output: &Tensor<F>, target: &Tensor<F>) {
        alike("r2", output.shape(), target.shape());
        let columns = output.shape().iter().skip(1).product::<usize>();
        if state.0.is_empty() {
            state.0 = vec![Column::default(); columns];
        }
        let kept = state.0.len();
        assert!(kept == columns, "gradtape: r2: {columns} columns after batches of {kept}");
        let pairs = output.slice().iter().zip(target.slice());
        for (i, (y, t)) in pairs.map(|(y, t)| (y.to_f64(), t.to_f64())).enumerate() {
            let column = &mut state.0[i % columns];
            let away = t - column.mean;
            column.count += 1.0;
            column.mean += away / column.count;
            column.spread += away * (t - column.mean);
            column.missed += (y - t) * (y - t);
        }
    }

    fn compute(&self, state: &Columns) -> f64 {
        let scores = state.0.iter().map(|column| 1.0 - column.missed / column.spread);
        scores.sum::<f64>() / state.0.len() as f64
    }
}
