//! Functions of functions.

use crate::{close, curved, draws, refused};
use gradtape::transform::{grad, hessian, hvp, jacfwd, jacrev, jvp, per_sample_grad, value_and_grad, vjp};
use gradtape::{Interp, Tape, Tensor, Value, Var};

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
fn per_sample_gradients_are_those_of_the_samples() {
    let [x, w] = draws(6, [&[5, 2], &[3, 2]]);
    let [b] = draws(7, [&[3]]);
    fn loss<'t>(x: &Tensor<f64>, w: &Var<'t, f64>, b: &Var<'t, f64>) -> Var<'t, f64> {
        w.lift(x.clone()).linear(w, b).tanh().square().sum()
    }
    let [dw, db] = per_sample_grad(|[w, b], i| loss(&x.narrow(0, i as isize, 1), w, b), [&w, &b], 5);
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
