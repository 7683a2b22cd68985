//! Broadcasting: how two shapes meet, the loops over them, and the adjoint pair expand / sum_to.
#![forbid(unsafe_code)]

use super::arithmetic::add_tangents;
use crate::{
    Float, Shape, Sizes, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::{
        map::{self, Operand},
        parallel,
        strided::{self, Walk},
    },
    op::{Fix, One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Other, Value},
};
use smallvec::SmallVec;

/// The shape that two operands broadcast to.
#[inline]
pub(super) fn pair(op: &'static str, a: &Shape, b: &Shape) -> Result<Shape, OpError> {
    a.broadcast(b).ok_or_else(|| OpError::new(op, format!("shapes {a} and {b} do not broadcast")))
}

/// Pairs that every broadcasting op refuses.
pub(super) fn pair_rejects<O: Op + Clone>(op: O) -> Vec<Reject<O>> {
    let bad = |a: &[usize], b: &[usize]| {
        Reject::new(op.clone(), [Shape::from(a), Shape::from(b)], "do not broadcast")
    };
    vec![bad(&[2, 3], &[2]), bad(&[3], &[4]), bad(&[2, 1, 4], &[2, 3, 5]), bad(&[0], &[2])]
}

/// Runs `kernel(a, b, out)` over two broadcast operands, in place where one is owned and unshared.
#[inline]
pub(super) fn zip<F: Float>(
    a: Arg<'_, Eager<F>>,
    b: Arg<'_, Eager<F>>,
    out: Shape,
    kernel: impl Fn(&[F], &[F], &mut [F]) + Sync,
) -> Tensor<F> {
    if a.shape() != b.shape() {
        return stretched(&a, &b, out, &kernel);
    }
    let a = match a.into_unshared() {
        Ok(mut a) => {
            map::zip(a.slice_mut(), Operand::Out, Operand::Slice(b.slice()), &kernel);
            return a;
        }
        Err(a) => a,
    };
    match b.into_unshared() {
        Ok(mut b) => {
            map::zip(b.slice_mut(), Operand::Slice(a.slice()), Operand::Out, &kernel);
            b
        }
        Err(b) => Tensor::filled(out, |out| {
            map::zip(out, Operand::Slice(a.slice()), Operand::Slice(b.slice()), &kernel)
        }),
    }
}

/// The loops over two operands of different shapes: one per run in which both advance or stand.
fn stretched<F: Float>(
    a: &Tensor<F>,
    b: &Tensor<F>,
    out: Shape,
    kernel: &(dyn Fn(&[F], &[F], &mut [F]) + Sync),
) -> Tensor<F> {
    let (a_steps, b_steps) = (a.shape().steps_as(&out), b.shape().steps_as(&out));
    let walk = Walk::new((0..out.rank()).map(|i| (out[i], [a_steps[i], b_steps[i]])));
    let (length, [a_step, b_step]) = walk.inner();
    fn side<F: Copy>(x: &[F], at: isize, step: isize, length: usize) -> Operand<'_, F> {
        let at = at as usize;
        if step == 0 { Operand::Scalar(x[at]) } else { Operand::Slice(&x[at..at + length]) }
    }
    let (a, b) = (a.slice(), b.slice());
    Tensor::filled(out, |out| {
        parallel::pieces(out, length.max(1), &|start, out| {
            let mut runs = out.chunks_exact_mut(length.max(1));
            let count = runs.len();
            walk.runs(start / length.max(1), count, |[at_a, at_b]| {
                let run = runs.next().expect("as many runs as chunks");
                map::zip(run, side(a, at_a, a_step, length), side(b, at_b, b_step, length), kernel);
            });
        });
    })
}

/// Runs `kernel(x, out)`, in place where x is owned and unshared.
#[inline]
pub(super) fn map<F: Float>(x: Arg<'_, Eager<F>>, kernel: impl Fn(&[F], &mut [F]) + Sync) -> Tensor<F> {
    match x.into_unshared() {
        Ok(mut x) => {
            map::map_mut(x.slice_mut(), &kernel);
            x
        }
        Err(x) => Tensor::filled(x.shape().clone(), |out| map::map(x.slice(), out, &kernel)),
    }
}

/// x broadcast to a shape. The adjoint of [`SumTo`].
#[derive(Clone, Debug)]
pub struct Expand(pub Shape);

