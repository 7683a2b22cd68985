//! Powers of one value to another.

use super::within;

binary! {
    /// aᵇ, broadcast; NaN for negative a unless b is an integer. ∂/∂a = b·aᵇ⁻¹ (0 where a = b = 0),
    /// ∂/∂b = aᵇ·ln a (0 where a = 0 and b ≥ 0).
    Pow, pow, true, |g| within(g, 0.5..2.0, -2.0..3.0), |a, b| a.pow(b),
        |d| [
            // Guarded within, too, so that the next order meets no 0 · inf; and at b = 0 nowhere
            // but there, so that it still sees b.
            {
                let hole = a.clone().equal(a.lit(0.0)) * b.clone().equal(b.lit(0.0));
                let safe = hole.clone().select(a.lit(1.0), a);
                hole.select(d.lit(0.0), d * (b.clone() * safe.pow(b.clone() - b.lit(1.0))))
            },
            {
                let flat = b.clone().greater(b.lit(0.0)) + b.clone().equal(b.lit(0.0));
                let hole = a.clone().equal(a.lit(0.0)) * flat;
                let safe = hole.clone().select(a.lit(1.0), a);
                hole.select(d.lit(0.0), d * (safe.clone().pow(b) * safe.ln()))
            }
        ];
}
