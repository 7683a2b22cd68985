//! Losses of classes: log-probabilities or logits against class numbers, or against probabilities.

use super::{Reduction, sampled_reduction, times};
use crate::{
    Float, Shape, Tensor,
    gradcheck::Gen,
    ops::{CrossEntropy, Indices},
    value::{Interp, Value},
};

/// The options of [`Value::nll_loss`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NllOptions {
    /// What a target of each class counts: 1.
    pub weight: Option<Vec<f64>>,
    /// A target that does not count; it need not be a class.
    pub ignore_index: Option<usize>,
    /// What becomes of the losses of single targets: their mean.
    pub reduction: Reduction,
}

/// The options of [`Value::cross_entropy_with`] and [`Value::cross_entropy_probabilities`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrossEntropyOptions {
    /// What a target of each class counts: 1.
    pub weight: Option<Vec<f64>>,
    /// A target that does not count; it need not be a class. Of no use to probabilities.
    pub ignore_index: Option<usize>,
    /// The share of each target that is spread over all classes (Szegedy and others: Rethinking the
    /// Inception Architecture, 2016): 0.
    pub label_smoothing: f64,
    /// What becomes of the losses of single targets: their mean.
    pub reduction: Reduction,
}

/// The axis of the classes: 1, or 0 where it is the only one.
#[track_caller]
pub(super) fn class_axis(op: &str, x: &Shape, weight: Option<&[f64]>) -> usize {
    assert!(x.rank() > 0, "gradtape: {op}: there are no classes in {x}");
    let axis = usize::from(x.rank() > 1);
    if let Some(weight) = weight {
        let (count, classes) = (weight.len(), x[axis]);
        assert!(count == classes, "gradtape: {op}: {count} weights for the {classes} classes of {x}");
    }
    axis
}

/// Refuses targets that do not stand for each place of x but the classes, or are no classes; gives the axis of the
/// classes.
#[track_caller]
pub(super) fn targeted(
    op: &str,
    x: &Shape,
    targets: &Indices,
    weight: Option<&[f64]>,
    ignored: Option<usize>,
) -> usize {
    let axis = class_axis(op, x, weight);
    let (classes, found) = (x[axis], targets.shape());
    let fits = found.rank() + 1 == x.rank() && x[..axis] == found[..axis] && x[axis + 1..] == found[axis..];
    assert!(
        fits,
        "gradtape: {op}: targets of shape {found} for the {classes} classes along axis {axis} of {x}"
    );
    if let Some(bad) = targets.slice().iter().find(|&&t| t >= classes && Some(t) != ignored) {
        panic!("gradtape: {op}: target {bad} is not below the {classes} classes of {x}");
    }
    axis
}

/// A number for each class, along their axis.
fn along<I: Interp>(x: &Value<I>, axis: usize, weight: &[f64]) -> Value<I> {
    let mut dims = vec![1; x.shape().rank()];
    dims[axis] = weight.len();
    x.lift(Tensor::from_fn(&dims[..], |i| I::Elem::of(weight[i])))
}

#[track_caller]
fn smoothing(op: &str, share: f64, x: &Shape) {
    assert!((0.0..=1.0).contains(&share), "gradtape: {op}: a label smoothing of {share}, for {x}");
}

