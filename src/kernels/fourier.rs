//! Fourier transforms of rows of real numbers, and their transposes.
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces_of},
};
use realfft::{ComplexToReal, FftNum, RealFftPlanner, RealToComplex, num_complex::Complex};
use std::sync::{Arc, Mutex, PoisonError};

/// What is prepared for the transforms of one length: there and back.
pub(crate) type Plan<F> = (Arc<dyn RealToComplex<F>>, Arc<dyn ComplexToReal<F>>);

/// The plans that were made last, for all threads.
pub(super) struct Plans<F>(Mutex<Vec<(usize, Plan<F>)>>);

/// Lengths whose plans are kept. Making a plan takes longer than following it.
const KEPT: usize = 32;

impl<F: FftNum> Plans<F> {
    pub(super) const fn new() -> Self {
        Plans(Mutex::new(Vec::new()))
    }

    /// The plan for a length above 0.
    pub(super) fn of(&self, n: usize) -> Plan<F> {
        // Nothing is half done when planning panics.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plan)) = kept.iter().find(|&&(length, _)| length == n) {
            return plan.clone();
        }
        let mut planner = RealFftPlanner::new();
        let plan: Plan<F> = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((n, plan.clone()));
        plan
    }
}

/// A row costs as much as log₂ n walks through it.
fn grain(n: usize) -> usize {
    GRAIN / (n.ilog2() as usize + 1)
}

/// For every row of n numbers, Σⱼ xⱼ·e^(−2πijk/n) for k from 0 to n/2, real and imaginary parts in turn.
pub(crate) fn half_spectra<F: Float>(x: &[F], n: usize, out: &mut [F]) {
    if out.is_empty() {
        return;
    }
    let (row, (plan, _)) = (n / 2 * 2 + 2, F::fourier_plan(n));
    pieces_of(out, row, grain(n), &|start, out| {
        let (mut signal, mut spectrum) = (plan.make_input_vec(), plan.make_output_vec());
        let mut scratch = plan.make_scratch_vec();
        for (x, out) in x[start / row * n..].chunks_exact(n).zip(out.chunks_exact_mut(row)) {
            signal.copy_from_slice(x);
            let done = plan.process_with_scratch(&mut signal, &mut spectrum, &mut scratch);
            done.expect("the plan's own buffers");
            for (out, bin) in out.as_chunks_mut().0.iter_mut().zip(&spectrum) {
                *out = [bin.re, bin.im];
            }
        }
    });
}

/// For every row of n/2 + 1 pairs c, Re Σₖ cₖ·e^(2πijk/n) for j below n: the transpose of [`half_spectra`].
pub(crate) fn half_spectra_transposed<F: Float>(c: &[F], n: usize, out: &mut [F]) {
    if out.is_empty() {
        return;
    }
    let (row, (_, plan)) = (n / 2 * 2 + 2, F::fourier_plan(n));
    let half = F::of(0.5);
    pieces_of(out, n, grain(n), &|start, out| {
        let mut spectrum = plan.make_input_vec();
        let mut scratch = plan.make_scratch_vec();
        for (c, out) in c[start / n * row..].chunks_exact(row).zip(out.chunks_exact_mut(n)) {
            for (k, (bin, &[re, im])) in spectrum.iter_mut().zip(c.as_chunks().0).enumerate() {
                // Alone at the ends, where a sine is 0 throughout; the others are counted again mirrored.
                let alone = k == 0 || 2 * k == n;
                *bin = if alone {
                    Complex { re, im: F::ZERO }
                } else {
                    Complex { re: re * half, im: im * half }
                };
            }
            let done = plan.process_with_scratch(&mut spectrum, out, &mut scratch);
            done.expect("the plan's own buffers, and nothing imaginary at the ends");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_agrees_with_the_definition() {
        // Powers of 2, odd ones, primes for which other algorithms are taken.
        for n in (1..40).chain([64, 97, 100, 127, 211, 240, 1009]) {
            let x: Vec<f64> = (0..2 * n).map(|j| ((j * j) as f64 * 0.7).sin()).collect();
            let row = n / 2 * 2 + 2;
            let (mut spectra, mut back) = (vec![0.0; 2 * row], vec![0.0; 2 * n]);
            half_spectra(&x, n, &mut spectra);
            half_spectra_transposed(&spectra, n, &mut back);
            let angle = |j: usize, k: usize| std::f64::consts::TAU * (j * k % n) as f64 / n as f64;
            for (r, spectrum) in spectra.chunks_exact(row).enumerate() {
                for (k, bin) in spectrum.chunks_exact(2).enumerate() {
                    let sum = |f: fn(f64) -> f64| (0..n).map(|j| x[r * n + j] * f(angle(j, k))).sum::<f64>();
                    let error = (bin[0] - sum(f64::cos)).hypot(bin[1] + sum(f64::sin));
                    assert!(error < 1e-12 * n as f64, "{n}: bin {k} of row {r} is off by {error}");
                }
                for j in 0..n {
                    let term = |k: usize| {
                        let (sin, cos) = angle(j, k).sin_cos();
                        spectrum[2 * k] * cos - spectrum[2 * k + 1] * sin
                    };
                    let error = back[r * n + j] - (0..row / 2).map(term).sum::<f64>();
                    assert!(error.abs() < 1e-12 * (n * n) as f64, "{n}: {j} of row {r} is off by {error}");
                }
            }
        }
    }

    #[test]
    fn the_kept_plans_are_few() {
        let plans = Plans::<f32>::new();
        for n in 1..=KEPT + 5 {
            plans.of(n);
            assert_eq!(plans.of(n).0.len(), n);
        }
        let kept = plans.0.lock().unwrap();
        assert_eq!((kept.len(), kept[0].0), (KEPT, 6));
    }
}
