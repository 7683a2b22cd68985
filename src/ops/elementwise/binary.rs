//! Functions of two variables.

use super::{apart, within};
use crate::gradcheck::Domain;

/// The part of d that goes to `a` as the greater of `a` and `b`. What is not taken is a constant:
/// products with an infinite operand would be NaN in the next order.
#[inline(always)]
fn share<R: Real>(d: R, a: R, b: R) -> R {
    let half = d.lit(0.5) * d.clone();
    let (zero, unordered) = (d.lit(0.0), d.lit(f64::NAN));
    a.clone()
        .greater(b.clone())
        .select(d, a.clone().equal(b.clone()).select(half, b.greater(a).select(zero, unordered)))
}

/// One of two where `a` is greater than `b` or not, NaN where either is NaN.
#[inline(always)]
fn by_side<R: Real>(beyond: R, not_beyond: R, a: R, b: R) -> R {
    let unordered = beyond.lit(f64::NAN);
    let within = b.clone().greater(a.clone()) + b.clone().equal(a.clone());
    a.greater(b).select(beyond, within.select(not_beyond, unordered))
}

/// The greater of both, NaN if either is.
#[inline(always)]
fn greater_of<R: Real>(a: R, b: R) -> R {
    let ordered = a.clone().equal(b.clone()).select(a.clone(), a.clone() + b.clone());
    a.clone().greater(b.clone()).select(a.clone(), b.clone().greater(a).select(b, ordered))
}

/// The lesser of both, NaN if either is.
#[inline(always)]
fn lesser_of<R: Real>(a: R, b: R) -> R {
    let ordered = a.clone().equal(b.clone()).select(a.clone(), a.clone() + b.clone());
    b.clone().greater(a.clone()).select(a.clone(), a.greater(b.clone()).select(b, ordered))
}

/// 0, NaN where x is NaN.
#[inline(always)]
fn zero_of<R: Real>(x: R) -> R {
    x.clone().equal(x.clone()).select(x.lit(0.0), x)
}

/// Whether both are the same infinity, of which a difference would be NaN.
#[inline(always)]
fn same_infinity<R: Real>(a: R, b: R) -> R {
    a.clone().equal(b) * a.clone().abs().equal(a.lit(f64::INFINITY))
}

/// a − b, 0 for twice the same infinity.
#[inline(always)]
fn difference<R: Real>(a: R, b: R) -> R {
    let same = same_infinity(a.clone(), b.clone());
    // Selected before, so that no order subtracts infinities.
    same.clone().select(a.lit(0.0), a.clone()) - same.select(a.lit(0.0), b)
}

/// d/(1 + e^(b − a)); 0 where both are −inf.
#[inline(always)]
fn softer<R: Real>(a: R, b: R, d: R) -> R {
    let nothing = a.clone().equal(a.lit(f64::NEG_INFINITY)) * b.clone().equal(b.lit(f64::NEG_INFINITY));
    nothing.select(d.lit(0.0), d * difference(a, b).sigmoid())
}

/// Operands that are not 0.
fn signed(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    [x, y].map(|shape| g.values(&shape, Domain::from(-3.0..3.0).avoiding([0.0])))
}

/// Operands whose quotient is far from every integer, and stays so when they move a little.
fn between_multiples(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    let a = Tensor::from_fn(&x, |_| g.int(0, 6) as f64 - 3.0 + 0.3125);
    let b = Tensor::from_fn(&y, |_| g.pick(&[0.5, 1.0, 2.0, -1.0, -2.0]));
    [a, b]
}

