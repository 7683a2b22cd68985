//! The nasty points of products and scans.

use crate::kinks::{close, derivatives, same};
use gradtape::{Axes, Tape, Tensor, ops::TopK};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// The Hessian of a sum of results, row by row.
fn hessian(x: &[f64], f: impl for<'t> Fn(&gradtape::Var<'t, f64>) -> gradtape::Var<'t, f64>) -> Vec<f64> {
    let tape = Tape::new();
    let x = tape.var(Tensor::from(ndarray::aview1(x)));
    let [gradient] = f(&x).sum().grad([&x]);
    let row = |i: usize| gradient.narrow(0, i as isize, 1).sum().grad([&x])[0].tensor().slice().to_vec();
    (0..x.shape().size()).flat_map(row).collect()
}

#[test]
fn prod_is_exact_with_zeros() {
    for (x, y, gradient, second) in [
        ([2.0, 3.0, 4.0], 24.0, [12.0, 8.0, 6.0], [0.0, 4.0, 3.0, 4.0, 0.0, 2.0, 3.0, 2.0, 0.0]),
        ([2.0, 0.0, 4.0], 0.0, [0.0, 8.0, 0.0], [0.0, 4.0, 0.0, 4.0, 0.0, 2.0, 0.0, 2.0, 0.0]),
        ([0.0, 3.0, 0.0], 0.0, [0.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 3.0, 0.0, 0.0]),
        ([0.0, 0.0, 0.0], 0.0, [0.0, 0.0, 0.0], [0.0; 9]),
    ] {
        let found = derivatives(&[Tensor::from(x)], |v| v[0].prod());
        same("value", &found.y, &[y]);
        same("gradient", &found.first[0], &gradient);
        same("second order", &hessian(&x, |v| v.prod()), &second);
    }
    let x = Tensor::from([[1.0, NAN], [0.0, 2.0]]);
    let found = derivatives(&[x], |v| v[0].prod_axes(1, false));
    same("with a NaN", &found.y, &[NAN, 0.0]);
    same("its gradient", &found.first[0], &[NAN, 1.0, 2.0, 0.0]);
}

#[test]
fn prod_of_nothing_is_1() {
    assert_eq!(Tensor::<f64>::ones([0]).prod().item(), 1.0);
    assert_eq!(Tensor::<f64>::zeros([2, 0]).prod_axes(1, false), Tensor::from([1.0, 1.0]));
    assert_eq!(Tensor::<f64>::zeros([0, 2]).prod_axes(1, true).shape().dims(), [0, 1]);
    let found = derivatives(&[Tensor::ones([2, 0])], |v| v[0].prod_axes(Axes::All, false));
    assert!(found.y == [1.0] && found.first[0].is_empty());
}

#[test]
fn cumprod_is_exact_with_zeros() {
    let found = derivatives(&[Tensor::from([2.0, 0.0, 3.0, 0.0])], |v| v[0].cumprod(0));
    same("value", &found.y, &[2.0, 0.0, 0.0, 0.0]);
    same("gradient", &found.first[0], &[1.0, 2.0 + 6.0, 0.0, 0.0]);
    // y₀ + y₁ + y₂ = a + ab + abc
    let second = hessian(&[2.0, 0.0, 0.0], |v| v.cumprod(0));
    same("second order", &second, &[0.0, 1.0, 0.0, 1.0, 0.0, 2.0, 0.0, 2.0, 0.0]);
    same("with a NaN", Tensor::from([2.0, NAN, 0.0]).cumprod(0).slice(), &[2.0, NAN, NAN]);
}

#[test]
fn cumsum_spreads_what_is_infinite_or_nan_from_its_place_on() {
    let found = derivatives(&[Tensor::from([1.0, INF, 2.0, -INF, NAN])], |v| v[0].cumsum(0));
    same("value", &found.y, &[1.0, INF, INF, NAN, NAN]);
    same("gradient", &found.first[0], &[5.0, 4.0, 3.0, 2.0, 1.0]);
    assert_eq!(Tensor::<f64>::ones([2, 0]).cumsum(1).shape().dims(), [2, 0]);
}

