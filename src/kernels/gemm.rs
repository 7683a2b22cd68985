//! Matrix products, on `matrixmultiply` above a size and by plain loops below it.

use super::{
    Float,
    parallel::{GRAIN, on_pool},
    simd::simd,
};

/// Products of fewer multiplications than this are done by plain loops: packing costs more.
const SMALL: usize = 1 << 11;
/// Products of more multiplications are split over threads.
const LARGE: usize = 1 << 22;
/// As [`LARGE`], where a second thread is at hand.
const LARGE_ON_POOL: usize = 1 << 20;
/// Both halves of a split product begin at a multiple of this, which the products' own tiles divide.
const TILE: usize = 32;

/// A matrix in a contiguous slice: rows × cols as multiplied, stored transposed or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matrix<'a, F> {
    pub(crate) data: &'a [F],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// Stored as cols × rows.
    pub(crate) transposed: bool,
}

/// A matrix within a slice: how far apart its rows are, and its columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strided<'a, F> {
    pub(crate) data: &'a [F],
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    pub(crate) row_step: usize,
    pub(crate) col_step: usize,
}

impl<F> Strided<'_, F> {
    fn is_within(&self) -> bool {
        let last = |count: usize, step: usize| count.checked_sub(1).map(|last| last * step);
        let reach = last(self.rows, self.row_step).zip(last(self.cols, self.col_step));
        reach.is_none_or(|(row, col)| row + col < self.data.len())
    }
}

impl<'a, F: Copy> Matrix<'a, F> {
    fn strided(&self) -> Strided<'a, F> {
        let &Matrix { data, rows, cols, transposed } = self;
        let (row_step, col_step) = if transposed { (1, rows) } else { (cols, 1) };
        Strided { data, rows, cols, row_step, col_step }
    }
    #[inline(always)]
    fn at(&self, i: usize, j: usize) -> F {
        if self.transposed { self.data[j * self.rows + i] } else { self.data[i * self.cols + j] }
    }
}

/// c = a · b, or c += a · b when `accumulate`; c is contiguous, row by row.
pub(crate) fn product<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, c: &mut [F], accumulate: bool) {
    assert!(a.cols == b.rows, "inner dimensions");
    assert!(
        a.data.len() == a.rows * a.cols && b.data.len() == b.rows * b.cols && c.len() == a.rows * b.cols,
        "sizes"
    );
    if c.is_empty() {
        return;
    }
    if a.cols == 0 {
        // An empty sum.
        if !accumulate {
            c.fill(F::ZERO);
        }
        return;
    }
    if a.rows * a.cols * b.cols <= SMALL {
        simd(
            #[inline(always)]
            || small(a, b, c, accumulate),
        );
    } else {
        strided(a.strided(), b.strided(), c, b.cols, accumulate);
    }
}

/// As [`product`], for matrices that lie within larger ones: row i of c starts at i · `step`.
pub(crate) fn strided<F: Float>(
    a: Strided<'_, F>,
    b: Strided<'_, F>,
    c: &mut [F],
    step: usize,
    accumulate: bool,
) {
    assert!(a.cols == b.rows && b.cols <= step, "sizes");
    let target = Strided { data: &*c, rows: a.rows, cols: b.cols, row_step: step, col_step: 1 };
    assert!(a.is_within() && b.is_within() && target.is_within(), "sizes");
    let large = if on_pool() { LARGE_ON_POOL } else { LARGE };
    // SAFETY: each matrix has been found to lie within its slice. `c` is borrowed mutably, so it
    // overlaps neither `a` nor `b`.
    unsafe { split(a, b, Target(c.as_mut_ptr()), step, accumulate, large) }
}

/// Where a part of a product goes; parts that different threads compute do not overlap.
#[derive(Clone, Copy)]
struct Target<F>(*mut F);

// SAFETY: it is only a place; `split` gives each thread its own.
unsafe impl<F: Send> Send for Target<F> {}

/// A product in halves, if it is large. The longer side is cut, so that the smaller operand is the
/// one that both halves pack. No element is summed otherwise for it.
///
/// # Safety
/// `a` and `b` must lie within their slices, and a.rows × b.cols elements at `c`, rows `step` apart,
/// within memory that nobody else uses.
unsafe fn split<F: Float>(
    a: Strided<'_, F>,
    b: Strided<'_, F>,
    c: Target<F>,
    step: usize,
    accumulate: bool,
    large: usize,
) {
    let (rows, cols) = (a.rows, b.cols);
    if rows.max(cols) < 2 * TILE || rows * a.cols * cols <= large {
        // SAFETY: as promised by the caller, every element which sizes and steps reach is there.
        return unsafe {
            F::gemm(
                [rows, a.cols, cols],
                (a.data.as_ptr(), a.row_step as isize, a.col_step as isize),
                (b.data.as_ptr(), b.row_step as isize, b.col_step as isize),
                if accumulate { F::ONE } else { F::ZERO },
                (c.0, step as isize, 1),
            )
        };
    }
    let half = (rows.max(cols) / 2).next_multiple_of(TILE);
    let (first, second, at) = if rows >= cols {
        let below = Strided { data: &a.data[half * a.row_step..], rows: rows - half, ..a };
        ((Strided { rows: half, ..a }, b), (below, b), half * step)
    } else {
        let right = Strided { data: &b.data[half * b.col_step..], cols: cols - half, ..b };
        ((a, Strided { cols: half, ..b }), (a, right), half)
    };
    // SAFETY: row or column `half` exists, so its place is within c; the halves share no element.
    let next = Target(unsafe { c.0.add(at) });
    rayon_core::join(
        // SAFETY: parts of what the caller promised for the whole.
        move || unsafe { split(first.0, first.1, c, step, accumulate, LARGE) },
        // SAFETY: as above.
        move || unsafe { split(second.0, second.1, next, step, accumulate, LARGE) },
    );
}

