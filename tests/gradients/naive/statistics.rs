//! Statistics along axes.

use super::{Array, Naive, along, build, from_front, reduced, replaced};
use gradtape::{
    Axes,
    ops::{Cumsum, LogSumExp, Std, VarMean, composed::*},
};

fn least(values: &[f64]) -> f64 {
    values.iter().fold(f64::INFINITY, |low, &v| if v < low { v } else { low })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// From the differences of all pairs, which needs no mean.
fn variance(values: &[f64], correction: f64) -> f64 {
    let n = values.len() as f64;
    let pairs = values.iter().flat_map(|a| values.iter().map(move |b| (a - b) * (a - b)));
    pairs.sum::<f64>() / 2.0 / n / (n - correction)
}

impl Naive for MinAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axes, keep) = &self.0;
        reduced(&x[0], axes, *keep, least)
    }
}

impl Naive for MinDim {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &Axes::from(self.0.0), self.0.1, least)
    }
}

impl Naive for VarAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axes, correction, keep) = &self.0;
        reduced(&x[0], axes, *keep, |v| variance(v, *correction))
    }
}

impl Naive for VarMean {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let VarMean { axes, correction, keepdims } = self;
        [reduced(&x[0], axes, *keepdims, |v| variance(v, *correction)), reduced(&x[0], axes, *keepdims, mean)]
            .concat()
    }
}

impl Naive for Std {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &self.axes, self.keepdims, |v| variance(v, self.correction).sqrt())
    }
}

impl Naive for LogSumExp {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(&x[0], &self.axes, self.keepdims, |v| v.iter().map(|v| v.exp()).sum::<f64>().ln())
    }
}

impl Naive for Cumsum {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.axis, x[0].ndim());
        let size = along(x[0].shape(), axis, 1);
        vec![build(x[0].shape(), |at| {
            let here = along(at, axis, 0);
            let summed = if self.reverse { here..size } else { 0..here + 1 };
            summed.map(|i| x[0][&replaced(at, axis, i)[..]]).sum()
        })]
    }
}
