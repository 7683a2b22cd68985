//! Walks through the elements with a step for each axis, which may meet some several times, and their
//! adjoint, which adds where they were met.
#![forbid(unsafe_code)]

use super::view::place;
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::strided,
    op::{One, Op, OpError, Saved, Saves},
    shape::resolve,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// y[i, j, …] = x[offset + i·step₀ + j·step₁ + …] of the flattened x. Elements may be met several times.
/// The adjoint of [`AsStridedGrad`].
#[derive(Clone, Debug)]
pub struct AsStrided {
    /// The shape of the result.
    pub shape: Shape,
    /// How far the next element along each of its axes is; backwards when negative.
    pub steps: SmallVec<[isize; 6]>,
    /// The first element.
    pub offset: usize,
}

/// Zeros of a shape, with the elements of x added where a walk meets them; those that it meets several
/// times add up. The adjoint of [`AsStrided`].
#[derive(Clone, Debug)]
pub struct AsStridedGrad {
    /// The walk through the result.
    pub walk: AsStrided,
    /// The shape of the result.
    pub shape: Shape,
}

impl AsStrided {
    /// Refuses a walk that leaves x.
    fn check(&self, op: &'static str, x: &Shape) -> Result<(), OpError> {
        let AsStrided { shape, steps, offset } = self;
        if steps.len() != shape.rank() {
            let why = format!("{} steps for the {} axes of {shape}", steps.len(), shape.rank());
            return Err(OpError::new(op, why));
        }
        if shape.size() == 0 || self.stays_below(x.size()) {
            return Ok(());
        }
        let walk = format!("{shape} by {:?} from {offset}", steps.as_slice());
        Err(OpError::new(op, format!("{walk} leaves the {} elements of {x}", x.size())))
    }

    fn stays_below(&self, size: usize) -> bool {
        let ends = || -> Option<(isize, isize)> {
            let (mut low, mut high) =
                (isize::try_from(self.offset).ok()?, isize::try_from(self.offset).ok()?);
            for (&dim, &step) in self.shape.iter().zip(&self.steps) {
                let reach = isize::try_from(dim - 1).ok()?.checked_mul(step)?;
                let end = if step < 0 { &mut low } else { &mut high };
                *end = end.checked_add(reach)?;
            }
            Some((low, high))
        };
        ends().is_some_and(|(low, high)| low >= 0 && high.unsigned_abs() < size)
    }
}

