//! Walks and diagonals, place by place.

use super::{Array, Naive, Place, build, from_front, places, replaced};
use gradtape::ops::{AsStrided, AsStridedGrad, composed::*};

/// The flat place that a walk meets at an index.
fn met(walk: &AsStrided, at: &[usize]) -> usize {
    let moved: isize = at.iter().zip(&walk.steps).map(|(&i, &step)| i as isize * step).sum();
    (walk.offset as isize + moved) as usize
}

impl Naive for AsStrided {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let elements: Vec<f64> = x[0].iter().copied().collect();
        vec![build(&self.shape, |at| elements[met(self, at)])]
    }
}

impl Naive for AsStridedGrad {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = Array::zeros(self.shape.dims());
        for at in places(x[0].shape()) {
            y.as_slice_mut().expect("fresh")[met(&self.walk, &at)] += x[0][&at[..]];
        }
        vec![y]
    }
}

impl Naive for Unfold {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axis, size, step) = self.0;
        let axis = from_front(axis, x[0].ndim());
        let starts = (0..=x[0].shape()[axis] - size).step_by(step).count();
        let dims = [&replaced(x[0].shape(), axis, starts)[..], &[size]].concat();
        vec![build(&dims, |at| {
            let (inside, window) = at.split_last().expect("a last axis");
            x[0][&replaced(window, axis, window[axis] * step + inside)[..]]
        })]
    }
}

/// Copies between matrices along two axes and their diagonals along a last one, wherever column − row is
/// the offset.
fn along_diagonals(
    whole: &[usize],
    offset: isize,
    axes: [usize; 2],
    mut copy: impl FnMut(&[usize], &[usize]),
) {
    let [a, b] = axes;
    for at in places(whole) {
        if at[b] as isize - at[a] as isize == offset {
            let others = (0..at.len()).filter(|&axis| axis != a && axis != b).map(|axis| at[axis]);
            copy(&at, &others.chain([at[a].min(at[b])]).collect::<Place>());
        }
    }
}

fn diagonal(x: &Array, offset: isize, axes: [isize; 2]) -> Array {
    let axes = axes.map(|axis| from_front(axis, x.ndim()));
    let (mut found, mut length) = (Vec::new(), 0);
    along_diagonals(x.shape(), offset, axes, |at, on| found.push((x[at], on.to_vec())));
    for i in 0..x.shape()[axes[0]] as isize {
        length += usize::from((0..x.shape()[axes[1]] as isize).contains(&(i + offset)));
    }
    let others = (0..x.ndim()).filter(|axis| !axes.contains(axis)).map(|axis| x.shape()[axis]);
    let mut y = Array::zeros(others.chain([length]).collect::<Place>());
    for (v, on) in found {
        y[&on[..]] = v;
    }
    y
}

fn diag_embed(x: &Array, offset: isize, axes: [isize; 2]) -> Array {
    let rank = x.ndim() + 1;
    let axes = axes.map(|axis| from_front(axis, rank));
    let size = x.shape()[x.ndim() - 1] + offset.unsigned_abs();
    let mut others = x.shape()[..x.ndim() - 1].iter();
    let mut dim = |axis| if axes.contains(&axis) { size } else { *others.next().expect("as many") };
    let whole: Place = (0..rank).map(&mut dim).collect();
    let mut y = Array::zeros(&whole[..]);
    along_diagonals(&whole, offset, axes, |at, on| y[at] = x[on]);
    y
}

impl Naive for Diagonal {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![diagonal(&x[0], self.0.0, [self.0.1, self.0.2])]
    }
}

impl Naive for DiagEmbed {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![diag_embed(&x[0], self.0.0, [self.0.1, self.0.2])]
    }
}

impl Naive for Diag {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let diag = if x[0].ndim() == 1 { diag_embed } else { diagonal };
        vec![diag(&x[0], self.0, [0, 1])]
    }
}

impl Naive for Trace {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let on = |at: &&Place| at[0] == at[1];
        let sum = places(x[0].shape()).iter().filter(on).map(|at| x[0][&at[..]]).sum::<f64>();
        vec![build(&[], |_| sum)]
    }
}

/// 0 wherever column − row is not kept.
fn cut(x: &Array, kept: impl Fn(isize) -> bool) -> Vec<Array> {
    let right = |at: &[usize]| at[at.len() - 1] as isize - at[at.len() - 2] as isize;
    vec![build(x.shape(), |at| if kept(right(at)) { x[at] } else { 0.0 })]
}

impl Naive for Tril {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        cut(&x[0], |right| right <= self.0)
    }
}

impl Naive for Triu {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        cut(&x[0], |right| right >= self.0)
    }
}
