//! Every nasty point of the present ops, pinned: its value, its gradient, and the second
//! derivative where there is one.

use gradtape::{Axes, Tape, Tensor, Value, Var, ops};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// Equal, or both NaN.
#[track_caller]
pub(crate) fn same(what: &str, found: &[f64], want: &[f64]) {
    let equal = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    assert!(
        found.len() == want.len() && found.iter().zip(want).all(equal),
        "{what}: {found:?}, not {want:?}"
    );
}

#[track_caller]
pub(crate) fn close(what: &str, found: &[f64], want: &[f64]) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    assert!(found.len() == want.len() && found.iter().zip(want).all(near), "{what}: {found:?}, not {want:?}");
}

pub(crate) struct Derivatives {
    pub(crate) y: Vec<f64>,
    /// Of the sum of y, for each operand.
    pub(crate) first: Vec<Vec<f64>>,
    /// Of the sum of `first` of the same operand.
    pub(crate) second: Vec<Vec<f64>>,
}

/// Both sweeps must agree on the gradient, so that what is pinned is pinned for both.
#[track_caller]
pub(crate) fn derivatives(
    x: &[Tensor<f64>],
    f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
) -> Derivatives {
    let tape = Tape::new();
    let vars: Vec<_> = x.iter().map(|x| tape.var(x.clone())).collect();
    let y = f(&vars);
    let numbers = |v: &Var<'_, f64>| v.tensor().slice().to_vec();
    let total = y.sum();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for var in &vars {
        let [gradient] = total.grad([var]);
        first.push(numbers(&gradient));
        let slope = gradient.sum();
        second.push(if slope.is_constant() {
            vec![0.0; var.shape().size()]
        } else {
            numbers(&slope.grad([var])[0])
        });
    }
    let (y, swept) = (numbers(&y), total.backward());
    for (var, first) in vars.iter().zip(&first) {
        if let Some(gradient) = swept.get(var) {
            same("backward against grad", gradient.slice(), first);
        }
    }
    Derivatives { y, first, second }
}

/// A function of one vector.
#[track_caller]
fn pin(
    f: impl for<'t> Fn(&Var<'t, f64>) -> Var<'t, f64>,
    x: &[f64],
    y: &[f64],
    first: &[f64],
    second: Option<&[f64]>,
) {
    let found = derivatives(&[Tensor::from(ndarray::aview1(x))], |v| f(&v[0]));
    same("value", &found.y, y);
    same("first order", &found.first[0], first);
    if let Some(second) = second {
        same("second order", &found.second[0], second);
    }
}

/// A function of two vectors; without a second order.
#[track_caller]
fn pin_pair(
    f: impl for<'t> Fn(&Var<'t, f64>, &Var<'t, f64>) -> Var<'t, f64>,
    [a, b]: [&[f64]; 2],
    y: &[f64],
    [da, db]: [&[f64]; 2],
) {
    let found = derivatives(&[a, b].map(|x| Tensor::from(ndarray::aview1(x))), |v| f(&v[0], &v[1]));
    same("value", &found.y, y);
    same("∂/∂a", &found.first[0], da);
    same("∂/∂b", &found.first[1], db);
}

#[test]
fn relu_has_gradient_0_at_0_and_keeps_nan() {
    let x = [-2.0, -0.0, 0.0, 3.0, INF, -INF, NAN];
    pin(|x| x.relu(), &x, &[0.0, 0.0, 0.0, 3.0, INF, 0.0, NAN], &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, NAN], None);
    let smooth = [-2.0, 0.0, 3.0, INF, -INF];
    pin(|x| x.relu(), &smooth, &[0.0, 0.0, 3.0, INF, 0.0], &[0.0, 0.0, 1.0, 1.0, 0.0], Some(&[0.0; 5]));
}

