//! What the checks see of an op: doors that do not name its type, so that the checks are compiled
//! once and not once per op.

use super::op::Read;
use crate::{
    Arg, Dual, Interp, OpError, Shape, Tensor, Value, Var,
    op::{Arity, Composition, Op, Saved, Slot},
    tape::Record,
    tensor::Eager,
};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// An op, or a composition of ops.
pub(super) trait Subject: fmt::Debug {
    fn name(&self) -> &'static str;
    /// What `shape()` says; a composition has none.
    fn shapes(&self, x: &[Tensor<f64>]) -> Option<Result<Vec<Shape>, OpError>>;
    fn tensors(&self, x: &[Tensor<f64>]) -> Vec<Tensor<f64>>;
    /// On operands given away, which may be overwritten.
    fn given_away(&self, x: Vec<Tensor<f64>>) -> Vec<Tensor<f64>>;
    fn vars<'t>(&self, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>>;
    fn duals(&self, x: &[Dual<Eager<f64>>]) -> Vec<Dual<Eager<f64>>>;
    fn dual_vars<'t>(&self, x: &[Dual<Record<'t, f64>>]) -> Vec<Dual<Record<'t, f64>>>;
    fn tensors_f32(&self, x: &[Tensor<f32>]) -> Vec<Tensor<f32>>;
    fn vars_f32<'t>(&self, x: &[Var<'t, f32>]) -> Vec<Var<'t, f32>>;
    /// Which declared saves the rule reads: those that change what it gives when they become NaN.
    fn reads(&self, x: &[Tensor<f64>], y: &[Tensor<f64>], u: &[Tensor<f64>], constant: &[bool]) -> Read;
}

/// An op behind the doors.
pub(super) struct OpSubject<'s, O>(pub(super) &'s O);

fn apply<O: Op, I: Interp>(op: &O, x: &[Value<I>]) -> Vec<Value<I>> {
    let x = O::In::build(x.len(), |i| Arg::Ref(&x[i]));
    O::Out::slice(&Value::apply(op.clone(), x)).to_vec()
}

impl<O: Op> fmt::Debug for OpSubject<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op {:?}", self.0)
    }
}

impl<O: Op> Subject for OpSubject<'_, O> {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn shapes(&self, x: &[Tensor<f64>]) -> Option<Result<Vec<Shape>, OpError>> {
        let shapes = self.0.shape(O::In::build(x.len(), |i| x[i].shape()));
        Some(shapes.map(|shapes| O::Out::slice(&shapes).to_vec()))
    }

    fn tensors(&self, x: &[Tensor<f64>]) -> Vec<Tensor<f64>> {
        apply(self.0, x)
    }

    fn given_away(&self, mut x: Vec<Tensor<f64>>) -> Vec<Tensor<f64>> {
        let mut given = x.drain(..);
        let x = O::In::build(given.len(), |_| Arg::Own(given.next().expect("as many")));
        O::Out::slice(&Value::apply(self.0.clone(), x)).to_vec()
    }

    fn vars<'t>(&self, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        apply(self.0, x)
    }

    fn duals(&self, x: &[Dual<Eager<f64>>]) -> Vec<Dual<Eager<f64>>> {
        apply(self.0, x)
    }

    fn dual_vars<'t>(&self, x: &[Dual<Record<'t, f64>>]) -> Vec<Dual<Record<'t, f64>>> {
        apply(self.0, x)
    }

    fn tensors_f32(&self, x: &[Tensor<f32>]) -> Vec<Tensor<f32>> {
        apply(self.0, x)
    }

    fn vars_f32<'t>(&self, x: &[Var<'t, f32>]) -> Vec<Var<'t, f32>> {
        apply(self.0, x)
    }

    fn reads(&self, x: &[Tensor<f64>], y: &[Tensor<f64>], u: &[Tensor<f64>], constant: &[bool]) -> Read {
        let plain = self.pulled(x, y, u, constant);
        let lost = |values: &[Tensor<f64>], place: usize| -> Vec<Tensor<f64>> {
            let nan =
                |i, value: &Tensor<f64>| if i == place { value.map(|_| f64::NAN) } else { value.clone() };
            values.iter().enumerate().map(|(i, value)| nan(i, value)).collect()
        };
        // A rule that does not survive has read, too.
        let changes = |x: &[Tensor<f64>], y: &[Tensor<f64>]| {
            let found = catch_unwind(AssertUnwindSafe(|| self.pulled(x, y, u, constant)));
            found.map_or(true, |found| found != plain)
        };
        let bits = |read: &dyn Fn(usize) -> bool| (0..32).fold(0, |bits, i| bits | u32::from(read(i)) << i);
        Read {
            inputs: bits(&|i| O::SAVES.input(i) && i < x.len() && changes(&lost(x, i), y)),
            outputs: bits(&|j| O::SAVES.output(j) && j < y.len() && changes(x, &lost(y, j))),
            ..Read::default()
        }
    }
}

impl<O: Op> OpSubject<'_, O> {
    /// The bits of Jᵀu, by the rule alone, from these saved values.
    fn pulled(
        &self,
        x: &[Tensor<f64>],
        y: &[Tensor<f64>],
        u: &[Tensor<f64>],
        constant: &[bool],
    ) -> Vec<Option<Vec<u64>>> {
        let slot =
            |saved, value| Slot { value: if saved { Some(value) } else { None }, shape: value.shape() };
        let saved: Saved<'_, O, Eager<f64>> = Saved {
            x: O::In::build(x.len(), |i| slot(O::SAVES.input(i), &x[i])),
            y: O::Out::build(y.len(), |j| slot(O::SAVES.output(j), &y[j])),
        };
        let dy = O::Out::reached(u.len(), |j| Some(u[j].clone()));
        let dx = self.0.vjp(saved, dy, O::In::build(x.len(), |i| !constant[i]));
        let bits =
            |dx: &Option<Tensor<f64>>| Some(dx.as_ref()?.slice().iter().map(|v| v.to_bits()).collect());
        O::In::slice(&dx).iter().map(bits).collect()
    }
}

/// A composition behind the doors.
pub(super) struct CompositionSubject<'s, C>(pub(super) &'s C);

impl<C: Composition> fmt::Debug for CompositionSubject<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "composition {:?}", self.0)
    }
}

impl<C: Composition> Subject for CompositionSubject<'_, C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn shapes(&self, _: &[Tensor<f64>]) -> Option<Result<Vec<Shape>, OpError>> {
        None
    }

    fn tensors(&self, x: &[Tensor<f64>]) -> Vec<Tensor<f64>> {
        self.0.call(x)
    }

    fn given_away(&self, x: Vec<Tensor<f64>>) -> Vec<Tensor<f64>> {
        self.0.call(&x)
    }

    fn vars<'t>(&self, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        self.0.call(x)
    }

    fn duals(&self, x: &[Dual<Eager<f64>>]) -> Vec<Dual<Eager<f64>>> {
        self.0.call(x)
    }

    fn dual_vars<'t>(&self, x: &[Dual<Record<'t, f64>>]) -> Vec<Dual<Record<'t, f64>>> {
        self.0.call(x)
    }

    fn tensors_f32(&self, x: &[Tensor<f32>]) -> Vec<Tensor<f32>> {
        self.0.call(x)
    }

    fn vars_f32<'t>(&self, x: &[Var<'t, f32>]) -> Vec<Var<'t, f32>> {
        self.0.call(x)
    }

    fn reads(&self, _: &[Tensor<f64>], _: &[Tensor<f64>], _: &[Tensor<f64>], _: &[bool]) -> Read {
        Read::default()
    }
}
