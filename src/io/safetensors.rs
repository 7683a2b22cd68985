//! Named tensors in one file, as PyTorch and Hugging Face keep weights.
//!
//! ```
//! use gradtape::{Tensor, io::safetensors};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("weights.safetensors");
//! let weight = Tensor::from([[1.0f32, 2.0], [3.0, 4.0]]);
//! safetensors::write(&path, [("fc1.weight", &weight)])?;
//! let tensors = safetensors::read::<f32>(&path)?;
//! assert_eq!(tensors, [("fc1.weight".to_owned(), weight)]);
//! # Ok(())
//! # }
//! ```

use super::atomic;
use crate::{Error, Float, Shape, Tensor};
use ::safetensors::{Dtype, SafeTensors, tensor::TensorView};
use half::{bf16, f16};
use std::path::Path;

/// Writes named tensors, whole or not at all. The same tensors give the same bytes.
///
/// # Errors
/// When the file cannot be written, or a name occurs twice.
pub fn write<'t, F: Float>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = (&'t str, &'t Tensor<F>)>,
) -> Result<(), Error> {
    let parts: Vec<_> = tensors.into_iter().map(|(name, x)| Part::new(name.to_owned(), x)).collect();
    write_parts(path.as_ref(), &parts)
}

/// A named tensor of either precision, as bytes.
pub(crate) struct Part {
    name: String,
    kind: Dtype,
    shape: Shape,
    bytes: Vec<u8>,
}

impl Part {
    pub(crate) fn new<F: Float>(name: String, x: &Tensor<F>) -> Self {
        let (kind, bytes) = if F::DIGITS == 24 {
            (Dtype::F32, x.slice().iter().flat_map(|v| (v.to_f64() as f32).to_le_bytes()).collect())
        } else {
            (Dtype::F64, x.slice().iter().flat_map(|v| v.to_f64().to_le_bytes()).collect())
        };
        Part { name, kind, shape: x.shape().clone(), bytes }
    }
}

/// As [`write`], for tensors of both precisions.
pub(crate) fn write_parts(path: &Path, parts: &[Part]) -> Result<(), Error> {
    let mut names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format(path, "names", "each once", format!("`{}` twice", twice[0])));
    }
    let view = |part| {
        let Part { name, kind, shape, bytes }: &Part = part;
        Ok((name, TensorView::new(*kind, shape.to_vec(), bytes)?))
    };
    let bytes = parts
        .iter()
        .map(view)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|views| ::safetensors::serialize(views, None))
        .map_err(|error| format(path, "tensors", "what the format can hold", error.to_string()))?;
    atomic::replace(path, |file| file.write_all(&bytes))
}

/// Reads every tensor of a file, in the order of their names. Elements of other types than `F`
/// are converted: floating-point numbers of 16, 32 and 64 bits, integers and truth values.
///
/// # Errors
/// When the file cannot be read, is not a safetensors file, or holds elements of another type.
pub fn read<F: Float>(path: impl AsRef<Path>) -> Result<Vec<(String, Tensor<F>)>, Error> {
    let path = path.as_ref();
    from_bytes(&atomic::bytes(path)?, path)
}

/// As [`read`], from the bytes of a file; `path` is named in errors.
///
/// # Errors
/// As [`read`].
pub fn from_bytes<F: Float>(bytes: &[u8], path: &Path) -> Result<Vec<(String, Tensor<F>)>, Error> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| format(path, "header", "that of a safetensors file", error.to_string()))?;
    let mut tensors = Vec::new();
    for (name, view) in file.iter() {
        let shape = Shape::try_new(view.shape())
            .map_err(|why| format(path, "shape", format!("one that fits, of `{name}`"), why))?;
        let elements = convert::<F>(&view).ok_or_else(|| {
            let expected = format!("numbers, of `{name}`");
            format(path, "element type", expected, format!("{:?}", view.dtype()))
        })?;
        if elements.len() != shape.size() {
            let expected = format!("{} elements, of `{name}`", shape.size());
            return Err(format(path, "length", expected, elements.len().to_string()));
        }
        tensors.push((name.to_owned(), Tensor::new(elements, shape)));
    }
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(tensors)
}

/// The elements of a view, if they are numbers.
fn convert<F: Float>(view: &TensorView<'_>) -> Option<Vec<F>> {
    fn each<F: Float, const N: usize>(bytes: &[u8], of: impl Fn([u8; N]) -> f64) -> Vec<F> {
        bytes.chunks_exact(N).map(|chunk| F::of(of(chunk.try_into().expect("N bytes")))).collect()
    }
    let bytes = view.data();
    Some(match view.dtype() {
        Dtype::F64 => each(bytes, f64::from_le_bytes),
        Dtype::F32 => each(bytes, |b| f64::from(f32::from_le_bytes(b))),
        Dtype::F16 => each(bytes, |b| f16::from_le_bytes(b).to_f64()),
        Dtype::BF16 => each(bytes, |b| bf16::from_le_bytes(b).to_f64()),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f64),
        Dtype::I32 => each(bytes, |b| f64::from(i32::from_le_bytes(b))),
        Dtype::I16 => each(bytes, |b| f64::from(i16::from_le_bytes(b))),
        Dtype::I8 => each(bytes, |b| f64::from(i8::from_le_bytes(b))),
        Dtype::U64 => each(bytes, |b| u64::from_le_bytes(b) as f64),
        Dtype::U32 => each(bytes, |b| f64::from(u32::from_le_bytes(b))),
        Dtype::U16 => each(bytes, |b| f64::from(u16::from_le_bytes(b))),
        Dtype::U8 => each(bytes, |[b]| f64::from(b)),
        Dtype::BOOL => each(bytes, |[b]| f64::from(u8::from(b != 0))),
        _ => return None,
    })
}

fn format(path: &Path, field: &'static str, expected: impl Into<String>, found: impl Into<String>) -> Error {
    Error::Format { path: path.to_owned(), field, expected: expected.into(), found: found.into() }
}
