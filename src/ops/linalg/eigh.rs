//! Eigenvalues and eigenvectors of symmetric matrices.
#![forbid(unsafe_code)]

use super::{
    gap::inverse_gaps,
    matrix::{
        blocks, blocks_mut, fault, sampled, sampled_batch, sampled_size, square, square_rejects, symmetric,
        times, times_transposed, transposed_times, with_last,
    },
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::linalg::eigh,
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Ascending eigenvalues w and eigenvectors, the columns of V: (A + Aᵀ)/2 = V·diag(w)·Vᵀ. Of a matrix that is
/// not symmetric the symmetric part is taken, so that the gradient is symmetric: the symmetric part of
/// V·(diag(dw) + F∘(Vᵀ·dV))·Vᵀ with Fᵢⱼ = 1/(wⱼ − wᵢ) (Giles: Collected Matrix Derivative Results for Forward
/// and Reverse Mode AD, 2008, §3.1). Through eigenvectors of eigenvalues that rounding cannot tell apart it
/// is NaN.
#[derive(Clone, Copy, Debug, Default)]
pub struct Eigh;

impl Op for Eigh {
    type In = One;
    type Out = Fix<2>;
    const NAME: &'static str = "eigh";
    const SAVES: Saves = Saves::outputs([0, 1]);

    fn shape(&self, x: &Shape) -> Result<[Shape; 2], OpError> {
        let n = square(Self::NAME, x)?;
        Ok([with_last(Self::NAME, x, &[n])?, x.clone()])
    }

    fn eval<F: Float>(
        &self,
        x: Arg<'_, Eager<F>>,
        [values, vectors]: [Shape; 2],
    ) -> Result<[Tensor<F>; 2], OpError> {
        let n = square(Self::NAME, &vectors)?;
        let (mut w, mut v) = (Tensor::zeros(values), Tensor::zeros(&vectors));
        let results = blocks_mut(w.slice_mut(), n).zip(blocks_mut(v.slice_mut(), n * n));
        for (i, (x, (w, v))) in blocks(x.slice(), n * n).zip(results).enumerate() {
            if eigh::factor(x, n, w, v).is_err() {
                return Err(fault(Self::NAME, &vectors, i, "does not converge"));
            }
        }
        Ok([w, v])
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: [Option<Value<I>>; 2], _: bool) -> Option<Value<I>> {
        let ((w, v), [dw, dv]) = ((s.y::<0>(), s.y::<1>()), dy);
        let through_values = dw.map(|dw| times_transposed(&(v * dw.unsqueeze(-2)), v));
        let through_vectors = dv.map(|dv| {
            let turned = inverse_gaps(w, w.shape()[w.shape().rank() - 1], false) * transposed_times(v, &dv);
            times_transposed(&times(v, &turned), v)
        });
        add_tangents(through_values, through_vectors).map(|da| symmetric(&da))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> [Option<Value<I>>; 2] {
        let Some(dx) = dx else { return [None, None] };
        let (w, v) = (s.y::<0>(), s.y::<1>());
        let turned = transposed_times(v, &times(&symmetric(dx), v));
        let gaps = inverse_gaps(w, w.shape()[w.shape().rank() - 1], false);
        [Some(turned.diagonal(0, -2, -1)), Some(times(v, &(gaps * turned)))]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (batch, n) = (sampled_batch(g), sampled_size(g));
        Sample::new(Eigh, [sampled_apart(g, &batch, n)]).rounding(10.0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        square_rejects(Eigh)
    }
}

/// Matrices whose eigenvalues lie apart, and whose eigenvectors have one component that is clearly the
/// greatest, so that their signs are settled.
#[inline]
fn sampled_apart(g: &mut Gen, batch: &[usize], n: usize) -> Tensor<f64> {
    let (x, order) = (sampled(g, batch, [n, n]), g.order(n));
    let own = |at: usize| if at / n % n == at % n { 3.0 * order[at % n] as f64 - 4.0 } else { 0.0 };
    Tensor::from_fn(x.shape(), |at| 0.5 * x.slice()[at] + own(at))
}

impl<I: Interp> Value<I> {
    /// The eigenvalues of symmetric matrices, ascending, and their eigenvectors as columns. Of a matrix that
    /// is not symmetric the symmetric part is taken, so that there is no choice of a triangle as in PyTorch.
    ///
    /// Eigenvectors have length 1, and their component of greatest magnitude, the first of equals, is
    /// positive. A loss should not depend on their signs: they jump where another component becomes the
    /// greatest.
    ///
    /// # Panics
    /// When this is not a batch of square matrices.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (w, v) = Tensor::from([[2.0, 0.0], [0.0, 1.0]]).eigh();
    /// assert_eq!(w, Tensor::from([1.0, 2.0]));
    /// assert_eq!(v, Tensor::from([[0.0, 1.0], [1.0, 0.0]]));
    /// ```
    #[track_caller]
    pub fn eigh(&self) -> (Self, Self) {
        let [values, vectors] = Value::apply(Eigh, self.into());
        (values, vectors)
    }

    /// The eigenvalues of symmetric matrices, ascending; see [`eigh`](Self::eigh).
    ///
    /// # Panics
    /// When this is not a batch of square matrices.
    #[track_caller]
    pub fn eigvalsh(&self) -> Self {
        let [values, _] = Value::apply_as("eigvalsh", Eigh, self.into());
        values
    }
}

composition!(Eigvalsh(()), "eigvalsh", |_, x| vec![x[0].eigvalsh()], |g| {
    let (batch, n) = (sampled_batch(g), sampled_size(g));
    ((), vec![sampled_apart(g, &batch, n)])
});
