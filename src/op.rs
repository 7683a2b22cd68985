//! The contract: what one op must state. Everything else is derived from it.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;
use std::fmt;

/// How many operands an op takes, or results it gives: [`One`], [`Fix`] or [`Many`].
pub trait Arity: 'static {
    /// One `T` for each.
    type Of<T>;
    /// One `T` for each that a gradient has reached: a single result is always reached.
    type Cot<T>;
    /// How many, where the type says so.
    const COUNT: Option<usize>;
    /// Makes `n` of them; `n` must agree with `COUNT`.
    fn build<T>(n: usize, make: impl FnMut(usize) -> T) -> Self::Of<T>;
    /// All of them.
    fn slice<T>(of: &Self::Of<T>) -> &[T];
    /// All of them.
    fn slice_mut<T>(of: &mut Self::Of<T>) -> &mut [T];
    /// Turns each into something else.
    fn map<T, U>(of: Self::Of<T>, turn: impl FnMut(T) -> U) -> Self::Of<U>;
    /// Gathers the gradients that reached `n` results.
    fn reached<T>(n: usize, take: impl FnMut(usize) -> Option<T>) -> Self::Cot<T>;
}

/// Exactly one, without brackets.
#[derive(Debug)]
pub enum One {}
/// Exactly `N`, as an array.
#[derive(Debug)]
pub enum Fix<const N: usize> {}
/// Any number.
#[derive(Debug)]
pub enum Many {}

impl Arity for One {
    type Of<T> = T;
    type Cot<T> = T;
    const COUNT: Option<usize> = Some(1);
    #[inline(always)]
    fn build<T>(_: usize, mut make: impl FnMut(usize) -> T) -> T {
        make(0)
    }
    #[inline(always)]
    fn slice<T>(of: &T) -> &[T] {
        std::slice::from_ref(of)
    }
    #[inline(always)]
    fn slice_mut<T>(of: &mut T) -> &mut [T] {
        std::slice::from_mut(of)
    }
    #[inline(always)]
    fn map<T, U>(of: T, mut turn: impl FnMut(T) -> U) -> U {
        turn(of)
    }
    #[inline(always)]
    fn reached<T>(_: usize, mut take: impl FnMut(usize) -> Option<T>) -> T {
        take(0).expect("a single result is swept only when reached")
    }
}

impl<const N: usize> Arity for Fix<N> {
    type Of<T> = [T; N];
    type Cot<T> = [Option<T>; N];
    const COUNT: Option<usize> = Some(N);
    #[inline(always)]
    fn build<T>(_: usize, make: impl FnMut(usize) -> T) -> [T; N] {
        std::array::from_fn(make)
    }
    #[inline(always)]
    fn slice<T>(of: &[T; N]) -> &[T] {
        of
    }
    #[inline(always)]
    fn slice_mut<T>(of: &mut [T; N]) -> &mut [T] {
        of
    }
    #[inline(always)]
    fn map<T, U>(of: [T; N], turn: impl FnMut(T) -> U) -> [U; N] {
        of.map(turn)
    }
    #[inline(always)]
    fn reached<T>(_: usize, take: impl FnMut(usize) -> Option<T>) -> [Option<T>; N] {
        std::array::from_fn(take)
    }
}

impl Arity for Many {
    type Of<T> = SmallVec<[T; 4]>;
    type Cot<T> = SmallVec<[Option<T>; 4]>;
    const COUNT: Option<usize> = None;
    fn build<T>(n: usize, make: impl FnMut(usize) -> T) -> Self::Of<T> {
        (0..n).map(make).collect()
    }
    fn slice<T>(of: &Self::Of<T>) -> &[T] {
        of
    }
    fn slice_mut<T>(of: &mut Self::Of<T>) -> &mut [T] {
        of
    }
    fn map<T, U>(of: Self::Of<T>, turn: impl FnMut(T) -> U) -> Self::Of<U> {
        of.into_iter().map(turn).collect()
    }
    fn reached<T>(n: usize, take: impl FnMut(usize) -> Option<T>) -> Self::Cot<T> {
        (0..n).map(take).collect()
    }
}

