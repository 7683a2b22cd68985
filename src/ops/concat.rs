//! The adjoint pair concat / split: tensors behind each other along an axis.
#![forbid(unsafe_code)]

use super::view::place;
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    op::{Many, One, Op, OpError, Saved, Saves},
    shape::resolve,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// The operands behind each other along an axis. The adjoint of [`Split`].
#[derive(Clone, Copy, Debug)]
pub struct Concat {
    /// The axis; negative ones count from the last.
    pub axis: isize,
}

/// Parts of given sizes along an axis. The adjoint of [`Concat`].
#[derive(Clone, Debug)]
pub struct Split {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The sizes of the parts; they add up to the axis.
    pub sizes: SmallVec<[usize; 4]>,
}

/// Copies parts of `[outer, size_i, inner]` between a whole and its parts, row by row.
fn rows(whole: &Shape, axis: usize, parts: &[usize], mut copy: impl FnMut(usize, usize, usize, usize)) {
    let (outer, size, inner) = whole.around(axis);
    let mut from = 0;
    for (part, &count) in parts.iter().enumerate() {
        for row in 0..outer {
            copy(part, row * count * inner, (row * size + from) * inner, count * inner);
        }
        from += count;
    }
}

impl Op for Concat {
    type In = Many;
    type Out = One;
    const NAME: &'static str = "concat";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: SmallVec<[&Shape; 4]>) -> Result<Shape, OpError> {
        let refuse = |why| Err(OpError::new(Self::NAME, why));
        let Some(first) = x.first() else { return refuse("needs at least one operand".into()) };
        let axis = match resolve(self.axis, first.rank()) {
            Ok(axis) => axis,
            Err(why) => return refuse(format!("{why} of {first}")),
        };
        for other in &x {
            let differs = |i: usize| i != axis && other[i] != first[i];
            if other.rank() != first.rank() || (0..first.rank()).any(differs) {
                return refuse(format!("shapes {first} and {other} differ beside axis {axis}"));
            }
        }
        let total = x.iter().map(|x| x[axis]).try_fold(0usize, usize::checked_add);
        let total = total.ok_or_else(|| OpError::new(Self::NAME, "the sizes add up to too many"))?;
        first.with_axis(axis, total).map_err(|why| OpError::new(Self::NAME, why))
    }

    fn eval<F: Float>(&self, x: SmallVec<[Arg<'_, Eager<F>>; 4]>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        let sizes: SmallVec<[usize; 4]> = x.iter().map(|x| x.shape()[axis]).collect();
        Ok(Tensor::filled(out.clone(), |slice| {
            rows(&out, axis, &sizes, |part, from, to, count| {
                slice[to..to + count].copy_from_slice(&x[part].slice()[from..from + count]);
            });
        }))
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dy: Value<I>,
        _: SmallVec<[bool; 4]>,
    ) -> SmallVec<[Option<Value<I>>; 4]> {
        let axis = resolve(self.axis, dy.shape().rank()).expect("shape has checked the axis");
        let sizes = (0..s.operands()).map(|i| s.x_shape(i)[axis]).collect();
        let parts = Value::apply(Split { axis: self.axis, sizes }, dy.into());
        parts.into_iter().map(Some).collect()
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dx: SmallVec<[Option<&Value<I>>; 4]>,
    ) -> Option<Value<I>> {
        let some = dx.iter().flatten().next()?;
        let whole = dx.iter().enumerate().map(|(i, dx)| match dx {
            Some(dx) => Arg::from(*dx),
            None => some.lift(Tensor::zeros(s.x_shape(i))).into(),
        });
        Some(Value::apply(*self, whole.collect()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape_of_rank(1, 4);
        let axis = g.axis(shape.rank());
        let place = resolve(axis, shape.rank()).expect("drawn for this rank");
        let parts: Vec<Tensor<f64>> = (0..g.int(1, 3))
            .map(|_| {
                let size = g.int(0, 3);
                g.values(&shape.with_axis(place, size).expect("small"), -3.0..3.0)
            })
            .collect();
        Sample::many(Concat { axis }, parts)
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, shapes: &[&[usize]], says| {
            Reject::many(Concat { axis }, shapes.iter().map(|&s| Shape::from(s)).collect(), says)
        };
        vec![
            bad(0, &[], "needs at least one operand"),
            bad(0, &[&[2, 3], &[2, 4]], "shapes [2, 3] and [2, 4] differ beside axis 0"),
            bad(0, &[&[2], &[2, 1]], "differ"),
            bad(1, &[&[2]], "out of range"),
        ]
    }
}

impl Op for Split {
    type In = One;
    type Out = Many;
    const NAME: &'static str = "split";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<SmallVec<[Shape; 4]>, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        let axis = resolve(self.axis, x.rank()).map_err(|why| refuse(format!("{why} of {x}")))?;
        let total = self.sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size));
        if total != Some(x[axis]) || self.sizes.is_empty() {
            let sizes = self.sizes.as_slice();
            return Err(refuse(format!("parts of sizes {sizes:?} do not make axis {axis} of {x}")));
        }
        self.sizes.iter().map(|&size| x.with_axis(axis, size).map_err(refuse)).collect()
    }

    fn eval<F: Float>(
        &self,
        x: Arg<'_, Eager<F>>,
        out: SmallVec<[Shape; 4]>,
    ) -> Result<SmallVec<[Tensor<F>; 4]>, OpError> {
        let axis = resolve(self.axis, x.shape().rank()).expect("shape has checked the axis");
        let mut parts: SmallVec<[Tensor<F>; 4]> = out.into_iter().map(Tensor::stale).collect();
        rows(x.shape(), axis, &self.sizes, |part, to, from, count| {
            parts[part].slice_mut()[to..to + count].copy_from_slice(&x.slice()[from..from + count]);
        });
        Ok(parts)
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dy: SmallVec<[Option<Value<I>>; 4]>,
        _: bool,
    ) -> Option<Value<I>> {
        let some = dy.iter().flatten().next()?.clone();
        let whole = dy.into_iter().enumerate().map(|(j, dy)| match dy {
            Some(dy) => Arg::from(dy),
            None => some.lift(Tensor::zeros(s.y_shape(j))).into(),
        });
        Some(Value::apply(Concat { axis: self.axis }, whole.collect()))
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dx: Option<&Value<I>>,
    ) -> SmallVec<[Option<Value<I>>; 4]> {
        match dx {
            Some(dx) => Value::apply(self.clone(), dx.into()).into_iter().map(Some).collect(),
            None => (0..s.results()).map(|_| None).collect(),
        }
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape_of_rank(1, 4);
        let axis = g.axis(shape.rank());
        let place = resolve(axis, shape.rank()).expect("drawn for this rank");
        let sizes: SmallVec<[usize; 4]> = (0..g.int(1, 3)).map(|_| g.int(0, 3)).collect();
        let shape = shape.with_axis(place, sizes.iter().sum()).expect("small");
        Sample::new(Split { axis, sizes }, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, sizes: &[usize], says| {
            Reject::new(Split { axis, sizes: sizes.into() }, [Shape::from([4, 2])], says)
        };
        vec![
            bad(0, &[1, 2], "parts of sizes [1, 2] do not make axis 0 of [4, 2]"),
            bad(0, &[], "do not make axis 0"),
            bad(-3, &[4], "axis -3 is out of range"),
            bad(0, &[usize::MAX, 5], "do not make axis 0"),
        ]
    }
}

