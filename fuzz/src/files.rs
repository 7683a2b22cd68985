//! The parsers of tensor files on arbitrary bytes: they refuse, or give tensors that the bytes can
//! hold.

use gradtape::{
    Error, Tensor,
    io::{npy, safetensors},
};
use std::path::Path;

/// More than deflate can ever make of one byte.
const DEFLATE_RATIO: usize = 1032;

/// Safetensors files hold each element in at least a byte.
pub fn safetensors(bytes: &[u8]) {
    let found = safetensors::from_bytes::<f32>(bytes, Path::new("fuzz"));
    held(found.map(|tensors| tensors.into_iter().map(|(_, x)| x).collect()), bytes.len());
}

/// So do NPY files.
pub fn npy(bytes: &[u8]) {
    held(npy::from_bytes::<f32>(bytes, Path::new("fuzz")).map(|x| vec![x]), bytes.len());
}

/// NPZ archives hold what deflate can make of their bytes; the same bytes may serve several files.
pub fn npz(bytes: &[u8]) {
    let found = npy::from_npz_bytes::<f32>(bytes, Path::new("fuzz"));
    let each = |x: &Tensor<f32>| x.slice().len() <= bytes.len() * DEFLATE_RATIO;
    match found {
        Ok(tensors) => assert!(tensors.iter().all(|(_, x)| each(x)), "more than the bytes can hold"),
        Err(error) => described(&error),
    }
}

fn held(found: Result<Vec<Tensor<f32>>, Error>, bytes: usize) {
    match found {
        Ok(tensors) => {
            let elements: usize = tensors.iter().map(|x| x.slice().len()).sum();
            assert!(elements <= bytes, "{elements} elements in {bytes} bytes");
        }
        Err(error) => described(&error),
    }
}

/// Errors have to be printable whatever they tell of.
fn described(error: &Error) {
    assert!(error.to_string().starts_with("fuzz"), "{error}");
}
