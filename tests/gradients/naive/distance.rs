//! Distances by their definitions.

use super::{Array, Naive, Place, build, from_front, joint, replaced, stretched};
use gradtape::ops::composed;
use ndarray::{ArrayD, IxDyn};

fn norm(x: impl Iterator<Item = f64>, p: f64) -> f64 {
    x.map(|v| v.abs().powf(p)).sum::<f64>().powf(1.0 / p)
}

fn zip(a: &Array, b: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
    build(&joint(&[a.shape(), b.shape()]), |at| f(stretched(a, at), stretched(b, at)))
}

/// ‖x‖ₚ along an axis, which stays, with size 1.
fn along(x: &Array, axis: usize, p: f64) -> Array {
    build(&replaced(x.shape(), axis, 1), |at| {
        norm((0..x.shape()[axis]).map(|i| x[&replaced(at, axis, i)[..]]), p)
    })
}

impl Naive for composed::Cdist {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (a, b) = (&x[0], &x[1]);
        let (batch, rows) = (a.ndim() - 2, b.shape()[b.ndim() - 2]);
        let dims = replaced(a.shape(), batch + 1, rows);
        vec![build(&dims, |at| {
            let (of_a, of_b) = (&at[..=batch], &[&at[..b.ndim() - 2], &at[batch + 1..]].concat());
            let difference = |k: usize| a[&[of_a, &[k]].concat()[..]] - b[&[of_b, &[k][..]].concat()[..]];
            norm((0..a.shape()[batch + 1]).map(difference), self.0)
        })]
    }
}

impl Naive for composed::PairwiseDistance {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (p, eps, keepdims) = self.0;
        let difference = zip(&x[0], &x[1], |a, b| a - b + eps);
        let last = difference.ndim() - 1;
        let y = along(&difference, last, p);
        let dims: Place = if keepdims { y.shape().to_vec() } else { y.shape()[..last].to_vec() };
        vec![y.into_shape_with_order(IxDyn(&dims)).expect("an axis of size 1")]
    }
}

impl Naive for composed::CosineSimilarity {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axis, eps) = self.0;
        let zeros: Array = ArrayD::zeros(IxDyn(&joint(&[x[0].shape(), x[1].shape()])));
        let [a, b] = [0, 1].map(|i| zip(&zeros, &x[i], |_, v| v));
        let axis = from_front(axis, a.ndim());
        let (na, nb) = (along(&a, axis, 2.0), along(&b, axis, 2.0));
        let dims: Place = (0..a.ndim()).filter(|&i| i != axis).map(|i| a.shape()[i]).collect();
        vec![build(&dims, |at| {
            let at = [&at[..axis], &[0], &at[axis..]].concat();
            let term = |i: usize| a[&replaced(&at, axis, i)[..]] * b[&replaced(&at, axis, i)[..]];
            (0..a.shape()[axis]).map(term).sum::<f64>() / (na[&at[..]].max(eps) * nb[&at[..]].max(eps))
        })]
    }
}

impl Naive for composed::Normalize {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (p, axis, eps) = self.0;
        let norms = along(&x[0], from_front(axis, x[0].ndim()), p);
        vec![zip(&x[0], &norms, |x, norm| x / norm.max(eps))]
    }
}
