//! The nasty points of statistics along axes.

use crate::kinks::{close, derivatives, same};
use crate::misuse::refused;
use gradtape::{Tape, Tensor};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn std_of_a_constant_has_gradient_0() {
    // The mean of 0.1, 0.1, 0.1 is not 0.1.
    for x in [2.0, 0.1] {
        let found = derivatives(&[Tensor::from([x; 3])], |v| v[0].std_axes(0, 1.0, false));
        same("value", &found.y, &[0.0]);
        same("gradient", &found.first[0], &[0.0; 3]);
    }
}

#[test]
fn std_neither_overflows_nor_vanishes() {
    for size in [1e200, 1e-200] {
        let found = derivatives(&[Tensor::from([size, -size])], |v| v[0].std_axes(0, 1.0, false));
        close("value", &[found.y[0] / size], &[2f64.sqrt()]);
        close("gradient", &found.first[0], &[0.5f64.sqrt(), -0.5f64.sqrt()]);
    }
}

#[test]
fn var_of_too_few_is_nan() {
    for (x, correction) in [(Tensor::from([2.0]), 1.0), (Tensor::from([2.0, 3.0]), 3.0)] {
        let found = derivatives(std::slice::from_ref(&x), |v| v[0].var_axes(0, correction, false));
        assert!(found.y[0].is_nan() && found.first[0].iter().all(|g| g.is_nan()), "{:?}", found.first);
        let found = derivatives(&[x], |v| v[0].std_axes(0, correction, false));
        assert!(found.y[0].is_nan() && found.first[0].iter().all(|g| g.is_nan()), "{:?}", found.first);
    }
    let nothing = Tensor::<f64>::zeros([2, 0]);
    let (var, mean) = nothing.var_mean_axes(1, 0.0, false);
    same(
        "of nothing",
        &[var.slice(), mean.slice(), nothing.std_axes(1, 0.0, false).slice()].concat(),
        &[NAN; 6],
    );
}

#[test]
fn var_does_not_lose_digits_far_from_0() {
    let found = derivatives(&[Tensor::from([1e9, 1e9 + 1.0, 1e9 + 2.0])], |v| v[0].var_axes(0, 1.0, false));
    close("value", &found.y, &[1.0]);
    close("gradient", &found.first[0], &[-1.0, 0.0, 1.0]);
    let found = derivatives(&[Tensor::from([1e9, 1e9 + 1.0, 1e9 + 2.0])], |v| v[0].std_axes(0, 1.0, false));
    close("deviation", &found.y, &[1.0]);
    close("its gradient", &found.first[0], &[-0.5, 0.0, 0.5]);
    // Of a mean that is rounded to a tenth of the deviation the gradient still adds up to nothing.
    let x = Tensor::from([1e6f32, 1e6 + 0.5, 1e6 + 0.5, 1e6 + 0.0625, 1e6 + 0.25]);
    let tape = Tape::new();
    let x = tape.var(x);
    for y in [x.var(), x.std()] {
        let gradient = y.backward();
        assert!(gradient.wrt(&x).sum().item().abs() < 1e-6, "{:?}", gradient.wrt(&x));
    }
}

#[test]
fn a_long_lane_takes_the_careful_way_where_a_part_of_it_overflows() {
    let n = 10_000;
    let x =
        Tensor::from_fn([n], |i| if i % 2 == 0 { 1e306 } else { -1e306 } * if i < n / 2 { 1.0 } else { 0.5 });
    let found = derivatives(&[x], |v| v[0].std_axes(0, 0.0, false));
    close("deviation", &[found.y[0] / 1e306], &[0.625f64.sqrt()]);
    let x = Tensor::from_fn([2, n], |i| {
        if i < n {
            1e305
        } else if i == n {
            INF
        } else {
            1.0
        }
    });
    let (var, mean) = x.var_mean_axes(1, 0.0, false);
    close("mean", &[mean.slice()[0] / 1e305], &[1.0]);
    same("beside an infinity", &[mean.slice()[1], var.slice()[1]], &[INF, NAN]);
}

#[test]
fn logsumexp_of_long_lanes_has_limits_in_every_part() {
    let n = 10_000;
    for (first, y) in [(-INF, 3.0), (INF, INF), (NAN, NAN), (-1e300, 3.0)] {
        for last in [0, n - 1] {
            let x = Tensor::from_fn([n], |i| {
                if i == last {
                    3.0
                } else if i % 2 == 0 {
                    first
                } else {
                    -INF
                }
            });
            let found = derivatives(std::slice::from_ref(&x), |v| v[0].logsumexp(0, false));
            same("value", &found.y, &[y]);
            // The same lane as a column.
            assert_eq!(
                x.reshape([n, 1]).expand([n, 2]).logsumexp(0, false).slice()[1].to_bits(),
                found.y[0].to_bits()
            );
        }
    }
}