#[test]
fn abs_has_gradient_0_at_0_and_keeps_nan() {
    let x = [-2.0, -0.0, 0.0, 3.0, INF, -INF, NAN];
    pin(|x| x.abs(), &x, &[2.0, 0.0, 0.0, 3.0, INF, INF, NAN], &[-1.0, 0.0, 0.0, 1.0, 1.0, -1.0, NAN], None);
    pin(
        |x| x.abs(),
        &[-2.0, 0.0, INF, -INF],
        &[2.0, 0.0, INF, INF],
        &[-1.0, 0.0, 1.0, -1.0],
        Some(&[0.0; 4]),
    );
}

#[test]
fn maximum_of_equals_gives_half_to_each_and_keeps_nan() {
    pin_pair(
        |a, b| a.maximum(b),
        [&[1.0, 2.0, 0.0, NAN, 1.0, INF, -INF], &[2.0, 2.0, -0.0, 1.0, NAN, INF, 5.0]],
        &[2.0, 2.0, 0.0, NAN, NAN, INF, 5.0],
        [&[0.0, 0.5, 0.5, NAN, NAN, 0.5, 0.0], &[1.0, 0.5, 0.5, NAN, NAN, 0.5, 1.0]],
    );
}

#[test]
fn maximum_with_minus_infinity_has_a_finite_second_order() {
    let x = [Tensor::from([3.0, -1.0]), Tensor::from([-INF, -INF])];
    let found = derivatives(&x, |v| {
        let top = v[0].maximum(&v[1]);
        &top * &top
    });
    same("first order", &found.first[0], &[6.0, -2.0]);
    same("second order", &found.second[0], &[2.0, 2.0]);
    same("second order of the lesser", &found.second[1], &[0.0, 0.0]);
}

#[test]
fn an_infinite_gradient_does_not_reach_the_lesser_operand() {
    let tape = Tape::new();
    let (a, b) = (tape.var(Tensor::from([1.0])), tape.var(Tensor::from([2.0])));
    let found = a.maximum(&b).backward_with(Tensor::from([INF]));
    same("lesser", found.wrt(&a).slice(), &[0.0]);
    same("greater", found.wrt(&b).slice(), &[INF]);
}