binary! {
    /// The greater of both, broadcast; NaN if either is. The gradient goes to the greater, half to
    /// each of equals.
    Maximum, maximum, true, |g| apart(g), |a, b| greater_of(a, b),
        |d| [share(d, a, b), share(d, b, a)];

    /// The lesser of both, broadcast; NaN if either is. The gradient goes to the lesser, half to each
    /// of equals.
    Minimum, minimum, true, |g| apart(g), |a, b| lesser_of(a, b),
        |d| [share(d, -a, -b), share(d, -b, -a)];

    /// max(a, b) with b a lower bound, a value or a number, broadcast; NaN if either is. The gradient goes to a
    /// above b, else to b, also where both are equal.
    ///
    /// ```
    /// use gradtape::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let (x, low) = (tape.var(Tensor::from([0.0, 1.0, 2.0])), tape.var(Tensor::scalar(1.0)));
    /// let y = x.clamp_min(&low);
    /// assert_eq!(y.tensor(), &Tensor::from([1.0, 1.0, 2.0]));
    /// let gradients = y.sum().backward();
    /// assert_eq!(gradients.wrt(&x), &Tensor::from([0.0, 0.0, 1.0]));
    /// assert_eq!(gradients.wrt(&low), &Tensor::scalar(2.0));
    /// ```
    ClampMin, clamp_min, true, |g| apart(g), |a, b| greater_of(a, b),
        |d| [by_side(d.clone(), d.lit(0.0), a, b), by_side(d.lit(0.0), d, a, b)];

    /// min(a, b) with b an upper bound, a value or a number, broadcast; NaN if either is. The gradient goes to a
    /// below b, else to b, also where both are equal.
    ClampMax, clamp_max, true, |g| apart(g), |a, b| lesser_of(a, b),
        |d| [by_side(d.clone(), d.lit(0.0), -a, -b), by_side(d.lit(0.0), d, -a, -b)];

    /// The angle of the point (b, a), broadcast. ∂/∂a = b/(a² + b²), ∂/∂b = −a/(a² + b²); NaN at the
    /// origin, where there is none.
    Atan2, atan2, true, |g| within(g, 0.5..3.0, -3.0..3.0), |a, b| a.atan2(b),
        |d| [
            { let r = a.hypot(b.clone()); d * (b / r.clone() / r) },
            { let r = a.clone().hypot(b); -(d * (a / r.clone() / r)) }
        ];

    /// √(a² + b²) without overflow, broadcast. ∂/∂a = a/y, ∂/∂b = b/y; 0 at the origin.
    Hypot, hypot, true, |g| within(g, 0.5..3.0, -3.0..3.0), |a, b| a.hypot(b),
        |d| [
            {
                let r = a.clone().hypot(b);
                let hole = r.clone().equal(r.lit(0.0));
                hole.clone().select(r.lit(0.0), d * (a / hole.select(r.lit(1.0), r)))
            },
            {
                let r = a.hypot(b.clone());
                let hole = r.clone().equal(r.lit(0.0));
                hole.clone().select(r.lit(0.0), d * (b / hole.select(r.lit(1.0), r)))
            }
        ];

    /// What is left of a after whole multiples of b, with the sign of a, broadcast. ∂/∂a = 1,
    /// ∂/∂b = −⌊a/b⌋ towards 0.
    Fmod, fmod, true, |g| between_multiples(g), |a, b| a.fmod(b),
        |d| [zero_of(a + b) + d, {
            let multiples = (a.clone() - a.fmod(b.clone())) / b;
            -(d * multiples.round())
        }];

    /// What is left of a after whole multiples of b, with the sign of b, broadcast. ∂/∂a = 1,
    /// ∂/∂b = −⌊a/b⌋.
    Remainder, remainder, true, |g| between_multiples(g), |a, b| modulo(a, b),
        |d| [zero_of(a + b) + d, {
            let multiples = (a.clone() - modulo(a, b.clone())) / b;
            -(d * multiples.round())
        }];

    /// a·ln b, 0 where a = 0 unless b is NaN, broadcast. ∂/∂a = ln b, ∂/∂b = a/b; both 0 at (0, 0).
    Xlogy, xlogy, true, |g| within(g, 0.25..3.0, 0.5..3.0),
        |a, b| {
            let hole = a.clone().equal(a.lit(0.0));
            let safe = (hole.clone() * b.clone().equal(b.clone())).select(b.lit(1.0), b);
            a * safe.ln()
        },
        |d| [
            {
                let hole = a.clone().equal(a.lit(0.0)) * b.clone().equal(b.lit(0.0));
                hole.clone().select(b.lit(0.0), d * hole.select(b.lit(1.0), b).ln())
            },
            {
                let hole = a.clone().equal(a.lit(0.0)) * b.clone().equal(b.lit(0.0));
                hole.clone().select(b.lit(0.0), d * (a / hole.select(b.lit(1.0), b)))
            }
        ];

    /// ln(eᵃ + eᵇ) without overflow, broadcast. ∂/∂a = 1/(1 + eᵇ⁻ᵃ); 0 where both are −inf.
    Logaddexp, logaddexp, true, |g| within(g, -3.0..3.0, -3.0..3.0),
        |a, b| {
            let top = a.clone().greater(b.clone()).select(a.clone(), b.clone());
            top + (-difference(a, b).abs()).exp().ln_1p()
        },
        |d| [softer(a, b, d), softer(b, a, d)];

    /// |a| with the sign of b, broadcast. ∂/∂a = ±1, 0 at 0; the gradient of b is 0.
    Copysign, copysign, true, |g| signed(g), |a, b| a.copysign(b),
        |d| [
            {
                let flat = a.clone().equal(a.lit(0.0));
                let same = a.lit(1.0).copysign(a.clone()) * b.lit(1.0).copysign(b);
                flat.select(zero_of(a), d * same)
            },
            zero_of(b)
        ];

    /// x above 0, w·x below, broadcast. ∂/∂x = 1 or w, w at 0; ∂/∂w = 0 or x. PyTorch lays a weight of C
    /// channels along axis 1 of x `[N, C, ..]`; here it is given the shape that broadcasts so, `[C, 1, ..]`.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::new(vec![-1.0, 2.0, -4.0, -8.0], [1, 2, 2]); // two channels of two
    /// let weight = Tensor::from([0.5, 0.25]).reshape([2, 1]);
    /// assert_eq!(x.prelu(&weight).slice(), [-0.5, 2.0, -1.0, -2.0]);
    /// ```
    Prelu, prelu, true, |g| signed(g),
        |a, b| a.clone().greater(a.lit(0.0)).select(a.clone(), a * b),
        |d| [
            a.clone().greater(a.lit(0.0)).select(d.clone(), d * b + zero_of(a)),
            a.clone().greater(a.lit(0.0)).select(a.lit(0.0), d * a)
        ];
}

/// a − ⌊a/b⌋·b, exactly.
#[inline(always)]
fn modulo<R: Real>(a: R, b: R) -> R {
    let rest = a.fmod(b.clone());
    let zero = rest.lit(0.0);
    // Of two different signs, b's is meant.
    let opposite = zero.clone().greater(rest.clone() * rest.lit(1.0).copysign(b.clone()));
    rest.clone() + opposite.select(b, zero)
}
