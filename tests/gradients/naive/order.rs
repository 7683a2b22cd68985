//! Norms, medians, and what counts elements.

use super::{Array, Naive, reduced};
use gradtape::{
    Axes,
    ops::{Norm, composed::*},
};

/// By the definition, which does for numbers of a common size.
fn norm(v: &[f64], p: f64) -> f64 {
    let sizes = v.iter().map(|v| v.abs());
    if p == f64::INFINITY {
        return sizes.fold(0.0, f64::max);
    }
    if p == f64::NEG_INFINITY {
        return sizes.fold(f64::INFINITY, f64::min);
    }
    let total: f64 = sizes.map(|v| (p * v.ln()).exp()).sum();
    if total == 0.0 { 0.0 } else { (total.ln() / p).exp() }
}

fn sorted(v: &[f64]) -> Vec<f64> {
    let mut v = v.to_vec();
    v.sort_by(f64::total_cmp);
    v
}

impl Naive for Norm {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &self.axes, self.keepdims, |v| norm(v, self.p))
    }
}

impl Naive for NormAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (p, axes, keep) = &self.0;
        reduced(&x[0], axes, *keep, |v| norm(v, *p))
    }
}

impl Naive for Median {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &Axes::All, false, |v| sorted(v)[(v.len() - 1) / 2])
    }
}

impl Naive for MedianDim {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &Axes::from(self.0.0), self.0.1, |v| sorted(v)[(v.len() - 1) / 2])
    }
}

impl Naive for NansumAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &self.0.0, self.0.1, |v| v.iter().filter(|v| !v.is_nan()).sum())
    }
}

impl Naive for NanmeanAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let numbers = |v: &[f64]| v.iter().copied().filter(|v| !v.is_nan()).collect::<Vec<_>>();
        let mean = |v: Vec<f64>| v.iter().sum::<f64>() / v.len() as f64;
        reduced(&x[0], &self.0.0, self.0.1, |v| mean(numbers(v)))
    }
}

impl Naive for AnyAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &self.0.0, self.0.1, |v| if v.iter().any(|&v| v != 0.0) { 1.0 } else { 0.0 })
    }
}

impl Naive for AllAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &self.0.0, self.0.1, |v| if v.iter().all(|&v| v != 0.0) { 1.0 } else { 0.0 })
    }
}
