//! The kernels through the ops that run them.
//!
//! `cargo bench --bench kernels`

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use gradtape::{Value, ops::MatMul, random::Rng};

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
    bencher.counter(ItemsCount::new(2 * m * k * n)).bench(|| Value::apply(op, [(&a).into(), (&b).into()]));
}

/// Sums of 1024 × 1024 numbers over each axis and over both.
#[divan::bench(args = ["rows", "columns", "all"])]
fn sum(bencher: Bencher<'_, '_>, over: &str) {
    let x = Rng::new(1).uniform::<f32>([1024, 1024], -1.0, 1.0);
    bencher.counter(BytesCount::of_slice(x.slice())).bench(|| match over {
        "rows" => x.sum_axes(0, false),
        "columns" => x.sum_axes(1, false),
        _ => x.sum(),
    });
}

/// An elementwise sum of 2²⁰ numbers into a fresh tensor.
#[divan::bench]
fn add(bencher: Bencher<'_, '_>) {
    let rng = Rng::new(1);
    let (a, b) = (rng.uniform::<f32>([1 << 20], -1.0, 1.0), rng.uniform::<f32>([1 << 20], -1.0, 1.0));
    bencher.counter(BytesCount::new(3 * (4usize << 20))).bench(|| &a + &b);
}

/// A function of each of 2²⁰ numbers into a fresh tensor.
#[divan::bench(args = ["exp", "ln", "tanh", "sigmoid", "relu", "gelu_tanh"])]
fn each(bencher: Bencher<'_, '_>, name: &str) {
    let x = Rng::new(1).uniform::<f32>([1 << 20], 0.5, 2.0);
    bencher.counter(ItemsCount::new(1usize << 20)).bench(|| match name {
        "exp" => x.exp(),
        "ln" => x.ln(),
        "tanh" => x.tanh(),
        "sigmoid" => x.sigmoid(),
        "relu" => x.relu(),
        _ => x.gelu_tanh(),
    });
}

/// A matrix of 1024 × 1024 transposed.
#[divan::bench]
fn transpose(bencher: Bencher<'_, '_>) {
    let x = Rng::new(1).uniform::<f32>([1024, 1024], -1.0, 1.0);
    bencher.counter(BytesCount::new(2 * (4usize << 20))).bench(|| x.transpose(0, 1));
}
