//! Functions computed again: the same bits, in every order and every mode.

use crate::{close, draws, refused};
use gradtape::random::Rng;
use gradtape::transform::{Checkpoint, Function, grad, hessian, hvp, jvp, value_and_grad};
use gradtape::{Dual, Eager, Forward, Interp, Record, Tape, Tensor, Value, Var, nn};
use std::rc::Rc;

/// What draws a mask, from a generator of its own.
#[derive(Clone)]
struct Noisy(Rng);

impl Function for Noisy {
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        let mask = x[0].lift(self.0.dropout_mask(x[0].shape(), 0.5));
        let y = (&x[0] * &x[1]).tanh() * mask;
        vec![y.sum_axes(0, false), y.exp()]
    }
}

/// What draws from a generator that it shares.
#[derive(Clone)]
struct Sharing(Rc<Rng>);

impl Function for Sharing {
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        vec![&x[0] * x[0].lift(self.0.dropout_mask(x[0].shape(), 0.5))]
    }
}

/// A checkpoint within.
#[derive(Clone)]
struct Nested(Checkpoint<Noisy>);

impl Function for Nested {
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        let y = self.0.call(&[x[0].sin(), x[1].clone()]);
        self.0.call(&[&y[1] * &y[0], x[1].clone()])
    }
}

/// A number from both results, the second time round after other draws.
fn total<I: Interp>(block: &impl Function, x: &Value<I>, w: &Value<I>) -> Value<I> {
    let first = block.call(&[x.clone(), w.clone()]);
    let second = block.call(&[first[1].clone(), w.clone()]);
    (&first[0] * &second[0]).sum() + second[1].square().sum()
}

#[test]
fn checkpoints_change_no_bit_of_value_gradient_or_draw() {
    let [x, w] = draws(10, [&[4, 3], &[4, 3]]);
    let stored = value_and_grad(|[x, w]| total(&Noisy(Rng::new(3)), x, w), [&x, &w]);
    let again = value_and_grad(|[x, w]| total(&Checkpoint::new(Noisy(Rng::new(3))), x, w), [&x, &w]);
    assert_eq!(stored, again);
    let unlike = value_and_grad(|[x, w]| total(&Noisy(Rng::new(4)), x, w), [&x, &w]);
    assert_ne!(stored.0, unlike.0, "no mask was drawn");
    let inner = || Checkpoint::new(Noisy(Rng::new(3)));
    let stored = value_and_grad(|[x, w]| total(&Nested(inner()), x, w), [&x, &w]);
    let again = value_and_grad(|[x, w]| total(&Checkpoint::new(Nested(inner())), x, w), [&x, &w]);
    assert_eq!(stored, again, "nested");
    // One operand constant, one result unused, two nodes for the whole.
    let tape = Tape::new();
    let w = tape.var(w);
    let y = Checkpoint::new(Noisy(Rng::new(3))).call(&[w.lift(x.clone()), w.clone()]);
    assert_eq!(tape.len(), 3, "a variable and two results");
    let found = y[1].sum().backward();
    let plain = Noisy(Rng::new(3)).call(&[w.lift(x), w.clone()]);
    assert_eq!(found.wrt(&w), plain[1].sum().backward().wrt(&w));
}

