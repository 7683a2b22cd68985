//! The kernels through the ops that run them.
//!
//! `cargo bench --bench kernels`

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use gradtape::{Axes, Tensor, Value, ops::MatMul, random::Rng};

fn main() {
    divan::main();
}

/// Products `[m, k, n]` of the seed program and of larger ones; items are floating-point
/// operations.
#[divan::bench(args = [[32, 784, 128], [128, 512, 512], [512, 512, 512], [1, 16, 16]])]
fn product(bencher: Bencher<'_, '_>, [m, k, n]: [usize; 3]) {
    let rng = Rng::new(1);
    let (a, b) = (rng.uniform::<f32>([m, k], -1.0, 1.0), rng.uniform::<f32>([n, k], -1.0, 1.0));
    let op = MatMul { transpose_a: false, transpose_b: true };
    bencher
        .counter(ItemsCount::new(2 * m * k * n))
        .bench(|| drop(Value::apply(op, [(&a).into(), (&b).into()])));
}

/// Sizes of a cube of numbers: in the cache of a core, and in memory.
const SIDES: [usize; 2] = [64, 256];
const OVER: [&str; 4] = ["first", "middle", "last", "all"];

/// Reduces a cube over an axis, or over all.
fn reduced(bencher: Bencher<'_, '_>, reduce: impl Fn(&Tensor<f32>, Axes) + Sync, side: usize, over: &str) {
    let x = Rng::new(1).uniform::<f32>([side, side, side], -1.0, 1.0);
    let axes = || OVER[..3].iter().position(|o| *o == over).map_or(Axes::All, |at| Axes::from(at as isize));
    bencher.counter(BytesCount::of_slice(x.slice())).bench(|| reduce(&x, axes()));
}

#[divan::bench(consts = SIDES, args = OVER)]
fn sum<const SIDE: usize>(bencher: Bencher<'_, '_>, over: &str) {
    reduced(bencher, |x, axes| drop(x.sum_axes(axes, false)), SIDE, over);
}

#[divan::bench(consts = SIDES, args = OVER)]
fn max<const SIDE: usize>(bencher: Bencher<'_, '_>, over: &str) {
    reduced(bencher, |x, axes| drop(x.max_axes(axes, false)), SIDE, over);
}

#[divan::bench(consts = SIDES, args = &OVER[..3])]
fn var<const SIDE: usize>(bencher: Bencher<'_, '_>, over: &str) {
    reduced(bencher, |x, axes| drop(x.var_axes(axes, 1.0, false)), SIDE, over);
}

#[divan::bench(consts = SIDES, args = &OVER[..3])]
fn logsumexp<const SIDE: usize>(bencher: Bencher<'_, '_>, over: &str) {
    reduced(bencher, |x, axes| drop(x.logsumexp(axes, false)), SIDE, over);
}

/// Where the greatest is, and softmax, along the first and the last axis of 1024 × 1024 numbers, and along
/// the ten classes of 100,000 rows.
#[divan::bench(args = ["first", "last", "classes"])]
fn max_dim(bencher: Bencher<'_, '_>, along: &str) {
    let (x, axis) = lanes(along);
    bencher.counter(BytesCount::of_slice(x.slice())).bench(|| drop(x.max_dim(axis, false)));
}

#[divan::bench(args = ["first", "last", "classes"])]
fn softmax(bencher: Bencher<'_, '_>, along: &str) {
    let (x, axis) = lanes(along);
    bencher.counter(ItemsCount::new(x.shape().size())).bench(|| drop(x.softmax(axis)));
}

fn lanes(along: &str) -> (Tensor<f32>, isize) {
    let shape = if along == "classes" { [100_000, 10] } else { [1024, 1024] };
    (Rng::new(1).uniform(shape, -1.0, 1.0), if along == "first" { 0 } else { 1 })
}

/// An elementwise sum of 2²⁰ numbers, over and over into the same memory, which stays in the cache; and
/// into tensors that are kept, so that each goes to memory not used before.
#[divan::bench(args = ["again", "anew"])]
fn add(bencher: Bencher<'_, '_>, into: &str) {
    let rng = Rng::new(1);
    let (a, b) = (rng.uniform::<f32>([1 << 20], -1.0, 1.0), rng.uniform::<f32>([1 << 20], -1.0, 1.0));
    let bencher = bencher.counter(BytesCount::new(3 * (4usize << 20)));
    match into {
        "again" => bencher.bench(|| drop(&a + &b)),
        _ => bencher.bench(|| &a + &b),
    }
}

/// A function of each of 2²⁰ numbers.
#[divan::bench(args = EACH.iter().map(|each| each.0))]
fn each(bencher: Bencher<'_, '_>, name: &str) {
    let x = Rng::new(1).uniform::<f32>([1 << 20], 0.5, 2.0);
    let f = EACH.iter().find(|each| each.0 == name).expect("listed").1;
    bencher.counter(ItemsCount::new(1usize << 20)).bench(|| drop(f(&x)));
}

const EACH: [(&str, fn(&Tensor<f32>) -> Tensor<f32>); 24] = [
    ("relu", |x| x.relu()),
    ("exp", |x| x.exp()),
    ("exp2", |x| x.exp2()),
    ("expm1", |x| x.expm1()),
    ("ln", |x| x.ln()),
    ("log1p", |x| x.log1p()),
    ("log2", |x| x.log2()),
    ("sinh", |x| x.sinh()),
    ("cosh", |x| x.cosh()),
    ("tanh", |x| x.tanh()),
    ("sigmoid", |x| x.sigmoid()),
    ("sin", |x| x.sin()),
    ("cos", |x| x.cos()),
    ("tan", |x| x.tan()),
    ("erf", |x| x.erf()),
    ("erfc", |x| x.erfc()),
    ("gelu", |x| x.gelu()),
    ("gelu_tanh", |x| x.gelu_tanh()),
    ("silu", |x| x.silu()),
    ("mish", |x| x.mish()),
    ("softplus", |x| x.softplus(1.0)),
    ("elu", |x| x.elu(1.0)),
    ("hardswish", |x| x.hardswish()),
    ("softsign", |x| x.softsign()),
];

/// 2²⁰ random numbers.
#[divan::bench(args = ["uniform", "normal", "dropout"])]
fn draw(bencher: Bencher<'_, '_>, kind: &str) {
    let rng = Rng::new(1);
    bencher.counter(ItemsCount::new(1usize << 20)).bench_local(|| {
        drop(match kind {
            "uniform" => rng.uniform::<f32>([1 << 20], -1.0, 1.0),
            "normal" => rng.normal([1 << 20], 0.0, 1.0),
            _ => rng.dropout_mask([1 << 20], 0.5),
        });
    });
}

/// A matrix of 1024 × 1024 transposed.
#[divan::bench]
fn transpose(bencher: Bencher<'_, '_>) {
    let x = Rng::new(1).uniform::<f32>([1024, 1024], -1.0, 1.0);
    bencher.counter(BytesCount::new(2 * (4usize << 20))).bench(|| drop(x.transpose(0, 1)));
}
