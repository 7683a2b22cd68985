//! Sequences: rows of a table, positions and recurrent cells.
#![forbid(unsafe_code)]

mod cells;
mod embedding;
mod rotary;

pub use cells::{CellWeights, GruGates, LstmGates};
pub use embedding::EmbeddingOptions;
pub use rotary::RotaryOptions;

/// The compositions, for the list.
pub(super) mod composed {
    pub use super::cells::{GruCell, LstmCell, RnnReluCell, RnnTanhCell};
    pub use super::embedding::Embedding;
    pub use super::rotary::RotaryEmbedding;
}
