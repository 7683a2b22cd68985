//! A program under any interpreter of the crate under test.

mod families;

use super::{
    decode::{Instruction, Program},
    reference::{Op, weight},
};
use gradtape::{
    Axes, Interp, Tensor, Value,
    ops::{IndexSelectGrad, Indices, MatMul, Range, TakeAlongAxisGrad, TopK},
};

/// Every value, in order.
pub(crate) fn keeping<I: Interp<Elem = f64>>(program: &Program, mut values: Vec<Value<I>>) -> Vec<Value<I>> {
    for instruction in &program.body {
        let args: Vec<&Value<I>> = instruction.args.iter().map(|&x| &values[x]).collect();
        let results = match (&instruction.op, &args[..]) {
            (Op::Add, [a, b]) => vec![*a + *b],
            (Op::Sub, [a, b]) => vec![*a - *b],
            (Op::Mul, [a, b]) => vec![*a * *b],
            (Op::Div, [a, b]) => vec![*a / *b],
            (op, _) => step(op, args.into_iter().cloned().collect()),
        };
        values.extend(results);
    }
    values
}

/// The last value, letting go of each of the others with its last use, so that ops may work in place.
pub(crate) fn frugal<I: Interp<Elem = f64>>(program: &Program, inputs: Vec<Value<I>>) -> Value<I> {
    let mut values: Vec<Option<Value<I>>> = inputs.into_iter().map(Some).collect();
    for (at, Instruction { op, args, .. }) in program.body.iter().enumerate() {
        let operands = args.iter().map(|&x| values[x].clone().expect("used later, so kept")).collect();
        for &x in args {
            if program.body[at + 1..].iter().all(|later| !later.args.contains(&x)) {
                values[x] = None;
            }
        }
        values.extend(step(op, operands).into_iter().map(Some));
    }
    values.pop().flatten().expect("nothing uses the last")
}

fn axes(axes: &[usize]) -> Axes {
    Axes::from(&axes.iter().map(|&axis| axis as isize).collect::<Vec<_>>()[..])
}

fn step<I: Interp<Elem = f64>>(op: &Op, args: Vec<Value<I>>) -> Vec<Value<I>> {
    let mut args = args.into_iter();
    let x = args.next().expect("every op has an operand");
    let mut next = || args.next().expect("decoded with enough");
    let y = match op {
        Op::Add => x + next(),
        Op::Sub => x - next(),
        Op::Mul => x * next(),
        Op::Div => x / next(),
        Op::Neg => -x,
        Op::AddScalar(c) => x + *c,
        Op::SubScalar(c) => x - *c,
        Op::FromScalar(c) => *c - x,
        Op::MulScalar(c) => x * *c,
        Op::DivScalar(c) => x / *c,
        Op::OverScalar(c) => *c / x,
        Op::Exp => x.exp(),
        Op::Ln => x.ln(),
        Op::Sqrt => x.sqrt(),
        Op::Tanh => x.tanh(),
        Op::Sigmoid => x.sigmoid(),
        Op::Relu => x.relu(),
        Op::Abs => x.abs(),
        Op::Recip => x.recip(),
        Op::Pow => x.pow(&next()),
        Op::PowScalar(c) => x.powf(*c),
        Op::Maximum => x.maximum(&next()),
        Op::Greater => x.greater(&next()),
        Op::Equal => x.equal(&next()),
        Op::Select => x.select(&next(), &next()),
        Op::Weigh => {
            let weights = x.lift(Tensor::from_fn(x.shape(), weight));
            x * weights
        }
        Op::Sum(over, keep) => x.sum_axes(axes(over), *keep),
        Op::Mean(over, keep) => x.mean_axes(axes(over), *keep),
        Op::Max(over, keep) => x.max_axes(axes(over), *keep),
        Op::MaxDim(axis, keep) => {
            let (values, places) = x.max_dim(*axis as isize, *keep);
            let places = Tensor::from_fn(places.shape(), |i| places.slice()[i] as f64);
            let places = values.lift(places);
            return vec![values, places];
        }
        Op::Reshape(shape) => x.reshape(&shape[..]),
        Op::Permute(order) if order[..] == [1, 0] => x.transpose(0, -1),
        Op::Permute(order) => x.permute(&order[..]),
        Op::Expand(shape) => x.expand(&shape[..]),
        Op::SumTo(shape) => x.sum_to(&shape[..]),
        Op::Slice(ranges) => {
            let range = |&(start, count, step): &(usize, usize, isize)| Range { start, count, step };
            x.slice_ranges(&ranges.iter().map(range).collect::<Vec<_>>())
        }
        Op::Concat(axis) => {
            let parts: Vec<Value<I>> = [x].into_iter().chain(args).collect();
            Value::concat(&parts.iter().collect::<Vec<_>>(), *axis as isize)
        }
        Op::Split(axis, sizes) => return x.split(sizes, *axis as isize),
        Op::IndexSelect(axis, indices) => x.index_select(*axis as isize, &indices[..].into()),
        Op::IndexAdd(axis, size, indices) => {
            let op = IndexSelectGrad { axis: *axis as isize, size: *size, indices: indices[..].into() };
            Value::apply(op, x.into())
        }
        Op::TakeAlong(axis, shape, indices) => {
            x.take_along_axis(*axis as isize, &Indices::new(indices.clone(), &shape[..]))
        }
        Op::ScatterAdd(axis, size, indices) => {
            let indices = Indices::new(indices.clone(), x.shape());
            Value::apply(TakeAlongAxisGrad { axis: *axis as isize, size: *size, indices }, x.into())
        }
        Op::MatMul(false, false) => x.matmul(&next()),
        Op::MatMul(transpose_a, transpose_b) => {
            let op = MatMul { transpose_a: *transpose_a, transpose_b: *transpose_b };
            Value::apply(op, [x.into(), next().into()])
        }
        Op::Linear => x.linear(&next(), &next()),
        Op::Softmax(axis) => x.softmax(*axis as isize),
        Op::LogSoftmax(axis) => x.log_softmax(*axis as isize),
        Op::CrossEntropy(targets) => x.cross_entropy(&targets[..].into()),
        Op::Unary(op) => families::unary(*op, &x),
        Op::Binary(op) => families::binary(*op, &x, &next()),
        Op::Ternary(op) => families::ternary(*op, &x, &next(), &next()),
        Op::Reduce(op, over, keep) => families::reduction(*op, &x, axes(over), *keep),
        Op::Scan(op, axis) => families::scan(*op, &x, *axis as isize),
        Op::Sort(axis, descending) => x.sort(*axis as isize, *descending).0,
        Op::TopK(k, axis, largest) => {
            x.topk(*k, TopK { axis: *axis as isize, largest: *largest, sorted: true }).0
        }
        Op::Place(op) => families::place(op, &x, &args.collect::<Vec<_>>()),
    };
    vec![y]
}
