//! Functions of two variables that choose between them.

use super::apart;

binary! {
    /// The greater of both, broadcast; NaN if either is. The gradient goes to the greater, half to
    /// each of equals.
    Maximum, maximum, true, |g| apart(g),
        |a, b| a.clone().greater(b.clone()).select(a.clone(),
            b.clone().greater(a.clone()).select(b.clone(),
                a.clone().equal(b.clone()).select(a.clone(), a + b))),
        |d| [share(d, a, b), share(d, b, a)];
}

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
