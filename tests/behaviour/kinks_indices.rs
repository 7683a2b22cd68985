//! The nasty points of ops that pick, pad, cut, write and order elements.

use crate::kinks::{derivatives, same};
use gradtape::Tensor;
use gradtape::ops::{Indices, PadMode, TopK};

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
fn circular_padding_goes_round_what_is_left() {
    let x = Tensor::from([1.0, 2.0, 3.0, 4.0, 5.0]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].pad(&[-2, 1], PadMode::Circular));
    same("value", &found.y, &[3.0, 4.0, 5.0, 3.0]);
    same("gradient", &found.first[0], &[0.0, 0.0, 2.0, 1.0, 1.0]);
    // The others go on from the elements as they were.
    assert_eq!(x.pad(&[-2, 4], PadMode::Reflect).slice(), [3.0, 4.0, 5.0, 4.0, 3.0, 2.0, 1.0]);
    assert_eq!(x.pad(&[-5, 1], PadMode::Replicate).slice(), [5.0]);
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

#[test]
fn sort_is_stable_and_nan_is_greatest() {
    let x = Tensor::from([2.0, NAN, 1.0, 2.0, -INF, NAN]);
    let (values, places) = x.sort(0, false);
    same("ascending", values.slice(), &[-INF, 1.0, 2.0, 2.0, NAN, NAN]);
    assert_eq!(places.slice(), [4, 2, 0, 3, 1, 5]);
    let (values, places) = x.sort(0, true);
    same("descending", values.slice(), &[NAN, NAN, 2.0, 2.0, 1.0, -INF]);
    assert_eq!(places.slice(), [1, 5, 0, 3, 2, 4]);
    assert_eq!(x.argsort(-1, true), places);
    // 0 and −0 are equal.
    assert_eq!(Tensor::from([0.0, -0.0, 0.0]).argsort(0, true).slice(), [0, 1, 2]);
}

#[test]
fn sort_sends_the_gradient_to_the_element_that_each_was() {
    let x = Tensor::from([2.0, 1.0, 2.0]);
    let weights = Tensor::from([1.0, 10.0, 100.0]);
    let found = derivatives(&[x], |v| v[0].sort(0, false).0.square() * v[0].lift(weights.clone()));
    same("first order", &found.first[0], &[40.0, 2.0, 400.0]);
    same("second order", &found.second[0], &[20.0, 2.0, 200.0]);
}

#[test]
fn topk_takes_the_first_of_equals_and_nan_first() {
    let x = Tensor::from([2.0, 3.0, NAN, 3.0, 2.0]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].topk(2, TopK::default()).0);
    same("greatest", &found.y, &[NAN, 3.0]);
    same("gradient", &found.first[0], &[0.0, 1.0, 1.0, 0.0, 0.0]);
    let least = TopK { largest: false, ..TopK::default() };
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].topk(3, least).0);
    same("least", &found.y, &[2.0, 2.0, 3.0]);
    same("gradient", &found.first[0], &[1.0, 1.0, 0.0, 0.0, 1.0]);
    assert_eq!(x.topk(3, TopK { sorted: false, ..TopK::default() }).1.slice(), [1, 2, 3]);
    assert_eq!(x.topk(1, TopK::default()).1, x.max_dim(0, true).1);
}

#[test]
fn searchsorted_goes_before_or_behind_equals() {
    let bounds = Tensor::from([1.0, 2.0, 2.0, NAN]);
    let values = Tensor::from([2.0, NAN, INF, -INF]);
    assert_eq!(bounds.searchsorted(&values, false).slice(), [1, 3, 3, 0]);
    assert_eq!(bounds.searchsorted(&values, true).slice(), [3, 4, 3, 0]);
    let rows = Tensor::from([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]);
    let found = rows.searchsorted(&Tensor::from([[2.5, 0.0], [2.5, 30.5]]), false);
    assert_eq!(found, Indices::new(vec![2, 0, 0, 3], [2, 2]));
    assert_eq!(Tensor::<f64>::zeros([0]).searchsorted(&Tensor::scalar(1.0), true), Indices::new(vec![0], []));
}

#[test]
fn masks_leave_no_nan_of_what_they_hide() {
    let (x, mask) = (Tensor::from([NAN, 2.0, INF]), Tensor::from([1.0, 0.0, 1.0]));
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].masked_fill(&v[0].lift(mask.clone()), 7.0));
    same("masked_fill", &found.y, &[7.0, 2.0, 7.0]);
    same("gradient", &found.first[0], &[0.0, 1.0, 0.0]);
    let source = Tensor::from([5.0, 6.0, NAN]);
    let found = derivatives(&[x.clone(), source], |v| v[0].masked_scatter(&v[0].lift(mask.clone()), &v[1]));
    same("masked_scatter", &found.y, &[5.0, 2.0, 6.0]);
    same("to what is hidden", &found.first[0], &[0.0, 1.0, 0.0]);
    same("to the source", &found.first[1], &[1.0, 1.0, 0.0]);
    // A NaN is not 0, in a mask as in `nonzero`.
    let found = derivatives(&[Tensor::from([1.0, 2.0, 3.0])], |v| v[0].masked_select(&v[0].lift(x.clone())));
    same("masked_select", &found.y, &[1.0, 2.0, 3.0]);
    assert_eq!(Tensor::from([0.0, NAN, -0.0]).nonzero(), Indices::new(vec![1], [1, 1]));
}

#[test]
fn picking_from_nothing_gives_nothing() {
    let nothing = Tensor::<f64>::zeros([2, 0]);
    let found = derivatives(std::slice::from_ref(&nothing), |v| v[0].sort(1, false).0);
    assert!(found.y.is_empty() && found.first[0].is_empty());
    assert_eq!(nothing.topk(0, TopK::default()).0.shape().dims(), [2, 0]);
    assert_eq!(Tensor::<f64>::ones([2, 3]).topk(0, TopK::default()).0.shape().dims(), [2, 0]);
    assert_eq!(nothing.masked_select(&Tensor::scalar(1.0)).shape().dims(), [0]);
    assert_eq!(nothing.take(&Indices::new(vec![], [0, 2])).shape().dims(), [0, 2]);
    assert_eq!(nothing.gather(1, &Indices::new(vec![], [2, 0])).shape().dims(), [2, 0]);
    assert_eq!(nothing.nonzero(), Indices::new(vec![], [0, 2]));
    assert_eq!(Tensor::scalar(3.0).nonzero(), Indices::new(vec![], [1, 0]));
    let hot: Tensor<f64> = Indices::new(vec![], [0]).one_hot(None);
    assert_eq!(hot.shape().dims(), [0, 0]);
    // Nothing is written, so nothing changes.
    let x = Tensor::from([1.0, 2.0]);
    let found = derivatives(&[x, Tensor::zeros([0])], |v| {
        v[0].scatter(0, &Indices::new(vec![], [0]), &v[1]).scatter_add(0, &Indices::new(vec![], [0]), &v[1])
    });
    same("value", &found.y, &[1.0, 2.0]);
    same("gradient", &found.first[0], &[1.0, 1.0]);
}
