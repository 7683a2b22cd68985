//! Statistics along axes: variance, standard deviation.
#![forbid(unsafe_code)]

use super::reduce::count;
use crate::{
    Axes,
    gradcheck::Gen,
    value::{Interp, Value},
};

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

    /// Σ(x − mean)²/(n − correction) over axes of n elements together, in two passes; NaN for
    /// n ≤ correction. PyTorch's default correction is 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn var_axes(&self, axes: impl Into<Axes>, correction: f64, keepdims: bool) -> Self {
        let axes = axes.into();
        self.var_around(&self.mean_axes(axes.clone(), true), axes, correction, keepdims)
    }

    /// The variance and the mean over axes; see [`var_axes`](Self::var_axes).
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn var_mean_axes(&self, axes: impl Into<Axes>, correction: f64, keepdims: bool) -> (Self, Self) {
        let axes = axes.into();
        let mean = self.mean_axes(axes.clone(), true);
        let var = self.var_around(&mean, axes, correction, keepdims);
        let shape = var.shape().clone();
        (var, mean.reshape(shape))
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
        let axes = axes.into();
        let mean = self.mean_axes(axes.clone(), true);
        let n = count(self.shape(), &axes) as f64;
        if n == 0.0 || n <= correction {
            return self.var_around(&mean, axes, correction, keepdims).sqrt();
        }
        // By the elements, not by the variance: their mean may be rounded.
        let x = self.tensor();
        let flat = x.max_axes(axes.clone(), true).equal(&x.min_axes(axes.clone(), true));
        self.lift(flat).select(0.0, &(self - mean)).norm_axes(2.0, axes, keepdims) / (n - correction).sqrt()
    }

    /// The mean of squares around `mean`, over (n − correction)/n: their sum might overflow where it does not.
    #[track_caller]
    fn var_around(&self, mean: &Self, axes: Axes, correction: f64, keepdims: bool) -> Self {
        let n = count(self.shape(), &axes) as f64;
        let left = if n > correction { (n - correction) / n } else { f64::NAN };
        (self - mean).square().mean_axes(axes, keepdims) / left
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

/// A shape with elements, some of its axes with more than one of them, and whether they stay.
#[inline]
fn sampled(g: &mut Gen) -> (crate::Shape, Axes, bool) {
    let shape = g.shape_of_rank(1, 4);
    let shape = g.nonempty(shape);
    let axis = g.int(0, shape.rank() - 1);
    let longer = shape.with_axis(axis, g.int(2, 4)).expect("small");
    (longer, Axes::from(axis as isize), g.bool())
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
    VarMeanAxes((Axes, f64, bool)),
    "var_mean_axes",
    |(axes, correction, keep), x| {
        let (var, mean) = x[0].var_mean_axes(axes.clone(), *correction, *keep);
        vec![var, mean]
    },
    |g| {
        let (shape, axes, keep) = sampled(g);
        ((axes, g.pick(&[1.0, 0.0, 0.5]), keep), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(
    StdAxes((Axes, f64, bool)),
    "std_axes",
    |(axes, correction, keep), x| vec![x[0].std_axes(axes.clone(), *correction, *keep)],
    |g| {
        let (shape, axes, keep) = sampled(g);
        // Well apart, for near a constant the root bends sharply.
        ((axes, g.pick(&[1.0, 0.0, 0.5]), keep), vec![g.distinct(&shape) * 4.0])
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
