//! Losses of yes and no: probabilities or logits against targets in \[0, 1\].

use super::{Reduction, alike, sampled_reduction, sampled_weight, times, weighted};
use crate::{
    Float, Shape,
    gradcheck::Gen,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// −t·ln p − (1 − t)·ln(1 − p) for probabilities p, times weights that broadcast to it, reduced. Logarithms
    /// are cut off at −100. From logits, [`binary_cross_entropy_with_logits`](Self::binary_cross_entropy_with_logits)
    /// is more exact.
    ///
    /// # Panics
    /// When the shapes differ, an element of p is not in \[0, 1\], or the weights do not broadcast to p.
    #[track_caller]
    pub fn binary_cross_entropy(&self, target: &Self, weight: Option<&Self>, reduction: Reduction) -> Self {
        const NAME: &str = "binary_cross_entropy";
        alike(NAME, self, target);
        let outside = |p: &&I::Elem| **p < I::Elem::ZERO || **p > I::Elem::ONE;
        if let Some(p) = self.tensor().slice().iter().find(outside) {
            panic!("gradtape: {NAME}: {p} in {} is not a probability", self.shape());
        }
        reduction.of(weighted(NAME, self.bernoulli_nll(target), weight))
    }

    /// −w·t·ln σ(x) − (1 − t)·ln(1 − σ(x)) for logits x, times weights, reduced; `pos_weight` w counts what
    /// is positive more or less. Both broadcast to x. Nothing overflows, and nothing cancels.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Reduction};
    /// let (x, t) = (Tensor::from([-800.0, 800.0]), Tensor::from([0.0, 0.0]));
    /// let each = x.binary_cross_entropy_with_logits(&t, None, None, Reduction::None);
    /// assert_eq!(each, Tensor::from([0.0, 800.0]));
    /// ```
    ///
    /// # Panics
    /// When the shapes differ, or the weights do not broadcast to x.
    #[track_caller]
    pub fn binary_cross_entropy_with_logits(
        &self,
        target: &Self,
        weight: Option<&Self>,
        pos_weight: Option<&Self>,
        reduction: Reduction,
    ) -> Self {
        const NAME: &str = "binary_cross_entropy_with_logits";
        alike(NAME, self, target);
        reduction.of(weighted(NAME, self.bernoulli_logits(NAME, target, pos_weight), weight))
    }

    /// The losses of single logits.
    #[track_caller]
    pub(super) fn bernoulli_logits(&self, op: &str, target: &Self, pos_weight: Option<&Self>) -> Self {
        let yes = weighted(op, times(target, &(-self).softplus(1.0)), pos_weight);
        yes + times(&(1.0 - target), &self.softplus(1.0))
    }
}

/// A shape with elements, and that of weights that broadcast to it.
#[inline]
fn sampled_shapes(g: &mut Gen) -> (Shape, Shape) {
    let shape = g.shape(3);
    let shape = g.nonempty(shape);
    let weight = if g.bool() { shape.clone() } else { Shape::from(&shape[shape.rank().min(1)..]) };
    (shape, weight)
}

composition!(
    BinaryCrossEntropy(Reduction),
    "binary_cross_entropy",
    |reduction, x| vec![x[0].binary_cross_entropy(&x[1], x.get(2), *reduction)],
    |g| {
        let (shape, weight) = sampled_shapes(g);
        let mut inputs = vec![g.values(&shape, 0.125..0.875), g.values(&shape, 0.0..1.0)];
        sampled_weight(g, &weight, &mut inputs);
        (sampled_reduction(g), inputs)
    }
);
composition!(
    BinaryCrossEntropyWithLogits(Reduction),
    "binary_cross_entropy_with_logits",
    |reduction, x| vec![x[0].binary_cross_entropy_with_logits(&x[1], x.get(2), x.get(3), *reduction)],
    |g| {
        let (shape, weight) = sampled_shapes(g);
        let mut inputs = vec![g.values(&shape, -3.0..3.0), g.values(&shape, 0.0..1.0)];
        sampled_weight(g, &weight, &mut inputs);
        if inputs.len() == 3 {
            sampled_weight(g, &weight, &mut inputs);
        }
        (sampled_reduction(g), inputs)
    }
);
