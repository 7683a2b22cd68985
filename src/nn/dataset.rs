//! What a model is trained on, and how it is cut into batches.

use crate::{Error, Float, Shape, Tensor, data::Images, ops::Indices, random::Rng};
use rand::seq::SliceRandom;

/// Samples with their targets.
pub trait Dataset: Sync {
    /// The element type of the inputs.
    type Elem: Float;
    /// What outputs are compared with.
    type Target: Send;

    /// The number of samples.
    fn len(&self) -> usize;

    /// Inputs and targets of the samples at `rows`, one behind the other.
    fn batch(&self, rows: &[usize]) -> (Tensor<Self::Elem>, Self::Target);

    /// Whether there are no samples.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All samples in batches of `size`, the last one perhaps smaller, in an order drawn from
    /// `seed`.
    ///
    /// # Panics
    /// When `size` is 0.
    #[track_caller]
    fn batches(&self, size: usize, seed: u64) -> Batches<'_, Self> {
        Batches::new(self, (0..self.len()).collect(), size, Some(seed))
    }

    /// A share of the samples, drawn by `seed`, and the others.
    ///
    /// ```
    /// use gradtape::{Tensor, nn::{Arrays, Dataset}};
    /// let data = Arrays::new(Tensor::<f32>::ones([10, 2]), Tensor::ones([10, 1]))?;
    /// let (training, validation) = data.split(0.8, 1);
    /// assert_eq!((training.len(), validation.len()), (8, 2));
    /// # Ok::<(), gradtape::Error>(())
    /// ```
    ///
    /// # Panics
    /// When the share is not in [0, 1].
    #[track_caller]
    fn split(&self, share: f64, seed: u64) -> (Subset<'_, Self>, Subset<'_, Self>) {
        assert!((0.0..=1.0).contains(&share), "gradtape: split: a share in [0, 1], not {share}");
        let mut rows: Vec<usize> = (0..self.len()).collect();
        rows.shuffle(&mut Rng::new(seed));
        let others = rows.split_off((rows.len() as f64 * share).round() as usize);
        (Subset { data: self, rows }, Subset { data: self, rows: others })
    }
}

/// Some samples of a [`Dataset`]: a part of its [split](Dataset::split).
#[derive(Debug)]
pub struct Subset<'d, D: ?Sized> {
    data: &'d D,
    rows: Vec<usize>,
}

impl<D: Dataset + ?Sized> Dataset for Subset<'_, D> {
    type Elem = D::Elem;
    type Target = D::Target;

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn batch(&self, rows: &[usize]) -> (Tensor<D::Elem>, D::Target) {
        let rows: Vec<usize> = rows.iter().map(|&row| self.rows[row]).collect();
        self.data.batch(&rows)
    }
}

/// The batches of a [`Dataset`].
#[derive(Debug)]
pub struct Batches<'d, D: ?Sized> {
    data: &'d D,
    order: Vec<usize>,
    size: usize,
    next: usize,
}

impl<'d, D: Dataset + ?Sized> Batches<'d, D> {
    /// The samples at `order` in batches of `size`, shuffled if there is a seed.
    #[track_caller]
    pub(super) fn new(data: &'d D, mut order: Vec<usize>, size: usize, seed: Option<u64>) -> Self {
        assert!(size > 0, "gradtape: batches: the batch size is 0");
        if let Some(seed) = seed {
            order.shuffle(&mut Rng::new(seed));
        }
        Batches { data, order, size, next: 0 }
    }
}

impl<D: Dataset + ?Sized> Iterator for Batches<'_, D> {
    type Item = (Tensor<D::Elem>, D::Target);

    fn next(&mut self) -> Option<Self::Item> {
        let end = self.next.saturating_add(self.size).min(self.order.len());
        let rows = &self.order[self.next..end];
        self.next = end;
        (!rows.is_empty()).then(|| self.data.batch(rows))
    }
}

/// `[n, rows, cols]`, pixels from 0 to 1; the targets are the labels.
impl Dataset for Images {
    type Elem = f32;
    type Target = Indices;