/// One `T` for each operand of op `O`.
pub type Ins<O, T> = <<O as Op>::In as Arity>::Of<T>;
/// One `T` for each result of op `O`.
pub type Outs<O, T> = <<O as Op>::Out as Arity>::Of<T>;
/// One `T` for each result of op `O` that a gradient has reached.
pub type Cots<O, T> = <<O as Op>::Out as Arity>::Cot<T>;

/// Which operands and results a rule reads. Nothing else is kept alive for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saves {
    inputs: u32,
    outputs: u32,
}

impl Saves {
    /// The rule reads shapes only.
    pub const NONE: Saves = Saves { inputs: 0, outputs: 0 };

    /// The rule reads these operands (places 0 to 31).
    pub const fn inputs<const N: usize>(places: [usize; N]) -> Saves {
        Saves { inputs: bits(places), outputs: 0 }
    }

    /// The rule reads these results (places 0 to 31).
    pub const fn outputs<const N: usize>(places: [usize; N]) -> Saves {
        Saves { inputs: 0, outputs: bits(places) }
    }

    /// The rule reads what either names.
    pub const fn and(self, other: Saves) -> Saves {
        Saves { inputs: self.inputs | other.inputs, outputs: self.outputs | other.outputs }
    }

    /// Whether operand `place` is read.
    #[inline(always)]
    pub const fn input(&self, place: usize) -> bool {
        place < 32 && self.inputs >> place & 1 == 1
    }

    /// Whether result `place` is read.
    #[inline(always)]
    pub const fn output(&self, place: usize) -> bool {
        place < 32 && self.outputs >> place & 1 == 1
    }
}

const fn bits<const N: usize>(places: [usize; N]) -> u32 {
    let (mut bits, mut i) = (0, 0);
    while i < N {
        assert!(places[i] < 32, "only the first 32 can be saved");
        bits |= 1 << places[i];
        i += 1;
    }
    bits
}

/// The operands and results that an op declared in [`Op::SAVES`], and the shapes of all.
///
/// Reading what was not declared does not compile:
///
/// ```compile_fail
/// # use gradtape::{op::*, gradcheck::*, tensor::Eager, *};
/// #[derive(Clone, Debug)]
/// struct Cube;
/// impl Op for Cube {
///     type In = One;
///     type Out = One;
///     const NAME: &'static str = "cube";
///     const SAVES: Saves = Saves::NONE; // but the rule reads its input
///     fn shape(&self, x: &Shape) -> Result<Shape, OpError> { Ok(x.clone()) }
///     fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
///         Ok(x.map(|v| v * v * v))
///     }
///     fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
///         Some(dy * (s.x::<0>() * s.x::<0>() * 3.0))
///     }
///     fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
///         dx.cloned()
///     }
///     fn samples(g: &mut Gen) -> Sample<Self> {
///         let shape = g.shape(2);
///         Sample::new(Cube, [g.values(&shape, -2.0..2.0)])
///     }
/// }
/// gradtape::checked!(cube: Cube);
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::ones([2]));
/// let _ = Value::apply(Cube, Arg::from(&x)).sum().backward();
/// ```
pub struct Saved<'a, O: Op, I: Interp> {
    pub(crate) x: Ins<O, Slot<'a, I>>,
    pub(crate) y: Outs<O, Slot<'a, I>>,
}

/// A value if it was saved, and its shape in any case.
pub(crate) struct Slot<'a, I: Interp> {
    pub(crate) value: Option<&'a Value<I>>,
    pub(crate) shape: &'a Shape,
}

