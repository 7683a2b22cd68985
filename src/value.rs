//! One type for every way of running a program: [`Value`], generic over its interpreter.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    kernels::formula::{Binary, Unary},
    op::{Ins, Op, OpError, Outs},
    whole::Whole,
};
use std::{fmt, ops::Deref};

/// What it means to run an op: evaluate it, record it, or push tangents through it.
pub trait Interp: Sized + Clone {
    /// The element type.
    type Elem: Float;
    /// What a value is made of.
    type Repr: Clone + fmt::Debug;

    /// The numbers of a value.
    fn tensor(value: &Value<Self>) -> &Tensor<Self::Elem>;

    /// A constant beside `like`.
    fn lift(like: &Value<Self>, constant: Tensor<Self::Elem>) -> Value<Self>;

    /// Runs an op.
    ///
    /// # Errors
    /// When the op refuses its operands.
    fn apply<O: Op>(op: O, x: Ins<O, Arg<'_, Self>>) -> Result<Outs<O, Value<Self>>, OpError>;

    /// Runs a function that is taken whole, with rules in place of those of the ops inside.
    ///
    /// # Panics
    /// When the function refuses its operands.
    #[track_caller]
    fn whole<W: Whole<Self::Elem>>(whole: &W, x: &[Value<Self>]) -> Vec<Value<Self>>;

    /// The chain rule of a function of one variable, d·f′(v). An interpreter may fuse it.
    #[inline]
    fn chain<U: Unary>(function: &U, v: &Value<Self>, d: Value<Self>) -> Value<Self> {
        function.chain(v.clone(), d)
    }

    /// The chain rule of one side of a function of two. An interpreter may fuse it.
    #[inline]
    fn chain_pair<B: Binary>(
        function: &B,
        side: usize,
        a: &Value<Self>,
        b: &Value<Self>,
        d: Value<Self>,
    ) -> Value<Self> {
        function.chain(side, a.clone(), b.clone(), d)
    }
}

/// An array of numbers under an interpreter: a [`Tensor`], a [`Var`](crate::Var) or a
/// [`Dual`](crate::Dual). Every operator and method is written once, here or beside its op.
///
/// A function over `Value<I>` can be run, trained and differentiated either way:
///
/// ```
/// use gradtape::{Dual, Interp, Tape, Tensor, Value};
/// fn f<I: Interp>(x: &Value<I>) -> Value<I> {
///     (x * x).sum()
/// }
/// let x = Tensor::from([1.0, 2.0]);
/// assert_eq!(f(&x).item(), 5.0); // run
///
/// let tape = Tape::new();
/// let v = tape.var(x.clone());
/// assert_eq!(f(&v).backward().wrt(&v), &Tensor::from([2.0, 4.0])); // reverse mode
///
/// let d = Dual::new(x, Some(Tensor::from([1.0, 0.0])));
/// assert_eq!(f(&d).tangent().unwrap().item(), 2.0); // forward mode
/// ```
pub struct Value<I: Interp> {
    pub(crate) repr: I::Repr,
}

impl<I: Interp> Value<I> {
    /// Runs an op, as every method does.
    ///
    /// # Panics
    /// When the op refuses its operands, at the caller's line.
    #[inline]
    #[track_caller]
    pub fn apply<O: Op>(op: O, x: Ins<O, Arg<'_, I>>) -> Outs<O, Self> {
        match I::apply(op, x) {
            Ok(y) => y,
            Err(error) => refuse(&error),
        }
    }

    /// Runs an op for a method that is made of it, and under whose name it refuses its operands.
    #[inline]
    #[track_caller]
    pub(crate) fn apply_as<O: Op>(name: &'static str, op: O, x: Ins<O, Arg<'_, I>>) -> Outs<O, Self> {
        match I::apply(op, x) {
            Ok(y) => y,
            Err(error) => refuse(&error.by(name)),
        }
    }

    /// Runs an op: the one fallible door.
    ///
    /// # Errors
    /// When the op refuses its operands.
    #[inline]
    pub fn try_apply<O: Op>(op: O, x: Ins<O, Arg<'_, I>>) -> Result<Outs<O, Self>, OpError> {
        I::apply(op, x)
    }

    /// The numbers.
    #[inline]
    pub fn tensor(&self) -> &Tensor<I::Elem> {
        I::tensor(self)
    }

    /// The sizes of the axes.
    #[inline]
    pub fn shape(&self) -> &Shape {
        &self.tensor().repr.shape
    }

    /// The only element.
    ///
    /// # Panics
    /// When there is not exactly one.
    #[track_caller]
    pub fn item(&self) -> I::Elem {
        match self.tensor().slice() {
            &[only] => only,
            _ => panic!("gradtape: item: {} has not exactly one element", self.shape()),
        }
    }

    /// A constant beside this value: on its tape, with its interpreter.
    #[inline]
    pub fn lift(&self, constant: Tensor<I::Elem>) -> Self {
        I::lift(self, constant)
    }

    /// The number `value` as a constant beside this value.
    pub fn constant(&self, value: f64) -> Self {
        self.lift(Tensor::scalar(I::Elem::of(value)))
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn refuse(error: &OpError) -> ! {
    panic!("{error}")
}

impl<I: Interp> Clone for Value<I> {
    #[inline]
    fn clone(&self) -> Self {
        Value { repr: self.repr.clone() }
    }
}

impl<I: Interp> fmt::Debug for Value<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.repr.fmt(f)
    }
}

/// An operand: lent, or given away so that its memory may be used again.
#[derive(Debug)]
pub enum Arg<'a, I: Interp> {
    /// Lent.
    Ref(&'a Value<I>),
    /// Given away.
    Own(Value<I>),
}

impl<I: Interp> Arg<'_, I> {
    /// The value itself; a lent one is cloned, which copies no numbers.
    #[inline]
    pub fn own(self) -> Value<I> {
        match self {
            Arg::Ref(value) => value.clone(),
            Arg::Own(value) => value,
        }
    }
}

impl<I: Interp> Deref for Arg<'_, I> {
    type Target = Value<I>;
    #[inline(always)]
    fn deref(&self) -> &Value<I> {
        match self {
            Arg::Ref(value) => value,
            Arg::Own(value) => value,
        }
    }
}

impl<'a, I: Interp> From<&'a Value<I>> for Arg<'a, I> {
    #[inline(always)]
    fn from(value: &'a Value<I>) -> Self {
        Arg::Ref(value)
    }
}

impl<I: Interp> From<Value<I>> for Arg<'_, I> {
    #[inline(always)]
    fn from(value: Value<I>) -> Self {
        Arg::Own(value)
    }
}

/// The other operand of a method: a value, or a number, which stands for a constant beside the value whose
/// method it is.
///
/// ```
/// use gradtape::Tensor;
/// let x = Tensor::from([1.0, -2.0]);
/// assert_eq!(x.greater(0.0), Tensor::from([1.0, 0.0]));
/// assert_eq!(x.maximum(&Tensor::from([3.0, -3.0])), Tensor::from([3.0, -2.0]));
/// ```
pub trait Other<'a, I: Interp> {
    /// The operand of an op beside `like`.
    fn beside(self, like: &Value<I>) -> Arg<'a, I>;
}

impl<'a, I: Interp> Other<'a, I> for &'a Value<I> {
    #[inline(always)]
    fn beside(self, _: &Value<I>) -> Arg<'a, I> {
        Arg::Ref(self)
    }
}

impl<'a, I: Interp> Other<'a, I> for f64 {
    #[inline]
    fn beside(self, like: &Value<I>) -> Arg<'a, I> {
        Arg::Own(like.constant(self))
    }
}
