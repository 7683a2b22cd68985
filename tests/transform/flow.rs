//! What changes a gradient at one place: `detach`, `straight_through`, `on_gradient`.

use crate::{close, refused};
use gradtape::transform::{grad, hessian, hvp, jvp, value_and_grad};
use gradtape::{Interp, Tape, Tensor, Value};
use std::{cell::RefCell, rc::Rc};

#[test]
fn detached_values_are_constants_everywhere() {
    let x = Tensor::from([2.0, 3.0]);
    assert_eq!(grad(|[x]| (x.square().detach() * x).sum(), [&x]), [x.square()]);
    let ([_], [dy]) = jvp(|[x]| [x.square().detach() * x], [&x], [&Tensor::ones([2])]);
    assert_eq!(dy, x.square());
    // In every order, and through forward mode over reverse.
    assert_eq!(hessian(|[x]| (x.detach() * x).sum(), [&x]), [[Tensor::zeros([2, 2])]]);
    assert_eq!(hvp(|[x]| (x.detach() * x).sum(), [&x], [&x]), [Tensor::zeros([2])]);
}

#[test]
fn straight_through_has_the_value_of_one_and_the_slope_of_another() {
    let x = Tensor::from([-0.4, 0.6, f64::INFINITY]);
    let (_, [g]) = value_and_grad(|[x]| x.straight_through(&x.sign()).sum(), [&x]);
    assert_eq!(x.straight_through(&x.sign()).slice(), [-1.0, 1.0, 1.0], "exact, at infinity too");
    assert_eq!(g, Tensor::ones([3]));
    let ([_], [dy]) = jvp(|[x]| [x.straight_through(&x.sign())], [&x], [&x]);
    assert_eq!(dy, x);
    // d/dx (st² ) = 2·st, and its slope is that of the identity again.
    let x = Tensor::from([0.6]);
    fn square<I: Interp>(x: &Value<I>) -> Value<I> {
        x.straight_through(&x.round()).square().sum()
    }
    assert_eq!(grad(|[x]| square(x), [&x]), [Tensor::from([2.0])]);
    assert_eq!(hessian(|[x]| square(x), [&x]), [[Tensor::from([[2.0]])]]);
    assert_eq!(hvp(|[x]| square(x), [&x], [&x]), [Tensor::from([1.2])]);
    assert!(
        refused(|| x.straight_through(&Tensor::ones([2])))
            .contains("straight_through: shapes [1] and [2] differ")
    );
}

#[test]
fn hooks_see_and_change_the_gradient_as_it_passes() {
    let x = Tensor::from([0.25, 3.0, -3.0]);
    let scaled = grad(|[x]| x.on_gradient(|dy| dy * 0.1).square().sum(), [&x]);
    close(&scaled[0], &(&x * 0.2), 1e-15);
    let reversed = grad(|[x]| x.on_gradient(|dy| -dy).square().sum(), [&x]);
    assert_eq!(reversed, [&x * -2.0]);
    // Once, with the sum of all uses; what comes before is not touched, the value neither.
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    let (value, [g]) = value_and_grad(
        |[x]| {
            let y = x.square().on_gradient(move |dy| {
                log.borrow_mut().push(dy.tensor().clone());
                dy.clamp(-1.0, 1.0)
            });
            (&y * &y).sum() + (&y * 3.0).sum()
        },
        [&x],
    );
    let (y, ones) = (x.square(), Tensor::ones([3]));
    assert_eq!(value, (&y * &y + &y * 3.0).sum().item());
    assert_eq!(*seen.borrow(), [&y * 2.0 + 3.0]);
    assert_eq!(g, &x * 2.0 * ones);
    // A recorded sweep records it: g = dy² · 2x with y = x² and dy = 2y. The second sweep differentiates
    // that, and passes the hook in turn: 8x⁴ by the factor 2x, (16x³)² · 2x by y.
    let [h] = grad(
        |[x]| {
            let [g] = x.square().on_gradient(|dy| dy.square()).square().sum().grad([x]);
            g.sum()
        },
        [&x],
    );
    close(&h, &(x.powf(4.0) * 8.0 + x.powf(7.0) * 512.0), 1e-14);
    // Nothing to do on tensors and constants.
    assert_eq!(x.on_gradient(|dy| -dy), x);
    let tape = Tape::new();
    assert!(tape.constant(x.clone()).on_gradient(|dy| -dy).is_constant());
}

#[test]
fn hooks_refuse_what_they_cannot_do() {
    let x = Tensor::from([1.0, 2.0]);
    let says = "on_gradient: a gradient of shape [2] was made one of []";
    assert!(refused(|| grad(|[x]| x.on_gradient(|dy| dy.sum()).sum(), [&x])).contains(says));
    let recorded = || grad(|[x]| x.on_gradient(|dy| dy.sum()).sum().grad([x])[0].sum(), [&x]);
    assert!(refused(recorded).contains(says));
    let says = "on_gradient: forward mode has no gradient";
    assert!(refused(|| jvp(|[x]| [x.on_gradient(|dy| -dy)], [&x], [&x])).contains(says));
    assert!(refused(|| hvp(|[x]| x.on_gradient(|dy| -dy).square().sum(), [&x], [&x])).contains(says));
    let ([y], _) = jvp(|[x]| [x.detach().on_gradient(|dy| -dy)], [&x], [&x]);
    assert_eq!(y, x);
}
