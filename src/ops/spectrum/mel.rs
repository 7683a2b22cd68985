//! Spectrograms over frequencies as they are heard.

use super::frames::StftOptions;
use crate::{
    Float, Shape, Tensor,
    value::{Interp, Value},
};

/// How frequencies are heard: what a mel is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MelScale {
    /// 2595·log₁₀(1 + f/700) (O'Shaughnessy: Speech Communication, 1987), as in the Hidden Markov Model Toolkit.
    #[default]
    Htk,
    /// Linear up to 1000 Hz, 15 mels, and logarithmic beyond, by 6.4 in 27 mels (Slaney: Auditory Toolbox, 1998).
    Slaney,
}

/// How high the triangles of a mel filter bank are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MelNorm {
    /// 1.
    #[default]
    Peak,
    /// Such that their area is 1.
    Slaney,
}

/// The options of a mel filter bank.
///
/// ```
/// use gradtape::ops::MelOptions;
/// let options = MelOptions { n_mels: 80, sample_rate: 22050.0, ..Default::default() };
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MelOptions {
    /// Numbers of the signal in a second; 16000.
    pub sample_rate: f64,
    /// How many filters there are; 128.
    pub n_mels: usize,
    /// The frequency from which on there are filters; 0.
    pub f_min: f64,
    /// The frequency up to which there are filters; half the sample rate.
    pub f_max: Option<f64>,
    /// How high they are; [`MelNorm::Peak`].
    pub norm: MelNorm,
    /// The scale on which they are evenly spaced; [`MelScale::Htk`].
    pub mel_scale: MelScale,
}

impl Default for MelOptions {
    fn default() -> Self {
        MelOptions {
            sample_rate: 16000.0,
            n_mels: 128,
            f_min: 0.0,
            f_max: None,
            norm: MelNorm::Peak,
            mel_scale: MelScale::Htk,
        }
    }
}

/// Slaney's scale: mels per hertz up to the break, the break in hertz, mels per e-fold beyond.
const SLOPE: f64 = 3.0 / 200.0;
const BREAK: f64 = 1000.0;

fn mels_per_fold() -> f64 {
    27.0 / 6.4f64.ln()
}

impl MelScale {
    fn mel(self, hertz: f64) -> f64 {
        match self {
            MelScale::Htk => 2595.0 * (1.0 + hertz / 700.0).log10(),
            MelScale::Slaney if hertz < BREAK => SLOPE * hertz,
            MelScale::Slaney => SLOPE * BREAK + mels_per_fold() * (hertz / BREAK).ln(),
        }
    }

    fn hertz(self, mel: f64) -> f64 {
        match self {
            MelScale::Htk => 700.0 * (10f64.powf(mel / 2595.0) - 1.0),
            MelScale::Slaney if mel < SLOPE * BREAK => mel / SLOPE,
            MelScale::Slaney => BREAK * ((mel - SLOPE * BREAK) / mels_per_fold()).exp(),
        }
    }
}

impl MelOptions {
    /// Lowest and highest frequency, if they are.
    #[track_caller]
    fn range(&self, op: &str) -> (f64, f64) {
        let (low, high) = (self.f_min, self.f_max.unwrap_or(self.sample_rate / 2.0));
        let fits = low >= 0.0
            && low < high
            && high.is_finite()
            && self.sample_rate > 0.0
            && self.sample_rate.is_finite();
        assert!(
            fits,
            "gradtape: {op}: no filters from {low} to {high} Hz of {} numbers a second",
            self.sample_rate
        );
        (low, high)
    }
}

/// Filters for spectrograms (feature `fft`).
impl<F: Float> Tensor<F> {
    /// The weights `[n_freqs, n_mels]` of frequencies, evenly spaced from 0 to half the sample rate, in triangular
    /// filters that overlap by half and are evenly spaced on a mel scale: filter m rises from corner m to corner m + 1
    /// and falls to corner m + 2. A filter that is narrower than frequencies are apart may have no weight at all.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::MelOptions};
    /// let options = MelOptions { n_mels: 2, sample_rate: 8000.0, ..Default::default() };
    /// let bank = Tensor::<f64>::mel_filter_bank(5, options);
    /// assert_eq!(bank.shape().dims(), [5, 2]);
    /// assert_eq!(bank.max_dim(0, false).1.slice(), [1, 2]);
    /// ```
    ///
    /// # Panics
    /// When f_min is negative or not below f_max, or the sample rate is not positive, or one is infinite, or there are
    /// more filters than memory can hold.
    #[track_caller]
    pub fn mel_filter_bank(n_freqs: usize, options: MelOptions) -> Self {
        filter_bank("mel_filter_bank", n_freqs, options)
    }
}

