//! Labelled images, and the IDX files MNIST is distributed in.
//!
//! [`mnist`] loads a whole data set from a directory; [`read_images`] and [`read_labels`] load one
//! file; [`Images`] holds the result, or images from any other source through
//! [`Images::from_parts`]. Files are only ever read, and nothing is downloaded.
//!
//! What a file says about itself is checked, not trusted: memory is allocated as bytes arrive, never
//! because a header announces them, so a damaged or hostile file ends in an [`Error`](crate::Error).

mod idx;
mod images;
mod mnist;

pub use idx::{Idx, parse_idx, parse_idx_gz, read_images, read_labels};
pub use images::Images;
pub use mnist::mnist;
