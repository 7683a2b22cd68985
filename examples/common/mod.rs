//! What the examples share: options, pictures, and how they end.

pub(crate) mod exit;
pub(crate) mod options;
pub(crate) mod pictures;
pub(crate) mod report;
