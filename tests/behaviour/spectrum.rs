//! Spectra: what they preserve, what they find, on any number of threads, and what they refuse.

use crate::misuse::refused;
use crate::threads::{same_bits, with_gradients};
use gradtape::ops::{FftNorm, IstftOptions, MelNorm, MelOptions, MelScale, StftOptions};
use gradtape::random::Rng;
use gradtape::{Float, Tensor};

const PLAIN: FftNorm = FftNorm::Backward;
const NORMS: [FftNorm; 3] = [FftNorm::Backward, FftNorm::Ortho, FftNorm::Forward];

#[track_caller]
fn near<F: Float>(found: &Tensor<F>, want: &Tensor<F>, bound: f64) {
    assert_eq!(found.shape(), want.shape());
    let worst = (found - want).norm(f64::INFINITY).item().to_f64();
    assert!(worst <= bound, "off by {worst:e}: {found:?}, not {want:?}");
}

fn inverses_undo_transforms_in<F: Float>(bound: f64) {
    // Even, odd, prime, a product of large primes.
    for n in [1, 2, 3, 8, 15, 97, 128, 997 * 2, 101 * 103] {
        let x = Rng::new(n as u64).uniform::<F>([2, n], -1.0, 1.0);
        let z = Rng::new(n as u64).uniform::<F>([2, n, 2], -1.0, 1.0);
        for norm in NORMS {
            near(&x.rfft(None, 1, norm).irfft(Some(n), 1, norm), &x, bound);
            near(&z.fft(None, 1, norm).ifft(None, 1, norm), &z, bound);
            let columns = x.transpose(0, 1);
            near(&columns.rfft(None, 0, norm).irfft(Some(n), 0, norm), &columns, bound);
        }
    }
}

#[test]
fn inverses_undo_transforms() {
    inverses_undo_transforms_in::<f64>(1e-13);
    inverses_undo_transforms_in::<f32>(1e-5);
}

#[test]
fn a_spectrum_has_the_energy_of_its_signal() {
    for n in [7, 12] {
        let x = Rng::new(1).uniform::<f64>([n], -1.0, 1.0);
        let power = x.power_spectrum(None, 0, FftNorm::Ortho);
        let twice = (0..n / 2 + 1).map(|k| if k == 0 || 2 * k == n { 1.0 } else { 2.0 });
        let energy: f64 = power.slice().iter().zip(twice).map(|(p, weight)| p * weight).sum();
        assert!((energy - x.square().sum().item()).abs() < 1e-13);
    }
}

#[test]
fn nothing_is_transformed_to_nothing() {
    let none = Tensor::<f64>::ones([0, 6]);
    assert_eq!(none.rfft(None, 1, PLAIN).shape().dims(), [0, 4, 2]);
    assert_eq!(none.rfft(None, 1, PLAIN).irfft(None, 1, PLAIN).shape().dims(), [0, 6]);
    assert_eq!(none.stft(4, None, StftOptions::default()).shape().dims(), [0, 3, 7, 2]);
    // Nothing, filled up.
    assert_eq!(none.rfft(Some(3), 0, PLAIN), Tensor::zeros([2, 6, 2]));
}

#[test]
fn windows_are_those_of_their_formulas() {
    use std::f64::consts::TAU;
    for (n, periodic) in [(8, true), (9, false), (7, true), (6, false)] {
        let period = if periodic { n } else { n - 1 } as f64;
        let of = |f: &dyn Fn(f64) -> f64| Tensor::<f64>::from_fn([n], |k| f(k as f64 / period));
        let cos = |at: f64| (TAU * at).cos();
        near(&Tensor::hann_window(n, periodic), &of(&|at| 0.5 - 0.5 * cos(at)), 1e-15);
        near(&Tensor::hamming_window(n, periodic), &of(&|at| 0.54 - 0.46 * cos(at)), 1e-15);
        let blackman = |at| 0.42 - 0.5 * cos(at) + 0.08 * cos(2.0 * at);
        near(&Tensor::blackman_window(n, periodic), &of(&blackman), 1e-15);
        near(&Tensor::bartlett_window(n, periodic), &of(&|at| 1.0 - (2.0 * at - 1.0).abs()), 1e-15);
    }
    for make in [Tensor::<f64>::hann_window, Tensor::blackman_window, Tensor::bartlett_window] {
        let window = make(9, false);
        assert_eq!((window.slice()[0], window.slice()[8]), (0.0, 0.0));
        assert_eq!(window, window.flip(&[0]));
    }
    let hann = Tensor::<f64>::hann_window;
    for make in [hann, Tensor::hamming_window, Tensor::blackman_window, Tensor::bartlett_window] {
        assert_eq!(make(0, true).shape().dims(), [0]);
        for periodic in [true, false] {
            assert_eq!(make(1, periodic), Tensor::from([1.0]));
        }
    }
    // I₀(0)/I₀(12), I₀(12)/I₀(12).
    let kaiser = Tensor::<f64>::kaiser_window(3, false, 12.0);
    let end = 1.0 / 18948.92534929631;
    near(&kaiser, &Tensor::from([end, 1.0, end]), 1e-18);
}

