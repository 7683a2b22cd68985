//! Statistics along axes: variance, standard deviation.
#![forbid(unsafe_code)]

use super::reduce::{axis_rejects, count, groups, left, unsqueezed};
use crate::{
    Axes, Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels,
    op::{Fix, One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Σ(x − mean)²/(n − correction) over axes of n elements together, NaN for n ≤ correction; and the mean.
/// ∂y/∂x = 2(x − mean)/(n − correction); that of the mean is 1/n.
#[derive(Clone, Debug)]
pub struct VarMean {
    /// The axes reduced.
    pub axes: Axes,
    /// What is taken from n; PyTorch's default is 1.
    pub correction: f64,
    /// Whether the axes stay, with size 1.
    pub keepdims: bool,
}

/// √Σ(x − mean)²/(n − correction) over axes of n elements together, without overflow; NaN for
/// n ≤ correction. ∂y/∂x = (x − mean)/((n − correction)·y), 0 where all elements are equal.
#[derive(Clone, Debug)]
pub struct Std {
    /// The axes reduced.
    pub axes: Axes,
    /// What is taken from n; PyTorch's default is 1.
    pub correction: f64,
    /// Whether the axes stay, with size 1.
    pub keepdims: bool,
}

/// n − correction, NaN where it is not above 0.
fn freedom(n: usize, correction: f64) -> f64 {
    let left = n as f64 - correction;
    if left > 0.0 { left } else { f64::NAN }
}

/// Over axes, which are gone: the mean and the mean of squared differences from it, where no sum overflows.
fn moments<F: Float>(x: &Tensor<F>, axes: &Axes) -> [Tensor<F>; 2] {
    let marked = axes.marked(x.shape().rank()).expect("shape has checked the axes");
    let (mut mean, mut within) = (x.clone(), None);
    for [outer, count, inner] in groups(x.shape(), |i| marked[i]) {
        let size = Shape::from([outer * inner]);
        let mut between = Tensor::zeros(&size);
        let mean_between = Tensor::filled(size, |means| {
            kernels::summary::moments(mean.slice(), count, inner, [means, between.slice_mut()]);
        });
        // Of parts of one size: the mean of what is within each, and what is between them.
        within = Some(match within {
            Some(within) => between + averaged(&within, [outer, count, inner]),
            None => between,
        });
        mean = mean_between;
    }
    [within.unwrap_or_else(|| Tensor::zeros(x.shape())), mean]
}

/// The mean along the middle axis of `[outer, count, inner]`.
fn averaged<F: Float>(x: &Tensor<F>, [outer, count, inner]: [usize; 3]) -> Tensor<F> {
    let sum = Tensor::filled(Shape::from([outer * inner]), |out| {
        kernels::reduce::sum_axis(x.slice(), count, inner, out);
    });
    sum / count as f64
}

/// x less its mean over axes. Taken away twice: the first mean is rounded to the digits of x.
fn centered<I: Interp>(x: &Value<I>, axes: &Axes) -> Value<I> {
    let once = x - x.mean_axes(axes.clone(), true);
    &once - once.mean_axes(axes.clone(), true)
}

impl Op for VarMean {
    type In = One;
    type Out = Fix<2>;
    const NAME: &'static str = "var_mean";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<[Shape; 2], OpError> {
        let out = left(Self::NAME, x, &self.axes, self.keepdims)?;
        Ok([out.clone(), out])
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, [out, _]: [Shape; 2]) -> Result<[Tensor<F>; 2], OpError> {
        if x.shape().size() == 0 {
            return Ok([Tensor::full(&out, F::NAN), Tensor::full(&out, F::NAN)]);
        }
        let n = count(x.shape(), &self.axes);
        let share = F::of(freedom(n, self.correction) / n as f64);
        let [mut var, mut mean] = moments(&x, &self.axes);
        if !var.slice().iter().chain(mean.slice()).all(|v| v.is_finite()) {
            // What sums up to more than there is may have a mean all the same.
            mean = x.mean_axes(self.axes.clone(), true);
            var = (&*x - &mean).square().mean_axes(self.axes.clone(), true);
        }
        Ok([var.map(|v| v / share).reshaped(out.clone()), mean.reshaped(out)])
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: [Option<Value<I>>; 2], _: bool) -> Option<Value<I>> {
        let (x, [dvar, dmean]) = (s.x::<0>(), dy);
        let n = count(x.shape(), &self.axes);
        let through_var = dvar.map(|d| {
            let slope = centered(x, &self.axes) * (2.0 / freedom(n, self.correction));
            slope * unsqueezed(d, x.shape(), &self.axes)
        });
        let through_mean = dmean.map(|d| (unsqueezed(d, x.shape(), &self.axes) / n as f64).expand(x.shape()));
        match (through_var, through_mean) {
            (Some(a), Some(b)) => Some(a + b),
            (a, b) => a.or(b),
        }
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> [Option<Value<I>>; 2] {
        let Some(dx) = dx else { return [None, None] };
        let (x, axes) = (s.x::<0>(), &self.axes);
        let slope = centered(x, axes) * (2.0 / freedom(count(x.shape(), axes), self.correction));
        let dvar = (slope * dx).sum_axes(axes.clone(), self.keepdims);
        [Some(dvar), Some(dx.mean_axes(axes.clone(), self.keepdims))]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled(g);
        let op = VarMean { axes, correction: g.pick(&[1.0, 0.0, 0.5]), keepdims };
        Sample::new(op, [g.values(&shape, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        axis_rejects(|axes| VarMean { axes, correction: 1.0, keepdims: false })
    }
}

impl Op for Std {
    type In = One;
    type Out = One;
    const NAME: &'static str = "std";
    const SAVES: Saves = Saves::inputs([0]).and(Saves::outputs([0]));

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        left(Self::NAME, x, &self.axes, self.keepdims)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let n = count(x.shape(), &self.axes);
        let left = freedom(n, self.correction);
        if x.shape().size() == 0 || left.is_nan() {
            return Ok(Tensor::full(out, F::NAN));
        }
        let [var, mean] = moments(&x, &self.axes);
        // What squares have not lost, and rounding of the mean has not made.
        let rounding = F::of(0.5f64.powi(F::DIGITS as i32 - 5));
        let least = F::ONE / (F::ONE.greatest() * rounding * rounding);
        let sound = |(&v, &m): (&F, &F)| v.is_finite() && v > least && v > (rounding * m) * (rounding * m);
        if var.slice().iter().zip(mean.slice()).all(sound) {
            let share = F::of(left / n as f64);
            return Ok(var.map(|v| (v / share).sqrt()).reshaped(out));
        }
        let axes = || self.axes.clone();
        let flat = x.max_axes(axes(), true).equal(&x.min_axes(axes(), true));
        let apart = flat.select(0.0, &(&*x - x.mean_axes(axes(), true)));
        Ok(apart.norm_axes(2.0, axes(), self.keepdims) / left.sqrt())
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x::<0>();
        Some(self.slope(x, s.y::<0>()) * unsqueezed(dy, x.shape(), &self.axes))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some((self.slope(s.x::<0>(), s.y::<0>()) * dx?).sum_axes(self.axes.clone(), self.keepdims))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled(g);
        // Well apart, for near a constant the root bends sharply.
        Sample::new(Std { axes, correction: g.pick(&[1.0, 0.0, 0.5]), keepdims }, [g.distinct(&shape) * 4.0])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        axis_rejects(|axes| Std { axes, correction: 1.0, keepdims: false })
    }
}

impl Std {
    /// ∂y/∂x.
    fn slope<I: Interp>(&self, x: &Value<I>, y: &Value<I>) -> Value<I> {
        let y = unsqueezed(y.clone(), x.shape(), &self.axes);
        let flat = y.equal(0.0);
        let slope = centered(x, &self.axes) / flat.select(1.0, &y);
        flat.select(0.0, &slope) / freedom(count(x.shape(), &self.axes), self.correction)
    }
}

impl<I: Interp> Value<I> {
    /// The variance of all n elements with the divisor n − 1; see [`var_axes`](Self::var_axes).
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([[1.0, 2.0], [3.0, 6.0]]).var().item(), 14.0 / 3.0);
    /// ```
    pub fn var(&self) -> Self {
        self.var_axes(Axes::All, 1.0, false)
    }

    /// Σ(x − mean)²/(n − correction) over axes of n elements together; NaN for n ≤ correction. PyTorch's
    /// default correction is 1. With `keepdims` the axes stay, with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn var_axes(&self, axes: impl Into<Axes>, correction: f64, keepdims: bool) -> Self {
        self.var_mean_axes(axes, correction, keepdims).0
    }

    /// The variance and the mean over axes; see [`var_axes`](Self::var_axes).
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn var_mean_axes(&self, axes: impl Into<Axes>, correction: f64, keepdims: bool) -> (Self, Self) {
        let [var, mean] = Value::apply(VarMean { axes: axes.into(), correction, keepdims }, self.into());
        (var, mean)
    }

    /// The square root of [`var`](Self::var); the gradient is 0 where all elements are equal.
    pub fn std(&self) -> Self {
        self.std_axes(Axes::All, 1.0, false)
    }

    /// √[`var_axes`](Self::var_axes), without overflow; the gradient is 0 where all elements are equal.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn std_axes(&self, axes: impl Into<Axes>, correction: f64, keepdims: bool) -> Self {
        Value::apply(Std { axes: axes.into(), correction, keepdims }, self.into())
    }

    /// The sum of all elements that are not NaN.
    pub fn nansum(&self) -> Self {
        self.nansum_axes(Axes::All, false)
    }

    /// The sum over axes of what is not NaN; 0 where everything is. With `keepdims` the axes stay, with
    /// size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn nansum_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.isnan().select(0.0, self).sum_axes(axes, keepdims)
    }

    /// The mean of all elements that are not NaN.
    pub fn nanmean(&self) -> Self {
        self.nanmean_axes(Axes::All, false)
    }

    /// The mean over axes of what is not NaN; NaN where everything is. With `keepdims` the axes stay, with
    /// size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn nanmean_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        let axes = axes.into();
        let numbers = self.tensor().isnan().logical_not().sum_axes(axes.clone(), keepdims);
        self.nansum_axes(axes, keepdims) / self.lift(numbers)
    }
}

