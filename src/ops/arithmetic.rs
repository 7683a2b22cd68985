//! Sums, products and quotients, with each other and with numbers, and the operators for them.
#![forbid(unsafe_code)]

use super::broadcast;
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::map,
    op::{Cots, Fix, One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use std::ops;

/// a + b, broadcast. Linear: ∂/∂a = ∂/∂b = 1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Add;

/// a − b, broadcast. Linear: ∂/∂a = 1, ∂/∂b = −1.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sub;

/// a · b, elementwise, broadcast. ∂/∂a = b, ∂/∂b = a.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mul;

/// a / b, elementwise, broadcast. ∂/∂a = 1/b, ∂/∂b = −a/b².
#[derive(Clone, Copy, Debug, Default)]
pub struct Div;

/// What the four have in common: broadcasting, a loop, and the samples.
macro_rules! arithmetic {
    ($Op:ident, $name:literal, $saves:expr, |$a:ident, $b:ident| $f:expr, $domain:expr,
     vjp |$s:ident, $dy:ident, $want:ident| $vjp:expr,
     jvp |$t:ident, $da:ident, $db:ident| $jvp:expr) => {
        impl Op for $Op {
            type In = Fix<2>;
            type Out = One;
            const NAME: &'static str = $name;
            const SAVES: Saves = $saves;

            #[inline]
            fn shape(&self, [a, b]: [&Shape; 2]) -> Result<Shape, OpError> {
                broadcast::pair($name, a, b)
            }

            #[inline]
            fn eval<F: Float>(
                &self,
                [a, b]: [Arg<'_, Eager<F>>; 2],
                out: Shape,
            ) -> Result<Tensor<F>, OpError> {
                Ok(broadcast::zip(a, b, out, |a, b, out| map::each_pair(a, b, out, |$a, $b| $f)))
            }

            #[inline]
            fn vjp<I: Interp>(
                &self,
                $s: Saved<'_, Self, I>,
                $dy: Cots<Self, Value<I>>,
                $want: [bool; 2],
            ) -> [Option<Value<I>>; 2] {
                $vjp
            }

            fn jvp<I: Interp>(
                &self,
                $t: Saved<'_, Self, I>,
                [$da, $db]: [Option<&Value<I>>; 2],
            ) -> Option<Value<I>> {
                $jvp
            }

            #[inline]
            fn samples(g: &mut Gen) -> Sample<Self> {
                let (a, b) = g.broadcast_pair();
                Sample::new($Op, [g.values(&a, -3.0..3.0), g.values(&b, $domain)])
            }

            #[inline]
            fn rejects() -> Vec<Reject<Self>> {
                broadcast::pair_rejects($Op)
            }
        }
    };
}

/// The sum of two tangents, either of which may be absent.
pub(crate) fn add_tangents<I: Interp>(a: Option<Value<I>>, b: Option<Value<I>>) -> Option<Value<I>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

arithmetic!(
    Add,
    "add",
    Saves::NONE,
    |a, b| a + b,
    -3.0..3.0,
    vjp | _s,
    dy,
    want | [want[0].then(|| dy.clone()), want[1].then_some(dy)],
    jvp | _s,
    da,
    db | add_tangents(da.cloned(), db.cloned())
);

arithmetic!(
    Sub,
    "sub",
    Saves::NONE,
    |a, b| a - b,
    -3.0..3.0,
    vjp | _s,
    dy,
    want | [want[0].then(|| dy.clone()), want[1].then(|| -dy)],
    jvp | _s,
    da,
    db | add_tangents(da.cloned(), db.map(|db| -db))
);

arithmetic!(
    Mul,
    "mul",
    Saves::inputs([0, 1]),
    |a, b| a * b,
    -3.0..3.0,
    vjp | s,
    dy,
    want | {
        let da = want[0].then(|| &dy * s.x::<1>());
        [da, want[1].then(|| dy * s.x::<0>())]
    },
    jvp | s,
    da,
    db | add_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| s.x::<0>() * db))
);

arithmetic!(
    Div,
    "div",
    Saves::inputs([0, 1]),
    |a, b| a / b,
    0.5..3.0,
    vjp | s,
    dy,
    want | {
        let q = dy / s.x::<1>();
        let db = want[1].then(|| -(&q * s.x::<0>() / s.x::<1>()));
        [want[0].then_some(q), db]
    },
    jvp | s,
    da,
    db | {
        let (a, b) = (s.x::<0>(), s.x::<1>());
        add_tangents(da.map(|da| da / b), db.map(|db| -(db / b * a / b)))
    }
);

/// −x.
#[derive(Clone, Copy, Debug, Default)]
pub struct Neg;

/// x + c for a number c.
#[derive(Clone, Copy, Debug)]
pub struct AddScalar(pub f64);

/// c · x for a number c.
#[derive(Clone, Copy, Debug)]
pub struct MulScalar(pub f64);

/// x / c for a number c.
#[derive(Clone, Copy, Debug)]
pub struct DivScalar(pub f64);

