//! Layers against PyTorch and against finite differences, in training and in evaluation, how they behave
//! in a model, and what they refuse.

mod behaviour;
mod fixture;
mod refusals;
mod sequences;
mod single;
mod spatial;
mod suite;
#[path = "../fixtures/tensor.rs"]
mod tensor;
mod training;

use gradtape::nn::{Ctx, Module, Params};
use gradtape::{Record, Tensor, Var};

/// A layer as the checks see it, so that they are compiled once.
pub(crate) trait Layer {
    fn run<'t>(&self, cx: &Ctx<'_, Record<'t, f64>>, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>>;
}

impl<M: Module> Layer for M {
    fn run<'t>(&self, cx: &Ctx<'_, Record<'t, f64>>, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        vec![self.forward(cx, x[0].clone())]
    }
}

/// A layer of several inputs or outputs, by how it is run.
pub(crate) struct Run<R>(R);

impl<R> Layer for Run<R>
where
    R: for<'c, 't> Fn(&Ctx<'c, Record<'t, f64>>, &[Var<'t, f64>]) -> Vec<Var<'t, f64>>,
{
    fn run<'t>(&self, cx: &Ctx<'_, Record<'t, f64>>, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        (self.0)(cx, x)
    }
}

pub(crate) fn run<R>(run: R) -> Box<dyn Layer>
where
    R: for<'c, 't> Fn(&Ctx<'c, Record<'t, f64>>, &[Var<'t, f64>]) -> Vec<Var<'t, f64>> + 'static,
{
    Box::new(Run(run))
}

pub(crate) type Make = fn(&mut Params<f64>) -> Box<dyn Layer>;

#[track_caller]
pub(crate) fn near(what: &str, found: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (a, b) in found.slice().iter().zip(expected.slice()) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {found:?} against {expected:?}");
    }
}

pub(crate) fn refused(f: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err("a refusal");
    payload
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| payload.downcast_ref::<&str>().unwrap().to_string())
}
