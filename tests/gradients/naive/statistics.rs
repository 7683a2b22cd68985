//! Statistics along axes.

use super::{Array, Naive, reduced};
use gradtape::{Axes, ops::composed::*};

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

impl Naive for VarMeanAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axes, correction, keep) = &self.0;
        [reduced(&x[0], axes, *keep, |v| variance(v, *correction)), reduced(&x[0], axes, *keep, mean)]
            .concat()
    }
}

impl Naive for StdAxes {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axes, correction, keep) = &self.0;
        reduced(&x[0], axes, *keep, |v| variance(v, *correction).sqrt())
    }
}
