//! What every op computes, said again in plain loops over indices: nothing here shares code with
//! the crate's kernels. An op without its oracle does not compile into the suite.

mod blend;
mod conv;
mod distance;
mod elementwise;
mod image;
mod linalg;
mod losses;
mod masked;
mod order;
mod pool;
mod products;
mod repeat;
mod scan;
mod scatter;
mod sequence;
mod sort;
mod spectrum;
mod statistics;
mod strided;
mod view;

use gradtape::{Axes, Op, ops::*};
use ndarray::{ArrayD, Dimension, IxDyn, arr0, indices};

/// Something with an independent implementation of its value.
pub(crate) trait Naive {
    /// The results on these operands.
    fn naive(&self, x: &[ArrayD<f64>]) -> Vec<ArrayD<f64>>;
}

/// An op with an independent implementation of its value.
pub(crate) trait NaiveOp: Op + Naive {}
impl<O: Op + Naive> NaiveOp for O {}

type Array = ArrayD<f64>;
type Place = Vec<usize>;

fn build(dims: &[usize], mut f: impl FnMut(&[usize]) -> f64) -> Array {
    ArrayD::from_shape_fn(IxDyn(dims), |at| f(at.slice()))
}

/// Every index of an array of these sizes.
fn places(dims: &[usize]) -> Vec<Place> {
    indices(IxDyn(dims)).into_iter().map(|at| at.slice().to_vec()).collect()
}

/// The place of `x` that is seen at `at` when `x` is broadcast.
fn seen(x: &Array, at: &[usize]) -> Place {
    let lost = at.len() - x.ndim();
    (0..x.ndim()).map(|i| if x.shape()[i] == 1 { 0 } else { at[lost + i] }).collect()
}

fn stretched(x: &Array, at: &[usize]) -> f64 {
    x[&seen(x, at)[..]]
}

/// The sizes that arrays broadcast to.
fn joint(all: &[&[usize]]) -> Place {
    let rank = all.iter().map(|dims| dims.len()).max().unwrap_or(0);
    let size = |i: usize| {
        let sizes = all.iter().filter_map(|dims| Some(dims[(i + dims.len()).checked_sub(rank)?]));
        sizes.fold(1, |size, other| if other == 1 { size } else { other })
    };
    (0..rank).map(size).collect()
}

fn zip(x: &[Array], f: impl Fn(f64, f64) -> f64) -> Vec<Array> {
    let dims = joint(&[x[0].shape(), x[1].shape()]);
    vec![build(&dims, |at| f(stretched(&x[0], at), stretched(&x[1], at)))]
}

/// A number has the axis 0, along which it is one element.
fn from_front(axis: isize, rank: usize) -> usize {
    if axis < 0 { rank.max(1) - axis.unsigned_abs() } else { axis as usize }
}

/// A place, or sizes, with another one along an axis; a number has but one place.
fn replaced(at: &[usize], axis: usize, with: usize) -> Place {
    let mut at = at.to_vec();
    if let Some(along) = at.get_mut(axis) {
        *along = with;
    }
    at
}

/// The place in x that an index along an axis names from a place of the indices: a vector may index a number,
/// and a number a vector.
fn named(x: &Array, at: &[usize], axis: usize, index: usize) -> Place {
    if at.len() == x.ndim() { replaced(at, axis, index) } else { vec![index; x.ndim()] }
}

/// The place along an axis, or the size.
fn along(at: &[usize], axis: usize, of_number: usize) -> usize {
    at.get(axis).copied().unwrap_or(of_number)
}

/// For every place of the array reduced over `axes`, which stay with size 1, the places that it
/// stands for.
fn groups(x: &Array, axes: &Axes) -> ArrayD<Vec<Place>> {
    let rank = x.ndim();
    let marked = |i: usize| match axes {
        Axes::All => true,
        Axes::Some(axes) => axes.iter().any(|&axis| from_front(axis, rank) == i),
    };
    let kept = |at: &[usize]| (0..rank).map(|i| if marked(i) { 0 } else { at[i] }).collect::<Place>();
    let dims: Place = (0..rank).map(|i| if marked(i) { 1 } else { x.shape()[i] }).collect();
    let mut groups = ArrayD::from_elem(IxDyn(&dims), Vec::new());
    for at in places(x.shape()) {
        groups[&kept(&at)[..]].push(at);
    }
    groups
}

/// Drops the reduced axes unless they stay.
fn shaped(y: Array, x: &Array, axes: &Axes, keepdims: bool) -> Array {
    let rank = x.ndim();
    let dropped = |i: usize| match axes {
        Axes::All => !keepdims,
        Axes::Some(axes) => !keepdims && axes.iter().any(|&axis| from_front(axis, rank) == i),
    };
    let dims: Place = (0..rank).filter(|&i| !dropped(i)).map(|i| y.shape()[i]).collect();
    y.into_shape_with_order(IxDyn(&dims)).expect("axes of size 1 are dropped")
}