#[test]
fn max_shares_evenly_among_ties() {
    let third = 1.0 / 3.0;
    pin(|x| x.max(), &[3.0, 1.0, 3.0, 3.0], &[3.0], &[third, 0.0, third, third], Some(&[0.0; 4]));
    pin(|x| x.max(), &[-INF, -INF], &[-INF], &[0.5, 0.5], None);
    pin(|x| x.max(), &[INF, 1.0], &[INF], &[1.0, 0.0], None);
    let rows = Tensor::from([[2.0, 2.0, 0.0], [0.0, 1.0, -1.0]]);
    let found = derivatives(&[rows], |v| v[0].max_axes(1, false));
    same("value", &found.y, &[2.0, 1.0]);
    same("first order", &found.first[0], &[0.5, 0.5, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn max_never_erases_nan() {
    pin(|x| x.max(), &[1.0, NAN, 5.0], &[NAN], &[0.0, NAN, 0.0], None);
    pin(|x| x.max(), &[NAN, 5.0], &[NAN], &[NAN, 0.0], None);
}

#[test]
fn max_dim_takes_the_first_of_equals_and_the_first_nan() {
    let f = |x: &Tensor<f64>| x.max_dim(0, false).1.slice()[0];
    assert_eq!(f(&Tensor::from([1.0, 3.0, 3.0])), 1);
    assert_eq!(f(&Tensor::from([1.0, NAN, 9.0, NAN])), 1);
    assert_eq!(f(&Tensor::from([-INF, -INF])), 0);
    pin(|x| x.max_dim(0, false).0, &[1.0, 3.0, 3.0], &[3.0], &[0.0, 1.0, 0.0], Some(&[0.0; 3]));
    pin(|x| x.max_dim(0, false).0, &[1.0, NAN, 9.0], &[NAN], &[0.0, 1.0, 0.0], None);
}

#[test]
fn ln_is_nan_outside_its_domain_and_infinite_at_0() {
    pin(
        |x| x.ln(),
        &[-1.0, 0.0, 1.0, INF, NAN],
        &[NAN, -INF, 0.0, INF, NAN],
        &[NAN, INF, 1.0, 0.0, NAN],
        None,
    );
    pin(|x| x.ln(), &[0.5, 2.0], &[0.5f64.ln(), 2f64.ln()], &[2.0, 0.5], Some(&[-4.0, -0.25]));
}

#[test]
fn sqrt_is_nan_outside_its_domain_and_has_an_infinite_slope_at_0() {
    pin(|x| x.sqrt(), &[-1.0, 0.0, 4.0, INF], &[NAN, 0.0, 2.0, INF], &[NAN, INF, 0.25, 0.0], None);
    pin(|x| x.sqrt(), &[4.0], &[2.0], &[0.25], Some(&[-1.0 / 32.0]));
    pin(|x| x.sqrt() * 0.0, &[0.0], &[0.0], &[NAN], None); // 0 · inf; select is the safe way
}

#[test]
fn recip_of_0_is_infinite() {
    pin(|x| x.recip(), &[0.0, 2.0], &[INF, 0.5], &[-INF, -0.25], None);
    pin(|x| x.recip(), &[2.0], &[0.5], &[-0.25], Some(&[0.25]));
}

#[test]
fn pow_with_exponent_0_is_flat_everywhere() {
    let found = derivatives(&[Tensor::from([0.0, 2.0, -3.0, INF])], |v| v[0].pow(&v[0].constant(0.0)));
    same("value", &found.y, &[1.0; 4]);
    same("first order", &found.first[0], &[0.0; 4]);
    same("second order", &found.second[0][..3], &[0.0; 3]);
    pin(|x| x.powf(0.0), &[0.0, 2.0, -3.0], &[1.0; 3], &[0.0; 3], Some(&[0.0; 3]));
}

#[test]
fn pow_of_0_follows_its_exponent() {
    pin_pair(
        |a, b| a.pow(b),
        [&[0.0; 5], &[0.5, 1.0, 2.0, 0.0, -1.0]],
        &[0.0, 0.0, 0.0, 1.0, INF],
        [&[INF, 1.0, 0.0, 0.0, -INF], &[0.0, 0.0, 0.0, 0.0, -INF]],
    );
    pin(|x| x.powf(2.0), &[0.0], &[0.0], &[0.0], Some(&[2.0]));
    pin(|x| x.powf(1.0), &[0.0], &[0.0], &[1.0], Some(&[0.0]));
    pin(|x| x.powf(0.5), &[0.0], &[0.0], &[INF], None);
    let found = derivatives(&[Tensor::from([0.0, 0.0, 0.0])], |v| {
        v[0].pow(&v[0].lift(Tensor::from([1.0, 2.0, 3.0])))
    });
    same("second order", &found.second[0], &[0.0, 2.0, 0.0]);
}

#[test]
fn pow_of_a_negative_number_is_exact_for_integers_and_nan_else() {
    pin_pair(
        |a, b| a.pow(b),
        [&[-2.0, -2.0, -2.0, -2.0], &[2.0, 3.0, -1.0, 0.5]],
        &[4.0, -8.0, -0.5, NAN],
        [&[-4.0, 12.0, -0.25, NAN], &[NAN; 4]],
    );
    pin(|x| x.powf(3.0), &[-2.0], &[-8.0], &[12.0], Some(&[-12.0]));
    pin(|x| x.powf(0.5), &[-2.0], &[NAN], &[NAN], None);
}

/// ∂²/∂a∂b aᵇ = aᵇ⁻¹(1 + b ln a): at b = 0 it is 1/a, whichever comes first.
#[test]
fn pow_has_a_symmetric_hessian_at_exponent_0() {
    let tape = Tape::new();
    let (a, b) = (tape.var(Tensor::from([2.0])), tape.var(Tensor::from([0.0])));
    let [da, db] = a.pow(&b).sum().grad([&a, &b]);
    let [mixed] = da.sum().grad([&b]);
    let [other] = db.sum().grad([&a]);
    close("∂/∂b of ∂/∂a", mixed.tensor().slice(), &[0.5]);
    close("∂/∂a of ∂/∂b", other.tensor().slice(), &[0.5]);
}

#[test]
fn softmax_family_reaches_its_limits_without_overflow() {
    let x = Tensor::from([[1e4, 0.0, -1e4], [-1e4, -1e4, -1e4]]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].softmax(1));
    close("softmax", &found.y, &[1.0, 0.0, 0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0]);
    close("its gradient", &found.first[0], &[0.0; 6]);
    close("its second order", &found.second[0], &[0.0; 6]);

    let found = derivatives(std::slice::from_ref(&x), |v| v[0].log_softmax(1));
    let log = -(3f64.ln());
    close("log_softmax", &found.y, &[0.0, -1e4, -2e4, log, log, log]);
    close("its gradient", &found.first[0], &[-2.0, 1.0, 1.0, 0.0, 0.0, 0.0]);

    let found = derivatives(&[x], |v| v[0].cross_entropy(&[2, 0].into()));
    close("cross entropy", &found.y, &[(2e4 - log) / 2.0]);
    close("its gradient", &found.first[0], &[0.5, 0.0, -0.5, -1.0 / 3.0, 1.0 / 6.0, 1.0 / 6.0]);
    assert!(found.second[0].iter().all(|v| v.is_finite()));
}

#[test]
fn sigmoid_and_tanh_reach_their_limits_without_overflow() {
    let x = [-INF, -1e4, -800.0, 0.0, 800.0, 1e4, INF, NAN];
    let y = [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0, NAN];
    pin(|x| x.sigmoid(), &x, &y, &[0.0, 0.0, 0.0, 0.25, 0.0, 0.0, 0.0, NAN], None);
    pin(|x| x.sigmoid(), &[-1e4, 0.0, 1e4], &[0.0, 0.5, 1.0], &[0.0, 0.25, 0.0], Some(&[0.0; 3]));
    // Far out on the left the relative accuracy is kept.
    assert_eq!(Tensor::from([-700.0]).sigmoid().item(), (-700f64).exp());
    pin(|x| x.tanh(), &[-1e4, 0.0, 1e4], &[-1.0, 0.0, 1.0], &[0.0, 1.0, 0.0], Some(&[0.0; 3]));
}

#[test]
fn softmax_gives_masked_entries_nothing() {
    let x = Tensor::from([[0.0, -INF, 0.0]]);
    let weights = Tensor::from([[1.0, 5.0, 3.0]]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].softmax(1) * v[0].lift(weights.clone()));
    close("value", &found.y, &[0.5, 0.0, 1.5]);
    close("gradient", &found.first[0], &[-0.5, 0.0, 0.5]);
    assert!(found.second[0].iter().all(|v| v.is_finite()), "{:?}", found.second);
}

#[test]
fn log_softmax_is_minus_infinity_at_masked_entries_and_their_gradient_passes() {
    let tape = Tape::new();
    let x = tape.var(Tensor::from([[0.0, -INF, 0.0]]));
    let y = x.log_softmax(1);
    same("value", y.tensor().slice(), &[-(2f64.ln()), -INF, -(2f64.ln())]);
    let seed = Tensor::from([[1.0, 5.0, 2.0]]);
    let [recorded] = y.grad_with(tape.constant(seed.clone()), [&x]);
    // dx = dy − softmax · Σdy
    same("recorded", recorded.tensor().slice(), &[-3.0, 5.0, -2.0]);
    same("gradient", y.backward_with(seed).wrt(&x).slice(), &[-3.0, 5.0, -2.0]);
}

#[test]
fn a_fully_masked_row_is_nan_and_stays_in_its_row() {
    let x = Tensor::from([[-INF, -INF], [0.0, 0.0]]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].softmax(1));
    same("value", &found.y, &[NAN, NAN, 0.5, 0.5]);
    same("gradient", &found.first[0], &[NAN, NAN, 0.0, 0.0]);
    let found = derivatives(&[x], |v| v[0].log_softmax(1));
    same("value", &found.y[..2], &[NAN, NAN]);
    same("gradient", &found.first[0], &[NAN, NAN, 0.0, 0.0]);
}