impl<'a, O: Op, I: Interp> Saved<'a, O, I> {
    /// Operand `K`.
    #[inline(always)]
    pub fn x<const K: usize>(&self) -> &'a Value<I> {
        const { assert!(O::SAVES.input(K), "this rule reads an input that its SAVES does not declare") };
        O::In::slice(&self.x)[K].value.expect("declared, so saved")
    }

    /// Result `K`.
    #[inline(always)]
    pub fn y<const K: usize>(&self) -> &'a Value<I> {
        const { assert!(O::SAVES.output(K), "this rule reads an output that its SAVES does not declare") };
        O::Out::slice(&self.y)[K].value.expect("declared, so saved")
    }

    /// The shape of operand `place`.
    #[inline]
    pub fn x_shape(&self, place: usize) -> &'a Shape {
        O::In::slice(&self.x)[place].shape
    }

    /// The shape of result `place`.
    #[inline]
    pub fn y_shape(&self, place: usize) -> &'a Shape {
        O::Out::slice(&self.y)[place].shape
    }

    /// The number of operands.
    pub fn operands(&self) -> usize {
        O::In::slice(&self.x).len()
    }

    /// The number of results.
    pub fn results(&self) -> usize {
        O::Out::slice(&self.y).len()
    }
}

impl<O: Op, I: Interp> fmt::Debug for Saved<'_, O, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Saved for {}", O::NAME)
    }
}

/// A differentiable operation: its shape rule, its value and its two derivative rules.
///
/// Rules are written once, for every interpreter `I`: run on tensors they give numbers, run on
/// recorded values they give gradients that can be differentiated again.
///
/// `docs/adding-an-op.md` walks through an example.
pub trait Op: Checked + Clone + fmt::Debug + 'static {
    /// How many operands.
    type In: Arity;
    /// How many results.
    type Out: Arity;
    /// The name, in messages and documents.
    const NAME: &'static str;
    /// What the rules read.
    const SAVES: Saves;

    /// The shapes of the results.
    ///
    /// # Errors
    /// When the operands do not fit: the message shows their shapes.
    fn shape(&self, x: Ins<Self, &Shape>) -> Result<Outs<Self, Shape>, OpError>;

    /// The results, of the shapes that [`shape`](Op::shape) gave. Operands that are owned and
    /// unshared may be overwritten.
    ///
    /// # Errors
    /// When the operands' values have no result (a singular matrix), never for their shapes.
    fn eval<F: Float>(
        &self,
        x: Ins<Self, Arg<'_, Eager<F>>>,
        out: Outs<Self, Shape>,
    ) -> Result<Outs<Self, Tensor<F>>, OpError>;

    /// The vector-Jacobian product Jᵀ·dy for each operand that `want` marks. A gradient may have
    /// the broadcast shape: the sweep sums it down.
    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dy: Cots<Self, Value<I>>,
        want: Ins<Self, bool>,
    ) -> Ins<Self, Option<Value<I>>>;

    /// The Jacobian-vector product J·dx for each result. A tangent may have a shape that
    /// broadcasts to the result's.
    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dx: Ins<Self, Option<&Value<I>>>,
    ) -> Outs<Self, Option<Value<I>>>;

    /// A random member of the op's domain, away from kinks, for the property tests.
    fn samples(g: &mut Gen) -> Sample<Self>;

    /// Operands that must be refused, with a part of the message. An op that accepts every
    /// operand has none; the checks then hold it to that.
    fn rejects() -> Vec<Reject<Self>> {
        Vec::new()
    }
}

/// A function made of ops, without a rule of its own: its derivatives follow from theirs.
///
/// Methods like [`Value::square`](crate::Value) need no `Composition` to work; it is what enters
/// them into the list, the catalogue and the gradient suite.
pub trait Composition: Clone + fmt::Debug + 'static {
    /// The name, in messages and documents.
    const NAME: &'static str;
    /// The results on these operands.
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>>;
    /// A random member of its domain, away from kinks.
    fn samples(g: &mut Gen) -> Sample<Self>;
}

