//! The interpreter that pushes tangents forward beside the values.
#![forbid(unsafe_code)]

use crate::{
    Tensor,
    op::{Arity, Ins, Op, OpError, Outs, Saved, Slot},
    value::{Arg, Interp, Value},
    whole::Whole,
};
use std::{fmt, marker::PhantomData};

/// Runs ops under interpreter `I`, and their Jacobian-vector products beside them.
#[derive(Clone, Debug)]
pub struct Forward<I>(PhantomData<I>);

/// A value with its tangent: forward mode.
///
/// Over [`Tensor`] it gives Jacobian-vector products. Over [`Var`](crate::Var), one sweep from
/// the tangent gives Hessian-vector products (Pearlmutter: Fast Exact Multiplication by the
/// Hessian, 1994):
///
/// ```
/// use gradtape::{Dual, Tape, Tensor};
/// let tape = Tape::new();
/// let x = tape.var(Tensor::from([1.0, 2.0]));
/// let direction = tape.constant(Tensor::from([1.0, 0.0]));
/// let d = Dual::new(x.clone(), Some(direction));
/// let y = (&d * &d * &d).sum(); // Hessian: diag(6x)
/// let hvp = y.tangent().unwrap().backward();
/// assert_eq!(hvp.wrt(&x), &Tensor::from([6.0, 0.0]));
/// ```
pub type Dual<I> = Value<Forward<I>>;

/// What a [`Dual`] is made of.
#[derive(Clone)]
pub struct DualRepr<I: Interp> {
    primal: Value<I>,
    /// Nothing stands for zero.
    tangent: Option<Value<I>>,
}

impl<I: Interp> Dual<I> {
    /// A value with its tangent; nothing stands for zero.
    ///
    /// # Panics
    /// When their shapes differ.
    #[track_caller]
    pub fn new(primal: Value<I>, tangent: Option<Value<I>>) -> Self {
        if let Some(tangent) = &tangent {
            assert!(
                tangent.shape() == primal.shape(),
                "gradtape: dual: a tangent of shape {} for a value of {}",
                tangent.shape(),
                primal.shape()
            );
        }
        Value { repr: DualRepr { primal, tangent } }
    }

    /// The value.
    pub fn primal(&self) -> &Value<I> {
        &self.repr.primal
    }

    /// Its tangent; nothing stands for zero.
    pub fn tangent(&self) -> Option<&Value<I>> {
        self.repr.tangent.as_ref()
    }
}

impl<I: Interp> Interp for Forward<I> {
    type Elem = I::Elem;
    type Repr = DualRepr<I>;

    #[inline]
    fn tensor(value: &Dual<I>) -> &Tensor<I::Elem> {
        value.repr.primal.tensor()
    }

    fn lift(like: &Dual<I>, constant: Tensor<I::Elem>) -> Dual<I> {
        Value { repr: DualRepr { primal: like.repr.primal.lift(constant), tangent: None } }
    }

    fn apply<O: Op>(op: O, x: Ins<O, Arg<'_, Self>>) -> Result<Outs<O, Dual<I>>, OpError> {
        let xs = O::In::slice(&x);
        let y = I::apply(op.clone(), O::In::build(xs.len(), |i| Arg::Ref(xs[i].primal())))?;
        let ys = O::Out::slice(&y);
        let mut dy = if xs.iter().any(|x| x.tangent().is_some()) {
            let saved = Saved {
                x: O::In::build(xs.len(), |i| Slot { value: Some(xs[i].primal()), shape: xs[i].shape() }),
                y: O::Out::build(ys.len(), |j| Slot { value: Some(&ys[j]), shape: ys[j].shape() }),
            };
            op.jvp(saved, O::In::build(xs.len(), |i| xs[i].tangent()))
        } else {
            O::Out::build(ys.len(), |_| None)
        };
        let mut dys = O::Out::slice_mut(&mut dy).iter_mut();
        Ok(O::Out::map(y, |primal| {
            // The one place where a tangent is stretched to its result's shape.
            let tangent = dys
                .next()
                .and_then(Option::take)
                .map(|dy| if dy.shape() == primal.shape() { dy } else { dy.expand(primal.shape()) });
            Value { repr: DualRepr { primal, tangent } }
        }))
    }

    fn whole<W: Whole<I::Elem>>(whole: &W, x: &[Dual<I>]) -> Vec<Dual<I>> {
        whole.forward(x)
    }
}

impl<I: Interp> fmt::Debug for DualRepr<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} with tangent {:?}", self.primal, self.tangent)
    }
}
