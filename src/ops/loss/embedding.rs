//! Losses of vectors that should be near each other, or far apart. Their corners have gradient 0.

use super::{Reduction, alike, positive, sampled_reduction, sampled_signs};
use crate::{
    Shape, Tensor,
    gradcheck::Gen,
    value::{Interp, Value},
};

/// The options of [`Value::triplet_margin_loss`].
#[derive(Clone, Debug, PartialEq)]
pub struct TripletMarginOptions {
    /// By how much the negative should be farther: 1.
    pub margin: f64,
    /// Of the norm that measures distances, inf for the greatest: 2.
    pub p: f64,
    /// Added to each difference: 1e-6.
    pub eps: f64,
    /// Whether the negative's distance is that to the nearer of anchor and positive (Balntas and others: Learning
    /// shallow convolutional feature descriptors with triplet losses, 2016): no.
    pub swap: bool,
    /// What becomes of the losses of single triplets: their mean.
    pub reduction: Reduction,
}

impl Default for TripletMarginOptions {
    fn default() -> Self {
        TripletMarginOptions { margin: 1.0, p: 2.0, eps: 1e-6, swap: false, reduction: Reduction::Mean }
    }
}

impl<I: Interp> Value<I> {
    /// x where the target is 1, max(0, margin − x) where it is −1, reduced, for distances x. Of
    /// targets, only the sign counts. PyTorch's default
    /// margin is 1.
    ///
    /// # Panics
    /// When the shapes differ, or a target is neither positive nor negative.
    #[track_caller]
    pub fn hinge_embedding_loss(&self, target: &Self, margin: f64, reduction: Reduction) -> Self {
        alike("hinge_embedding_loss", self, target);
        let near = positive("hinge_embedding_loss", target);
        reduction.of(near.select(self, &(margin - self).relu()))
    }

    /// 1 − cos where the target is 1, max(0, cos − margin) where it is −1, reduced, for vectors `[n, size]` or
    /// `[size]` and targets without the last axis. cos = Σab / √((Σa² + ε)(Σb² + ε)) with ε = 1e-12. Of targets, only the sign counts. PyTorch's default
    /// margin is 0.
    ///
    /// # Panics
    /// When the shapes do not fit, or a target is neither positive nor negative.
    #[track_caller]
    pub fn cosine_embedding_loss(
        &self,
        other: &Self,
        target: &Self,
        margin: f64,
        reduction: Reduction,
    ) -> Self {
        const NAME: &str = "cosine_embedding_loss";
        alike(NAME, self, other);
        let (shape, found) = (self.shape(), target.shape());
        let fits = [1, 2].contains(&shape.rank()) && shape[..shape.rank() - 1] == found[..];
        assert!(fits, "gradtape: {NAME}: targets of shape {found} for vectors of {shape}");
        let near = positive(NAME, target);
        let size = |v: &Self| (v.square().sum_axes(-1, false) + 1e-12).sqrt();
        let cosine = (self * other).sum_axes(-1, false) / (size(self) * size(other));
        reduction.of(near.select(&(1.0 - &cosine), &(cosine - margin).relu()))
    }

    /// max(0, margin + d(x, positive) − d(x, negative)), reduced, where d is the p-norm of the difference along the
    /// last axis, ε added to each element (Balntas and others, 2016).
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[0.0f64, 0.0]]);
    /// let (positive, negative) = (Tensor::from([[3.0, 4.0]]), Tensor::from([[0.0, 2.0]]));
    /// let loss = x.triplet_margin_loss(&positive, &negative, &Default::default());
    /// assert!((loss.item() - 4.0).abs() < 1e-5); // 1 + 5 − 2
    /// ```
    ///
    /// # Panics
    /// When the shapes differ, there is no last axis with elements, or p is not positive.
    #[track_caller]
    pub fn triplet_margin_loss(
        &self,
        positive: &Self,
        negative: &Self,
        options: &TripletMarginOptions,
    ) -> Self {
        const NAME: &str = "triplet_margin_loss";
        let (shape, TripletMarginOptions { margin, p, eps, swap, reduction }) =
            (self.shape(), options.clone());
        alike(NAME, self, positive);
        alike(NAME, self, negative);
        assert!(shape.last().is_some_and(|&size| size > 0), "gradtape: {NAME}: no vectors in {shape}");
        assert!(p > 0.0, "gradtape: {NAME}: a norm of {p}, for {shape}");
        triplet(
            |a, b| a.pairwise_distance(b, p, eps, false),
            [self, positive, negative],
            margin,
            swap,
            reduction,
        )
    }

    /// [`triplet_margin_loss`](Self::triplet_margin_loss) with a distance of your own.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn triplet_margin_with_distance_loss(
        &self,
        positive: &Self,
        negative: &Self,
        distance: impl Fn(&Self, &Self) -> Self,
        margin: f64,
        swap: bool,
        reduction: Reduction,
    ) -> Self {
        alike("triplet_margin_with_distance_loss", self, positive);
        alike("triplet_margin_with_distance_loss", self, negative);
        triplet(distance, [self, positive, negative], margin, swap, reduction)
    }
}

