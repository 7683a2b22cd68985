//! The tape: how deep it goes, what it keeps, what it lets go of, and the orders it reaches.

use gradtape::gradcheck::{Gen, Sample};
use gradtape::op::{Checked, One, Op, OpError, Saved, Saves};
use gradtape::random::Rng;
use gradtape::{Arg, Dual, Eager, Float, Interp, Shape, Tape, Tensor, Value, Var};
use std::sync::{Arc, Mutex, Weak};

/// Runs `f` where recursion over a million nodes would overflow.
pub(crate) fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(f).expect("a thread");
    thread.join().expect("no overflow, no panic");
}

/// x + n · 1 by n additions, on a tape.
pub(crate) fn chain<'t>(x: &Var<'t, f64>, n: usize) -> Var<'t, f64> {
    (0..n).fold(x.clone(), |y, _| y + 1.0)
}

#[test]
fn a_chain_of_a_million_ops_is_built_and_differentiated_on_a_small_stack() {
    on_a_small_stack(|| {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(1.0));
        let y = chain(&x, 1_000_000);
        assert_eq!((y.item(), tape.len()), (1_000_001.0, 1_000_001));
        assert_eq!(y.backward().wrt(&x).item(), 1.0);
    });
}

#[test]
fn a_long_chain_has_a_recorded_gradient_on_a_small_stack() {
    on_a_small_stack(|| {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(1.0f64));
        let y = (0..100_000).fold(x.clone(), |y, _| &y * &x / &x);
        let [slope] = y.grad([&x]);
        assert!((slope.item() - 1.0).abs() < 1e-6);
    });
}

#[test]
fn constants_take_no_place() {
    let tape = Tape::new();
    let c = tape.constant(Tensor::from([1.0, 2.0]));
    let d = (&c * 2.0).exp().sum() + &c;
    assert!(d.is_constant() && tape.is_empty());
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let y = &x * &d;
    assert_eq!((tape.len(), y.is_constant()), (2, false));
    assert_eq!(y.sum().backward().wrt(&x), d.tensor());
}

#[test]
fn reset_starts_over() {
    let mut tape = Tape::new();
    for _ in 0..3 {
        let x = tape.var(Tensor::from([1.0]));
        let y = &x * 2.0;
        assert!(format!("{x:?}").starts_with("#0 ") && format!("{y:?}").starts_with("#1 "));
        assert_eq!(y.backward().wrt(&x).item(), 2.0);
        assert_eq!(tape.len(), 2);
        drop((x, y));
        tape.reset();
        assert!(tape.is_empty());
    }
}

/// Whether nobody but the caller holds the elements.
fn alone(tensor: Tensor<f64>) -> bool {
    let address = tensor.slice().as_ptr();
    let elements = tensor.into_vec();
    elements.as_ptr() == address
}

#[test]
fn only_what_a_rule_reads_is_kept() {
    let kept = |f: fn(&Var<'_, f64>) -> (Tensor<f64>, Tensor<f64>)| {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_fn([40], |i| i as f64 + 1.0));
        let (input, output) = f(&x);
        drop(x);
        (!alone(input), !alone(output))
    };
    assert_eq!(kept(|x| (x.tensor().clone(), (-x).tensor().clone())), (false, false));
    assert_eq!(kept(|x| (x.tensor().clone(), x.tanh().tensor().clone())), (false, true));
    assert_eq!(kept(|x| (x.tensor().clone(), x.ln().tensor().clone())), (true, false));
    // A constant operand is kept for the other's gradient, and only then.
    assert_eq!(
        kept(|x| {
            let c = x.lift(Tensor::ones([40]));
            (c.tensor().clone(), (x * &c).tensor().clone())
        }),
        (true, false)
    );
    assert_eq!(
        kept(|x| {
            let c = x.lift(Tensor::ones([40]));
            (c.tensor().clone(), (x + &c).tensor().clone())
        }),
        (false, false)
    );
}

#[test]
fn a_recorded_operand_that_is_given_away_is_overwritten_unless_it_was_saved() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_fn([40], |i| i as f64));
    let y = &x * 2.0;
    let address = y.tensor().slice().as_ptr();
    assert_eq!((y + 1.0).tensor().slice().as_ptr(), address);
    let y = x.tanh();
    let (address, before) = (y.tensor().slice().as_ptr(), y.tensor().slice().to_vec());
    let z = y + 1.0;
    assert_ne!(z.tensor().slice().as_ptr(), address);
    let slope = z.sum().backward().wrt(&x).clone();
    assert!(
        slope.slice().iter().zip(before).all(|(&d, y)| d == 1.0 - y * y),
        "the saved output was overwritten"
    );
}

