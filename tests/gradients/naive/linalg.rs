//! Linear algebra by its definitions: expansion along rows, Cramer's rule, Gram and Schmidt, power series.
//! Slow, and exact enough for the small and harmless matrices of the samples.

use super::{Array, Naive, Place, build, joint, places};
use gradtape::ops::*;
use ndarray::{ArrayD, IxDyn, arr0};

/// One matrix.
fn matrix(m: usize, n: usize, f: impl Fn(usize, usize) -> f64) -> Array {
    build(&[m, n], |at| f(at[0], at[1]))
}

fn identity(n: usize) -> Array {
    matrix(n, n, |i, j| if i == j { 1.0 } else { 0.0 })
}

fn transposed(a: &Array) -> Array {
    matrix(a.shape()[1], a.shape()[0], |i, j| a[[j, i]])
}

fn product(a: &Array, b: &Array) -> Array {
    let term = |i, j| move |l: usize| a[[i, l]] * b[[l, j]];
    matrix(a.shape()[0], b.shape()[1], |i, j| (0..a.shape()[1]).map(term(i, j)).sum())
}

/// The results of `f` on the matrices of the operands, whose batches are broadcast.
fn each(x: &[Array], f: impl Fn(&[Array]) -> Vec<Array>) -> Vec<Array> {
    let split = |x: &Array| x.shape().split_at(x.ndim() - 2).0.to_vec();
    let batches: Vec<Place> = x.iter().map(split).collect();
    let outer = joint(&batches.iter().map(|dims| &dims[..]).collect::<Vec<_>>());
    let of = |x: &Array, at: &[usize]| {
        let own = x.ndim() - 2;
        let batch = at[at.len() - own..].iter().zip(x.shape());
        let batch: Place = batch.map(|(&i, &size)| if size == 1 { 0 } else { i }).collect();
        matrix(x.shape()[own], x.shape()[own + 1], |i, j| x[&[&batch[..], &[i, j]].concat()[..]])
    };
    let all: Vec<Vec<Array>> =
        places(&outer).iter().map(|at| f(&x.iter().map(|x| of(x, at)).collect::<Vec<_>>())).collect();
    // Of an empty batch the results' sizes are those on any matrices.
    let any = |x: &Array| {
        matrix(x.shape()[x.ndim() - 2], x.shape()[x.ndim() - 1], |i, j| f64::from(u8::from(i == j)))
    };
    let shapes = all.first().cloned().unwrap_or_else(|| f(&x.iter().map(any).collect::<Vec<_>>()));
    let stacked = |k: usize| {
        let elements: Vec<f64> = all.iter().flat_map(|results| results[k].iter().copied()).collect();
        let dims = [&outer[..], shapes[k].shape()].concat();
        ArrayD::from_shape_vec(IxDyn(&dims), elements).expect("as many")
    };
    (0..shapes.len()).map(stacked).collect()
}

/// Without a row and a column.
fn minor(a: &Array, row: usize, column: usize) -> Array {
    let n = a.shape()[0];
    let skip = |i: usize, out: usize| if i < out { i } else { i + 1 };
    matrix(n - 1, n - 1, |i, j| a[[skip(i, row), skip(j, column)]])
}

fn sign(place: usize) -> f64 {
    if place.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// Laplace's expansion.
fn determinant(a: &Array) -> f64 {
    match a.shape()[0] {
        0 => 1.0,
        n => (0..n).map(|j| sign(j) * a[[0, j]] * determinant(&minor(a, 0, j))).sum(),
    }
}

/// Cramer's rule.
fn inverse(a: &Array) -> Array {
    let (n, det) = (a.shape()[0], determinant(a));
    matrix(n, n, |i, j| sign(i + j) * determinant(&minor(a, j, i)) / det)
}

fn triangle(a: &Array, op: &TriangularSolve) -> Array {
    let n = a.shape()[0];
    let t = matrix(n, n, |i, j| match i.cmp(&j) {
        std::cmp::Ordering::Equal if op.unitriangular => 1.0,
        std::cmp::Ordering::Less if !op.upper => 0.0,
        std::cmp::Ordering::Greater if op.upper => 0.0,
        _ => a[[i, j]],
    });
    if op.transpose { transposed(&t) } else { t }
}

fn number(v: f64) -> Array {
    arr0(v).into_dyn()
}

impl Naive for TriangularSolve {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| vec![product(&inverse(&triangle(&x[0], self)), &x[1])])
    }
}

