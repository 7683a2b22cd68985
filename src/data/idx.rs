//! The IDX format: a magic number, the dimensions, then the elements, all big-endian.
//!
//! The magic number is two zero bytes, the element type (8: unsigned byte, the only one read here)
//! and the number of dimensions; each dimension is a 32-bit count.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use crate::Error;

/// The magic number of unsigned bytes, to which the number of dimensions is added.
const MAGIC: u32 = 0x0800;

/// The first allocation for the elements; later ones double what has arrived.
const FIRST_STEP: usize = 1 << 16;

/// The contents of an IDX file of unsigned bytes in `D` dimensions: 3 for images, 1 for labels.
#[derive(Clone, PartialEq, Eq)]
pub struct Idx<const D: usize> {
    /// The dimensions, outermost first: the count and, for images, the rows and columns of each.
    pub shape: [usize; D],
    /// The elements, the last dimension varying fastest; as many as the product of `shape`.
    pub bytes: Vec<u8>,
}

impl<const D: usize> fmt::Debug for Idx<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idx").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// Reads a file of images, gzip-compressed if its name ends in `.gz`.
///
/// # Errors
///
/// [`Error::Io`] if the file cannot be opened or read, or is compressed and the crate was built
/// without its `gzip` feature; [`Error::Format`] if it is not exactly one IDX file of images.
///
/// # Examples
///
/// ```
/// use gradtape::data::read_images;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("two-images-idx3-ubyte");
/// // Two images of one row and three columns.
/// std::fs::write(&path, [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60])?;
///
/// let images = read_images(&path)?;
/// assert_eq!(images.shape, [2, 1, 3]);
/// assert_eq!(images.bytes, [10, 20, 30, 40, 50, 60]);
/// # Ok(())
/// # }
/// ```
pub fn read_images(path: impl AsRef<Path>) -> Result<Idx<3>, Error> {
    read(path.as_ref())
}

/// Reads a file of labels, gzip-compressed if its name ends in `.gz`.
///
/// # Errors
///
/// As [`read_images`], for labels.
///
/// # Examples
///
/// ```
/// use gradtape::data::read_labels;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// let path = dir.path().join("two-labels-idx1-ubyte");
/// std::fs::write(&path, [0, 0, 8, 1, 0, 0, 0, 2, 7, 3])?;
///
/// assert_eq!(read_labels(&path)?.bytes, [7, 3]);
/// # Ok(())
/// # }
/// ```
pub fn read_labels(path: impl AsRef<Path>) -> Result<Idx<1>, Error> {
    read(path.as_ref())
}

/// Parses the bytes of an uncompressed IDX file; `name` stands for its path in errors.
///
/// # Errors
///
/// [`Error::Format`] if the bytes are not exactly one IDX file of `D` dimensions.
///
/// # Examples
///
/// ```
/// use gradtape::data::parse_idx;
///
/// # fn main() -> Result<(), gradtape::Error> {
/// let labels = parse_idx::<1>(&[0, 0, 8, 1, 0, 0, 0, 2, 7, 3], "labels")?;
/// assert_eq!((labels.shape, labels.bytes), ([2], vec![7, 3]));
///
/// let error = parse_idx::<3>(&[0, 0, 8, 1, 0, 0, 0, 2, 7, 3], "labels").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "labels: magic: expected 0x00000803 (images), found 0x00000801 (labels)"
/// );
/// # Ok(())
/// # }
/// ```
pub fn parse_idx<const D: usize>(bytes: &[u8], name: impl AsRef<Path>) -> Result<Idx<D>, Error> {
    parse(bytes, name.as_ref())
}

/// Parses the bytes of a gzip-compressed IDX file; `name` stands for its path in errors.
///
/// Decompression stops with an error as soon as more arrives than the header announces.
///
/// # Errors
///
/// [`Error::Format`] if the bytes are not intact gzip, or what they hold is not exactly one IDX file
/// of `D` dimensions; [`Error::Io`] if the crate was built without its `gzip` feature.
///
/// # Examples
///
/// ```
/// use gradtape::{Error, data::parse_idx_gz};
///
/// let error = parse_idx_gz::<1>(b"not gzip at all", "labels.gz").unwrap_err();
/// assert!(matches!(error, Error::Format { field: "gzip", .. }));
/// ```
pub fn parse_idx_gz<const D: usize>(bytes: &[u8], name: impl AsRef<Path>) -> Result<Idx<D>, Error> {
    let name = name.as_ref();
    parse(gunzip(bytes, name)?, name)
}

