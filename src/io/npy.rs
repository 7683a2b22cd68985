//! NumPy's files: one array in an NPY file, several named ones in an NPZ archive (NumPy
//! Enhancement Proposal 1).
//!
//! ```
//! use gradtape::{Tensor, io::npy};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("x.npy");
//! let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
//! npy::write(&path, &x)?; // numpy.load("x.npy") reads it
//! assert_eq!(npy::read::<f64>(&path)?, x);
//! # Ok(())
//! # }
//! ```

use super::atomic;
use crate::{Error, Float, Shape, Tensor};
use half::f16;
use std::{
    io::{self, Cursor, Read, Write},
    path::Path,
};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Writes a tensor to an NPY file, whole or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn write<F: Float>(path: impl AsRef<Path>, x: &Tensor<F>) -> Result<(), Error> {
    atomic::replace(path.as_ref(), |file| encode(file, x))
}

/// Reads a tensor from an NPY file. Elements of other types than `F` are converted: floating-point
/// numbers of 16, 32 and 64 bits, integers and truth values, of either byte order.
///
/// # Errors
/// When the file cannot be read, is not an NPY file, or holds elements of another type.
pub fn read<F: Float>(path: impl AsRef<Path>) -> Result<Tensor<F>, Error> {
    let path = path.as_ref();
    from_bytes(&atomic::bytes(path)?, path)
}

/// As [`read`], from the bytes of a file; `path` is named in errors.
///
/// # Errors
/// As [`read`].
pub fn from_bytes<F: Float>(bytes: &[u8], path: &Path) -> Result<Tensor<F>, Error> {
    decode(Cursor::new(bytes), path)
}

/// Writes named tensors to an NPZ archive, compressed, whole or not at all. The same tensors give
/// the same bytes.
///
/// # Errors
/// When the file cannot be written, or a name occurs twice.
pub fn write_npz<'t, F: Float>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = (&'t str, &'t Tensor<F>)>,
) -> Result<(), Error> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let write = || {
        for (name, x) in tensors {
            archive.start_file(format!("{name}.npy"), SimpleFileOptions::default())?;
            encode(&mut archive, x)?;
        }
        io::Result::Ok(())
    };
    let path = path.as_ref();
    let io = |source| Error::Io { path: path.to_owned(), source };
    write().map_err(io)?;
    let bytes = archive.finish().map_err(|error| io(error.into()))?.into_inner();
    atomic::replace(path, |file| file.write_all(&bytes))
}

/// Reads every tensor of an NPZ archive, in the order of the archive. Elements are converted as by
/// [`read`].
///
/// # Errors
/// When the file cannot be read, is not an archive, or one of its files is not an NPY file.
pub fn read_npz<F: Float>(path: impl AsRef<Path>) -> Result<Vec<(String, Tensor<F>)>, Error> {
    let path = path.as_ref();
    from_npz_bytes(&atomic::bytes(path)?, path)
}

/// As [`read_npz`], from the bytes of a file; `path` is named in errors.
///
/// # Errors
/// As [`read_npz`].
pub fn from_npz_bytes<F: Float>(bytes: &[u8], path: &Path) -> Result<Vec<(String, Tensor<F>)>, Error> {
    let wrong = |error: zip::result::ZipError| format(path, "archive", "that of an NPZ file", error);
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(wrong)?;
    let mut tensors = Vec::new();
    for i in 0..archive.len() {
        let file = archive.by_index(i).map_err(wrong)?;
        let name = file.name().strip_suffix(".npy").unwrap_or(file.name()).to_owned();
        // Errors name the archive and the file in it.
        let inner = path.join(&name);
        tensors.push((name, decode(file, &inner)?));
    }
    Ok(tensors)
}

const MAGIC: &[u8] = b"\x93NUMPY";
/// Bytes of a header that are read at most; NumPy's own are about a hundred long.
const LONGEST_HEADER: usize = 1 << 16;

fn encode<F: Float>(file: &mut (impl Write + ?Sized), x: &Tensor<F>) -> io::Result<()> {
    let single = F::DIGITS == 24;
    let sizes: Vec<String> = x.shape().iter().map(|size| format!("{size},")).collect();
    let kind = if single { "<f4" } else { "<f8" };
    let mut header =
        format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({}), }}", sizes.join(" "));
    // The elements start at a multiple of 64.
    while !(MAGIC.len() + 4 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    file.write_all(MAGIC)?;
    file.write_all(&[1, 0])?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    for v in x.slice() {
        if single {
            file.write_all(&(v.to_f64() as f32).to_le_bytes())?;
        } else {
            file.write_all(&v.to_f64().to_le_bytes())?;
        }
    }
    Ok(())
}