#[test]
fn cummax_takes_the_latest_of_equals_and_spreads_nan() {
    let x = Tensor::from([1.0, 3.0, 3.0, 2.0, NAN, 9.0, NAN]);
    assert_eq!(x.cummax(0).1.slice(), [0, 1, 2, 2, 4, 4, 6]);
    let found = derivatives(&[x], |v| v[0].cummax(0).0);
    same("value", &found.y, &[1.0, 3.0, 3.0, 3.0, NAN, NAN, NAN]);
    same("gradient", &found.first[0], &[1.0, 1.0, 2.0, 0.0, 2.0, 0.0, 1.0]);
    let x = Tensor::from([1.0, 1.0, 2.0, -INF, 0.0]);
    assert_eq!(x.cummin(0).1.slice(), [0, 1, 1, 3, 3]);
    let found = derivatives(&[x], |v| v[0].cummin(0).0);
    same("value", &found.y, &[1.0, 1.0, 1.0, -INF, -INF]);
    same("gradient", &found.first[0], &[1.0, 2.0, 0.0, 2.0, 0.0]);
}

#[test]
fn logcumsumexp_of_infinities() {
    for (x, y, gradient) in [
        ([-INF, -INF, 1.0], [-INF, -INF, 1.0], [0.0, 0.0, 1.0]),
        ([1.0, -INF, -INF], [1.0, 1.0, 1.0], [3.0, 0.0, 0.0]),
        ([1.0, INF, 2.0], [1.0, INF, INF], [1.0, 2.0, 0.0]),
        ([INF, INF, 0.0], [INF, INF, INF], [2.0, 1.0, 0.0]),
        ([0.0, NAN, 1.0], [0.0, NAN, NAN], [NAN, NAN, NAN]),
    ] {
        let found = derivatives(&[Tensor::from(x)], |v| v[0].logcumsumexp(0));
        same("value", &found.y, &y);
        same("gradient", &found.first[0], &gradient);
    }
}

#[test]
fn logcumsumexp_neither_overflows_nor_vanishes() {
    let ln2 = 2f64.ln();
    for far in [1e4, -1e4] {
        let found = derivatives(&[Tensor::from([far, far])], |v| v[0].logcumsumexp(0));
        close("value", &found.y, &[far, far + ln2]);
        close("gradient", &found.first[0], &[1.5, 0.5]);
    }
    let found = derivatives(&[Tensor::from([-1e4, 1e4, 0.0])], |v| v[0].logcumsumexp(0));
    close("value far apart", &found.y, &[-1e4, 1e4, 1e4]);
    close("gradient far apart", &found.first[0], &[1.0, 2.0, 0.0]);
    assert!(found.second[0].iter().all(|v| v.is_finite()));
}

#[test]
fn linear_scan_does_not_use_the_first_decay() {
    let x = [Tensor::from([1.0, 2.0]), Tensor::from([NAN, 3.0])];
    let found = derivatives(&x, |v| v[0].linear_scan(&v[1], 0));
    same("value", &found.y, &[1.0, 5.0]);
    same("gradient of x", &found.first[0], &[4.0, 1.0]);
    same("gradient of the decay", &found.first[1], &[0.0, 1.0]);
}

#[test]
fn diff_leaves_nothing_of_too_few() {
    let x = Tensor::from([[1.0, 4.0, 2.0]]);
    assert_eq!(x.diff(1, 1, None, None), Tensor::from([[3.0, -2.0]]));
    assert_eq!(x.diff(0, -1, None, Some(&x)), Tensor::from([[1.0, 4.0, 2.0, 1.0, 4.0, 2.0]]));
    assert_eq!(x.diff(5, 1, None, None).shape().dims(), [1, 0]);
    let found = derivatives(&[Tensor::from([1.0])], |v| v[0].diff(3, 0, None, None));
    same("gradient", &found.first[0], &[0.0]);
}

#[test]
fn a_number_is_a_lane_of_one_element() {
    for axis in [0, -1] {
        let found = derivatives(&[Tensor::scalar(2.0)], |v| {
            let x = &v[0];
            let sums = x.cumsum(axis) * x.cumprod(axis) * x.logcumsumexp(axis);
            let extremes = x.cummax(axis).0 * x.cummin(axis).0;
            let top = x.topk(1, TopK { axis, ..TopK::default() }).0;
            sums * extremes * x.sort(axis, true).0 * top
        });
        // x⁷
        same("value", &found.y, &[128.0]);
        same("gradient", &found.first[0], &[448.0]);
        same("second order", &found.second[0], &[1344.0]);
        let x = Tensor::scalar(2.0);
        let places = [x.sort(axis, false).1, x.argsort(axis, true), x.cummax(axis).1, x.cummin(axis).1];
        for places in places {
            assert_eq!((places.shape().rank(), places.slice()), (0, &[0][..]));
        }
    }
    let found = derivatives(&[Tensor::scalar(-INF)], |v| v[0].logcumsumexp(0));
    same("of nothing", &found.y, &[-INF]);
    same("its gradient", &found.first[0], &[0.0]);
}