#[test]
fn a_masked_softmax_of_no_place_is_0() {
    let (x, mask) = (Tensor::from([[5.0, -INF], [0.0, 0.0]]), Tensor::from([[0.0, 0.0], [1.0, 0.0]]));
    let found = derivatives(&[x], |v| v[0].masked_softmax(1, &v[0].lift(mask.clone())).square());
    same("value", &found.y, &[0.0, 0.0, 1.0, 0.0]);
    same("gradient", &found.first[0], &[0.0; 4]);
    same("second order", &found.second[0], &[0.0; 4]);
}

#[test]
fn cross_entropy_of_a_masked_class_is_infinite_with_a_finite_gradient() {
    let x = Tensor::from([[0.0, -INF, 0.0]]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].cross_entropy(&[0].into()));
    close("value", &found.y, &[2f64.ln()]);
    close("gradient", &found.first[0], &[-0.5, 0.0, 0.5]);
    let found = derivatives(&[x], |v| v[0].cross_entropy(&[1].into()));
    same("value", &found.y, &[INF]);
    close("gradient", &found.first[0], &[0.5, -1.0, 0.5]);
}

#[test]
fn select_keeps_nan_in_the_branch_that_is_not_taken() {
    let mask = Tensor::from([1.0, 0.0]);
    let x = [Tensor::from([1.0, NAN]), Tensor::from([INF, 2.0])];
    let found = derivatives(&x, |v| v[0].lift(mask.clone()).select(&(&v[0] * &v[0]), &(&v[1] * &v[1])));
    same("value", &found.y, &[1.0, 4.0]);
    // The select itself sends exactly 0; what the square's rule makes of it is 0 · x.
    same("yes", &found.first[0], &[2.0, NAN]);
    let found = derivatives(&x, |v| v[0].lift(mask.clone()).select(&v[0], &v[1]));
    same("yes", &found.first[0], &[1.0, 0.0]);
    same("no", &found.first[1], &[0.0, 1.0]);
}