/// The sum of x over the axes along which the given shape was broadcast to x's.
/// The adjoint of [`Expand`].
#[derive(Clone, Debug)]
pub struct SumTo(pub Shape);

/// A pair of shapes of which the first broadcasts to the second.
fn expandable(g: &mut Gen) -> (Shape, Shape) {
    let large = g.shape(4);
    let lost = g.int(0, large.rank());
    let dims: Vec<usize> = large[lost..].iter().map(|&d| if g.chance(3) { 1 } else { d }).collect();
    (Shape::from(&dims[..]), large)
}

impl Op for Expand {
    type In = One;
    type Out = One;
    const NAME: &'static str = "expand";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        if x.broadcasts_to(&self.0) {
            return Ok(self.0.clone());
        }
        Err(OpError::new(Self::NAME, format!("shape {x} does not broadcast to {}", self.0)))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let steps = x.shape().steps_as(&out);
        Ok(Tensor::filled(out.clone(), |slice| strided::gather(x.slice(), 0, &out, &steps, slice)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy.sum_to(s.x_shape(0)))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| dx.expand(&self.0))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (small, large) = expandable(g);
        Sample::new(Expand(large), [g.values(&small, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |to: &[usize], x: &[usize]| {
            Reject::new(Expand(Shape::from(to)), [Shape::from(x)], "does not broadcast to")
        };
        vec![bad(&[2, 3], &[2]), bad(&[3], &[2, 3]), bad(&[1], &[4]), bad(&[2], &[0])]
    }
}

impl Op for SumTo {
    type In = One;
    type Out = One;
    const NAME: &'static str = "sum_to";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        if self.0.broadcasts_to(x) {
            return Ok(self.0.clone());
        }
        Err(OpError::new(Self::NAME, format!("shape {} does not broadcast to {x}", self.0)))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        if x.shape().size() == out.size() {
            return Ok(x.own().reshaped(out)); // only axes of size 1 are lost
        }
        let lost = x.shape().rank() - out.rank();
        let summed = |i: usize| i < lost || out[i - lost] != x.shape()[i];
        Ok(super::reduce::sum(&x, summed).reshaped(out.clone()))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy.expand(s.x_shape(0)))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| dx.sum_to(&self.0))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (small, large) = expandable(g);
        Sample::new(SumTo(small), [g.values(&large, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |to: &[usize], x: &[usize]| {
            Reject::new(SumTo(Shape::from(to)), [Shape::from(x)], "does not broadcast to")
        };
        vec![bad(&[2], &[2, 3]), bad(&[2, 3], &[3]), bad(&[4], &[1])]
    }
}

/// `yes` where `mask` is not 0, else `no`, broadcast. The gradient goes to the side that was taken
/// and nothing is multiplied, so that a NaN on the other side stays there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Select;

/// The shape that three broadcast to.
pub(super) fn together(op: &'static str, [a, b, c]: [&Shape; 3]) -> Result<Shape, OpError> {
    let refuse = || OpError::new(op, format!("shapes {a}, {b} and {c} do not broadcast together"));
    b.broadcast(c).and_then(|both| both.broadcast(a)).ok_or_else(refuse)
}

impl Op for Select {
    type In = Fix<3>;
    type Out = One;
    const NAME: &'static str = "select";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, [mask, yes, no]: [&Shape; 3]) -> Result<Shape, OpError> {
        together(Self::NAME, [mask, yes, no])
    }

    fn eval<F: Float>(
        &self,
        [mask, yes, no]: [Arg<'_, Eager<F>>; 3],
        out: Shape,
    ) -> Result<Tensor<F>, OpError> {
        let steps = [&mask, &yes, &no].map(|x| x.shape().steps_as(&out));
        let walk = Walk::new((0..out.rank()).map(|i| (out[i], [steps[0][i], steps[1][i], steps[2][i]])));
        let (length, step) = walk.inner();
        let (mask, yes, no) = (mask.slice(), yes.slice(), no.slice());
        Ok(Tensor::filled(out, |out| {
            parallel::pieces(out, length.max(1), &|start, out| {
                let mut runs = out.chunks_exact_mut(length.max(1));
                let count = runs.len();
                walk.runs(start / length.max(1), count, |at| {
                    let run = runs.next().expect("as many runs as chunks");
                    for (i, out) in run.iter_mut().enumerate() {
                        let place = |w: usize| (at[w] + step[w] * i as isize) as usize;
                        *out = if mask[place(0)] != F::ZERO { yes[place(1)] } else { no[place(2)] };
                    }
                });
            });
        }))
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dy: Value<I>,
        [_, yes, no]: [bool; 3],
    ) -> [Option<Value<I>>; 3] {
        let (mask, zero) = (s.x::<0>(), dy.constant(0.0));
        [None, yes.then(|| mask.select(&dy, &zero)), no.then(|| mask.select(&zero, &dy))]
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        [_, yes, no]: [Option<&Value<I>>; 3],
    ) -> Option<Value<I>> {
        let mask = s.x::<0>();
        add_tangents(
            yes.map(|yes| mask.select(yes, &yes.constant(0.0))),
            no.map(|no| mask.select(&no.constant(0.0), no)),
        )
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (a, b) = g.broadcast_pair();
        let mask = if g.bool() { &a } else { &b };
        Sample::new(Select, [g.mask(mask), g.values(&a, -3.0..3.0), g.values(&b, -3.0..3.0)]).constant(0)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |m: &[usize], a: &[usize], b: &[usize]| {
            Reject::new(Select, [m, a, b].map(Shape::from), "do not broadcast together")
        };
        vec![bad(&[2], &[3], &[3]), bad(&[3], &[2], &[3]), bad(&[3], &[3], &[2, 2])]
    }
}

impl<I: Interp> Value<I> {
    /// This value broadcast to a shape; −1 keeps the size of an axis.
    ///
    /// # Panics
    /// When it does not broadcast to it, or −1 stands for an axis that it does not have.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 2.0]);
    /// assert_eq!(x.expand([2, 2]), Tensor::from([[1.0, 2.0], [1.0, 2.0]]));
    /// assert_eq!(x.expand([3, -1]).shape().dims(), [3, 2]);
    /// ```
    #[track_caller]
    pub fn expand(&self, sizes: impl Into<Sizes>) -> Self {
        let shape = match sizes.into() {
            Sizes::Known(shape) => shape,
            Sizes::Open(sizes) => kept(self.shape(), &sizes),
        };
        Value::apply(Expand(shape), self.into())
    }

    /// The sum over the axes along which `shape` would be broadcast to this value's.
    ///
    /// # Panics
    /// When `shape` does not broadcast to this value's.
    #[track_caller]
    pub fn sum_to(&self, shape: impl Into<Shape>) -> Self {
        Value::apply(SumTo(shape.into()), self.into())
    }

    /// `yes` where this mask is not 0, else `no`, broadcast; each a value or a number. No gradient goes to
    /// the mask. PyTorch calls it `where`, which is a word of Rust's own.
    ///
    /// The gradient of the side that is not taken is 0, but what that side's own rule makes of 0
    /// may be NaN (√ at 0: 0 · inf). Then guard its input too:
    ///
    /// ```
    /// use gradtape::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from([0.0, 4.0]));
    /// let positive = x.greater(0.0);
    /// let safe = positive.select(&x, 1.0);
    /// let root = positive.select(&safe.sqrt(), 0.0);
    /// assert_eq!(root.sum().backward().wrt(&x), &Tensor::from([0.0, 0.25]));
    /// ```
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[doc(alias = "where")]
    #[track_caller]
    pub fn select<'a>(&'a self, yes: impl Other<'a, I>, no: impl Other<'a, I>) -> Self {
        Value::apply(Select, [self.into(), yes.beside(self), no.beside(self)])
    }
}

/// These sizes with x's own for −1, aligned at the last.
#[track_caller]
fn kept(x: &Shape, sizes: &[isize]) -> Shape {
    let size = |(i, &size): (usize, &isize)| match size {
        -1 => (i + x.rank()).checked_sub(sizes.len()).map(|axis| x[axis]),
        _ => usize::try_from(size).ok(),
    };
    let dims: Option<SmallVec<[usize; 4]>> = sizes.iter().enumerate().map(size).collect();
    let Some(dims) = dims.filter(|dims| dims.len() >= x.rank()) else {
        panic!("gradtape: expand: {sizes:?} is no shape that {x} broadcasts to");
    };
    Shape::from(&dims[..])
}
