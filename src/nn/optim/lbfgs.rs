//! L-BFGS.

use super::not_negative;
use crate::{
    Error, Float,
    nn::params::{ParamGrads, ParamId, Params},
};
use std::collections::VecDeque;

/// Limited-memory BFGS, for whole batches and smooth functions (Liu, Nocedal: On the Limited
/// Memory BFGS Method, 1989; Nocedal, Wright: Numerical Optimization, 2006, Algorithm 7.4). It
/// evaluates the loss several times a step, so it is given a function. The defaults are PyTorch's.
///
/// ```
/// use gradtape::{Tape, Tensor, nn::{Lbfgs, LineSearch, ParamGrads, Params}, random::Rng};
/// let mut params = Params::<f64>::seeded(0);
/// let x = params.add("x", Tensor::from([-1.5, 2.0]));
/// let rng = Rng::new(0);
/// let mut rosenbrock = |params: &Params<f64>| {
///     let tape = Tape::new();
///     let cx = params.train(&tape, &rng);
///     let [a, b] = [0, 1].map(|i| cx.get(x).narrow(0, i, 1));
///     let loss = ((1.0 - &a).square() + (b - a.square()).square() * 100.0).sum();
///     (loss.item(), cx.backward(loss))
/// };
/// let mut lbfgs = Lbfgs { line_search_fn: LineSearch::StrongWolfe, ..Lbfgs::new(1.0) };
/// for _ in 0..10 {
///     lbfgs.step(&mut params, &mut rosenbrock)?;
/// }
/// assert!(params.get(x).slice().iter().all(|v| (v - 1.0).abs() < 1e-5));
/// # Ok::<(), gradtape::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lbfgs {
    /// The learning rate: 1.
    pub lr: f64,
    /// Iterations per step, at most: 20.
    pub max_iter: usize,
    /// Evaluations per step, at most; nothing stands for 5/4 of the iterations.
    pub max_eval: Option<usize>,
    /// Ends a step when no gradient is larger: 1e-7.
    pub tolerance_grad: f64,
    /// Ends a step when neither the loss nor a weight changes by more: 1e-9.
    pub tolerance_change: f64,
    /// How many differences are kept to know the curvature by: 100.
    pub history_size: usize,
    /// How the length along a direction is found.
    pub line_search_fn: LineSearch,
    /// Whether to climb instead: no.
    pub maximize: bool,
    /// What is known from earlier iterations: at first nothing, the default.
    pub memory: LbfgsMemory,
}

/// How [`Lbfgs`] finds the length of its way along a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineSearch {
    /// Not at all: it is the learning rate.
    #[default]
    None,
    /// By the strong Wolfe conditions (Nocedal, Wright, Algorithms 3.5 and 3.6).
    StrongWolfe,
}

/// What [`Lbfgs`] knows from earlier iterations. A clone of it resumes exactly.
#[derive(Clone, Debug, Default)]
pub struct LbfgsMemory {
    iterations: usize,
    direction: Vec<f64>,
    length: f64,
    gradient: Vec<f64>,
    /// Differences of gradients, of weights, and the inverses of their products.
    pairs: VecDeque<(Vec<f64>, Vec<f64>, f64)>,
    /// The scale of the first guess at the inverse Hessian.
    scale: f64,
}

impl Lbfgs {
    /// The defaults with a learning rate.
    pub fn new(lr: f64) -> Self {
        Lbfgs {
            lr,
            max_iter: 20,
            max_eval: None,
            tolerance_grad: 1e-7,
            tolerance_change: 1e-9,
            history_size: 100,
            line_search_fn: LineSearch::None,
            maximize: false,
            memory: LbfgsMemory::default(),
        }
    }

    /// Whether the options are in their domains.
    ///
    /// # Errors
    /// The option, its domain and its value.
    pub fn check(&self) -> Result<(), Error> {
        not_negative("learning rate", self.lr)?;
        not_negative("tolerance of the gradient", self.tolerance_grad)?;
        not_negative("tolerance of the change", self.tolerance_change)?;
        for (option, count) in [("iterations", self.max_iter), ("history size", self.history_size)] {
            if count == 0 {
                return Err(Error::config(option, "at least 1", count));
            }
        }
        Ok(())
    }

