//! Computing again instead of storing.

use super::Function;
use crate::{
    Dual, Eager, Float, Interp, Record, Tape, Tensor, Value, Var,
    whole::{Pull, Whole},
};
use std::{fmt, rc::Rc};

/// A function that is computed again in the sweep, instead of having kept what its ops' rules read.
/// Between record and sweep only its operands are alive, so a chain of n layers, cut into √n such
/// functions, needs memory for about 2√n of them, for the price of one more forward run (Griewank,
/// Walther: Revolve, 2000; Chen et al.: Training Deep Nets with Sublinear Memory Cost, 2016).
///
/// Every order works: a recorded sweep records the inner ops as it comes to them. Forward mode works,
/// and is checkpointed too. They may be nested.
///
/// What runs again is a clone of the function as it was before the call. So one that draws from its own
/// generator draws the same again, and the function itself goes on to the next draw. What comes out is
/// compared with what came out the first time, so that a function that gives something else is an
/// error and never a wrong gradient.
///
/// ```
/// use gradtape::{Interp, Tensor, Value, transform::{Checkpoint, Function, grad}};
///
/// #[derive(Clone)]
/// struct Block;
/// impl Function for Block {
///     fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
///         vec![(&x[0] * &x[1]).sin().exp()]
///     }
/// }
///
/// let (block, w) = (Checkpoint::new(Block), Tensor::from([0.5]));
/// let stored = grad(|[w]| Block.call(&[w.clone(), w.clone()])[0].sum(), [&w]);
/// let again = grad(|[w]| block.call(&[w.clone(), w.clone()])[0].sum(), [&w]);
/// assert_eq!(stored, again);
/// ```
pub struct Checkpoint<C> {
    function: Rc<C>,
}

impl<C> Checkpoint<C> {
    /// The function, to be computed again.
    pub fn new(function: C) -> Self {
        Checkpoint { function: Rc::new(function) }
    }

    /// The function.
    pub fn function(&self) -> &C {
        &self.function
    }
}

/// A clone has a function of its own, in its present state.
impl<C: Clone> Clone for Checkpoint<C> {
    fn clone(&self) -> Self {
        Self::new((*self.function).clone())
    }
}

impl<C: fmt::Debug> fmt::Debug for Checkpoint<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Checkpoint").field(&self.function).finish()
    }
}

impl<C: Function> Function for Checkpoint<C> {
    #[track_caller]
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        I::whole(self, x)
    }
}

impl<C: Function> Checkpoint<C> {
    /// The results once more, which must be what they were.
    fn again<I: Interp>(&self, x: &[Value<I>], before: &[u64]) -> Vec<Value<I>> {
        let y = self.clone().function.call(x);
        let same =
            y.len() == before.len() && y.iter().zip(before).all(|(y, b)| fingerprint(y.tensor()) == *b);
        assert!(
            same,
            "gradtape: checkpoint: computed again, the function gave something else: it must depend on its \
             operands alone, and draw from a generator that it owns"
        );
        y
    }
}

/// A hash of shape and numbers, by which different results are told apart.
fn fingerprint<F: Float>(y: &Tensor<F>) -> u64 {
    let numbers = y.slice().iter().map(|v| if v.is_nan() { u64::MAX } else { v.to_f64().to_bits() });
    let sizes = y.shape().iter().map(|&d| d as u64);
    // FNV-1a by words, with a shift that lets high bits reach low ones.
    sizes.chain(numbers).fold(0xCBF2_9CE4_8422_2325, |hash: u64, word| {
        let hash = (hash ^ word).wrapping_mul(0x0000_0100_0000_01B3);
        hash ^ hash >> 29
    })
}

impl<C: Function, F: Float> Whole<F> for Checkpoint<C> {
    /// The results' fingerprints.
    type Memo = Vec<u64>;
    const READS_OPERANDS: bool = true;
    const READS_RESULTS: bool = false;

