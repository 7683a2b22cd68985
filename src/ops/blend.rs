//! Blends and gates: sums of products under the names that people know.
#![forbid(unsafe_code)]

use super::{
    Expand, Logaddexp, Softmax, Zip,
    broadcast::together,
    lane,
    view::{allowed, place},
};
use crate::value::{Interp, Other, Value};

impl<I: Interp> Value<I> {
    /// (1 − weight) · x + weight · end, broadcast: linear interpolation, exact at the weights 0 and 1. The
    /// weight is a value or a number.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (start, end) = (Tensor::from([0.0, 10.0]), Tensor::from([4.0, 20.0]));
    /// assert_eq!(start.lerp(&end, 0.5), Tensor::from([2.0, 15.0]));
    /// ```
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn lerp<'a>(&'a self, end: &Self, weight: impl Other<'a, I>) -> Self {
        let weight = weight.beside(self);
        allowed(together("lerp", [self.shape(), end.shape(), weight.shape()]));
        self * (1.0 - &*weight) + end * &*weight
    }

    /// x + value · a · b, broadcast.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn addcmul(&self, a: &Self, b: &Self, value: f64) -> Self {
        allowed(together("addcmul", [self, a, b].map(Value::shape)));
        self + (a * b) * value
    }

    /// x + value · a / b, broadcast.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn addcdiv(&self, a: &Self, b: &Self, value: f64) -> Self {
        allowed(together("addcdiv", [self, a, b].map(Value::shape)));
        self + (a / b) * value
    }

    /// log₂(2ᵃ + 2ᵇ) without overflow, broadcast.
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn logaddexp2(&self, other: &Self) -> Self {
        use std::f64::consts::LN_2;
        let scaled = [(self * LN_2).into(), (other * LN_2).into()];
        Value::apply_as("logaddexp2", Zip(Logaddexp), scaled) / LN_2
    }

    /// a · σ(b), where a and b are the halves of x along an axis (Dauphin and others: Language
    /// Modeling with Gated Convolutional Networks, 2017).
    ///
    /// # Panics
    /// When the axis is out of range or its size is odd.
    #[track_caller]
    pub fn glu(&self, axis: isize) -> Self {
        let size = self.shape()[place("glu", axis, self.shape().rank(), self.shape())];
        assert!(size.is_multiple_of(2), "gradtape: glu: {} has no halves along axis {axis}", self.shape());
        let halves = self.split(&[size / 2; 2], axis);
        &halves[0] * halves[1].sigmoid()
    }

    /// e⁻ˣ / Σ e⁻ˣ along an axis.
    ///
    /// # Panics
    /// When the axis is out of range.
    #[track_caller]
    pub fn softmin(&self, axis: isize) -> Self {
        Value::apply_as("softmin", Softmax { axis }, (-self).into())
    }

    /// Softmax along an axis over the places where the mask is not 0, and 0 elsewhere: also where
    /// the whole row is masked. The mask broadcasts to x and has no gradient.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 2.0], [1.0, 2.0, 3.0]]);
    /// let mask = Tensor::from([[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]);
    /// assert_eq!(x.masked_softmax(-1, &mask), Tensor::from([[0.0, 0.5, 0.5], [0.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or the mask does not broadcast to x.
    #[track_caller]
    pub fn masked_softmax(&self, axis: isize, mask: &Self) -> Self {
        allowed(lane::place("masked_softmax", axis, self.shape()));
        let mask = Value::apply_as("masked_softmax", Expand(self.shape().clone()), mask.into());
        if self.shape().size() == 0 {
            return self.softmax(axis);
        }
        // A row without any place is given a distribution, which the last line takes away again.
        let any = mask.any_axes(axis, true);
        let masked = mask.select(self, f64::NEG_INFINITY);
        mask.select(&any.select(&masked, 0.0).softmax(axis), 0.0)
    }
}

composition!(Lerp(()), "lerp", |_, x| vec![x[0].lerp(&x[1], &x[2])], |g| {
    let (a, b) = g.broadcast_pair();
    ((), vec![g.values(&a, -3.0..3.0), g.values(&b, -3.0..3.0), g.values(&a, 0.0..1.0)])
});

composition!(Addcmul(f64), "addcmul", |value, x| vec![x[0].addcmul(&x[1], &x[2], *value)], |g| {
    let (a, b) = g.broadcast_pair();
    let value = g.pick(&[1.0, -0.5]);
    (value, vec![g.values(&a, -3.0..3.0), g.values(&b, -3.0..3.0), g.values(&a, -3.0..3.0)])
});

composition!(Addcdiv(f64), "addcdiv", |value, x| vec![x[0].addcdiv(&x[1], &x[2], *value)], |g| {
    let (a, b) = g.broadcast_pair();
    let value = g.pick(&[1.0, -0.5]);
    (value, vec![g.values(&a, -3.0..3.0), g.values(&b, -3.0..3.0), g.values(&a, 0.5..3.0)])
});

composition!(Logaddexp2(()), "logaddexp2", |_, x| vec![x[0].logaddexp2(&x[1])], |g| {
    let (a, b) = g.broadcast_pair();
    ((), vec![g.values(&a, -3.0..3.0), g.values(&b, -3.0..3.0)])
});

composition!(Glu(isize), "glu", |axis, x| vec![x[0].glu(*axis)], |g| {
    let shape = g.shape_of_rank(1, 3);
    let axis = g.int(0, shape.rank() - 1);
    let half = g.int(0, 2);
    let shape = shape.with_axis(axis, 2 * half).expect("small");
    (axis as isize, vec![g.values(&shape, -3.0..3.0)])
});

composition!(Softmin(isize), "softmin", |axis, x| vec![x[0].softmin(*axis)], |g| {
    let (shape, axis) = lane::sampled(g);
    (axis, vec![g.values(&shape, -3.0..3.0)])
});

composition!(
    MaskedSoftmax(isize),
    "masked_softmax",
    |axis, x| vec![x[0].masked_softmax(*axis, &x[1])],
    constant 1,
    |g| {
        let (shape, axis) = lane::sampled(g);
        (axis, vec![g.values(&shape, -3.0..3.0), g.mask(&shape)])
    }
);
