//! What is made of many numbers: one, one for each beginning, or the same in order.

use super::{Dual, max, several::negative, sign, sum, top};
use std::cmp::Ordering;

/// What axes are reduced by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reduction {
    Prod,
    Min,
    LogSumExp,
    /// The order, 1 and more.
    Norm(f64),
    /// What the number of elements is lessened by.
    Var(f64),
}

/// What an axis is scanned by: each element becomes something of all up to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scan {
    Cumsum,
    Cumprod,
    LogCumSumExp,
    Cummax,
    Cummin,
}

pub(super) fn reduction(op: Reduction, xs: &[Dual]) -> Dual {
    match op {
        Reduction::Prod => prod(xs),
        Reduction::Min => negative(max(&xs.iter().map(|&x| negative(x)).collect::<Vec<_>>())),
        Reduction::LogSumExp => logsumexp(xs),
        Reduction::Norm(p) => norm(p, xs),
        Reduction::Var(correction) => var(correction, xs),
    }
}

pub(super) fn scan(op: Scan, xs: &[Dual]) -> Vec<Dual> {
    let last = |xs: &[Dual]| match op {
        Scan::Cumsum => sum(xs),
        Scan::Cumprod => prod(xs),
        Scan::LogCumSumExp => logsumexp(xs),
        Scan::Cummax => latest_greatest(xs),
        Scan::Cummin => negative(latest_greatest(&xs.iter().map(|&x| negative(x)).collect::<Vec<_>>())),
    };
    (1..=xs.len()).map(|n| last(&xs[..n])).collect()
}

/// Each is multiplied with all others: no division, so that zeros need no care.
fn prod(xs: &[Dual]) -> Dual {
    let others = |i: usize| (0..xs.len()).filter(|&j| j != i).map(|j| xs[j].v).product();
    let parts: Vec<_> = xs.iter().enumerate().map(|(i, &x)| (others(i), x)).collect();
    Dual::of(xs.iter().map(|x| x.v).product(), &parts)
}

fn logsumexp(xs: &[Dual]) -> Dual {
    let (top, _) = top(xs);
    if top.is_infinite() {
        return Dual::of(top, &xs.iter().map(|&x| (f64::NAN, x)).collect::<Vec<_>>());
    }
    let total: f64 = xs.iter().map(|x| (x.v - top).exp()).sum();
    let parts: Vec<_> = xs.iter().map(|&x| ((x.v - top).exp() / total, x)).collect();
    Dual::of(top + total.ln(), &parts).sized(top.abs() + total.ln())
}

fn norm(p: f64, xs: &[Dual]) -> Dual {
    let sizes: Vec<Dual> = xs.iter().map(|x| Dual::of(x.v.abs(), &[(sign(x.v), *x)])).collect();
    let (top, _) = top(&sizes);
    if p == f64::INFINITY {
        return max(&sizes);
    }
    if top == 0.0 || !top.is_finite() {
        return Dual::of(top, &xs.iter().map(|&x| (0.0, x)).collect::<Vec<_>>());
    }
    // Relative to the greatest, so that nothing is squared away.
    let y = top * sizes.iter().map(|x| (x.v / top).powf(p)).sum::<f64>().powf(1.0 / p);
    Dual::of(y, &sizes.iter().map(|&x| ((x.v / y).powf(p - 1.0), x)).collect::<Vec<_>>())
}

fn var(correction: f64, xs: &[Dual]) -> Dual {
    let n = xs.len() as f64;
    let mean = xs.iter().map(|x| x.v).sum::<f64>() / n;
    let apart = |x: &Dual| x.v - mean;
    let parts: Vec<_> = xs.iter().map(|x| (2.0 * apart(x) / (n - correction), *x)).collect();
    let size = |x: &Dual| x.v.abs() + mean.abs();
    let y = Dual::of(xs.iter().map(|x| apart(x).powi(2)).sum::<f64>() / (n - correction), &parts)
        .sized(xs.iter().map(|x| size(x).powi(2)).sum::<f64>() / (n - correction));
    // Each difference is as exact as what it is the difference of.
    Dual { d_size: xs.iter().map(|x| 2.0 * size(x) * x.d_size / (n - correction)).sum(), ..y }
}

/// The greatest, the latest of equals; the latest NaN.
fn latest_greatest(xs: &[Dual]) -> Dual {
    let later = |best: Dual, x: &Dual| if x.v >= best.v || x.v.is_nan() { *x } else { best };
    xs[1..].iter().fold(xs[0], later)
}

/// In order of size, equals as they were, NaN greatest.
pub(super) fn sorted(xs: &[Dual], descending: bool) -> Vec<Dual> {
    let rising = |a: &Dual, b: &Dual| {
        a.v.partial_cmp(&b.v).unwrap_or_else(|| match (a.v.is_nan(), b.v.is_nan()) {
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            _ => Ordering::Equal,
        })
    };
    let mut xs = xs.to_vec();
    xs.sort_by(|a, b| if descending { rising(b, a) } else { rising(a, b) });
    xs
}

pub(super) fn softmax(xs: &[Dual]) -> Vec<Dual> {
    let (top, _) = top(xs);
    let total: f64 = xs.iter().map(|x| (x.v - top).exp()).sum();
    let y: Vec<f64> = xs.iter().map(|x| (x.v - top).exp() / total).collect();
    let of = |i: usize| {
        let parts = (0..xs.len()).map(|j| (y[i] * (f64::from(i == j) - y[j]), xs[j]));
        let all = xs.iter().zip(&y).map(|(x, y)| y * x.d_size).sum::<f64>();
        let result = Dual::of(y[i], &parts.collect::<Vec<_>>());
        Dual { d_size: y[i] * (xs[i].d_size + all), ..result }
    };
    (0..xs.len()).map(of).collect()
}

pub(super) fn log_softmax(xs: &[Dual]) -> Vec<Dual> {
    let (top, _) = top(xs);
    let total: f64 = xs.iter().map(|x| (x.v - top).exp()).sum();
    let of = |i: usize| {
        let parts = (0..xs.len()).map(|j| (f64::from(i == j) - (xs[j].v - top).exp() / total, xs[j]));
        let size = (xs[i].v - top).abs() + total.ln();
        Dual::of(xs[i].v - top - total.ln(), &parts.collect::<Vec<_>>()).cancelling(xs[i]).sized(size)
    };
    (0..xs.len()).map(of).collect()
}
