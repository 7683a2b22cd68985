//! Vectors for the members of a vocabulary.

use crate::{
    Float, Interp, Value,
    nn::{Ctx, Init, Module, ParamId, Params},
    ops::{EmbeddingBagOptions, EmbeddingOptions, Indices},
};

/// A table of vectors, one for each number below `count`. It starts normal with deviation 1, as
/// PyTorch's; the vector of `padding_idx` starts as zeros.
#[derive(Clone, Copy, Debug)]
pub struct Embedding {
    /// The table, `[count, width]`.
    pub weight: ParamId,
    options: EmbeddingOptions,
}

impl Embedding {
    /// A table of `count` vectors.
    pub fn new<F: Float>(params: &mut Params<F>, count: usize, width: usize) -> Self {
        Self::with(params, count, width, EmbeddingOptions::default())
    }

    /// A table of `count` vectors.
    ///
    /// # Panics
    /// When `padding_idx` is not below `count`.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        count: usize,
        width: usize,
        options: EmbeddingOptions,
    ) -> Self {
        let weight = table(params, "embedding", [count, width], options.padding_idx);
        Embedding { weight, options }
    }

    /// The vectors of these numbers: an axis more, at the end.
    ///
    /// # Panics
    /// When a number is not below the count.
    #[track_caller]
    pub fn look_up<I: Interp>(&self, cx: &Ctx<'_, I>, numbers: &Indices) -> Value<I> {
        cx.get(self.weight).embedding(numbers, self.options)
    }
}

/// The table, with a row of zeros if one stands for nothing.
#[track_caller]
fn table<F: Float>(
    params: &mut Params<F>,
    layer: &str,
    [count, width]: [usize; 2],
    padding: Option<usize>,
) -> ParamId {
    let weight =
        params.layer(layer, "weight", |params| params.start("weight", Init::Normal(1.0), [count, width]));
    if let Some(padding) = padding {
        assert!(padding < count, "gradtape: {layer}: padding_idx {padding} is not below the count {count}");
        params.get_mut(weight).slice_mut()[padding * width..][..width].fill(F::ZERO);
    }
    weight
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

/// A table of vectors, of which it gives the mean, the sum or the maximum over bags of numbers:
/// [`Value::embedding_bag`]. It starts as an [`Embedding`] does.
///
/// ```
/// use gradtape::{Tensor, nn::{Bag, EmbeddingBag, EmbeddingBagOptions, Params}, ops::Indices};
/// let mut params = Params::<f32>::seeded(0);
/// let sum = EmbeddingBagOptions { mode: Bag::Sum, ..Default::default() };
/// let layer = EmbeddingBag::with(&mut params, 10, 3, sum);
/// // Two bags, one of the first four numbers and one of the last two.
/// let (numbers, offsets) = (Indices::from([1, 2, 4, 5, 4, 3]), [0, 4]);
/// let y = layer.look_up(&params.eval(), &numbers, Some(&offsets), None);
/// assert_eq!(y.shape().dims(), [2, 3]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EmbeddingBag {
    /// The table, `[count, width]`.
    pub weight: ParamId,
    options: EmbeddingBagOptions,
}

impl EmbeddingBag {
    /// A table of `count` vectors, of which it gives means.
    pub fn new<F: Float>(params: &mut Params<F>, count: usize, width: usize) -> Self {
        Self::with(params, count, width, EmbeddingBagOptions::default())
    }

    /// A table of `count` vectors.
    ///
    /// # Panics
    /// When `padding_idx` is not below `count`.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        count: usize,
        width: usize,
        options: EmbeddingBagOptions,
    ) -> Self {
        let weight = table(params, "embedding_bag", [count, width], options.padding_idx);
        EmbeddingBag { weight, options }
    }

    /// What the vectors of each bag come to. Without offsets the last axis of the numbers is a bag, with them a
    /// bag of a vector of numbers begins at each. A sum may weigh each number.
    ///
    /// # Panics
    /// As [`Value::embedding_bag`].
    #[track_caller]
    pub fn look_up<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        numbers: &Indices,
        offsets: Option<&[usize]>,
        per_sample_weights: Option<&Value<I>>,
    ) -> Value<I> {
        cx.get(self.weight).embedding_bag(numbers, offsets, per_sample_weights, self.options)
    }
}

/// Bags of as many numbers each, as elements, `[.., size]`.
impl Module for EmbeddingBag {
    /// # Panics
    /// When an element is not a whole number below the count.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.look_up(cx, &numbers(&x), None, None)
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
