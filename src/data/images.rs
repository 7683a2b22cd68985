//! Labelled images, as bytes.

use std::{fmt, ops::Range};

use crate::Error;

/// Labelled grey-scale images of one size; at least one image of at least one pixel.
#[derive(Clone, PartialEq, Eq)]
pub struct Images {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    rows: usize,
    cols: usize,
    classes: usize,
}

impl Images {
    /// Images from their pixels, one image after another in rows, and one label below `classes` for
    /// each.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if there is no image or no pixel in one, the number of pixels is not that of
    /// the labels times `rows` times `cols`, or a label is not below `classes`.
    ///
    /// # Examples
    ///
    /// ```
    /// use gradtape::data::Images;
    ///
    /// # fn main() -> Result<(), gradtape::Error> {
    /// // Two images of one row and three columns.
    /// let images = Images::from_parts(vec![10, 20, 30, 40, 50, 60], vec![1, 0], 1, 3, 2)?;
    /// assert_eq!(images.len(), 2);
    /// assert_eq!(images.image(1), [40, 50, 60]);
    /// assert_eq!(images.label(1), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_parts(
        pixels: Vec<u8>,
        labels: Vec<u8>,
        rows: usize,
        cols: usize,
        classes: usize,
    ) -> Result<Images, Error> {
        for (what, n) in [("images", labels.len()), ("image rows", rows), ("image columns", cols)] {
            if n == 0 {
                return Err(Error::data(what, "at least 1", 0));
            }
        }
        let expected = rows.checked_mul(cols).and_then(|size| size.checked_mul(labels.len()));
        if expected != Some(pixels.len()) {
            let product = format!("{} ({} x {rows} x {cols})", show(expected), labels.len());
            return Err(Error::data("pixels", product, pixels.len()));
        }
        if let Some((i, label)) = first_label_beyond(&labels, classes) {
            return Err(Error::data(format_args!("label {i}"), format_args!("below {classes}"), label));
        }
        Ok(Images { pixels, labels, rows, cols, classes })
    }

    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are no images, which never happens.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The rows of each image.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns of each image.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The number of classes; every label is below it.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The pixels of image `i`, row by row.
    ///
    /// # Panics
    ///
    /// If there is no image `i`.
    #[track_caller]
    pub fn image(&self, i: usize) -> &[u8] {
        assert!(i < self.len(), "gradtape: images: there is no image {i} of {}", self.len());
        let size = self.rows * self.cols;
        &self.pixels[i * size..][..size]
    }

    /// The label of image `i`.
    ///
    /// # Panics
    ///
    /// If there is no image `i`.
    #[track_caller]
    pub fn label(&self, i: usize) -> u8 {
        assert!(i < self.len(), "gradtape: images: there is no label {i} of {}", self.len());
        self.labels[i]
    }

    /// The pixels of all images, one image after another.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The labels of all images.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// A copy of the images in `range`.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the range is empty or reaches beyond the last image.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gradtape::data::Images;
    /// # fn main() -> Result<(), gradtape::Error> {
    /// let images = Images::from_parts(vec![10, 20, 30], vec![0, 1, 0], 1, 1, 2)?;
    /// assert_eq!(images.take(1..3)?.pixels(), [20, 30]);
    /// assert!(images.take(1..4).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn take(&self, range: Range<usize>) -> Result<Images, Error> {
        if range.is_empty() || range.end > self.len() {
            let expected = format!("a part of 0..{}, not empty", self.len());
            return Err(Error::data("range of images", expected, format_args!("{range:?}")));
        }
        let size = self.rows * self.cols;
        Ok(Images {
            pixels: self.pixels[range.start * size..range.end * size].to_vec(),
            labels: self.labels[range].to_vec(),
            ..*self
        })
    }

    /// The first `n` images and the rest, such as a training and a validation set.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if either part would be empty.
    ///
    /// # Examples
    ///
    /// ```
    /// # use gradtape::data::Images;
    /// # fn main() -> Result<(), gradtape::Error> {
    /// let images = Images::from_parts(vec![10, 20, 30], vec![0, 1, 0], 1, 1, 2)?;
    /// let (train, validation) = images.split_at(2)?;
    /// assert_eq!((train.pixels(), validation.pixels()), (&[10, 20][..], &[30][..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn split_at(mut self, n: usize) -> Result<(Images, Images), Error> {
        if n == 0 || n >= self.len() {
            let expected = format!("at least 1 and below {}", self.len());
            return Err(Error::data("images before the split", expected, n));
        }
        let rest = Images {
            pixels: self.pixels.split_off(n * self.rows * self.cols),
            labels: self.labels.split_off(n),
            ..self
        };
        Ok((self, rest))
    }
}

impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Images")
            .field("len", &self.len())
            .field("rows", &self.rows)
            .field("cols", &self.cols)
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}

/// The first label that is not below `classes`, and where it is.
pub(super) fn first_label_beyond(labels: &[u8], classes: usize) -> Option<(usize, u8)> {
    labels.iter().copied().enumerate().find(|&(_, label)| usize::from(label) >= classes)
}

fn show(product: Option<usize>) -> String {
    product.map_or_else(|| "more than memory holds".into(), |n| n.to_string())
}
