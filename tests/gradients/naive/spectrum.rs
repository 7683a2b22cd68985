//! Fourier transforms by their sums, one bin after the other.

use super::{Array, Naive, build, from_front, replaced};
use gradtape::ops::{
    FftNorm, HalfSpectrum, HalfSpectrumGrad, MelNorm, MelOptions, MelScale, PadMode, composed::*,
};
use ndarray::{Axis, stack};
use std::f64::consts::TAU;

/// Real and imaginary parts.
type Complex = [Array; 2];

fn parts(x: &Array) -> Complex {
    let last = Axis(x.ndim() - 1);
    [0, 1].map(|part| x.index_axis(last, part).to_owned())
}

fn pairs([re, im]: &Complex) -> Array {
    stack(Axis(re.ndim()), &[re.view(), im.view()]).expect("of one shape")
}

fn real(x: &Array) -> Complex {
    [x.clone(), Array::zeros(x.shape())]
}

/// Σⱼ zⱼ·e^(sign·2πijk/n) for k below `bins`, along an axis; what is missing of n numbers is 0.
fn dft([re, im]: &Complex, axis: usize, n: usize, bins: usize, sign: f64) -> Complex {
    [false, true].map(|imaginary| {
        build(&replaced(re.shape(), axis, bins), |at| {
            let term = |j: usize| {
                let from = replaced(at, axis, j);
                let (sin, cos) = (sign * TAU * (j * at[axis] % n) as f64 / n as f64).sin_cos();
                let (a, b) = (re[&from[..]], im[&from[..]]);
                if imaginary { a * sin + b * cos } else { a * cos - b * sin }
            };
            (0..n.min(re.shape()[axis])).map(term).sum()
        })
    })
}

/// All n bins of real numbers, from the first half of them.
fn whole([re, im]: &Complex, axis: usize, n: usize) -> Complex {
    let size = re.shape()[axis];
    [false, true].map(|imaginary| {
        build(&replaced(re.shape(), axis, n), |at| {
            let (k, mirror) = (at[axis], (n - at[axis]) % n);
            let from = replaced(at, axis, k.min(mirror));
            match k.min(mirror) {
                k if k >= size => 0.0,
                _ if !imaginary => re[&from[..]],
                _ if k == mirror => 0.0,
                _ if k < mirror => im[&from[..]],
                _ => -im[&from[..]],
            }
        })
    })
}

fn scaled(z: Complex, by: f64) -> Complex {
    z.map(|part| part * by)
}

fn factor(norm: FftNorm, n: usize, inverse: bool) -> f64 {
    let n = n as f64;
    match norm {
        FftNorm::Ortho => n.powf(-0.5),
        FftNorm::Backward => n.powi(-i32::from(inverse)),
        FftNorm::Forward => n.powi(-i32::from(!inverse)),
    }
}

fn rfft(x: &Array, n: Option<usize>, axis: usize, norm: FftNorm) -> Complex {
    let n = n.unwrap_or(x.shape()[axis]);
    scaled(dft(&real(x), axis, n, n / 2 + 1, -1.0), factor(norm, n, false))
}

fn irfft(z: &Complex, n: Option<usize>, axis: usize, norm: FftNorm) -> Array {
    let n = n.unwrap_or_else(|| 2 * z[0].shape()[axis] - 2);
    let [y, _] = scaled(dft(&whole(z, axis, n), axis, n, n, 1.0), factor(norm, n, true));
    y
}

fn fft(z: &Complex, n: Option<usize>, axis: usize, norm: FftNorm, inverse: bool) -> Complex {
    let n = n.unwrap_or(z[0].shape()[axis]);
    scaled(dft(z, axis, n, n, if inverse { 1.0 } else { -1.0 }), factor(norm, n, inverse))
}

impl Naive for HalfSpectrum {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![pairs(&rfft(&x[0], None, x[0].ndim() - 1, FftNorm::Backward))]
    }
}

impl Naive for HalfSpectrumGrad {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let z = parts(&x[0]);
        // Bins beyond those that there are count as 0.
        let [y, _] = dft(&z, z[0].ndim() - 1, self.n, self.n, 1.0);
        vec![y]
    }
}

impl Naive for Rfft {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, axis, norm) = self.0;
        vec![pairs(&rfft(&x[0], n, from_front(axis, x[0].ndim()), norm))]
    }
}

