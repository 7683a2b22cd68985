//! Ops that move all elements and change none: reshape, permute.
#![forbid(unsafe_code)]

use super::view::{made_up, places};
use crate::{
    Axes, Float, Shape, Sizes, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::strided,
    op::{One, Op, OpError, Saved, Saves},
    shape::lane,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// The same elements under another shape.
#[derive(Clone, Debug)]
pub struct Reshape(pub Shape);

impl Op for Reshape {
    type In = One;
    type Out = One;
    const NAME: &'static str = "reshape";
    const SAVES: Saves = Saves::NONE;

    #[inline]
    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        if x.size() == self.0.size() {
            return Ok(self.0.clone());
        }
        let why = format!("{} elements of {x} do not fill {}", x.size(), self.0);
        Err(OpError::new(Self::NAME, why))
    }

    #[inline]
    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        Ok(x.own().reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(Reshape(s.x_shape(0).clone()), dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| dx.reshape(&self.0))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let from = g.shape(4);
        // Merge two neighbours, append ones, or flatten.
        let mut to = from.to_vec();
        match g.int(0, 3) {
            0 if to.len() > 1 => {
                let at = g.int(0, to.len() - 2);
                let merged = to.remove(at);
                to[at] *= merged;
            }
            1 => to.insert(g.int(0, from.rank()), 1),
            2 => to.reverse(),
            _ => to = vec![from.size()],
        }
        Sample::new(Reshape(Shape::from(&to[..])), [g.values(&from, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |to: &[usize], x: &[usize]| {
            Reject::new(Reshape(Shape::from(to)), [Shape::from(x)], "do not fill")
        };
        vec![bad(&[2, 3], &[5]), bad(&[], &[2]), bad(&[0], &[1])]
    }
}

/// The axes in another order: axis i of the result is axis `order[i]` of x.
#[derive(Clone, Debug)]
pub struct Permute(pub SmallVec<[usize; 4]>);

impl Permute {
    /// The order that undoes this one.
    pub(super) fn inverse(&self) -> Permute {
        let mut inverse = SmallVec::from_elem(0, self.0.len());
        for (i, &axis) in self.0.iter().enumerate() {
            inverse[axis] = i;
        }
        Permute(inverse)
    }
}

impl Op for Permute {
    type In = One;
    type Out = One;
    const NAME: &'static str = "permute";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let mut seen: SmallVec<[usize; 4]> = self.0.clone();
        seen.sort_unstable();
        if !seen.iter().copied().eq(0..x.rank()) {
            let why = format!("{:?} is not an order of the {} axes of {x}", self.0.as_slice(), x.rank());
            return Err(OpError::new(Self::NAME, why));
        }
        let dims: SmallVec<[usize; 4]> = self.0.iter().map(|&axis| x[axis]).collect();
        Ok(Shape::from(&dims[..]))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let own = x.shape().steps_as(x.shape());
        let steps: SmallVec<[isize; 6]> = self.0.iter().map(|&axis| own[axis]).collect();
        Ok(Tensor::filled(out.clone(), |slice| strided::gather(x.slice(), 0, &out, &steps, slice)))
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(self.inverse(), dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(5);
        let order = g.order(shape.rank());
        Sample::new(Permute(order.into()), [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |order: &[usize]| {
            Reject::new(
                Permute(order.into()),
                [Shape::from([2, 3])],
                "is not an order of the 2 axes of [2, 3]",
            )
        };
        vec![bad(&[0]), bad(&[0, 0]), bad(&[1, 2]), bad(&[0, 1, 2])]
    }
}

impl<I: Interp> Value<I> {
    /// The same elements under another shape, in which one size may be −1, for what the others leave.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    /// assert_eq!(x.reshape([2, 3]), Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]));
    /// assert_eq!(x.reshape([-1]).shape().dims(), [6]);
    /// ```
    ///
    /// # Panics
    /// When the numbers of elements differ, or the sizes beside a −1 do not say which it is.
    #[inline]
    #[track_caller]
    pub fn reshape(&self, sizes: impl Into<Sizes>) -> Self {
        let shape = match sizes.into() {
            Sizes::Known(shape) => shape,
            Sizes::Open(sizes) => filled(self.shape(), &sizes),
        };
        Value::apply(Reshape(shape), self.into())
    }

    /// The axes in another order: axis i of the result is axis `order[i]` of this value; negative ones
    /// count from the last.
    ///
    /// # Panics
    /// When `order` does not name each axis once.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::<f64>::ones([2, 3, 4]);
    /// assert_eq!(x.permute([2, 0, 1]).shape().dims(), [4, 2, 3]);
    /// assert_eq!(x.permute([0, -1, 1]).shape().dims(), [2, 4, 3]);
    /// ```
    #[track_caller]
    pub fn permute(&self, order: impl Into<Axes>) -> Self {
        let order = places("permute", &order.into(), self.shape());
        Value::apply(Permute(order[..].into()), self.into())
    }

    /// Two axes exchanged; negative ones count from the last.
    ///
    /// # Panics
    /// When an axis is out of range.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    /// assert_eq!(x.transpose(0, 1), Tensor::from([[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]));
    /// ```
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Self {
        let rank = self.shape().rank();
        let (a, b) = match (lane(a, rank), lane(b, rank)) {
            (Ok(a), Ok(b)) => (a, b),
            (Err(why), _) | (_, Err(why)) => panic!("gradtape: transpose: {why} of {}", self.shape()),
        };
        let mut order: SmallVec<[usize; 4]> = (0..rank).collect();
        if a != b {
            order.swap(a, b);
        }
        Value::apply(Permute(order), self.into())
    }
}

/// The shape of x's elements under these sizes, −1 among them.
#[track_caller]
fn filled(x: &Shape, sizes: &[isize]) -> Shape {
    let Some(dims) = made_up(x.size(), sizes) else {
        panic!("gradtape: reshape: sizes {sizes:?} do not make up the {} elements of {x}", x.size());
    };
    Shape::from(&dims[..])
}
