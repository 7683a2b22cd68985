//! Losses, element by element and row by row.

use super::{Array, Naive, build, places, seen, zip};
use gradtape::{
    Axes,
    ops::{BernoulliNll, CrossEntropyOptions, Indices, KlReduction, Reduction, Zip, composed::*},
};
use ndarray::{ArrayD, IxDyn, arr0};
use std::f64::consts::PI;

fn number(value: f64) -> Vec<Array> {
    vec![arr0(value).into_dyn()]
}

fn reduced(losses: Array, reduction: Reduction) -> Vec<Array> {
    let total: f64 = losses.iter().sum();
    match reduction {
        Reduction::None => vec![losses],
        Reduction::Sum => number(total),
        Reduction::Mean => number(total / losses.len() as f64),
    }
}

/// A function of elements of two arrays of the same shape.
fn each(x: &[Array], f: impl Fn(f64, f64) -> f64) -> Array {
    build(x[0].shape(), |at| f(x[0][at], x[1][at]))
}

/// The same, times weights that are broadcast, if there are any.
fn weighted(losses: &Array, weight: Option<&Array>) -> Array {
    build(losses.shape(), |at| losses[at] * weight.map_or(1.0, |w| w[&seen(w, at)[..]]))
}

/// Weighted losses whose mean is divided by the weights.
fn over_weights(losses: &Array, weight: Option<&Array>, reduction: Reduction) -> Vec<Array> {
    let losses = weighted(losses, weight);
    match (weight, reduction) {
        (Some(weight), Reduction::Mean) => number(losses.sum() / weight.sum()),
        _ => reduced(losses, reduction),
    }
}

impl Naive for MseLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        over_weights(&each(x, |x, t| (x - t).powi(2)), x.get(2), self.0)
    }
}

impl Naive for L1Loss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        over_weights(&each(x, |x, t| (x - t).abs()), x.get(2), self.0)
    }
}

impl Naive for HuberLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (delta, reduction) = self.0;
        let huber = |d: f64| if d < delta { d * d / 2.0 } else { delta * (d - delta / 2.0) };
        reduced(weighted(&each(x, |x, t| huber((x - t).abs())), x.get(2)), reduction)
    }
}

impl Naive for SmoothL1Loss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (beta, reduction) = self.0;
        let smooth = |d: f64| if d < beta { d * d / 2.0 / beta } else { d - beta / 2.0 };
        reduced(each(x, |x, t| smooth((x - t).abs())), reduction)
    }
}

fn coin(p: f64, t: f64) -> f64 {
    -(t * p.ln() + (1.0 - t) * (1.0 - p).ln())
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Naive for Zip<BernoulliNll> {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        zip(x, coin)
    }
}

impl Naive for BinaryCrossEntropy {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(weighted(&each(x, coin), x.get(2)), self.0)
    }
}

impl Naive for BinaryCrossEntropyWithLogits {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let yes = each(x, |x, t| -t * sigmoid(x).ln());
        let no = each(x, |x, t| -(1.0 - t) * (1.0 - sigmoid(x)).ln());
        let losses = weighted(&yes, x.get(3)) + no;
        reduced(weighted(&losses, x.get(2)), self.0)
    }
}

impl Naive for SigmoidFocalLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (alpha, gamma, reduction) = self.0;
        let focal = |x: f64, t: f64| {
            let p = sigmoid(x);
            let hit = p * t + (1.0 - p) * (1.0 - t);
            let share = alpha.map_or(1.0, |alpha| alpha * t + (1.0 - alpha) * (1.0 - t));
            share * (1.0 - hit).powf(gamma) * coin(p, t)
        };
        reduced(each(x, focal), reduction)
    }
}

fn class_axis(x: &Array) -> usize {
    usize::from(x.ndim() > 1)
}