#[inline(always)]
fn small<F: Float>(a: Matrix<'_, F>, b: Matrix<'_, F>, c: &mut [F], accumulate: bool) {
    let (k, n) = (a.cols, b.cols);
    for i in 0..a.rows {
        let row = &mut c[i * n..(i + 1) * n];
        if !accumulate {
            row.fill(F::ZERO);
        }
        if b.transposed && !a.transposed {
            let x = &a.data[i * k..(i + 1) * k];
            for j in 0..n {
                row[j] += dot(x, &b.data[j * k..(j + 1) * k]);
            }
        } else if b.transposed {
            for j in 0..n {
                let y = &b.data[j * k..(j + 1) * k];
                for l in 0..k {
                    row[j] += a.at(i, l) * y[l];
                }
            }
        } else {
            for l in 0..k {
                let (x, y) = (a.at(i, l), &b.data[l * n..(l + 1) * n]);
                for j in 0..n {
                    row[j] += x * y[j];
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn dot<F: Float>(x: &[F], y: &[F]) -> F {
    let mut lanes = [F::ZERO; 8];
    let (xs, ys) = (x.chunks_exact(8), y.chunks_exact(8));
    let mut sum = F::ZERO;
    for (&a, &b) in xs.remainder().iter().zip(ys.remainder()) {
        sum += a * b;
    }
    for (a, b) in xs.zip(ys) {
        for i in 0..8 {
            lanes[i] += a[i] * b[i];
        }
    }
    // In pairs: one after the other each addition waits for the last.
    for width in [4, 2, 1] {
        for i in 0..width {
            lanes[i] += lanes[i + width];
        }
    }
    sum + lanes[0]
}

/// Many products: `c[i] = a[i] · b[i]`, where `index(i)` names the matrices of `a` and `b`.
pub(crate) fn batched<F: Float>(
    a: Matrix<'_, F>,
    b: Matrix<'_, F>,
    c: &mut [F],
    index: impl Fn(usize) -> (usize, usize) + Sync,
) {
    let (a_size, b_size, c_size) = (a.rows * a.cols, b.rows * b.cols, a.rows * b.cols);
    if c_size == 0 {
        return;
    }
    let work = (a.cols * c_size).max(1);
    let grain = (GRAIN * 64 / work).max(1) * c_size;
    super::parallel::pieces_of(c, c_size, grain, &|start, c| {
        for (i, c) in c.chunks_exact_mut(c_size).enumerate() {
            let (at_a, at_b) = index(start / c_size + i);
            product(
                Matrix { data: &a.data[at_a * a_size..(at_a + 1) * a_size], ..a },
                Matrix { data: &b.data[at_b * b_size..(at_b + 1) * b_size], ..b },
                c,
                false,
            );
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<F: Float>(n: usize, from: usize) -> Vec<F> {
        (0..n).map(|i| F::of(((i * 7 + from) % 23) as f64 - 11.0)).collect()
    }

    /// Integers small enough that every order of summation is exact.
    fn agrees_with_the_definition<F: Float>() {
        for (m, k, n) in
            [(1, 1, 1), (3, 5, 2), (1, 16, 16), (7, 9, 33), (33, 40, 17), (130, 300, 200), (2, 0, 3)]
        {
            for (ta, tb, accumulate) in
                [(false, false, false), (true, false, true), (false, true, false), (true, true, true)]
            {
                let (a, b) = (numbers::<F>(m * k, 1), numbers::<F>(k * n, 5));
                let a = Matrix { data: &a, rows: m, cols: k, transposed: ta };
                let b = Matrix { data: &b, rows: k, cols: n, transposed: tb };
                // With beta = 0, what stood in the output must not matter, NaN included.
                let mut c = vec![if accumulate { F::ONE } else { F::NAN }; m * n];
                product(a, b, &mut c, accumulate);
                for i in 0..m {
                    for j in 0..n {
                        let start = if accumulate { F::ONE } else { F::ZERO };
                        let want = (0..k).fold(start, |sum, l| sum + a.at(i, l) * b.at(l, j));
                        assert_eq!(c[i * n + j], want, "{m}x{k}x{n} {ta} {tb} at {i},{j}");
                    }
                }
            }
        }
    }

    #[test]
    fn halves_change_no_bit() {
        // Of a size that is halved on the pool and not outside it.
        for (m, k, n) in [(32, 400, 129), (257, 100, 70), (40, 33, 2000), (65, 800, 64)] {
            assert!(m * k * n > LARGE_ON_POOL && m * k * n <= LARGE);
            let number = |i: usize| (i as f32 * 0.618).sin();
            let (a, b): (Vec<_>, Vec<_>) =
                ((0..m * k).map(number).collect(), (0..k * n).map(number).collect());
            for transposed in [false, true] {
                let a = Matrix { data: &a, rows: m, cols: k, transposed: false };
                let b = Matrix { data: &b, rows: k, cols: n, transposed };
                let mut outputs = [vec![1.0; m * n], vec![1.0; m * n]];
                product(a, b, &mut outputs[0], true);
                rayon_core::scope(|_| product(a, b, &mut outputs[1], true));
                assert_eq!(outputs[0], outputs[1], "{m}x{k}x{n}");
            }
        }
    }

    #[test]
    fn products_agree_with_the_definition() {
        agrees_with_the_definition::<f32>();
        agrees_with_the_definition::<f64>();
    }
}