#[test]
fn frames_come_back_where_windows_cover_them() {
    let x = Rng::new(2).uniform::<f64>([2, 3, 61], -1.0, 1.0);
    let window = Tensor::hann_window(12, true);
    for (normalized, onesided) in [(false, true), (true, false)] {
        let frames = StftOptions {
            hop_length: Some(5),
            win_length: Some(12),
            normalized,
            onesided,
            ..Default::default()
        };
        let back = IstftOptions {
            hop_length: Some(5),
            win_length: Some(12),
            normalized,
            onesided,
            length: Some(61),
            ..Default::default()
        };
        near(&x.stft(16, Some(&window), frames).istft(16, Some(&window), back), &x, 1e-13);
    }
}

#[test]
fn mel_filters_of_area_1_cover_each_frequency_once() {
    for mel_scale in [MelScale::Htk, MelScale::Slaney] {
        let options = MelOptions { n_mels: 10, f_min: 200.0, mel_scale, ..Default::default() };
        let bank = Tensor::<f64>::mel_filter_bank(4001, options);
        // Between the first and the last peak, weights add up to 1; a row is 2 Hz.
        let sums = bank.sum_axes(1, false);
        let peaks = bank.max_dim(0, false).1;
        for row in peaks.slice()[0] + 1..peaks.slice()[9] {
            assert!((sums.slice()[row] - 1.0).abs() < 1e-12, "{mel_scale:?}: row {row}");
        }
        assert!(sums.slice()[..100].iter().all(|&v| v == 0.0));
        let bank = Tensor::<f64>::mel_filter_bank(4001, MelOptions { norm: MelNorm::Slaney, ..options });
        near(&(bank.sum_axes(0, false) * 2.0), &Tensor::ones([10]), 1e-3);
    }
}

fn spectra_do_not_depend_on_threads_in<F: Float>() {
    let draw = Rng::new(3);
    let (rows, long) = (draw.uniform::<F>([301, 211], -1.0, 1.0), draw.uniform::<F>([3, 8009], -1.0, 1.0));
    let window = Tensor::hann_window(400, true);
    same_bits(|| {
        let bins = with_gradients("rfft", &[&rows], |v| v[0].rfft(None, 1, PLAIN));
        let pairs = bins[0].1.clone();
        [
            bins,
            with_gradients("irfft", &[&pairs], |v| v[0].irfft(Some(211), 1, PLAIN)),
            with_gradients("fft", &[&pairs], |v| v[0].fft(None, 0, PLAIN)),
            with_gradients("rfft of long rows", &[&long], |v| v[0].rfft(None, 1, PLAIN)),
            with_gradients("stft", &[&long, &window], |v| {
                v[0].stft(400, Some(&v[1]), StftOptions::default())
            }),
        ]
        .concat()
    });
}

#[test]
fn spectra_do_not_depend_on_threads() {
    spectra_do_not_depend_on_threads_in::<f32>();
    spectra_do_not_depend_on_threads_in::<f64>();
}

