//! The second opinion: every op again, over single numbers with a derivative, in plain loops.
//!
//! Nothing here comes from the crate under test, so that a mistake has to be made twice to go
//! unseen. What happens at a kink is the documented choice.

mod lane;
mod place;
mod several;
mod unary;

pub(crate) use self::{
    lane::{Reduction, Scan},
    place::{Padding, Place},
    several::{Binary, Ternary},
    unary::Unary,
};

/// What an instruction does to its operands.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Add,
    Sub,
    Mul,
    Div,
    Neg,
    /// x + c
    AddScalar(f64),
    /// x − c
    SubScalar(f64),
    /// c − x
    FromScalar(f64),
    /// c · x
    MulScalar(f64),
    /// x / c
    DivScalar(f64),
    /// c / x
    OverScalar(f64),
    Exp,
    Ln,
    Sqrt,
    Tanh,
    Sigmoid,
    Relu,
    Abs,
    Recip,
    Pow,
    PowScalar(f64),
    Maximum,
    Greater,
    Equal,
    Select,
    /// Times constants that differ from place to place.
    Weigh,
    Sum(Vec<usize>, bool),
    Mean(Vec<usize>, bool),
    Max(Vec<usize>, bool),
    /// Values and indices.
    MaxDim(usize, bool),
    Reshape(Vec<usize>),
    Permute(Vec<usize>),
    Expand(Vec<usize>),
    SumTo(Vec<usize>),
    /// Start, count and step along each axis.
    Slice(Vec<(usize, usize, isize)>),
    Concat(usize),
    Split(usize, Vec<usize>),
    IndexSelect(usize, Vec<usize>),
    /// Axis, size along it, where to add.
    IndexAdd(usize, usize, Vec<usize>),
    /// Axis, shape of the indices, indices.
    TakeAlong(usize, Vec<usize>, Vec<usize>),
    /// Axis, size along it, where to add each element.
    ScatterAdd(usize, usize, Vec<usize>),
    /// Whether the left and the right are transposed.
    MatMul(bool, bool),
    Linear,
    Softmax(usize),
    LogSoftmax(usize),
    CrossEntropy(Vec<usize>),
    Unary(Unary),
    Binary(Binary),
    Ternary(Ternary),
    /// Over axes, which are kept or not.
    Reduce(Reduction, Vec<usize>, bool),
    /// Along an axis.
    Scan(Scan, usize),
    /// Axis, and whether the greatest comes first.
    Sort(usize, bool),
    /// How many, axis, and whether the greatest.
    TopK(usize, usize, bool),
    Place(Place),
}

/// A number with its derivative and with how large the parts were that both are sums of: rounding
/// is judged by these.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dual {
    pub(crate) v: f64,
    pub(crate) d: f64,
    /// What `v` would be if nothing had cancelled in the last op.
    pub(crate) v_size: f64,
    /// What `d` would be if nothing had cancelled anywhere.
    pub(crate) d_size: f64,
    /// Whether a variable took part in it.
    pub(crate) varies: bool,
}

impl Dual {
    pub(crate) fn constant(v: f64) -> Self {
        Dual { v, d: 0.0, v_size: v.abs(), d_size: 0.0, varies: false }
    }

    /// A result `v` with its partial derivatives.
    fn of(v: f64, parts: &[(f64, Dual)]) -> Self {
        let mut y = Dual::constant(v);
        // A derivative of infinity or NaN concerns only what varies.
        for (partial, x) in parts.iter().filter(|(_, x)| x.varies) {
            y.d += partial * x.d;
            y.d_size += partial.abs() * x.d_size;
            y.varies = true;
        }
        y
    }

    /// Judged as a sum of parts as large as `v_size`.
    fn sized(self, v_size: f64) -> Self {
        Dual { v_size, ..self }
    }

    /// Its derivative is the difference of numbers about 1, whatever is left of them.
    fn cancelling(self, x: Dual) -> Self {
        Dual { d_size: self.d_size + x.d_size, ..self }
    }
}

/// An array, row-major.
#[derive(Clone, Debug)]
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) elements: Vec<Dual>,
    /// Whether a variable took part in it: as a whole, and if it is empty.
    pub(crate) varies: bool,
}

/// Every place of a shape, in row-major order.
fn places(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut places = vec![Vec::new()];
    for &size in shape {
        places = places.iter().flat_map(|p| (0..size).map(move |i| [&p[..], &[i]].concat())).collect();
    }
    places
}