    /// One step of several iterations; returns the loss at its start. `evaluate` gives the loss
    /// and its gradients at some weights. Buffers take over the values of the first evaluation.
    ///
    /// # Errors
    /// When an option is outside its domain, or the loss is not finite at the start. The weights
    /// are unchanged then.
    ///
    /// # Panics
    /// When the gradients are of other parameters.
    #[track_caller]
    pub fn step<F: Float>(
        &mut self,
        params: &mut Params<F>,
        mut evaluate: impl FnMut(&Params<F>) -> (F, ParamGrads<F>),
    ) -> Result<f64, Error> {
        self.check()?;
        let ids: Vec<ParamId> = params.ids().filter(|&id| params.is_trainable(id)).collect();
        let start = flat(params, &ids, |id| params.get(id).slice().to_vec());
        // Climbing is descending on the negated loss.
        let sign = if self.maximize { -1.0 } else { 1.0 };
        let mut started = None;
        let mut at = |x: &[f64]| {
            spread(params, &ids, x);
            let (loss, grads) = evaluate(params);
            grads.must_be_of(params);
            let zeros = |id| vec![F::ZERO; params.get(id).shape().size()];
            let mut gradient =
                flat(params, &ids, |id| grads.get(id).map_or_else(|| zeros(id), |g| g.slice().to_vec()));
            gradient.iter_mut().for_each(|g| *g *= sign);
            started.get_or_insert(grads);
            Point { loss: sign * loss.to_f64(), gradient }
        };
        let first = at(&start);
        let loss = sign * first.loss;
        if !loss.is_finite() {
            return Err(Error::data("the training loss", "a finite number", loss));
        }
        let end = self.iterate(start, first, &mut at);
        spread(params, &ids, &end);
        started.iter().for_each(|grads| params.take_buffers(grads));
        Ok(loss)
    }

    /// The weights after at most `max_iter` iterations from `x`.
    fn iterate(&mut self, mut x: Vec<f64>, mut now: Point, at: &mut dyn FnMut(&[f64]) -> Point) -> Vec<f64> {
        let max_eval = self.max_eval.unwrap_or(self.max_iter * 5 / 4);
        let mut evaluations = 1;
        if largest(&now.gradient) <= self.tolerance_grad {
            return x;
        }
        for iteration in 1..=self.max_iter {
            self.turn(&now.gradient);
            let memory = &mut self.memory;
            memory.gradient.clone_from(&now.gradient);
            let first = memory.iterations == 1;
            memory.length = self.lr
                * if first {
                    (1.0 / now.gradient.iter().map(|g| g.abs()).sum::<f64>()).min(1.0)
                } else {
                    1.0
                };
            let slope = dot(&now.gradient, &memory.direction);
            if slope > -self.tolerance_change {
                break;
            }
            let before = now.loss;
            match self.line_search_fn {
                LineSearch::StrongWolfe => {
                    let mut search = Search {
                        from: &x,
                        direction: &memory.direction,
                        at,
                        evaluations: 0,
                        tolerance: self.tolerance_change,
                    };
                    let found = search.strong_wolfe(memory.length, &now, slope);
                    evaluations += search.evaluations;
                    memory.length = found.length;
                    x = moved(&x, memory.length, &memory.direction);
                    now = found.point;
                }
                LineSearch::None => {
                    x = moved(&x, memory.length, &memory.direction);
                    if iteration < self.max_iter {
                        now = at(&x);
                        evaluations += 1;
                    }
                }
            }
            let far = memory.length.abs() * largest(&memory.direction);
            if evaluations >= max_eval
                || largest(&now.gradient) <= self.tolerance_grad
                || far <= self.tolerance_change
                || (now.loss - before).abs() < self.tolerance_change
            {
                break;
            }
        }
        x
    }

    /// The next direction, by the two-loop recursion.
    fn turn(&mut self, gradient: &[f64]) {
        let memory = &mut self.memory;
        memory.iterations += 1;
        if memory.iterations == 1 {
            memory.direction = gradient.iter().map(|g| -g).collect();
            memory.scale = 1.0;
            return;
        }
        let y: Vec<f64> = gradient.iter().zip(&memory.gradient).map(|(now, before)| now - before).collect();
        let s: Vec<f64> = memory.direction.iter().map(|d| d * memory.length).collect();
        let curvature = dot(&y, &s);
        if curvature > 1e-10 {
            if memory.pairs.len() == self.history_size {
                memory.pairs.pop_front();
            }
            memory.scale = curvature / dot(&y, &y);
            memory.pairs.push_back((y, s, 1.0 / curvature));
        }
        let mut d: Vec<f64> = gradient.iter().map(|g| -g).collect();
        let mut shares = Vec::with_capacity(memory.pairs.len());
        for (y, s, inverse) in memory.pairs.iter().rev() {
            let share = dot(s, &d) * inverse;
            shares.push(share);
            add(&mut d, -share, y);
        }
        d.iter_mut().for_each(|d| *d *= memory.scale);
        for ((y, s, inverse), share) in memory.pairs.iter().zip(shares.iter().rev()) {
            let other = dot(y, &d) * inverse;
            add(&mut d, share - other, s);
        }
        memory.direction = d;
    }
}

impl Default for Lbfgs {
    fn default() -> Self {
        Self::new(1.0)
    }
}

/// The loss and its gradient somewhere.
#[derive(Clone)]
struct Point {
    loss: f64,
    gradient: Vec<f64>,
}

/// A point on the way along a direction: how far, what is there, and the slope on the way.
#[derive(Clone)]
struct Place {
    length: f64,
    point: Point,
    slope: f64,
}

