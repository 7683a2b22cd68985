//! What is done to complex numbers given as pairs.

use crate::{
    Shape,
    gradcheck::Gen,
    ops::{
        broadcast::pair,
        view::{allowed, place},
    },
    value::{Interp, Value},
};

/// Refuses an operand that is not of pairs.
#[track_caller]
pub(super) fn check_pairs(op: &str, x: &Shape) {
    assert!(x.last() == Some(&2), "gradtape: {op}: needs pairs along a last axis of size 2, not {x}");
}

/// The place of an axis among those before that of the pairs.
#[track_caller]
pub(super) fn pair_place(op: &str, axis: isize, x: &Shape) -> usize {
    check_pairs(op, x);
    place(op, axis, x.rank() - 1, x)
}

/// Complex numbers (feature `fft`), which are pairs, real and imaginary part, along a last axis of size 2.
impl<I: Interp> Value<I> {
    /// Real and imaginary parts of pairs.
    pub(super) fn parts(&self) -> (Self, Self) {
        (self.index_axis(-1, 0), self.index_axis(-1, 1))
    }

    /// |z| = √(re² + im²) of complex numbers, given as pairs along the last axis, without overflow. ∂/∂re = re/|z|,
    /// ∂/∂im = im/|z|; 0 at z = 0.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([[3.0, -4.0], [0.0, 0.0]]).magnitude(), Tensor::from([5.0, 0.0]));
    /// ```
    ///
    /// # Panics
    /// When the last axis is not of size 2.
    #[track_caller]
    pub fn magnitude(&self) -> Self {
        check_pairs("magnitude", self.shape());
        let (re, im) = self.parts();
        re.hypot(&im)
    }

    /// (a.re·b.re − a.im·b.im, a.re·b.im + a.im·b.re): the product of complex numbers, given as pairs along the last
    /// axis, broadcast. Between transforms it filters:
    ///
    /// ```
    /// use gradtape::{Tensor, ops::FftNorm::Backward};
    /// let x = Tensor::<f64>::from([1.0, 2.0, 3.0, 4.0]);
    /// let difference = Tensor::from([1.0, -1.0, 0.0, 0.0]);
    /// let spectra = x.rfft(None, -1, Backward).complex_mul(&difference.rfft(None, -1, Backward));
    /// let y = spectra.irfft(None, -1, Backward); // xⱼ − xⱼ₋₁, and the first less the last
    /// assert!((y - Tensor::from([-3.0, 1.0, 1.0, 1.0])).norm(2.0).item() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// When a last axis is not of size 2, or the shapes do not broadcast.
    #[track_caller]
    pub fn complex_mul(&self, other: &Self) -> Self {
        check_pairs("complex_mul", self.shape());
        check_pairs("complex_mul", other.shape());
        allowed(pair("complex_mul", self.shape(), other.shape()));
        let ((a_re, a_im), (b_re, b_im)) = (self.parts(), other.parts());
        let (re, im) = (&a_re * &b_re - &a_im * &b_im, a_re * b_im + a_im * b_re);
        Value::stack(&[&re, &im], -1)
    }
}

/// A shape of pairs with this many axes before them.
#[inline]
pub(super) fn sampled_pairs(g: &mut Gen, low: usize, high: usize) -> Shape {
    let front = g.shape_of_rank(low, high);
    Shape::from(&[&front[..], &[2]].concat()[..])
}

composition!(
    Magnitude(()),
    "magnitude",
    |(), x| vec![x[0].magnitude()],
    // Far from 0, where it bends sharply.
    |g| {
        let shape = sampled_pairs(g, 0, 3);
        let sign = g.mask(&shape) * 2.0 - 1.0;
        ((), vec![g.values(&shape, 0.5..2.0) * sign])
    }
);
composition!(ComplexMul(()), "complex_mul", |(), x| vec![x[0].complex_mul(&x[1])], |g| {
    let (a, b) = g.broadcast_pair();
    let pairs = [a, b].map(|front| Shape::from(&[&front[..], &[2]].concat()[..]));
    ((), pairs.iter().map(|shape| g.values(shape, -2.0..2.0)).collect())
});