impl Naive for Solve {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let a = if self.transpose { transposed(&x[0]) } else { x[0].clone() };
            vec![product(&inverse(&a), &x[1])]
        })
    }
}

impl Naive for Inv {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| vec![inverse(&x[0])])
    }
}

impl Naive for Det {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| vec![number(determinant(&x[0]))])
    }
}

impl Naive for Slogdet {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let det = determinant(&x[0]);
            vec![number(det.signum()), number(det.abs().ln())]
        })
    }
}

impl Naive for composed::Logdet {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| vec![number(determinant(&x[0]).ln())])
    }
}

impl Naive for Cholesky {
    /// Column by column, each eliminated from what is left (the kernel goes row by row over sums).
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let n = x[0].shape()[0];
            let mut left = matrix(n, n, |i, j| (x[0][[i, j]] + x[0][[j, i]]) / 2.0);
            let mut l = ArrayD::zeros(IxDyn(&[n, n]));
            for j in 0..n {
                for i in j..n {
                    l[[i, j]] = left[[i, j]] / left[[j, j]].sqrt();
                }
                left = matrix(n, n, |p, q| left[[p, q]] - l[[p, j]] * l[[q, j]]);
            }
            vec![l]
        })
    }
}

/// The lower factor, whichever is stored.
fn factor(a: &Array, upper: bool) -> Array {
    let n = a.shape()[0];
    matrix(n, n, |i, j| match (i < j, upper) {
        (true, _) => 0.0,
        (false, true) => a[[j, i]],
        (false, false) => a[[i, j]],
    })
}

impl Naive for composed::CholeskySolve {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let inverse = inverse(&factor(&x[0], self.0));
            vec![product(&product(&transposed(&inverse), &inverse), &x[1])]
        })
    }
}

impl Naive for composed::CholeskyInverse {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let inverse = inverse(&factor(&x[0], self.0));
            vec![product(&transposed(&inverse), &inverse)]
        })
    }
}

/// Gram and Schmidt, twice for good measure: Q and R of a matrix with independent columns.
fn orthonormal(a: &Array) -> (Array, Array) {
    let (m, n) = (a.shape()[0], a.shape()[1]);
    let (mut q, mut r) = (a.clone(), identity(n));
    for _ in 0..2 {
        let mut step = ArrayD::zeros(IxDyn(&[n, n]));
        for j in 0..n {
            for i in 0..j {
                step[[i, j]] = (0..m).map(|l| q[[l, i]] * q[[l, j]]).sum();
                for l in 0..m {
                    q[[l, j]] -= step[[i, j]] * q[[l, i]];
                }
            }
            step[[j, j]] = (0..m).map(|l| q[[l, j]] * q[[l, j]]).sum::<f64>().sqrt();
            for l in 0..m {
                q[[l, j]] /= step[[j, j]];
            }
        }
        r = product(&step, &r);
    }
    (q, r)
}

impl Naive for Qr {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let (m, n) = (x[0].shape()[0], x[0].shape()[1]);
            let first = matrix(m, m.min(n), |i, j| x[0][[i, j]]);
            let (q, _) = orthonormal(&first);
            let r = product(&transposed(&q), &x[0]);
            let r = matrix(m.min(n), n, |i, j| if i > j { 0.0 } else { r[[i, j]] });
            vec![q, r]
        })
    }
}

