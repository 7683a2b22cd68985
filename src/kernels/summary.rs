//! Reductions of the middle axis of `[outer, count, inner]` that take two numbers along: mean and variance,
//! the greatest and the sum of exponentials. They read memory once: a block in the cache is gone through
//! twice, and blocks are joined pairwise.
#![forbid(unsafe_code)]

use super::{
    Float,
    buffer::Buffer,
    parallel::{GRAIN, pieces_of},
    reduce::{greater, short_max, short_sum},
    simd::simd,
    softmax,
};
use std::marker::PhantomData;

/// Elements of a block that stays in the innermost cache.
const BLOCK: usize = 1 << 12;
/// Rows of a block at least, however long they are.
const ROWS: usize = 16;
/// Columns beside each other that a thread takes at least, so that a walk down the rows reads long runs.
const COLUMNS: usize = 1 << 11;
/// Columns that short rows, several beside each other, are taken for together.
const BESIDE: usize = 256;
/// Numbers that are computed beside each other.
const LANES: usize = 32;

/// Two numbers for each lane: all the first, all the second.
type Pairs<'p, F> = [&'p mut [F]; 2];

/// The mean and the mean of squared differences from it. A sum of a block, or a square, may overflow.
pub(crate) fn moments<F: Float>(x: &[F], count: usize, inner: usize, out: Pairs<'_, F>) {
    summarize::<F, Moments>(x, count, inner, out);
}

/// ln Σ eˣ, for a count above 0.
pub(crate) fn logsumexp<F: Float>(x: &[F], count: usize, inner: usize, out: &mut [F]) {
    let mut sums = Buffer::stale(out.len());
    let sums = sums.unshared().expect("fresh");
    summarize::<F, LogSum>(x, count, inner, [out, sums]);
    pieces_of(out, 1, GRAIN, &|start, out| {
        let sums = &sums[start..][..out.len()];
        simd(
            #[inline(always)]
            move || {
                for i in 0..out.len() {
                    // Of what is infinite or NaN there are no differences, so no sum.
                    out[i] = if out[i].is_finite() { out[i] + sums[i].ln() } else { out[i] };
                }
            },
        );
    });
}

