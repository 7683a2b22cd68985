//! Functions to integers and signs: flat, so that no gradient passes them.

use crate::Tensor;

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

impl<I: Interp> Value<I> {
    /// The nearest multiple of 10^(−decimals), the even one of two; negative decimals round before the
    /// point. The gradient is 0.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([1.2345, -0.5]).round_to(2), Tensor::from([1.23, -0.5]));
    /// assert_eq!(Tensor::from([1250.0]).round_to(-2), Tensor::from([1200.0]));
    /// ```
    pub fn round_to(&self, decimals: i32) -> Self {
        // Only powers that are whole numbers, which are exact.
        let power = 10f64.powi(decimals.abs());
        if decimals < 0 { (self / power).round() * power } else { (self * power).round() / power }
    }
}

composition!(
    RoundTo(i32),
    "round_to",
    |decimals, x| vec![x[0].round_to(*decimals)],
    constant 0,
    |g| {
        let shape = g.shape(4);
        let decimals = g.int(0, 3) as i32 - 1;
        // Tenths of a unit in the last decimal that is kept, never its middle.
        let unit = 10f64.powi(-decimals);
        let x = Tensor::from_fn(&shape, |_| (g.int(0, 8) as f64 - 4.0 + g.pick(&[-0.25, 0.25])) * unit);
        (decimals, vec![x])
    }
);
