//! The nasty points of what slides over an axis: pooling and convolution.

use crate::kinks::{close, derivatives, same};
use crate::misuse::refused;
use gradtape::ops::{
    AvgPoolOptions, ConvOptions, InterpolateOptions, Interpolation, LpPoolOptions, MaxPoolOptions,
    MaxUnpoolOptions, Resize,
};
use gradtape::{Tape, Tensor};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn line(elements: &[f64]) -> Tensor<f64> {
    Tensor::new(elements.to_vec(), [1, elements.len()])
}

#[test]
fn max_pool_takes_the_first_of_equals() {
    let x = Tensor::new(vec![1.0, 3.0, 3.0, 3.0, 0.0, 2.0, 2.0, 2.0], [1, 2, 4]);
    let found = derivatives(std::slice::from_ref(&x), |v| v[0].max_pool2d(2, Default::default()));
    same("value", &found.y, &[3.0, 3.0]);
    same("gradient", &found.first[0], &[0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let (_, indices) = x.max_pool2d_with_indices(2, Default::default());
    assert_eq!((indices.slice(), indices.shape().dims()), (&[1, 2][..], &[1, 1, 2][..]));
    // Also of a lane of −inf, which is what the padding is made of.
    let padded = MaxPoolOptions { padding: 1.into(), ..Default::default() };
    let found = derivatives(&[line(&[-INF, -INF, -INF])], |v| v[0].max_pool1d(2, padded.clone()));
    same("value of −inf", &found.y, &[-INF, -INF]);
    same("gradient of −inf", &found.first[0], &[1.0, 1.0, 0.0]);
}

#[test]
fn max_pool_pads_with_minus_infinity() {
    let options = MaxPoolOptions { padding: 1.into(), stride: Some(2.into()), ..Default::default() };
    let found = derivatives(&[line(&[-5.0, -7.0, -6.0])], |v| v[0].max_pool1d(3, options.clone()));
    same("value", &found.y, &[-5.0, -6.0]);
    same("gradient", &found.first[0], &[1.0, 0.0, 1.0]);
}

#[test]
fn max_pool_never_erases_nan() {
    let options = MaxPoolOptions { stride: Some(1.into()), ..Default::default() };
    let found = derivatives(&[line(&[1.0, NAN, 5.0, NAN, 9.0])], |v| v[0].max_pool1d(3, options.clone()));
    same("value", &found.y, &[NAN, NAN, NAN]);
    // To the first NaN of each window.
    same("gradient", &found.first[0], &[0.0, 2.0, 0.0, 1.0, 0.0]);
}

#[test]
fn nnlib_205_overlapping_pool_windows_add() {
    let options = MaxPoolOptions { stride: Some(1.into()), ..Default::default() };
    let x = Tensor::from_fn([1, 3, 4], |i| if i == 5 { 9.0 } else { i as f64 * 0.1 });
    let found = derivatives(&[x], |v| v[0].max_pool2d(2, options.clone()));
    close("value", &found.y, &[9.0, 9.0, 0.7, 9.0, 9.0, 1.1]);
    let mut want = [0.0; 12];
    (want[5], want[7], want[11]) = (4.0, 1.0, 1.0);
    same("gradient", &found.first[0], &want);
    let overlapping = AvgPoolOptions { stride: Some(1.into()), ..Default::default() };
    let found = derivatives(&[line(&[1.0, 2.0, 3.0, 4.0])], |v| v[0].avg_pool1d(3, overlapping.clone()));
    close("mean", &found.y, &[2.0, 3.0]);
    close("its gradient", &found.first[0], &[1.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 1.0 / 3.0]);
}

#[test]
fn max_unpool_adds_what_has_one_index() {
    let options = MaxPoolOptions { stride: Some(1.into()), ..Default::default() };
    let x = line(&[1.0, 5.0, 2.0]);
    let (y, indices) = x.max_pool1d_with_indices(2, options);
    assert_eq!(indices.slice(), [1, 1]);
    let back = MaxUnpoolOptions { output_size: Some(3.into()), ..Default::default() };
    assert_eq!(y.max_unpool1d(&indices, 2, back.clone()), line(&[0.0, 10.0, 0.0]));
    let found = derivatives(&[y], |v| v[0].max_unpool1d(&indices, 2, back.clone()).square());
    same("gradient", &found.first[0], &[20.0, 20.0]);
}

#[test]
fn ceil_mode_counts_as_pytorch_does() {
    let up = |count_include_pad| AvgPoolOptions {
        stride: Some(2.into()),
        padding: 1.into(),
        ceil_mode: true,
        count_include_pad,
        ..Default::default()
    };
    // The last window begins at 5 and ends beyond the padding: two of its elements count, one of them a zero.
    let x = line(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    close("with the padding", x.avg_pool1d(3, up(true)).slice(), &[1.0, 3.0, 5.0, 3.0]);
    close("without", x.avg_pool1d(3, up(false)).slice(), &[1.5, 3.0, 5.0, 6.0]);
    // One that would begin in the padding after the end does not exist.
    assert_eq!(
        line(&[1.0, 2.0, 3.0])
            .avg_pool1d(2, AvgPoolOptions { padding: 1.into(), ceil_mode: true, ..Default::default() })
            .shape()
            .dims(),
        [1, 2]
    );
}

#[test]
fn lp_pool_of_zeros_has_gradient_0() {
    let found =
        derivatives(&[line(&[0.0, 0.0, 3.0, -4.0])], |v| v[0].lp_pool1d(2.0, 2, LpPoolOptions::default()));
    close("value", &found.y, &[0.0, 5.0]);
    close("gradient", &found.first[0], &[0.0, 0.0, 0.6, -0.8]);
    let steep = derivatives(&[line(&[0.0, 0.0])], |v| v[0].lp_pool1d(0.5, 2, LpPoolOptions::default()));
    assert!(steep.y == [0.0] && steep.first[0].iter().all(|slope| slope.is_nan()), "{:?}", steep.first);
    assert!(line(&[NAN, 1.0]).lp_pool1d(2.0, 2, LpPoolOptions::default()).slice()[0].is_nan());
}

#[test]
fn burn_4799_a_stride_that_drops_inputs() {
    let tape = Tape::new();
    let (x, w) = (tape.var(Tensor::<f64>::ones([1, 1, 8])), tape.var(Tensor::ones([1, 1, 2])));
    let y = x.conv1d(&w, None, ConvOptions { stride: 5.into(), ..Default::default() });
    assert_eq!(y.shape().dims(), [1, 1, 2]);
    let gradients = y.sum().backward();
    assert_eq!(gradients.wrt(&x).slice(), [1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    assert_eq!(gradients.wrt(&w).slice(), [2.0, 2.0]);
}

#[test]
fn an_infinity_or_nan_reaches_only_the_windows_that_see_it() {
    let mut x = Tensor::<f64>::ones([1, 1, 3, 40]);
    x.slice_mut()[45] = f64::NAN;
    let y =
        x.conv2d(&Tensor::ones([1, 1, 2, 2]), None, ConvOptions { padding: 1.into(), ..Default::default() });
    let seen: Vec<_> = (0..y.shape().size()).filter(|&i| y.slice()[i].is_nan()).collect();
    assert_eq!(seen, [46, 47, 87, 88]);
}

#[test]
fn a_window_that_sees_nothing_is_refused() {
    let wide = MaxPoolOptions { padding: 1.into(), dilation: 2.into(), ..Default::default() };
    let found = refused(|| line(&[1.0]).max_pool1d(2, wide));
    assert!(
        found.contains("nothing is seen by a kernel of 2 with dilation 2, over 1 padded by 1"),
        "{found}"
    );
}

#[test]
fn candle_3507_upsampled_elements_add() {
    let x = Tensor::new(vec![1.0, 2.0, 3.0], [1, 1, 3]);
    let found = derivatives(std::slice::from_ref(&x), |v| {
        v[0].interpolate(Resize::By(vec![2.0]), Default::default()).square()
    });
    same("value", &found.y, &[1.0, 1.0, 4.0, 4.0, 9.0, 9.0]);
    same("gradient", &found.first[0], &[4.0, 8.0, 12.0]);
    let linear = InterpolateOptions { mode: Interpolation::Linear, ..Default::default() };
    let found = derivatives(&[x], |v| v[0].interpolate(Resize::To(6.into()), linear));
    close("gradient", &found.first[0], &[2.0, 2.0, 2.0]);
}

#[test]
fn interpolation_does_not_read_what_has_no_weight() {
    let x = Tensor::new(vec![1.0, INF, 3.0], [1, 1, 3]);
    let corners =
        InterpolateOptions { mode: Interpolation::Linear, align_corners: true, ..Default::default() };
    let y = x.interpolate(Resize::To(5.into()), corners);
    same("value", y.slice(), &[1.0, INF, INF, INF, 3.0]);
}