/// How [`Value::split`] parts an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Parts of this size; the last may be smaller.
    Each(usize),
    /// Parts of these sizes.
    Of(SmallVec<[usize; 4]>),
}

impl From<usize> for Parts {
    fn from(size: usize) -> Self {
        Parts::Each(size)
    }
}

impl From<&[usize]> for Parts {
    fn from(sizes: &[usize]) -> Self {
        Parts::Of(sizes.into())
    }
}

impl<const N: usize> From<&[usize; N]> for Parts {
    fn from(sizes: &[usize; N]) -> Self {
        Parts::Of(sizes[..].into())
    }
}

impl From<&Vec<usize>> for Parts {
    fn from(sizes: &Vec<usize>) -> Self {
        Parts::Of(sizes[..].into())
    }
}

impl<I: Interp> Value<I> {
    /// Values behind each other along an axis; negative ones count from the last.
    ///
    /// # Panics
    /// When there are none, or their shapes differ beside that axis.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (a, b) = (Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0], [4.0]]));
    /// assert_eq!(Tensor::concat(&[&a, &b], 1), Tensor::from([[1.0, 3.0], [2.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn concat(parts: &[&Self], axis: isize) -> Self {
        Value::apply(Concat { axis }, parts.iter().map(|&part| part.into()).collect())
    }

    /// Parts along an axis, of the given sizes, or all of one size but for the last, which has what is left.
    /// Negative axes count from the last.
    ///
    /// # Panics
    /// When the sizes do not add up to the axis, or the one size is 0 and the axis is not.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let parts = Tensor::from([1.0, 2.0, 3.0]).split(&[2, 1], 0);
    /// assert_eq!(parts, [Tensor::from([1.0, 2.0]), Tensor::from([3.0])]);
    /// let parts = Tensor::<f64>::ones([5]).split(2, 0);
    /// assert_eq!(parts.iter().map(|part| part.shape()[0]).collect::<Vec<_>>(), [2, 2, 1]);
    /// ```
    #[track_caller]
    pub fn split(&self, parts: impl Into<Parts>, axis: isize) -> Vec<Self> {
        let sizes = match parts.into() {
            Parts::Of(sizes) => sizes,
            Parts::Each(size) => {
                let shape = self.shape();
                let axis = place("split", axis, shape.rank(), shape);
                let whole = shape[axis];
                let ends = size > 0 || whole == 0;
                assert!(ends, "gradtape: split: parts of size 0 do not make axis {axis} of {shape}");
                (0..whole.max(1)).step_by(size.max(1)).map(|start| size.min(whole - start)).collect()
            }
        };
        Value::apply(Split { axis, sizes }, self.into()).into_vec()
    }
}