    fn len(&self) -> usize {
        Images::len(self)
    }

    fn batch(&self, rows: &[usize]) -> (Tensor<f32>, Indices) {
        let size = self.rows() * self.cols();
        let x = Tensor::filled([rows.len(), self.rows(), self.cols()].into(), |out| {
            for (out, &row) in out.chunks_exact_mut(size).zip(rows) {
                for (out, &pixel) in out.iter_mut().zip(self.image(row)) {
                    *out = f32::from(pixel) * (1.0 / 255.0);
                }
            }
        });
        let labels = rows.iter().map(|&row| usize::from(self.label(row))).collect();
        (x, Indices::new(labels, [rows.len()]))
    }
}

/// Something of each sample, along the first axis: numbers, or the numbers of classes, beside inputs of `F`.
pub trait Rows<F: Float>: Send + Sync {
    /// The sizes, of which the first is the number of samples.
    fn sizes(&self) -> &Shape;

    /// What is there of these samples.
    fn pick(&self, samples: &[usize]) -> Self;

    /// The first element that is no finite number: its place, and what it is.
    fn unfit(&self) -> Option<(usize, f64)>;
}

impl<F: Float> Rows<F> for Tensor<F> {
    fn sizes(&self) -> &Shape {
        self.shape()
    }

    fn pick(&self, samples: &[usize]) -> Self {
        self.index_select(0, &samples.into())
    }

    fn unfit(&self) -> Option<(usize, f64)> {
        let place = self.slice().iter().position(|v| !v.is_finite())?;
        Some((place, self.slice()[place].to_f64()))
    }
}

impl<F: Float> Rows<F> for Indices {
    fn sizes(&self) -> &Shape {
        self.shape()
    }

    fn pick(&self, samples: &[usize]) -> Self {
        let rest = &self.shape()[1..];
        let size = rest.iter().product::<usize>();
        let picked = samples.iter().flat_map(|&row| &self.slice()[row * size..(row + 1) * size]);
        Indices::new(picked.copied().collect(), &[&[samples.len()], rest].concat()[..])
    }

    fn unfit(&self) -> Option<(usize, f64)> {
        None
    }
}

/// Inputs and targets held in memory, one sample per first index.
///
/// ```
/// use gradtape::{Tensor, nn::{Arrays, Dataset}, ops::Indices};
/// let points = Tensor::from([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]);
/// let data = Arrays::new(points, Indices::from([0, 1, 1]))?; // or a tensor of targets
/// assert_eq!(data.batch(&[2, 0]).1, Indices::from([1, 0]));
/// # Ok::<(), gradtape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Arrays<F: Float, T = Tensor<F>> {
    x: Tensor<F>,
    y: T,
}

impl<F: Float, T: Rows<F>> Arrays<F, T> {
    /// Inputs `[n, ..]` and targets `[n, ..]`.
    ///
    /// # Errors
    /// When their numbers of samples differ or are 0, or one of them holds a NaN or infinity.
    pub fn new(x: Tensor<F>, y: T) -> Result<Self, Error> {
        let samples = x.shape().first().copied().unwrap_or(0);
        if samples == 0 {
            return Err(Error::data("inputs", "[n, ..] with at least one sample", x.shape()));
        }
        if y.sizes().first() != Some(&samples) {
            return Err(Error::data("targets", format!("{samples} samples, as the inputs"), y.sizes()));
        }
        for (what, found, sizes) in [("inputs", x.unfit(), x.shape()), ("targets", y.unfit(), y.sizes())] {
            if let Some((place, value)) = found {
                let what = format!("{what}, sample {}", place / (sizes.size() / samples));
                return Err(Error::data(what, "finite numbers", value));
            }
        }
        Ok(Arrays { x, y })
    }
}

impl<F: Float, T: Rows<F>> Dataset for Arrays<F, T> {
    type Elem = F;
    type Target = T;

    fn len(&self) -> usize {
        self.x.shape()[0]
    }

    fn batch(&self, rows: &[usize]) -> (Tensor<F>, T) {
        (self.x.pick(rows), self.y.pick(rows))
    }
}
