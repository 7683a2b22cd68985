//! Reductions of the middle axis of `[outer, count, inner]` to one value: sums, products and greatest elements.
#![forbid(unsafe_code)]

use super::{
    Float,
    buffer::Buffer,
    parallel::{GRAIN, pieces_of},
    simd::simd,
};

/// Elements taken one after the other at the leaves of the pairwise tree.
const LEAF: usize = 1 << 11;
/// Partial results side by side, so that the compiler can use vectors and none waits for another.
const LANES: usize = 32;
/// Columns beside each other that a thread takes at least: enough that a walk down the rows reads long runs.
const COLUMNS: usize = 1 << 11;

/// Sums pairwise: the error grows with the logarithm of the count
/// (Higham, Accuracy and Stability of Numerical Algorithms, §4.2).
pub(crate) fn sum_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    Fold { empty: F::ZERO, step: add }.axis(x, count, inner, out);
}

/// The sum of a slice.
pub(crate) fn sum<F: Float>(x: &[F]) -> F {
    let mut out = [F::ZERO];
    sum_axis(x, x.len(), 1, &mut out);
    out[0]
}

/// The greatest along the middle axis; NaN wins.
pub(crate) fn max_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    Fold { empty: -F::INFINITY, step: greater }.axis(x, count, inner, out);
}

/// The product along the middle axis.
pub(crate) fn prod_axis<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    Fold { empty: F::ONE, step: mul }.axis(x, count, inner, out);
}

#[inline(always)]
fn add<F: Float>(a: F, b: F) -> F {
    a + b
}

#[inline(always)]
fn mul<F: Float>(a: F, b: F) -> F {
    a * b
}

#[inline(always)]
pub(super) fn greater<F: Float>(a: F, b: F) -> F {
    if b > a || b.is_nan() { b } else { a }
}

/// The sum of a slice that is not long, inside a loop that has its instruction set already.
#[inline(always)]
pub(super) fn short_sum<F: Float>(x: &[F]) -> F {
    Fold { empty: F::ZERO, step: add }.row(x)
}

/// The greatest of a slice that is not long, likewise; NaN wins.
#[inline(always)]
pub(super) fn short_max<F: Float>(x: &[F]) -> F {
    Fold { empty: -F::INFINITY, step: greater }.row(x)
}

/// A step that takes the elements together in any order, and what it makes of none.
#[derive(Clone, Copy)]
struct Fold<F, S> {
    empty: F,
    step: S,
}

impl<F: Float, S: Fn(F, F) -> F + Copy + Sync> Fold<F, S> {
    fn axis(self, x: &[F], count: usize, inner: usize, out: &mut [F]) {
        if count == 0 {
            return out.fill(self.empty);
        }
        // A piece of output stands for `count` times as much input.
        pieces_of(out, inner, (GRAIN / count).max(inner), &|start, out| {
            let x = &x[start * count..][..out.len() * count];
            if count * inner <= LEAF {
                return self.leaves(x, count, inner, out, inner);
            }
            for (x, out) in x.chunks_exact(count * inner).zip(out.chunks_exact_mut(inner)) {
                pieces_of(out, 1, (GRAIN / count).max(COLUMNS), &|column, out| {
                    self.tree(&x[column..], count, inner, out);
                });
            }
        });
    }

    /// Columns of `rows` rows that start `inner` apart, pairwise.
    fn tree(self, x: &[F], rows: usize, inner: usize, out: &mut [F]) {
        let width = out.len();
        let leaf = (LEAF / width).max(LANES);
        if rows <= leaf {
            return self.leaves(x, rows, inner, out, width);
        }
        let half = (rows / 2).next_multiple_of(leaf);
        let (mut small, mut large);
        let second = if width <= LANES {
            small = [self.empty; LANES];
            &mut small[..width]
        } else {
            large = Buffer::stale(width);
            large.unshared().expect("fresh")
        };
        let mut top = || self.tree(x, half, inner, out);
        let mut bottom = || self.tree(&x[half * inner..], rows - half, inner, second);
        if rows * width >= 2 * GRAIN {
            rayon_core::join(top, bottom);
        } else {
            top();
            bottom();
        }
        simd(
            #[inline(always)]
            move || {
                for (a, b) in out.iter_mut().zip(second) {
                    *a = (self.step)(*a, *b);
                }
            },
        );
    }

    /// Each `width` elements of `out` from the columns of `rows` rows.
    fn leaves(self, x: &[F], rows: usize, inner: usize, out: &mut [F], width: usize) {
        simd(
            #[inline(always)]
            move || {
                for (i, out) in out.chunks_exact_mut(width).enumerate() {
                    let x = &x[i * rows * inner..];
                    if inner == 1 {
                        out[0] = self.row(&x[..rows]);
                    } else if width == inner && inner < LANES {
                        self.narrow(&x[..rows * inner], inner, out);
                    } else {
                        self.wide(x, rows, inner, out);
                    }
                }
            },
        )
    }