#[test]
fn backward_lets_go_of_the_weights_and_grad_does_not() {
    let tape = Tape::new();
    let step_is_in_place = |sweep: for<'t> fn(&Var<'t, f64>, &Var<'t, f64>)| {
        let mut weights = Tensor::from_fn([40], |i| i as f64);
        let address = weights.slice().as_ptr();
        {
            let w = tape.var(weights.clone());
            sweep(&(&w * &w).sum(), &w);
        }
        weights.slice_mut().as_ptr() == address
    };
    assert!(step_is_in_place(|y, _| drop(y.backward())));
    assert!(!step_is_in_place(|y, w| drop(y.grad([w]))));
}

/// The identity, which notes in its rule whether the rule of the op after it still lives.
#[derive(Clone, Debug)]
struct Link {
    _own: Arc<()>,
    later: Arc<Mutex<Weak<()>>>,
    freed: Arc<Mutex<Vec<bool>>>,
}

impl Checked for Link {}
impl Op for Link {
    type In = One;
    type Out = One;
    const NAME: &'static str = "link";
    const SAVES: Saves = Saves::NONE;
    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        Ok(x.clone())
    }
    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
        Ok(x.own())
    }
    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let gone = self.later.lock().expect("no panic").upgrade().is_none();
        self.freed.lock().expect("no panic").push(gone);
        Some(dy)
    }
    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.cloned()
    }
    fn samples(_: &mut Gen) -> Sample<Self> {
        unreachable!("never checked")
    }
}

#[test]
fn backward_frees_each_rule_before_it_enters_the_next() {
    let freed = Arc::new(Mutex::new(Vec::new()));
    let tape = Tape::new();
    let x = tape.var(Tensor::scalar(1.0));
    let mut y = x.clone();
    let mut before: Option<Arc<Mutex<Weak<()>>>> = None;
    for _ in 0..5 {
        let own = Arc::new(());
        if let Some(before) = before.take() {
            *before.lock().expect("no panic") = Arc::downgrade(&own);
        }
        let later = Arc::new(Mutex::new(Arc::downgrade(&own)));
        before = Some(later.clone());
        y = Value::apply(Link { _own: own, later, freed: freed.clone() }, y.into());
    }
    let _ = y.grad([&x]);
    assert_eq!(std::mem::take(&mut *freed.lock().expect("no panic")), [false; 5], "grad keeps the record");
    let _ = y.backward();
    // The last watches itself.
    assert_eq!(*freed.lock().expect("no panic"), [false, true, true, true, true]);
}

#[test]
fn gradients_of_some_variables_leave_the_others_alone() {
    let tape = Tape::new();
    let (x, y) = (tape.var(Tensor::scalar(3.0)), tape.var(Tensor::scalar(5.0)));
    let product = &x * &y;
    let total = (&product + &x) * &product;
    let [dx] = total.grad([&x]);
    assert_eq!(dx.item(), 2.0 * 3.0 * 25.0 + 2.0 * 3.0 * 5.0);
    // Of an intermediate, of the value itself, twice the same, and of what came later.
    let later = tape.var(Tensor::scalar(1.0));
    let [dp, own, dy, again, none] = total.grad([&product, &total, &y, &y, &later]);
    assert_eq!((dp.item(), own.item()), (2.0 * 15.0 + 3.0, 1.0));
    assert_eq!((dy.item(), again.item()), (2.0 * 9.0 * 5.0 + 9.0, 99.0));
    assert!(none.is_constant() && none.item() == 0.0);
}

#[test]
fn a_value_computed_several_times_gets_every_gradient() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([1.0, 2.0]));
    let (once, twice) = (x.exp(), x.exp());
    let y = (&once + &twice + &once).sum();
    let want: Vec<f64> = x.tensor().slice().iter().map(|v: &f64| 3.0 * v.exp()).collect();
    let [recorded] = y.grad([&x]);
    assert_eq!(recorded.tensor().slice(), want);
    assert_eq!(y.backward().wrt(&x).slice(), want);
}

