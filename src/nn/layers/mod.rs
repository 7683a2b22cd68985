//! Layers: ids and sizes, and what they do with a value. All arithmetic is ops.

mod activation;
mod attention;
mod batch_norm;
mod combine;
mod conv;
mod conv_transpose;
mod dropout;
mod embedding;
mod image;
mod instance_norm;
mod linear;
mod norm;
mod pad;
mod pool;
mod position;
mod recurrent;
mod reshape;
mod transformer;

pub use activation::*;
pub use attention::{AttentionMasks, AttentionOptions, MultiheadAttention};
pub use batch_norm::{BatchNorm1d, BatchNorm2d, BatchNorm3d, BatchNormNd, BatchNormOptions};
pub use combine::{Branches, Concat, Identity, Parallel, Residual};
pub use conv::{Conv1d, Conv1dOptions, Conv2d, Conv2dOptions, Conv3d, Conv3dOptions, ConvNd, ConvNdOptions};
pub use conv_transpose::{ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, ConvTransposeNd};
pub use dropout::{AlphaDropout, DropPath, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout};
pub use embedding::{Embedding, EmbeddingBag};
pub use image::{Fold, PixelShuffle, PixelUnshuffle, Unfold, Upsample};
pub use instance_norm::{
    InstanceNorm1d, InstanceNorm2d, InstanceNorm3d, InstanceNormNd, InstanceNormOptions,
};
pub use linear::{Bilinear, Dense, Linear};
pub use norm::{Affine, GroupNorm, GroupNormOptions, LayerNorm, LayerNormOptions, RmsNorm, RmsNormOptions};
pub use pad::*;
pub use pool::*;
pub use position::{LearnedPositions, SinusoidalPositions};
pub use recurrent::{
    Gru, GruCell, GruUnit, Lstm, LstmCell, LstmUnit, Recurrent, RecurrentCell, RecurrentOptions,
    RecurrentUnit, Rnn, RnnCell, RnnUnit, Sequences,
};
pub use reshape::{Flatten, FlattenAxes, Reshape, Unflatten};
pub use transformer::{
    FeedForward, Transformer, TransformerDecoder, TransformerDecoderLayer, TransformerEncoder,
    TransformerEncoderLayer, TransformerMasks, TransformerOptions,
};
