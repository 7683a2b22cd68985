//! Proves gradients: of an op against everything its contract promises, of any function against
//! finite differences.
//!
//! [`gradcheck`] takes a function of your own; [`check_op`] takes an [`Op`](crate::Op), and is
//! what [`checked!`](crate::checked) runs.
#![forbid(unsafe_code)]

mod difference;
mod function;
mod op;
mod sample;
mod subject;

pub use function::gradcheck;
pub use op::{
    PROMISES, Read, check_case, check_composition, check_composition_case, check_op, check_reads,
    check_rejects,
};
pub use sample::{Domain, Gen, Reject, Sample};

use std::fmt;

/// What a check found wrong, and where.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The op, or "function".
    subject: String,
    /// The promise that was broken.
    check: &'static str,
    /// The figures.
    detail: String,
}

impl Failure {
    fn new(subject: impl Into<String>, check: &'static str, detail: impl Into<String>) -> Self {
        Failure { subject: subject.into(), check, detail: detail.into() }
    }

    /// The promise that was broken, in a word or two.
    pub fn check(&self) -> &'static str {
        self.check
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gradtape: gradcheck: {}: {}: {}", self.subject, self.check, self.detail)
    }
}

impl std::error::Error for Failure {}
