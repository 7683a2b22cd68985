//! The nasty points of norms, medians, and what counts elements.

use crate::kinks::{close, derivatives, same};
use gradtape::Tensor;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn norms_of_0_have_gradient_0() {
    for p in [1.0, 2.0, 3.0, 1.5, 0.5, INF, -INF, -1.0, 0.0] {
        let found = derivatives(&[Tensor::from([0.0; 3])], |v| v[0].norm(p));
        same(&format!("norm {p}"), &found.y, &[0.0]);
        same(&format!("gradient of norm {p}"), &found.first[0], &[0.0; 3]);
        same(&format!("second order of norm {p}"), &found.second[0], &[0.0; 3]);
    }
}

#[test]
fn norms_with_some_zeros() {
    for (p, y, gradient) in [
        (2.0, 5.0, [0.6, 0.0, -0.8]),
        (1.0, 7.0, [1.0, 0.0, -1.0]),
        (3.0, 91f64.cbrt(), [9.0 / 91f64.powf(2.0 / 3.0), 0.0, -16.0 / 91f64.powf(2.0 / 3.0)]),
        (0.0, 2.0, [0.0; 3]),
        (INF, 4.0, [0.0, 0.0, -1.0]),
        (-INF, 0.0, [0.0; 3]),
        (-1.0, 0.0, [0.0; 3]),
    ] {
        let found = derivatives(&[Tensor::from([3.0, 0.0, -4.0])], |v| v[0].norm(p));
        close(&format!("norm {p}"), &found.y, &[y]);
        close(&format!("gradient of norm {p}"), &found.first[0], &gradient);
    }
    // √(x² + 5²) bends by 1/5 at 0.
    let found = derivatives(&[Tensor::from([[0.0], [5.0]])], |v| v[0].norm_axes(2.0, 0, true));
    close("second order beside a zero", &found.second[0], &[0.2, 0.0]);
}

#[test]
fn ties_of_norm_infinity_share_evenly_with_their_signs() {
    let found = derivatives(&[Tensor::from([2.0, -2.0, 1.0])], |v| v[0].norm(INF));
    same("gradient", &found.first[0], &[0.5, -0.5, 0.0]);
    let found = derivatives(&[Tensor::from([2.0, -1.0, 1.0])], |v| v[0].norm(-INF));
    same("gradient of the least", &found.first[0], &[0.0, -0.5, 0.5]);
}

#[test]
fn norms_overflow_only_where_they_are_infinite() {
    for size in [1e200, 1e-200] {
        let x = Tensor::from([[3.0 * size, -4.0 * size], [0.0, size]]);
        let found = derivatives(&[x], |v| v[0].norm_axes(2.0, 1, false));
        close("norm 2", &[found.y[0] / size, found.y[1] / size], &[5.0, 1.0]);
        close("its gradient", &found.first[0], &[0.6, -0.8, 0.0, 1.0]);
        for p in [3.0, 0.5, -2.0] {
            let unit = derivatives(&[Tensor::from([1.0, 2.0])], |v| v[0].norm(p));
            let found = derivatives(&[Tensor::from([size, 2.0 * size])], |v| v[0].norm(p));
            close(&format!("norm {p}"), &[found.y[0] / size], &unit.y);
            close(&format!("gradient of norm {p}"), &found.first[0], &unit.first[0]);
        }
    }
    // The norm itself is too large, its gradient is not.
    let found = derivatives(&[Tensor::from([1.5e308, 1.5e308])], |v| v[0].norm(2.0));
    same("value", &found.y, &[INF]);
    close("gradient", &found.first[0], &[0.5f64.sqrt(); 2]);
}

#[test]
fn norms_of_infinities_take_their_limits() {
    for (x, gradient) in [([INF, 1.0], [1.0, 0.0]), ([-INF, INF], [-(0.5f64.sqrt()), 0.5f64.sqrt()])] {
        let found = derivatives(&[Tensor::from(x)], |v| v[0].norm(2.0));
        same("value", &found.y, &[INF]);
        close("gradient", &found.first[0], &gradient);
    }
    let found = derivatives(&[Tensor::from([NAN, 1.0])], |v| v[0].norm(2.0));
    same("with a NaN", &[found.y[0], found.first[0][0]], &[NAN, NAN]);
}

#[test]
fn norms_of_nothing() {
    let nothing = Tensor::<f64>::ones([2, 0]);
    for p in [0.0, 1.0, 2.0, 3.0] {
        assert_eq!(nothing.norm_axes(p, 1, false), Tensor::from([0.0, 0.0]));
        let found = derivatives(std::slice::from_ref(&nothing), |v| v[0].norm(p));
        assert!(found.y == [0.0] && found.first[0].is_empty());
    }
}

#[test]
fn median_is_the_lower_of_two_and_the_first_of_equals() {
    let x = Tensor::from([[4.0, 1.0, 3.0, 2.0], [2.0, 5.0, 2.0, 2.0]]);
    assert_eq!(x.median_dim(1, false).1.slice(), [3, 0]);
    assert_eq!(x.median_dim(1, true).0, Tensor::from([[2.0], [2.0]]));
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].median_dim(1, false).0);
    same("gradient", &found.first[0], &[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    let found = derivatives(&[x], |v| v[0].median());
    same("of all", &found.y, &[2.0]);
    same("its gradient", &found.first[0], &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn median_never_erases_nan() {
    let x = Tensor::from([[1.0, NAN, 0.0, NAN], [-INF, 1.0, INF, INF]]);
    let (values, places) = x.median_dim(1, false);
    same("values", values.slice(), &[NAN, 1.0]);
    assert_eq!(places.slice(), [1, 1]);
    let found = derivatives(&[x], |v| v[0].median());
    same("of all", &found.y, &[NAN]);
    same("its gradient", &found.first[0], &[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn of_no_lanes_there_is_nothing_to_pick() {
    let nothing = Tensor::<f64>::zeros([0, 0]);
    for (values, places) in [nothing.max_dim(1, false), nothing.min_dim(0, true), nothing.median_dim(1, true)]
    {
        assert!(values.shape().size() == 0 && places.slice().is_empty());
    }
}

#[test]
fn any_and_all_take_nan_for_true_and_nothing_for_what_it_is() {
    let x = Tensor::from([[0.0, NAN], [0.0, -0.0], [2.0, -1.0]]);
    assert_eq!(x.any_axes(1, false), Tensor::from([1.0, 0.0, 1.0]));
    assert_eq!(x.all_axes(1, false), Tensor::from([0.0, 0.0, 1.0]));
    assert_eq!((x.any().item(), x.all().item()), (1.0, 0.0));
    let nothing = Tensor::<f64>::zeros([0]);
    assert_eq!((nothing.any().item(), nothing.all().item()), (0.0, 1.0));
}

#[test]
fn nansum_and_nanmean_pass_gradients_of_numbers_only() {
    let x = Tensor::from([[1.0, NAN, 3.0], [NAN, NAN, NAN]]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].nansum_axes(1, false));
    same("sum", &found.y, &[4.0, 0.0]);
    same("its gradient", &found.first[0], &[1.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    let found = derivatives(&[x], |v| v[0].nanmean_axes(1, false));
    same("mean", &found.y, &[2.0, NAN]);
    same("its gradient", &found.first[0][..3], &[0.5, 0.0, 0.5]);
}