impl Op for AsStrided {
    type In = One;
    type Out = One;
    const NAME: &'static str = "as_strided";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        self.check(Self::NAME, x)?;
        Ok(self.shape.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let gather = |out: &mut [F]| strided::gather(x.slice(), self.offset, &self.shape, &self.steps, out);
        Ok(Tensor::filled(out, gather))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let op = AsStridedGrad { walk: self.clone(), shape: s.x_shape(0).clone() };
        Some(Value::apply(op, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (walk, shape) = sampled(g);
        Sample::new(walk, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |dims: &[usize], steps: &[isize], offset, says| {
            let op = AsStrided { shape: Shape::from(dims), steps: steps.into(), offset };
            Reject::new(op, [Shape::from([2, 3])], says)
        };
        vec![
            bad(&[2, 2], &[1], 0, "1 steps for the 2 axes of [2, 2]"),
            bad(&[2, 3], &[3, 1], 1, "[2, 3] by [3, 1] from 1 leaves the 6 elements of [2, 3]"),
            bad(&[3], &[-1], 1, "leaves the 6 elements"),
            bad(&[2, 2], &[isize::MAX, isize::MAX], 0, "leaves the 6 elements"),
            bad(&[], &[], 6, "leaves the 6 elements"),
        ]
    }
}

impl Op for AsStridedGrad {
    type In = One;
    type Out = One;
    const NAME: &'static str = "as_strided_grad";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        self.walk.check(Self::NAME, &self.shape)?;
        if self.walk.shape == *x {
            return Ok(self.shape.clone());
        }
        Err(OpError::new(Self::NAME, format!("shape {x} is laid along a walk of {}", self.walk.shape)))
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let AsStrided { shape, steps, offset } = &self.walk;
        let mut sum = Tensor::zeros(out);
        strided::scatter_add(x.slice(), sum.slice_mut(), *offset, shape, steps);
        Ok(sum)
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(self.walk.clone(), dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (walk, shape) = sampled(g);
        let x = g.values(&walk.shape, -3.0..3.0);
        Sample::new(AsStridedGrad { walk, shape }, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |dims: &[usize], steps: &[isize], x: &[usize], says| {
            let walk = AsStrided { shape: Shape::from(dims), steps: steps.into(), offset: 0 };
            Reject::new(AsStridedGrad { walk, shape: Shape::from([2, 3]) }, [Shape::from(x)], says)
        };
        vec![
            bad(&[2], &[1, 1], &[2], "2 steps for the 1 axes of [2]"),
            bad(&[7], &[1], &[7], "leaves the 6 elements of [2, 3]"),
            bad(&[2, 2], &[1, 1], &[4], "shape [4] is laid along a walk of [2, 2]"),
        ]
    }
}

/// A walk and a shape that it stays in.
#[inline]
fn sampled(g: &mut Gen) -> (AsStrided, Shape) {
    let shape = g.shape(3);
    let steps: SmallVec<[isize; 6]> = shape.iter().map(|_| g.pick(&[1, 2, 0, -1, 3, -4])).collect();
    let reach = |sign: isize| -> usize {
        let of = |(&dim, &step): (&usize, &isize)| dim.saturating_sub(1) * (step * sign).max(0) as usize;
        shape.iter().zip(&steps).map(of).sum()
    };
    let (before, after, columns) = (g.int(0, 2), g.int(0, 2), g.int(1, 3));
    let offset = before + reach(-1);
    let rows = (offset + reach(1) + after + 1).div_ceil(columns);
    (AsStrided { shape, steps, offset }, Shape::from([rows, columns]))
}

impl<I: Interp> Value<I> {
    /// A walk through the flattened elements, row-major, with a step for each axis of `shape`, from
    /// `offset` on. Steps may be 0 or negative; elements may be met several times.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.as_strided([2, 3], &[1, 1], 0), Tensor::from([[1.0, 2.0, 3.0], [2.0, 3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// When there is not one step per axis, or the walk leaves the elements.
    #[track_caller]
    pub fn as_strided(&self, shape: impl Into<Shape>, steps: &[isize], offset: usize) -> Self {
        Value::apply(AsStrided { shape: shape.into(), steps: steps.into(), offset }, self.into())
    }

    /// The windows of `size` elements along an axis, each `step` after the one before. The axis counts the
    /// windows, a new last axis their elements. What lies in several windows has the sum of their
    /// gradients.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.unfold(0, 2, 1), Tensor::from([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range, a window is larger than it, or the step is 0.
    #[track_caller]
    pub fn unfold(&self, axis: isize, size: usize, step: usize) -> Self {
        let shape = self.shape();
        let place = place("unfold", axis, shape.rank(), shape);
        let fits = size <= shape[place] && step > 0;
        assert!(fits, "gradtape: unfold: no windows of {size} by {step} along axis {place} of {shape}");
        let windows = (shape[place] - size) / step + 1;
        let dims = [&shape[..place], &[windows], &shape[place + 1..], &[size]].concat();
        let mut steps = shape.steps_as(shape).to_vec();
        let one = steps[place];
        steps[place] = if windows == 1 { 0 } else { one * step as isize };
        steps.push(one);
        self.as_strided(&dims[..], &steps, 0)
    }
}

composition!(
    Unfold((isize, usize, usize)),
    "unfold",
    |(axis, size, step), x| vec![x[0].unfold(*axis, *size, *step)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let axis = g.axis(shape.rank());
        let longest = shape[resolve(axis, shape.rank()).expect("drawn for this rank")];
        ((axis, g.int(0, longest), g.int(1, 3)), vec![g.values(&shape, -3.0..3.0)])
    }
);
