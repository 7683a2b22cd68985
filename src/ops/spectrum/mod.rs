//! Spectra: Fourier transforms, spectrograms, mel filter banks. Complex numbers are pairs along a last axis of size 2.
#![forbid(unsafe_code)]

mod decibel;
mod fourier;
mod frames;
mod mel;
mod pairs;
mod primitive;
mod window;

pub use fourier::FftNorm;
pub use frames::{IstftOptions, StftOptions};
pub use mel::{MelNorm, MelOptions, MelScale};
pub use primitive::{HalfSpectrum, HalfSpectrumGrad};

/// The compositions as types, for the list.
pub(super) mod composed {
    pub use super::decibel::AmplitudeToDb;
    pub use super::fourier::{Fft, Ifft, Irfft, Irfft2, PowerSpectrum, Rfft, Rfft2};
    pub use super::frames::{Istft, Stft};
    pub use super::mel::MelSpectrogram;
    pub use super::pairs::{ComplexMul, Magnitude};
}
