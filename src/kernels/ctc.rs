//! Sums over all alignments of a target with a sequence, in logarithms (Graves and others: Connectionist
//! Temporal Classification, 2006).
#![forbid(unsafe_code)]

use super::{
    Float,
    parallel::{GRAIN, pieces_of},
    reduce::greater,
};

/// One sequence: its place in the batch, its steps, and the labels between which blanks may stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alignment<'a> {
    pub(crate) steps: usize,
    pub(crate) target: &'a [usize],
    pub(crate) blank: usize,
}

impl Alignment<'_> {
    /// Labels and the blanks around them.
    pub(crate) fn states(&self) -> usize {
        2 * self.target.len() + 1
    }

    /// The class of a state.
    pub(crate) fn class(&self, state: usize) -> usize {
        if state.is_multiple_of(2) { self.blank } else { self.target[state / 2] }
    }

    /// Whether the state may follow the one two before it: between different labels no blank is needed.
    pub(crate) fn skips(&self, state: usize) -> bool {
        state % 2 == 1 && state > 1 && self.target[state / 2] != self.target[state / 2 - 1]
    }

    /// Whether an alignment may end here; by the same rule counted from the other end it may begin there.
    fn ends(&self, state: usize) -> bool {
        state + 2 >= self.states()
    }
}

/// ln Σ eˣ; −∞ of nothing.
fn logsum<F: Float>(x: [F; 3]) -> F {
    let top = greater(greater(x[0], x[1]), x[2]);
    if top == -F::INFINITY {
        return top;
    }
    top + ((x[0] - top).exp() + (x[1] - top).exp() + (x[2] - top).exp()).ln()
}

/// ln of the sum over the beginnings of alignments that are in each state, step after step; the last row is
/// calculated from the one before it. `keep` is called with each step and its row.
fn beginnings<F: Float>(x: &[F], classes: usize, of: Alignment<'_>, mut keep: impl FnMut(usize, &[F])) -> F {
    let states = of.states();
    let none = -F::INFINITY;
    if of.steps == 0 {
        return if of.target.is_empty() { F::ZERO } else { none };
    }
    let (mut row, mut last) = (vec![none; states], vec![none; states]);
    for (step, x) in x.chunks_exact(classes).take(of.steps).enumerate() {
        for s in 0..states {
            let before = if step == 0 {
                if s < 2 { F::ZERO } else { none }
            } else {
                let one = if s > 0 { last[s - 1] } else { none };
                logsum([last[s], one, if of.skips(s) { last[s - 2] } else { none }])
            };
            row[s] = x[of.class(s)] + before;
        }
        keep(step, &row);
        std::mem::swap(&mut row, &mut last);
    }
    let before = if states > 1 { last[states - 2] } else { none };
    logsum([last[states - 1], before, none])
}

/// −ln of the sum over all alignments of each sequence; +∞ where there is none.
pub(crate) fn losses<F: Float>(x: &[F], size: usize, classes: usize, all: &[Alignment<'_>], out: &mut [F]) {
    let grain = (GRAIN / (16 * size).max(1)).max(1);
    pieces_of(out, 1, grain, &|start, out| {
        for (n, out) in out.iter_mut().enumerate() {
            let n = start + n;
            *out = -beginnings(&x[n * size..][..size], classes, all[n], |_, _| ());
        }
    });
}

/// The gradient of each loss, times its number of `d`; of an infinite loss `lost`.
pub(crate) fn gradients<F: Float>(
    x: &[F],
    d: &[F],
    classes: usize,
    all: &[Alignment<'_>],
    lost: F,
    out: &mut [F],
) {
    let size = out.len() / all.len().max(1);
    pieces_of(out, size, (GRAIN / 16).max(1), &|start, out| {
        for (n, out) in out.chunks_exact_mut(size).enumerate() {
            let n = start / size + n;
            gradient(&x[n * size..][..size], d[n], classes, all[n], lost, out);
        }
    });
}

/// −d times the share of the alignments that are in each class at each step.
fn gradient<F: Float>(x: &[F], d: F, classes: usize, of: Alignment<'_>, lost: F, out: &mut [F]) {
    let (states, none) = (of.states(), -F::INFINITY);
    let mut alpha = vec![none; of.steps * states];
    let total = beginnings(x, classes, of, |step, row| {
        alpha[step * states..][..states].copy_from_slice(row);
    });
    out.fill(F::ZERO);
    if total == none {
        out[..of.steps * classes].fill(lost);
        return;
    }
    // ln of the sum over the ends of alignments, the step itself left out, or taken in.
    let mut ends: Vec<F> = (0..states).map(|s| if of.ends(s) { F::ZERO } else { none }).collect();
    let mut taken = vec![none; states];
    for step in (0..of.steps).rev() {
        let x = &x[step * classes..][..classes];
        for s in 0..states {
            let share = (alpha[step * states + s] + ends[s] - total).exp();
            out[step * classes + of.class(s)] -= share * d;
            taken[s] = ends[s] + x[of.class(s)];
        }
        for s in 0..states {
            let one = if s + 1 < states { taken[s + 1] } else { none };
            ends[s] =
                logsum([taken[s], one, if s + 2 < states && of.skips(s + 2) { taken[s + 2] } else { none }]);
        }
    }
}
