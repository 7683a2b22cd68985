//! Copies between a contiguous slice and a strided walk through another one.
#![forbid(unsafe_code)]

use super::{Float, parallel::pieces};
use smallvec::SmallVec;
use std::ops::Range;

/// A walk through `W` slices at once: sizes of the axes and the step of each slice along them.
#[derive(Clone, Debug)]
pub(crate) struct Walk<const W: usize> {
    dims: SmallVec<[usize; 6]>,
    steps: SmallVec<[[isize; W]; 6]>,
}

impl<const W: usize> Walk<W> {
    /// Axes of size 1 are dropped and axes that continue each other in every slice are merged.
    pub(crate) fn new(axes: impl Iterator<Item = (usize, [isize; W])>) -> Self {
        let mut walk = Walk { dims: SmallVec::new(), steps: SmallVec::new() };
        for (dim, steps) in axes.filter(|&(dim, _)| dim != 1) {
            match (walk.dims.last_mut(), walk.steps.last_mut()) {
                (Some(last), Some(last_steps))
                    if (0..W).all(|w| last_steps[w] == steps[w] * dim as isize) =>
                {
                    *last *= dim;
                    *last_steps = steps;
                }
                _ => {
                    walk.dims.push(dim);
                    walk.steps.push(steps);
                }
            }
        }
        if walk.dims.is_empty() {
            walk.dims.push(1);
            walk.steps.push([1; W]);
        }
        walk
    }

    /// Elements and steps of the innermost axis.
    pub(crate) fn inner(&self) -> (usize, [isize; W]) {
        let last = self.dims.len() - 1;
        (self.dims[last], self.steps[last])
    }

    /// Calls `run` with the offset in each slice at which an innermost run starts, from the
    /// `first`th run on, `count` times.
    #[inline]
    pub(crate) fn runs(&self, first: usize, count: usize, mut run: impl FnMut([isize; W])) {
        if count == 0 {
            return; // nothing to divide by, perhaps
        }
        let outer = self.dims.len() - 1;
        let mut index: SmallVec<[usize; 6]> = SmallVec::from_elem(0, outer);
        let mut at = [0isize; W];
        let mut rest = first;
        for axis in (0..outer).rev() {
            index[axis] = rest % self.dims[axis];
            rest /= self.dims[axis];
            for w in 0..W {
                at[w] += self.steps[axis][w] * index[axis] as isize;
            }
        }
        for _ in 0..count {
            run(at);
            for axis in (0..outer).rev() {
                index[axis] += 1;
                for w in 0..W {
                    at[w] += self.steps[axis][w];
                }
                if index[axis] < self.dims[axis] {
                    break;
                }
                for w in 0..W {
                    at[w] -= self.steps[axis][w] * self.dims[axis] as isize;
                }
                index[axis] = 0;
            }
        }
    }
}

/// `out` = the walk of `steps` over `dims` through `x` from `offset`, in order.
pub(crate) fn gather<F: Copy + Send + Sync>(
    x: &[F],
    offset: usize,
    dims: &[usize],
    steps: &[isize],
    out: &mut [F],
) {
    if out.is_empty() {
        return;
    }
    let walk = Walk::new(dims.iter().zip(steps).map(|(&dim, &step)| (dim, [step])));
    let (length, [step]) = walk.inner();
    pieces(out, length, &|start, out| {
        let count = out.len() / length;
        // Neighbouring runs that start beside each other are one block of a transposition.
        let (mut done, mut block) = (0, 0..0);
        let mut copy = |from: Range<usize>| {
            let rows = from.len();
            let out = &mut out[done * length..][..rows * length];
            done += rows;
            match step {
                1 if rows == 1 => out.copy_from_slice(&x[from.start..from.start + length]),
                0 if rows == 1 => out.fill(x[from.start]),
                _ => transposed(x, from, step, out),
            }
        };
        walk.runs(start / length, count, |[at]| {
            let from = offset.wrapping_add_signed(at);
            if block.end == from && block.len() < BLOCK && !block.is_empty() && step.unsigned_abs() > 1 {
                block.end += 1;
            } else {
                let ended = std::mem::replace(&mut block, from..from + 1);
                if !ended.is_empty() {
                    copy(ended);
                }
            }
        });
        copy(block);
    });
}

/// Runs of a transposition that are copied together, so that what is read from one line of the cache is
/// used at once.
const BLOCK: usize = 16;

/// Row `r` of `out` = every `step`-th element of `x` from `from.start + r` on.
fn transposed<F: Copy>(x: &[F], from: Range<usize>, step: isize, out: &mut [F]) {
    let length = out.len() / from.len();
    for i in 0..length {
        let first = from.start.wrapping_add_signed(i as isize * step);
        for (r, &v) in x[first..first + from.len()].iter().enumerate() {
            out[r * length + i] = v;
        }
    }
}

/// Writes `x`, in order, along the walk of `steps` over `dims` through `out` from `offset`.
pub(crate) fn scatter<F: Copy>(x: &[F], out: &mut [F], offset: usize, dims: &[usize], steps: &[isize]) {
    put(x, out, offset, dims, steps, |out, v| *out = v);
}

/// As [`scatter`], but adds: what is met several times has several terms.
pub(crate) fn scatter_add<F: Float>(x: &[F], out: &mut [F], offset: usize, dims: &[usize], steps: &[isize]) {
    put(x, out, offset, dims, steps, |out, v| *out += v);
}

#[inline]
fn put<F: Copy>(
    x: &[F],
    out: &mut [F],
    offset: usize,
    dims: &[usize],
    steps: &[isize],
    put: impl Fn(&mut F, F),
) {
    if x.is_empty() {
        return;
    }
    let walk = Walk::new(dims.iter().zip(steps).map(|(&dim, &step)| (dim, [step])));
    let (length, [step]) = walk.inner();
    let mut runs = x.chunks_exact(length);
    walk.runs(0, x.len() / length, |[at]| {
        let run = runs.next().expect("as many runs as chunks");
        let to = offset.wrapping_add_signed(at);
        if step == 1 {
            out[to..to + length].iter_mut().zip(run).for_each(|(out, &v)| put(out, v));
        } else {
            for (i, &v) in run.iter().enumerate() {
                put(&mut out[to.wrapping_add_signed(i as isize * step)], v);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposed_blocks_agree_with_the_definition() {
        for (m, n) in [(1, 1), (3, 40), (16, 16), (17, 33), (40, 37)] {
            let x: Vec<usize> = (0..2 * m * n).collect();
            let mut out = vec![0; 2 * m * n];
            // [2, m, n] with its last two axes exchanged, and the last one backwards.
            gather(&x, (m - 1) * n, &[2, n, m], &[(m * n) as isize, 1, -(n as isize)], &mut out);
            for (i, &v) in out.iter().enumerate() {
                let (b, r, c) = (i / (m * n), i / m % n, i % m);
                assert_eq!(v, b * m * n + (m - 1 - c) * n + r, "{m}×{n} at {i}");
            }
        }
    }
}
