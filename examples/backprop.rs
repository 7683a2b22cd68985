//! Backpropagation with nothing hidden: the primer's formulas, written out by hand beside the
//! tape's gradients, then plain gradient descent on digits.
//!
//! One column per sample, m of them, as in the textbook (Nielsen: Neural Networks and Deep
//! Learning, chapter 2):
//!
//! ```text
//! forward    Z₁ = W₁X + b₁    A₁ = relu(Z₁)    Z₂ = W₂A₁ + b₂    A₂ = softmax(Z₂)
//! cost       J = −1/m Σ Y ⊙ ln A₂
//! backward   δ₂ = A₂ − Y                 ∂J/∂W₂ = δ₂A₁ᵀ/m    ∂J/∂b₂ = Σ δ₂/m
//!            δ₁ = W₂ᵀδ₂ ⊙ relu′(Z₁)      ∂J/∂W₁ = δ₁Xᵀ/m     ∂J/∂b₁ = Σ δ₁/m
//! ```
//!
//! `cargo run --release --example backprop`

#[path = "common/exit.rs"]
mod exit;

use gradtape::{
    Interp, Tape, Tensor, Value,
    data::{self, Images},
    nn::{Dataset, Init},
    ops::Indices,
    random::Rng,
};
use std::process::ExitCode;

const HIDDEN: usize = 64;
const LEARNING_RATE: f64 = 0.5;
const BATCH: usize = 100;
const EPOCHS: usize = 3;

/// W₁, b₁, W₂, b₂.
type Weights = [Tensor<f64>; 4];

/// Z₂, the logits of each column of X. Written once: runs on tensors and on the tape.
fn logits<I: Interp>([w1, b1, w2, b2]: &[Value<I>; 4], x: &Value<I>) -> Value<I> {
    let a1 = (w1.matmul(x) + b1).relu();
    w2.matmul(&a1) + b2
}

/// J and its gradients, by the formulas.
fn by_hand([w1, b1, w2, b2]: &Weights, x: &Tensor<f64>, y: &Tensor<f64>) -> (f64, Weights) {
    let m = x.shape()[1] as f64;
    let z1 = w1.matmul(x) + b1;
    let a1 = z1.map(|z| if z > 0.0 { z } else { 0.0 });
    let z2 = w2.matmul(&a1) + b2;
    let a2 = z2.softmax(0);
    let cost = -(y * a2.ln()).sum().item() / m;

    let delta2 = a2 - y;
    let slope = z1.map(|z| if z > 0.0 { 1.0 } else { 0.0 });
    let delta1 = w2.transpose(0, 1).matmul(&delta2) * slope;
    let gradients = [
        delta1.matmul(&x.transpose(0, 1)) / m,
        delta1.sum_axes(1, true) / m,
        delta2.matmul(&a1.transpose(0, 1)) / m,
        delta2.sum_axes(1, true) / m,
    ];
    (cost, gradients)
}

/// J and its gradients, by the tape.
fn by_tape(weights: &Weights, x: &Tensor<f64>, labels: &Indices) -> (f64, Weights) {
    let tape = Tape::new();
    let vars = weights.each_ref().map(|w| tape.var(w.clone()));
    let z2 = logits(&vars, &tape.constant(x.clone()));
    let cost = z2.transpose(0, 1).cross_entropy(labels);
    let gradients = cost.backward();
    (cost.item(), vars.each_ref().map(|w| gradients.wrt(w).clone()))
}

/// Pixels of some images as columns, their labels as columns of zeros with a one, and the labels.
fn columns(images: &Images, rows: &[usize]) -> (Tensor<f64>, Tensor<f64>, Indices) {
    let (x, labels) = images.batch(rows);
    let x = x.reshape([rows.len(), images.rows() * images.cols()]).transpose(0, 1).cast();
    let (m, classes) = (rows.len(), images.classes());
    let y = Tensor::from_fn([classes, m], |i| if labels.slice()[i % m] == i / m { 1.0 } else { 0.0 });
    (x, y, labels)
}

fn greatest_difference(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    (a - b).abs().max().item()
}

/// The share of images whose greatest logit is at their label.
fn accuracy(weights: &Weights, images: &Images) -> f64 {
    let rows: Vec<usize> = (0..images.len()).collect();
    let right = rows.chunks(1000).map(|rows| {
        let (x, _, labels) = columns(images, rows);
        let (_, found) = logits(weights, &x).max_dim(0, false);
        found.slice().iter().zip(labels.slice()).filter(|(a, b)| a == b).count()
    });
    right.sum::<usize>() as f64 / images.len() as f64
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = data::mnist(data_folder())?;
    let (pixels, classes) = (train.rows() * train.cols(), train.classes());
    let rng = Rng::new(1);
    let mut weights = [
        Init::GlorotUniform.make(&rng, &[HIDDEN, pixels].into()),
        Tensor::zeros([HIDDEN, 1]),
        Init::GlorotUniform.make(&rng, &[classes, HIDDEN].into()),
        Tensor::zeros([classes, 1]),
    ];

    println!("The gradients of one batch, by the formulas and by the tape:");
    let (x, y, labels) = columns(&train, &(0..BATCH.min(train.len())).collect::<Vec<_>>());
    let (hand, tape) = (by_hand(&weights, &x, &y), by_tape(&weights, &x, &labels));
    println!("  J       {:.15} and {:.15}", hand.0, tape.0);
    for (i, name) in ["∂J/∂W₁", "∂J/∂b₁", "∂J/∂W₂", "∂J/∂b₂"].iter().enumerate() {
        let difference = greatest_difference(&hand.1[i], &tape.1[i]);
        if difference.is_nan() || difference > 1e-12 {
            return Err(format!("{name}: formulas and tape differ by {difference:e}").into());
        }
        println!(
            "  {name}  {:<10} differ by {difference:.1e}: equal to 1e-12",
            hand.1[i].shape().to_string()
        );
    }

    println!("Gradient descent, {BATCH} images a step, learning rate {LEARNING_RATE}:");
    for epoch in 1..=EPOCHS {
        let (mut total, mut steps) = (0.0, 0);
        for rows in (0..train.len()).collect::<Vec<_>>().chunks(BATCH) {
            let (x, y, _) = columns(&train, rows);
            let (cost, gradients) = by_hand(&weights, &x, &y);
            for (w, gradient) in weights.iter_mut().zip(gradients) {
                *w = &*w - gradient * LEARNING_RATE;
            }
            (total, steps) = (total + cost, steps + 1);
        }
        let accuracy = accuracy(&weights, &test);
        println!("  epoch {epoch}/{EPOCHS}  J {:.4}  test accuracy {accuracy:.4}", total / f64::from(steps));
    }
    Ok(())
}

/// A folder given on the command line, or the digits that the repository carries.
fn data_folder() -> std::path::PathBuf {
    let given = std::env::args_os().nth(1);
    given.map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist").into(), Into::into)
}

fn main() -> ExitCode {
    exit::code(run())
}