#[test]
fn what_spectra_refuse_names_op_and_shape() {
    let x = Tensor::<f64>::ones([2, 5]);
    let z = Tensor::<f64>::ones([5, 3, 2]);
    let window = Tensor::<f64>::ones([3]);
    let cases = [
        (refused(|| x.rfft(None, 2, PLAIN)), "gradtape: rfft: axis 2 is out of range for 2 axes of [2, 5]"),
        (
            refused(|| x.rfft(Some(usize::MAX / 2 + 1), 1, PLAIN)),
            "gradtape: rfft: 9223372036854775808 numbers are more than memory can hold, for [2, 5]",
        ),
        (
            refused(|| z.fft(Some(usize::MAX), 1, PLAIN)),
            "gradtape: fft: 18446744073709551615 numbers are more than memory can hold, for [5, 3, 2]",
        ),
        (
            refused(|| z.irfft(Some(usize::MAX), 1, PLAIN)),
            "gradtape: irfft: 18446744073709551615 numbers are more than memory can hold, for [5, 3, 2]",
        ),
        (
            refused(|| z.istft(8, None, IstftOptions { length: Some(usize::MAX), ..Default::default() })),
            "gradtape: istft: 18446744073709551615 numbers are more than memory can hold, for [5, 3, 2]",
        ),
        (
            refused(|| {
                let mels = MelOptions { n_mels: usize::MAX, ..Default::default() };
                Tensor::<f64>::mel_filter_bank(5, mels)
            }),
            "gradtape: mel_filter_bank: [5, 18446744073709551615] has more elements than memory can hold",
        ),
        (
            refused(|| x.rfft(Some(0), 1, PLAIN)),
            "gradtape: rfft: there is nothing to transform: 0 numbers, for [2, 5]",
        ),
        (
            refused(|| Tensor::<f64>::ones([2, 0]).power_spectrum(None, 1, PLAIN)),
            "gradtape: power_spectrum: there is nothing to transform: 0 numbers, for [2, 0]",
        ),
        (
            refused(|| x.irfft(None, 0, PLAIN)),
            "gradtape: irfft: needs pairs along a last axis of size 2, not [2, 5]",
        ),
        (
            refused(|| Tensor::<f64>::ones([1, 2]).irfft(None, 0, PLAIN)),
            "gradtape: irfft: there is nothing to transform: 0 numbers, for [1, 2]",
        ),
        (refused(|| z.fft(None, 2, PLAIN)), "gradtape: fft: axis 2 is out of range for 2 axes of [5, 3, 2]"),
        (
            refused(|| z.ifft(Some(0), 1, PLAIN)),
            "gradtape: ifft: there is nothing to transform: 0 numbers, for [5, 3, 2]",
        ),
        (refused(|| x.rfft2(None, [1, -1], PLAIN)), "gradtape: rfft2: axis 1 of [2, 5] is named twice"),
        (refused(|| z.irfft2(None, [0, 0], PLAIN)), "gradtape: irfft2: axis 0 of [5, 3, 2] is named twice"),
        (
            refused(|| x.magnitude()),
            "gradtape: magnitude: needs pairs along a last axis of size 2, not [2, 5]",
        ),
        (
            refused(|| z.complex_mul(&x)),
            "gradtape: complex_mul: needs pairs along a last axis of size 2, not [2, 5]",
        ),
        (
            refused(|| Tensor::scalar(1.0).stft(4, None, StftOptions::default())),
            "gradtape: stft: a signal needs an axis, and there is none in []",
        ),
        (
            refused(|| x.stft(3, None, StftOptions::default())),
            "gradtape: stft: n_fft 3, hop_length 0, win_length 3 for [2, 5]",
        ),
        (
            refused(|| x.stft(4, None, StftOptions { win_length: Some(5), ..Default::default() })),
            "gradtape: stft: n_fft 4, hop_length 1, win_length 5 for [2, 5]",
        ),
        (
            refused(|| x.stft(4, Some(&window), StftOptions::default())),
            "gradtape: stft: a window of [3], where win_length is 4",
        ),
        (
            refused(|| x.stft(8, None, StftOptions { center: false, ..Default::default() })),
            "gradtape: stft: a frame of 8 is longer than the 5 numbers of [2, 5]",
        ),
        (
            refused(|| x.stft(10, None, StftOptions::default())),
            "gradtape: stft: axis 1 of [2, 5] cannot be padded by 5, 5 (Reflect)",
        ),
        (
            refused(|| x.istft(4, None, IstftOptions::default())),
            "gradtape: istft: needs pairs along a last axis of size 2, not [2, 5]",
        ),
        (
            refused(|| z.istft(4, None, IstftOptions::default())),
            "gradtape: istft: needs [.., 3, frames, 2] for n_fft 4, not [5, 3, 2]",
        ),
        (
            refused(|| z.istft(8, None, IstftOptions { hop_length: Some(9), ..Default::default() })),
            "gradtape: istft: hop_length 9 leaves gaps between windows of 8 for [5, 3, 2]",
        ),
        (
            refused(|| {
                let window = Tensor::hann_window(8, true);
                z.istft(8, Some(&window), IstftOptions { center: false, ..Default::default() })
            }),
            "gradtape: istft: the windows' squares add up to 0e0 in places, for [5, 3, 2]",
        ),
        (
            refused(|| {
                let both = StftOptions { onesided: false, ..Default::default() };
                x.mel_spectrogram(4, None, both, MelOptions::default())
            }),
            "gradtape: mel_spectrogram: needs spectra that are onesided, for [2, 5]",
        ),
        (
            refused(|| Tensor::<f64>::mel_filter_bank(9, MelOptions { f_min: 8000.0, ..Default::default() })),
            "gradtape: mel_filter_bank: no filters from 8000 to 8000 Hz of 16000 numbers a second",
        ),
        (
            refused(|| x.amplitude_to_db(10.0, 0.0, 1.0, None)),
            "gradtape: amplitude_to_db: amin is 0, not positive, for [2, 5]",
        ),
        (
            refused(|| x.amplitude_to_db(10.0, 1e-5, 1.0, Some(-1.0))),
            "gradtape: amplitude_to_db: top_db is -1, below 0, for [2, 5]",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}
