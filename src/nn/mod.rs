//! Layers, losses, optimizers and a training loop: thin, all arithmetic is ops.
//!
//! ```
//! use gradtape::nn::{Adam, Arrays, Fit, Linear, Mse, Params, Tanh, Trainer};
//! use gradtape::Tensor;
//! # fn main() -> Result<(), gradtape::Error> {
//! // Learn y = x² on [−1, 1].
//! let x = Tensor::<f32>::from_fn([64, 1], |i| i as f32 / 32.0 - 1.0);
//! let y = x.powf(2.0);
//! let mut params = Params::seeded(1);
//! let model = (Linear::new(&mut params, 1, 16), Tanh, Linear::new(&mut params, 16, 1));
//! let mut trainer = Trainer::new(model, params, Adam::new(0.01), Mse);
//! let data = Arrays::new(x, y)?;
//! trainer.fit(&data, Fit { epochs: 200, ..Fit::default() })?;
//! assert!(trainer.evaluate(&data)?.loss < 1e-3);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod checkpoint;
mod dataset;
mod early_stopping;
pub mod init;
mod layers;
mod loss;
mod metrics;
mod module;
mod optim;
mod params;
mod progress;
mod saving;
pub mod schedule;
mod summary;
mod train;

pub use checkpoint::Checkpoint;
pub use dataset::{Arrays, Batches, Dataset, Rows, Subset};
pub use early_stopping::EarlyStopping;
pub use init::Init;
pub use layers::*;
pub use loss::{
    Bce, BceWithLogits, CrossEntropy, CrossEntropyOptions, Huber, KlDiv, L1, Loss, Mse, NllOptions, SmoothL1,
};
pub use metrics::{
    Average, ConfusionMatrix, F1, Metric, Perplexity, Precision, R2, Recall, RocAuc, RootMeanSquaredError,
    accuracy, binary_accuracy, mean_absolute_error, mean_squared_error, top_k_accuracy,
};
pub use module::{Ctx, Module};
pub use optim::{
    Adadelta, Adafactor, Adagrad, Adam, AdamW, Adamax, Asgd, Ema, Lamb, Lbfgs, LbfgsMemory, LineSearch, Lion,
    Muon, MuonLr, Nadam, Optimizer, Radam, RmsProp, Rprop, Rule, Sgd, Slot, Step,
};
pub use params::{ParamGrads, ParamId, Params};
pub use saving::{Load, Loaded};
pub use summary::{Summary, SummaryRow, summary};
pub use train::{Epoch, Evaluation, Every, Fit, Trainer};

pub use crate::ops::{Bag, EmbeddingBagOptions, EmbeddingOptions};
