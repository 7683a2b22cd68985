//! How the examples end.

use std::{fmt::Display, process::ExitCode};

/// An error on one line of stderr, and the code of a failure.
pub(crate) fn code(result: Result<(), impl Display>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
