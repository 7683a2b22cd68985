//! What the crate promises besides right gradients: at kinks, under misuse, on the tape, over
//! threads, and where other libraries had defects.

mod checked;
mod conv;
mod defects;
mod faults;
mod hostile;
mod image;
mod kinks;
mod kinks_elementwise;
mod kinks_indices;
mod kinks_layers;
mod kinks_linalg;
mod kinks_loss;
mod kinks_norm;
mod kinks_scan;
mod kinks_sequence;
mod kinks_spectrum;
mod kinks_statistics;
mod kinks_windows;
mod layout;
mod linalg;
mod misuse;
mod misuse_shape;
mod pool;
mod spectrum;
mod tape;
mod threads;