    fn name(&self) -> &'static str {
        "checkpoint"
    }

    fn eval(&self, x: &[Tensor<F>]) -> (Vec<Tensor<F>>, Vec<u64>) {
        let y = self.function.call(x);
        let memo = y.iter().map(fingerprint).collect();
        (y, memo)
    }

    /// On a tape of its own, which is consumed at once.
    fn vjp_tensor(&self, memo: &Vec<u64>, pull: Pull<'_, Eager<F>>) -> Vec<Option<Tensor<F>>> {
        let tape = Tape::new();
        let operand = |(x, want): (&Tensor<F>, &bool)| {
            if *want { tape.var(x.clone()) } else { tape.constant(x.clone()) }
        };
        let x: Vec<_> = pull.x.iter().zip(pull.want).map(operand).collect();
        let y = self.again(&x, memo);
        let from: Vec<_> = seeds(&y, pull.dy).collect();
        if from.is_empty() {
            return vec![None; x.len()];
        }
        let mut found = tape.backward_from(from);
        x.iter().zip(pull.want).map(|(x, want)| if *want { found.take(x) } else { None }).collect()
    }

    /// On the tape itself, so that the gradient can be differentiated again.
    fn vjp_var<'t>(&self, memo: &Vec<u64>, pull: Pull<'_, Record<'t, F>>) -> Vec<Option<Var<'t, F>>> {
        // The operands under new places: the inner sweep ends at these.
        let x: Vec<_> = pull.x.iter().map(|x| x.reshape(x.shape())).collect();
        let y = self.again(&x, memo);
        let from: Vec<_> = seeds(&y, pull.dy).collect();
        if from.is_empty() {
            return vec![None; x.len()];
        }
        let wanted = x.iter().zip(pull.want).filter(|(_, want)| **want).map(|(x, _)| x);
        let mut found = x[0].tape().grad_from(from, &wanted.collect::<Vec<_>>()).into_iter();
        pull.want.iter().map(|want| if *want { found.next() } else { None }).collect()
    }

    /// A function of operands and tangents, computed again as well.
    fn forward<I: Interp<Elem = F>>(&self, x: &[Dual<I>]) -> Vec<Dual<I>> {
        let primals = x.iter().map(|x| x.primal().clone());
        let tangents: Vec<_> = x.iter().filter_map(|x| x.tangent().cloned()).collect();
        if tangents.is_empty() {
            return I::whole(self, &primals.collect::<Vec<_>>())
                .into_iter()
                .map(|y| Dual::new(y, None))
                .collect();
        }
        let with = x.iter().map(|x| x.tangent().is_some()).collect();
        let pushed = Checkpoint::new(Pushed { function: self.function.clone(), with });
        let mut y = I::whole(&pushed, &primals.chain(tangents).collect::<Vec<_>>());
        let dy = y.split_off(y.len() / 2);
        y.into_iter().zip(dy).map(|(y, dy)| Dual::new(y, Some(dy))).collect()
    }
}

/// Results that depend on something, with the gradients that reached them.
fn seeds<'v, I: Interp, T: 'v>(
    y: &'v [Value<I>],
    dy: Vec<Option<T>>,
) -> impl Iterator<Item = (&'v Value<I>, T)>
where
    Value<I>: 'v,
{
    y.iter().zip(dy).filter_map(|(y, dy)| Some((y, dy?)))
}

/// (x, ẋ) ↦ (f(x), J·ẋ), for those x that have a tangent.
struct Pushed<C> {
    /// Shared with the function that is pushed, whose generator must go on.
    function: Rc<C>,
    with: Vec<bool>,
}

impl<C: Clone> Clone for Pushed<C> {
    fn clone(&self) -> Self {
        Pushed { function: Rc::new((*self.function).clone()), with: self.with.clone() }
    }
}

impl<C: Function> Function for Pushed<C> {
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        let (primals, tangents) = x.split_at(self.with.len());
        let mut tangents = tangents.iter().cloned();
        let dual =
            |(x, with): (&Value<I>, &bool)| Dual::new(x.clone(), if *with { tangents.next() } else { None });
        let y = self.function.call(&primals.iter().zip(&self.with).map(dual).collect::<Vec<_>>());
        let zeros = |y: &Dual<I>| y.primal().lift(Tensor::zeros(y.shape()));
        let dy: Vec<_> = y.iter().map(|y| y.tangent().cloned().unwrap_or_else(|| zeros(y))).collect();
        y.iter().map(|y| y.primal().clone()).chain(dy).collect()
    }
}
