//! Finite differences.

use crate::Tensor;

/// Central difference of order 8 (Fornberg: Generation of Finite Difference Formulas on Arbitrarily
/// Spaced Grids, 1988, table 1).
const WEIGHTS: [f64; 4] = [4.0 / 5.0, -1.0 / 5.0, 4.0 / 105.0, -1.0 / 280.0];

/// The step of directional differences: 4 of them stay within 1/64.
pub(super) const STEP: f64 = 1.0 / 256.0;

/// f′(0), of order 8 in `step`.
pub(super) fn derivative(f: impl Fn(f64) -> f64, step: f64) -> f64 {
    let pair = |k: usize| {
        let t = (k + 1) as f64 * step;
        WEIGHTS[k] * (f(t) - f(-t))
    };
    (0..4).map(pair).sum::<f64>() / step
}

/// x + t · v for each operand.
pub(super) fn along(x: &[Tensor<f64>], v: &[Tensor<f64>], t: f64) -> Vec<Tensor<f64>> {
    x.iter().zip(v).map(|(x, v)| Tensor::from_fn(x.shape(), |i| x.slice()[i] + t * v.slice()[i])).collect()
}

/// Σ aᵢbᵢ and Σ |aᵢbᵢ|.
pub(super) fn dot(a: &[Tensor<f64>], b: &[Tensor<f64>]) -> (f64, f64) {
    let products = a.iter().zip(b).flat_map(|(a, b)| a.slice().iter().zip(b.slice()).map(|(a, b)| a * b));
    products.fold((0.0, 0.0), |(sum, size), p| (sum + p, size + p.abs()))
}

/// Numbers in [−1, 1], exact in `f32`, that differ for each seed and place, never all zero.
pub(super) fn directions(seed: u64, x: &[Tensor<f64>], zero: impl Fn(usize) -> bool) -> Vec<Tensor<f64>> {
    let draw = |input: usize, i: usize| {
        let [word, ..] = crate::kernels::random::philox(seed, (input as u128) << 64 | i as u128);
        f64::from((f64::from(word) / f64::from(u32::MAX) * 2.0 - 1.0) as f32)
    };
    let one = |(k, x): (usize, &Tensor<f64>)| {
        Tensor::from_fn(x.shape(), |i| if zero(k) { 0.0 } else { draw(k, i) })
    };
    x.iter().enumerate().map(one).collect()
}