fn read<const D: usize>(path: &Path) -> Result<Idx<D>, Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.into(), source })?;
    if path.extension().is_some_and(|extension| extension == "gz") {
        parse(gunzip(file, path)?, path)
    } else {
        parse(file, path)
    }
}

#[cfg(feature = "gzip")]
fn gunzip<R: Read>(reader: R, _path: &Path) -> Result<impl Read + use<R>, Error> {
    Ok(flate2::read::MultiGzDecoder::new(reader))
}

#[cfg(not(feature = "gzip"))]
fn gunzip<R: Read>(_reader: R, path: &Path) -> Result<io::Empty, Error> {
    let source = io::Error::new(
        io::ErrorKind::Unsupported,
        "gzip-compressed, and gradtape was built without its `gzip` feature",
    );
    Err(Error::Io { path: path.into(), source })
}

fn parse<const D: usize>(mut reader: impl Read, path: &Path) -> Result<Idx<D>, Error> {
    const { assert!(0 < D && D < 256, "the magic number has one byte for the number of dimensions") };
    let format =
        |field, expected, found| Err(Error::Format { path: path.to_path_buf(), field, expected, found });
    let failed = |source| read_error(path, source);

    let header_len = 4 + 4 * D;
    let mut header = Vec::new();
    reader.by_ref().take(header_len as u64).read_to_end(&mut header).map_err(failed)?;
    let words: Vec<u32> = header.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect();

    // A short file of another kind is first of all of another kind.
    let magic = MAGIC + D as u32;
    if let Some(&found) = words.first()
        && found != magic
    {
        return format("magic", describe(magic), describe(found));
    }
    if header.len() != header_len {
        return format("header", format!("{header_len} bytes"), format!("{} bytes", header.len()));
    }

    let dimensions = &words[1..];
    let Some(expected) = dimensions.iter().try_fold(1u64, |size, &n| size.checked_mul(n.into())) else {
        let product: Vec<String> = dimensions.iter().map(u32::to_string).collect();
        return format("dimensions", "a product below 2^64".into(), product.join(" x "));
    };

    let bytes = read_payload(&mut reader, expected).map_err(failed)?;
    if bytes.len() as u64 != expected {
        return format("payload", format!("{expected} bytes"), format!("{} bytes", bytes.len()));
    }
    // One byte more is enough to refuse, and reading on makes the gzip decoder verify its checksum.
    if reader.take(1).read_to_end(&mut header).map_err(failed)? != 0 {
        return format("payload", format!("{expected} bytes"), format!("at least {} bytes", bytes.len() + 1));
    }
    Ok(Idx { shape: std::array::from_fn(|i| dimensions[i] as usize), bytes })
}

/// Reads up to `expected` bytes, allocating no more than twice what has arrived.
fn read_payload(mut reader: impl Read, expected: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < expected {
        let step = (expected - bytes.len() as u64).min(bytes.len().max(FIRST_STEP) as u64);
        // Exactly, so that the last step leaves no spare capacity.
        bytes.try_reserve_exact(step as usize)?;
        if reader.by_ref().take(step).read_to_end(&mut bytes)? as u64 != step {
            break;
        }
    }
    Ok(bytes)
}

/// The operating system's errors carry its code and the gzip decoder's do not.
fn read_error(path: &Path, source: io::Error) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    match source.kind() {
        InvalidData | InvalidInput | UnexpectedEof if source.raw_os_error().is_none() => Error::Format {
            path: path.into(),
            field: "gzip",
            expected: "a whole, intact gzip stream".into(),
            found: source.to_string(),
        },
        _ => Error::Io { path: path.into(), source },
    }
}

fn describe(magic: u32) -> String {
    let kind = match magic {
        0x0801 => " (labels)",
        0x0803 => " (images)",
        0x1f8b_0000..=0x1f8b_ffff => " (gzip)",
        _ => "",
    };
    format!("{magic:#010x}{kind}")
}
