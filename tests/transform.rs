//! Derivatives of every kind, against closed forms and each other; and what each refuses.

use gradtape::gradcheck::gradcheck;
use gradtape::random::Rng;
use gradtape::transform::{
    Checkpoint, CustomVjp, Function, grad, hessian, hvp, jacfwd, jacrev, jvp, per_sample_grad,
    value_and_grad, vjp,
};
use gradtape::{Dual, Eager, Float, Forward, Interp, Record, Tape, Tensor, Value, Var, nn};
use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
};

/// The message of the panic that `f` must raise.
#[track_caller]
fn refused<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else { panic!("nothing was refused") };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast::<&str>().expect("a message").to_string(),
    }
}

#[track_caller]
fn close(a: &Tensor<f64>, b: &Tensor<f64>, bound: f64) {
    assert_eq!(a.shape(), b.shape());
    for (a, b) in a.slice().iter().zip(b.slice()) {
        assert!((a - b).abs() <= bound * b.abs().max(1.0), "{a} is not {b}");
    }
}

fn draws<const N: usize>(seed: u64, shapes: [&[usize]; N]) -> [Tensor<f64>; N] {
    let rng = Rng::new(seed);
    shapes.map(|shape| rng.uniform(shape, -1.0, 1.0))
}

/// A vector of 3 from x [2, 2] and w [3, 2], curved in both.
fn curved<I: Interp>(x: &Value<I>, w: &Value<I>) -> Value<I> {
    (w.matmul(x).tanh() * w.exp()).sum_axes(1, false)
}

/// Its sum of squares.
fn bowl<I: Interp>(x: &Value<I>, w: &Value<I>) -> Value<I> {
    curved(x, w).square().sum()
}

#[test]
fn grad_gives_the_value_and_what_the_tape_gives() {
    let [x, w] = draws(1, [&[2, 2], &[3, 2]]);
    let (value, [dx, dw]) = value_and_grad(|[x, w]| bowl(x, w), [&x, &w]);
    let tape = Tape::new();
    let (a, b) = (tape.var(x.clone()), tape.var(w.clone()));
    let y = bowl(&a, &b);
    let gradients = y.backward();
    assert_eq!((value, &dx, &dw), (y.item(), gradients.wrt(&a), gradients.wrt(&b)));
    // With respect to one of them.
    let [only] = grad(|[w]| bowl(&w.lift(x.clone()), w), [&w]);
    assert_eq!(only, dw);
    // Where nothing depends on an operand, and where nothing depends on any.
    assert_eq!(grad(|[_, w]| w.sum(), [&x, &w])[0], Tensor::zeros([2, 2]));
    assert_eq!(grad(|[x]| x.constant(3.0), [&x]), [Tensor::zeros([2, 2])]);
}

#[test]
fn gradients_of_gradients_reach_order_3_and_4() {
    /// f, f′, … of one number, each the gradient of the last.
    fn orders(f: impl for<'t> Fn(&Var<'t, f64>) -> Var<'t, f64>, x: f64) -> [f64; 5] {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(x));
        let mut y = f(&x);
        std::array::from_fn(|order| {
            if order > 0 {
                [y] = y.grad([&x]);
            }
            y.item()
        })
    }
    let agree = |found: [f64; 5], want: [f64; 5]| {
        for (found, want) in found.iter().zip(want) {
            assert!((found - want).abs() <= 1e-13 * want.abs().max(1.0), "{found} is not {want}");
        }
    };
    let x = 0.7f64;
    let (s, c) = x.sin_cos();
    agree(orders(|x| x.sin(), x), [s, c, -s, -c, s]);
    agree(
        orders(|x| x.powf(5.0), x),
        [x.powi(5), 5.0 * x.powi(4), 20.0 * x.powi(3), 60.0 * x * x, 120.0 * x],
    );
    let e = (x * x).exp();
    agree(
        orders(|x| x.square().exp(), x),
        [
            e,
            2.0 * x * e,
            (4.0 * x * x + 2.0) * e,
            (8.0 * x.powi(3) + 12.0 * x) * e,
            (16.0 * x.powi(4) + 48.0 * x * x + 12.0) * e,
        ],
    );
    // Of a matrix product: f = Σ(wx)⁴ has ∂⁴f/∂w⁴ = 24 x⁴ for each row of one element.
    let [fourth] = grad(
        |[w]| {
            let mut y = w.matmul(&w.lift(Tensor::from([[2.0]]))).powf(4.0).sum();
            for _ in 0..3 {
                let [g] = y.grad([w]);
                y = g.sum();
            }
            y
        },
        [&Tensor::from([[0.3], [-0.4]])],
    );
    close(&fourth, &Tensor::from([[384.0], [384.0]]), 1e-13);
}

