//! How surprised a language model is.

use super::{Mean, Metric};
use crate::{
    Float, Tensor,
    ops::{CrossEntropyOptions, Indices, Reduction},
};

/// e to the mean cross-entropy of logits `[n, classes, ..]` against class numbers `[n, ..]`: among how
/// many equally likely classes a model is undecided.
///
/// ```
/// use gradtape::{Tensor, nn::{Metric, Perplexity}};
/// let perplexity = Perplexity::default().of(&Tensor::<f64>::zeros([2, 5]), &[3, 1].into());
/// assert!((perplexity - 5.0).abs() < 1e-12);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Perplexity {
    /// The target that is not counted, such as a padding: none.
    pub ignore_index: Option<usize>,
}

impl<F: Float> Metric<F, Indices> for Perplexity {
    type State = Mean;

    #[track_caller]
    fn update(&self, state: &mut Mean, output: &Tensor<F>, target: &Indices) {
        let ignore_index = self.ignore_index;
        let options = CrossEntropyOptions { ignore_index, reduction: Reduction::Sum, ..Default::default() };
        let counted = target.slice().iter().filter(|&&class| Some(class) != ignore_index).count();
        state.add(output.cross_entropy_with(target, &options).item().to_f64(), counted);
    }

    fn compute(&self, state: &Mean) -> f64 {
        state.value().exp()
    }
}
