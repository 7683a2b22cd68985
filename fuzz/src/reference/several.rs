//! Functions of two and of three numbers.

use super::{Dual, dot, max, sign, weighted};

/// A function of two values, broadcast.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Binary {
    Minimum,
    Atan2,
    Hypot,
    Logaddexp,
    Xlogy,
    Copysign,
    Fmod,
    Remainder,
    Prelu,
    GreaterEqual,
    Less,
    LessEqual,
    NotEqual,
}

impl Binary {
    /// Whether it gives only 0 and 1, without a derivative.
    pub(super) fn is_mask(self) -> bool {
        matches!(self, Binary::GreaterEqual | Binary::Less | Binary::LessEqual | Binary::NotEqual)
    }
}

/// A function of three values, broadcast.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ternary {
    Lerp,
    /// x + c·a·b
    Addcmul(f64),
    /// x + c·a/b
    Addcdiv(f64),
}

pub(super) fn binary(op: Binary, a: Dual, b: Dual) -> Dual {
    let of = |v: f64, da: f64, db: f64| Dual::of(v, &[(da, a), (db, b)]);
    let mask = |holds: bool| Dual::constant(f64::from(holds));
    match op {
        Binary::Minimum => negative(max(&[negative(a), negative(b)])),
        Binary::Atan2 => {
            let r = a.v.hypot(b.v);
            of(a.v.atan2(b.v), b.v / r / r, -a.v / r / r)
        }
        Binary::Hypot => {
            let r = a.v.hypot(b.v);
            if r == 0.0 { of(r, 0.0, 0.0) } else { of(r, a.v / r, b.v / r) }
        }
        Binary::Logaddexp => {
            let part = |one: f64, other: f64| 1.0 / (1.0 + (other - one).exp());
            // Equal infinities have no difference.
            let gap = if a.v == b.v { 0.0 } else { (a.v - b.v).abs() };
            let y = a.v.max(b.v) + (-gap).exp().ln_1p();
            of(y, part(a.v, b.v), part(b.v, a.v)).sized(y.abs() + 1.0)
        }
        Binary::Xlogy if a.v == 0.0 && !b.v.is_nan() => {
            if b.v == 0.0 {
                of(0.0, 0.0, 0.0)
            } else {
                of(0.0, b.v.ln(), 0.0)
            }
        }
        Binary::Xlogy => of(a.v * b.v.ln(), b.v.ln(), a.v / b.v),
        Binary::Copysign => {
            let turned = if a.v.is_sign_negative() == b.v.is_sign_negative() { 1.0 } else { -1.0 };
            of(a.v.copysign(b.v), if a.v == 0.0 { 0.0 } else { turned }, 0.0)
        }
        Binary::Fmod => {
            let rest = a.v % b.v;
            of(rest, 1.0, -((a.v - rest) / b.v).round())
        }
        Binary::Remainder => {
            let rest = a.v % b.v;
            let rest = if sign(rest) * sign(b.v) < 0.0 { rest + b.v } else { rest };
            of(rest, 1.0, -((a.v - rest) / b.v).round())
        }
        Binary::Prelu if a.v > 0.0 => of(a.v, 1.0, 0.0),
        Binary::Prelu => of(a.v * b.v, b.v, a.v),
        Binary::GreaterEqual => mask(a.v >= b.v),
        Binary::Less => mask(a.v < b.v),
        Binary::LessEqual => mask(a.v <= b.v),
        Binary::NotEqual => mask(a.v != b.v),
    }
}

pub(super) fn negative(x: Dual) -> Dual {
    Dual { v: -x.v, d: -x.d, ..x }
}

pub(super) fn ternary(op: Ternary, x: Dual, a: Dual, b: Dual) -> Dual {
    match op {
        Ternary::Lerp => dot(&[(x, weighted(&[(1.0, Dual::constant(1.0)), (-1.0, b)])), (a, b)]),
        Ternary::Addcmul(c) => {
            let product = c * a.v * b.v;
            Dual::of(x.v + product, &[(1.0, x), (c * b.v, a), (c * a.v, b)]).sized(x.v.abs() + product.abs())
        }
        Ternary::Addcdiv(c) => {
            let ratio = c * a.v / b.v;
            Dual::of(x.v + ratio, &[(1.0, x), (c / b.v, a), (-ratio / b.v, b)]).sized(x.v.abs() + ratio.abs())
        }
    }
}
