//! The gradient suite: every op of the one list against everything its contract promises, and its
//! value against a naive implementation.
//!
//! `PROPTEST_CASES` scales it (64 per op unless set). Samples are built from the choices that
//! proptest draws, so that a failing one shrinks; its choices are kept in
//! `main.proptest-regressions`.

mod naive;

use gradtape::gradcheck::{Gen, Read, check_case, check_reads, check_rejects};
use gradtape::op::Arity;
use gradtape::{Arg, Tensor, Value, for_each_op};
use naive::Naive;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use std::cell::Cell;

/// The op's value on one sample against its oracle's.
fn check_value<O: Naive>(choices: &[u32]) -> Result<(), String> {
    let sample = O::samples(&mut Gen::new(choices));
    let (op, inputs) = (sample.op(), sample.inputs());
    let y = Value::apply(op.clone(), O::In::build(inputs.len(), |i| Arg::Ref(&inputs[i])));
    let found: &[Tensor<f64>] = O::Out::slice(&y);
    let arrays: Vec<_> = inputs.iter().map(|x| x.view().into_owned()).collect();
    let want = op.naive(&arrays);
    if found.len() != want.len() {
        return Err(format!("{} results, naively {}\n  for {sample:?}", found.len(), want.len()));
    }
    for (j, (found, want)) in found.iter().zip(&want).enumerate() {
        if found.shape().dims() != want.shape() {
            return Err(format!(
                "result {j} is {}, naively {:?}\n  for {sample:?}",
                found.shape(),
                want.shape()
            ));
        }
        for (i, (&p, &q)) in found.slice().iter().zip(want).enumerate() {
            if p.is_nan() || q.is_nan() || (p - q).abs() > 1e-12 * q.abs().max(1.0) {
                return Err(format!("result {j}, element {i}: {p:e}, naively {q:e}\n  for {sample:?}"));
            }
        }
    }
    Ok(())
}

fn prove<O: Naive>() {
    check_rejects::<O>().unwrap_or_else(|failure| panic!("{failure}"));
    let cases = std::env::var("PROPTEST_CASES").map_or(64, |n| n.parse().expect("PROPTEST_CASES: a number"));
    let config = Config {
        cases,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("proptest-regressions"))),
        max_shrink_iters: 10_000,
        ..Config::default()
    };
    let read = Cell::new(Read::default());
    let choices = prop::collection::vec(any::<u32>(), 0..600);
    let result = TestRunner::new(config).run(&choices, |choices| {
        check_value::<O>(&choices)
            .map_err(|why| TestCaseError::fail(format!("{}: value: {why}", O::NAME)))?;
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