/// Ascending eigenvalues and their vectors, by the rotations of Jacobi's own order: the greatest element off
/// the diagonal first, each by its angle (the kernel goes round in a cycle, by tangents).
fn eigen(a: &Array) -> (Vec<f64>, Array) {
    let n = a.shape()[0];
    let mut left = matrix(n, n, |i, j| (a[[i, j]] + a[[j, i]]) / 2.0);
    let mut vectors = identity(n);
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|j| (0..j).map(move |i| (i, j))).collect();
    let size = |left: &Array, (p, q): (usize, usize)| left[[p, q]].abs();
    for _ in 0..60 {
        let greatest = pairs.iter().copied().max_by(|&a, &b| size(&left, a).total_cmp(&size(&left, b)));
        let Some((p, q)) = greatest.filter(|&pair| size(&left, pair) > 0.0) else { break };
        let angle = (2.0 * left[[p, q]]).atan2(left[[q, q]] - left[[p, p]]) / 2.0;
        let mut turn = identity(n);
        (turn[[p, p]], turn[[q, q]]) = (angle.cos(), angle.cos());
        (turn[[p, q]], turn[[q, p]]) = (angle.sin(), -angle.sin());
        left = product(&transposed(&turn), &product(&left, &turn));
        vectors = product(&vectors, &turn);
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| left[[i, i]].total_cmp(&left[[j, j]]));
    (order.iter().map(|&i| left[[i, i]]).collect(), matrix(n, n, |i, j| vectors[[i, order[j]]]))
}

/// The sign that makes the greatest component of a column positive.
fn settled(v: &Array, j: usize) -> f64 {
    let greatest =
        (0..v.shape()[0]).fold(0.0, |top: f64, i| if v[[i, j]].abs() > top.abs() { v[[i, j]] } else { top });
    if greatest < 0.0 { -1.0 } else { 1.0 }
}

impl Naive for Eigh {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let n = x[0].shape()[0];
            let (w, v) = eigen(&x[0]);
            vec![build(&[n], |at| w[at[0]]), matrix(n, n, |i, j| v[[i, j]] * settled(&v, j))]
        })
    }
}

impl Naive for composed::Eigvalsh {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![Eigh.naive(x).remove(0)]
    }
}

/// Orthonormal columns with those that are missing, by Gram and Schmidt: of each unit vector what the columns
/// before it leave, where they leave the most.
fn completed(q: &Array) -> Array {
    let (m, n) = (q.shape()[0], q.shape()[1]);
    if n == m {
        return q.clone();
    }
    let with =
        |unit: usize| matrix(m, n + 1, |i, j| if j < n { q[[i, j]] } else { f64::from(u8::from(i == unit)) });
    let left = |unit: usize| orthonormal(&with(unit)).1[[n, n]];
    let most = (0..m).max_by(|&a, &b| left(a).total_cmp(&left(b))).expect("a row");
    let further = orthonormal(&with(most)).0;
    let sign = settled(&further, n);
    completed(&matrix(m, n + 1, |i, j| if j < n { q[[i, j]] } else { sign * further[[i, n]] }))
}

impl Naive for Svd {
    /// From the eigenvectors of AᵀA or AAᵀ, whichever is smaller.
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let (m, n) = (x[0].shape()[0], x[0].shape()[1]);
            let tall = if m < n { transposed(&x[0]) } else { x[0].clone() };
            let k = m.min(n);
            let (w, v) = eigen(&product(&transposed(&tall), &tall));
            let (s, v) = (build(&[k], |at| w[k - 1 - at[0]].sqrt()), matrix(k, k, |i, j| v[[i, k - 1 - j]]));
            let long = product(&tall, &v);
            let long = matrix(m.max(n), k, |i, j| long[[i, j]] / s[[j]]);
            let (u, v) = if m < n { (v, long) } else { (long, v) };
            let signed = |x: &Array| matrix(x.shape()[0], k, |i, j| x[[i, j]] * settled(&u, j));
            let all = |x: &Array| if self.full_matrices { completed(x) } else { x.clone() };
            vec![all(&signed(&u)), s, transposed(&all(&signed(&v)))]
        })
    }
}

impl Naive for composed::Svdvals {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![Svd::default().naive(x).remove(1)]
    }
}

impl Naive for composed::NuclearNorm {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| vec![number(Svd::default().naive(x)[1].sum())])
    }
}

