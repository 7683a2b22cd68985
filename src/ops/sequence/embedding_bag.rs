//! Bags of rows of a table, each brought to one row.
#![forbid(unsafe_code)]

use super::EmbeddingOptions;
use crate::{
    Float, Shape, Tensor,
    ops::{IndexSelectGrad, Indices, view::allowed},
    value::{Interp, Value},
};

/// What [`Value::embedding_bag`] makes of the rows of a bag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bag {
    /// Their sum.
    Sum,
    /// Their mean: the default.
    #[default]
    Mean,
    /// The greatest of each column, the first where some are equal.
    Max,
}

/// The options of [`Value::embedding_bag`]. The defaults are PyTorch's.
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbeddingBagOptions {
    /// What is made of the rows of a bag: their mean.
    pub mode: Bag,
    /// A row that is left out of every bag, and so gets no gradient: none.
    pub padding_idx: Option<usize>,
    /// Whether the gradient of a row is divided by how often the indices name it: no.
    pub scale_grad_by_freq: bool,
    /// Whether a last offset says where the last bag ends: no.
    pub include_last_offset: bool,
}

/// The indices that are in a bag: the row of each, its bag, and its place among all.
struct Members {
    rows: Vec<usize>,
    bags: Vec<usize>,
    places: Vec<usize>,
}

impl<I: Interp> Value<I> {
    /// The sum, the mean or the maximum of bags of rows of this table `[count, width]`. Without offsets the
    /// last axis of the indices is a bag, `[.., size]`, and `[.., width]` comes of it. With offsets the indices
    /// are a vector, in which a bag begins at each offset, and `[offsets, width]` comes of it. A bag with
    /// nothing in it gives zeros.
    ///
    /// A sum may weigh each row, by weights of the shape of the indices.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::{EmbeddingBagOptions, Indices}};
    /// let table = Tensor::from([[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]);
    /// let mean = |indices, offsets| table.embedding_bag(&indices, offsets, None, EmbeddingBagOptions::default());
    /// let y = mean(Indices::new(vec![2, 1, 1, 0], [2, 2]), None);
    /// assert_eq!(y, Tensor::from([[2.0, 3.0], [0.5, 1.0]]));
    /// let y = mean(Indices::from([2, 2, 1, 0]), Some(&[0, 1, 4])); // the last bag is empty
    /// assert_eq!(y, Tensor::from([[3.0, 4.0], [4.0 / 3.0, 2.0], [0.0, 0.0]]));
    /// ```
    ///
    /// # Panics
    /// When this is not a matrix, an index or `padding_idx` is not the number of a row, or the offsets do not
    /// begin with 0, fall or go beyond the indices; when there are weights of another shape or not for a sum,
    /// or `scale_grad_by_freq` for a maximum.
    #[track_caller]
    pub fn embedding_bag(
        &self,
        indices: &Indices,
        offsets: Option<&[usize]>,
        per_sample_weights: Option<&Self>,
        options: EmbeddingBagOptions,
    ) -> Self {
        const NAME: &str = "embedding_bag";
        let EmbeddingBagOptions { mode, padding_idx, scale_grad_by_freq, include_last_offset } = options;
        let shape = self.shape();
        let &[count, width] = &shape[..] else {
            panic!("gradtape: {NAME}: needs a table [count, width], not {shape}");
        };
        allowed(indices.below(NAME, count, 0, shape));
        if let Some(row) = padding_idx.filter(|&row| row >= count) {
            panic!("gradtape: {NAME}: padding_idx {row} is out of range for axis 0 of {shape}");
        }
        if let Some(weights) = per_sample_weights {
            let (found, needed) = (weights.shape(), indices.shape());
            assert!(mode == Bag::Sum, "gradtape: {NAME}: only a sum has per_sample_weights, not {mode:?}");
            assert!(found == needed, "gradtape: {NAME}: needs per_sample_weights {needed}, not {found}");
        }
        let divides = scale_grad_by_freq && mode == Bag::Max;
        assert!(!divides, "gradtape: {NAME}: a maximum has no scale_grad_by_freq");

        let (outer, ends) = bags(indices, offsets, include_last_offset);
        let members = members(indices, &ends, padding_idx);
        let rows = Indices::from(&members.rows[..]);
        let mut vectors = self.embedding(&rows, EmbeddingOptions { scale_grad_by_freq, padding_idx: None });
        if let Some(weights) = per_sample_weights {
            let weights = weights.reshape([indices.slice().len()]);
            vectors = vectors * weights.index_select(0, &Indices::from(&members.places[..])).unsqueeze(1);
        }
        let whole = allowed(
            Shape::try_new(&[&outer[..], &[width]].concat()).map_err(|why| crate::OpError::new(NAME, why)),
        );
        // Zeros, with each row added to its bag.
        let added = |bags: &[usize], rows: Self| {
            Value::apply(IndexSelectGrad { axis: 0, size: ends.len(), indices: bags.into() }, rows.into())
        };
        let y = match mode {
            Bag::Sum => added(&members.bags, vectors),
            Bag::Mean => {
                let mut sizes = vec![0usize; ends.len()];
                members.bags.iter().for_each(|&bag| sizes[bag] += 1);
                let share = |bag: usize| I::Elem::of(1.0 / sizes[bag].max(1) as f64);
                added(&members.bags, vectors) * self.lift(Tensor::from_fn([ends.len(), 1], share))
            }
            Bag::Max => {
                let (filled, first) = greatest(vectors.tensor(), &members.bags);
                added(&filled, vectors.gather(0, &first))
            }
        };
        y.reshape(whole)
    }
}