#[test]
fn jacobians_agree_forwards_and_backwards() {
    let [x, w, u] = draws(2, [&[2, 2], &[3, 2], &[3]]);
    let forward = jacfwd(|[x, w]| curved(x, w), [&x, &w]);
    let reverse = jacrev(|[x, w]| curved(x, w), [&x, &w]);
    assert_eq!([0, 1].map(|i| reverse[i].shape().to_vec()), [vec![3, 2, 2], vec![3, 3, 2]]);
    for (forward, reverse) in forward.iter().zip(&reverse) {
        close(forward, reverse, 1e-14);
    }
    // Their products with vectors are what vjp and jvp give.
    let ([y], pullback) = vjp(|[x, w]| [curved(x, w)], [&x, &w]);
    assert_eq!(y, curved(&x, &w));
    for _ in 0..2 {
        let [dx, dw] = pullback.call([&u]);
        close(&dx.reshape([1, 4]), &u.reshape([1, 3]).matmul(&reverse[0].reshape([3, 4])), 1e-14);
        close(&dw.reshape([1, 6]), &u.reshape([1, 3]).matmul(&reverse[1].reshape([3, 6])), 1e-14);
    }
    let [v, zero] = [&draws(3, [&[2, 2]])[0], &Tensor::zeros([3, 2])];
    let ([y], [dy]) = jvp(|[x, w]| [curved(x, w)], [&x, &w], [v, zero]);
    assert_eq!(y, curved(&x, &w));
    close(&dy.reshape([3, 1]), &reverse[0].reshape([3, 4]).matmul(&v.reshape([4, 1])), 1e-14);
    // A diagonal that everybody knows; no elements; no dependence.
    assert_eq!(jacrev(|[x]| x.exp(), [&Tensor::from([0.0, 0.0])]), [Tensor::from([[1.0, 0.0], [0.0, 1.0]])]);
    let none = Tensor::<f64>::zeros([0]);
    assert_eq!(jacrev(|[x]| x.exp(), [&none])[0].shape().dims(), [0, 0]);
    assert_eq!(jacfwd(|[x]| x.exp().sum(), [&none])[0].shape().dims(), [0]);
    assert_eq!(jacrev(|[x]| x.lift(Tensor::ones([2])), [&u]), [Tensor::zeros([2, 3])]);
    assert_eq!(jacfwd(|[x]| x.lift(Tensor::ones([2])), [&u]), [Tensor::zeros([2, 3])]);
}

