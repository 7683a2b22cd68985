//! Positions as rotations.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    value::{Interp, Value},
};

/// How [`Value::rotary_embedding`] turns.
#[derive(Clone, Copy, Debug)]
pub struct RotaryOptions {
    /// Pair i of d/2 turns by base^(−2i/d) a step: 10000.
    pub base: f64,
    /// Whether elements 2i and 2i + 1 are a pair, as in the paper; else i and i + d/2 are: false.
    pub interleaved: bool,
    /// The position of the first step, where earlier ones are kept elsewhere: 0.
    pub offset: usize,
}

impl Default for RotaryOptions {
    fn default() -> Self {
        RotaryOptions { base: 10_000.0, interleaved: false, offset: 0 }
    }
}

impl<I: Interp> Value<I> {
    /// Queries or keys `[.., time, d]` with each pair of elements turned by an angle in proportion to its
    /// position, so that their products depend on how far apart they are (Su and others: RoFormer, 2021).
    ///
    /// (a, b) becomes (a·cos θ − b·sin θ, b·cos θ + a·sin θ) with θ = position · base^(−2i/d).
    ///
    /// ```
    /// use gradtape::{Tensor, ops::RotaryOptions};
    /// let x = Tensor::from([[1.0, 0.0], [1.0, 0.0]]);
    /// let y = x.rotary_embedding(RotaryOptions::default());
    /// assert_eq!(y, Tensor::from([[1.0, 0.0], [1f64.cos(), 1f64.sin()]]));
    /// ```
    ///
    /// # Panics
    /// When there are fewer than two axes, the last is odd, or the base is not above 0.
    #[track_caller]
    pub fn rotary_embedding(&self, options: RotaryOptions) -> Self {
        let RotaryOptions { base, interleaved, offset } = options;
        let shape = self.shape();
        let (&[.., time, width], true) = (&shape[..], base > 0.0 && base.is_finite()) else {
            panic!(
                "gradtape: rotary_embedding: needs [.., time, d] and a base above 0, not {shape} and {base}"
            );
        };
        assert!(width.is_multiple_of(2), "gradtape: rotary_embedding: the last axis of {shape} is odd");
        let half = width / 2;
        let angle = |at: usize| {
            let (step, pair) = (at / half, at % half);
            (offset as f64 + step as f64) * base.powf(-(pair as f64) / half as f64)
        };
        let of = |f: fn(f64) -> f64| self.lift(Tensor::from_fn([time, half], |at| I::Elem::of(f(angle(at)))));
        let (cos, sin) = (of(f64::cos), of(f64::sin));
        let turned = |a: &Self, b: &Self| [a * &cos - b * &sin, b * &cos + a * &sin];
        if interleaved {
            let pairs = self.reshape(&[&shape[..shape.rank() - 1], &[half, 2]].concat()[..]);
            let [a, b] = turned(&pairs.index_axis(-1, 0), &pairs.index_axis(-1, 1));
            Value::stack(&[&a, &b], -1).reshape(shape)
        } else {
            let halves = self.split(&[half, half], -1);
            let [a, b] = turned(&halves[0], &halves[1]);
            Value::concat(&[&a, &b], -1)
        }
    }
}

composition!(
    RotaryEmbedding(RotaryOptions),
    "rotary_embedding",
    |options, x| vec![x[0].rotary_embedding(*options)],
    |g| {
        let outer = g.shape(2);
        let base = g.pick(&[10_000.0, 10.0]);
        let options = RotaryOptions { base, interleaved: g.bool(), offset: g.int(0, 3) };
        let shape = Shape::from(&[outer.dims(), &[g.dim(), 2 * g.int(0, 3)]].concat()[..]);
        (options, vec![g.values(&shape, -3.0..3.0)])
    }
);