/// Losses against class numbers, given −ln of probabilities.
fn classes(minus_logs: &Array, targets: &Indices, options: &CrossEntropyOptions) -> Vec<Array> {
    let axis = class_axis(minus_logs);
    let count = minus_logs.shape()[axis];
    let weight = |class: usize| options.weight.as_ref().map_or(1.0, |weight| weight[class]);
    let (mut losses, mut total, mut counted) = (Vec::new(), 0.0, false);
    for (&target, at) in targets.slice().iter().zip(places(targets.shape())) {
        if Some(target) == options.ignore_index {
            losses.push(0.0);
            continue;
        }
        let of = |class: usize| {
            let mut at = at.clone();
            at.insert(axis, class);
            weight(class) * minus_logs[&at[..]]
        };
        let all: f64 = (0..count).map(of).sum();
        let share = options.label_smoothing;
        losses.push((1.0 - share) * of(target) + share / count as f64 * all);
        total += weight(target);
        counted = true;
    }
    let losses = ArrayD::from_shape_vec(IxDyn(targets.shape()), losses).expect("one per target");
    match options.reduction {
        Reduction::Mean if counted => number(losses.sum() / total),
        Reduction::Mean => number(0.0),
        other => reduced(losses, other),
    }
}

impl Naive for NllLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (targets, options) = &self.0;
        let options = CrossEntropyOptions {
            weight: options.weight.clone(),
            ignore_index: options.ignore_index,
            label_smoothing: 0.0,
            reduction: options.reduction,
        };
        classes(&x[0].map(|x| -x), targets, &options)
    }
}

fn minus_logs(x: &Array) -> Array {
    super::softmax(x, class_axis(x) as isize).map(|p| -p.ln())
}

impl Naive for CrossEntropyWith {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        classes(&minus_logs(&x[0]), &self.0.0, &self.0.1)
    }
}

impl Naive for CrossEntropyProbabilities {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (options, logs, axis) = (&self.0, minus_logs(&x[0]), class_axis(&x[0]));
        let share = options.label_smoothing;
        let term = |at: &[usize]| {
            let t = x[1][at] * (1.0 - share) + share / x[0].shape()[axis] as f64;
            t * logs[at] * options.weight.as_ref().map_or(1.0, |weight| weight[at[axis]])
        };
        let all = Axes::from(axis as isize);
        super::reduced(&build(x[0].shape(), term), &all, false, |terms| terms.iter().sum())
            .into_iter()
            .flat_map(|losses| reduced(losses, options.reduction))
            .collect()
    }
}

fn above_0(x: f64) -> f64 {
    if x > 0.0 { x } else { 0.0 }
}

impl Naive for HingeLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(each(x, |x, t| above_0(1.0 - x * t)), self.0)
    }
}

impl Naive for SoftMarginLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        reduced(each(x, |x, t| (1.0 + (-x * t).exp()).ln()), self.0)
    }
}

impl Naive for MarginRankingLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (margin, reduction) = self.0;
        let losses = build(x[0].shape(), |at| above_0(margin - x[2][at] * (x[0][at] - x[1][at])));
        reduced(losses, reduction)
    }
}

/// A loss of each row of scores: the last axis.
fn rows(x: &Array, reduction: Reduction, loss: impl Fn(usize, &[f64]) -> f64) -> Vec<Array> {
    let (outer, size) = (&x.shape()[..x.ndim() - 1], x.shape()[x.ndim() - 1]);
    let mut row = 0;
    let losses = build(outer, |at| {
        let scores: Vec<f64> = (0..size).map(|i| x[&[at, &[i]].concat()[..]]).collect();
        row += 1;
        loss(row - 1, &scores)
    });
    reduced(losses, reduction)
}

impl Naive for MultiMarginLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (targets, options) = &self.0;
        rows(&x[0], options.reduction, |row, scores| {
            let target = targets.slice()[row];
            let others = (0..scores.len()).filter(|&i| i != target);
            let excess = |i: usize| above_0(options.margin - scores[target] + scores[i]);
            let total: f64 = others.map(|i| excess(i).powi(options.p as i32)).sum();
            total * options.weight.as_ref().map_or(1.0, |weight| weight[target]) / scores.len() as f64
        })
    }
}