/// A search along a direction.
struct Search<'s> {
    from: &'s [f64],
    direction: &'s [f64],
    at: &'s mut dyn FnMut(&[f64]) -> Point,
    evaluations: usize,
    tolerance: f64,
}

/// How much of the decrease that the slope promises must come true, and by what the slope must
/// shrink (Nocedal, Wright, (3.7)).
const DECREASE: f64 = 1e-4;
const CURVATURE: f64 = 0.9;
/// Places tried, at most.
const MOST_TRIES: usize = 25;

impl Search<'_> {
    fn look(&mut self, length: f64) -> Place {
        self.evaluations += 1;
        let point = (self.at)(&moved(self.from, length, self.direction));
        Place { length, slope: dot(&point.gradient, self.direction), point }
    }

    /// A place where the strong Wolfe conditions hold, or the best found.
    fn strong_wolfe(&mut self, length: f64, start: &Point, slope: f64) -> Place {
        let start = Place { length: 0.0, point: start.clone(), slope };
        let too_high =
            |place: &Place| place.point.loss > start.point.loss + DECREASE * place.length * start.slope;
        let flat_enough = |place: &Place| place.slope.abs() <= -CURVATURE * start.slope;

        // Go further until a good place is enclosed.
        let (mut before, mut now) = (start.clone(), self.look(length));
        let mut tries = 0;
        loop {
            if tries == MOST_TRIES {
                before = start.clone();
                break;
            }
            if too_high(&now) || (tries > 1 && now.point.loss >= before.point.loss) {
                break;
            }
            if flat_enough(&now) {
                return now;
            }
            if now.slope >= 0.0 {
                break;
            }
            let bounds = (now.length + 0.01 * (now.length - before.length), now.length * 10.0);
            let next = cubic_minimum(&before, &now, bounds);
            before = now;
            now = self.look(next);
            tries += 1;
        }

        // Close in on it.
        let (mut low, mut high) = ordered(before, now);
        let mut stuck = false;
        let reach = largest(self.direction);
        while tries < MOST_TRIES && (high.length - low.length).abs() * reach >= self.tolerance {
            let (least, most) = (low.length.min(high.length), low.length.max(high.length));
            let mut next = cubic_minimum(&low, &high, (least, most));
            let margin = 0.1 * (most - least);
            if (most - next).min(next - least) < margin {
                if stuck || next >= most || next <= least {
                    let near_most = (next - most).abs() < (next - least).abs();
                    next = if near_most { most - margin } else { least + margin };
                    stuck = false;
                } else {
                    stuck = true;
                }
            } else {
                stuck = false;
            }
            let place = self.look(next);
            tries += 1;
            if too_high(&place) || place.point.loss >= low.point.loss {
                (low, high) = ordered(low, place);
            } else {
                if flat_enough(&place) {
                    return place;
                }
                if place.slope * (high.length - low.length) >= 0.0 {
                    high = low;
                }
                low = place;
            }
        }
        low
    }
}

/// The lower one first.
fn ordered(a: Place, b: Place) -> (Place, Place) {
    if a.point.loss <= b.point.loss { (a, b) } else { (b, a) }
}

/// Where the cubic through two places with their slopes is least, within bounds (Nocedal, Wright,
/// (3.59)); the middle when it has no minimum.
fn cubic_minimum(a: &Place, b: &Place, (least, most): (f64, f64)) -> f64 {
    let (a, b) = if a.length <= b.length { (a, b) } else { (b, a) };
    let width = b.length - a.length;
    let d1 = a.slope + b.slope - 3.0 * (a.point.loss - b.point.loss) / (a.length - b.length);
    let square = d1 * d1 - a.slope * b.slope;
    if square < 0.0 || square.is_nan() {
        return (least + most) / 2.0;
    }
    let d2 = square.sqrt();
    (b.length - width * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2))).clamp(least, most)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(a: &mut [f64], share: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += share * b);
}

fn moved(x: &[f64], length: f64, direction: &[f64]) -> Vec<f64> {
    x.iter().zip(direction).map(|(x, d)| x + length * d).collect()
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |top, v| v.abs().max(top))
}

/// All parameters one behind the other.
fn flat<F: Float>(params: &Params<F>, ids: &[ParamId], of: impl Fn(ParamId) -> Vec<F>) -> Vec<f64> {
    let mut all = Vec::with_capacity(params.count());
    for &id in ids {
        all.extend(of(id).into_iter().map(Float::to_f64));
    }
    all
}

/// The inverse of [`flat`].
fn spread<F: Float>(params: &mut Params<F>, ids: &[ParamId], x: &[f64]) {
    let mut rest = x.iter();
    for &id in ids {
        for (w, &x) in params.get_mut(id).slice_mut().iter_mut().zip(&mut rest) {
            *w = F::of(x);
        }
    }
}
