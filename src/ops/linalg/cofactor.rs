//! The cofactors of a matrix: the gradient of its determinant, a polynomial of its elements, which exists and
//! is differentiable everywhere, singular matrices included.
#![forbid(unsafe_code)]

use super::matrix::{blocks, identity, over_matrices, times, times_transposed, transposed, transposed_times};
use crate::{
    Float, Tensor,
    kernels::linalg::{epsilon, lu::Lu, svd},
    value::{Interp, Value},
};

/// The cofactors of matrices whose determinants are given: det A · A⁻ᵀ. Where A is singular there is no
/// inverse, and where it is near that, a derivative of this product would lose its digits.
pub(super) fn cofactors<I: Interp>(x: &Value<I>, det: &Value<I>) -> Value<I> {
    let usable =
        det.tensor().map(|v| if v.is_nan() || v == I::Elem::ZERO { I::Elem::ZERO } else { I::Elem::ONE });
    let (shape, n) = (x.shape(), x.shape()[x.shape().rank() - 1]);
    let inverse = over_matrices(&x.lift(usable)).select(x, &identity(x, n)).inv();
    let by_inverse = over_matrices(det) * transposed(&inverse);
    let near = near_singular(x.tensor(), det.tensor(), inverse.tensor());
    if !near.contains(&true) {
        return by_inverse;
    }
    let matrices = |x: &Value<I>| x.reshape([near.len(), n, n]).unbind(0);
    let (x, by_inverse) = (matrices(x), matrices(&by_inverse));
    let each: Vec<Value<I>> = near
        .iter()
        .enumerate()
        .map(|(i, &near)| if near { singular(&x[i]) } else { by_inverse[i].clone() })
        .collect();
    Value::stack(&each.iter().collect::<Vec<_>>(), 0).reshape(shape)
}

/// Which matrices are singular, or leave less than half of the digits to their inverse.
fn near_singular<F: Float>(x: &Tensor<F>, det: &Tensor<F>, inverse: &Tensor<F>) -> Vec<bool> {
    let n = x.shape()[x.shape().rank() - 1];
    let top = |x: &[F]| x.iter().fold(F::ZERO, |top, v| if v.abs() > top { v.abs() } else { top });
    let pairs = blocks(x.slice(), n * n).zip(blocks(inverse.slice(), n * n));
    let condition = pairs.map(|(x, inverse)| top(x) * top(inverse) * F::of(n as f64));
    let bad = |(condition, &det): (F, &F)| det == F::ZERO || condition * condition > F::ONE / epsilon::<F>();
    condition.zip(det.slice()).map(bad).collect()
}

/// Of one matrix A that is singular or near it. With its singular vectors, as constants, UᵀAV = [P Q; R S]
/// has P well conditioned and the rest small or 0; det A = ±det P · det W with W = S − R·P⁻¹·Q. What is
/// differentiated is this, a polynomial in A in other coordinates, so that the result can be differentiated
/// again.
fn singular<I: Interp>(x: &Value<I>) -> Value<I> {
    let n = x.shape()[0];
    let Ok(svd) = svd::factor(x.tensor().slice(), n, n) else { return x * f64::NAN };
    let counts = |s: &I::Elem| *s / svd.s[0] * (*s / svd.s[0]) > epsilon();
    let rank = svd.s.iter().filter(|&s| counts(s)).count().min(n - 1);
    // The vectors are rows as they come: Uᵀ and Vᵀ.
    let lift = |rows: Vec<I::Elem>| x.lift(Tensor::new(rows, [n, n]));
    let sign = Lu::new(&svd.u, n).determinant() * Lu::new(&svd.v, n).determinant();
    let (ut, vt) = (lift(svd.u), lift(svd.v));
    let turned = times_transposed(&times(&ut, x), &vt);
    let [top, bottom] = [0, 1].map(|row| turned.split(&[rank, n - rank], 0)[row].split(&[rank, n - rank], 1));
    let [p, q, r, s] = [&top[0], &top[1], &bottom[0], &bottom[1]];
    let (p_q, r_p) = (p.solve(q, true), p.solve(r, false));
    let (det_p, (det_w, cofactors_w)) = (p.det(), polynomial(&(s - times(r, &p_q))));
    let ds = cofactors_w * &det_p;
    let dr = -times_transposed(&ds, &p_q);
    let dq = -transposed_times(&r_p, &ds);
    let dp = transposed(&p.inv()) * (&det_p * det_w) - transposed_times(&r_p, &dr);
    let rows = [Value::concat(&[&dp, &dq], 1), Value::concat(&[&dr, &ds], 1)];
    let turned_back = times(&transposed_times(&ut, &Value::concat(&[&rows[0], &rows[1]], 0)), &vt);
    turned_back * sign.to_f64().round()
}

/// The determinant of one matrix and its cofactors, without a division by an element (Faddeev and LeVerrier;
/// see Gantmacher: The Theory of Matrices, §IV.5). Exact near 0, where it is used.
fn polynomial<I: Interp>(w: &Value<I>) -> (Value<I>, Value<I>) {
    let k = w.shape()[0];
    let unit = identity(w, k);
    let (mut m, mut c) = (unit.clone(), -w.trace());
    for j in 2..=k {
        m = times(w, &m) + &unit * &c;
        c = times(w, &m).trace() / -(j as f64);
    }
    let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
    (c * sign, transposed(&m) * -sign)
}