/// What is known of a part of a lane, as two numbers.
trait Summary<F: Float>: 'static {
    /// Of each row of `count` elements.
    fn rows(x: &[F], count: usize, out: Pairs<'_, F>);
    /// Of each column of `rows` rows that start `inner` apart.
    fn columns(x: &[F], rows: usize, inner: usize, out: Pairs<'_, F>);
    /// Of two parts together, the second of which has this share of the elements.
    fn join(a: [F; 2], b: [F; 2], share: F) -> [F; 2];
}

/// Mean and variance, joined as by Chan, Golub and LeVeque (Updating Formulae and a Pairwise Algorithm for
/// Computing Sample Variances, 1979).
struct Moments;

impl<F: Float> Summary<F> for Moments {
    #[inline(always)]
    fn rows(x: &[F], count: usize, [means, variances]: Pairs<'_, F>) {
        let n = F::of(count as f64);
        for ((x, mean), variance) in x.chunks_exact(count).zip(means).zip(variances) {
            let m = short_sum(x) / n;
            let squares = total(
                x,
                #[inline(always)]
                |v| (v - m) * (v - m),
            );
            (*mean, *variance) = (m, squares / n);
        }
    }

    #[inline(always)]
    fn columns(x: &[F], rows: usize, inner: usize, [mean, variance]: Pairs<'_, F>) {
        let (n, width) = (F::of(rows as f64), mean.len());
        let variance = &mut variance[..width];
        mean.copy_from_slice(&x[..width]);
        for j in 1..rows {
            let row = &x[j * inner..][..width];
            for i in 0..width {
                mean[i] += row[i];
            }
        }
        for mean in &mut *mean {
            *mean = *mean / n;
        }
        variance.fill(F::ZERO);
        for j in 0..rows {
            let row = &x[j * inner..][..width];
            for i in 0..width {
                let d = row[i] - mean[i];
                variance[i] += d * d;
            }
        }
        for variance in variance {
            *variance = *variance / n;
        }
    }

    #[inline(always)]
    fn join([m, v]: [F; 2], [other_m, other_v]: [F; 2], share: F) -> [F; 2] {
        let (d, rest) = (other_m - m, F::ONE - share);
        [m + d * share, v * rest + other_v * share + d * rest * (d * share)]
    }
}

/// The greatest, and Σ e^(x − greatest): 0 where that is −∞, and without a meaning where it is ∞ or NaN.
struct LogSum;

/// That sum, which is of NaN where the greatest is −∞.
#[inline(always)]
fn unless_nothing<F: Float>(top: F, sum: F) -> F {
    if top == -F::INFINITY { F::ZERO } else { sum }
}

impl<F: Float> Summary<F> for LogSum {
    #[inline(always)]
    fn rows(x: &[F], count: usize, [tops, sums]: Pairs<'_, F>) {
        let mut results = tops.iter_mut().zip(sums);
        let mut give = |top, sum| {
            let (to, total) = results.next().expect("one for each row");
            (*to, *total) = (top, unless_nothing(top, sum));
        };
        if count > softmax::GO {
            for x in x.chunks_exact(count) {
                let top = short_max(x);
                let sum = total(
                    x,
                    #[inline(always)]
                    |v| (v - top).exp(),
                );
                give(top, sum);
            }
            return;
        }
        // Several short rows in one go.
        let mut held = [F::ZERO; softmax::GO];
        for x in x.chunks(softmax::GO / count * count) {
            softmax::rows(
                x,
                count,
                &mut held[..x.len()],
                #[inline(always)]
                |_, _, top, sum| give(top, sum),
            );
        }
    }

    #[inline(always)]
    fn columns(x: &[F], rows: usize, inner: usize, [top, sum]: Pairs<'_, F>) {
        let width = top.len();
        let sum = &mut sum[..width];
        top.copy_from_slice(&x[..width]);
        for j in 1..rows {
            let row = &x[j * inner..][..width];
            for i in 0..width {
                top[i] = greater(top[i], row[i]);
            }
        }
        sum.fill(F::ZERO);
        for j in 0..rows {
            let row = &x[j * inner..][..width];
            for i in 0..width {
                sum[i] += (row[i] - top[i]).exp();
            }
        }
        for i in 0..width {
            sum[i] = unless_nothing(top[i], sum[i]);
        }
    }

    #[inline(always)]
    fn join([a, sum]: [F; 2], [b, other]: [F; 2], _: F) -> [F; 2] {
        let top = greater(a, b);
        [top, sum * relative(a, top) + other * relative(b, top)]
    }
}

/// e^(t − top), also where both are the same infinity.
#[inline(always)]
fn relative<F: Float>(t: F, top: F) -> F {
    if t == top { F::ONE } else { (t - top).exp() }
}

/// Σ f(x).
#[inline(always)]
fn total<F: Float>(x: &[F], f: impl Fn(F) -> F) -> F {
    let mut lanes = [F::ZERO; LANES];
    let runs = x.chunks_exact(LANES);
    let rest = runs.remainder();
    for run in runs {
        for i in 0..LANES {
            lanes[i] += f(run[i]);
        }
    }
    for (lane, &v) in lanes.iter_mut().zip(rest) {
        *lane += f(v);
    }
    short_sum(&lanes)
}

fn summarize<F: Float, S: Summary<F>>(x: &[F], count: usize, inner: usize, [first, second]: Pairs<'_, F>) {
    // Pieces of several whole blocks of rows, or of some columns of one.
    let whole = (GRAIN / (count * inner)).max(1) * inner;
    let piece = if whole > inner { whole } else { (GRAIN / count).max(COLUMNS) };
    let firsts = first.chunks_mut(whole).flat_map(|part| part.chunks_mut(piece));
    let seconds = second.chunks_mut(whole).flat_map(|part| part.chunks_mut(piece));
    let (mut parts, mut start): (Vec<(usize, Pairs<'_, F>)>, _) = (Vec::new(), 0);
    for (first, second) in firsts.zip(seconds) {
        let at = start;
        start += first.len();
        parts.push((at, [first, second]));
    }
    let tree: Tree<'_, F, S> = Tree { x, inner, summary: PhantomData };
    pieces_of(&mut parts, 1, 1, &|_, parts| {
        for (start, [first, second]) in parts {
            let at = *start / inner * count * inner + *start % inner;
            tree.lanes(at, count, [first, second]);
        }
    });
}

/// The elements, and how far apart those of a lane are.
struct Tree<'x, F, S> {
    x: &'x [F],
    inner: usize,
    summary: PhantomData<fn() -> S>,
}

impl<F: Float, S: Summary<F>> Tree<'_, F, S> {
    /// Some columns of the rows from `at` on, or all columns of several blocks of `rows` rows.
    fn lanes(&self, at: usize, rows: usize, [first, second]: Pairs<'_, F>) {
        let width = self.inner.min(first.len());
        if rows * width <= BLOCK {
            return self.blocks(at, rows, width, [first, second]);
        }
        let parts = first.chunks_exact_mut(width).zip(second.chunks_exact_mut(width));
        for (i, (first, second)) in parts.enumerate() {
            self.rows(at + i * rows * self.inner, rows, [first, second]);
        }
    }

    /// As many columns as there are results.
    fn rows(&self, at: usize, rows: usize, [first, second]: Pairs<'_, F>) {
        let width = first.len();
        let block = (BLOCK / width).max(ROWS);
        if rows <= block {
            return self.blocks(at, rows, width, [first, second]);
        }
        let half = (rows / 2).next_multiple_of(block);
        let mut held = Buffer::stale(2 * width);
        let (other_first, other_second) = held.unshared().expect("fresh").split_at_mut(width);
        let mut top = || self.rows(at, half, [first, second]);
        let mut bottom = || self.rows(at + half * self.inner, rows - half, [other_first, other_second]);
        if rows * width >= 2 * GRAIN {
            rayon_core::join(top, bottom);
        } else {
            top();
            bottom();
        }
        let share = F::of((rows - half) as f64 / rows as f64);
        simd(
            #[inline(always)]
            move || join::<F, S>([first, second], [other_first, other_second], share),
        );
    }

    /// Each `width` results from the columns of `rows` rows.
    fn blocks(&self, at: usize, rows: usize, width: usize, [first, second]: Pairs<'_, F>) {
        let (x, inner) = (&self.x[at..], self.inner);
        simd(
            #[inline(always)]
            move || {
                if inner == 1 {
                    return S::rows(&x[..rows * first.len()], rows, [first, second]);
                }
                let parts = first.chunks_exact_mut(width).zip(second.chunks_exact_mut(width));
                for (i, (first, second)) in parts.enumerate() {
                    let x = &x[i * rows * inner..];
                    if width == inner && 2 * inner <= BESIDE && rows > 2 * BESIDE / inner {
                        short_rows::<F, S>(&x[..rows * inner], rows, inner, [first, second]);
                    } else {
                        S::columns(x, rows, inner, [first, second]);
                    }
                }
            },
        )
    }
}

/// The columns of rows so short that several are taken for one.
#[inline(always)]
fn short_rows<F: Float, S: Summary<F>>(x: &[F], rows: usize, inner: usize, [first, second]: Pairs<'_, F>) {
    let beside = BESIDE / inner;
    let long = rows / beside;
    let (x, rest) = x.split_at(long * beside * inner);
    let (mut a, mut b) = ([F::ZERO; BESIDE], [F::ZERO; BESIDE]);
    let (a, b) = (&mut a[..beside * inner], &mut b[..beside * inner]);
    S::columns(x, long, beside * inner, [a, b]);
    first.copy_from_slice(&a[..inner]);
    second.copy_from_slice(&b[..inner]);
    for k in 1..beside {
        let (a, b) = (&mut a[k * inner..][..inner], &mut b[k * inner..][..inner]);
        join::<F, S>([first, second], [a, b], F::of(1.0 / (k + 1) as f64));
    }
    if !rest.is_empty() {
        let (a, b) = (&mut a[..inner], &mut b[..inner]);
        S::columns(rest, rest.len() / inner, inner, [a, b]);
        join::<F, S>([first, second], [a, b], F::of((rest.len() / inner) as f64 / rows as f64));
    }
}

#[inline(always)]
fn join<F: Float, S: Summary<F>>([first, second]: Pairs<'_, F>, [a, b]: Pairs<'_, F>, share: F) {
    for i in 0..first.len() {
        [first[i], second[i]] = S::join([first[i], second[i]], [a[i], b[i]], share);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reduce::tests::{SHAPES, numbers};

    /// Those of another kernel's test, and some that take the ways of this one.
    fn shapes() -> impl Iterator<Item = [usize; 3]> {
        SHAPES.into_iter().chain([[2, 9000, 3], [1, 1000, 120], [3, 2100, 7], [1, 40, 5000], [1, 70_000, 3]])
    }

    fn lanes(x: &[f32], [outer, count, inner]: [usize; 3]) -> Vec<Vec<f64>> {
        let lane = |at: usize| (0..count).map(move |j| (at / inner * count + j) * inner + at % inner);
        (0..outer * inner).map(|at| lane(at).map(|i| f64::from(x[i])).collect()).collect()
    }

    #[test]
    fn moments_of_all_shapes() {
        for shape @ [outer, count, inner] in shapes() {
            let x: Vec<f32> = numbers(outer * count * inner).iter().map(|v| v + 1000.0).collect();
            let (mut means, mut variances) = (vec![0.0; outer * inner], vec![0.0; outer * inner]);
            moments(&x, count, inner, [&mut means, &mut variances]);
            for ((lane, &mean), &variance) in lanes(&x, shape).iter().zip(&means).zip(&variances) {
                let n = lane.len() as f64;
                let m = lane.iter().sum::<f64>() / n;
                let v = lane.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / n;
                assert!((f64::from(mean) - m).abs() <= 1e-6 * m, "mean {mean} for {m} of {shape:?}");
                assert!((f64::from(variance) - v).abs() <= 1e-5 * v, "{variance} for {v} of {shape:?}");
            }
        }
    }

    #[test]
    fn logsumexp_of_all_shapes() {
        for shape @ [outer, count, inner] in shapes() {
            // A lane with −∞ before what is finite, one of only −∞ and one with ∞, where there are as many.
            let mut x: Vec<f32> = numbers(outer * count * inner).iter().map(|v| v / 8.0 + 300.0).collect();
            let lane = |at: usize| (0..count).map(move |j| (at / inner * count + j) * inner + at % inner);
            let special = outer * inner > 3;
            if special {
                lane(1).take(count.min(5000) - 1).for_each(|i| x[i] = f32::NEG_INFINITY);
                lane(2).for_each(|i| x[i] = f32::NEG_INFINITY);
                lane(3).nth(count / 2).iter().for_each(|&i| x[i] = f32::INFINITY);
            }
            let mut out = vec![0.0; outer * inner];
            logsumexp(&x, count, inner, &mut out);
            for (at, (lane, &y)) in lanes(&x, shape).iter().zip(&out).enumerate() {
                let want = match at {
                    2 if special => f64::NEG_INFINITY,
                    3 if special => f64::INFINITY,
                    _ => lane.iter().map(|v| (v - 300.0).exp()).sum::<f64>().ln() + 300.0,
                };
                let y = f64::from(y);
                assert!(y == want || (y - want).abs() <= 1e-6 * want.abs(), "{y} for {want} of {shape:?}");
            }
        }
    }
}