#[test]
fn a_double_where_is_finite_where_one_is_not() {
    let x = [0.0, 4.0];
    pin(
        |x| x.greater(&x.constant(0.0)).select(&x.sqrt(), &x.constant(0.0)),
        &x,
        &[0.0, 2.0],
        &[NAN, 0.25],
        None,
    );
    pin(
        |x| {
            let positive = x.greater(&x.constant(0.0));
            let safe = positive.select(x, &x.constant(1.0));
            positive.select(&safe.sqrt(), &x.constant(0.0))
        },
        &x,
        &[0.0, 2.0],
        &[0.0, 0.25],
        Some(&[0.0, -1.0 / 32.0]),
    );
}

#[test]
fn duplicate_indices_add_up() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].index_select(0, &[1, 1, 0, 1].into()));
    same("index_select", &found.first[0], &[1.0, 1.0, 3.0, 3.0]);
    let twice = ops::Indices::new(vec![0, 0, 0, 1, 1, 1], [2, 3]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].take_along_axis(1, &twice));
    same("take_along_axis", &found.first[0], &[3.0, 0.0, 0.0, 3.0]);
    let found = derivatives(&[Tensor::from([1.0, 2.0, 4.0])], |v| {
        let sum = v[0].lift(Tensor::zeros([2])).scatter_add(0, &[1, 1, 0].into(), &v[0]);
        &sum * &sum
    });
    same("scatter_add", &found.y, &[16.0, 9.0]);
    same("its gradient", &found.first[0], &[6.0, 6.0, 8.0]);
}

