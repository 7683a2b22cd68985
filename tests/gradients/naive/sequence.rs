//! Tables, positions, attention, recurrent cells and alignments.

use super::{Array, Naive, Place, build, places, seen, stretched};
use gradtape::ops::{
    Attention, AttentionGrad, Bag, CtcLoss, CtcLossGrad, EmbeddingBagOptions, GruGates, LstmGates,
    RotaryOptions, composed::*,
};

fn with_last(at: &[usize], last: usize) -> Place {
    [&at[..at.len() - 1], &[last]].concat()
}

fn last(x: &Array) -> usize {
    x.shape()[x.ndim() - 1]
}

fn sigma(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Naive for Embedding {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (_, indices) = &self.0;
        let dims = [indices.shape().dims(), &[x[0].shape()[1]]].concat();
        vec![build(&dims, |at| {
            let (place, j) = (&at[..at.len() - 1], at[at.len() - 1]);
            let flat = place.iter().zip(&dims).fold(0, |flat, (at, dim)| flat * dim + at);
            x[0][[indices.slice()[flat], j]]
        })]
    }
}

impl Naive for EmbeddingBag {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (EmbeddingBagOptions { mode, padding_idx, include_last_offset, .. }, indices, offsets) = &self.0;
        let (all, shape) = (indices.slice(), indices.shape());
        let (outer, ranges) = match offsets {
            None => {
                let (outer, size) = (&shape[..shape.rank() - 1], shape[shape.rank() - 1]);
                let bags = outer.iter().product::<usize>();
                (outer.to_vec(), (0..bags).map(|bag| bag * size..(bag + 1) * size).collect::<Vec<_>>())
            }
            Some(starts) => {
                let bags = starts.len() - usize::from(*include_last_offset);
                let end = |bag: usize| starts.get(bag + 1).copied().unwrap_or(all.len());
                (vec![bags], (0..bags).map(|bag| starts[bag]..end(bag)).collect())
            }
        };
        let weights: Option<Vec<f64>> = x.get(1).map(|weights| weights.iter().copied().collect());
        vec![build(&[&outer[..], &[x[0].shape()[1]]].concat(), |at| {
            let (bag, column) = (&at[..at.len() - 1], at[at.len() - 1]);
            let bag = bag.iter().zip(&outer).fold(0, |flat, (at, size)| flat * size + at);
            let counted = ranges[bag].clone().filter(|&place| Some(all[place]) != *padding_idx);
            let values: Vec<f64> = counted
                .map(|place| {
                    x[0][[all[place], column]] * weights.as_ref().map_or(1.0, |weights| weights[place])
                })
                .collect();
            match mode {
                _ if values.is_empty() => 0.0,
                Bag::Sum => values.iter().sum(),
                Bag::Mean => values.iter().sum::<f64>() / values.len() as f64,
                Bag::Max => values.into_iter().fold(f64::NEG_INFINITY, f64::max),
            }
        })]
    }
}

impl Naive for RotaryEmbedding {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let RotaryOptions { base, interleaved, offset } = self.0;
        let (x, half) = (&x[0], last(&x[0]) / 2);
        let mut y = x.clone();
        for at in places(x.shape()).iter().filter(|at| at[at.len() - 1] < half) {
            let pair = at[at.len() - 1];
            let ends = if interleaved { [2 * pair, 2 * pair + 1] } else { [pair, pair + half] };
            let [p, q] = ends.map(|place| with_last(at, place));
            let angle = (offset + at[at.len() - 2]) as f64 / base.powf(2.0 * pair as f64 / (2 * half) as f64);
            // As a complex number of this argument.
            let (length, argument) = (x[&p[..]].hypot(x[&q[..]]), x[&q[..]].atan2(x[&p[..]]));
            y[&p[..]] = length * (argument + angle).cos();
            y[&q[..]] = length * (argument + angle).sin();
        }
        vec![y]
    }
}

/// The new state and the new memory.
fn lstm(c: &Array, gate: impl Fn(&[usize], usize) -> f64) -> Vec<Array> {
    let memory = build(c.shape(), |at| sigma(gate(at, 1)) * c[at] + sigma(gate(at, 0)) * gate(at, 2).tanh());
    vec![build(c.shape(), |at| sigma(gate(at, 3)) * memory[at].tanh()), memory]
}