/// Of a matrix of full rank, by the normal equations.
fn pseudo_inverse(a: &Array) -> Array {
    let t = transposed(a);
    if a.shape()[0] < a.shape()[1] {
        product(&t, &inverse(&product(a, &t)))
    } else {
        product(&inverse(&product(&t, a)), &t)
    }
}

impl Naive for Pinv {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let symmetric = |a: &Array| matrix(a.shape()[0], a.shape()[0], |i, j| (a[[i, j]] + a[[j, i]]) / 2.0);
        each(x, |x| vec![pseudo_inverse(&if self.hermitian { symmetric(&x[0]) } else { x[0].clone() })])
    }
}

impl Naive for composed::MatrixNorm {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (order, axes, keep) = &self.0;
        let rank = x[0].ndim();
        let [rows, columns] = axes.map(|axis| axis.rem_euclid(rank as isize) as usize);
        let others: Vec<usize> = (0..rank).filter(|&i| i != rows && i != columns).collect();
        let last = x[0].clone().permuted_axes(IxDyn(&[&others[..], &[rows, columns]].concat()));
        let mut y = each(&[last], |x| {
            let a = &x[0];
            let (m, n) = (a.shape()[0], a.shape()[1]);
            let sums: Vec<f64> = match order {
                MatrixOrder::P(p) if p.abs() == 1.0 => {
                    (0..n).map(|j| (0..m).map(|i| a[[i, j]].abs()).sum()).collect()
                }
                MatrixOrder::P(p) if p.is_infinite() => {
                    (0..m).map(|i| (0..n).map(|j| a[[i, j]].abs()).sum()).collect()
                }
                _ => Svd::default().naive(std::slice::from_ref(a))[1].iter().copied().collect(),
            };
            vec![number(match order {
                MatrixOrder::Frobenius => a.iter().map(|v| v * v).sum::<f64>().sqrt(),
                MatrixOrder::Nuclear => sums.iter().sum(),
                MatrixOrder::P(p) if *p < 0.0 => sums.iter().copied().fold(f64::INFINITY, f64::min),
                MatrixOrder::P(_) => sums.iter().copied().fold(0.0, f64::max),
            })]
        })
        .remove(0);
        if *keep {
            for axis in [rows.min(columns), rows.max(columns)] {
                y = y.insert_axis(ndarray::Axis(axis));
            }
        }
        vec![y]
    }
}

impl Naive for composed::Lstsq {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (a, b) = (&x[0], &x[1]);
        let vectors = b.ndim() == 1 || b.shape() == &a.shape()[..a.ndim() - 1];
        let b = if vectors { b.clone().insert_axis(ndarray::Axis(b.ndim())) } else { b.clone() };
        let mut found = each(&[a.clone(), b], |x| {
            let solution = product(&pseudo_inverse(&x[0]), &x[1]);
            let off = product(&x[0], &solution) - &x[1];
            let column = |j: usize| (0..off.shape()[0]).map(|i| off[[i, j]] * off[[i, j]]).sum();
            vec![build(&[off.shape()[1]], |at| column(at[0])), solution]
        });
        if vectors {
            let column = |y: Array| (ndarray::Axis(y.ndim() - 1), y);
            let first = |(last, y): (ndarray::Axis, Array)| y.index_axis_move(last, 0);
            found = found.into_iter().map(column).map(first).collect();
        }
        found
    }
}

impl Naive for MatrixExp {
    /// The series, of a part small enough, squared again.
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let n = x[0].shape()[0];
            let small = x[0].map(|v| v / 16.0);
            let (mut sum, mut term) = (identity(n), identity(n));
            for k in 1..30 {
                term = product(&term, &small).map(|v| v / f64::from(k));
                sum += &term;
            }
            (0..4).for_each(|_| sum = product(&sum, &sum));
            vec![sum]
        })
    }
}

impl Naive for composed::MatrixPower {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        each(x, |x| {
            let factor = if self.0 < 0 { inverse(&x[0]) } else { x[0].clone() };
            let start = identity(x[0].shape()[0]);
            vec![(0..self.0.abs()).fold(start, |power, _| product(&power, &factor))]
        })
    }
}