#[test]
fn results_that_are_not_used_count_as_zero() {
    for used in 0..3 {
        let tape = Tape::new();
        let x = tape.var(Tensor::from([1.0, 2.0, 3.0, 4.0]));
        let parts = x.split(&[1, 2, 1], 0);
        let part = &parts[used];
        let y = (part * part).sum();
        let mut want = [0.0; 4];
        for i in [0..1, 1..3, 3..4][used].clone() {
            want[i] = 2.0 * (i + 1) as f64;
        }
        let [recorded] = y.grad([&x]);
        assert_eq!(recorded.tensor().slice(), want);
        let [second] = recorded.sum().grad([&x]);
        assert_eq!(second.tensor().slice(), want.map(|w| if w == 0.0 { 0.0 } else { 2.0 }));
        assert_eq!(y.backward().wrt(&x).slice(), want);
    }
    let tape = Tape::new();
    let x = tape.var(Tensor::from([[1.0, 4.0], [3.0, 2.0]]));
    let (top, _) = x.max_dim(1, false);
    assert_eq!((&top * &top).sum().backward().wrt(&x).slice(), [0.0, 8.0, 6.0, 0.0]);
}

#[test]
fn third_order_agrees_with_the_closed_forms() {
    fn third<F: Float>(f: impl for<'t> Fn(&Var<'t, F>) -> Var<'t, F>, x: f64) -> f64 {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(F::of(x)));
        let mut y = f(&x);
        for _ in 0..3 {
            [y] = y.grad([&x]);
        }
        y.item().to_f64()
    }
    assert_eq!(third::<f64>(|x| x * x * x * x, 3.0), 72.0);
    assert_eq!(third::<f32>(|x| x * x * x * x, 3.0), 72.0);
    let t = 0.7f64.tanh();
    let tanh = (1.0 - t * t) * (6.0 * t * t - 2.0);
    assert!((third::<f64>(|x| x.tanh(), 0.7) - tanh).abs() < 1e-14);
    assert!((third::<f32>(|x| x.tanh(), 0.7) - tanh).abs() < 1e-5);
    assert!((third::<f64>(|x| x.exp().ln().exp(), 0.7) - 0.7f64.exp()).abs() < 1e-14);
    assert!((third::<f64>(|x| x.powf(2.5), 2.0) - 1.875 / 2f64.sqrt()).abs() < 1e-14);
}

/// A small network with every kind of curvature in it.
fn network<I: Interp>(x: &Value<I>, w: &Value<I>, b: &Value<I>) -> Value<I> {
    let hidden = x.linear(w, b).tanh();
    (hidden.sigmoid() * &hidden).log_softmax(1).sum_axes(0, false).powf(2.0).sum()
}

#[test]
fn forward_over_reverse_gives_the_hessian_vector_products_of_reverse_over_reverse() {
    let draw = Rng::new(5);
    let (x, w, b) =
        (draw.uniform([4, 3], -1.0, 1.0), draw.uniform([2, 3], -1.0, 1.0), draw.uniform([2], -1.0, 1.0));
    let v: Tensor<f64> = draw.uniform([2, 3], -1.0, 1.0);
    let tape = Tape::new();
    let [x, b] = [x, b].map(|c: Tensor<f64>| tape.constant(c));
    let (w, v) = (tape.var(w), tape.constant(v));

    let dual = Dual::new(w.clone(), Some(v.clone()));
    let y = network(&Dual::new(x.clone(), None), &dual, &Dual::new(b.clone(), None));
    let [over_forward] = y.tangent().expect("w has one").grad([&w]);

    let [gradient] = network(&x, &w, &b).grad([&w]);
    let [over_reverse] = (gradient * &v).sum().grad([&w]);
    for (a, b) in over_forward.tensor().slice().iter().zip(over_reverse.tensor().slice()) {
        assert!((a - b).abs() < 1e-13, "{a} {b}");
    }
    assert!(over_reverse.tensor().slice().iter().any(|v| v.abs() > 1e-3), "nothing was compared");
}

#[test]
fn the_hessian_of_a_quadratic_is_its_matrix() {
    let a = Tensor::from([[2.0, -1.0, 0.5], [3.0, 4.0, 0.0], [1.0, 7.0, -2.0]]);
    let tape = Tape::new();
    let x = tape.var(Tensor::from([0.3, -0.2, 0.9]));
    let y = x.matmul(&tape.constant(a.clone())).matmul(&x) * 0.5;
    let [gradient] = y.grad([&x]);
    for (i, entry) in gradient.split(&[1; 3], 0).iter().enumerate() {
        let [row] = entry.grad([&x]);
        for j in 0..3 {
            let want = 0.5 * (a.slice()[i * 3 + j] + a.slice()[j * 3 + i]);
            assert!(f64::abs(row.tensor().slice()[j] - want) < 1e-14);
        }
    }
}