fn gru(h: &Array, x: impl Fn(&[usize], usize) -> f64, u: impl Fn(&[usize], usize) -> f64) -> Vec<Array> {
    vec![build(h.shape(), |at| {
        let [r, z] = [0, 1].map(|k| sigma(x(at, k) + u(at, k)));
        let n = (x(at, 2) + r * u(at, 2)).tanh();
        n + z * (h[at] - n)
    })]
}

/// Block `k` of gates, at the place of the state.
fn block(gates: &Array, width: usize) -> impl Fn(&[usize], usize) -> f64 {
    move |at, k| gates[&with_last(at, k * width + at[at.len() - 1])[..]]
}

impl Naive for LstmGates {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        lstm(&x[1], block(&x[0], last(&x[1])))
    }
}

impl Naive for GruGates {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let width = last(&x[2]);
        gru(&x[2], block(&x[0], width), block(&x[1], width))
    }
}

/// Row `k·width + place` of a weight matrix times x, and that element of the bias, if any.
fn product(x: &Array, w: &Array, b: Option<&Array>, width: usize) -> impl Fn(&[usize], usize) -> f64 {
    move |at, k| {
        let row = k * width + at[at.len() - 1];
        let terms = (0..w.shape()[1]).map(|j| w[[row, j]] * x[&with_last(at, j)[..]]);
        terms.sum::<f64>() + b.map_or(0.0, |b| b[row])
    }
}

impl Naive for LstmCell {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let width = last(&x[1]);
        let (from_x, from_h) =
            (product(&x[0], &x[3], x.get(5), width), product(&x[1], &x[4], x.get(6), width));
        lstm(&x[2], |at, k| from_x(at, k) + from_h(at, k))
    }
}

impl Naive for GruCell {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let width = last(&x[1]);
        gru(&x[1], product(&x[0], &x[2], x.get(4), width), product(&x[1], &x[3], x.get(5), width))
    }
}

fn plain(x: &[Array], f: impl Fn(f64) -> f64) -> Vec<Array> {
    let width = last(&x[1]);
    let (from_x, from_h) = (product(&x[0], &x[2], x.get(4), width), product(&x[1], &x[3], x.get(5), width));
    vec![build(x[1].shape(), |at| f(from_x(at, 0) + from_h(at, 0)))]
}

impl Naive for RnnTanhCell {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        plain(x, f64::tanh)
    }
}

impl Naive for RnnReluCell {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        plain(x, |v| v.max(0.0))
    }
}

/// softmax(scale · q·kᵀ + bias) and its logsumexp, for the row of an output place; the outer axes lead.
fn attended(op: &Attention, x: &[Array], bias: Option<&Array>, at: &[usize]) -> (Vec<f64>, f64) {
    let (outer, query) = (&at[..at.len() - 2], at[at.len() - 2]);
    let place = |row, column| [outer, &[row, column]].concat();
    let (keys, width) = (x[1].shape()[at.len() - 2], last(&x[0]));
    let scores = (0..keys).map(|key| {
        let product: f64 = (0..width).map(|i| x[0][&place(query, i)[..]] * x[1][&place(key, i)[..]]).sum();
        let bias = bias.map_or(0.0, |bias| stretched(bias, &place(query, key)));
        if op.causal && key > query { 0.0 } else { (op.scale * product + bias).exp() }
    });
    let scores: Vec<f64> = scores.collect();
    let total: f64 = scores.iter().sum();
    (scores.iter().map(|s| s / total).collect(), total.ln())
}

fn widened(x: &Array, columns: usize) -> Place {
    with_last(x.shape(), columns)
}

impl Naive for Attention {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let value = |at: &[usize]| {
            let (weights, _) = attended(self, x, x.get(3), at);
            let of = |key| x[2][&[&at[..at.len() - 2], &[key, at[at.len() - 1]]].concat()[..]];
            weights.iter().enumerate().map(|(key, weight)| weight * of(key)).sum()
        };
        vec![
            build(&widened(&x[0], last(&x[2])), value),
            build(
                &widened(&x[0], 2),
                |at| if last_of(at) == 0 { attended(self, x, x.get(3), at).1 } else { 0.0 },
            ),
        ]
    }
}

