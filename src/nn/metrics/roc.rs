//! The area under the curve of hits over false alarms.

use super::{Metric, alike};
use crate::{Float, Tensor, ops::Indices};

/// The area under the receiver operating characteristic: the probability that a sample of class 1 has a
/// greater score than one of class 0, where equal ones count half (Hanley, McNeil: The Meaning and Use of
/// the Area under a ROC Curve, 1982). NaN when a class does not occur or a score is NaN.
///
/// Outputs are scores against 0 or 1, or scores `[n, 2]` of both classes against class numbers.
///
/// ```
/// use gradtape::{Tensor, nn::{Metric, RocAuc}};
/// let (scores, targets) = (Tensor::from([0.1, 0.4, 0.35, 0.8]), Tensor::from([0.0, 0.0, 1.0, 1.0]));
/// assert_eq!(RocAuc.of(&scores, &targets), 0.75);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct RocAuc;

/// The scores and classes of [`RocAuc`]: the curve needs all of them.
#[derive(Clone, Debug, Default)]
pub struct Scored(Vec<(f64, bool)>);

impl Scored {
    fn area(&self) -> f64 {
        if self.0.iter().any(|(score, _)| score.is_nan()) {
            return f64::NAN;
        }
        let mut sorted = self.0.clone();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut below, mut positives, mut twice) = (0u64, 0u64, 0u64);
        for equals in sorted.chunk_by(|a, b| a.0 == b.0) {
            let hits = equals.iter().filter(|(_, positive)| *positive).count() as u64;
            let others = equals.len() as u64 - hits;
            twice += hits * (2 * below + others);
            below += others;
            positives += hits;
        }
        twice as f64 / 2.0 / (positives as f64 * below as f64)
    }
}

impl<F: Float> Metric<F, Tensor<F>> for RocAuc {
    type State = Scored;

    #[track_caller]
    fn update(&self, state: &mut Scored, output: &Tensor<F>, target: &Tensor<F>) {
        alike("roc_auc", output.shape(), target.shape());
        let pairs = output.slice().iter().zip(target.slice());
        state.0.extend(pairs.map(|(y, t)| (y.to_f64(), t.to_f64() > 0.5)));
    }

    fn compute(&self, state: &Scored) -> f64 {
        state.area()
    }
}

impl<F: Float> Metric<F, Indices> for RocAuc {
    type State = Scored;

    #[track_caller]
    fn update(&self, state: &mut Scored, output: &Tensor<F>, target: &Indices) {
        let (shape, targets) = (output.shape(), target.shape());
        let fits = shape.rank() == 2 && shape[1] == 2 && targets[..] == shape[..1];
        assert!(fits, "gradtape: roc_auc: needs [n, 2] and [n], not {shape} and {targets}");
        let margins = output.slice().chunks_exact(2).map(|both| both[1].to_f64() - both[0].to_f64());
        state.0.extend(margins.zip(target.slice().iter().map(|&class| class == 1)));
    }

    fn compute(&self, state: &Scored) -> f64 {
        state.area()
    }
}
