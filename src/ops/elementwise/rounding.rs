//! Functions to integers and signs: flat, so that no gradient passes them.

unary! {
    /// The greatest integer not above x. The gradient is 0.
    Floor, floor, Domain::from(-3.0..3.0).avoiding([-2.0, -1.0, 0.0, 1.0, 2.0]), |x| x.floor(),
        zero |x, d| d.lit(0.0);

    /// The least integer not below x. The gradient is 0.
    Ceil, ceil, Domain::from(-3.0..3.0).avoiding([-2.0, -1.0, 0.0, 1.0, 2.0]), |x| -(-x).floor(),
        zero |x, d| d.lit(0.0);

    /// The nearest integer, the even one of two. The gradient is 0.
    Round, round, Domain::from(-3.0..3.0).avoiding([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]), |x| x.round(),
        zero |x, d| d.lit(0.0);

    /// The integer part, towards 0. The gradient is 0.
    Trunc, trunc, Domain::from(-3.0..3.0).avoiding([-2.0, -1.0, 1.0, 2.0]),
        |x| x.clone().abs().floor().copysign(x), zero |x, d| d.lit(0.0);

    /// −1, 0 or 1 with the sign of x. The gradient is 0.
    Sign, sign, Domain::from(-3.0..3.0).avoiding([0.0]),
        |x| x.clone().greater(x.lit(0.0)).select(x.lit(1.0),
            x.lit(0.0).greater(x.clone()).select(x.lit(-1.0), x)),
        zero |x, d| d.lit(0.0);
}
