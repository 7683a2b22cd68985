//! Copies between a contiguous slice and a strided walk through another one.
#![forbid(unsafe_code)]

use super::parallel::pieces;
use smallvec::SmallVec;

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
        let mut rest = out;
        let runs = rest.len() / length;
        walk.runs(start / length, runs, |[at]| {
            let (run, tail) = std::mem::take(&mut rest).split_at_mut(length);
            rest = tail;
            let from = offset.wrapping_add_signed(at);
            match step {
                1 => run.copy_from_slice(&x[from..from + length]),
                0 => run.fill(x[from]),
                _ => {
                    for (i, v) in run.iter_mut().enumerate() {
                        *v = x[from.wrapping_add_signed(i as isize * step)];
                    }
                }
            }
        });
    });
}

/// Writes `x`, in order, along the walk of `steps` over `dims` through `out` from `offset`.
pub(crate) fn scatter<F: Copy>(x: &[F], out: &mut [F], offset: usize, dims: &[usize], steps: &[isize]) {
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
            out[to..to + length].copy_from_slice(run);
        } else {
            for (i, &v) in run.iter().enumerate() {
                out[to.wrapping_add_signed(i as isize * step)] = v;
            }
        }
    });
}