impl Array {
    pub(crate) fn new(shape: &[usize], elements: impl Iterator<Item = f64>, varies: bool) -> Self {
        let elements = elements.map(|v| Dual { varies, ..Dual::constant(v) }).collect();
        Array { shape: shape.to_vec(), elements, varies }
    }

    fn build(shape: &[usize], make: impl FnMut(Vec<usize>) -> Dual) -> Self {
        Array {
            shape: shape.to_vec(),
            elements: places(shape).into_iter().map(make).collect(),
            varies: false,
        }
    }

    fn flat(&self, place: &[usize]) -> usize {
        place.iter().zip(&self.shape).fold(0, |flat, (i, size)| flat * size + i)
    }

    fn at(&self, place: &[usize]) -> Dual {
        self.elements[self.flat(place)]
    }

    /// The element that is stretched to `place`.
    fn stretched(&self, place: &[usize]) -> Dual {
        let last = &place[place.len() - self.shape.len()..];
        let own: Vec<usize> =
            last.iter().zip(&self.shape).map(|(&i, &n)| if n == 1 { 0 } else { i }).collect();
        self.at(&own)
    }
}

/// The shape two broadcast to.
pub(crate) fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |x: &[usize], i: usize| if i + x.len() < rank { 1 } else { x[i + x.len() - rank] };
    let joined = (0..rank).map(|i| match (size(a, i), size(b, i)) {
        (x, y) if x == y || y == 1 => Some(x),
        (1, y) => Some(y),
        _ => None,
    });
    joined.collect()
}

fn each(args: &[&Array], f: impl Fn(&[Dual]) -> Dual) -> Array {
    let joined = |shape: Vec<usize>, x: &&Array| broadcast(&shape, &x.shape).expect("decoded to fit");
    let shape = args.iter().fold(Vec::new(), joined);
    Array::build(&shape, |p| f(&args.iter().map(|x| x.stretched(&p)).collect::<Vec<_>>()))
}

fn each_one(x: &Array, f: impl Fn(Dual) -> Dual) -> Array {
    each(&[x], |x| f(x[0]))
}

/// Reduces axes with `f`, which sees the elements of one result in row-major order.
fn reduce(x: &Array, axes: &[usize], keep: bool, f: impl Fn(&[Dual]) -> Dual) -> Array {
    let kept: Vec<usize> =
        x.shape.iter().enumerate().map(|(i, &n)| if axes.contains(&i) { 1 } else { n }).collect();
    let all = places(&x.shape);
    let y = Array::build(&kept, |p| {
        let same = |q: &&Vec<usize>| (0..p.len()).all(|i| axes.contains(&i) || p[i] == q[i]);
        f(&all.iter().filter(same).map(|q| x.at(q)).collect::<Vec<_>>())
    });
    let left = (0..kept.len()).filter(|i| keep || !axes.contains(i)).map(|i| kept[i]).collect();
    Array { shape: left, ..y }
}

/// Turns each lane along an axis into one of the same length.
fn lanes(x: &Array, axis: usize, f: impl Fn(&[Dual]) -> Vec<Dual>) -> Array {
    let mut y = x.clone();
    for p in places(&x.shape).into_iter().filter(|p| p[axis] == 0) {
        let lane: Vec<usize> = (0..x.shape[axis]).map(|i| x.flat(&replaced(&p, axis, i))).collect();
        let out = f(&lane.iter().map(|&i| x.elements[i]).collect::<Vec<_>>());
        for (i, out) in lane.into_iter().zip(out) {
            y.elements[i] = out;
        }
    }
    y
}

fn replaced(of: &[usize], axis: usize, with: usize) -> Vec<usize> {
    let mut new = of.to_vec();
    new[axis] = with;
    new
}

/// Σ cᵢ·xᵢ for constants c.
fn weighted(parts: &[(f64, Dual)]) -> Dual {
    let v = parts.iter().map(|(c, x)| c * x.v).sum();
    Dual::of(v, parts).sized(parts.iter().map(|(c, x)| (c * x.v).abs()).sum())
}

fn sum(xs: &[Dual]) -> Dual {
    weighted(&xs.iter().map(|&x| (1.0, x)).collect::<Vec<_>>())
}

/// Σ aᵢ·bᵢ
fn dot(pairs: &[(Dual, Dual)]) -> Dual {
    let parts: Vec<_> = pairs.iter().flat_map(|&(a, b)| [(b.v, a), (a.v, b)]).collect();
    Dual::of(pairs.iter().map(|(a, b)| a.v * b.v).sum(), &parts)
        .sized(pairs.iter().map(|(a, b)| (a.v * b.v).abs()).sum())
}

