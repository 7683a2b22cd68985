//! Which class was taken for which.

use super::alike;
use crate::{Float, Tensor, ops::Indices};
use std::fmt;

/// How often each class was taken for each, and the scores that follow from it.
///
/// ```
/// use gradtape::{Tensor, nn::{Average, ConfusionMatrix}};
/// let mut matrix = ConfusionMatrix::new(2);
/// let output = Tensor::from([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]);
/// matrix.add(&output, &[1, 0, 0].into());
/// assert_eq!(matrix.row(0), [1, 1]); // one 0 was taken for a 1
/// assert_eq!(matrix.row(1), [0, 1]);
/// assert_eq!(matrix.recall(Average::Macro), 0.75);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfusionMatrix {
    classes: usize,
    /// Targets by predictions.
    counts: Vec<u64>,
}

/// How the scores of classes become one number. A score 0/0 counts as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Average {
    /// The score of one class: of class 1 for two classes of which 1 is the positive one.
    Class(usize),
    /// The score of all decisions together, which for exclusive classes is the accuracy.
    Micro,
    /// The mean over the classes that occur among targets or predictions.
    #[default]
    Macro,
    /// The mean over classes, weighted by how often each is a target.
    Weighted,
}

/// What was right and wrong about one class, or about all.
#[derive(Clone, Copy, Debug, Default)]
struct Decisions {
    /// Found where they are.
    hits: u64,
    /// How many there are.
    targets: u64,
    /// How many were found.
    predictions: u64,
}

impl ConfusionMatrix {
    /// A matrix of zeros for so many classes.
    ///
    /// # Panics
    /// When they are more than memory can count.
    #[track_caller]
    pub fn new(classes: usize) -> Self {
        let size = classes.checked_mul(classes).filter(|&size| size <= isize::MAX as usize / 8);
        let size =
            size.unwrap_or_else(|| panic!("gradtape: confusion matrix: {classes} classes are too many"));
        ConfusionMatrix { classes, counts: vec![0; size] }
    }

    /// Counts outputs `[n, classes, ..]`, of which the greatest says the class, with targets `[n, ..]`.
    ///
    /// # Panics
    /// When the shapes do not fit, or a target is no class.
    #[track_caller]
    pub fn add<F: Float>(&mut self, output: &Tensor<F>, target: &Indices) {
        let (shape, classes) = (output.shape(), self.classes);
        let fits = shape.get(1) == Some(&classes);
        assert!(fits, "gradtape: confusion matrix: needs [n, {classes}, ..], not {shape}");
        let (_, found) = output.max_dim(1, false);
        alike("confusion matrix", found.shape(), target.shape());
        for (&target, &found) in target.slice().iter().zip(found.slice()) {
            assert!(target < classes, "gradtape: confusion matrix: a target {target} of {classes} classes");
            self.counts[target * classes + found] += 1;
        }
    }

    /// Counts outputs of two classes by one number each: class 1 is found where it is above the
    /// threshold, and is there where the target is above ½.
    ///
    /// # Panics
    /// When the shapes differ, or there are not two classes.
    #[track_caller]
    pub fn add_binary<F: Float>(&mut self, output: &Tensor<F>, target: &Tensor<F>, threshold: f64) {
        assert!(self.classes == 2, "gradtape: confusion matrix: needs 2 classes, not {}", self.classes);
        alike("confusion matrix", output.shape(), target.shape());
        for (y, t) in output.slice().iter().zip(target.slice()) {
            let (target, found) = (t.to_f64() > 0.5, y.to_f64() > threshold);
            self.counts[2 * usize::from(target) + usize::from(found)] += 1;
        }
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// What a class was taken for, how often.
    ///
    /// # Panics
    /// When there is no such class.
    #[track_caller]
    pub fn row(&self, target: usize) -> &[u64] {
        assert!(target < self.classes, "gradtape: confusion matrix: no class {target} of {}", self.classes);
        &self.counts[target * self.classes..(target + 1) * self.classes]
    }

    /// The share that was right.
    pub fn accuracy(&self) -> f64 {
        let all = self.all();
        all.hits as f64 / all.targets as f64
    }

    /// How much of what was found is right: hits/predictions.
    ///
    /// # Panics
    /// When the class asked for is none.
    #[track_caller]
    pub fn precision(&self, average: Average) -> f64 {
        self.averaged(average, |class| ratio(class.hits, class.predictions))
    }

    /// How much of what is there was found: hits/targets.
    ///
    /// # Panics
    /// When the class asked for is none.
    #[track_caller]
    pub fn recall(&self, average: Average) -> f64 {
        self.averaged(average, |class| ratio(class.hits, class.targets))
    }

    /// The harmonic mean of precision and recall: 2·hits/(targets + predictions).
    ///
    /// # Panics
    /// When the class asked for is none.
    #[track_caller]
    pub fn f1(&self, average: Average) -> f64 {
        self.averaged(average, |class| ratio(2 * class.hits, class.targets + class.predictions))
    }

    #[track_caller]
    fn averaged(&self, average: Average, score: impl Fn(Decisions) -> f64) -> f64 {
        let classes = || (0..self.classes).map(|class| self.decisions(class));
        match average {
            Average::Class(class) => {
                self.row(class); // refuses one that is none
                score(self.decisions(class))
            }
            Average::Micro => score(self.all()),
            Average::Macro => {
                let occurring = || classes().filter(|class| class.targets + class.predictions > 0);
                occurring().map(score).sum::<f64>() / occurring().count() as f64
            }
            Average::Weighted => {
                let sum: f64 = classes().map(|class| class.targets as f64 * score(class)).sum();
                sum / self.all().targets as f64
            }
        }
    }

    fn decisions(&self, class: usize) -> Decisions {
        let column = (0..self.classes).map(|target| self.row(target)[class]);
        Decisions {
            hits: self.row(class)[class],
            targets: self.row(class).iter().sum(),
            predictions: column.sum(),
        }
    }

    fn all(&self) -> Decisions {
        let hits = (0..self.classes).map(|class| self.row(class)[class]).sum();
        let all = self.counts.iter().sum();
        Decisions { hits, targets: all, predictions: all }
    }
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A line for each target.
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.counts.iter().map(|count| count.to_string().len()).max().unwrap_or(0);
        for class in 0..self.classes {
            let row: Vec<_> = self.row(class).iter().map(|count| format!("{count:digits$}")).collect();
            writeln!(f, "{}", row.join(" "))?;
        }
        Ok(())
    }
}
