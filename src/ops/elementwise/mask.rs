//! Masks of one operand: 0 and 1, without a gradient.

unary! {
    /// 1 where x is 0, else 0. A mask: it has no gradient.
    LogicalNot, logical_not, Domain::from(-3.0..3.0).avoiding([0.0]), |x| { let zero = x.lit(0.0); x.equal(zero) },
        zero |x, d| d.lit(0.0);

    /// 1 where x is NaN, else 0. A mask: it has no gradient.
    IsNan, isnan, -3.0..3.0, |x| x.lit(1.0) - x.clone().equal(x),
        zero |x, d| d.lit(0.0);

    /// 1 where x is inf or −inf, else 0. A mask: it has no gradient.
    IsInf, isinf, -3.0..3.0, |x| { let inf = x.lit(f64::INFINITY); x.abs().equal(inf) },
        zero |x, d| d.lit(0.0);

    /// 1 where x is neither infinite nor NaN, else 0. A mask: it has no gradient.
    IsFinite, isfinite, -3.0..3.0, |x| x.lit(f64::INFINITY).greater(x.abs()),
        zero |x, d| d.lit(0.0);
}