/// The greatest of all and where; the first NaN.
fn top(xs: &[Dual]) -> (f64, usize) {
    let mut best = 0;
    for (i, x) in xs.iter().enumerate() {
        if x.v > xs[best].v || x.v.is_nan() && !xs[best].v.is_nan() {
            best = i;
        }
    }
    (xs[best].v, best)
}

fn max(xs: &[Dual]) -> Dual {
    let (v, _) = top(xs);
    let ties = xs.iter().filter(|x| x.v == v).count() as f64;
    Dual::of(v, &xs.iter().map(|&x| (if x.v == v { 1.0 / ties } else { 0.0 }, x)).collect::<Vec<_>>())
}

/// Matrix product over the last two axes, the others broadcast; a vector is a row on the left and a
/// column on the right.
fn matmul(a: &Array, b: &Array, ta: bool, tb: bool) -> Array {
    let row = |x: &Array| Array { shape: vec![1, x.shape[0]], ..x.clone() };
    let column = |x: &Array| Array { shape: vec![x.shape[0], 1], ..x.clone() };
    let (left, right) = (a.shape.len() == 1, b.shape.len() == 1);
    let (a, b) = (if left { row(a) } else { a.clone() }, if right { column(b) } else { b.clone() });
    let (ra, rb) = (a.shape.len(), b.shape.len());
    let (m, k) = if ta { (a.shape[ra - 1], a.shape[ra - 2]) } else { (a.shape[ra - 2], a.shape[ra - 1]) };
    let n = if tb { b.shape[rb - 2] } else { b.shape[rb - 1] };
    let mut shape = broadcast(&a.shape[..ra - 2], &b.shape[..rb - 2]).expect("decoded to fit");
    let outer = shape.len();
    shape.extend([m, n]);
    let mut y = Array::build(&shape, |p| {
        let place = |i: usize, j: usize, swapped: bool| {
            let mut place = p[..outer].to_vec();
            place.extend(if swapped { [j, i] } else { [i, j] });
            place
        };
        let pair = |l| (a.stretched(&place(p[outer], l, ta)), b.stretched(&place(l, p[outer + 1], tb)));
        dot(&(0..k).map(pair).collect::<Vec<_>>())
    });
    if right {
        y.shape.remove(outer + 1);
    }
    if left {
        y.shape.remove(outer);
    }
    y
}

/// aᵇ. A power of 0 is flat where it is continued by a constant.
fn pow(a: Dual, b: Dual) -> Dual {
    let da = if b.v == 0.0 { 0.0 } else { b.v * a.v.powf(b.v - 1.0) };
    let db = if a.v == 0.0 && b.v >= 0.0 { 0.0 } else { a.v.powf(b.v) * a.v.ln() };
    Dual::of(a.v.powf(b.v), &[(da, a), (db, b)])
}

fn sign(v: f64) -> f64 {
    if v > 0.0 {
        1.0
    } else if v < 0.0 {
        -1.0
    } else {
        v
    }
}

/// Constants that differ from place to place.
pub(crate) fn weight(place: usize) -> f64 {
    0.5 + ((place * 7 + 3) % 11) as f64 / 8.0
}

/// Runs one instruction.
pub(crate) fn eval(op: &Op, args: &[&Array]) -> Vec<Array> {
    let mut results = eval_each(op, args);
    for (i, y) in results.iter_mut().enumerate() {
        let mask = matches!(op, Op::Greater | Op::Equal)
            || matches!(op, Op::MaxDim(..)) && i == 1
            || matches!(op, Op::Binary(op) if op.is_mask());
        // Also where nothing was added up: there is a derivative, 0, which infinity makes NaN.
        y.varies = !mask && args.iter().any(|x| x.varies);
        y.elements.iter_mut().for_each(|e| e.varies = y.varies);
    }
    results
}