#[test]
fn min_shares_evenly_and_never_erases_nan() {
    let found = derivatives(&[Tensor::from([3.0, 1.0, 1.0])], |v| v[0].min());
    same("value", &found.y, &[1.0]);
    same("gradient", &found.first[0], &[0.0, 0.5, 0.5]);
    let refused = refused(|| Tensor::<f64>::zeros([2, 0]).min_axes(1, false));
    assert!(
        refused.contains("gradtape: min_axes: nothing is extreme among no elements of [2, 0]"),
        "{refused}"
    );
    let found = derivatives(&[Tensor::from([3.0, NAN, 1.0])], |v| v[0].min());
    same("value", &found.y, &[NAN]);
    assert!(found.first[0][1].is_nan());
}

#[test]
fn min_dim_takes_the_first_of_equals() {
    let x = Tensor::from([[3.0, 1.0, 1.0], [2.0, NAN, 0.0]]);
    let (values, places) = x.min_dim(1, false);
    same("value", values.slice(), &[1.0, NAN]);
    assert_eq!(places.slice(), [1, 1]);
    assert_eq!(x.argmin_dim(1, false).slice(), [1, 1]);
    assert_eq!(x.argmax_dim(1, true).shape().dims(), [2, 1]);
    let found = derivatives(&[x], |v| v[0].min_dim(1, false).0);
    same("gradient", &found.first[0], &[0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn logsumexp_of_infinities() {
    for (x, y, gradient) in [
        ([-INF, 1.0], 1.0, [0.0, 1.0]),
        ([-INF, -INF], -INF, [0.0, 0.0]),
        ([INF, 1.0], INF, [1.0, 0.0]),
        ([INF, INF], INF, [0.5, 0.5]),
        ([NAN, 1.0], NAN, [NAN, NAN]),
    ] {
        let found = derivatives(&[Tensor::from(x)], |v| v[0].logsumexp(0, false));
        same("value", &found.y, &[y]);
        same("gradient", &found.first[0], &gradient);
    }
    let found = derivatives(&[Tensor::from([1e300, 1e300])], |v| v[0].logsumexp(0, false));
    same("gradient of large ones", &found.first[0], &[0.5, 0.5]);
    assert_eq!(Tensor::<f64>::ones([2, 0]).logsumexp(1, false), Tensor::from([-INF, -INF]));
}

#[test]
fn mean_overflows_only_where_the_true_mean_does() {
    let x = Tensor::from([[1e308, 1.5e308, 1.5e308], [INF, 1.0, 2.0]]);
    let found = derivatives(&[x], |v| v[0].mean_axes(1, false));
    close("value", &[found.y[0] / 1e308], &[4.0 / 3.0]);
    same("of an infinity", &found.y[1..], &[INF]);
    close("gradient", &found.first[0], &[1.0 / 3.0; 6]);
}

#[test]
fn argmax_counts_in_row_major_order() {
    let x = Tensor::from([[1.0, 5.0, -2.0], [5.0, 0.0, -2.0]]);
    assert_eq!((x.argmax(), x.argmin()), (1, 2));
    let x = Tensor::from([[1.0, 5.0], [NAN, NAN]]);
    assert_eq!((x.argmax(), x.argmin()), (2, 2));
    assert_eq!(Tensor::scalar(3.0).argmax(), 0);
}

#[test]
fn var_and_std_of_all_have_the_divisor_n_minus_1() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 6.0]]);
    close("all", &[x.var().item(), x.std().item()], &[14.0 / 3.0, (14f64 / 3.0).sqrt()]);
    assert!(Tensor::from([2.0f64]).var().item().is_nan());
}

#[test]
fn var_overflows_only_where_the_true_one_does() {
    let x = [1.1e154, -1.1e154, 1.1e154, -1.1e154];
    let found = derivatives(&[Tensor::from(x)], |v| v[0].var());
    close("value", &[found.y[0] / 1e308], &[1.21 * 4.0 / 3.0]);
    close("gradient", &found.first[0].iter().map(|g| g / 1e154).collect::<Vec<_>>(), &x.map(|v| v / 1.5e154));
}
