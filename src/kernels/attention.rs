//! Attention by tiles of the scores, which never exist as a whole (Dao and others: FlashAttention, 2022).
#![forbid(unsafe_code)]

use super::{
    Float,
    gemm::{Matrix, product},
    parallel::{GRAIN, pieces_of},
    reduce::{greater, short_max, short_sum},
    simd::simd,
};
use std::{mem::take, ops::Range};

/// Rows and columns of a tile.
const TILE: usize = 64;

/// What attention reads: items of `[queries, width]`, `[keys, width]` and `[keys, values]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attend<'a, F> {
    pub(crate) q: &'a [F],
    pub(crate) k: &'a [F],
    pub(crate) v: &'a [F],
    pub(crate) bias: Option<Bias<'a, F>>,
    pub(crate) scale: F,
    pub(crate) causal: bool,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) width: usize,
    pub(crate) values: usize,
}

/// What is added to the scores: where that of each item starts, and how far apart rows and columns are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bias<'a, F> {
    pub(crate) data: &'a [F],
    pub(crate) starts: &'a [usize],
    pub(crate) row: usize,
    pub(crate) col: usize,
}

/// Some rows of the result.
struct Rows<'o, F> {
    item: usize,
    rows: Range<usize>,
    y: &'o mut [F],
    /// Two numbers for each.
    logsum: &'o mut [F],
}

/// The cotangents of the result, with what forward kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Upstream<'a, F> {
    /// ln Σ eˢ of each row, and what rounding has left of it.
    pub(crate) logsum: &'a [F],
    pub(crate) dy: &'a [F],
    /// What is taken from the gradient of each row's weights.
    pub(crate) delta: &'a [F],
}

/// Where the gradients go; that of the bias, if wanted, in the bias's own layout.
#[derive(Debug)]
pub(crate) struct Gradients<'o, F> {
    pub(crate) q: &'o mut [F],
    pub(crate) k: &'o mut [F],
    pub(crate) v: &'o mut [F],
    pub(crate) bias: Option<&'o mut [F]>,
}

/// The gradients of one item.
struct Item<'o, F> {
    item: usize,
    q: &'o mut [F],
    k: &'o mut [F],
    v: &'o mut [F],
}

/// The first `n` of what is left.
fn next<'o, F>(left: &mut &'o mut [F], n: usize) -> &'o mut [F] {
    let (first, rest) = take(left).split_at_mut(n);
    *left = rest;
    first
}

/// 0 to `size` in tiles.
fn tiles(size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..size).step_by(TILE).map(move |first| first..size.min(first + TILE))
}

/// Rows of a matrix of items.
fn block<'a, F>(of: &'a [F], item: usize, count: usize, width: usize, rows: &Range<usize>) -> Matrix<'a, F> {
    let data = &of[(item * count + rows.start) * width..][..rows.len() * width];
    Matrix { data, rows: rows.len(), cols: width, transposed: false }
}

