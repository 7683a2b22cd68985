//! What the examples share: options and pictures.

pub(crate) mod options;
pub(crate) mod pictures;
pub(crate) mod report;