#[track_caller]
fn triplet<I: Interp>(
    distance: impl Fn(&Value<I>, &Value<I>) -> Value<I>,
    [anchor, positive, negative]: [&Value<I>; 3],
    margin: f64,
    swap: bool,
    reduction: Reduction,
) -> Value<I> {
    let mut far = distance(anchor, negative);
    if swap {
        far = far.minimum(&distance(positive, negative));
    }
    reduction.of((distance(anchor, positive) - far + margin).relu())
}

composition!(
    HingeEmbeddingLoss((f64, Reduction)),
    "hinge_embedding_loss",
    |(margin, reduction), x| vec![x[0].hinge_embedding_loss(&x[1], *margin, *reduction)],
    constant 1,
    |g| {
        let shape = g.shape(3);
        let shape = g.nonempty(shape);
        let x = Tensor::from_fn(&shape, |_| g.int(0, 10) as f64 * 0.5 - 2.375);
        ((g.pick(&[1.0, 0.5]), sampled_reduction(g)), vec![x, sampled_signs(g, &shape)])
    }
);

composition!(
    CosineEmbeddingLoss((f64, Reduction)),
    "cosine_embedding_loss",
    |(margin, reduction), x| vec![x[0].cosine_embedding_loss(&x[1], &x[2], *margin, *reduction)],
    constant 2,
    |g| {
        let shape = g.shape_of_rank(1, 2);
        let shape = g.nonempty(shape);
        // Vectors within one quadrant, or in opposite ones: the cosine is far from every margin.
        let (x, mut other) = (g.values(&shape, 0.75..3.0), g.values(&shape, 0.75..3.0));
        let margin = if g.bool() { g.pick(&[0.0, -0.5]) } else { other = -other; 0.0 };
        let targets = sampled_signs(g, &Shape::from(&shape[..shape.rank() - 1]));
        ((margin, sampled_reduction(g)), vec![x, other, targets])
    }
);

/// An anchor, a positive, and a negative twice as far on the same or the other side: no distances are equal, and the
/// margin keeps away from the corner.
#[inline]
fn sampled_triplet(g: &mut Gen) -> (f64, bool, Vec<Tensor<f64>>) {
    let shape = g.shape_of_rank(1, 2);
    let shape = g.nonempty(shape);
    let anchor = g.values(&shape, -3.0..3.0);
    let offset = Tensor::from_fn(&shape, |_| g.pick(&[0.5, -0.5, 0.75, -0.75, 1.0, -1.0]));
    let (positive, negative) = (&anchor + &offset, &anchor + &offset * g.pick(&[2.0, -2.0]));
    let swap = g.bool();
    let margin = if swap || g.bool() { 8.0 } else { 0.0625 };
    (margin, swap, vec![anchor, positive, negative])
}

composition!(
    TripletMarginLoss(TripletMarginOptions),
    "triplet_margin_loss",
    |options, x| vec![x[0].triplet_margin_loss(&x[1], &x[2], options)],
    |g| {
        let (margin, swap, inputs) = sampled_triplet(g);
        let p = g.pick(&[2.0, 1.0, 3.0]);
        let eps = g.pick(&[1e-6, 0.0625]);
        (TripletMarginOptions { margin, p, eps, swap, reduction: sampled_reduction(g) }, inputs)
    }
);

composition!(
    TripletMarginWithDistanceLoss((f64, bool, Reduction)),
    "triplet_margin_with_distance_loss",
    |(margin, swap, reduction), x| {
        let distance = |a: &crate::Value<I>, b: &crate::Value<I>| (a - b).abs().sum_axes(-1, false);
        vec![x[0].triplet_margin_with_distance_loss(&x[1], &x[2], distance, *margin, *swap, *reduction)]
    },
    |g| {
        let (margin, swap, inputs) = sampled_triplet(g);
        ((margin, swap, sampled_reduction(g)), inputs)
    }
);
