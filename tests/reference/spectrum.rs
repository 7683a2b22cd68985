use crate::table::Case;
use gradtape::ops::{FftNorm, IstftOptions, MelNorm, MelOptions, MelScale, PadMode, StftOptions};
use gradtape::{Tensor, Var};

const PLAIN: FftNorm = FftNorm::Backward;

/// As numbers from 1 to 2.
fn windows<'t>(x: &Var<'t, f64>, make: impl Fn(usize, bool) -> Tensor<f64>) -> Vec<Var<'t, f64>> {
    [true, false].map(|periodic| x * x.lift(make(7, periodic) + 1.0)).into()
}

fn banked<'t>(x: &Var<'t, f64>, n_freqs: usize, options: MelOptions) -> Vec<Var<'t, f64>> {
    vec![x.lift(Tensor::mel_filter_bank(n_freqs, options).transpose(0, 1)).matmul(x)]
}

pub(crate) const CASES: &[Case] = &[
    ("rfft", |x, _| vec![x[0].rfft(None, -1, PLAIN)]),
    ("rfft of an odd number", |x, _| vec![x[0].rfft(None, -1, FftNorm::Ortho)]),
    ("rfft cut, along an axis", |x, _| vec![x[0].rfft(Some(3), 0, FftNorm::Forward)]),
    ("rfft filled up", |x, _| vec![x[0].rfft(Some(8), 1, PLAIN)]),
    ("rfft of one", |x, _| vec![x[0].rfft(None, -1, PLAIN)]),
    ("irfft", |x, _| vec![x[0].irfft(None, -1, PLAIN)]),
    ("irfft to an odd number", |x, _| vec![x[0].irfft(Some(7), -1, FftNorm::Ortho)]),
    ("irfft cut, along an axis", |x, _| vec![x[0].irfft(Some(4), 0, FftNorm::Forward)]),
    ("irfft filled up", |x, _| vec![x[0].irfft(Some(9), -1, PLAIN)]),
    ("fft", |x, _| vec![x[0].fft(None, -1, PLAIN)]),
    ("fft filled up", |x, _| vec![x[0].fft(Some(5), 0, FftNorm::Ortho)]),
    ("ifft", |x, _| vec![x[0].ifft(None, -1, PLAIN)]),
    ("ifft cut", |x, _| vec![x[0].ifft(Some(4), -1, FftNorm::Forward)]),
    ("rfft2", |x, _| vec![x[0].rfft2(None, [-2, -1], PLAIN)]),
    ("rfft2 with all options", |x, _| vec![x[0].rfft2(Some([3, 4]), [1, 0], FftNorm::Ortho)]),
    ("irfft2", |x, _| vec![x[0].irfft2(None, [-2, -1], PLAIN)]),
    ("irfft2 with all options", |x, _| vec![x[0].irfft2(Some([3, 5]), [1, 0], FftNorm::Forward)]),
    ("fftfreq", |x, _| vec![&x[0] * x[0].lift(Tensor::fftfreq(7, 0.3))]),
    ("rfftfreq", |x, _| vec![&x[0] * x[0].lift(Tensor::rfftfreq(6, 0.3))]),
    ("magnitude", |x, _| vec![x[0].magnitude()]),
    ("complex_mul", |x, _| vec![x[0].complex_mul(&x[1])]),
    ("power_spectrum", |x, _| vec![x[0].power_spectrum(None, -1, PLAIN)]),
    ("hann_window", |x, _| windows(&x[0], Tensor::hann_window)),
    ("hamming_window", |x, _| windows(&x[0], Tensor::hamming_window)),
    ("blackman_window", |x, _| windows(&x[0], Tensor::blackman_window)),
    ("bartlett_window", |x, _| windows(&x[0], Tensor::bartlett_window)),
    ("kaiser_window", |x, _| windows(&x[0], |n, periodic| Tensor::kaiser_window(n, periodic, 8.0))),
    ("stft plain", |x, _| vec![x[0].stft(8, None, StftOptions::default()) + 1.0]),
    ("stft with a window", |x, _| {
        let options = StftOptions { hop_length: Some(3), ..Default::default() };
        vec![x[0].stft(8, Some(&x[1]), options) + 1.0]
    }),
    ("stft with all options", |x, _| {
        let options = StftOptions {
            hop_length: Some(4),
            win_length: Some(5),
            center: true,
            pad_mode: PadMode::default(),
            normalized: true,
            onesided: false,
        };
        vec![x[0].stft(8, Some(&x[1]), options) + 1.0]
    }),
    ("stft not centred", |x, _| {
        let options =
            StftOptions { hop_length: Some(3), win_length: Some(7), center: false, ..Default::default() };
        vec![x[0].stft(8, Some(&x[1]), options) + 1.0]
    }),
    ("istft plain", |x, _| vec![x[0].istft(8, None, IstftOptions::default())]),
    ("istft with a window", |x, _| {
        let options = IstftOptions { hop_length: Some(3), ..Default::default() };
        vec![x[0].istft(8, Some(&x[1]), options)]
    }),
    ("istft with all options", |x, _| {
        let options = IstftOptions {
            hop_length: Some(3),
            win_length: Some(6),
            center: true,
            normalized: true,
            onesided: false,
            length: Some(10),
        };
        vec![x[0].istft(8, Some(&x[1]), options)]
    }),
    ("istft not centred, filled up", |x, _| {
        let options = IstftOptions { center: false, length: Some(15), ..Default::default() };
        vec![x[0].istft(8, None, options)]
    }),
    ("mel_filter_bank on the scale of HTK", |x, _| {
        banked(&x[0], 9, MelOptions { n_mels: 4, sample_rate: 8000.0, ..Default::default() })
    }),
    ("mel_filter_bank on the scale of Slaney", |x, _| {
        let options = MelOptions {
            sample_rate: 16000.0,
            n_mels: 5,
            f_min: 100.0,
            f_max: Some(7000.0),
            norm: MelNorm::Slaney,
            mel_scale: MelScale::Slaney,
        };
        banked(&x[0], 17, options)
    }),
    ("mel_spectrogram", |x, _| {
        let window = x[0].lift(Tensor::hann_window(8, true));
        let frames = StftOptions { hop_length: Some(4), ..Default::default() };
        let mels = MelOptions { n_mels: 2, ..Default::default() };
        vec![x[0].mel_spectrogram(8, Some(&window), frames, mels)]
    }),
    ("amplitude_to_db", |x, _| vec![x[0].amplitude_to_db(10.0, 1e-10, 1.0, None)]),
    ("amplitude_to_db of magnitudes", |x, _| vec![x[0].amplitude_to_db(20.0, 1e-5, 2.0, Some(6.0))]),
];
