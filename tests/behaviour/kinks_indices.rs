//! The nasty points of ops that pick, pad, cut, write and order elements.

use crate::kinks::{derivatives, same};
use gradtape::Tensor;
use gradtape::ops::{Indices, PadMode};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn gathered_twice_adds_up() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let indices = Indices::new(vec![1, 1, 0], [1, 3]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].gather(1, &indices));
    same("value", &found.y, &[2.0, 2.0, 1.0]);
    same("gradient", &found.first[0], &[1.0, 2.0, 0.0, 0.0]);
}

#[test]
fn added_twice_adds_up() {
    let (x, source) = (Tensor::from([1.0, 2.0]), Tensor::from([10.0, 20.0, 40.0]));
    let operands = [x, source];
    let found = derivatives(&operands, |v| v[0].scatter_add(0, &[1, 1, 0].into(), &v[1]).square());
    same("scatter_add", &found.y, &[41.0 * 41.0, 32.0 * 32.0]);
    same("to the source", &found.first[1], &[64.0, 64.0, 82.0]);
    let found = derivatives(&operands, |v| v[0].index_add(0, &[1, 1, 0].into(), &v[1], 0.5).square());
    same("index_add", &found.y, &[21.0 * 21.0, 17.0 * 17.0]);
    same("to the source", &found.first[1], &[17.0, 17.0, 21.0]);
    same("second order", &found.second[1], &[1.0, 1.0, 0.5]);
}

#[test]
fn the_last_writer_wins_and_has_the_gradient() {
    let (x, source) = (Tensor::from([1.0, 2.0, 3.0]), Tensor::from([10.0, 20.0, 40.0]));
    let found = derivatives(&[x.clone(), source.clone()], |v| v[0].scatter(0, &[1, 1, 0].into(), &v[1]));
    same("scatter", &found.y, &[40.0, 20.0, 3.0]);
    same("to what is written over", &found.first[0], &[0.0, 0.0, 1.0]);
    same("to the writers", &found.first[1], &[0.0, 1.0, 1.0]);
    let found = derivatives(&[x, source], |v| v[0].index_copy(0, &[1, 1, 0].into(), &v[1]));
    same("index_copy", &found.y, &[40.0, 20.0, 3.0]);
    same("to what is written over", &found.first[0], &[0.0, 0.0, 1.0]);
    same("to the writers", &found.first[1], &[0.0, 1.0, 1.0]);
}

#[test]
fn what_is_written_over_leaves_no_nan() {
    let (x, source) = (Tensor::from([NAN, 2.0]), Tensor::from([INF, NAN, 5.0]));
    let found = derivatives(&[x.clone(), source], |v| v[0].scatter(0, &[0, 0, 0].into(), &v[1]));
    same("scatter", &found.y, &[5.0, 2.0]);
    same("gradient", &found.first[0], &[0.0, 1.0]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].scatter_fill(0, &[0].into(), 7.0));
    same("scatter_fill", &found.y, &[7.0, 2.0]);
    same("gradient", &found.first[0], &[0.0, 1.0]);
    let found = derivatives(&[x], |v| v[0].index_fill(0, &[0].into(), -INF));
    same("index_fill", &found.y, &[-INF, 2.0]);
    same("gradient", &found.first[0], &[0.0, 1.0]);
}

#[test]
fn padding_that_repeats_elements_adds_up() {
    let x = Tensor::from([1.0, 2.0, 3.0]);
    for (mode, value, gradient) in [
        (PadMode::Reflect, [3.0, 2.0, 1.0, 2.0, 3.0, 2.0], [1.0, 3.0, 2.0]),
        (PadMode::Replicate, [1.0, 1.0, 1.0, 2.0, 3.0, 3.0], [3.0, 1.0, 2.0]),
        (PadMode::Circular, [2.0, 3.0, 1.0, 2.0, 3.0, 1.0], [2.0, 2.0, 2.0]),
    ] {
        let found = derivatives(std::slice::from_ref(&x), |v| v[0].pad(&[2, 1], mode));
        same("value", &found.y, &value);
        same("gradient", &found.first[0], &gradient);
    }
}

#[test]
fn padding_by_an_infinity_leaves_no_nan() {
    for value in [-INF, NAN] {
        let found =
            derivatives(&[Tensor::from([0.0, 2.0])], |v| v[0].pad(&[1, -1], PadMode::Constant(value)));
        same("value", &found.y, &[value, 0.0]);
        same("gradient", &found.first[0], &[1.0, 0.0]);
    }
}

#[test]
fn overlapping_windows_add_up() {
    let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].unfold(0, 3, 1));
    same("unfold", &found.first[0], &[1.0, 2.0, 2.0, 1.0]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].unfold(0, 1, 2));
    same("windows apart", &found.first[0], &[1.0, 0.0, 1.0, 0.0]);
    let found = derivatives(&[x], |v| v[0].as_strided([3, 2], &[0, 1], 1).square());
    same("as_strided", &found.first[0], &[0.0, 12.0, 18.0, 0.0]);
}

#[test]
fn triangles_cut_off_nan_and_infinities() {
    let x = Tensor::from([[1.0, NAN], [INF, 2.0]]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].tril(0).triu(0));
    same("value", &found.y, &[1.0, 0.0, 0.0, 2.0]);
    same("gradient", &found.first[0], &[1.0, 0.0, 0.0, 1.0]);
}

#[test]
fn diagonals_beyond_the_corner_are_empty() {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    for offset in [3, -2, isize::MAX, isize::MIN] {
        let found = derivatives(std::slice::from_ref(&x), |v| v[0].diagonal(offset, 0, 1));
        assert!(found.y.is_empty() && found.first[0] == [0.0; 6], "{offset}");
    }
    assert_eq!(x.diagonal(0, 1, 0), Tensor::from([1.0, 5.0]));
    assert_eq!(x.diagonal(1, 1, 0), Tensor::from([4.0]));
    assert_eq!(x.tril(isize::MIN), Tensor::zeros([2, 3]));
    assert_eq!(x.triu(isize::MIN), x);
    assert_eq!(Tensor::<f64>::zeros([0]).diag(0).shape().dims(), [0, 0]);
    assert_eq!(Tensor::<f64>::zeros([3, 0]).trace().item(), 0.0);
}
