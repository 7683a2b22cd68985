//! Losses of scores that should be right by a margin. Their corners have gradient 0.

use super::{
    Reduction, alike, classification::targeted, sampled_apart, sampled_reduction, sampled_signs,
    sampled_weight, weighted,
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::Gen,
    ops::Indices,
    value::{Interp, Value},
};

/// The options of [`Value::multi_margin_loss`].
#[derive(Clone, Debug, PartialEq)]
pub struct MultiMarginOptions {
    /// The power of each difference, 1 or 2: 1.
    pub p: u32,
    /// By how much the target should exceed the others: 1.
    pub margin: f64,
    /// What a target of each class counts: 1.
    pub weight: Option<Vec<f64>>,
    /// What becomes of the losses of single rows: their mean.
    pub reduction: Reduction,
}

impl Default for MultiMarginOptions {
    fn default() -> Self {
        MultiMarginOptions { p: 1, margin: 1.0, weight: None, reduction: Reduction::Mean }
    }
}

impl<I: Interp> Value<I> {
    /// max(0, 1 − t·x) for scores x and targets of 1 and −1, reduced.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn hinge_loss(&self, target: &Self, reduction: Reduction) -> Self {
        alike("hinge_loss", self, target);
        reduction.of((1.0 - self * target).relu())
    }

    /// ln(1 + e⁻ᵗˣ) for scores x and targets of 1 and −1, without overflow, reduced.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn soft_margin_loss(&self, target: &Self, reduction: Reduction) -> Self {
        alike("soft_margin_loss", self, target);
        reduction.of((-(self * target)).softplus(1.0))
    }

    /// max(0, margin − t·(x − other)), reduced: x should be the greater where t is 1, the lesser where it is −1.
    /// PyTorch's default margin is 0.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn margin_ranking_loss(
        &self,
        other: &Self,
        target: &Self,
        margin: f64,
        reduction: Reduction,
    ) -> Self {
        alike("margin_ranking_loss", self, other);
        alike("margin_ranking_loss", self, target);
        reduction.of((margin - target * (self - other)).relu())
    }

    /// w·Σ max(0, margin − x at the target + x)ᵖ / classes over the other classes, for scores `[n, classes]` or
    /// `[classes]`, reduced over rows. w is the weight of the target's class.
    ///
    /// # Panics
    /// When the shapes do not fit, a target is not a class, p is not 1 or 2, or there is not a weight for each class.
    #[track_caller]
    pub fn multi_margin_loss(&self, targets: &Indices, options: &MultiMarginOptions) -> Self {
        const NAME: &str = "multi_margin_loss";
        let (shape, weight) = (self.shape(), options.weight.as_deref());
        assert!(shape.rank() <= 2, "gradtape: {NAME}: needs scores [n, classes] or [classes], not {shape}");
        assert!([1, 2].contains(&options.p), "gradtape: {NAME}: a power of {}, for {shape}", options.p);
        let axis = targeted(NAME, shape, targets, weight, None);
        let classes = shape[axis];
        let kept = shape.with_axis(axis, 1).expect("not larger");
        let places = Indices::new(targets.slice().to_vec(), kept);
        let more = self - self.take_along_axis(axis as isize, &places) + options.margin;
        // Selected first, so that an infinite score is not compared with itself.
        let own = self.lift(targets.one_hot(Some(classes)));
        let mut excess = own.select(&self.constant(0.0), &more).relu();
        if options.p == 2 {
            excess = excess.square();
        }
        let mut losses = excess.sum_axes(axis as isize, false) / classes as f64;
        if let Some(weight) = weight {
            let of_target = |i: usize| I::Elem::of(weight[targets.slice()[i]]);
            losses = losses * self.lift(Tensor::from_fn(targets.shape(), of_target));
        }
        options.reduction.of(losses)
    }

    /// Σ max(0, 1 − xⱼ + xᵢ) / classes over the labels j of a row and the classes i that are none, for scores
    /// `[n, classes]` or `[classes]`, reduced over rows. A label named twice counts twice.
    ///
    /// # Panics
    /// When there are not labels for each row, or a label is not a class.
    #[track_caller]
    pub fn multilabel_margin_loss(&self, labels: &[Vec<usize>], reduction: Reduction) -> Self {
        const NAME: &str = "multilabel_margin_loss";
        let shape = self.shape();
        let (rows, classes) = match shape[..] {
            [classes] => (1, classes),
            [rows, classes] => (rows, classes),
            _ => panic!("gradtape: {NAME}: needs scores [n, classes] or [classes], not {shape}"),
        };
        assert!(labels.len() == rows, "gradtape: {NAME}: labels of {} rows for {shape}", labels.len());
        let mut pairs = Tensor::zeros([rows, classes, classes]);
        let slice = pairs.slice_mut();
        for (row, labels) in labels.iter().enumerate() {
            for &label in labels {
                assert!(
                    label < classes,
                    "gradtape: {NAME}: label {label} is not below the classes of {shape}"
                );
                for other in (0..classes).filter(|other| !labels.contains(other)) {
                    slice[(row * classes + label) * classes + other] += I::Elem::ONE;
                }
            }
        }
        let x = self.reshape([rows, classes]);
        let pairs = self.lift(pairs);
        // Selected first, so that infinite scores are not compared where nobody asks.
        let excess = pairs.select(&(1.0 - x.unsqueeze(2) + x.unsqueeze(1)), &x.constant(0.0)).relu();
        let losses = (pairs * excess).sum_axes([1, 2], false) / classes as f64;
        reduction.of(losses.reshape(&shape[..shape.rank() - 1]))
    }

    /// The mean over the classes, the last axis, of −t·ln σ(x) − (1 − t)·ln(1 − σ(x)), for logits x, times weights
    /// that broadcast to x, reduced over the rest.
    ///
    /// # Panics
    /// When the shapes differ, x has no axes, or the weights do not broadcast to x.
    #[track_caller]
    pub fn multilabel_soft_margin_loss(
        &self,
        target: &Self,
        weight: Option<&Self>,
        reduction: Reduction,
    ) -> Self {
        const NAME: &str = "multilabel_soft_margin_loss";
        alike(NAME, self, target);
        assert!(self.shape().rank() > 0, "gradtape: {NAME}: there are no classes in {}", self.shape());
        let losses = weighted(NAME, self.bernoulli_logits(NAME, target, None), weight);
        reduction.of(losses.mean_axes(-1, false))
    }
}