impl Naive for MultilabelMarginLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (labels, reduction) = &self.0;
        rows(&x[0], *reduction, |row, scores| {
            let labels = &labels[row];
            let mut total = 0.0;
            for &label in labels {
                for i in (0..scores.len()).filter(|i| !labels.contains(i)) {
                    total += above_0(1.0 - scores[label] + scores[i]);
                }
            }
            total / scores.len() as f64
        })
    }
}

impl Naive for MultilabelSoftMarginLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let losses = weighted(&each(x, |x, t| coin(sigmoid(x), t)), x.get(2));
        rows(&losses, self.0, |_, losses| losses.iter().sum::<f64>() / losses.len() as f64)
    }
}

impl Naive for HingeEmbeddingLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (margin, reduction) = self.0;
        reduced(each(x, |x, t| if t == 1.0 { x } else { above_0(margin - x) }), reduction)
    }
}

/// The elements of the vector of a row.
fn vector(x: &Array, row: usize) -> Vec<f64> {
    let size = x.shape()[x.ndim() - 1];
    x.iter().skip(row * size).take(size).copied().collect()
}

impl Naive for CosineEmbeddingLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (margin, reduction) = self.0;
        let targets: Vec<f64> = x[2].iter().copied().collect();
        rows(&x[0], reduction, |row, a| {
            let b = vector(&x[1], row);
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let cosine = dot(a, &b) / ((dot(a, a) + 1e-12) * (dot(&b, &b) + 1e-12)).sqrt();
            if targets[row] == 1.0 { 1.0 - cosine } else { above_0(cosine - margin) }
        })
    }
}

/// Triplets of rows, by a distance of vectors.
fn triplets(
    x: &[Array],
    (margin, swap, reduction): (f64, bool, Reduction),
    distance: impl Fn(&[f64], &[f64]) -> f64,
) -> Vec<Array> {
    rows(&x[0], reduction, |row, anchor| {
        let (positive, negative) = (vector(&x[1], row), vector(&x[2], row));
        let mut far = distance(anchor, &negative);
        let other = distance(&positive, &negative);
        if swap && other < far {
            far = other;
        }
        above_0(margin + distance(anchor, &positive) - far)
    })
}

impl Naive for TripletMarginLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let options = &self.0;
        let power = |(a, b): (&f64, &f64)| (a - b + options.eps).abs().powf(options.p);
        let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(power).sum::<f64>().powf(1.0 / options.p);
        triplets(x, (options.margin, options.swap, options.reduction), distance)
    }
}

impl Naive for TripletMarginWithDistanceLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        triplets(x, self.0, |a, b| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum())
    }
}

impl Naive for KlDiv {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (log_target, reduction) = self.0;
        let terms = each(x, |x, t| {
            let p = if log_target { t.exp() } else { t };
            p * p.ln() - p * x
        });
        match reduction {
            KlReduction::BatchMean => number(terms.sum() / x[0].shape()[0] as f64),
            KlReduction::None => vec![terms],
            KlReduction::Mean => reduced(terms, Reduction::Mean),
            KlReduction::Sum => reduced(terms, Reduction::Sum),
        }
    }
}

impl Naive for PoissonNllLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let options = &self.0;
        let loss = |x: f64, t: f64| {
            let given = if options.log_input { x.exp() - t * x } else { x - t * (x + options.eps).ln() };
            let factorial = if t > 1.0 { t * t.ln() - t + (2.0 * PI * t).ln() / 2.0 } else { 0.0 };
            given + if options.full { factorial } else { 0.0 }
        };
        reduced(each(x, loss), options.reduction)
    }
}

impl Naive for GaussianNllLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let options = &self.0;
        let losses = build(x[0].shape(), |at| {
            let at_variance = match x[2].ndim() {
                rank if rank < at.len() => at[..rank].to_vec(),
                _ => seen(&x[2], at),
            };
            let v = x[2][&at_variance[..]].max(options.eps);
            let constant = if options.full { (2.0 * PI).ln() } else { 0.0 };
            (v.ln() + (x[0][at] - x[1][at]).powi(2) / v + constant) / 2.0
        });
        reduced(losses, options.reduction)
    }
}