impl Naive for PowerSpectrum {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, axis, norm) = self.0;
        let [re, im] = rfft(&x[0], n, from_front(axis, x[0].ndim()), norm);
        vec![&re * &re + &im * &im]
    }
}

impl Naive for Irfft {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, axis, norm) = self.0;
        vec![irfft(&parts(&x[0]), n, from_front(axis, x[0].ndim() - 1), norm)]
    }
}

impl Naive for Fft {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, axis, norm) = self.0;
        vec![pairs(&fft(&parts(&x[0]), n, from_front(axis, x[0].ndim() - 1), norm, false))]
    }
}

impl Naive for Ifft {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, axis, norm) = self.0;
        vec![pairs(&fft(&parts(&x[0]), n, from_front(axis, x[0].ndim() - 1), norm, true))]
    }
}

impl Naive for Rfft2 {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (sizes, axes, norm) = self.0;
        let [m, n] = sizes.map_or([None; 2], |sizes| sizes.map(Some));
        let [first, second] = axes.map(|axis| from_front(axis, x[0].ndim()));
        vec![pairs(&fft(&rfft(&x[0], n, second, norm), m, first, norm, false))]
    }
}

impl Naive for Irfft2 {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (sizes, axes, norm) = self.0;
        let [m, n] = sizes.map_or([None; 2], |sizes| sizes.map(Some));
        let [first, second] = axes.map(|axis| from_front(axis, x[0].ndim() - 1));
        vec![irfft(&fft(&parts(&x[0]), m, first, norm, true), n, second, norm)]
    }
}

impl Naive for Magnitude {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let [re, im] = parts(&x[0]);
        vec![(&re * &re + &im * &im).map(|v| v.sqrt())]
    }
}

impl Naive for ComplexMul {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let ([a, b], [c, d]) = (parts(&x[0]), parts(&x[1]));
        vec![pairs(&[&a * &c - &b * &d, &a * &d + &b * &c])]
    }
}

/// The window of frames of n numbers.
fn window(w: Option<&Array>, size: Option<usize>, n: usize) -> Vec<f64> {
    let size = size.unwrap_or(n);
    let first = (n - size) / 2;
    let at = |j: usize| match j.checked_sub(first) {
        Some(i) if i < size => w.map_or(1.0, |w| w[[i]]),
        _ => 0.0,
    };
    (0..n).map(at).collect()
}

/// A signal that goes on beyond its ends.
fn beyond(x: &[f64], at: isize, mode: PadMode) -> f64 {
    let last = x.len() as isize - 1;
    match mode {
        _ if (0..=last).contains(&at) => x[at as usize],
        PadMode::Constant(value) => value,
        PadMode::Replicate => x[at.clamp(0, last) as usize],
        PadMode::Reflect => x[(last - (last - at.abs()).abs()) as usize],
        PadMode::Circular => x[at.rem_euclid(last + 1) as usize],
    }
}

/// The last axis as vectors.
fn rows(x: &Array) -> Vec<Vec<f64>> {
    x.rows().into_iter().map(|row| row.to_vec()).collect()
}

impl Naive for Stft {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, options) = self.0;
        let (front, size) = (&x[0].shape()[..x[0].ndim() - 1], x[0].shape()[x[0].ndim() - 1]);
        let hop = options.hop_length.unwrap_or(n / 4);
        let w = window(x.get(1), options.win_length, n);
        let lead = if options.center { n / 2 } else { 0 };
        let count = (size + 2 * lead - n) / hop + 1;
        let bins = if options.onesided { n / 2 + 1 } else { n };
        let divisor = if options.normalized { (n as f64).sqrt() } else { 1.0 };
        let signals = rows(&x[0]);
        let row = |at: &[usize]| at.iter().zip(front).fold(0, |row, (&i, &dim)| row * dim + i);
        vec![build(&[front, &[bins, count, 2]].concat(), |at| {
            let (outer, inner) = at.split_at(front.len());
            let (k, t) = (inner[0], inner[1]);
            let term = |j: usize| {
                let v =
                    beyond(&signals[row(outer)], (t * hop + j) as isize - lead as isize, options.pad_mode);
                let angle = -TAU * (j * k % n) as f64 / n as f64;
                w[j] * v * if inner[2] == 1 { angle.sin() } else { angle.cos() }
            };
            (0..n).map(term).sum::<f64>() / divisor
        })]
    }
}