/// How the bags lie in the result, and where each ends among the indices.
#[track_caller]
fn bags(indices: &Indices, offsets: Option<&[usize]>, include_last: bool) -> (Vec<usize>, Vec<usize>) {
    let (shape, all) = (indices.shape(), indices.slice().len());
    let Some(offsets) = offsets else {
        let Some((&size, outer)) = shape.split_last() else {
            panic!("gradtape: embedding_bag: needs indices [.., size], not {shape}");
        };
        return (outer.to_vec(), (1..=outer.iter().product()).map(|bag| bag * size).collect());
    };
    let fits = shape.rank() == 1
        && offsets.first().is_none_or(|&first| first == 0)
        && offsets.is_sorted()
        && offsets.last().is_none_or(|&last| last <= all && (!include_last || last == all))
        && (all == 0 || !offsets.is_empty());
    assert!(
        fits,
        "gradtape: embedding_bag: needs offsets from 0 on, in order, of a vector of indices, not {offsets:?} of {shape}"
    );
    let mut ends: Vec<usize> = offsets.iter().skip(1).copied().collect();
    if !include_last && !offsets.is_empty() {
        ends.push(all);
    }
    (vec![ends.len()], ends)
}

/// What is in the bags, but for the padding.
fn members(indices: &Indices, ends: &[usize], padding: Option<usize>) -> Members {
    let mut members = Members { rows: Vec::new(), bags: Vec::new(), places: Vec::new() };
    let mut place = 0;
    for (bag, &end) in ends.iter().enumerate() {
        for (place, &row) in (place..end).zip(&indices.slice()[place..end]) {
            if Some(row) != padding {
                members.rows.push(row);
                members.bags.push(bag);
                members.places.push(place);
            }
        }
        place = end;
    }
    members
}

/// The bags that are not empty, and which of the vectors is the greatest in each, column by column,
/// `[bags, width]`. A NaN is greater than any number.
fn greatest<F: Float>(vectors: &Tensor<F>, bags: &[usize]) -> (Vec<usize>, Indices) {
    let (width, x) = (vectors.shape()[1], vectors.slice());
    let (mut filled, mut first): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for (place, &bag) in bags.iter().enumerate() {
        if filled.last() != Some(&bag) {
            filled.push(bag);
            first.extend(std::iter::repeat_n(place, width));
            continue;
        }
        let so_far = first.len() - width;
        for (column, best) in first[so_far..].iter_mut().enumerate() {
            let (new, old) = (x[place * width + column], x[*best * width + column]);
            if new > old || (new.is_nan() && !old.is_nan()) {
                *best = place;
            }
        }
    }
    let shape = [filled.len(), width];
    (filled, Indices::new(first, shape))
}

composition!(
    EmbeddingBag((EmbeddingBagOptions, Indices, Option<Vec<usize>>)),
    "embedding_bag",
    |(options, indices, offsets), x| {
        vec![x[0].embedding_bag(indices, offsets.as_deref(), x.get(1), *options)]
    },
    |g| {
        let (rows, width) = (g.int(1, 5), g.dim());
        let mode = g.pick(&[Bag::Sum, Bag::Mean, Bag::Max]);
        // A row that is named often has another gradient than differences show.
        let mut options = EmbeddingBagOptions { mode, ..Default::default() };
        options.padding_idx = g.bool().then(|| g.int(0, rows - 1));
        let (shape, offsets) = if g.bool() {
            options.include_last_offset = g.bool();
            let mut offsets = vec![0];
            for _ in 0..g.int(0, 3) {
                offsets.push(offsets[offsets.len() - 1] + g.int(0, 3));
            }
            let more = if options.include_last_offset { 0 } else { g.int(0, 3) };
            (Shape::from([offsets[offsets.len() - 1] + more]), Some(offsets))
        } else {
            (g.shape_of_rank(1, 3), None)
        };
        let places = (0..shape.size()).map(|_| g.int(0, rows - 1)).collect();
        let mut inputs = vec![g.distinct(&Shape::from([rows, width]))];
        if mode == Bag::Sum && g.bool() {
            inputs.push(g.values(&shape, -3.0..3.0));
        }
        ((options, Indices::new(places, shape), offsets), inputs)
    }
);
