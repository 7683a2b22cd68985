//! Rows of a table of weights, by their numbers.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    ops::{Indices, view::allowed},
    value::{Interp, Value},
};

/// What [`Value::embedding`] may do besides picking rows. By default, nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddingOptions {
    /// A row that gets no gradient.
    pub padding_idx: Option<usize>,
    /// Whether the gradient of a row is divided by how often the indices name it.
    pub scale_grad_by_freq: bool,
}

impl<I: Interp> Value<I> {
    /// The rows of this table `[count, width]` that indices of any shape name: `[.., width]`. What reaches a
    /// row that is named several times adds up.
    ///
    /// `padding_idx` and `scale_grad_by_freq` change the gradient, not the value: where they do, the gradient
    /// is not the value's derivative. Under `scale_grad_by_freq` an infinite weight gives NaN.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::{EmbeddingOptions, Indices}};
    /// let table = Tensor::from([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]);
    /// let words = Indices::new(vec![2, 1, 1, 0], [2, 2]);
    /// let y = table.embedding(&words, EmbeddingOptions { padding_idx: Some(0), ..Default::default() });
    /// assert_eq!(y, Tensor::new(vec![3.0, 4.0, 1.0, 2.0, 1.0, 2.0, 0.0, 0.0], [2, 2, 2]));
    /// ```
    ///
    /// # Panics
    /// When this is not a matrix, or an index or `padding_idx` is not the number of a row.
    #[track_caller]
    pub fn embedding(&self, indices: &Indices, options: EmbeddingOptions) -> Self {
        let shape = self.shape();
        let &[rows, width] = &shape[..] else {
            panic!("gradtape: embedding: needs a table [count, width], not {shape}");
        };
        allowed(indices.below("embedding", rows, 0, shape));
        if let Some(row) = options.padding_idx.filter(|&row| row >= rows) {
            panic!("gradtape: embedding: padding_idx {row} is out of range for axis 0 of {shape}");
        }
        let dims = [indices.shape().dims(), &[width]].concat();
        let whole = allowed(Shape::try_new(&dims).map_err(|why| crate::OpError::new("embedding", why)));
        let count = indices.slice().len();
        let mut y = self.index_select(0, &indices.clone().reshaped(Shape::from([count])));
        if options.scale_grad_by_freq || options.padding_idx.is_some() {
            let frozen = y.lift(y.tensor().clone());
            let column = |of: &dyn Fn(usize) -> f64| {
                let number = |i: usize| I::Elem::of(of(indices.slice()[i]));
                frozen.lift(Tensor::from_fn([count, 1], number))
            };
            if options.scale_grad_by_freq {
                let mut times = vec![0usize; rows];
                indices.slice().iter().for_each(|&row| times[row] += 1);
                // A difference of nothing, which carries the gradient.
                y = (y - &frozen) * column(&|row| 1.0 / times[row] as f64) + &frozen;
            }
            if let Some(padding) = options.padding_idx {
                y = column(&|row| f64::from(u8::from(row != padding))).select(&y, &frozen);
            }
        }
        y.reshape(whole)
    }
}

composition!(
    Embedding((EmbeddingOptions, Indices)),
    "embedding",
    |(options, indices), x| vec![x[0].embedding(indices, *options)],
    |g| {
        let (rows, width) = (g.int(1, 5), g.dim());
        let shape = g.shape(3);
        let places = (0..shape.size()).map(|_| g.int(0, rows - 1)).collect();
        // A row that is named has another gradient than differences show; one beside it has not.
        let options = EmbeddingOptions { padding_idx: g.bool().then_some(rows), ..Default::default() };
        let table = g.values(&Shape::from([rows + 1, width]), -3.0..3.0);
        ((options, Indices::new(places, shape)), vec![table])
    }
);