impl Naive for AttentionGrad {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let [q, k, v, logsum, dy, delta, ..] = x else { panic!("six operands or seven") };
        let mut found = vec![q * 0.0, k * 0.0, v * 0.0];
        let mut to_bias = x.get(6).map(|bias| bias * 0.0);
        for at in places(&widened(q, k.shape()[k.ndim() - 2])) {
            let (outer, query, key) = (&at[..at.len() - 2], at[at.len() - 2], last_of(&at));
            if self.of.causal && key > query {
                continue;
            }
            let place = |row, column| [outer, &[row, column]].concat();
            let product = |a: &Array, row, b: &Array, column| {
                (0..last(a)).map(|i| a[&place(row, i)[..]] * b[&place(column, i)[..]]).sum::<f64>()
            };
            let bias = x.get(6).map_or(0.0, |bias| stretched(bias, &at));
            let logsum = logsum[&place(query, 0)[..]] + logsum[&place(query, 1)[..]];
            let weight = (self.of.scale * product(q, query, k, key) + bias - logsum).exp();
            let ds = weight * (product(dy, query, v, key) - delta[&place(query, 0)[..]]);
            for i in 0..last(q) {
                found[0][&place(query, i)[..]] += self.of.scale * ds * k[&place(key, i)[..]];
                found[1][&place(key, i)[..]] += self.of.scale * ds * q[&place(query, i)[..]];
            }
            for i in 0..last(v) {
                found[2][&place(key, i)[..]] += weight * dy[&place(query, i)[..]];
            }
            if let Some(to) = &mut to_bias {
                let place = seen(to, &at);
                to[&place[..]] += ds;
            }
        }
        found.extend(to_bias.filter(|_| self.bias));
        found
    }
}

fn last_of(at: &[usize]) -> usize {
    at[at.len() - 1]
}

/// Every alignment of a sequence with a target, written out: its classes step by step.
fn alignments(steps: usize, classes: usize, blank: usize, target: &[usize]) -> Vec<Place> {
    let collapsed = |path: &[usize]| {
        let mut path = path.to_vec();
        path.dedup();
        path.retain(|&class| class != blank);
        path
    };
    places(&vec![classes; steps]).into_iter().filter(|path| collapsed(path) == target).collect()
}

/// For each sequence: its alignments, and the probability of each.
fn weighed(op: &CtcLoss, x: &Array) -> Vec<Vec<(Place, f64)>> {
    let mut before = 0;
    let of = |n: usize| {
        let (steps, length) = (op.input_lengths.slice()[n], op.target_lengths.slice()[n]);
        let start = if op.targets.shape().rank() == 2 { n * op.targets.shape()[1] } else { before };
        before += length;
        let target = &op.targets.slice()[start..][..length];
        let likely = |path: &Place| path.iter().enumerate().map(|(t, &c)| x[[n, t, c]]).sum::<f64>().exp();
        let all = alignments(steps, x.shape()[2], op.blank, target);
        all.into_iter().map(|path| (path.clone(), likely(&path))).collect()
    };
    (0..x.shape()[0]).map(of).collect()
}

impl Naive for CtcLoss {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let all = weighed(self, &x[0]);
        let loss = |paths: &Vec<(Place, f64)>| -paths.iter().map(|(_, p)| p).sum::<f64>().ln();
        vec![Array::from_shape_vec(vec![all.len()], all.iter().map(loss).collect()).expect("one each")]
    }
}

impl Naive for CtcLossGrad {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut gradient = &x[0] * 0.0;
        for (n, paths) in weighed(&self.of, &x[0]).iter().enumerate() {
            let total: f64 = paths.iter().map(|(_, p)| p).sum();
            for (path, p) in paths {
                for (t, &c) in path.iter().enumerate() {
                    gradient[[n, t, c]] -= x[1][[n]] * p / total;
                }
            }
        }
        vec![gradient]
    }
}