/// A shape with elements, axes with more than one of them, and whether they stay.
#[inline]
fn sampled(g: &mut Gen) -> (Shape, Axes, bool) {
    let shape = g.shape_of_rank(1, 4);
    let shape = g.nonempty(shape);
    let axis = g.int(0, shape.rank() - 1);
    let longer = shape.with_axis(axis, g.int(2, 4)).expect("small");
    let axes = g.axes(longer.rank());
    let axes = if count(&longer, &axes) > 1 { axes } else { Axes::from(axis as isize) };
    (longer, axes, g.bool())
}

composition!(
    VarAxes((Axes, f64, bool)),
    "var_axes",
    |(axes, correction, keep), x| vec![x[0].var_axes(axes.clone(), *correction, *keep)],
    |g| {
        let (shape, axes, keep) = sampled(g);
        ((axes, g.pick(&[1.0, 0.0, 0.5]), keep), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    NansumAxes((Axes, bool)),
    "nansum_axes",
    |(axes, keep), x| vec![x[0].nansum_axes(axes.clone(), *keep)],
    |g| {
        let (shape, axes, keep) = sampled(g);
        ((axes, keep), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    NanmeanAxes((Axes, bool)),
    "nanmean_axes",
    |(axes, keep), x| vec![x[0].nanmean_axes(axes.clone(), *keep)],
    |g| {
        let (shape, axes, keep) = sampled(g);
        ((axes, keep), vec![g.values(&shape, -3.0..3.0)])
    }
);