/// Ops whose gradients are under test: those in the crate's one list, and those of
/// [`checked!`](crate::checked).
///
/// An op that is in neither does not compile:
///
/// ```compile_fail,E0277
/// # use gradtape::{op::*, gradcheck::*, tensor::Eager, *};
/// #[derive(Clone, Debug)]
/// struct Same;
/// impl Op for Same {
///     type In = One;
///     type Out = One;
///     const NAME: &'static str = "same";
///     const SAVES: Saves = Saves::NONE;
///     fn shape(&self, x: &Shape) -> Result<Shape, OpError> { Ok(x.clone()) }
///     fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> { Ok(x.own()) }
///     fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> { Some(dy) }
///     fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> { dx.cloned() }
///     fn samples(g: &mut Gen) -> Sample<Self> {
///         let shape = g.shape(2);
///         Sample::new(Same, [g.values(&shape, -2.0..2.0)])
///     }
/// }
/// ```
///
/// With one more line it does:
///
/// ```
/// # use gradtape::{op::*, gradcheck::*, tensor::Eager, *};
/// # #[derive(Clone, Debug)]
/// # struct Same;
/// # impl Op for Same {
/// #     type In = One;
/// #     type Out = One;
/// #     const NAME: &'static str = "same";
/// #     const SAVES: Saves = Saves::NONE;
/// #     fn shape(&self, x: &Shape) -> Result<Shape, OpError> { Ok(x.clone()) }
/// #     fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> { Ok(x.own()) }
/// #     fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> { Some(dy) }
/// #     fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> { dx.cloned() }
/// #     fn samples(g: &mut Gen) -> Sample<Self> {
/// #         let shape = g.shape(2);
/// #         Sample::new(Same, [g.values(&shape, -2.0..2.0)])
/// #     }
/// # }
/// gradtape::checked!(same: Same);
/// gradcheck::check_op::<Same>().unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is an op without a gradient check",
    note = "in this crate: add it to the list in src/ops/list.rs",
    note = "elsewhere: write `gradtape::checked!(name_of_its_test: {Self});`"
)]
pub trait Checked {}

/// Declares an op of your own as checked, and writes the test that checks it: here `same::gradient`, run
/// by `cargo test`. It stands beside the op, not within a function, where no test is found.
///
/// ```
/// # use gradtape::{op::*, gradcheck::*, tensor::Eager, *};
/// # #[derive(Clone, Debug)]
/// # struct Same;
/// # impl Op for Same {
/// #     type In = One;
/// #     type Out = One;
/// #     const NAME: &'static str = "same";
/// #     const SAVES: Saves = Saves::NONE;
/// #     fn shape(&self, x: &Shape) -> Result<Shape, OpError> { Ok(x.clone()) }
/// #     fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> { Ok(x.own()) }
/// #     fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> { Some(dy) }
/// #     fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> { dx.cloned() }
/// #     fn samples(g: &mut Gen) -> Sample<Self> {
/// #         let shape = g.shape(2);
/// #         Sample::new(Same, [g.values(&shape, -2.0..2.0)])
/// #     }
/// # }
/// gradtape::checked!(same: Same);
/// ```
#[macro_export]
macro_rules! checked {
    ($test:ident: $Op:ty) => {
        impl $crate::op::Checked for $Op {}

        #[cfg(test)]
        mod $test {
            use super::*;

            #[test]
            fn gradient() {
                if let Err(failure) = $crate::gradcheck::check_op::<$Op>() {
                    panic!("{failure}");
                }
            }
        }
    };
    ($Op:ty) => {
        compile_error!("name the test of the op: `checked!(my_op: MyOp)`");
    };
}

/// Why an op refuses its operands.
///
/// ```
/// use gradtape::{Tensor, Value, ops::MatMul};
/// let (a, b) = (Tensor::<f64>::ones([2, 3]), Tensor::ones([4, 5]));
/// let error = Value::try_apply(MatMul::default(), [(&a).into(), (&b).into()]).unwrap_err();
/// assert_eq!(error.to_string(), "gradtape: matmul: inner dimensions 3 and 4 differ for [2, 3] and [4, 5]");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpError {
    op: &'static str,
    why: String,
}

impl OpError {
    /// The refusal of op `op`.
    pub fn new(op: &'static str, why: impl Into<String>) -> Self {
        OpError { op, why: why.into() }
    }

    /// The same refusal by a method that is made of this op.
    pub(crate) fn by(self, op: &'static str) -> Self {
        OpError { op, ..self }
    }

    /// The op's name.
    pub fn op(&self) -> &'static str {
        self.op
    }
}

impl fmt::Display for OpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gradtape: {}: {}", self.op, self.why)
    }
}

impl std::error::Error for OpError {}