fn reduced(x: &Array, axes: &Axes, keepdims: bool, f: impl Fn(&[f64]) -> f64) -> Vec<Array> {
    let of = |group: &Vec<Place>| f(&group.iter().map(|at| x[&at[..]]).collect::<Vec<_>>());
    vec![shaped(groups(x, axes).map(of), x, axes, keepdims)]
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().fold(f64::NEG_INFINITY, |top, &v| if v > top { v } else { top })
}

/// The places of a group where x is greatest.
fn ties<'g>(x: &Array, group: &'g [Place]) -> Vec<&'g Place> {
    let top = greatest(&group.iter().map(|at| x[&at[..]]).collect::<Vec<_>>());
    group.iter().filter(|at| x[&at[..]] == top).collect()
}

/// Ops on one operand with fields.
macro_rules! one {
    ($($Op:ty: |$op:ident, $x:ident| $f:expr;)*) => {$(
        impl Naive for $Op {
            fn naive(&self, x: &[Array]) -> Vec<Array> {
                let ($op, $x) = (self, &x[0]);
                $f
            }
        }
    )*};
}
one! {
    Neg: |_op, x| vec![x.map(|v| -v)];
    composed::Square: |_op, x| vec![x.map(|v| v * v)];
    AddScalar: |op, x| vec![x.map(|v| v + op.0)];
    MulScalar: |op, x| vec![x.map(|v| v * op.0)];
    DivScalar: |op, x| vec![x.map(|v| v / op.0)];
    Expand: |op, x| vec![build(&op.0, |at| stretched(x, at))];
    SumTo: |op, x| {
        let mut y = ArrayD::zeros(IxDyn(&op.0));
        for at in places(x.shape()) {
            let to = seen(&y, &at);
            y[&to[..]] += x[&at[..]];
        }
        vec![y]
    };
    Sum: |op, x| reduced(x, &op.axes, op.keepdims, |v| v.iter().sum());
    Mean: |op, x| reduced(x, &op.axes, op.keepdims, |v| v.iter().sum::<f64>() / v.len() as f64);
    Max: |op, x| reduced(x, &op.axes, op.keepdims, greatest);
    composed::MaxDim: |op, x| reduced(x, &Axes::from(op.0.0), op.0.1, greatest);
    Reshape: |op, x| {
        let mut elements = places(x.shape()).into_iter().map(|at| x[&at[..]]);
        vec![build(&op.0, |_| elements.next().expect("as many"))]
    };
    Permute: |op, x| {
        let dims: Place = op.0.iter().map(|&axis| x.shape()[axis]).collect();
        vec![build(&dims, |at| {
            let mut from = vec![0; at.len()];
            for (i, &axis) in op.0.iter().enumerate() {
                from[axis] = at[i];
            }
            x[&from[..]]
        })]
    };
    Slice: |op, x| {
        let dims: Place = op.0.iter().map(|range| range.count).collect();
        vec![build(&dims, |at| x[&sliced(&op.0, at)[..]])]
    };
    SliceGrad: |op, x| {
        let mut y = ArrayD::zeros(IxDyn(&op.shape));
        for at in places(x.shape()) {
            y[&sliced(&op.ranges, &at)[..]] = x[&at[..]];
        }
        vec![y]
    };
    Split: |op, x| {
        let axis = from_front(op.axis, x.ndim());
        let mut start = 0;
        let part = |&size: &usize| {
            let dims = replaced(x.shape(), axis, size);
            let part = build(&dims, |at| x[&replaced(at, axis, start + at[axis])[..]]);
            start += size;
            part
        };
        op.sizes.iter().map(part).collect()
    };
    IndexSelect: |op, x| {
        let (axis, from) = (from_front(op.axis, x.ndim()), op.indices.slice());
        vec![build(&replaced(x.shape(), axis, from.len()), |at| x[&replaced(at, axis, from[along(at, axis, 0)])[..]])]
    };
    IndexSelectGrad: |op, x| {
        let axis = from_front(op.axis, x.ndim());
        let mut y = ArrayD::zeros(IxDyn(&replaced(x.shape(), axis, op.size)));
        for at in places(x.shape()) {
            y[&replaced(&at, axis, op.indices.slice()[along(&at, axis, 0)])[..]] += x[&at[..]];
        }
        vec![y]
    };
    TakeAlongAxis: |op, x| {
        let (axis, from) = (from_front(op.axis, x.ndim()), array(&op.indices));
        vec![build(from.shape(), |at| x[&named(x, at, axis, from[at])[..]])]
    };
    TakeAlongAxisGrad: |op, x| {
        let (axis, to) = (from_front(op.axis, x.ndim()), array(&op.indices));
        let vector = x.ndim() == 0 && op.size != 1;
        let dims = if vector { vec![op.size] } else { replaced(x.shape(), axis, op.size) };
        let mut y = ArrayD::zeros(IxDyn(&dims));
        for at in places(x.shape()) {
            let to = named(&y, &at, axis, to[&at[..]]);
            y[&to[..]] += x[&at[..]];
        }
        vec![y]
    };
    Softmax: |op, x| vec![softmax(x, op.axis)];
    LogSoftmax: |op, x| vec![softmax(x, op.axis).map(|p| p.ln())];
    CrossEntropy: |op, x| {
        let p = softmax(x, 1);
        let targets = op.targets.slice();
        let loss: f64 = targets.iter().enumerate().map(|(i, &target)| -p[[i, target]].ln()).sum();
        vec![arr0(loss / targets.len() as f64).into_dyn()]
    };
}

