//! What training makes small.

use crate::{
    Error, Float, Interp, Tensor, Value,
    ops::{Indices, KlReduction, Reduction},
};

pub use crate::ops::{CrossEntropyOptions, NllOptions};

/// A number that says how far an output is from its target.
pub trait Loss<F: Float>: Send {
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
/// There is no softmax layer before it. With options, [`CrossEntropyOptions`] are a loss themselves.
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
        labels("cross-entropy", target, classes, None)
    }
}

/// As a loss: [`Value::cross_entropy_with`] these options.
///
/// ```
/// use gradtape::{Tensor, nn::{CrossEntropyOptions, Loss}};
/// let loss = CrossEntropyOptions { label_smoothing: 0.1, ..Default::default() };
/// let logits = Tensor::from([[0.0, 0.0]]);
/// assert!(loss.check(&logits, &[2].into()).is_err());
/// assert!((loss.loss(&logits, &[1].into()).item() - 2f64.ln()).abs() < 1e-12);
/// ```
impl<F: Float> Loss<F> for CrossEntropyOptions {
    type Target = Indices;

    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Indices) -> Value<I> {
        output.cross_entropy_with(target, self)
    }

    fn check(&self, output: &Tensor<F>, target: &Indices) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.label_smoothing) {
            return Err(Error::config("cross-entropy: label_smoothing", "in [0, 1]", self.label_smoothing));
        }
        classes("cross-entropy", output, target, self.weight.as_deref(), self.ignore_index, self.reduction)
    }
}

/// As a loss: [`Value::nll_loss`] with these options, for models that end in `LogSoftmax`.
impl<F: Float> Loss<F> for NllOptions {
    type Target = Indices;

    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Indices) -> Value<I> {
        output.nll_loss(target, self)
    }

    fn check(&self, output: &Tensor<F>, target: &Indices) -> Result<(), Error> {
        classes("nll", output, target, self.weight.as_deref(), self.ignore_index, self.reduction)
    }
}

/// Class numbers for outputs `[n, classes]`, with more axes behind or without the first.
fn classes<F: Float>(
    loss: &str,
    output: &Tensor<F>,
    target: &Indices,
    weight: Option<&[f64]>,
    ignored: Option<usize>,
    reduction: Reduction,
) -> Result<(), Error> {
    if reduction == Reduction::None {
        return Err(Error::config("reduction", "Mean or Sum, which make one number", "None"));
    }
    let shape = output.shape();
    let axis = usize::from(shape.rank() > 1);
    let Some(&count) = shape.get(axis) else {
        return Err(Error::data(format!("{loss}: the model's output"), "classes", shape));
    };
    if let Some(weight) = weight
        && weight.len() != count
    {
        return Err(Error::data(
            format!("{loss}: the weights"),
            format!("{count}, one per class"),
            weight.len(),
        ));
    }
    let wanted: Vec<usize> = (0..shape.rank()).filter(|&i| i != axis).map(|i| shape[i]).collect();
    if target.shape()[..] != wanted[..] {
        return Err(Error::data(format!("{loss}: the targets"), format!("shape {wanted:?}"), target.shape()));
    }
    labels(loss, target, count, ignored)
}

fn labels(loss: &str, target: &Indices, classes: usize, ignored: Option<usize>) -> Result<(), Error> {
    match target.slice().iter().find(|&&label| label >= classes && Some(label) != ignored) {
        Some(label) => Err(Error::data(format!("{loss}: a label"), format!("below {classes}"), label)),
        None => Ok(()),
    }
}

/// A target of the output's shape.
fn alike<F: Float>(loss: &str, output: &Tensor<F>, target: &Tensor<F>) -> Result<(), Error> {
    if output.shape() == target.shape() {
        return Ok(());
    }
    let expected = format!("shape {}, as the output", output.shape());
    Err(Error::data(format!("{loss}: the targets"), expected, target.shape()))
}

/// Numbers in \[0, 1\].
fn probabilities<F: Float>(what: String, x: &Tensor<F>) -> Result<(), Error> {
    match x.slice().iter().find(|&&p| !(p >= F::ZERO && p <= F::ONE)) {
        Some(p) => Err(Error::data(what, "in [0, 1]", p)),
        None => Ok(()),
    }
}

/// Losses of numbers against numbers of the same shape.
macro_rules! regression {
    ($($Loss:ident, $name:literal, |$loss:pat_param, $output:ident, $target:ident| $call:expr;)*) => {$(
        impl<F: Float> Loss<F> for $Loss {
            type Target = Tensor<F>;

            fn loss<I: Interp<Elem = F>>(&self, $output: &Value<I>, target: &Tensor<F>) -> Value<I> {
                let ($loss, $target) = (self, &$output.lift(target.clone()));
                $call
            }

            fn check(&self, output: &Tensor<F>, target: &Tensor<F>) -> Result<(), Error> {
                alike($name, output, target)
            }
        }
    )*};
}

