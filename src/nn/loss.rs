//! What training makes small.

use crate::{Error, Float, Interp, Tensor, Value, ops::Indices};

/// A number that says how far an output is from its target.
pub trait Loss<F: Float> {
    /// What an output is compared with.
    type Target: Send;

    /// The loss of a batch, a single number: the mean over its rows.
    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Self::Target) -> Value<I>;

    /// Whether the target of a batch can be compared with an output of this shape.
    ///
    /// # Errors
    /// What was expected and what was found.
    fn check(&self, output: &Tensor<F>, target: &Self::Target) -> Result<(), Error>;
}

/// Cross-entropy of logits `[n, classes]` against class numbers: [`Value::cross_entropy`].
/// There is no softmax layer before it.
#[derive(Clone, Copy, Debug, Default)]
pub struct CrossEntropy;

impl<F: Float> Loss<F> for CrossEntropy {
    type Target = Indices;

    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Indices) -> Value<I> {
        output.cross_entropy(target)
    }

    fn check(&self, output: &Tensor<F>, target: &Indices) -> Result<(), Error> {
        let &[rows, classes] = &output.shape()[..] else {
            return Err(Error::data(
                "cross-entropy: the model's output",
                "logits [n, classes]",
                output.shape(),
            ));
        };
        if rows != target.slice().len() {
            let found = target.slice().len();
            return Err(Error::data("cross-entropy: the targets", format!("{rows}, one per row"), found));
        }
        match target.slice().iter().find(|&&label| label >= classes) {
            Some(label) => Err(Error::data("cross-entropy: a label", format!("below {classes}"), label)),
            None => Ok(()),
        }
    }
}

/// The mean of the squared differences: [`Value::mse`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

impl<F: Float> Loss<F> for Mse {
    type Target = Tensor<F>;

    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Tensor<F>) -> Value<I> {
        output.mse(&output.lift(target.clone()))
    }

    fn check(&self, output: &Tensor<F>, target: &Tensor<F>) -> Result<(), Error> {
        if output.shape() == target.shape() {
            return Ok(());
        }
        Err(Error::data(
            "mse: the targets",
            format!("shape {}, as the output", output.shape()),
            target.shape(),
        ))
    }
}