/// The losses of log-probabilities, of each target a share spread over all classes.
#[track_caller]
fn nll<I: Interp>(op: &str, logs: &Value<I>, targets: &Indices, options: &CrossEntropyOptions) -> Value<I> {
    let (weight, ignored) = (options.weight.as_deref(), options.ignore_index);
    let axis = targeted(op, logs.shape(), targets, weight, ignored);
    let none = options.reduction == Reduction::Mean && targets.slice().is_empty();
    assert!(!none, "gradtape: {op}: there is no mean over the targets of {}", logs.shape());

    let kept = logs.shape().with_axis(axis, 1).expect("not larger");
    let of_each = |f: &dyn Fn(usize) -> f64| {
        let number = |&t: &usize| if Some(t) == ignored { 0.0 } else { f(t) };
        targets.slice().iter().map(number).collect::<Vec<_>>()
    };
    let lifted = |numbers: &[f64]| logs.lift(Tensor::from_fn(&kept, |i| I::Elem::of(numbers[i])));
    let counted = lifted(&of_each(&|_| 1.0));
    let weights = of_each(&|t| weight.map_or(1.0, |weight| weight[t]));

    let mut losses = logs.constant(0.0).expand(&kept);
    if logs.shape()[axis] > 0 {
        let place = |&t: &usize| if Some(t) == ignored { 0 } else { t };
        let places = Indices::new(targets.slice().iter().map(place).collect(), kept.clone());
        losses = -times(&lifted(&weights), &logs.take_along_axis(axis as isize, &places));
        if options.label_smoothing > 0.0 {
            let classes = logs.shape()[axis];
            let each = weight.map_or_else(|| vec![1.0; classes], <[f64]>::to_vec);
            let all = -times(&along(logs, axis, &each), logs).sum_axes(axis as isize, true);
            losses =
                losses * (1.0 - options.label_smoothing) + all * (options.label_smoothing / classes as f64);
        }
    }
    // Selected, so that nothing comes from an ignored target, not even NaN.
    let losses = counted.select(&losses, &logs.constant(0.0)).reshape(targets.shape());
    let total: f64 = weights.iter().sum();
    match options.reduction {
        Reduction::Mean if targets.slice().iter().any(|&t| Some(t) != ignored) => losses.sum() / total,
        Reduction::Mean => losses.sum(),
        other => other.of(losses),
    }
}

impl<I: Interp> Value<I> {
    /// −x at the class of each target, for log-probabilities x: `[classes]`, `[n, classes]`, or with more axes
    /// behind, and targets of the same shape without the classes. The mean is divided by the weights of the targets;
    /// it is 0 where all are ignored.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::NllOptions};
    /// let x = Tensor::from([[-0.5, -1.0], [-2.0, -0.25]]);
    /// let loss = x.nll_loss(&[0, 7].into(), &NllOptions { ignore_index: Some(7), ..Default::default() });
    /// assert_eq!(loss.item(), 0.5);
    /// ```
    ///
    /// # Panics
    /// When the shapes do not fit, a target is not a class, there is not a weight for each class, or there are no
    /// targets to take a mean of.
    #[track_caller]
    pub fn nll_loss(&self, targets: &Indices, options: &NllOptions) -> Self {
        let NllOptions { weight, ignore_index, reduction } = options.clone();
        let options = CrossEntropyOptions { weight, ignore_index, label_smoothing: 0.0, reduction };
        nll("nll_loss", self, targets, &options)
    }

    /// The cross-entropy of logits against class numbers, with options: `nll_loss` of `log_softmax`, with its shapes
    /// and its mean. Smoothed, a target of class c is 1 − ε at c and ε/classes everywhere. By default it is
    /// [`cross_entropy`](Self::cross_entropy).
    ///
    /// ```
    /// use gradtape::{Tensor, ops::CrossEntropyOptions};
    /// let x = Tensor::<f64>::zeros([3, 10]);
    /// let options = CrossEntropyOptions { label_smoothing: 0.1, ..Default::default() };
    /// assert!((x.cross_entropy_with(&[4, 0, 9].into(), &options).item() - 10f64.ln()).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// As [`nll_loss`](Self::nll_loss), and when the smoothing is not in \[0, 1\].
    #[track_caller]
    pub fn cross_entropy_with(&self, targets: &Indices, options: &CrossEntropyOptions) -> Self {
        const NAME: &str = "cross_entropy_with";
        if self.shape().rank() == 2 && *options == CrossEntropyOptions::default() {
            return Value::apply_as(NAME, CrossEntropy { targets: targets.clone() }, self.into());
        }
        smoothing(NAME, options.label_smoothing, self.shape());
        let axis = class_axis(NAME, self.shape(), options.weight.as_deref());
        nll(NAME, &self.log_softmax(axis as isize), targets, options)
    }

