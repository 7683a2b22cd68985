//! Reverse mode: gradients, vector-Jacobian products, Jacobians by rows.

use super::{joined, number, one_hot};
use crate::{Float, Shape, Tape, Tensor, Var, tape::NodeId};
use std::fmt;

/// The gradient of a number f with respect to each operand.
///
/// ```
/// use gradtape::{Tensor, transform::grad};
/// let (x, w) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// let [dx, dw] = grad(|[x, w]| (x * w).sum(), [&x, &w]);
/// assert_eq!((dx, dw), (w.clone(), x.clone()));
/// // With respect to w only; x is data.
/// let [dw] = grad(|[w]| (w * w.lift(x.clone())).sum(), [&w]);
/// assert_eq!(dw, x);
/// ```
///
/// # Panics
/// When f gives more or less than one number.
#[track_caller]
pub fn grad<F: Float, const N: usize>(
    f: impl for<'t> FnOnce(&[Var<'t, F>; N]) -> Var<'t, F>,
    x: [&Tensor<F>; N],
) -> [Tensor<F>; N] {
    value_and_grad(f, x).1
}

/// A number f, and its gradient with respect to each operand: zero where f does not depend on it.
///
/// ```
/// use gradtape::{Tensor, transform::value_and_grad};
/// let (value, [gradient]) = value_and_grad(|[x]| x.square().sum(), [&Tensor::from([1.0, 2.0])]);
/// assert_eq!((value, gradient), (5.0, Tensor::from([2.0, 4.0])));
/// ```
///
/// # Panics
/// When f gives more or less than one number.
#[track_caller]
pub fn value_and_grad<F: Float, const N: usize>(
    f: impl for<'t> FnOnce(&[Var<'t, F>; N]) -> Var<'t, F>,
    x: [&Tensor<F>; N],
) -> (F, [Tensor<F>; N]) {
    let tape = Tape::new();
    let vars = x.map(|x| tape.var(x.clone()));
    let y = f(&vars);
    let value = number("grad", &y);
    (value, gradients(&y, &vars))
}

/// The gradients of a number; consumes the record.
#[track_caller]
pub(super) fn gradients<'t, F: Float, const N: usize>(y: &Var<'t, F>, x: &[Var<'t, F>; N]) -> [Tensor<F>; N] {
    let mut found = (!y.is_constant()).then(|| y.backward());
    let of = |x: &Var<'t, F>| found.as_mut()?.take(x);
    x.each_ref().map(of_or_zeros(of))
}

fn of_or_zeros<'t, F: Float>(
    mut of: impl FnMut(&Var<'t, F>) -> Option<Tensor<F>>,
) -> impl FnMut(&Var<'t, F>) -> Tensor<F> {
    move |x| of(x).unwrap_or_else(|| Tensor::zeros(x.shape()))
}

/// The results of f, and the linear map u ↦ Jᵀ·u, which may be asked any number of times.
///
/// ```
/// use gradtape::{Tensor, transform::vjp};
/// let (x, w) = (Tensor::from([1.0, 2.0]), Tensor::from([3.0, 4.0]));
/// let ([product, sum], pullback) = vjp(|[x, w]| [x * w, x.sum()], [&x, &w]);
/// assert_eq!((product.slice(), sum.item()), (&[3.0, 8.0][..], 3.0));
/// let [dx, dw] = pullback.call([&Tensor::from([1.0, 0.0]), &Tensor::scalar(10.0)]);
/// assert_eq!((dx, dw), (Tensor::from([13.0, 10.0]), Tensor::from([1.0, 0.0])));
/// ```
#[track_caller]
pub fn vjp<F: Float, const N: usize, const M: usize>(
    f: impl for<'t> FnOnce(&[Var<'t, F>; N]) -> [Var<'t, F>; M],
    x: [&Tensor<F>; N],
) -> ([Tensor<F>; M], Pullback<F, N, M>) {
    let tape = Tape::new();
    let vars = x.map(|x| tape.var(x.clone()));
    let y = f(&vars);
    let place = |var: &Var<'_, F>| (var.id(), var.shape().clone());
    let (x, places) = (vars.each_ref().map(place), y.each_ref().map(place));
    let y = y.map(|y| y.tensor().clone());
    drop(vars);
    (y, Pullback { tape, x, y: places })
}

/// The map u ↦ Jᵀ·u of a function of N operands and M results, at the point where [`vjp`] ran it.
pub struct Pullback<F: Float, const N: usize, const M: usize> {
    tape: Tape<F>,
    x: [(NodeId, Shape); N],
    y: [(NodeId, Shape); M],
}

impl<F: Float, const N: usize, const M: usize> Pullback<F, N, M> {
    /// Jᵀ·u: for each operand, the gradient of Σ⟨uⱼ, yⱼ⟩ over all results, in one sweep. Zero where
    /// nothing depends on an operand.
    ///
    /// # Panics
    /// When a u has another shape than its result.
    #[track_caller]
    pub fn call(&self, u: [&Tensor<F>; M]) -> [Tensor<F>; N] {
        for (j, (u, (_, shape))) in u.iter().zip(&self.y).enumerate() {
            assert!(
                u.shape() == shape,
                "gradtape: vjp: a gradient of shape {} for result {j} of {shape}",
                u.shape()
            );
        }
        let from = self.y.iter().zip(u).filter(|((id, _), _)| !id.is_constant());
        let from = from.map(|((id, _), u)| (*id, u.clone())).collect();
        let mut found = self.tape.pull(from, &self.x.each_ref().map(|(id, _)| *id)).into_iter();
        self.x.each_ref().map(|(_, shape)| found.next().flatten().unwrap_or_else(|| Tensor::zeros(shape)))
    }
}

impl<F: Float, const N: usize, const M: usize> fmt::Debug for Pullback<F, N, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pullback from {M} results to {N} operands on {:?}", self.tape)
    }
}

/// The Jacobian ∂y/∂x of y = f(x) with respect to each operand, by reverse mode: the axes of y, then
/// those of x. One sweep for each element of y; prefer [`jacfwd`](super::jacfwd) when x has fewer.
///
/// ```
/// use gradtape::{Tensor, transform::jacrev};
/// let [j] = jacrev(|[x]| x * x, [&Tensor::from([1.0, 2.0])]);
/// assert_eq!(j, Tensor::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
#[track_caller]
pub fn jacrev<F: Float, const N: usize>(
    f: impl for<'t> FnOnce(&[Var<'t, F>; N]) -> Var<'t, F>,
    x: [&Tensor<F>; N],
) -> [Tensor<F>; N] {
    let tape = Tape::new();
    let vars = x.map(|x| tape.var(x.clone()));
    rows(&f(&vars), &vars)
}

/// The Jacobian of a recorded value, row by row; keeps the record.
#[track_caller]
pub(super) fn rows<'t, F: Float, const N: usize>(y: &Var<'t, F>, x: &[Var<'t, F>; N]) -> [Tensor<F>; N] {
    let mut jacobian = x.each_ref().map(|x| Tensor::zeros(joined(y.shape(), x.shape())));
    if y.is_constant() {
        return jacobian;
    }
    let wrt = x.each_ref().map(Var::id);
    for row in 0..y.shape().size() {
        let found = y.tape().pull(vec![(y.id(), one_hot(y.shape(), row))], &wrt);
        for (jacobian, found) in jacobian.iter_mut().zip(found) {
            if let Some(found) = found {
                let n = found.shape().size();
                jacobian.slice_mut()[row * n..][..n].copy_from_slice(found.slice());
            }
        }
    }
    jacobian
}
