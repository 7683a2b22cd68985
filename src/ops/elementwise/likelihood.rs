//! How unlikely an outcome is.

/// ln p, but not below −100.
#[inline(always)]
fn log<R: Real>(p: R) -> R {
    let (ln, floor) = (p.ln(), -100.0);
    ln.lit(floor).greater(ln.clone()).select(ln.lit(floor), ln)
}

/// 1 − p.
#[inline(always)]
fn rest<R: Real>(p: R) -> R {
    p.lit(1.0) - p
}

binary! {
    /// −t·ln p − (1 − t)·ln(1 − p), broadcast, for probabilities p and targets t: how unlikely a coin of p
    /// makes t. Logarithms are cut off at −100. ∂/∂p = (p − t)/max(p(1 − p), 1e-12),
    /// ∂/∂t = ln(1 − p) − ln p.
    BernoulliNll, bernoulli_nll, true, |g| within(g),
        |a, b| -(b.clone() * log(a.clone()) + rest(b) * log(rest(a))),
        |d| [
            {
                let spread = a.clone() * rest(a.clone());
                let least = a.lit(1e-12);
                d * (a - b) / least.clone().greater(spread.clone()).select(least, spread)
            },
            d * (log(rest(a.clone())) - log(a))
        ];
}

/// Probabilities and targets.
fn within(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    [g.values(&x, 0.125..0.875), g.values(&y, 0.0..1.0)]
}