fn decode<F: Float>(mut file: impl Read, path: &Path) -> Result<Tensor<F>, Error> {
    let header = header(&mut file, path)?;
    let count = header.shape.size() as u64 * header.kind.size as u64;
    let mut bytes = Vec::new();
    // Grows as bytes arrive, not by what the header says.
    let cut = |source| Error::Io { path: path.to_owned(), source };
    file.by_ref().take(count).read_to_end(&mut bytes).map_err(cut)?;
    if bytes.len() as u64 != count {
        let expected = format!("{count} bytes for {} of {}", header.shape, header.kind.name);
        return Err(format(path, "elements", expected, bytes.len()));
    }
    if file.read(&mut [0]).map_err(cut)? > 0 {
        return Err(format(path, "elements", "nothing behind them", "more bytes"));
    }
    let elements: Vec<F> = header.kind.elements(&bytes);
    if !header.fortran_order {
        return Ok(Tensor::new(elements, header.shape));
    }
    let reversed: Vec<usize> = header.shape.iter().rev().copied().collect();
    Ok(Tensor::from(Tensor::new(elements, &reversed[..]).view().reversed_axes()))
}

struct Header {
    kind: Kind,
    fortran_order: bool,
    shape: Shape,
}

/// The element type of an array: a letter, its size in bytes, and the order of these.
struct Kind {
    name: String,
    letter: char,
    size: usize,
    big_endian: bool,
}

impl Kind {
    fn new(name: &str) -> Option<Self> {
        let mut letters = name.chars();
        let (order, letter) = (letters.next()?, letters.next()?);
        let size = letters.as_str().parse().ok()?;
        let known = matches!((letter, size), ('f', 2 | 4 | 8) | ('i' | 'u', 1 | 2 | 4 | 8) | ('b', 1));
        let known_order = matches!(order, '<' | '>') || (order == '|' && size == 1);
        (known && known_order).then(|| Kind { name: name.to_owned(), letter, size, big_endian: order == '>' })
    }

    fn elements<F: Float>(&self, bytes: &[u8]) -> Vec<F> {
        let one = |chunk: &[u8]| {
            let mut word = [0; 8];
            for (i, &byte) in chunk.iter().enumerate() {
                word[if self.big_endian { self.size - 1 - i } else { i }] = byte;
            }
            let unsigned = u64::from_le_bytes(word);
            let unused = 64 - 8 * self.size as u32;
            F::of(match (self.letter, self.size) {
                ('f', 2) => f16::from_bits(unsigned as u16).to_f64(),
                ('f', 4) => f64::from(f32::from_bits(unsigned as u32)),
                ('f', _) => f64::from_bits(unsigned),
                ('i', _) => ((unsigned << unused) as i64 >> unused) as f64,
                ('b', _) => f64::from(u8::from(unsigned != 0)),
                _ => unsigned as f64,
            })
        };
        bytes.chunks_exact(self.size).map(one).collect()
    }
}

/// What stands before the elements: a magic number, a version, and the literal of a Python
/// dictionary with three keys.
fn header(file: &mut impl Read, path: &Path) -> Result<Header, Error> {
    let mut bytes = |count: usize| {
        let mut bytes = vec![0; count];
        match file.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(format(path, "header", "that of an NPY file", "the end of the file"))
            }
            Err(source) => Err(Error::Io { path: path.to_owned(), source }),
        }
    };
    let start = bytes(MAGIC.len() + 2)?;
    if !start.starts_with(MAGIC) {
        return Err(format(path, "magic number", "that of an NPY file", format!("{start:02x?}")));
    }
    let length = match start[MAGIC.len()] {
        1 => usize::from(u16::from_le_bytes(bytes(2)?.try_into().expect("2 bytes"))),
        2 | 3 => u32::from_le_bytes(bytes(4)?.try_into().expect("4 bytes")) as usize,
        other => return Err(format(path, "version", "1, 2 or 3", other)),
    };
    if length > LONGEST_HEADER {
        return Err(format(path, "length of the header", format!("at most {LONGEST_HEADER}"), length));
    }
    let text = String::from_utf8_lossy(&bytes(length)?).into_owned();
    let value = |key: &str| {
        let quoted = [format!("'{key}':"), format!("\"{key}\":")];
        let rest = quoted.iter().find_map(|key| text.split_once(key.as_str()));
        rest.map(|(_, rest)| rest.trim_start())
    };
    let wrong = |expected| format(path, "header", expected, text.trim_end());

    let kind = value("descr").and_then(|rest| {
        let quote = rest.chars().next().filter(|quote| "'\"".contains(*quote))?;
        Kind::new(rest[1..].split_once(quote)?.0)
    });
    let kind = kind.ok_or_else(|| wrong("numbers as `descr`"))?;
    let fortran_order = match value("fortran_order") {
        Some(rest) if rest.starts_with("True") => true,
        Some(rest) if rest.starts_with("False") => false,
        _ => return Err(wrong("`fortran_order` True or False")),
    };
    let dims = value("shape").and_then(|rest| {
        let inside = rest.strip_prefix('(')?.split_once(')')?.0;
        let sizes = inside.split(',').map(str::trim).filter(|size| !size.is_empty());
        sizes.map(|size| size.parse().ok()).collect::<Option<Vec<usize>>>()
    });
    let dims = dims.ok_or_else(|| wrong("a tuple of sizes as `shape`"))?;
    let shape = Shape::try_new(&dims).map_err(|why| format(path, "shape", "one that fits", why))?;
    Ok(Header { kind, fortran_order, shape })
}

fn format(
    path: &Path,
    field: &'static str,
    expected: impl Into<String>,
    found: impl std::fmt::Display,
) -> Error {
    Error::Format { path: path.to_owned(), field, expected: expected.into(), found: found.to_string() }
}
