//! Forward mode: Jacobian-vector products, Jacobians by columns.

use super::{joined, one_hot};
use crate::{Dual, Eager, Float, Tensor};

/// The results of f, and J·v: how they change as the operands move along v.
///
/// ```
/// use gradtape::{Tensor, transform::jvp};
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 0.5]));
/// let ([y], [dy]) = jvp(|[x]| [x * x], [&x], [&v]);
/// assert_eq!((y, dy), (Tensor::from([1.0, 4.0]), Tensor::from([2.0, 2.0])));
/// ```
///
/// # Panics
/// When a v has another shape than its operand.
#[track_caller]
pub fn jvp<F: Float, const N: usize, const M: usize>(
    f: impl FnOnce(&[Dual<Eager<F>>; N]) -> [Dual<Eager<F>>; M],
    x: [&Tensor<F>; N],
    v: [&Tensor<F>; N],
) -> ([Tensor<F>; M], [Tensor<F>; M]) {
    for (i, (x, v)) in x.iter().zip(v).enumerate() {
        assert!(
            x.shape() == v.shape(),
            "gradtape: jvp: a tangent of shape {} for operand {i} of {}",
            v.shape(),
            x.shape()
        );
    }
    let duals = std::array::from_fn(|i| Dual::new(x[i].clone(), Some(v[i].clone())));
    let y = f(&duals);
    (y.each_ref().map(|y| y.primal().clone()), y.each_ref().map(tangent))
}

fn tangent<F: Float>(y: &Dual<Eager<F>>) -> Tensor<F> {
    y.tangent().cloned().unwrap_or_else(|| Tensor::zeros(y.shape()))
}

/// The Jacobian ∂y/∂x of y = f(x) with respect to each operand, by forward mode: the axes of y, then
/// those of x. One run for each element of x; prefer [`jacrev`](super::jacrev) when y has fewer.
///
/// ```
/// use gradtape::{Tensor, transform::jacfwd};
/// let [j] = jacfwd(|[x]| x * x, [&Tensor::from([1.0, 2.0])]);
/// assert_eq!(j, Tensor::from([[2.0, 0.0], [0.0, 4.0]]));
/// ```
#[track_caller]
pub fn jacfwd<F: Float, const N: usize>(
    f: impl Fn(&[Dual<Eager<F>>; N]) -> Dual<Eager<F>>,
    x: [&Tensor<F>; N],
) -> [Tensor<F>; N] {
    let along = |k: usize, v: Option<Tensor<F>>| {
        f(&std::array::from_fn(|i| Dual::new(x[i].clone(), v.clone().filter(|_| i == k))))
    };
    let shape = along(0, None).shape().clone();
    std::array::from_fn(|k| {
        let n = x[k].shape().size();
        let mut jacobian = Tensor::zeros(joined(&shape, x[k].shape()));
        for column in 0..n {
            let dy = tangent(&along(k, Some(one_hot(x[k].shape(), column))));
            for (to, &from) in jacobian.slice_mut()[column..].iter_mut().step_by(n).zip(dy.slice()) {
                *to = from;
            }
        }
        jacobian
    })
}
