//! Options of the command line.

use clap::Parser;
use std::path::PathBuf;

/// Trains a small network on handwritten digits and evaluates it.
#[derive(Clone, Debug, Parser)]
pub(crate) struct Options {
    /// Passes over the training images.
    #[arg(long, default_value_t = 5)]
    pub(crate) epochs: usize,
    /// Images per step.
    #[arg(long, default_value_t = 32)]
    pub(crate) batch: usize,
    /// Learning rate of Adam.
    #[arg(long, default_value_t = 1e-3, allow_negative_numbers = true)]
    pub(crate) lr: f64,
    /// Seed of the starting weights, the order of images and dropout.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Share of the training images, at their end, to validate on.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    pub(crate) validation: f64,
    /// Threads; as many as there are cores unless given.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Folder with the four IDX files, plain or gzip-compressed: MNIST, Fashion-MNIST or your own.
    #[arg(long, value_name = "PATH", default_value_os_t = repository_data())]
    pub(crate) data: PathBuf,
    /// Folder for pictures: training curves, confusion matrix, the worst mistakes.
    #[arg(long, value_name = "DIR")]
    pub(crate) plot: Option<PathBuf>,
}

/// The digits that the repository carries, from whichever folder the example is started.
fn repository_data() -> PathBuf {
    let here = PathBuf::from("data/mnist");
    if here.is_dir() { here } else { PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist")) }
}

impl Options {
    /// The options of this process; sets the number of threads.
    pub(crate) fn from_command_line() -> Self {
        let options = Options::parse();
        if let Some(threads) = options.threads {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
            pool.expect("nothing has run on threads yet");
        }
        options
    }
}
