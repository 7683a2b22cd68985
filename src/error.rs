//! What can go wrong outside arithmetic: files, bytes, options, data.

use std::{fmt, io, path::PathBuf};

/// An error from files, bytes, configuration or training data.
///
/// Arithmetic on tensors panics instead, as `ndarray` does; see [`OpError`](crate::OpError)
/// for its fallible form.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A file that could not be opened, read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file that is not what its format says it should be.
    Format {
        /// The file.
        path: PathBuf,
        /// The part of the format that is wrong.
        field: &'static str,
        /// What that part should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An option or hyper-parameter outside its domain.
    Config {
        /// The option, as the user writes it.
        option: &'static str,
        /// Its domain.
        expected: String,
        /// The value given.
        found: String,
    },
    /// Training data that does not fit its model, loss or other half.
    Data {
        /// What was looked at.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
}

impl Error {
    /// A [`Config`](Error::Config) error.
    pub fn config(option: &'static str, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Error::Config { option, expected: expected.to_string(), found: found.to_string() }
    }

    /// A [`Data`](Error::Data) error.
    pub fn data(what: impl fmt::Display, expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Error::Data { what: what.to_string(), expected: expected.to_string(), found: found.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Error::Format { path, field, expected, found } => {
                write!(f, "{}: {field}: expected {expected}, found {found}", path.display())
            }
            Error::Config { option, expected, found } => {
                write!(f, "{option}: expected {expected}, found {found}")
            }
            Error::Data { what, expected, found } => {
                write!(f, "{what}: expected {expected}, found {found}")
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
