//! What training came to, in words and pictures.

use super::pictures::{self, Mistake};
use gradtape::{
    Error, Tensor,
    data::Images,
    nn::{ConfusionMatrix, Dataset, Epoch, Evaluation},
};
use std::path::Path;

/// The last lines of the program.
pub(crate) fn print_test(test: &Evaluation) {
    println!("test loss {:.4}", test.loss);
    for (name, value) in &test.metrics {
        println!("test {name} {value:.4}");
    }
}

/// Refuses a folder that pictures cannot be written to, before the work rather than after it.
pub(crate) fn check_folder(folder: Option<&Path>) -> Result<(), Error> {
    let Some(folder) = folder else { return Ok(()) };
    let io = |source| Error::Io { path: folder.into(), source };
    std::fs::create_dir_all(folder).map_err(io)?;
    let probe = folder.join(format!(".write-test.{}", std::process::id()));
    std::fs::write(&probe, b"").map_err(io)?;
    std::fs::remove_file(probe).map_err(io)
}

/// Draws training curves, the confusion matrix and the worst mistakes into a folder.
pub(crate) fn draw(
    folder: &Path,
    history: &[Epoch],
    test: &Images,
    predict: impl Fn(Tensor<f32>) -> Tensor<f32>,
) -> Result<(), Box<dyn std::error::Error>> {
    let accuracy = |e: &Evaluation| e.metric("accuracy").unwrap_or(f64::NAN);
    let points: Vec<_> = history
        .iter()
        .map(|epoch| pictures::Epoch {
            loss: epoch.training.loss,
            accuracy: accuracy(&epoch.training),
            validation: epoch.validation.as_ref().map(|v| (v.loss, accuracy(v))),
        })
        .collect();
    let mut confusion = ConfusionMatrix::new(test.classes());
    let mut mistakes = Vec::new();
    let rows: Vec<usize> = (0..test.len()).collect();
    for rows in rows.chunks(256) {
        let (x, labels) = test.batch(rows);
        let probabilities = predict(x).softmax(1);
        confusion.add(&probabilities, &labels);
        let (confidence, predicted) = probabilities.max_dim(1, false);
        for (i, &row) in rows.iter().enumerate() {
            let (label, guess) = (test.label(row), predicted.slice()[i]);
            if guess != usize::from(label) {
                let confidence = confidence.slice()[i];
                mistakes.push(Mistake { pixels: test.image(row), label, predicted: guess as u8, confidence });
            }
        }
    }
    mistakes.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let counts: Vec<_> = (0..test.classes()).map(|class| confusion.row(class).to_vec()).collect();
    let names: Vec<String> = (0..test.classes()).map(|class| class.to_string()).collect();
    let mut written = vec![("curves.svg", "training curves"), ("confusion.svg", "confusion matrix")];
    if !points.is_empty() {
        pictures::training_curves(&folder.join("curves.svg"), &points)?;
    } else {
        written.remove(0);
    }
    pictures::confusion_matrix(&folder.join("confusion.svg"), &counts, &names)?;
    if !mistakes.is_empty() {
        pictures::worst_mistakes(&folder.join("mistakes.png"), test.rows(), test.cols(), &mistakes)?;
        written.push(("mistakes.png", "worst mistakes"));
    }
    for (file, what) in written {
        println!("{what}: {}", folder.join(file).display());
    }
    Ok(())
}
