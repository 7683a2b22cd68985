//! Elements and slices written where indices say, one after the other.

use super::{Array, Naive, array, build, from_front, named, places, replaced};
use gradtape::ops::{Indices, composed::*};
use ndarray::ArrayD;

/// Calls `write(place in x, place in the source)` for each element in order.
fn elements(x: &Array, axis: isize, indices: &Indices, mut write: impl FnMut(&[usize], &[usize])) {
    let (axis, to): (usize, ArrayD<usize>) = (from_front(axis, x.ndim()), array(indices));
    for at in places(to.shape()) {
        write(&named(x, &at, axis, to[&at[..]]), &at);
    }
}

/// The same for each element of whole slices.
fn slices(x: &Array, axis: isize, indices: &Indices, mut write: impl FnMut(&[usize], &[usize])) {
    let axis = from_front(axis, x.ndim());
    for (i, &to) in indices.slice().iter().enumerate() {
        for at in places(&replaced(x.shape(), axis, 1)) {
            write(&replaced(&at, axis, to), &replaced(&at, axis, i));
        }
    }
}

impl Naive for Gather {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axis, indices) = &self.0;
        let (axis, from) = (from_front(*axis, x[0].ndim()), array(indices));
        vec![build(from.shape(), |at| x[0][&named(&x[0], at, axis, from[at])[..]])]
    }
}

impl Naive for ScatterAdd {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = x[0].clone();
        elements(&x[0], self.0.0, &self.0.1, |to, from| y[to] += x[1][from]);
        vec![y]
    }
}

impl Naive for Scatter {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = x[0].clone();
        elements(&x[0], self.0.0, &self.0.1, |to, from| y[to] = x[1][from]);
        vec![y]
    }
}

impl Naive for ScatterFill {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = x[0].clone();
        elements(&x[0], self.0.0, &self.0.1, |to, _| y[to] = self.0.2);
        vec![y]
    }
}

impl Naive for IndexAdd {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = x[0].clone();
        slices(&x[0], self.0.0, &self.0.1, |to, from| y[to] += self.0.2 * x[1][from]);
        vec![y]
    }
}

impl Naive for IndexCopy {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = x[0].clone();
        slices(&x[0], self.0.0, &self.0.1, |to, from| y[to] = x[1][from]);
        vec![y]
    }
}

impl Naive for IndexFill {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = x[0].clone();
        slices(&x[0], self.0.0, &self.0.1, |to, _| y[to] = self.0.2);
        vec![y]
    }
}