#[test]
fn hessian_blocks_are_symmetric_and_their_products_are_hvp() {
    let [x, w, v, u] = draws(4, [&[2, 2], &[3, 2], &[2, 2], &[3, 2]]);
    let [[xx, xw], [wx, ww]] = hessian(|[x, w]| bowl(x, w), [&x, &w]);
    assert_eq!((xw.shape().dims(), wx.shape().dims()), (&[2, 2, 3, 2][..], &[3, 2, 2, 2][..]));
    let (xx, xw) = (xx.reshape([4, 4]), xw.reshape([4, 6]));
    let (wx, ww) = (wx.reshape([6, 4]), ww.reshape([6, 6]));
    close(&xw, &wx.transpose(0, 1), 1e-13);
    close(&ww, &ww.transpose(0, 1), 1e-13);
    let [hx, hw] = hvp(|[x, w]| bowl(x, w), [&x, &w], [&v, &u]);
    let (v, u) = (v.reshape([4, 1]), u.reshape([6, 1]));
    close(&hx.reshape([4, 1]), &(xx.matmul(&v) + xw.matmul(&u)), 1e-13);
    close(&hw.reshape([6, 1]), &(wx.matmul(&v) + ww.matmul(&u)), 1e-13);
    // Flat and constant functions have none.
    assert_eq!(hessian(|[x]| x.sum(), [&v]), [[Tensor::zeros([4, 1, 4, 1])]]);
    assert_eq!(hvp(|[x]| x.sum(), [&v], [&v]), [Tensor::zeros([4, 1])]);
    assert_eq!(hessian(|[x]| x.constant(1.0), [&v]), [[Tensor::zeros([4, 1, 4, 1])]]);
    assert_eq!(hvp(|[x]| x.constant(1.0), [&v], [&v]), [Tensor::zeros([4, 1])]);
}

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
fn per_sample_gradients_are_those_of_the_samples() {
    let [x, w] = draws(6, [&[5, 2], &[3, 2]]);
    let [b] = draws(7, [&[3]]);
    fn loss<'t>(x: &Tensor<f64>, w: &Var<'t, f64>, b: &Var<'t, f64>) -> Var<'t, f64> {
        w.lift(x.clone()).linear(w, b).tanh().square().sum()
    }
    let [dw, db] = per_sample_grad(|[w, b], i| loss(&x.narrow(0, i, 1), w, b), [&w, &b], 5);
    assert_eq!((dw.shape().dims(), db.shape().dims()), (&[5, 3, 2][..], &[5, 3][..]));
    for i in 0..5 {
        let [sw, sb] = grad(|[w, b]| loss(&x.narrow(0, i, 1), w, b), [&w, &b]);
        assert_eq!(dw.narrow(0, i, 1).reshape([3, 2]), sw);
        assert_eq!(db.narrow(0, i, 1).reshape([3]), sb);
    }
    let [whole, _] = grad(|[w, b]| loss(&x, w, b), [&w, &b]);
    close(&dw.sum_axes(0, false), &whole, 1e-14);
    assert_eq!(per_sample_grad(|[w], _| w.sum(), [&w], 0)[0].shape().dims(), [0, 3, 2]);
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
    for id in [model.0.weight, model.0.bias, model.2.weight, model.2.bias] {
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

/// a·b and a + b, with the rule of their true derivative; `DOUBLED`, with twice that.
#[derive(Clone, Debug)]
struct ProductAndSum<const DOUBLED: bool>;

impl<const DOUBLED: bool> CustomVjp for ProductAndSum<DOUBLED> {
    const NAME: &'static str = "product_and_sum";

    fn eval<F: Float>(&self, x: &[Tensor<F>]) -> Vec<Tensor<F>> {
        vec![&x[0] * &x[1], &x[0] + &x[1]]
    }

    fn vjp<I: Interp>(&self, x: &[Value<I>], _: &[Value<I>], dy: &[Value<I>]) -> Vec<Option<Value<I>>> {
        let factor = if DOUBLED { 2.0 } else { 1.0 };
        let to = |other: &Value<I>| Some((&dy[0] * other + &dy[1]) * factor);
        vec![to(&x[1]), to(&x[0])]
    }

    fn jvp<I: Interp>(
        &self,
        x: &[Value<I>],
        _: &[Value<I>],
        dx: &[Option<&Value<I>>],
    ) -> Vec<Option<Value<I>>> {
        let zero = x[0].lift(Tensor::zeros(x[0].shape()));
        let [da, db] = [0, 1].map(|i| dx[i].unwrap_or(&zero));
        vec![Some(da * &x[1] + db * &x[0]), Some(da + db)]
    }
}

/// Whose rule breaks its promise.
#[derive(Clone, Debug)]
struct Broken;

impl CustomVjp for Broken {
    const NAME: &'static str = "broken";

    fn eval<F: Float>(&self, x: &[Tensor<F>]) -> Vec<Tensor<F>> {
        vec![x[0].clone()]
    }

    fn vjp<I: Interp>(&self, x: &[Value<I>], _: &[Value<I>], dy: &[Value<I>]) -> Vec<Option<Value<I>>> {
        if x.len() == 1 { vec![] } else { vec![Some(dy[0].lift(Tensor::ones([7]))), None] }
    }
}

#[test]
fn a_function_with_a_rule_of_its_own_obeys_it_in_every_mode() {
    let [a, b] = draws(9, [&[3], &[3]]);
    fn own<'t>(x: &[Var<'t, f64>], which: usize) -> Var<'t, f64> {
        ProductAndSum::<false>.call(x)[which].sin().sum()
    }
    // Each result alone, both together, and both orders, against differences.
    gradcheck(|x| own(x, 0), &[a.clone(), b.clone()]).unwrap();
    gradcheck(|x| own(x, 1), &[a.clone(), b.clone()]).unwrap();
    gradcheck(|x| own(x, 0) * own(x, 1), &[a.clone(), b.clone()]).unwrap();
    // Forward mode, alone and under a sweep.
    let f = |y: Vec<Tensor<f64>>| (&y[0] * &y[1]).sum();
    let [ja, jb] = jacfwd(
        |x| {
            let y = ProductAndSum::<false>.call(x);
            (&y[0] * &y[1]).sum()
        },
        [&a, &b],
    );
    let [ga, gb] = grad(|[a, b]| (a * b * (a + b)).sum(), [&a, &b]);
    close(&ja, &ga, 1e-14);
    close(&jb, &gb, 1e-14);
    assert_eq!(f(ProductAndSum::<false>.call(&[a.clone(), b.clone()])), (&a * &b * (&a + &b)).sum());
    let own = hvp(|x| ProductAndSum::<false>.call(x)[0].exp().sum(), [&a, &b], [&b, &a]);
    let plain = hvp(|[a, b]| (a * b).exp().sum(), [&a, &b], [&b, &a]);
    close(&own[0], &plain[0], 1e-14);
    close(&own[1], &plain[1], 1e-14);
    // The rule is taken at its word, and one operand may be a constant.
    let doubled = grad(|[a]| ProductAndSum::<true>.call(&[a.clone(), a.lift(b.clone())])[0].sum(), [&a]);
    assert_eq!(doubled, [&b * 2.0]);
}