/// The same matrix the other way round.
fn flipped<F>(of: Matrix<'_, F>) -> Matrix<'_, F> {
    Matrix { data: of.data, rows: of.cols, cols: of.rows, transposed: !of.transposed }
}

/// What is taken out of the exponent for a row's greatest score, or its logarithm: a row without any key
/// has −∞, and weights of 0.
#[inline(always)]
fn reference<F: Float>(top: F) -> F {
    if top == -F::INFINITY { F::ZERO } else { top }
}

/// y and ln Σ eˢ of every row, in two numbers; 0 and −∞ for a row without any key.
pub(crate) fn forward<F: Float>(a: Attend<'_, F>, items: usize, mut y: &mut [F], mut logsum: &mut [F]) {
    let mut all = Vec::new();
    for item in 0..items {
        all.extend(tiles(a.queries).map(|rows| Rows {
            item,
            y: next(&mut y, rows.len() * a.values),
            logsum: next(&mut logsum, 2 * rows.len()),
            rows,
        }));
    }
    let work = TILE * a.keys * (a.width + a.values);
    pieces_of(&mut all, 1, (GRAIN * 64 / work.max(1)).max(1), &|_, all| {
        let mut scores = vec![F::ZERO; TILE * TILE];
        all.iter_mut().for_each(|rows| a.attend(rows, &mut scores));
    });
}

/// The gradients from those of the result.
pub(crate) fn backward<F: Float>(a: Attend<'_, F>, items: usize, up: Upstream<'_, F>, out: Gradients<'_, F>) {
    let Gradients { mut q, mut k, mut v, bias } = out;
    let mut all: Vec<_> = (0..items)
        .map(|item| Item {
            item,
            q: next(&mut q, a.queries * a.width),
            k: next(&mut k, a.keys * a.width),
            v: next(&mut v, a.keys * a.values),
        })
        .collect();
    match bias {
        // One place may get contributions of several items.
        Some(bias) => {
            bias.fill(F::ZERO);
            all.iter_mut().for_each(|item| a.pull(up, item, Some(bias)));
        }
        None => {
            let work = a.queries * a.keys * (a.width + a.values);
            pieces_of(&mut all, 1, (GRAIN * 32 / work.max(1)).max(1), &|_, all| {
                all.iter_mut().for_each(|item| a.pull(up, item, None));
            });
        }
    }
}

impl<F: Float> Attend<'_, F> {
    /// Whether no query of `rows` sees a key of `cols`.
    fn unseen(&self, rows: &Range<usize>, cols: &Range<usize>) -> bool {
        self.causal && cols.start >= rows.end
    }

    /// A tile of scale · q·kᵀ + bias, −∞ where a key lies behind its query.
    fn scores(&self, item: usize, rows: &Range<usize>, cols: &Range<usize>, out: &mut [F]) {
        let q = block(self.q, item, self.queries, self.width, rows);
        product(q, flipped(block(self.k, item, self.keys, self.width, cols)), out, false);
        for (i, out) in rows.clone().zip(out.chunks_exact_mut(cols.len())) {
            out.iter_mut().for_each(|s| *s *= self.scale);
            if let Some(bias) = self.bias {
                let row = bias.starts[item] + i * bias.row;
                for (s, j) in out.iter_mut().zip(cols.clone()) {
                    *s += bias.data[row + j * bias.col];
                }
            }
            if self.causal {
                let seen = (i + 1).saturating_sub(cols.start).min(cols.len());
                out[seen..].fill(-F::INFINITY);
            }
        }
    }

    /// Rows of the result, their sums kept up to date from tile to tile.
    fn attend(&self, out: &mut Rows<'_, F>, scores: &mut [F]) {
        let Rows { item, rows, y, logsum } = out;
        let values = self.values;
        y.fill(F::ZERO);
        let (mut tops, mut sums) = ([-F::INFINITY; TILE], [F::ZERO; TILE]);
        for cols in tiles(self.keys).take_while(|cols| !self.unseen(rows, cols)) {
            let scores = &mut scores[..rows.len() * cols.len()];
            self.scores(*item, rows, &cols, scores);
            simd(
                #[inline(always)]
                || {
                    for (i, s) in scores.chunks_exact_mut(cols.len()).enumerate() {
                        let top = greater(tops[i], short_max(s));
                        let shrink = (tops[i] - reference(top)).exp();
                        for s in &mut *s {
                            *s = (*s - reference(top)).exp();
                        }
                        sums[i] = sums[i] * shrink + short_sum(s);
                        tops[i] = top;
                        for y in &mut y[i * values..][..values] {
                            *y *= shrink;
                        }
                    }
                },
            );
            let p = Matrix { data: scores, rows: rows.len(), cols: cols.len(), transposed: false };
            product(p, block(self.v, *item, self.keys, values, &cols), y, true);
        }
        for (i, logsum) in logsum.chunks_exact_mut(2).enumerate() {
            let more = sums[i].ln();
            logsum[0] = tops[i] + more;
            // Of great scores nothing but this says how many they are.
            logsum[1] = if logsum[0].is_finite() { (tops[i] - logsum[0]) + more } else { F::ZERO };
            let y = &mut y[i * values..][..values];
            if sums[i] == F::ZERO {
                y.fill(F::ZERO);
            } else {
                y.iter_mut().for_each(|y| *y = *y / sums[i]);
            }
        }
    }

    /// The gradients of an item: with weights P = eˢ⁻ˡᵒᵍˢᵘᵐ, dV = Pᵀ·dy, dS = P∘(dy·vᵀ − delta),
    /// dq = scale · dS·k, dk = scale · dSᵀ·q.
    fn pull(&self, up: Upstream<'_, F>, out: &mut Item<'_, F>, mut bias: Option<&mut [F]>) {
        let &Attend { queries, keys, width, values, .. } = self;
        let item = out.item;
        out.q.fill(F::ZERO);
        out.k.fill(F::ZERO);
        out.v.fill(F::ZERO);
        let (mut p, mut ds) = (vec![F::ZERO; TILE * TILE], vec![F::ZERO; TILE * TILE]);
        for rows in tiles(queries) {
            let (q, dy) =
                (block(self.q, item, queries, width, &rows), block(up.dy, item, queries, values, &rows));
            for cols in tiles(keys).take_while(|cols| !self.unseen(&rows, cols)) {
                let (p, ds) = (&mut p[..rows.len() * cols.len()], &mut ds[..rows.len() * cols.len()]);
                self.scores(item, &rows, &cols, p);
                product(dy, flipped(block(self.v, item, keys, values, &cols)), ds, false);
                let first = item * queries + rows.start;
                simd(
                    #[inline(always)]
                    || {
                        let lines = p.chunks_exact_mut(cols.len()).zip(ds.chunks_exact_mut(cols.len()));
                        for (i, (p, ds)) in lines.enumerate() {
                            let [logsum, rest] = [0, 1].map(|part| up.logsum[2 * (first + i) + part]);
                            let (logsum, delta) = (reference(logsum), up.delta[first + i]);
                            for j in 0..cols.len() {
                                p[j] = (p[j] - logsum - rest).exp();
                                ds[j] = p[j] * (ds[j] - delta);
                            }
                        }
                    },
                );
                let tile = |data| Matrix { data, rows: rows.len(), cols: cols.len(), transposed: false };
                product(
                    flipped(tile(&*p)),
                    dy,
                    &mut out.v[cols.start * values..][..cols.len() * values],
                    true,
                );
                if let (Some(to), Some(bias)) = (bias.as_deref_mut(), self.bias) {
                    for (i, ds) in rows.clone().zip(ds.chunks_exact(cols.len())) {
                        for (j, &ds) in cols.clone().zip(ds) {
                            to[bias.starts[item] + i * bias.row + j * bias.col] += ds;
                        }
                    }
                }
                ds.iter_mut().for_each(|ds| *ds *= self.scale);
                let k = block(self.k, item, keys, width, &cols);
                product(tile(&*ds), k, &mut out.q[rows.start * width..][..rows.len() * width], true);
                product(flipped(tile(&*ds)), q, &mut out.k[cols.start * width..][..cols.len() * width], true);
            }
        }
    }
}
