//! What a model is trained on, and how it is cut into batches.

use crate::{Error, Float, Tensor, data::Images, ops::Indices, random::Rng};
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

/// Inputs and targets held in memory, one sample per first index.
#[derive(Clone, Debug)]
pub struct Arrays<F: Float> {
    x: Tensor<F>,
    y: Tensor<F>,
}

impl<F: Float> Arrays<F> {
    /// Inputs `[n, ..]` and targets `[n, ..]`.
    ///
    /// # Errors
    /// When their numbers of samples differ or are 0, or one of them holds a NaN or infinity.
    pub fn new(x: Tensor<F>, y: Tensor<F>) -> Result<Self, Error> {
        let samples = |t: &Tensor<F>| t.shape().first().copied().unwrap_or(0);
        if samples(&x) == 0 {
            return Err(Error::data("inputs", "[n, ..] with at least one sample", x.shape()));
        }
        if samples(&x) != samples(&y) {
            let expected = format!("{} samples, as the inputs", samples(&x));
            return Err(Error::data("targets", expected, y.shape()));
        }
        for (what, t) in [("inputs", &x), ("targets", &y)] {
            if let Some(place) = t.slice().iter().position(|v| !v.is_finite()) {
                let sample = place / (t.shape().size() / samples(t));
                return Err(Error::data(
                    format!("{what}, sample {sample}"),
                    "finite numbers",
                    t.slice()[place],
                ));
            }
        }
        Ok(Arrays { x, y })
    }
}

impl<F: Float> Dataset for Arrays<F> {
    type Elem = F;
    type Target = Tensor<F>;

    fn len(&self) -> usize {
        self.x.shape()[0]
    }

    fn batch(&self, rows: &[usize]) -> (Tensor<F>, Tensor<F>) {
        let rows = Indices::from(rows);
        (self.x.index_select(0, &rows), self.y.index_select(0, &rows))
    }
}
