//! What recording and sweeping cost beside the arithmetic.
//!
//! `cargo bench --bench tape`

use divan::{Bencher, black_box, counter::ItemsCount};
use gradtape::ops::Reduction;
use gradtape::{Tape, Tensor, nn};

fn main() {
    divan::main();
}

const OPS: usize = 1000;

fn operands() -> (Tensor<f32>, Tensor<f32>) {
    (Tensor::from([1.0, 1.01, 0.99, 1.0]), Tensor::from([0.999, 1.0, 1.001, 1.0]))
}

/// 1000 products and sums on 4 elements.
#[divan::bench(sample_count = 200)]
fn chain_eager(bencher: Bencher<'_, '_>) {
    let (a, b) = operands();
    bencher.counter(ItemsCount::new(OPS)).bench_local(|| {
        let mut x = a.clone();
        for i in 0..OPS {
            x = if i % 2 == 0 { &x * &b } else { &x + &b };
        }
        x
    });
}

/// The same, overwriting what nobody else holds.
#[divan::bench(sample_count = 200)]
fn chain_eager_owned(bencher: Bencher<'_, '_>) {
    let (a, b) = operands();
    bencher.counter(ItemsCount::new(OPS)).bench_local(|| {
        let mut x = a.clone();
        for i in 0..OPS {
            x = if i % 2 == 0 { x * &b } else { x + &b };
        }
        x
    });
}

/// The same recorded and swept; one operand of each op is differentiable, or both.
#[divan::bench(args = ["one", "both"], sample_count = 200)]
fn chain_forward_backward(bencher: Bencher<'_, '_>, differentiable: &str) {
    let (a, b) = operands();
    let mut tape = Tape::new();
    bencher.counter(ItemsCount::new(OPS)).bench_local(|| {
        {
            let start = tape.var(a.clone());
            let b = if differentiable == "one" { tape.constant(b.clone()) } else { tape.var(b.clone()) };
            let mut x = start.clone();
            for i in 0..OPS {
                x = if i % 2 == 0 { &x * &b } else { &x + &b };
            }
            black_box(x.sum().backward().wrt(&start));
        }
        tape.reset();
    });
}

/// One step of a network 2-16-16-1 on one sample: forward, backward, gradient descent.
#[divan::bench(sample_count = 200, sample_size = 200)]
fn tiny_mlp_step(bencher: Bencher<'_, '_>) {
    use nn::{Linear, Module, Optimizer, Sgd, Tanh};
    let mut params = nn::Params::<f32>::seeded(1);
    let model = (
        Linear::new(&mut params, 2, 16),
        Tanh,
        Linear::new(&mut params, 16, 16),
        Tanh,
        Linear::new(&mut params, 16, 1),
    );
    let mut sgd = Optimizer::new(Sgd::new(0.01));
    let rng = gradtape::random::Rng::new(1);
    let (x, t) = (Tensor::from([[0.3, -0.7]]), Tensor::from([[-0.21]]));
    let mut tape = Tape::new();
    bencher.bench_local(|| {
        let grads = {
            let cx = params.train(&tape, &rng);
            let output = model.forward(&cx, tape.constant(x.clone()));
            let loss = output.mse_loss(&tape.constant(t.clone()), None, Reduction::Mean);
            drop(output);
            cx.backward(loss)
        };
        tape.reset();
        sgd.step(&mut params, &grads);
    });
}
