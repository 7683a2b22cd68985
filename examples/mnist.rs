//! The network everybody knows, on real handwritten digits: Flatten, Dense 128 relu, Dropout 0.2,
//! Dense 10, Adam, 5 epochs, evaluate.
//!
//! `cargo run --release --example mnist`; with `-- --help` for options, `-- --plot DIR` for
//! pictures.

mod common;

use common::{exit, options::Options, report};
use gradtape::data;
use gradtape::nn::{Adam, CrossEntropy, Dense, Dropout, Fit, Flatten, Params, Relu, Trainer, accuracy};
use std::process::ExitCode;

fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    report::check_folder(options.plot.as_deref())?;
    let (train, test) = data::mnist(&options.data)?;
    let (pixels, classes) = (train.rows() * train.cols(), train.classes());
    let mut params = Params::seeded(options.seed);
    let model = (
        Flatten,
        Dense::new(&mut params, pixels, 128),
        Relu,
        Dropout(0.2),
        Dense::new(&mut params, 128, classes),
    );
    let mut trainer = Trainer::new(model, params, Adam { eps: 1e-7, ..Adam::new(options.lr) }, CrossEntropy)
        .metric("accuracy", accuracy)
        .on_epoch(|epoch| println!("{epoch}"));
    let &Options { epochs, batch, seed, validation: validation_split, .. } = options;
    let history = trainer.fit(&train, Fit { epochs, batch, seed, validation_split, ..Fit::default() })?;
    if let Some(folder) = &options.plot {
        report::draw(folder, &history, &test, |x| trainer.predict(x))?;
    }
    report::print_test(&trainer.evaluate(&test)?);
    Ok(())
}

fn main() -> ExitCode {
    exit::code(run(&Options::from_command_line()))
}