/// The mean of the squared differences: [`Value::mse_loss`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Mse;

/// The mean of the absolute differences: [`Value::l1_loss`].
#[derive(Clone, Copy, Debug, Default)]
pub struct L1;

/// Squared up to δ, absolute beyond, in the mean: [`Value::huber_loss`].
#[derive(Clone, Copy, Debug)]
pub struct Huber {
    /// Where it goes over: 1.
    pub delta: f64,
}

impl Default for Huber {
    fn default() -> Self {
        Huber { delta: 1.0 }
    }
}

/// Squared up to β, absolute beyond, with slope 1 there, in the mean: [`Value::smooth_l1_loss`].
#[derive(Clone, Copy, Debug)]
pub struct SmoothL1 {
    /// Where it goes over: 1.
    pub beta: f64,
}

impl Default for SmoothL1 {
    fn default() -> Self {
        SmoothL1 { beta: 1.0 }
    }
}

regression! {
    Mse, "mse", |_, x, t| x.mse_loss(t, None, Reduction::Mean);
    L1, "l1", |_, x, t| x.l1_loss(t, None, Reduction::Mean);
    Huber, "huber", |Huber { delta }, x, t| x.huber_loss(t, *delta, None, Reduction::Mean);
    SmoothL1, "smooth l1", |SmoothL1 { beta }, x, t| x.smooth_l1_loss(t, *beta, Reduction::Mean);
}

/// Binary cross-entropy of probabilities: [`Value::binary_cross_entropy`]. [`BceWithLogits`] is more exact.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bce;

impl<F: Float> Loss<F> for Bce {
    type Target = Tensor<F>;

    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Tensor<F>) -> Value<I> {
        output.binary_cross_entropy(&output.lift(target.clone()), None, Reduction::Mean)
    }

    fn check(&self, output: &Tensor<F>, target: &Tensor<F>) -> Result<(), Error> {
        alike("binary cross-entropy", output, target)?;
        probabilities("binary cross-entropy: the model's output".into(), output)?;
        probabilities("binary cross-entropy: a target".into(), target)
    }
}

/// Binary cross-entropy of logits: [`Value::binary_cross_entropy_with_logits`].
#[derive(Clone, Debug, Default)]
pub struct BceWithLogits {
    /// How much a target of 1 counts, for each place of the last axis: 1.
    pub pos_weight: Option<Vec<f64>>,
}

impl<F: Float> Loss<F> for BceWithLogits {
    type Target = Tensor<F>;

    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Tensor<F>) -> Value<I> {
        let weight = self.pos_weight.as_ref();
        let weight = weight.map(|w| output.lift(Tensor::from_fn([w.len()], |i| F::of(w[i]))));
        let target = output.lift(target.clone());
        output.binary_cross_entropy_with_logits(&target, None, weight.as_ref(), Reduction::Mean)
    }

    fn check(&self, output: &Tensor<F>, target: &Tensor<F>) -> Result<(), Error> {
        alike("binary cross-entropy", output, target)?;
        let last = output.shape().last().copied();
        if let Some(weight) = &self.pos_weight
            && last != Some(weight.len())
        {
            let expected = format!("one per place of the last axis of {}", output.shape());
            return Err(Error::data("binary cross-entropy: pos_weight", expected, weight.len()));
        }
        probabilities("binary cross-entropy: a target".into(), target)
    }
}

/// The mean divergence of rows of log-probabilities from a target: [`Value::kl_div`].
#[derive(Clone, Copy, Debug, Default)]
pub struct KlDiv {
    /// Whether the target is given as logarithms: no.
    pub log_target: bool,
}

impl<F: Float> Loss<F> for KlDiv {
    type Target = Tensor<F>;

    fn loss<I: Interp<Elem = F>>(&self, output: &Value<I>, target: &Tensor<F>) -> Value<I> {
        output.kl_div(&output.lift(target.clone()), self.log_target, KlReduction::BatchMean)
    }

    fn check(&self, output: &Tensor<F>, target: &Tensor<F>) -> Result<(), Error> {
        alike("divergence", output, target)?;
        if output.shape().rank() == 0 {
            return Err(Error::data("divergence: the model's output", "rows", output.shape()));
        }
        if self.log_target { Ok(()) } else { probabilities("divergence: a target".into(), target) }
    }
}
