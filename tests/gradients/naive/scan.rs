//! Products and scans: each place by its definition, from all that it takes in.

use super::{Array, Naive, along, build, from_front, reduced, replaced};
use gradtape::ops::{Cumprod, LinearScan, LogCumsumExp, Prod, composed::*};

/// At each place, `f` of the elements of its lane up to there.
fn scanned(x: &Array, axis: isize, f: impl Fn(&[f64]) -> f64) -> Vec<Array> {
    let axis = from_front(axis, x.ndim());
    vec![build(x.shape(), |at| {
        f(&(0..=along(at, axis, 0)).map(|i| x[&replaced(at, axis, i)[..]]).collect::<Vec<_>>())
    })]
}

impl Naive for Prod {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &self.axes, self.keepdims, |v| v.iter().product())
    }
}

impl Naive for Cumprod {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        scanned(&x[0], self.axis, |v| v.iter().product())
    }
}

impl Naive for LogCumsumExp {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        scanned(&x[0], self.axis, |v| v.iter().map(|v| v.exp()).sum::<f64>().ln())
    }
}

/// Each x times the product of all decays between it and the place.
impl Naive for LinearScan {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.axis, x[0].ndim());
        let count = along(x[0].shape(), axis, 1);
        vec![build(x[0].shape(), |at| {
            let here = along(at, axis, 0);
            let term = |from: usize| {
                let between = from.min(here) + 1..from.max(here) + 1;
                let decay: f64 = between.map(|i| x[1][&replaced(at, axis, i)[..]]).product();
                x[0][&replaced(at, axis, from)[..]] * decay
            };
            if self.reverse { (here..count).map(term).sum() } else { (0..=here).map(term).sum() }
        })]
    }
}

impl Naive for Cummax {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        scanned(&x[0], self.0, |v| v.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }
}

impl Naive for Cummin {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        scanned(&x[0], self.0, |v| v.iter().copied().fold(f64::INFINITY, f64::min))
    }
}

/// Σ (−1)ⁿ⁻ᵏ·C(n, k)·xᵢ₊ₖ over what is before, is, and is behind x.
impl Naive for Diff {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, axis) = (self.0.0, from_front(self.0.1, x[0].ndim()));
        let size = x[0].shape()[axis];
        let order: &[usize] = [&[0][..], &[1, 0], &[1, 0, 2]][x.len() - 1];
        let binomial = |k: usize| (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
        let sign = |k: usize| if (n - k).is_multiple_of(2) { 1.0 } else { -1.0 };
        let left = (size * x.len()).saturating_sub(n);
        vec![build(&replaced(x[0].shape(), axis, left), |at| {
            let element = |i: usize| x[order[i / size]][&replaced(at, axis, i % size)[..]];
            (0..=n).map(|k| sign(k) * binomial(k) * element(at[axis] + k)).sum()
        })]
    }
}