fn eval_each(op: &Op, args: &[&Array]) -> Vec<Array> {
    let x = args[0];
    let y = match op {
        Op::Add => each(args, sum),
        Op::Sub => each(args, |x| weighted(&[(1.0, x[0]), (-1.0, x[1])])),
        Op::Mul => each(args, |x| dot(&[(x[0], x[1])])),
        Op::Div => each(args, |x| {
            let (a, b) = (x[0], x[1]);
            Dual::of(a.v / b.v, &[(1.0 / b.v, a), (-a.v / (b.v * b.v), b)])
        }),
        Op::Neg => each_one(x, |x| Dual::of(-x.v, &[(-1.0, x)])),
        Op::AddScalar(c) => each_one(x, |x| Dual::of(x.v + c, &[(1.0, x)]).sized(x.v.abs() + c.abs())),
        Op::SubScalar(c) => each_one(x, |x| Dual::of(x.v - c, &[(1.0, x)]).sized(x.v.abs() + c.abs())),
        Op::FromScalar(c) => each_one(x, |x| Dual::of(c - x.v, &[(-1.0, x)]).sized(x.v.abs() + c.abs())),
        Op::MulScalar(c) => each_one(x, |x| Dual::of(c * x.v, &[(*c, x)])),
        Op::DivScalar(c) => each_one(x, |x| Dual::of(x.v / c, &[(1.0 / c, x)])),
        Op::OverScalar(c) => each_one(x, |x| Dual::of(c / x.v, &[(-c / (x.v * x.v), x)])),
        Op::Exp => each_one(x, |x| Dual::of(x.v.exp(), &[(x.v.exp(), x)])),
        Op::Ln => each_one(x, |x| Dual::of(x.v.ln(), &[(1.0 / x.v, x)])),
        Op::Sqrt => each_one(x, |x| Dual::of(x.v.sqrt(), &[(0.5 / x.v.sqrt(), x)])),
        Op::Tanh => each_one(x, |x| Dual::of(x.v.tanh(), &[(x.v.cosh().powi(-2), x)]).cancelling(x)),
        Op::Sigmoid => each_one(x, |x| {
            let y = 1.0 / (1.0 + (-x.v).exp());
            Dual::of(y, &[(1.0 / ((1.0 + (-x.v).exp()) * (1.0 + x.v.exp())), x)]).cancelling(x)
        }),
        Op::Relu => each_one(x, |x| {
            let y = if x.v < 0.0 { 0.0 } else { x.v };
            Dual::of(y, &[(f64::from(x.v > 0.0), x)])
        }),
        Op::Abs => each_one(x, |x| Dual::of(x.v.abs(), &[(sign(x.v), x)])),
        Op::Recip => each_one(x, |x| Dual::of(1.0 / x.v, &[(-1.0 / (x.v * x.v), x)])),
        Op::Pow => each(args, |x| pow(x[0], x[1])),
        Op::PowScalar(c) => each_one(x, |x| pow(x, Dual::constant(*c))),
        Op::Maximum => each(args, max),
        Op::Greater => each(args, |x| Dual::constant(f64::from(x[0].v > x[1].v))),
        Op::Equal => each(args, |x| Dual::constant(f64::from(x[0].v == x[1].v))),
        Op::Select => each(args, |x| {
            let (yes, no) = (f64::from(x[0].v != 0.0), f64::from(x[0].v == 0.0));
            Dual::of(if x[0].v != 0.0 { x[1].v } else { x[2].v }, &[(yes, x[1]), (no, x[2])])
        }),
        Op::Weigh => {
            let part =
                |p: Vec<usize>| Dual::of(x.at(&p).v * weight(x.flat(&p)), &[(weight(x.flat(&p)), x.at(&p))]);
            Array::build(&x.shape, part)
        }
        Op::Sum(axes, keep) => reduce(x, axes, *keep, sum),
        Op::Mean(axes, keep) => {
            let n: usize = axes.iter().map(|&axis| x.shape[axis]).product();
            reduce(x, axes, *keep, |xs| {
                let total = sum(xs);
                Dual::of(total.v / n as f64, &[(1.0 / n as f64, total)]).sized(total.v_size / n as f64)
            })
        }
        Op::Max(axes, keep) => reduce(x, axes, *keep, max),
        Op::MaxDim(axis, keep) => {
            let values = reduce(x, &[*axis], *keep, |xs| {
                let (v, place) = top(xs);
                // The others take no gradient, but they are what the choice was made from.
                Dual::of(
                    v,
                    &xs.iter().enumerate().map(|(i, &x)| (f64::from(i == place), x)).collect::<Vec<_>>(),
                )
            });
            return vec![values, reduce(x, &[*axis], *keep, |xs| Dual::constant(top(xs).1 as f64))];
        }
        Op::Reshape(shape) => Array { shape: shape.clone(), ..x.clone() },
        Op::Permute(order) => {
            let shape: Vec<usize> = order.iter().map(|&axis| x.shape[axis]).collect();
            Array::build(&shape, |p| {
                let mut from = vec![0; p.len()];
                for (i, &axis) in order.iter().enumerate() {
                    from[axis] = p[i];
                }
                x.at(&from)
            })
        }
        Op::Expand(shape) => Array::build(shape, |p| x.stretched(&p)),
        Op::SumTo(shape) => {
            let lost = x.shape.len() - shape.len();
            let axes: Vec<usize> =
                (0..x.shape.len()).filter(|&i| i < lost || shape[i - lost] != x.shape[i]).collect();
            Array { shape: shape.clone(), ..reduce(x, &axes, true, sum) }
        }
        Op::Slice(ranges) => {
            let shape: Vec<usize> = ranges.iter().map(|r| r.1).collect();
            Array::build(&shape, |p| {
                let from = p.iter().zip(ranges).map(|(&i, r)| (r.0 as isize + i as isize * r.2) as usize);
                x.at(&from.collect::<Vec<_>>())
            })
        }
        Op::Concat(axis) => {
            let total = args.iter().map(|x| x.shape[*axis]).sum();
            Array::build(&replaced(&x.shape, *axis, total), |p| {
                let (mut at, mut part) = (p[*axis], 0);
                while at >= args[part].shape[*axis] {
                    at -= args[part].shape[*axis];
                    part += 1;
                }
                args[part].at(&replaced(&p, *axis, at))
            })
        }
        Op::Split(axis, sizes) => {
            let mut from = 0;
            let part = |&size: &usize| {
                let shape = replaced(&x.shape, *axis, size);
                let part = Array::build(&shape, |p| x.at(&replaced(&p, *axis, p[*axis] + from)));
                from += size;
                part
            };
            return sizes.iter().map(part).collect();
        }
        Op::IndexSelect(axis, indices) => Array::build(&replaced(&x.shape, *axis, indices.len()), |p| {
            x.at(&replaced(&p, *axis, indices[p[*axis]]))
        }),
        Op::IndexAdd(axis, size, indices) => Array::build(&replaced(&x.shape, *axis, *size), |p| {
            let here = (0..indices.len()).filter(|&i| indices[i] == p[*axis]);
            sum(&here.map(|i| x.at(&replaced(&p, *axis, i))).collect::<Vec<_>>())
        }),
        Op::TakeAlong(axis, shape, indices) => {
            let mut indices = indices.iter();
            Array::build(shape, |p| x.at(&replaced(&p, *axis, *indices.next().expect("as many as places"))))
        }
        Op::ScatterAdd(axis, size, indices) => Array::build(&replaced(&x.shape, *axis, *size), |p| {
            let lane = (0..x.shape[*axis]).map(|i| x.flat(&replaced(&p, *axis, i)));
            sum(&lane.filter(|&i| indices[i] == p[*axis]).map(|i| x.elements[i]).collect::<Vec<_>>())
        }),
        Op::MatMul(ta, tb) => matmul(x, args[1], *ta, *tb),
        Op::Linear => {
            let (w, b) = (args[1], args[2]);
            let last = x.shape.len() - 1;
            Array::build(&replaced(&x.shape, last, w.shape[0]), |p| {
                let pair = |j| (x.at(&replaced(&p, last, j)), w.at(&[p[last], j]));
                let mut pairs: Vec<_> = (0..w.shape[1]).map(pair).collect();
                pairs.push((b.at(&[p[last]]), Dual::constant(1.0)));
                dot(&pairs)
            })
        }
        Op::Softmax(axis) => lanes(x, *axis, lane::softmax),
        Op::LogSoftmax(axis) => lanes(x, *axis, lane::log_softmax),
        Op::CrossEntropy(targets) => {
            let logs = lanes(x, 1, lane::log_softmax);
            let n = targets.len() as f64;
            let parts = targets.iter().enumerate().map(|(row, &target)| (-1.0 / n, logs.at(&[row, target])));
            let parts: Vec<_> = parts.collect();
            let size = parts.iter().map(|(_, x)| x.v_size / n).sum();
            Array::build(&[], |_| weighted(&parts).sized(size))
        }
        Op::Unary(op) => each_one(x, |x| unary::unary(*op, x)),
        Op::Binary(op) => each(args, |x| several::binary(*op, x[0], x[1])),
        Op::Ternary(op) => each(args, |x| several::ternary(*op, x[0], x[1], x[2])),
        Op::Reduce(op, axes, keep) => reduce(x, axes, *keep, |xs| lane::reduction(*op, xs)),
        Op::Scan(op, axis) => lanes(x, *axis, |xs| lane::scan(*op, xs)),
        Op::Sort(axis, descending) => lanes(x, *axis, |xs| lane::sorted(xs, *descending)),
        Op::TopK(k, axis, largest) => {
            let y = lanes(x, *axis, |xs| lane::sorted(xs, *largest));
            Array::build(&replaced(&x.shape, *axis, *k), |p| y.at(&p))
        }
        Op::Place(op) => place::place(op, args),
    };
    vec![y]
}
