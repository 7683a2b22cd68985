//! Sweeps: from several values, to some operands, and their sums.

use crate::{close, curved, draws, refused};
use gradtape::{Tape, Tensor, Var, nn, random::Rng};
use std::{cell::Cell, rc::Rc};

#[test]
fn several_values_are_swept_at_once() {
    let [x, w, u] = draws(5, [&[2, 2], &[3, 2], &[3]]);
    let tape = Tape::new();
    let (x, w) = (tape.var(x), tape.var(w));
    let (y, inner) = (curved(&x, &w), x.square());
    let z = &inner * 3.0;
    let (half, twos) = (Tensor::full([2, 2], 0.5), Tensor::full([2, 2], 2.0));
    // One at a time, one of them computed from another, one of them named twice.
    fn alone<'t>(value: &Var<'t, f64>, seed: &Tensor<f64>, x: &Var<'t, f64>) -> Tensor<f64> {
        value.grad_with(value.lift(seed.clone()), [x])[0].tensor().clone()
    }
    let want = alone(&y, &u, &x) + alone(&inner, &half, &x) + alone(&z, &(&twos + &half), &x);
    let seeds = [(&y, u.clone()), (&inner, half.clone()), (&z, twos.clone()), (&z, half.clone())];
    let recorded = seeds.clone().map(|(value, seed)| (value, tape.constant(seed)));
    let found = tape.grad_from(recorded, &[&x, &w, &inner]);
    close(found[0].tensor(), &want, 1e-14);
    assert_eq!(found[2].tensor(), &Tensor::full([2, 2], 0.5 + 3.0 * 2.5));
    assert!(!found[0].is_constant(), "the gradient is recorded");
    let gradients = tape.backward_from(seeds);
    close(gradients.wrt(&x), &want, 1e-14);
    close(gradients.wrt(&w), found[1].tensor(), 1e-14);
}

#[test]
fn a_sweep_stays_off_what_leads_to_none_of_the_operands_asked_for() {
    let tape = Tape::new();
    let (x, w) = (tape.var(Tensor::scalar(2.0)), tape.var(Tensor::scalar(3.0)));
    let seen = Rc::new(Cell::new(0));
    let (of_x, of_w) = (seen.clone(), seen.clone());
    let before = (&w * &w).on_gradient(move |dy| {
        of_w.set(of_w.get() + 100);
        dy.clone()
    });
    let after = x.on_gradient(move |dy| {
        of_x.set(of_x.get() + 1);
        dy.clone()
    });
    let y = &before * &after;
    let nodes = tape.len();
    let [dx] = y.grad([&x]);
    assert_eq!((dx.item(), seen.get()), (9.0, 1), "w's part was not swept");
    assert!(tape.len() - nodes <= 2, "nor recorded");
    let [db] = y.grad([&before]); // it ends at `before`
    assert_eq!((db.item(), seen.get()), (2.0, 1));
    let [dw] = y.grad([&w]);
    assert_eq!((dw.item(), seen.get()), (12.0, 101));
    // What was computed after y has no part in it.
    let later = &x * 5.0;
    assert_eq!(y.grad([&later])[0].item(), 0.0);
    // One of several results.
    let parts = tape.var(Tensor::from([1.0, 2.0])).exp().split(&[1, 1], 0);
    let z = (&parts[0] * &parts[1]).sum();
    assert_eq!(z.grad([&parts[1]])[0].tensor(), parts[0].tensor());
}

