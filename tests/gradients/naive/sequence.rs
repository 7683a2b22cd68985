//! Tables, positions and recurrent cells.

use super::{Array, Naive, Place, build, places};
use gradtape::ops::{GruGates, LstmGates, RotaryOptions, composed::*};

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
