//! Whole numbers that say which elements an op picks.
#![forbid(unsafe_code)]

use crate::{Float, Interp, Shape, Tensor, Value, op::OpError};
use std::{fmt, sync::Arc};

/// An array of whole numbers: which elements an op picks. Clones share it.
///
/// They count from the first. Negative ones cannot be written, and indices beyond the last are refused
/// by every op.
///
/// ```
/// use gradtape::ops::Indices;
/// assert_eq!(Indices::from([2, 0, 1]).slice(), [2, 0, 1]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Indices {
    places: Arc<[usize]>,
    shape: Shape,
}

impl Indices {
    /// Indices in row-major order, and their shape.
    ///
    /// # Panics
    /// When their number is not the shape's.
    #[track_caller]
    pub fn new(places: Vec<usize>, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert!(places.len() == shape.size(), "gradtape: indices: {} do not fill {shape}", places.len());
        Indices { places: places.into(), shape }
    }

    /// What `fill` writes, of a shape.
    pub(super) fn filled(shape: Shape, fill: impl FnOnce(&mut [usize])) -> Self {
        let mut places: Arc<[usize]> = std::iter::repeat_n(0, shape.size()).collect();
        fill(Arc::get_mut(&mut places).expect("fresh"));
        Indices { places, shape }
    }

    /// The same indices under another shape of the same size.
    pub(super) fn reshaped(self, shape: Shape) -> Self {
        debug_assert_eq!(self.shape.size(), shape.size());
        Indices { shape, ..self }
    }

    /// The indices in row-major order.
    pub fn slice(&self) -> &[usize] {
        &self.places
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// 1 at each index and 0 beside it, along a new last axis of `classes` places; `None` takes as many
    /// as the greatest index needs.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Indices};
    /// let hot: Tensor<f64> = Indices::from([2, 0]).one_hot(None);
    /// assert_eq!(hot, Tensor::from([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// When an index is not below `classes`.
    #[track_caller]
    pub fn one_hot<F: Float>(&self, classes: Option<usize>) -> Tensor<F> {
        let classes = classes.unwrap_or_else(|| self.places.iter().max().map_or(0, |top| top + 1));
        if let Some(place) = self.places.iter().find(|&&place| place >= classes) {
            panic!("gradtape: one_hot: index {place} is out of range for {classes} classes");
        }
        let dims = [self.shape.dims(), &[classes]].concat();
        let mut hot = Tensor::zeros(&dims[..]);
        let slice = hot.slice_mut();
        for (i, place) in self.places.iter().enumerate() {
            slice[i * classes + place] = F::ONE;
        }
        hot
    }

    /// Refuses an index that is not below `size`.
    pub(super) fn below(&self, op: &'static str, size: usize, axis: usize, x: &Shape) -> Result<(), OpError> {
        match self.places.iter().find(|&&place| place >= size) {
            None => Ok(()),
            Some(place) => {
                Err(OpError::new(op, format!("index {place} is out of range for axis {axis} of {x}")))
            }
        }
    }
}

impl<const N: usize> From<[usize; N]> for Indices {
    fn from(places: [usize; N]) -> Self {
        Indices::new(places.to_vec(), [N])
    }
}

impl From<&[usize]> for Indices {
    fn from(places: &[usize]) -> Self {
        Indices::new(places.to_vec(), [places.len()])
    }
}

/// In a form that can be pasted into a test.
impl fmt::Debug for Indices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Indices::new(vec!{:?}, {:?})", self.slice(), self.shape)
    }
}

impl<I: Interp> Value<I> {
    /// The places of the elements that are not 0, in row-major order: a row of indices for each, a column
    /// for each axis. NaN is not 0.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Indices};
    /// let x = Tensor::from([[0.0, 3.0], [4.0, 0.0]]);
    /// assert_eq!(x.nonzero(), Indices::new(vec![0, 1, 1, 0], [2, 2]));
    /// ```
    pub fn nonzero(&self) -> Indices {
        let (x, rank) = (self.tensor(), self.shape().rank());
        let found: Vec<usize> = (0..x.slice().len()).filter(|&i| x.slice()[i] != I::Elem::ZERO).collect();
        let mut places = vec![0; found.len() * rank];
        for (row, &flat) in found.iter().enumerate() {
            let mut rest = flat;
            for axis in (0..rank).rev() {
                places[row * rank + axis] = rest % x.shape()[axis];
                rest /= x.shape()[axis];
            }
        }
        Indices::new(places, [found.len(), rank])
    }
}
