//! Windows for frames of a signal (Harris: On the Use of Windows for Harmonic Analysis with the Discrete Fourier
//! Transform, 1978).

use crate::{Float, Tensor};

/// `f` of where each of n places lies within a period, from 0 to 1. A periodic window would go on with its first place
/// after the last; one that is not ends as it begins.
fn window<F: Float>(n: usize, periodic: bool, f: impl Fn(f64) -> f64) -> Tensor<F> {
    let period = if periodic { n } else { n.saturating_sub(1) } as f64;
    // The only place of all is the middle.
    let at = |k: usize| if n == 1 { 0.5 } else { k as f64 / period };
    Tensor::from_fn([n], |k| F::of(f(at(k))))
}

/// sin² of half the way round at a part of the period: exactly 0 at both ends.
fn bell(at: f64) -> f64 {
    (std::f64::consts::PI * at.min(1.0 - at)).sin().powi(2)
}

/// The modified Bessel function of the first kind and order 0, Σ (x²/4)ᵐ/m!².
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum, mut m) = (1.0, 1.0, 0.0);
    while term > sum * 1e-17 {
        m += 1.0;
        term *= (x / 2.0 / m).powi(2);
        sum += term;
    }
    sum
}

/// Windows for frames of a signal (feature `fft`).
impl<F: Float> Tensor<F> {
    /// sin²(πk/N), where N is n for a periodic window, as frames want it, and n − 1 for one that ends with a 0.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::<f32>::hann_window(4, true), Tensor::from([0.0, 0.5, 1.0, 0.5]));
    /// assert_eq!(Tensor::<f32>::hann_window(3, false), Tensor::from([0.0, 1.0, 0.0]));
    /// ```
    pub fn hann_window(n: usize, periodic: bool) -> Self {
        window(n, periodic, bell)
    }

    /// 0.54 − 0.46·cos(2πk/N); N as for [`hann_window`](Self::hann_window).
    pub fn hamming_window(n: usize, periodic: bool) -> Self {
        window(n, periodic, |at| 0.08 + 0.92 * bell(at))
    }

    /// 0.42 − 0.5·cos(2πk/N) + 0.08·cos(4πk/N); N as for [`hann_window`](Self::hann_window).
    pub fn blackman_window(n: usize, periodic: bool) -> Self {
        window(n, periodic, |at| bell(at) * (0.36 + 0.64 * bell(at)))
    }

    /// 1 − |2k/N − 1|; N as for [`hann_window`](Self::hann_window).
    pub fn bartlett_window(n: usize, periodic: bool) -> Self {
        window(n, periodic, |at| 2.0 * at.min(1.0 - at))
    }

    /// I₀(β·√(1 − (2k/N − 1)²)) / I₀(β), with the modified Bessel function I₀; N as for
    /// [`hann_window`](Self::hann_window). The greater β, 12 in PyTorch, the narrower.
    pub fn kaiser_window(n: usize, periodic: bool, beta: f64) -> Self {
        window(n, periodic, |at| bessel(beta * 2.0 * (at * (1.0 - at)).sqrt()) / bessel(beta))
    }
}