    /// −Σ t·log_softmax(x) over the classes, for logits x and probabilities t of the same shape: `[classes]`,
    /// `[n, classes]`, or with more axes behind. Class weights count in the sum, not in the mean. A class of
    /// probability 0 may have the logit −inf.
    ///
    /// # Panics
    /// When the shapes differ, an index is to be ignored, the smoothing is not in \[0, 1\], there is not a weight
    /// for each class, or there is nothing to take a mean of.
    #[track_caller]
    pub fn cross_entropy_probabilities(&self, target: &Self, options: &CrossEntropyOptions) -> Self {
        const NAME: &str = "cross_entropy_probabilities";
        super::alike(NAME, self, target);
        let shape = self.shape();
        let (share, weight) = (options.label_smoothing, options.weight.as_deref());
        smoothing(NAME, share, shape);
        assert!(options.ignore_index.is_none(), "gradtape: {NAME}: no class of {shape} can be ignored");
        let axis = class_axis(NAME, shape, weight);
        let none = options.reduction == Reduction::Mean && shape.size() == 0;
        assert!(!none, "gradtape: {NAME}: there is no mean over {shape}");

        let smooth =
            if share == 0.0 { target.clone() } else { target * (1.0 - share) + share / shape[axis] as f64 };
        let mut terms = times(&smooth, &self.log_softmax(axis as isize));
        if let Some(weight) = weight {
            terms = times(&along(self, axis, weight), &terms);
        }
        options.reduction.of(-terms.sum_axes(axis as isize, false))
    }
}

/// A shape with classes, and targets for it.
#[inline]
fn sampled_targets(g: &mut Gen) -> (Shape, Indices, CrossEntropyOptions) {
    let shape = g.shape_of_rank(1, 4);
    let shape = g.nonempty(shape);
    let axis = usize::from(shape.rank() > 1);
    let classes = shape[axis];
    let dims: Vec<usize> = (0..shape.rank()).filter(|&i| i != axis).map(|i| shape[i]).collect();
    let ignored = g.pick(&[None, Some(0), Some(255)]);
    let count = dims.iter().product::<usize>();
    let target = |g: &mut Gen| match ignored {
        Some(ignored) if g.chance(4) => ignored,
        _ => g.int(0, classes - 1),
    };
    let targets = Indices::new((0..count).map(|_| target(g)).collect(), &dims[..]);
    (shape, targets, CrossEntropyOptions { ignore_index: ignored, ..sampled_options(g, classes) })
}

#[inline]
fn sampled_options(g: &mut Gen, classes: usize) -> CrossEntropyOptions {
    CrossEntropyOptions {
        weight: g.bool().then(|| (0..classes).map(|_| g.pick(&[1.0, 0.5, 2.0])).collect()),
        ignore_index: None,
        label_smoothing: g.pick(&[0.0, 0.25]),
        reduction: sampled_reduction(g),
    }
}

composition!(
    NllLoss((Indices, NllOptions)),
    "nll_loss",
    |(targets, options), x| vec![x[0].nll_loss(targets, options)],
    |g| {
        let (shape, targets, options) = sampled_targets(g);
        let CrossEntropyOptions { weight, ignore_index, reduction, .. } = options;
        ((targets, NllOptions { weight, ignore_index, reduction }), vec![g.values(&shape, -3.0..0.0)])
    }
);
composition!(
    CrossEntropyWith((Indices, CrossEntropyOptions)),
    "cross_entropy_with",
    |(targets, options), x| vec![x[0].cross_entropy_with(targets, options)],
    |g| {
        let (shape, targets, options) = sampled_targets(g);
        ((targets, options), vec![g.values(&shape, -3.0..3.0)])
    }
);
composition!(
    CrossEntropyProbabilities(CrossEntropyOptions),
    "cross_entropy_probabilities",
    |options, x| vec![x[0].cross_entropy_probabilities(&x[1], options)],
    |g| {
        let shape = g.shape_of_rank(1, 4);
        let shape = g.nonempty(shape);
        let options = sampled_options(g, shape[usize::from(shape.rank() > 1)]);
        (options, vec![g.values(&shape, -3.0..3.0), g.values(&shape, 0.0..1.0)])
    }
);