/// What ops on one operand with a constant derivative have in common.
macro_rules! linear {
    ($Op:ty, $name:literal, |$op:ident, $v:ident| $f:expr, |$d:ident| $chain:expr, |$g:ident| $sample:expr) => {
        #[allow(unused_variables)] // a formula need not mention the number
        impl Op for $Op {
            type In = One;
            type Out = One;
            const NAME: &'static str = $name;
            const SAVES: Saves = Saves::NONE;

            #[inline]
            fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
                Ok(x.clone())
            }

            #[inline]
            fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
                let $op = self;
                Ok(broadcast::map(x, |x, out| map::each(x, out, |$v| $f)))
            }

            #[inline]
            fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, $d: Value<I>, _: bool) -> Option<Value<I>> {
                let $op = self;
                Some($chain)
            }

            fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
                let ($op, $d) = (self, dx?.clone());
                Some($chain)
            }

            #[inline]
            fn samples($g: &mut Gen) -> Sample<Self> {
                let op = $sample;
                let shape = $g.shape(4);
                Sample::new(op, [$g.values(&shape, -3.0..3.0)])
            }
        }
    };
}

linear!(Neg, "neg", |_op, v| -v, |d| -d, |g| Neg);
linear!(AddScalar, "add_scalar", |op, v| v + F::of(op.0), |d| d, |g| AddScalar(g.number(-3.0..3.0)));
linear!(MulScalar, "mul_scalar", |op, v| v * F::of(op.0), |d| d * op.0, |g| MulScalar(g.number(-3.0..3.0)));
linear!(DivScalar, "div_scalar", |op, v| v / F::of(op.0), |d| d / op.0, |g| DivScalar(g.number(0.5..3.0)));

/// The operator of an op on all owned and borrowed combinations.
macro_rules! operator {
    ($($Trait:ident, $method:ident, $Op:ident;)*) => {$(
        operator!(@pair $Trait, $method, $Op, Value<I>, Value<I>);
        operator!(@pair $Trait, $method, $Op, Value<I>, &Value<I>);
        operator!(@pair $Trait, $method, $Op, &Value<I>, Value<I>);
        operator!(@pair $Trait, $method, $Op, &Value<I>, &Value<I>);
    )*};
    (@pair $Trait:ident, $method:ident, $Op:ident, $A:ty, $B:ty) => {
        impl<I: Interp> ops::$Trait<$B> for $A {
            type Output = Value<I>;
            #[inline]
            #[track_caller]
            fn $method(self, b: $B) -> Value<I> {
                Value::apply($Op, [Arg::from(self), Arg::from(b)])
            }
        }
    };
}
operator! { Add, add, Add; Sub, sub, Sub; Mul, mul, Mul; Div, div, Div; }

/// The operators of a value with a number, on either side.
macro_rules! scalar_operator {
    ($($Trait:ident, $method:ident, |$x:ident, $c:ident| $right:expr, $left:expr;)*) => {$(
        scalar_operator!(@right $Trait, $method, Value<I>, |$x, $c| $right);
        scalar_operator!(@right $Trait, $method, &Value<I>, |$x, $c| $right);
        scalar_operator!(@left $Trait, $method, Value<I>, |$x, $c| $left);
        scalar_operator!(@left $Trait, $method, &Value<I>, |$x, $c| $left);
    )*};
    (@right $Trait:ident, $method:ident, $X:ty, |$x:ident, $c:ident| $body:expr) => {
        impl<I: Interp> ops::$Trait<f64> for $X {
            type Output = Value<I>;
            #[inline]
            #[track_caller]
            fn $method(self, $c: f64) -> Value<I> {
                let $x = Arg::from(self);
                $body
            }
        }
    };
    (@left $Trait:ident, $method:ident, $X:ty, |$x:ident, $c:ident| $body:expr) => {
        impl<I: Interp> ops::$Trait<$X> for f64 {
            type Output = Value<I>;
            #[inline]
            #[track_caller]
            fn $method(self, x: $X) -> Value<I> {
                let ($x, $c) = (Arg::from(x), self);
                $body
            }
        }
    };
}
scalar_operator! {
    Add, add, |x, c| Value::apply(AddScalar(c), x), Value::apply(AddScalar(c), x);
    Sub, sub, |x, c| Value::apply(AddScalar(-c), x), Value::apply(AddScalar(c), Value::apply(Neg, x).into());
    Mul, mul, |x, c| Value::apply(MulScalar(c), x), Value::apply(MulScalar(c), x);
    Div, div, |x, c| Value::apply(DivScalar(c), x), {
        let c = x.constant(c); // not c · (1/x), which overflows for a tiny x
        Value::apply(Div, [c.into(), x])
    };
}

impl<I: Interp> ops::Neg for Value<I> {
    type Output = Value<I>;
    #[inline]
    fn neg(self) -> Value<I> {
        Value::apply(Neg, self.into())
    }
}

impl<I: Interp> ops::Neg for &Value<I> {
    type Output = Value<I>;
    #[inline]
    fn neg(self) -> Value<I> {
        Value::apply(Neg, self.into())
    }
}

impl<I: Interp> Value<I> {
    /// x².
    #[inline]
    pub fn square(&self) -> Self {
        self * self
    }
}
composition!(Square(()), "square", |_, x| vec![x[0].square()], |g| {
    let shape = g.shape(4);
    ((), vec![g.values(&shape, -3.0..3.0)])
});
