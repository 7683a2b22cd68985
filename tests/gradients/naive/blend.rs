//! Blends and gates.

use super::{Array, Naive, build, from_front, groups, joint, replaced, stretched};
use gradtape::{Axes, ops::composed::*};
use ndarray::ArrayD;

fn three(x: &[Array], f: impl Fn(f64, f64, f64) -> f64) -> Vec<Array> {
    let dims = joint(&[x[0].shape(), x[1].shape(), x[2].shape()]);
    vec![build(&dims, |at| f(stretched(&x[0], at), stretched(&x[1], at), stretched(&x[2], at)))]
}

impl Naive for Lerp {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        three(x, |a, b, w| a + w * (b - a))
    }
}

impl Naive for Addcmul {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        three(x, |x, a, b| x + self.0 * a * b)
    }
}

impl Naive for Addcdiv {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        three(x, |x, a, b| x + self.0 * a / b)
    }
}

impl Naive for Logaddexp2 {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        super::zip(x, |a, b| (a.exp2() + b.exp2()).log2())
    }
}

impl Naive for Glu {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.0, x[0].ndim());
        let half = x[0].shape()[axis] / 2;
        vec![build(&replaced(x[0].shape(), axis, half), |at| {
            let gate = x[0][&replaced(at, axis, at[axis] + half)[..]];
            x[0][at] / (1.0 + (-gate).exp())
        })]
    }
}

/// Exponentials over their sum along an axis, each with its weight.
fn weighted(x: &Array, axis: isize, weight: impl Fn(&[usize]) -> f64) -> Array {
    let mut y = ArrayD::zeros(x.raw_dim());
    for group in &groups(x, &Axes::from(axis)) {
        let total: f64 = group.iter().map(|at| weight(at)).sum();
        for at in group.iter().filter(|at| weight(at) > 0.0) {
            y[&at[..]] = weight(at) / total;
        }
    }
    y
}

impl Naive for Softmin {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![weighted(&x[0], self.0, |at| (-x[0][at]).exp())]
    }
}

impl Naive for MaskedSoftmax {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![weighted(&x[0], self.0, |at| if x[1][at] == 0.0 { 0.0 } else { x[0][at].exp() })]
    }
}
