//! CTC loss as PyTorch calls it, with the batch first.
#![forbid(unsafe_code)]

mod primitive;

pub use primitive::{CtcLoss, CtcLossGrad};

use crate::{
    Float, Tensor,
    ops::{Indices, Reduction},
    value::{Interp, Value},
};

/// What [`Value::ctc_loss`] may be told: blank 0, the mean, infinite losses as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct CtcOptions {
    /// The class that stands for nothing.
    pub blank: usize,
    /// The mean is that of each loss over the length of its target, which counts as 1 if it is 0.
    pub reduction: Reduction,
    /// Whether an infinite loss, of a target longer than its sequence allows, is 0, as its gradient.
    pub zero_infinity: bool,
}

impl<I: Interp> Value<I> {
    /// The loss of these log-probabilities `[batch, time, classes]` against targets whose alignment with the
    /// steps is not known, see [`CtcLoss`]. Targets are padded, `[batch, longest]`, or stand one behind the
    /// other in a vector. Any order of derivative is right: what reaches the log-probabilities is −γ, not
    /// the gradient at logits.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::CtcOptions};
    /// // Two steps, blank and one label: of four alignments only that of two blanks is not the label.
    /// let x = Tensor::<f64>::full([1, 2, 2], 0.5f64.ln());
    /// let loss = x.ctc_loss(&[1].into(), &[2].into(), &[1].into(), CtcOptions::default());
    /// assert!((loss.item() + 0.75f64.ln()).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// When shapes or lengths do not fit, or a target is the blank or not a class.
    #[track_caller]
    pub fn ctc_loss(
        &self,
        targets: &Indices,
        input_lengths: &Indices,
        target_lengths: &Indices,
        options: CtcOptions,
    ) -> Self {
        let CtcOptions { blank, reduction, zero_infinity } = options;
        let [targets, input_lengths, target_lengths] =
            [targets, input_lengths, target_lengths].map(Indices::clone);
        let lengths = target_lengths.clone();
        let op = CtcLoss { targets, input_lengths, target_lengths, blank, zero_infinity };
        let losses = Value::apply(op, self.into());
        match reduction {
            Reduction::None => losses,
            Reduction::Sum => losses.sum(),
            Reduction::Mean => {
                let length = |n: usize| I::Elem::of(lengths.slice()[n].max(1) as f64);
                let lengths = self.lift(Tensor::from_fn(losses.shape(), length));
                (losses / lengths).mean()
            }
        }
    }
}
