//! A small convolutional network on handwritten digits: two convolutions, pooling, dropout, two dense
//! layers; Adam under one cycle of the learning rate; 99 % of the test images.
//!
//! `cargo run --release --example mnist_cnn`; with `-- --help` for options. With
//! `-- --checkpoint FILE` it can be interrupted and started again.

#[path = "common/exit.rs"]
mod exit;

use clap::Parser;
use gradtape::data;
use gradtape::nn::schedule::OneCycle;
use gradtape::nn::{
    Adam, Conv2d, CrossEntropy, Dense, Dropout, Every, Fit, Flatten, MaxPool2d, Params, Relu, Reshape,
    Trainer, accuracy,
};
use std::{path::PathBuf, process::ExitCode};

/// Trains a small convolutional network on handwritten digits and evaluates it.
#[derive(Debug, Parser)]
struct Options {
    /// Passes over the training images.
    #[arg(long, default_value_t = 5)]
    epochs: usize,
    /// Images per step.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Train on the first so many images only.
    #[arg(long, value_name = "N")]
    images: Option<usize>,
    /// Seed of the starting weights, the order of images and dropout.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// File that training is saved to after each epoch, and resumed from if it is there.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
}

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let (train, test) = data::mnist(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))?;
    let train = train.take(0..options.images.unwrap_or(train.len()))?;
    let (rows, cols) = (train.rows(), train.cols());
    let mut params = Params::seeded(options.seed);
    let model = (
        Reshape::new([1, rows, cols]), // one channel
        Conv2d::new(&mut params, 1, 32, 3),
        Relu,
        Conv2d::new(&mut params, 32, 64, 3),
        Relu,
        MaxPool2d::new(2),
        Dropout(0.25),
        Flatten,
        Dense::new(&mut params, 64 * ((rows - 4) / 2) * ((cols - 4) / 2), 128),
        Relu,
        Dropout(0.5),
        Dense::new(&mut params, 128, train.classes()),
    );
    let steps = options.epochs * train.len().div_ceil(options.batch.max(1));
    let mut trainer = Trainer::new(model, params, Adam::new(1e-3), CrossEntropy)
        .schedule(Every::Step, OneCycle::new(2e-3, steps as u64))
        .metric("accuracy", accuracy)
        .on_epoch(|epoch| println!("{epoch}"));
    let mut epochs = options.epochs;
    if let Some(file) = &options.checkpoint {
        if file.exists() {
            trainer.resume(file)?;
            epochs = epochs.saturating_sub(trainer.epochs() as usize);
            println!("resumed after epoch {} from {}", trainer.epochs(), file.display());
        }
        trainer = trainer.checkpoints(file);
    }
    let &Options { batch, seed, .. } = options;
    trainer.fit(&train, Fit { epochs, batch, seed, ..Fit::default() })?;
    println!("test {}", trainer.evaluate(&test)?);
    Ok(())
}

fn main() -> ExitCode {
    exit::code(run(&Options::parse()))
}
