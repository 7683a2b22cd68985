//! Other views of the same elements.

use super::{Array, Naive, Place, build, from_front, replaced};
use gradtape::{Axes, ops::composed::*};

/// An index with one more place in it.
fn inserted(at: &[usize], axis: usize, index: usize) -> Place {
    let mut at = at.to_vec();
    at.insert(axis, index);
    at
}

fn without(at: &[usize], axis: usize) -> Place {
    let mut at = at.to_vec();
    at.remove(axis);
    at
}

impl Naive for Unsqueeze {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.0, x[0].ndim() + 1);
        vec![build(&inserted(x[0].shape(), axis, 1), |at| x[0][&without(at, axis)[..]])]
    }
}

impl Naive for Squeeze {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let named = |axis: usize| match &self.0 {
            Axes::All => true,
            Axes::Some(axes) => axes.iter().any(|&named| from_front(named, x[0].ndim()) == axis),
        };
        let mut y = x[0].clone();
        for axis in (0..x[0].ndim()).rev().filter(|&axis| x[0].shape()[axis] == 1 && named(axis)) {
            y = build(&without(y.shape(), axis), |at| y[&inserted(at, axis, 0)[..]]);
        }
        vec![y]
    }
}

impl Naive for Unflatten {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.0.0, x[0].ndim());
        let known: isize = self.0.1.iter().filter(|&&size| size != -1).product();
        let size =
            |&size: &isize| if size == -1 { x[0].shape()[axis] / known as usize } else { size as usize };
        let inside: Place = self.0.1.iter().map(size).collect();
        let dims = [&x[0].shape()[..axis], &inside, &x[0].shape()[axis + 1..]].concat();
        vec![build(&dims, |at| {
            let (before, rest) = at.split_at(axis);
            let (mine, after) = rest.split_at(inside.len());
            let flat = mine.iter().zip(&inside).fold(0, |flat, (i, size)| flat * size + i);
            x[0][&[before, &[flat], after].concat()[..]]
        })]
    }
}

impl Naive for Flatten {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (start, end) = (self.0.0 as usize, self.0.1 as usize);
        let merged = &x[0].shape()[start..=end];
        let dims = [&x[0].shape()[..start], &[merged.iter().product()], &x[0].shape()[end + 1..]].concat();
        vec![build(&dims, |at| {
            let mut rest = at[start];
            let mut inside = vec![0; merged.len()];
            for i in (0..merged.len()).rev() {
                inside[i] = rest % merged[i];
                rest /= merged[i];
            }
            x[0][&[&at[..start], &inside, &at[start + 1..]].concat()[..]]
        })]
    }
}

impl Naive for Movedim {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let rank = x[0].ndim();
        let named = |axes: &Axes| match axes {
            Axes::All => (0..rank).collect::<Place>(),
            Axes::Some(axes) => axes.iter().map(|&axis| from_front(axis, rank)).collect(),
        };
        let (from, to) = (named(&self.0.0), named(&self.0.1));
        // Take out what moves, then put it in, the foremost places first.
        let mut order: Place = (0..rank).filter(|axis| !from.contains(axis)).collect();
        let mut moves: Vec<_> = to.iter().zip(&from).collect();
        moves.sort();
        for (&place, &axis) in moves {
            order.insert(place, axis);
        }
        let dims: Place = order.iter().map(|&axis| x[0].shape()[axis]).collect();
        vec![build(&dims, |at| {
            let mut source = vec![0; rank];
            for (i, &axis) in order.iter().enumerate() {
                source[axis] = at[i];
            }
            x[0][&source[..]]
        })]
    }
}

impl Naive for IndexAxis {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.0.0, x[0].ndim());
        let index = from_front(self.0.1, x[0].shape()[axis]);
        vec![build(&without(x[0].shape(), axis), |at| x[0][&inserted(at, axis, index)[..]])]
    }
}

impl Naive for SliceAxis {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axis, start, end, step) = self.0;
        let axis = axis as usize;
        let size = x[0].shape()[axis];
        let mut places: Place = (from_front(start, size)..from_front(end, size)).collect();
        if step < 0 {
            places.reverse();
        }
        let places: Place = places.into_iter().step_by(step.unsigned_abs()).collect();
        let dims = replaced(x[0].shape(), axis, places.len());
        vec![build(&dims, |at| x[0][&replaced(at, axis, places[at[axis]])[..]])]
    }
}

impl Naive for Rot90 {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (k, axes) = self.0;
        let [a, b] = axes.map(|axis| from_front(axis, x[0].ndim()));
        let mut y = x[0].clone();
        for _ in 0..(k + 4) % 4 {
            let mut dims = y.shape().to_vec();
            dims.swap(a, b);
            y = build(&dims, |at| y[&replaced(&replaced(at, a, at[b]), b, dims[a] - 1 - at[a])[..]]);
        }
        vec![y]
    }
}

impl Naive for Narrow {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axis, length) = (self.0.0 as usize, self.0.2);
        let start = from_front(self.0.1, x[0].shape()[axis]);
        vec![build(
            &replaced(x[0].shape(), axis, length),
            |at| x[0][&replaced(at, axis, start + at[axis])[..]],
        )]
    }
}

impl Naive for Flip {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let turned = |axis: usize| self.0.contains(&(axis as isize));
        vec![build(x[0].shape(), |at| {
            let from = |axis: usize| if turned(axis) { x[0].shape()[axis] - 1 - at[axis] } else { at[axis] };
            x[0][&(0..at.len()).map(from).collect::<Place>()[..]]
        })]
    }
}

impl Naive for Stack {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.0, x[0].ndim() + 1);
        vec![build(&inserted(x[0].shape(), axis, x.len()), |at| x[at[axis]][&without(at, axis)[..]])]
    }
}

impl Naive for Unbind {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.0, x[0].ndim());
        let slice = |i| build(&without(x[0].shape(), axis), |at| x[0][&inserted(at, axis, i)[..]]);
        (0..x[0].shape()[axis]).map(slice).collect()
    }
}

impl Naive for Chunk {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (chunks, axis) = (self.0.0, from_front(self.0.1, x[0].ndim()));
        let size = x[0].shape()[axis];
        let most = size.div_ceil(chunks).max(1);
        let mut parts = Vec::new();
        let mut start = 0;
        while start < size || parts.is_empty() {
            let part = most.min(size - start);
            let dims = replaced(x[0].shape(), axis, part);
            parts.push(build(&dims, |at| x[0][&replaced(at, axis, start + at[axis])[..]]));
            start += most;
        }
        parts
    }
}
