//! Convolution by its parts, and the step of a small convnet.
//!
//! `cargo bench --bench conv`

use divan::{Bencher, counter::ItemsCount};
use gradtape::nn::{Adam, Ctx, Dense, Dropout, Flatten, Init, Module, Optimizer, ParamId, Params, Relu};
use gradtape::ops::{Conv, ConvOptions, ConvTranspose, ConvWeight, Indices, Layout, Sliding};
use gradtape::random::Rng;
use gradtape::{Interp, Shape, Tape, Tensor, Value};

fn main() {
    divan::main();
}

/// 32 to 64 channels by 3 × 3 on 26 × 26, a batch of 64: the operations of each part.
const OPERATIONS: usize = 2 * 64 * 64 * 32 * 9 * 24 * 24;

fn layout() -> Layout {
    let sliding =
        Sliding { stride: vec![1; 2].into(), dilation: vec![1; 2].into(), padding: vec![[0; 2]; 2].into() };
    Layout { sliding, groups: 1 }
}

fn numbers(dims: &[usize]) -> Tensor<f32> {
    Rng::new(1).uniform(dims, -1.0, 1.0)
}

#[divan::bench]
fn forward(bencher: Bencher<'_, '_>) {
    let (x, w) = (numbers(&[64, 32, 26, 26]), numbers(&[64, 32, 3, 3]));
    let op = Conv(layout());
    bencher
        .counter(ItemsCount::new(OPERATIONS))
        .bench(|| Value::apply(op.clone(), [(&x).into(), (&w).into()]));
}

#[divan::bench]
fn input_gradient(bencher: Bencher<'_, '_>) {
    let (y, w) = (numbers(&[64, 64, 24, 24]), numbers(&[64, 32, 3, 3]));
    let op = ConvTranspose { layout: layout(), size: vec![26; 2].into() };
    bencher
        .counter(ItemsCount::new(OPERATIONS))
        .bench(|| Value::apply(op.clone(), [(&y).into(), (&w).into()]));
}

#[divan::bench]
fn weight_gradient(bencher: Bencher<'_, '_>) {
    let (x, y) = (numbers(&[64, 32, 26, 26]), numbers(&[64, 64, 24, 24]));
    let op = ConvWeight { layout: layout(), kernel: vec![3; 2].into() };
    bencher
        .counter(ItemsCount::new(OPERATIONS))
        .bench(|| Value::apply(op.clone(), [(&x).into(), (&y).into()]));
}

/// Pooling 64 channels of 24 × 24, a batch of 64.
#[divan::bench]
fn max_pool(bencher: Bencher<'_, '_>) {
    let x = numbers(&[64, 64, 24, 24]);
    bencher.bench(|| x.max_pool2d(2, Default::default()));
}

/// A convolution by 3 × 3.
struct Conv3 {
    weight: ParamId,
    bias: ParamId,
}

impl Conv3 {
    fn new(params: &mut Params<f32>, inputs: usize, outputs: usize) -> Self {
        params.layer("conv", "weight", |params| {
            let bound = Init::Uniform(1.0 / (9.0 * inputs as f64).sqrt());
            let weight = bound.make(params.rng(), &Shape::from([outputs, inputs, 3, 3]));
            let bias = bound.make(params.rng(), &Shape::from([outputs]));
            Conv3 { weight: params.add("weight", weight), bias: params.add("bias", bias) }
        })
    }
}

impl Module for Conv3 {
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.conv2d(cx.get(self.weight), Some(cx.get(self.bias)), ConvOptions::default())
    }
}

/// The greatest of each 2 × 2.
struct Pool2;

impl Module for Pool2 {
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.max_pool2d(2, Default::default())
    }
}

/// One step on 64 images of 28 × 28: two convolutions, pooling, two dense layers, dropout, Adam.
#[divan::bench]
fn convnet_step(bencher: Bencher<'_, '_>) {
    let mut params = Params::<f32>::seeded(1);
    let model = (
        (Conv3::new(&mut params, 1, 32), Relu, Conv3::new(&mut params, 32, 64), Relu),
        (Pool2, Dropout(0.25), Flatten, Dense::new(&mut params, 64 * 12 * 12, 128), Relu),
        (Dropout(0.5), Dense::new(&mut params, 128, 10)),
    );
    let mut adam = Optimizer::new(Adam::new(1e-3));
    let (rng, mut tape) = (Rng::new(1), Tape::new());
    let x = Rng::new(2).uniform::<f32>([64, 1, 28, 28], 0.0, 1.0);
    let targets = Indices::from(&(0..64).map(|i| i % 10).collect::<Vec<_>>()[..]);
    bencher.bench_local(|| {
        let grads = {
            let cx = params.train(&tape, &rng);
            let output = model.forward(&cx, tape.constant(x.clone()));
            let loss = output.cross_entropy(&targets);
            drop(output);
            cx.backward(loss)
        };
        tape.reset();
        adam.step(&mut params, &grads);
    });
}
