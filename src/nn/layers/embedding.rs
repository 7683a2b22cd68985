//! Vectors for the members of a vocabulary.

use crate::{
    Float, Interp, Value,
    nn::{Ctx, Init, Module, ParamId, Params},
    ops::{EmbeddingOptions, Indices},
};

/// A table of vectors, one for each number below `count`. It starts normal with deviation 1, as
/// PyTorch's.
#[derive(Clone, Copy, Debug)]
pub struct Embedding {
    /// The table, `[count, width]`.
    pub weight: ParamId,
    padding: Option<usize>,
}

impl Embedding {
    /// A table of `count` vectors.
    pub fn new<F: Float>(params: &mut Params<F>, count: usize, width: usize) -> Self {
        params.layer("embedding", "weight", |params| Embedding {
            weight: params.start("weight", Init::Normal(1.0), [count, width]),
            padding: None,
        })
    }

    /// As [`new`](Self::new), where the number `padding` stands for nothing: its vector starts as
    /// zeros and gets no gradient.
    ///
    /// # Panics
    /// When `padding` is not below `count`.
    #[track_caller]
    pub fn padded<F: Float>(params: &mut Params<F>, count: usize, width: usize, padding: usize) -> Self {
        assert!(padding < count, "gradtape: embedding: padding {padding} is not below the count {count}");
        let embedding = Self::new(params, count, width);
        let row = padding * width..(padding + 1) * width;
        params.get_mut(embedding.weight).slice_mut()[row].fill(F::ZERO);
        Embedding { padding: Some(padding), ..embedding }
    }

    /// The vectors of these numbers: an axis more, at the end.
    ///
    /// # Panics
    /// When a number is not below the count.
    #[track_caller]
    pub fn look_up<I: Interp>(&self, cx: &Ctx<'_, I>, numbers: &Indices) -> Value<I> {
        let options = EmbeddingOptions { padding_idx: self.padding, ..Default::default() };
        cx.get(self.weight).embedding(numbers, options)
    }
}

/// The numbers as a batch brings them, as elements.
impl Module for Embedding {
    /// # Panics
    /// When an element is not a whole number below the count.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.look_up(cx, &numbers(&x))
    }
}

/// What an [`EmbeddingBag`] makes of the vectors of a bag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bag {
    /// Their sum.
    Sum,
    /// Their mean: the default.
    #[default]
    Mean,
    /// The greatest of each feature, the first where some are equal.
    Max,
}

/// A table of vectors, of which it gives the sum, the mean or the maximum over bags of as many numbers each,
/// `[.., size]`. It starts normal with deviation 1, as PyTorch's.
///
/// ```
/// use gradtape::{Tensor, nn::{Bag, EmbeddingBag, Params}, ops::Indices};
/// let mut params = Params::<f32>::seeded(0);
/// let layer = EmbeddingBag::new(&mut params, 10, 3, Bag::Mean);
/// let bags = Indices::new(vec![1, 2, 4, 5, 4, 3, 2, 9], [2, 4]);
/// assert_eq!(layer.look_up(&params.eval(), &bags).shape().dims(), [2, 3]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EmbeddingBag {
    /// The table, `[count, width]`.
    pub weight: ParamId,
    mode: Bag,
}

impl EmbeddingBag {
    /// A table of `count` vectors.
    pub fn new<F: Float>(params: &mut Params<F>, count: usize, width: usize, mode: Bag) -> Self {
        params.layer("embedding_bag", "weight", |params| EmbeddingBag {
            weight: params.start("weight", Init::Normal(1.0), [count, width]),
            mode,
        })
    }

    /// What the vectors of each bag come to: the last axis of the numbers becomes the features.
    ///
    /// # Panics
    /// When a number is not below the count, or a bag is empty.
    #[track_caller]
    pub fn look_up<I: Interp>(&self, cx: &Ctx<'_, I>, bags: &Indices) -> Value<I> {
        let fits = bags.shape().last().is_some_and(|&size| size > 0);
        assert!(fits, "gradtape: embedding_bag: needs bags [.., at least 1], not {}", bags.shape());
        let vectors = cx.get(self.weight).embedding(bags, EmbeddingOptions::default());
        match self.mode {
            Bag::Sum => vectors.sum_axes(-2, false),
            Bag::Mean => vectors.mean_axes(-2, false),
            Bag::Max => vectors.max_dim(-2, false).0,
        }
    }
}

/// The numbers as a batch brings them, as elements.
impl Module for EmbeddingBag {
    /// # Panics
    /// When an element is not a whole number below the count, or a bag is empty.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.look_up(cx, &numbers(&x))
    }
}

/// Elements that are whole numbers.
#[track_caller]
fn numbers<I: Interp>(x: &Value<I>) -> Indices {
    let whole = |v: &I::Elem| {
        let v = v.to_f64();
        assert!(v >= 0.0 && v.fract() == 0.0, "gradtape: embedding: needs whole numbers, not {v}");
        v as usize
    };
    Indices::new(x.tensor().slice().iter().map(whole).collect(), x.shape().clone())
}