#[test]
fn checkpoints_have_derivatives_of_every_order_in_every_mode() {
    let [x, w, v, u] = draws(11, [&[2, 2], &[2, 2], &[2, 2], &[2, 2]]);
    let (noisy, block) = (|| Noisy(Rng::new(5)), || Checkpoint::new(Noisy(Rng::new(5))));
    // Second order, reverse over reverse.
    let want = hessian(|[x, w]| total(&noisy(), x, w), [&x, &w]);
    let found = hessian(|[x, w]| total(&block(), x, w), [&x, &w]);
    for (found, want) in found.iter().flatten().zip(want.iter().flatten()) {
        close(found, want, 1e-13);
        assert!(want.slice().iter().any(|h| h.abs() > 1e-3), "nothing was compared");
    }
    // Forward mode, alone and under a sweep.
    let want = jvp(|[x, w]| [total(&noisy(), x, w)], [&x, &w], [&v, &u]);
    let found = jvp(|[x, w]| [total(&block(), x, w)], [&x, &w], [&v, &u]);
    assert_eq!(found, want);
    let want = hvp(|[x, w]| total(&noisy(), x, w), [&x, &w], [&v, &u]);
    let found = hvp(|[x, w]| total(&block(), x, w), [&x, &w], [&v, &u]);
    for (found, want) in found.iter().zip(&want) {
        close(found, want, 1e-13);
    }
    // Third order, where only one operand is asked for in between.
    fn third<'t>(y: Var<'t, f64>, x: &Var<'t, f64>, w: &Var<'t, f64>) -> [Tensor<f64>; 2] {
        let [g] = y.grad([x]);
        let [g] = g.square().sum().grad([w]);
        let found = g.square().sum().backward();
        [x, w].map(|x| found.wrt(x).clone())
    }
    let tape = Tape::new();
    let (a, b) = (tape.var(x), tape.var(w));
    let want = third(total(&noisy(), &a, &b), &a, &b);
    let found = third(total(&block(), &a, &b), &a, &b);
    close(&found[0], &want[0], 1e-12);
    close(&found[1], &want[1], 1e-12);
    // Gradients of the gradient of tangents: a checkpoint on duals of duals.
    type Twice = Dual<Forward<Eager<f64>>>;
    let pushed = |f: &dyn Fn(&Twice) -> Twice| {
        let d = Dual::new(v.clone(), Some(u.clone()));
        let y = f(&Dual::new(d.clone(), Some(d)));
        y.tangent().unwrap().tangent().unwrap().clone()
    };
    let want = pushed(&|d| total(&noisy(), d, d));
    assert_eq!(pushed(&|d| total(&block(), d, d)), want);
}

#[test]
fn a_checkpoint_that_gives_something_else_the_second_time_is_refused() {
    let x = Tensor::<f64>::ones([64]);
    let shared = || Checkpoint::new(Sharing(Rc::new(Rng::new(1))));
    let says = "checkpoint: computed again, the function gave something else";
    assert!(refused(|| grad(|x| shared().call(x)[0].sum(), [&x])).contains(says));
    let recorded = || grad(|x| shared().call(x)[0].sum().grad([&x[0]])[0].sum(), [&x]);
    assert!(refused(recorded).contains(says));
    assert!(
        refused(|| shared().call::<Record<'_, f64>>(&[])).contains("checkpoint: needs at least one operand")
    );
}

#[test]
fn a_checkpointed_module_trains_bit_by_bit_as_the_module_does() {
    let mut params = nn::Params::<f32>::seeded(1);
    let first = nn::Linear::new(&mut params, 3, 8);
    // Run twice, so that the second run goes on from the first one's draws and running statistics.
    let norm = nn::BatchNorm1d::new(&mut params, 8);
    let inner = (nn::Linear::new(&mut params, 8, 8), norm, nn::Tanh, nn::Dropout(0.5));
    let last = nn::Linear::new(&mut params, 8, 2);
    params.set_trainable(first.bias.unwrap(), false);
    let x: Tensor<f32> = Rng::new(2).uniform([6, 3], -1.0, 1.0);
    fn steps(mut params: nn::Params<f32>, x: &Tensor<f32>, model: impl nn::Module) -> Vec<Tensor<f32>> {
        let (rng, mut tape, mut adam) = (Rng::new(3), Tape::new(), nn::Optimizer::new(nn::Adam::new(0.01)));
        for _ in 0..3 {
            let grads = {
                let cx = params.train(&tape, &rng);
                let loss = model.forward(&cx, tape.constant(x.clone())).square().mean();
                cx.backward(loss)
            };
            tape.reset();
            adam.step(&mut params, &grads);
        }
        params
            .iter()
            .map(|(_, value)| value.clone())
            .chain([model.forward(&params.eval(), x.clone())])
            .collect()
    }
    let stored = steps(params.clone(), &x, (first, inner, inner, nn::Relu, last));
    let block = nn::Checkpoint(inner);
    let again = steps(params, &x, (first, block, block, nn::Relu, last));
    assert_eq!(stored, again);
}