fn sliced(ranges: &[Range], at: &[usize]) -> Place {
    let place = |(range, &i): (&Range, &usize)| (range.start as isize + range.step * i as isize) as usize;
    ranges.iter().zip(at).map(place).collect()
}

fn array(indices: &Indices) -> ArrayD<usize> {
    ArrayD::from_shape_vec(IxDyn(indices.shape()), indices.slice().to_vec()).expect("as many")
}

/// By the definition, which does for small logits.
fn softmax(x: &Array, axis: isize) -> Array {
    let mut y = x.clone();
    for group in &groups(x, &Axes::from(axis)) {
        let total: f64 = group.iter().map(|at| x[&at[..]].exp()).sum();
        for at in group {
            y[&at[..]] = x[&at[..]].exp() / total;
        }
    }
    y
}

impl Naive for Select {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let dims = joint(&[x[0].shape(), x[1].shape(), x[2].shape()]);
        vec![build(&dims, |at| stretched(&x[if stretched(&x[0], at) == 0.0 { 2 } else { 1 }], at))]
    }
}

impl Naive for TieSpread {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut y = ArrayD::zeros(x[1].raw_dim());
        for (group, d) in groups(&x[1], &self.axes).iter().zip(&x[0]) {
            let ties = ties(&x[1], group);
            for at in &ties {
                y[&at[..]] = d / ties.len() as f64;
            }
        }
        vec![y]
    }
}

impl Naive for TieCollect {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mean = |group: &Vec<Place>| {
            let ties = ties(&x[1], group);
            ties.iter().map(|at| x[0][&at[..]]).sum::<f64>() / ties.len() as f64
        };
        vec![groups(&x[1], &self.axes).map(mean)]
    }
}

impl Naive for Concat {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.axis, x[0].ndim());
        let total = x.iter().map(|x| x.shape()[axis]).sum();
        vec![build(&replaced(x[0].shape(), axis, total), |at| {
            let (mut part, mut place) = (0, at[axis]);
            while place >= x[part].shape()[axis] {
                place -= x[part].shape()[axis];
                part += 1;
            }
            x[part][&replaced(at, axis, place)[..]]
        })]
    }
}

impl Naive for MatMul {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (a, b) = (&x[0], &x[1]);
        let element = |x: &Array, batch: &[usize], row: usize, col: usize, transposed: bool| {
            let last = if transposed { [col, row] } else { [row, col] };
            let own = x.ndim() - 2;
            let dims = &x.shape()[..own];
            let batch = &batch[batch.len() - own..];
            let batch = dims.iter().zip(batch).map(|(&size, &i)| if size == 1 { 0 } else { i });
            x[&batch.chain(last).collect::<Place>()[..]]
        };
        let size = |x: &Array, from_last: usize| x.shape()[x.ndim() - 1 - from_last];
        let m = size(a, usize::from(!self.transpose_a));
        let k = size(a, usize::from(self.transpose_a));
        let n = size(b, usize::from(self.transpose_b));
        let outer = joint(&[&a.shape()[..a.ndim() - 2], &b.shape()[..b.ndim() - 2]]);
        let dims = [&outer[..], &[m, n]].concat();
        vec![build(&dims, |at| {
            let (batch, &[row, col]) = at.split_last_chunk().expect("at least two axes");
            let term =
                |l| element(a, batch, row, l, self.transpose_a) * element(b, batch, l, col, self.transpose_b);
            (0..k).map(term).sum()
        })]
    }
}

impl Naive for Linear {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (x, w, b) = (&x[0], &x[1], &x[2]);
        let last = x.ndim() - 1;
        vec![build(&replaced(x.shape(), last, b.len()), |at| {
            let term = |l: usize| x[&replaced(at, last, l)[..]] * w[[at[last], l]];
            (0..x.shape()[last]).map(term).sum::<f64>() + b[[at[last]]]
        })]
    }
}

impl Naive for CrossEntropyGrad {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (p, d) = (softmax(&x[0], 1), x[1].sum());
        let n = self.targets.slice().len() as f64;
        vec![build(p.shape(), |at| {
            let hit = if self.targets.slice()[at[0]] == at[1] { 1.0 } else { 0.0 };
            (p[at] - hit) * d / n
        })]
    }
}
