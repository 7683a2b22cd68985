//! The gradient suite: every op of the one list against everything its contract promises.
//!
//! `PROPTEST_CASES` scales it (64 per op unless set). Samples are built from the choices that
//! proptest draws, so that a failing one shrinks; its choices are kept in `proptest-regressions`.

use gradtape::gradcheck::{Read, check_case, check_reads, check_rejects};
use gradtape::{Op, for_each_op};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use std::cell::Cell;

fn prove<O: Op>() {
    check_rejects::<O>().unwrap_or_else(|failure| panic!("{failure}"));
    let cases = std::env::var("PROPTEST_CASES").map_or(64, |n| n.parse().expect("PROPTEST_CASES: a number"));
    let config = Config {
        cases,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        ..Config::default()
    };
    let read = Cell::new(Read::default());
    let choices = prop::collection::vec(any::<u32>(), 0..600);
    let result = TestRunner::new(config).run(&choices, |choices| {
        let found = check_case::<O>(&choices).map_err(|failure| TestCaseError::fail(failure.to_string()))?;
        read.set(read.get().or(found));
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    check_reads::<O>(read.get()).unwrap_or_else(|failure| panic!("{failure}"));
}

macro_rules! suite {
    ($($name:ident: $Op:ty,)*) => {
        $(
            #[test]
            fn $name() {
                prove::<$Op>();
            }
        )*
    };
}
for_each_op!(suite);
