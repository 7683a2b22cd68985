//! A transformer that reads one sequence and writes another.

use super::{TransformerDecoder, TransformerEncoder, TransformerOptions};
use crate::{
    Float, Interp, Value,
    nn::{AttentionMasks, Ctx, Init, Params},
};

/// An encoder of one sequence and a decoder of another that attends to it (Vaswani et al.: Attention Is All
/// You Need, 2017), both with a last normalisation. Parameters have PyTorch's names; matrices start
/// Glorot-uniform.
///
/// ```
/// use gradtape::{Tensor, nn::{AttentionMasks, Params, Transformer, TransformerMasks, TransformerOptions}};
/// let mut params = Params::<f32>::seeded(0);
/// let options = TransformerOptions { dim_feedforward: 16, ..Default::default() };
/// let model = Transformer::with(&mut params, 8, 2, [2, 2], options);
/// let (src, tgt) = (Tensor::ones([3, 7, 8]), Tensor::ones([3, 5, 8]));
/// let masks = TransformerMasks { tgt: AttentionMasks::causal(), ..Default::default() };
/// let y = model.run(&params.eval(), src, tgt, &masks);
/// assert_eq!(y.shape().dims(), [3, 5, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct Transformer {
    encoder: TransformerEncoder,
    decoder: TransformerDecoder,
}

/// What the attentions of a [`Transformer`] must not see: by default they see all.
#[derive(Clone, Debug)]
pub struct TransformerMasks<'a, I: Interp> {
    /// Of the encoder to its own sequence.
    pub src: AttentionMasks<'a, I>,
    /// Of the decoder to its own sequence.
    pub tgt: AttentionMasks<'a, I>,
    /// Of the decoder to the encoder's.
    pub memory: AttentionMasks<'a, I>,
}

impl<I: Interp> Default for TransformerMasks<'_, I> {
    fn default() -> Self {
        let all = AttentionMasks::default;
        TransformerMasks { src: all(), tgt: all(), memory: all() }
    }
}

impl Transformer {
    /// Six layers each, for so many features and heads.
    ///
    /// # Panics
    /// When the heads do not divide the features.
    #[track_caller]
    pub fn new<F: Float>(params: &mut Params<F>, width: usize, heads: usize) -> Self {
        Self::with(params, width, heads, [6, 6], TransformerOptions::default())
    }

    /// So many layers of encoder and decoder.
    ///
    /// # Panics
    /// When the heads do not divide the features, or an option is outside its domain.
    #[track_caller]
    pub fn with<F: Float>(
        params: &mut Params<F>,
        width: usize,
        heads: usize,
        [encoder, decoder]: [usize; 2],
        options: TransformerOptions,
    ) -> Self {
        params.layer("transformer", "encoder.norm.weight", |params| {
            let before = params.ids().count();
            let model = Transformer {
                encoder: params
                    .at("encoder", |p| TransformerEncoder::new(p, encoder, width, heads, options, true)),
                decoder: params
                    .at("decoder", |p| TransformerDecoder::new(p, decoder, width, heads, options, true)),
            };
            for id in params.ids().skip(before) {
                let shape = params.get(id).shape().clone();
                if shape.rank() > 1 {
                    *params.get_mut(id) = Init::GlorotUniform.make(params.rng(), &shape);
                }
            }
            model
        })
    }

    /// What the decoder makes of `tgt`, `[batch, time, width]`, and of what the encoder makes of `src`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn run<I: Interp>(
        &self,
        cx: &Ctx<'_, I>,
        src: Value<I>,
        tgt: Value<I>,
        masks: &TransformerMasks<'_, I>,
    ) -> Value<I> {
        let memory = self.encoder.encode(cx, src, &masks.src);
        self.decoder.decode(cx, tgt, &memory, [&masks.tgt, &masks.memory])
    }
}
