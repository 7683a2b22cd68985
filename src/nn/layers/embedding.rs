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
        let whole = |v: &I::Elem| {
            let v = v.to_f64();
            assert!(v >= 0.0 && v.fract() == 0.0, "gradtape: embedding: needs whole numbers, not {v}");
            v as usize
        };
        let numbers = x.tensor().slice().iter().map(whole).collect();
        self.look_up(cx, &Indices::new(numbers, x.shape().clone()))
    }
}