/// The filters, for a method of this name.
#[track_caller]
fn filter_bank<F: Float>(op: &str, n_freqs: usize, options: MelOptions) -> Tensor<F> {
    let (low, high) = options.range(op);
    let MelOptions { sample_rate, n_mels, norm, mel_scale, .. } = options;
    if let Err(why) = Shape::try_new(&[n_freqs, n_mels.saturating_add(2)]) {
        panic!("gradtape: {op}: {why}");
    }
    let (first, last) = (mel_scale.mel(low), mel_scale.mel(high));
    let corner = |m: usize| mel_scale.hertz(first + (last - first) * m as f64 / (n_mels as f64 + 1.0));
    let corners = Tensor::<f64>::from_fn([n_mels + 2], corner);
    let step = sample_rate / 2.0 / n_freqs.saturating_sub(1).max(1) as f64;
    Tensor::from_fn([n_freqs, n_mels], |at| {
        let (frequency, m) = ((at / n_mels) as f64 * step, at % n_mels);
        let [low, peak, high] = [0, 1, 2].map(|i| corners.slice()[m + i]);
        let height = match norm {
            MelNorm::Peak => 1.0,
            MelNorm::Slaney => 2.0 / (high - low),
        };
        let (rise, fall) = ((frequency - low) / (peak - low), (high - frequency) / (high - peak));
        F::of(rise.min(fall).max(0.0) * height)
    })
}

/// Spectrograms as they are heard (feature `fft`).
impl<I: Interp> Value<I> {
    /// The power |X|² of the [`stft`](Self::stft) of real signals, summed over the frequencies with the weights of
    /// [`mel_filter_bank`](Tensor::mel_filter_bank): the last axis gives way to `[n_mels, frames]`. Frames are n_fft/4
    /// apart unless told otherwise, as in `stft`; in torchaudio they are n_fft/2 apart.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::{MelOptions, StftOptions}};
    /// let x = Tensor::<f32>::from_fn([16000], |j| (j as f32 * 0.2).sin());
    /// let window = Tensor::hann_window(400, true);
    /// let frames = StftOptions { hop_length: Some(200), ..Default::default() };
    /// let mel = x.mel_spectrogram(400, Some(&window), frames, MelOptions { n_mels: 40, ..Default::default() });
    /// assert_eq!(mel.shape().dims(), [40, 81]);
    /// let decibels = mel.amplitude_to_db(10.0, 1e-10, 1.0, Some(80.0));
    /// # let _ = decibels;
    /// ```
    ///
    /// # Panics
    /// As [`stft`](Self::stft) and [`mel_filter_bank`](Tensor::mel_filter_bank); when the spectra are not onesided.
    #[track_caller]
    pub fn mel_spectrogram(
        &self,
        n_fft: usize,
        window: Option<&Self>,
        frames: StftOptions,
        mels: MelOptions,
    ) -> Self {
        let shape = self.shape();
        assert!(frames.onesided, "gradtape: mel_spectrogram: needs spectra that are onesided, for {shape}");
        let bank = filter_bank("mel_spectrogram", n_fft / 2 + 1, mels);
        let power = self.stft_as("mel_spectrogram", n_fft, window, frames).square().sum_axes(-1, false);
        self.lift(bank.transpose(0, 1)).matmul(&power)
    }
}

composition!(
    MelSpectrogram((usize, StftOptions, MelOptions)),
    "mel_spectrogram",
    |(n_fft, frames, mels), x| vec![x[0].mel_spectrogram(*n_fft, x.get(1), *frames, *mels)],
    |g| {
        let mels = MelOptions {
            sample_rate: g.pick(&[16000.0, 8001.0]),
            n_mels: g.int(1, 4),
            f_min: g.pick(&[0.0, 300.0]),
            f_max: g.pick(&[None, Some(3500.0)]),
            norm: g.pick(&[MelNorm::Peak, MelNorm::Slaney]),
            mel_scale: g.pick(&[MelScale::Htk, MelScale::Slaney]),
        };
        let frames = StftOptions { hop_length: Some(g.int(2, 4)), ..Default::default() };
        let mut dims = g.shape_of_rank(0, 1).to_vec();
        dims.push(g.int(8, 12));
        let x = g.values(&Shape::from(&dims[..]), -2.0..2.0);
        ((8, frames, mels), vec![x, Tensor::hann_window(8, true) + 0.25])
    }
);
