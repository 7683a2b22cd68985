//! Other views of the same elements.

use super::{Array, Naive, Place, build, from_front, replaced};
use gradtape::ops::composed::*;

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
        let axis = from_front(self.0, x[0].ndim());
        if x[0].shape()[axis] != 1 {
            return x.to_vec();
        }
        vec![build(&without(x[0].shape(), axis), |at| x[0][&inserted(at, axis, 0)[..]])]
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
        let [from, to] = [self.0.0, self.0.1].map(|axis| from_front(axis, x[0].ndim()));
        let moved = |at: &[usize], from, to| inserted(&without(at, from), to, at[from]);
        vec![build(&moved(x[0].shape(), from, to), |at| x[0][&moved(at, to, from)[..]])]
    }
}

impl Naive for Narrow {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (axis, start, length) = (self.0.0 as usize, self.0.1, self.0.2);
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