    #[inline(always)]
    fn row(self, x: &[F]) -> F {
        if x.len() < LANES {
            return x.iter().fold(self.empty, |sum, &v| (self.step)(sum, v));
        }
        let mut lanes = self.lanes(x, LANES);
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                lanes[i] = (self.step)(lanes[i], lanes[i + width]);
            }
            width /= 2;
        }
        lanes[0]
    }

    /// Short rows, as many in one go as there are lanes.
    #[inline(always)]
    fn narrow(self, x: &[F], inner: usize, out: &mut [F]) {
        let lanes = match LANES % inner {
            0 => self.lanes(x, LANES), // a number that the compiler knows
            _ => self.lanes(x, LANES / inner * inner),
        };
        out.fill(self.empty);
        for part in lanes.chunks_exact(inner) {
            for i in 0..inner {
                out[i] = (self.step)(out[i], part[i]);
            }
        }
    }

    /// Element i of every run of `width`, taken together in lane i.
    #[inline(always)]
    fn lanes(self, x: &[F], width: usize) -> [F; LANES] {
        let mut lanes = [self.empty; LANES];
        let runs = x.chunks_exact(width);
        let rest = runs.remainder();
        for run in runs {
            for i in 0..width {
                lanes[i] = (self.step)(lanes[i], run[i]);
            }
        }
        for (lane, &v) in lanes.iter_mut().zip(rest) {
            *lane = (self.step)(*lane, v);
        }
        lanes
    }

    /// Long rows. Those beside each other one after the other, so that memory is read in order; those
    /// far apart four in one go, so that several are on their way.
    #[inline(always)]
    fn wide(self, x: &[F], rows: usize, inner: usize, out: &mut [F]) {
        let (step, width) = (self.step, out.len());
        let row = |j: usize| &x[j * inner..][..width];
        out.copy_from_slice(row(0));
        let mut j = 1;
        while width < inner && j + 4 <= rows {
            let (a, b, c, d) = (row(j), row(j + 1), row(j + 2), row(j + 3));
            for i in 0..width {
                out[i] = step(out[i], step(step(a[i], b[i]), step(c[i], d[i])));
            }
            j += 4;
        }
        for j in j..rows {
            let a = row(j);
            for i in 0..width {
                out[i] = step(out[i], a[i]);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Shapes that take every way: short and long rows, few and many columns, one block and several.
    pub(in crate::kernels) const SHAPES: [[usize; 3]; 16] = [
        [1, 1, 1],
        [5, 7, 1],
        [3, 100, 1],
        [2, 5000, 1],
        [1, 200_003, 1],
        [4, 9, 2],
        [2, 70, 3],
        [1, 70_001, 5],
        [3, 33, 31],
        [2, 40, 32],
        [1, 3000, 48],
        [5, 4, 300],
        [1, 3, 70_000],
        [2, 300, 1100],
        [70, 1100, 1],
        [1, 1, 65],
    ];

    /// Numbers from −64 to 63, whose sums are exact in any order.
    pub(in crate::kernels) fn numbers(size: usize) -> Vec<f32> {
        (0..size as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 25) as f32 - 64.0).collect()
    }

    fn naive(x: &[f32], [outer, count, inner]: [usize; 3], step: fn(f32, f32) -> f32) -> Vec<f32> {
        let lane = |i: usize, k: usize| (0..count).map(move |j| x[(i * count + j) * inner + k]);
        (0..outer * inner).map(|at| lane(at / inner, at % inner).reduce(step).expect("not empty")).collect()
    }

    #[test]
    fn sums_and_maxima_of_all_shapes() {
        for shape @ [outer, count, inner] in SHAPES {
            let x = numbers(outer * count * inner);
            let mut out = vec![0.0; outer * inner];
            sum_axis(&x, count, inner, &mut out);
            assert_eq!(out, naive(&x, shape, |a, b| a + b), "sum of {shape:?}");
            max_axis(&x, count, inner, &mut out);
            assert_eq!(out, naive(&x, shape, f32::max), "max of {shape:?}");
        }
    }

    #[test]
    fn nan_is_greatest_wherever_it_stands() {
        for [outer, count, inner] in SHAPES {
            let size = outer * count * inner;
            for at in [0, size / 3, size / 2, size - 1] {
                let mut x = numbers(size);
                x[at] = f32::NAN;
                let mut out = vec![0.0; outer * inner];
                max_axis(&x, count, inner, &mut out);
                let lane = at / (count * inner) * inner + at % inner;
                let found: Vec<usize> = (0..out.len()).filter(|&i| out[i].is_nan()).collect();
                assert_eq!(found, [lane], "[{outer}, {count}, {inner}], NaN at {at}");
            }
        }
    }

    #[test]
    fn nothing_sums_to_0() {
        let mut out = [1.0f32; 2];
        sum_axis(&[], 0, 2, &mut out);
        assert_eq!(out, [0.0; 2]);
    }
}
