//! The exponential of a matrix.
#![forbid(unsafe_code)]

use super::lu::Lu;
use crate::kernels::{
    Float,
    gemm::{self, Matrix},
};

/// The coefficients of the numerator of the Padé approximant of order 13 to eˣ.
const PADE: [f64; 14] = [
    64_764_752_532_480_000.0,
    32_382_376_266_240_000.0,
    7_771_770_303_897_600.0,
    1_187_353_796_428_800.0,
    129_060_195_264_000.0,
    10_559_470_521_600.0,
    670_442_572_800.0,
    33_522_128_640.0,
    1_323_241_920.0,
    40_840_800.0,
    960_960.0,
    16_380.0,
    182.0,
    1.0,
];
/// The 1-norm up to which the approximant is exact to double precision.
const REACH: f64 = 5.371_920_351_148_152;

/// eᴬ by scaling and squaring (Higham: The Scaling and Squaring Method for the Matrix Exponential Revisited,
/// 2005). NaN where A is not finite.
pub(crate) fn exp<F: Float>(a: &[F], n: usize) -> Vec<F> {
    let norm = (0..n).map(|j| (0..n).map(|i| a[i * n + j].abs().to_f64()).sum::<f64>());
    let norm = norm.fold(0.0, f64::max);
    if a.iter().any(|v| !v.is_finite()) || !norm.is_finite() {
        return vec![F::NAN; n * n];
    }
    let halvings = (norm / REACH).log2().ceil().max(0.0) as i32;
    let a: Vec<F> = a.iter().map(|&v| v * F::of(f64::from(-halvings).exp2())).collect();
    let times = |a: &[F], b: &[F]| {
        let matrix = |data| Matrix { data, rows: n, cols: n, transposed: false };
        let mut c = vec![F::ZERO; n * n];
        gemm::product(matrix(a), matrix(b), &mut c, false);
        c
    };
    let a2 = times(&a, &a);
    let a4 = times(&a2, &a2);
    let a6 = times(&a4, &a2);
    // p₆·A⁶ + p₄·A⁴ + p₂·A² + p₀·I
    let sum = |[p6, p4, p2, p0]: [f64; 4]| -> Vec<F> {
        let term = |i: usize| F::of(p6) * a6[i] + F::of(p4) * a4[i] + F::of(p2) * a2[i];
        (0..n * n).map(|i| if i % (n + 1) == 0 { term(i) + F::of(p0) } else { term(i) }).collect()
    };
    let add = |a: Vec<F>, b: &[F]| -> Vec<F> { a.iter().zip(b).map(|(&a, &b)| a + b).collect() };
    let p = PADE;
    let odd = times(&a, &add(times(&a6, &sum([p[13], p[11], p[9], 0.0])), &sum([p[7], p[5], p[3], p[1]])));
    let even = add(times(&a6, &sum([p[12], p[10], p[8], 0.0])), &sum([p[6], p[4], p[2], p[0]]));
    let below: Vec<F> = even.iter().zip(&odd).map(|(&v, &u)| v - u).collect();
    let mut y = Lu::new(&below, n).solve(&add(odd, &even), n, false);
    for _ in 0..halvings {
        y = times(&y, &y);
    }
    y
}