#[test]
fn mean_of_nothing_is_nan_and_max_of_nothing_is_refused() {
    let nothing = Tensor::<f64>::zeros([0]);
    assert!(nothing.mean().item().is_nan());
    assert_eq!(nothing.sum().item(), 0.0);
    let found = derivatives(std::slice::from_ref(&nothing), |v| v[0].mean());
    assert!(found.first[0].is_empty());
    let max = ops::Max { axes: Axes::All, keepdims: false };
    let error = Value::try_apply(max, (&nothing).into()).unwrap_err().to_string();
    assert_eq!(error, "gradtape: max: nothing is extreme among no elements of [0]");
    // No lanes at all: nothing to refuse.
    assert_eq!(Tensor::<f64>::zeros([0, 3]).max_axes(1, false).shape().dims(), [0]);
    let rows = Tensor::<f64>::zeros([2, 0]).mean_axes(1, false);
    assert!(rows.shape().dims() == [2] && rows.slice().iter().all(|v| v.is_nan()));
}

/// Every op of the list that draws shapes, on a number and on nothing, is under the gradient
/// suite; these are the ones whose answer has to be decided.
#[test]
fn numbers_and_empty_arrays_go_through() {
    let number = Tensor::scalar(2.0);
    assert_eq!(number.sum().item() + number.mean().item() + number.max().item(), 6.0);
    assert_eq!((&number * &Tensor::from([1.0, 2.0])).slice(), [2.0, 4.0]);
    assert_eq!(number.reshape([1, 1]).shape().dims(), [1, 1]);
    assert_eq!(number.permute([]), number);
    let found = derivatives(&[number], |v| v[0].exp() * v[0].expand([3]));
    close("first order", &found.first[0], &[9.0 * 2f64.exp()]);
    close("second order", &found.second[0], &[12.0 * 2f64.exp()]);

    let (a, b) = (Tensor::<f64>::ones([2, 0]), Tensor::ones([0, 3]));
    let found = derivatives(&[a.clone(), b.clone()], |v| v[0].matmul(&v[1]));
    same("a product over nothing", &found.y, &[0.0; 6]);
    assert!(found.first.iter().all(Vec::is_empty));
    assert_eq!(b.matmul(&Tensor::ones([3, 2])).shape().dims(), [0, 2]);
    assert_eq!(a.softmax(1).shape().dims(), [2, 0]);
    assert_eq!(a.softmax(0).shape().dims(), [2, 0]);
    assert_eq!(Tensor::concat(&[&a, &a], 1).shape().dims(), [2, 0]);
    let bias = derivatives(&[Tensor::from([1.0, 2.0])], |v| {
        v[0].lift(Tensor::ones([3, 0])).linear(&v[0].lift(Tensor::ones([2, 0])), &v[0])
    });
    same("linear without inputs", &bias.y, &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0]);
    same("its bias", &bias.first[0], &[3.0, 3.0]);
}

#[test]
fn nan_passes_through_every_elementwise_function() {
    let ops: [(&str, fn(&Tensor<f64>) -> Tensor<f64>); 8] = [
        ("exp", |x| x.exp()),
        ("ln", |x| x.ln()),
        ("sqrt", |x| x.sqrt()),
        ("tanh", |x| x.tanh()),
        ("sigmoid", |x| x.sigmoid()),
        ("relu", |x| x.relu()),
        ("abs", |x| x.abs()),
        ("recip", |x| x.recip()),
    ];
    for (name, f) in ops {
        // Long enough that vector lanes and the rest are both met.
        let y = f(&Tensor::full([37], NAN));
        assert!(y.slice().iter().all(|v| v.is_nan()), "{name}: {y:?}");
        let narrow = f(&Tensor::full([1], NAN));
        assert!(narrow.item().is_nan(), "{name}");
    }
}
