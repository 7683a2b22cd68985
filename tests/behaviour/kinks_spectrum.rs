//! The nasty points of spectra.

use crate::kinks::{close, derivatives, same};
use gradtape::Tensor;
use gradtape::ops::FftNorm;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn magnitude_of_0_has_slope_0() {
    let found = derivatives(&[Tensor::from([[0.0, 0.0], [0.0, -2.0]])], |v| v[0].magnitude());
    same("value", &found.y, &[0.0, 2.0]);
    same("gradient", &found.first[0], &[0.0, 0.0, 0.0, -1.0]);
    // √(x² + 2²) bends by 1/2 at 0.
    close("second order", &found.second[0], &[0.0, 0.0, 0.5, 0.0]);
}

#[test]
fn magnitude_neither_overflows_nor_hides_nan() {
    let z = Tensor::from([[3e200, -4e200], [3e-200, 4e-200], [INF, 1.0], [NAN, 1.0]]);
    let found = derivatives(&[z], |v| v[0].magnitude());
    close("values", &[found.y[0] / 1e200, found.y[1] * 1e200], &[5.0, 5.0]);
    same("of an infinity, of NaN", &found.y[2..], &[INF, NAN]);
    close("gradient", &found.first[0][..4], &[0.6, -0.8, 0.6, 0.8]);
}

#[test]
fn imaginary_parts_without_weight_are_not_read() {
    let z = Tensor::from([[1.0, NAN], [2.0, 3.0], [4.0, INF]]);
    let found = derivatives(&[z], |v| v[0].irfft(None, 0, FftNorm::Forward).index_axis(0, 0));
    close("value", &found.y, &[9.0]);
    close("gradient", &found.first[0], &[1.0, 0.0, 2.0, 0.0, 1.0, 0.0]);
    // Of an odd number the last bin has a mirror image, and all of it counts.
    let found =
        derivatives(&[Tensor::from([[0.0, 0.0], [0.0, NAN]])], |v| v[0].irfft(Some(3), 0, FftNorm::Backward));
    assert!(found.y[1].is_nan());
}

#[test]
fn decibels_are_flat_below_their_bounds() {
    let power = Tensor::from([100.0, 1.0, 1e-3, 0.0, NAN]);
    let found = derivatives(std::slice::from_ref(&power), |v| v[0].amplitude_to_db(10.0, 0.1, 1.0, None));
    close("values", &found.y[..4], &[20.0, 0.0, -10.0, -10.0]);
    let slope = 10.0 / std::f64::consts::LN_10;
    close("gradient", &found.first[0][..4], &[slope / 100.0, slope, 0.0, 0.0]);
    assert!(found.y[4].is_nan() && found.first[0][4].is_nan());

    // What lies 15 below the loudest goes with it.
    let power = Tensor::from([100.0, 1.0, 0.0]);
    let found = derivatives(&[power], |v| v[0].amplitude_to_db(10.0, 1e-10, 1.0, Some(15.0)));
    close("values under a top", &found.y, &[20.0, 5.0, 5.0]);
    close("their gradient", &found.first[0], &[3.0 * slope / 100.0, 0.0, 0.0]);
}
