//! How unlikely an outcome is.

/// A logarithm, but not below −100.
#[inline(always)]
fn cut<R: Real>(ln: R) -> R {
    let floor = ln.lit(-100.0);
    floor.clone().greater(ln.clone()).select(floor, ln)
}

/// ln p, cut off.
#[inline(always)]
fn log<R: Real>(p: R) -> R {
    cut(p.ln())
}

/// ln(1 − p), cut off; exact for small p, too.
#[inline(always)]
fn log_rest<R: Real>(p: R) -> R {
    cut((-p).ln_1p())
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
        |a, b| -(b.clone() * log(a.clone()) + rest(b) * log_rest(a)),
        |d| [
            {
                let spread = a.clone() * rest(a.clone());
                let least = a.lit(1e-12);
                d * (a - b) / least.clone().greater(spread.clone()).select(least, spread)
            },
            d * (log_rest(a.clone()) - log(a))
        ];
}

/// Probabilities and targets.
fn within(g: &mut Gen) -> [Tensor<f64>; 2] {
    let (x, y) = g.broadcast_pair();
    [g.values(&x, 0.125..0.875), g.values(&y, 0.0..1.0)]
}
