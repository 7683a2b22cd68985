//! Orders by exchanging neighbours.

use super::{Array, Naive, Place, along, from_front, groups, replaced};
use gradtape::{Axes, ops::composed::*};

/// The places of each lane, in order, written back along the axis as far as `kept` goes.
fn ordered(x: &Array, axis: isize, kept: usize, order: impl Fn(&mut Vec<Place>)) -> Vec<Array> {
    let place = from_front(axis, x.ndim());
    // Of a number there may be one, or none, which a vector holds.
    let dims = if x.ndim() == 0 && kept == 0 { vec![0] } else { replaced(x.shape(), place, kept) };
    let mut y = Array::zeros(dims);
    for group in &groups(x, &Axes::from(axis)) {
        let mut lane = group.clone();
        order(&mut lane);
        for (i, from) in lane.iter().take(kept).enumerate() {
            y[&replaced(from, place, i)[..]] = x[&from[..]];
        }
    }
    vec![y]
}

fn exchange(x: &Array, lane: &mut [Place], descending: bool) {
    for end in (1..lane.len()).rev() {
        for i in 0..end {
            let (a, b) = (x[&lane[i][..]], x[&lane[i + 1][..]]);
            if a > b && !descending || a < b && descending {
                lane.swap(i, i + 1);
            }
        }
    }
}

impl Naive for Sort {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axis, descending) = self.0;
        let size = along(x[0].shape(), from_front(axis, x[0].ndim()), 1);
        ordered(&x[0], axis, size, |lane| exchange(&x[0], lane, descending))
    }
}

impl Naive for Topk {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (k, options) = self.0;
        ordered(&x[0], options.axis, k, |lane| {
            exchange(&x[0], lane, options.largest);
            lane.truncate(k);
            if !options.sorted {
                lane.sort();
            }
        })
    }
}