/// Scores that are odd multiples of ⅛ from every half, and signs.
#[inline]
fn sampled_scores(g: &mut Gen) -> Vec<Tensor<f64>> {
    let shape = g.shape(3);
    let shape = g.nonempty(shape);
    let scores = Tensor::from_fn(&shape, |_| g.int(0, 10) as f64 * 0.5 - 2.375);
    vec![scores, sampled_signs(g, &shape)]
}

/// Scores of classes whose differences are multiples of ¾.
#[inline]
fn sampled_classes(g: &mut Gen) -> Tensor<f64> {
    let shape = g.shape_of_rank(1, 2);
    let shape = g.nonempty(shape);
    Tensor::from_fn(&shape, |_| g.int(0, 6) as f64 * 0.75 - 2.0)
}

composition!(
    HingeLoss(Reduction),
    "hinge_loss",
    |reduction, x| vec![x[0].hinge_loss(&x[1], *reduction)],
    |g| (sampled_reduction(g), sampled_scores(g))
);
composition!(
    SoftMarginLoss(Reduction),
    "soft_margin_loss",
    |reduction, x| vec![x[0].soft_margin_loss(&x[1], *reduction)],
    |g| (sampled_reduction(g), sampled_scores(g))
);
composition!(
    MarginRankingLoss((f64, Reduction)),
    "margin_ranking_loss",
    |(margin, reduction), x| vec![x[0].margin_ranking_loss(&x[1], &x[2], *margin, *reduction)],
    |g| {
        let shape = g.shape(3);
        let shape = g.nonempty(shape);
        let [x, other] = sampled_apart(g, &shape);
        ((g.pick(&[0.0, 0.5]), sampled_reduction(g)), vec![x, other, sampled_signs(g, &shape)])
    }
);
composition!(
    MultiMarginLoss((Indices, MultiMarginOptions)),
    "multi_margin_loss",
    |(targets, options), x| vec![x[0].multi_margin_loss(targets, options)],
    |g| {
        let x = sampled_classes(g);
        let (rows, classes) = x.shape().split_at(x.shape().rank() - 1);
        let rows = Shape::from(rows);
        let targets = Indices::new((0..rows.size()).map(|_| g.int(0, classes[0] - 1)).collect(), rows);
        let options = MultiMarginOptions {
            p: g.pick(&[1, 2]),
            margin: g.pick(&[1.0, 0.5]),
            weight: g.bool().then(|| (0..classes[0]).map(|_| g.pick(&[1.0, 0.5, 2.0])).collect()),
            reduction: sampled_reduction(g),
        };
        ((targets, options), vec![x])
    }
);
composition!(
    MultilabelMarginLoss((Vec<Vec<usize>>, Reduction)),
    "multilabel_margin_loss",
    |(labels, reduction), x| vec![x[0].multilabel_margin_loss(labels, *reduction)],
    |g| {
        let x = sampled_classes(g);
        let classes = *x.shape().last().expect("an axis at least");
        let row = |g: &mut Gen| (0..g.int(0, classes)).map(|_| g.int(0, classes - 1)).collect();
        let labels = (0..x.shape().size() / classes).map(|_| row(g)).collect();
        ((labels, sampled_reduction(g)), vec![x])
    }
);
composition!(
    MultilabelSoftMarginLoss(Reduction),
    "multilabel_soft_margin_loss",
    |reduction, x| vec![x[0].multilabel_soft_margin_loss(&x[1], x.get(2), *reduction)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let shape = g.nonempty(shape);
        let mut inputs = vec![g.values(&shape, -3.0..3.0), g.values(&shape, 0.0..1.0)];
        sampled_weight(g, &shape, &mut inputs);
        (sampled_reduction(g), inputs)
    }
);
