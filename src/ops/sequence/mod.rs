//! Sequences: rows of a table, positions, attention, recurrent cells, alignments.
#![forbid(unsafe_code)]

mod attention;
mod cells;
mod ctc;
mod embedding;
mod embedding_bag;
mod rotary;

pub use attention::{Attention, AttentionGrad, AttentionMask, AttentionOptions};
pub use cells::{CellWeights, GruGates, LstmGates};
pub use ctc::{CtcLoss, CtcLossGrad, CtcOptions};
pub use embedding::EmbeddingOptions;
pub use embedding_bag::{Bag, EmbeddingBagOptions};
pub use rotary::RotaryOptions;

/// The compositions, for the list.
pub(super) mod composed {
    pub use super::cells::{GruCell, LstmCell, RnnReluCell, RnnTanhCell};
    pub use super::embedding::Embedding;
    pub use super::embedding_bag::EmbeddingBag;
    pub use super::rotary::RotaryEmbedding;
}
