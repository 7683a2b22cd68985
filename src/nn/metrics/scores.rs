//! Precision, recall and F1 of a model.

use super::{Average, ConfusionMatrix, Metric};
use crate::{Float, Tensor, ops::Indices};

macro_rules! scores {
    ($($(#[$doc:meta])* $Score:ident, $method:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Outputs are scores `[n, classes, ..]` against class numbers, or single numbers against 0 or 1.
        #[derive(Clone, Copy, Debug)]
        pub struct $Score {
            /// Of which classes: the mean over all.
            pub average: Average,
            /// Above what a single number says class 1: ½, as for probabilities; for logits it is 0.
            pub threshold: f64,
        }

        impl $Score {
            /// The score of these classes, with a threshold of ½.
            pub fn new(average: Average) -> Self {
                $Score { average, ..Self::default() }
            }
        }

        impl Default for $Score {
            fn default() -> Self {
                $Score { average: Average::default(), threshold: 0.5 }
            }
        }

        impl<F: Float> Metric<F, Indices> for $Score {
            type State = ConfusionMatrix;

            #[track_caller]
            fn update(&self, state: &mut ConfusionMatrix, output: &Tensor<F>, target: &Indices) {
                begin(state, output.shape().get(1).copied().unwrap_or(0));
                state.add(output, target);
            }

            fn compute(&self, state: &ConfusionMatrix) -> f64 {
                state.$method(self.average)
            }
        }

        impl<F: Float> Metric<F, Tensor<F>> for $Score {
            type State = ConfusionMatrix;

            #[track_caller]
            fn update(&self, state: &mut ConfusionMatrix, output: &Tensor<F>, target: &Tensor<F>) {
                begin(state, 2);
                state.add_binary(output, target, self.threshold);
            }

            fn compute(&self, state: &ConfusionMatrix) -> f64 {
                state.$method(self.average)
            }
        }
    )*};
}

scores! {
    /// How much of what was found is right: [`ConfusionMatrix::precision`].
    Precision, precision;
    /// How much of what is there was found: [`ConfusionMatrix::recall`].
    Recall, recall;
    /// The harmonic mean of precision and recall: [`ConfusionMatrix::f1`].
    F1, f1;
}

/// The first batch says how many classes there are.
fn begin(state: &mut ConfusionMatrix, classes: usize) {
    if state.classes() == 0 {
        *state = ConfusionMatrix::new(classes);
    }
}