#[test]
fn functions_with_a_rule_refuse_misuse() {
    let x = Tensor::from([1.0, 2.0]);
    let says = "broken: its rule gave 0 gradients for 1 operands";
    assert!(refused(|| grad(|x| Broken.call(x)[0].sum(), [&x])).contains(says));
    let says = "broken: its rule gave a gradient of shape [7] for an operand of shape [2]";
    assert!(refused(|| grad(|[x]| Broken.call(&[x.clone(), x.clone()])[0].sum(), [&x])).contains(says));
    let says = "broken: has no rule for forward mode: state its `jvp`";
    assert!(refused(|| jvp(|x| [Broken.call(x).remove(0)], [&x], [&x])).contains(says));
    let (one, two) = (Tape::<f64>::new(), Tape::new());
    let (a, b) = (one.var(x.clone()), two.var(x.clone()));
    assert!(refused(|| Broken.call(&[a, b])).contains("broken: operands from tapes #"));
    assert!(refused(|| Broken.call::<Record<'_, f64>>(&[])).contains("broken: needs at least one operand"));
    // Constants are not recorded.
    assert!(Broken.call(&[one.constant(x)])[0].is_constant());
}

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
    let inner = (nn::Linear::new(&mut params, 8, 8), nn::Tanh, nn::Dropout(0.5));
    let last = nn::Linear::new(&mut params, 8, 2);
    params.set_trainable(first.bias, false);
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

#[test]
fn transforms_refuse_misuse() {
    let (x, three) = (Tensor::from([1.0, 2.0]), Tensor::ones([3]));
    let number = "gave [2], not a single number: reduce it first";
    assert!(refused(|| grad(|[x]| x.square(), [&x])).contains(&format!("grad: the function {number}")));
    assert!(refused(|| hessian(|[x]| x.square(), [&x])).contains(&format!("hessian: the function {number}")));
    assert!(refused(|| hvp(|[x]| x.square(), [&x], [&x])).contains(&format!("hvp: the function {number}")));
    let per_sample = || per_sample_grad(|[x], _| x.square(), [&x], 2);
    assert!(refused(per_sample).contains(&format!("per_sample_grad: the function {number}")));
    let shape = "of shape [3] for operand 0 of [2]";
    assert!(refused(|| jvp(|[x]| [x.exp()], [&x], [&three])).contains(&format!("jvp: a tangent {shape}")));
    assert!(refused(|| hvp(|[x]| x.sum(), [&x], [&three])).contains(&format!("hvp: a vector {shape}")));
    let (_, pullback) = vjp(|[x]| [x.exp(), x.sum()], [&x]);
    let wrong = refused(|| pullback.call([&x, &three]));
    assert!(wrong.contains("vjp: a gradient of shape [3] for result 1 of []"), "{wrong}");
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
