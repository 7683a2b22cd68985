//! Distances between vectors, their angles, and vectors of length 1.
#![forbid(unsafe_code)]

use crate::{
    Axes, Shape, Tensor,
    gradcheck::Gen,
    ops::{lane, view::allowed},
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// ‖x₁ᵢ − x₂ⱼ‖ₚ of each row of x₁ with each row of x₂; the batches before are broadcast. PyTorch's
    /// default p is 2. The gradient of equal rows is 0.
    ///
    /// Differences are taken before they are squared. PyTorch's `compute_mode` allows a product of matrices in their place,
    /// which is faster and loses the digits of small distances; there is no such choice here.
    ///
    /// # Panics
    /// When these are no matrices with rows of one size, the batches do not broadcast, or p is negative.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (a, b) = (Tensor::from([[0.0, 0.0], [3.0, 0.0]]), Tensor::from([[0.0, 4.0]]));
    /// assert_eq!(a.cdist(&b, 2.0), Tensor::from([[4.0], [5.0]]));
    /// ```
    #[track_caller]
    pub fn cdist(&self, other: &Self, p: f64) -> Self {
        let (a, b) = (self.shape(), other.shape());
        let fits = match (&a[..], &b[..]) {
            ([a @ .., _, k], [b @ .., _, l]) => k == l && Shape::from(a).broadcast(&Shape::from(b)).is_some(),
            _ => false,
        };
        assert!(fits, "gradtape: cdist: needs [.., n, k] and [.., m, k], not {a} and {b}");
        assert!(p >= 0.0, "gradtape: cdist: there is no norm of order {p} for {a} and {b}");
        (self.unsqueeze(-2) - other.unsqueeze(-3)).norm_as("cdist", p, Axes::from(-1), false)
    }

    /// ‖x₁ − x₂ + ε‖ₚ along the last axis, the others broadcast. PyTorch's defaults are p = 2, ε = 1e-6 and
    /// not to keep the axis.
    ///
    /// # Panics
    /// When the shapes do not broadcast, or have no axis.
    #[track_caller]
    pub fn pairwise_distance(&self, other: &Self, p: f64, eps: f64, keepdims: bool) -> Self {
        let (a, b) = (self.shape(), other.shape());
        let fits = a.rank().max(b.rank()) > 0 && a.broadcast(b).is_some();
        assert!(fits, "gradtape: pairwise_distance: {a} and {b} have no axis or do not broadcast");
        (self - other + eps).norm_as("pairwise_distance", p, Axes::from(-1), keepdims)
    }

    /// Σ x₁x₂ / (max(‖x₁‖₂, ε) · max(‖x₂‖₂, ε)) along an axis, the others broadcast. PyTorch's defaults are
    /// axis 1 and ε = 1e-8.
    ///
    /// # Panics
    /// When the shapes do not broadcast, or the axis is out of range.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (a, b) = (Tensor::from([1.0, 0.0]), Tensor::from([0.0, 2.0]));
    /// assert_eq!(a.cosine_similarity(&b, 0, 1e-8).item(), 0.0);
    /// assert_eq!(b.cosine_similarity(&b, 0, 1e-8).item(), 1.0);
    /// ```
    #[track_caller]
    pub fn cosine_similarity(&self, other: &Self, axis: isize, eps: f64) -> Self {
        let (a, b) = (self.shape(), other.shape());
        let Some(joint) = a.broadcast(b) else {
            panic!("gradtape: cosine_similarity: shapes {a} and {b} do not broadcast");
        };
        allowed(lane::place("cosine_similarity", axis, &joint));
        let unit = |x: &Self| x.expand(&joint).normalize(2.0, axis, eps);
        (unit(self) * unit(other)).sum_axes(axis, false)
    }

    /// x / max(‖x‖ₚ, ε) along an axis. PyTorch's defaults are p = 2, axis 1 and ε = 1e-12. Of zeros 0, with
    /// gradient dy/ε: the derivative of this formula.
    ///
    /// # Panics
    /// When the axis is out of range.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([3.0, 4.0]).normalize(2.0, 0, 1e-12), Tensor::from([0.6, 0.8]));
    /// ```
    #[track_caller]
    pub fn normalize(&self, p: f64, axis: isize, eps: f64) -> Self {
        self / self.norm_as("normalize", p, Axes::from(axis), true).maximum(eps)
    }
}

/// Two operands whose elements are all well apart from each other and from 0.
#[inline]
fn apart(g: &mut Gen, a: &Shape, b: &Shape) -> Vec<Tensor<f64>> {
    let order = g.order(a.size() + b.size());
    let value = |i: usize| (if i.is_multiple_of(2) { 0.125 } else { -0.125 }) * (i + 4) as f64;
    let of = |shape: &Shape, from: usize| Tensor::from_fn(shape, |at| value(order[from + at]));
    vec![of(a, 0), of(b, a.size())]
}

composition!(Cdist(f64), "cdist", |p, x| vec![x[0].cdist(&x[1], *p)], |g| {
    let (batch, n, m, k) = (g.shape(1), g.int(0, 3), g.int(1, 3), g.int(1, 3));
    let a = Shape::from(&[&batch[..], &[n, k]].concat()[..]);
    (g.pick(&[2.0, 1.0, 3.0, 1.5]), apart(g, &a, &Shape::from([m, k])))
});

composition!(
    PairwiseDistance((f64, f64, bool)),
    "pairwise_distance",
    |(p, eps, keepdims), x| vec![x[0].pairwise_distance(&x[1], *p, *eps, *keepdims)],
    |g| {
        let a = g.shape_of_rank(1, 3);
        let b = Shape::from(&a[g.int(0, a.rank() - 1)..]);
        ((g.pick(&[2.0, 1.0, 3.0]), g.pick(&[1e-6, 0.0]), g.bool()), apart(g, &a, &b))
    }
);

composition!(
    CosineSimilarity((isize, f64)),
    "cosine_similarity",
    |(axis, eps), x| vec![x[0].cosine_similarity(&x[1], *axis, *eps)],
    |g| {
        let a = g.shape_of_rank(1, 3);
        let b = Shape::from(&a[g.int(0, a.rank() - 1)..]);
        // A large ε, too, which then divides in place of the length.
        ((g.axis(a.rank()), g.pick(&[1e-8, 1e3])), apart(g, &a, &b))
    }
);

composition!(
    Normalize((f64, isize, f64)),
    "normalize",
    |(p, axis, eps), x| vec![x[0].normalize(*p, *axis, *eps)],
    |g| {
        let x = g.shape_of_rank(1, 3);
        let (p, axis, eps) = (g.pick(&[2.0, 1.0, 3.0]), g.axis(x.rank()), g.pick(&[1e-12, 1e3]));
        ((p, axis, eps), vec![apart(g, &x, &Shape::from([0])).remove(0)])
    }
);