#[test]
fn gradients_of_micro_batches_add_up_to_the_whole() {
    let mut params = nn::Params::<f64>::seeded(1);
    let model = (nn::Linear::new(&mut params, 3, 4), nn::Tanh, nn::Linear::new(&mut params, 4, 2));
    let unused = params.add("unused", Tensor::ones([2]));
    let [x] = draws(8, [&[8, 3]]);
    let gradients = |rows: Tensor<f64>| {
        let (tape, rng) = (Tape::new(), Rng::new(1));
        let cx = params.train(&tape, &rng);
        let share = rows.shape()[0] as f64 / 8.0;
        let y = nn::Module::forward(&model, &cx, tape.constant(rows));
        cx.backward(y.square().mean() * share)
    };
    let whole = gradients(x.clone());
    let parts = [(0, 3), (3, 3), (6, 2)].map(|(from, n)| gradients(x.narrow(0, from, n)));
    let sum = parts.into_iter().reduce(|mut sum, part| {
        sum.accumulate(part);
        sum
    });
    let sum = sum.unwrap();
    for id in [model.0.weight, model.0.bias.unwrap(), model.2.weight, model.2.bias.unwrap()] {
        close(sum.get(id).unwrap(), whole.get(id).unwrap(), 1e-14);
    }
    assert!(sum.get(unused).is_none());

    let mut other = nn::Params::<f64>::seeded(1);
    let small = nn::Linear::new(&mut other, 3, 4);
    let (tape, rng) = (Tape::new(), Rng::new(1));
    let cx = other.train(&tape, &rng);
    let y = nn::Module::forward(&small, &cx, tape.constant(x));
    let (mut sum, few) = (sum, cx.backward(y.sum()));
    assert!(refused(|| sum.accumulate(few)).contains("gradients of 5 and of 2 parameters are mixed"));
}

#[test]
fn gradients_of_one_record_accumulate() {
    let mut tape = Tape::new();
    let mut gradients = {
        let (x, z) = (tape.var(Tensor::from([1.0, 2.0])), tape.var(Tensor::scalar(3.0)));
        let mut gradients = z.square().backward();
        gradients.accumulate((x.exp().sum() * 0.0 + &z).backward());
        gradients.accumulate((&x * 2.0).sum().backward());
        assert_eq!(gradients.wrt(&z).item(), 7.0);
        assert_eq!(gradients.wrt(&x).slice(), [2.0, 2.0]);
        gradients
    };
    tape.reset();
    let other = tape.var(Tensor::scalar(1.0)).square().backward();
    assert!(refused(|| gradients.accumulate(other)).contains("of record 1 of tape"));
}

#[test]
fn sweeps_of_several_values_refuse_misuse() {
    let (mut tape, other) = (Tape::new(), Tape::new());
    {
        let (x, stranger) = (tape.var(Tensor::from([1.0, 2.0])), other.var(Tensor::ones([2])));
        let (y, ones) = (&x * 2.0, Tensor::<f64>::ones([2]));
        let (constant, seed) = (tape.constant(ones.clone()), tape.constant(ones.clone()));
        let backward = |value, seed| refused(|| tape.backward_from([(&y, Tensor::ones([2])), (value, seed)]));
        assert!(backward(&stranger, ones.clone()).contains("backward: from a value on tape #"));
        assert!(backward(&constant, ones.clone()).contains("backward: the value is a constant"));
        assert!(backward(&x, Tensor::ones([3])).contains("backward: a seed of shape [3] for a value of [2]"));
        assert!(refused(|| tape.backward_from([])).contains("backward: from no value"));
        let grad =
            |value, seed, wrt| refused(|| tape.grad_from([(&y, y.clone()), (value, seed)], &[&x, wrt]));
        assert!(grad(&stranger, seed.clone(), &x).contains("grad: from a value on tape #"));
        assert!(grad(&constant, seed.clone(), &x).contains("grad: the value is a constant"));
        assert!(grad(&x, tape.constant(Tensor::ones([3])), &x).contains("grad: a seed of shape [3]"));
        assert!(grad(&x, stranger.clone(), &x).contains("grad: a seed on tape #"));
        assert!(grad(&x, seed.clone(), &constant).contains("with respect to a constant"));
        assert!(grad(&x, seed.clone(), &stranger).contains("with respect to one on tape #"));
        assert!(refused(|| tape.grad_from([], &[&x])).contains("grad: from no value"));
        // None of this has left anything behind.
        assert_eq!(tape.backward_from([(&y, ones)]).wrt(&x).slice(), [2.0, 2.0]);
        assert!(refused(|| tape.backward_from([(&y, x.tensor().clone())])).contains("was consumed"));
        assert!(refused(|| tape.grad_from([(&y, seed)], &[&x])).contains("was consumed"));
    }
    tape.reset();
}
