//! The gradient suite: every op of the one list against everything its contract promises, and its
//! value against a naive implementation.
//!
//! `PROPTEST_CASES` scales it (64 per op unless set). Samples are built from the choices that
//! proptest draws, so that a failing one shrinks; its choices are kept in
//! `main.proptest-regressions`.

mod naive;
mod spoiled;

use gradtape::gradcheck::{
    Failure, Gen, Read, Sample, check_case, check_composition_case, check_reads, check_rejects,
};
use gradtape::op::{Arity, Composition};
use gradtape::{Arg, Tensor, Value, for_each_composition, for_each_op};
use naive::{Naive, NaiveOp};
use ndarray::ArrayD;
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, TestRunner};
use std::cell::Cell;

/// What is proved of one op or composition; not generic, so that proptest is compiled once.
struct Proof {
    name: &'static str,
    /// The value on the sample of these choices, the naive value, and the sample in words.
    value: fn(&[u32]) -> (Vec<Tensor<f64>>, Vec<ArrayD<f64>>, String),
    case: fn(&[u32]) -> Result<Read, Failure>,
    rejects: fn() -> Result<(), Failure>,
    /// Refuses what does not fit, by name.
    spoiled: fn(),
    reads: fn(Read) -> Result<(), Failure>,
}

impl Proof {
    fn of_op<O: NaiveOp>() -> Self {
        fn value<O: NaiveOp>(choices: &[u32]) -> (Vec<Tensor<f64>>, Vec<ArrayD<f64>>, String) {
            let sample = O::samples(&mut Gen::new(choices));
            let x = sample.inputs();
            let y = Value::apply(sample.op().clone(), O::In::build(x.len(), |i| Arg::Ref(&x[i])));
            (O::Out::slice(&y).to_vec(), naively(&sample), format!("{sample:?}"))
        }
        Proof {
            name: O::NAME,
            value: value::<O>,
            case: check_case::<O>,
            rejects: check_rejects::<O>,
            spoiled: || {
                spoiled::check(O::NAME, &|g| {
                    let sample = O::samples(g);
                    let x = sample.inputs().to_vec();
                    let call = move |x: &[Tensor<f64>]| {
                        Value::apply(sample.op().clone(), O::In::build(x.len(), |i| Arg::Ref(&x[i])));
                    };
                    (x, Box::new(call))
                });
            },
            reads: check_reads::<O>,
        }
    }

    fn of_composition<C: Composition + Naive>() -> Self {
        fn value<C: Composition + Naive>(choices: &[u32]) -> (Vec<Tensor<f64>>, Vec<ArrayD<f64>>, String) {
            let sample = C::samples(&mut Gen::new(choices));
            (sample.op().call(sample.inputs()), naively(&sample), format!("{sample:?}"))
        }
        Proof {
            name: C::NAME,
            value: value::<C>,
            case: |choices| check_composition_case::<C>(choices).map(|()| Read::default()),
            rejects: || Ok(()),
            spoiled: || {
                spoiled::check(C::NAME, &|g| {
                    let sample = C::samples(g);
                    (sample.inputs().to_vec(), Box::new(move |x| drop(sample.op().call(x))))
                });
            },
            reads: |_| Ok(()),
        }
    }

    /// The value on one sample against its oracle's.
    fn check_value(&self, choices: &[u32]) -> Result<(), String> {
        let (found, want, sample) = (self.value)(choices);
        if found.len() != want.len() {
            return Err(format!("{} results, naively {}\n  for {sample}", found.len(), want.len()));
        }
        for (j, (found, want)) in found.iter().zip(&want).enumerate() {
            if found.shape().dims() != want.shape() {
                let shapes = format!("{}, naively {:?}", found.shape(), want.shape());
                return Err(format!("result {j} is {shapes}\n  for {sample}"));
            }
            for (i, (&p, &q)) in found.slice().iter().zip(want).enumerate() {
                if p.is_nan() || q.is_nan() || (p - q).abs() > 1e-12 * q.abs().max(1.0) {
                    return Err(format!("result {j}, element {i}: {p:e}, naively {q:e}\n  for {sample}"));
                }
            }
        }
        Ok(())
    }

    fn run(&self) {
        (self.rejects)().unwrap_or_else(|failure| panic!("{failure}"));
        (self.spoiled)();
        let cases =
            std::env::var("PROPTEST_CASES").map_or(64, |n| n.parse().expect("PROPTEST_CASES: a number"));
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
            let wrong = |why| TestCaseError::fail(format!("{}: value: {why}", self.name));
            self.check_value(&choices).map_err(wrong)?;
            let found = (self.case)(&choices).map_err(|failure| TestCaseError::fail(failure.to_string()))?;
            read.set(read.get().or(found));
            Ok(())
        });
        if let Err(error) = result {
            panic!("{error}");
        }
        (self.reads)(read.get()).unwrap_or_else(|failure| panic!("{failure}"));
    }
}

fn naively<N: Naive>(sample: &Sample<N>) -> Vec<ArrayD<f64>> {
    let arrays: Vec<_> = sample.inputs().iter().map(|x| x.view().into_owned()).collect();
    sample.op().naive(&arrays)
}

macro_rules! ops {
    ($($name:ident: $Op:ty,)*) => {
        $(
            #[test]
            fn $name() {
                Proof::of_op::<$Op>().run();
            }
        )*
    };
}
for_each_op!(ops);

macro_rules! compositions {
    ($($name:ident: $Composition:ty,)*) => {
        $(
            #[test]
            fn $name() {
                Proof::of_composition::<$Composition>().run();
            }
        )*
    };
}
for_each_composition!(compositions);
