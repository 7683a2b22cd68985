//! Statistics along axes: variance, standard deviation.
#![forbid(unsafe_code)]

use super::reduce::count;
use crate::{
    Axes,
    gradcheck::Gen,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
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

    /// √[`var_axes`](Self::var_axes); the gradient is 0 where all elements are equal.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn std_axes(&self, axes: impl Into<Axes>, correction: f64, keepdims: bool) -> Self {
        let axes = axes.into();
        let var = self.var_axes(axes.clone(), correction, keepdims);
        let n = count(self.shape(), &axes) as f64;
        if n == 0.0 || n <= correction {
            return var.sqrt();
        }
        // By the elements, not by the variance: their mean may be rounded.
        let x = self.tensor();
        let flat = x.max_axes(axes.clone(), true).equal(&x.min_axes(axes.clone(), true));
        // Scaled, so that no square overflows. The scale cancels, so it is a constant.
        let centred = self - self.mean_axes(axes.clone(), true);
        let scale = centred.tensor().abs().max_axes(axes.clone(), true);
        let scale = self.lift(flat.select(&scale.constant(1.0), &scale));
        let root = (centred / &scale).square().sum_axes(axes, true) / (n - correction);
        // Guarded within, so that the root's infinite slope at 0 is never met.
        let (flat, zero, one) = (self.lift(flat), self.constant(0.0), self.constant(1.0));
        let std = flat.select(&zero, &(flat.select(&one, &root).sqrt() * scale));
        std.reshape(var.shape())
    }

    #[track_caller]
    fn var_around(&self, mean: &Self, axes: Axes, correction: f64, keepdims: bool) -> Self {
        let left = count(self.shape(), &axes) as f64 - correction;
        let left = if left > 0.0 { left } else { f64::NAN };
        (self - mean).square().sum_axes(axes, keepdims) / left
    }
}

/// A shape with elements, some of its axes with more than one of them, and whether they stay.
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