impl Naive for Istft {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, options) = self.0;
        let z = parts(&x[0]);
        let rank = z[0].ndim();
        let (front, count) = (&x[0].shape()[..rank - 2], x[0].shape()[rank - 1]);
        let hop = options.hop_length.unwrap_or(n / 4);
        let w = window(x.get(1), options.win_length, n);
        let z = whole(&z, rank - 2, n);
        let norm = if options.normalized { FftNorm::Ortho } else { FftNorm::Backward };
        let [frames, _] = fft(&z, None, rank - 2, norm, true);
        let lead = if options.center { n / 2 } else { 0 };
        let covered = n + (count - 1) * hop;
        let length = options.length.unwrap_or(covered - 2 * lead);
        vec![build(&[front, &[length]].concat(), |at| {
            let (outer, here) = (&at[..front.len()], at[front.len()] + lead);
            let near = || (0..count).filter(|t| (t * hop..t * hop + n).contains(&here));
            let sum: f64 =
                near().map(|t| w[here - t * hop] * frames[&[outer, &[here - t * hop, t]].concat()[..]]).sum();
            let weight: f64 = near().map(|t| w[here - t * hop].powi(2)).sum();
            if here < covered { sum / weight } else { 0.0 }
        })]
    }
}

/// The corners of the filters, in hertz.
fn corners(options: &MelOptions) -> Vec<f64> {
    let high = options.f_max.unwrap_or(options.sample_rate / 2.0);
    let step = 6.4f64.powf(1.0 / 27.0);
    let mel = |f: f64| match options.mel_scale {
        MelScale::Htk => 1127.0 * (1.0 + f / 700.0).ln(),
        MelScale::Slaney if f > 1000.0 => 15.0 + (f / 1000.0).ln() / step.ln(),
        MelScale::Slaney => f * 15.0 / 1000.0,
    };
    let hertz = |m: f64| match options.mel_scale {
        MelScale::Htk => 700.0 * (m / 1127.0).exp() - 700.0,
        MelScale::Slaney if m > 15.0 => 1000.0 * step.powf(m - 15.0),
        MelScale::Slaney => m * 1000.0 / 15.0,
    };
    let (first, last) = (mel(options.f_min), mel(high));
    let part = |m: usize| m as f64 / (options.n_mels as f64 + 1.0);
    (0..options.n_mels + 2).map(|m| hertz(first * (1.0 - part(m)) + last * part(m))).collect()
}

impl Naive for MelSpectrogram {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (n, frames, options) = self.0;
        let [re, im] = parts(&Stft((n, frames)).naive(x)[0]);
        let power = &re * &re + &im * &im;
        let axis = power.ndim() - 2;
        let corners = corners(&options);
        vec![build(&replaced(power.shape(), axis, options.n_mels), |at| {
            let [low, peak, high] = [0, 1, 2].map(|corner| corners[at[axis] + corner]);
            let weight = |k: usize| {
                let f = k as f64 * options.sample_rate / n as f64;
                let height = if options.norm == MelNorm::Slaney { 2.0 / (high - low) } else { 1.0 };
                match f {
                    f if f <= low || f >= high => 0.0,
                    f if f < peak => (f - low) / (peak - low) * height,
                    f => (high - f) / (high - peak) * height,
                }
            };
            (0..power.shape()[axis]).map(|k| weight(k) * power[&replaced(at, axis, k)[..]]).sum()
        })]
    }
}

impl Naive for AmplitudeToDb {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (multiplier, amin, reference, top) = self.0;
        let x = &x[0];
        let loudness = |v: f64| multiplier * (v.max(amin) / reference.max(amin)).log10();
        let shared = x.ndim().saturating_sub(3);
        vec![build(x.shape(), |at| {
            let group = x.indexed_iter().filter(|(place, _)| (0..shared).all(|i| place[i] == at[i]));
            let loudest = group.map(|(_, &v)| loudness(v)).fold(f64::NEG_INFINITY, f64::max);
            top.map_or(loudness(x[at]), |top| loudness(x[at]).max(loudest - top))
        })]
    }
}
