//! The four files of MNIST, and of the data sets distributed in its form.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{
    idx::{Idx, read_images, read_labels},
    images::{Images, first_label_beyond},
};
use crate::Error;

const CLASSES: usize = 10;

/// Loads the training and the test images of MNIST from a directory.
///
/// The files are `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte`. Each may also be spelled with a dot before `idx`, and be
/// gzip-compressed with `.gz` after its name; an uncompressed file is preferred to a compressed one.
///
/// Images may be of any number and size, so other data sets of ten classes in the same files, such
/// as Fashion-MNIST, load too.
///
/// # Errors
///
/// [`Error::Io`] if a file is missing or cannot be read, and [`Error::Format`] if
///
/// - a file is not exactly one IDX file of its kind, or its compression is damaged;
/// - there are no images, or there is not one label below 10 for each;
/// - training and test images differ in size.
///
/// # Examples
///
/// ```
/// # use std::fs;
/// use gradtape::data::mnist;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let dir = tempfile::tempdir()?;
/// # for set in ["train", "t10k"] {
/// #     let images = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 10, 20];
/// #     fs::write(dir.path().join(format!("{set}-images-idx3-ubyte")), images)?;
/// #     fs::write(dir.path().join(format!("{set}-labels-idx1-ubyte")), [0, 0, 8, 1, 0, 0, 0, 1, 7])?;
/// # }
/// # let dir = dir.path(); // where MNIST itself would be "data/mnist"
/// let (train, test) = mnist(dir)?;
/// println!("{} images to train with and {} to test on", train.len(), test.len());
/// assert_eq!(train.classes(), 10);
/// # assert_eq!((train.image(0), train.label(0), train.len()), (&[10, 20][..], 7, 1));
/// # Ok(())
/// # }
/// ```
pub fn mnist(dir: impl AsRef<Path>) -> Result<(Images, Images), Error> {
    let dir = dir.as_ref();
    let (train_path, train) = load(dir, "train")?;
    let (test_path, test) = load(dir, "t10k")?;
    for (field, of_train, of_test) in
        [("rows", train.rows(), test.rows()), ("cols", train.cols(), test.cols())]
    {
        if of_train != of_test {
            let expected = format!("{of_train}, as in {}", train_path.display());
            return Err(Error::Format { path: test_path, field, expected, found: of_test.to_string() });
        }
    }
    Ok((train, test))
}

/// The images of one set, and the file they came from.
fn load(dir: &Path, set: &str) -> Result<(PathBuf, Images), Error> {
    let (path, images) = first_found(dir, &format!("{set}-images"), "idx3-ubyte", read_images)?;
    let (labels_path, labels) = first_found(dir, &format!("{set}-labels"), "idx1-ubyte", read_labels)?;

    let Idx { shape: [count, rows, cols], bytes: pixels } = images;
    let labels = labels.bytes;
    for (field, n) in [("count", count), ("rows", rows), ("cols", cols)] {
        if n == 0 {
            return Err(Error::Format { path, field, expected: "at least 1".into(), found: "0".into() });
        }
    }
    if labels.len() != count {
        return Err(Error::Format {
            path: labels_path,
            field: "count",
            expected: format!("{count}, one for each image in {}", path.display()),
            found: labels.len().to_string(),
        });
    }
    if let Some((i, label)) = first_label_beyond(&labels, CLASSES) {
        return Err(Error::Format {
            path: labels_path,
            field: "label",
            expected: format!("below {CLASSES}"),
            found: format!("{label} at index {i}"),
        });
    }
    Ok((path, Images::from_parts(pixels, labels, rows, cols, CLASSES)?))
}

/// Reads the first of a file's spellings that is there.
fn first_found<T>(
    dir: &Path,
    stem: &str,
    suffix: &str,
    read: fn(PathBuf) -> Result<T, Error>,
) -> Result<(PathBuf, T), Error> {
    let names = [
        format!("{stem}-{suffix}"),
        format!("{stem}.{suffix}"),
        format!("{stem}-{suffix}.gz"),
        format!("{stem}.{suffix}.gz"),
    ];
    for name in &names {
        let path = dir.join(name);
        // Trying to read, and not whether the file exists, also reports one that may not be read.
        match read(path.clone()) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            result => return Ok((path, result?)),
        }
    }
    let state = if dir.is_dir() { "no such file in this directory" } else { "no such directory" };
    let source = io::Error::new(io::ErrorKind::NotFound, format!("{state}, looked for {}", names.join(", ")));
    Err(Error::Io { path: dir.into(), source })
}
