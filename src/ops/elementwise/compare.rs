//! Comparisons: masks of 0 and 1.

use super::apart;

binary! {
    /// 1 where the first is greater, else 0, broadcast. A mask: it has no gradient.
    Greater, greater, false, |g| apart(g), |a, b| a.greater(b), |d| [d.lit(0.0), d.lit(0.0)];

    /// 1 where both are equal, else 0, broadcast. A mask: it has no gradient.
    Equal, equal, false, |g| apart(g), |a, b| a.equal(b), |d| [d.lit(0.0), d.lit(0.0)];
}
