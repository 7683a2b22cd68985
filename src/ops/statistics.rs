//! Statistics along axes: least values, variance, standard deviation.
#![forbid(unsafe_code)]

use super::{Indices, reduce::count};
use crate::{
    Axes,
    gradcheck::Gen,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// The least of all elements; ties share the gradient evenly, NaN wins.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn min(&self) -> Self {
        self.min_axes(Axes::All, false)
    }

    /// The least over axes; ties share the gradient evenly, NaN wins. With `keepdims` the axes stay,
    /// with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice, or there are no elements along it.
    #[track_caller]
    pub fn min_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        -(-self).max_axes(axes, keepdims)
    }

    /// The least along an axis and its index (the first of equals). The gradient goes to that one
    /// element.
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    pub fn min_dim(&self, axis: isize, keepdims: bool) -> (Self, Indices) {
        let (values, places) = (-self).max_dim(axis, keepdims);
        (-values, places)
    }

    /// The index of the greatest along an axis: the first of equals, the first NaN if any.
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    pub fn argmax(&self, axis: isize, keepdims: bool) -> Indices {
        self.tensor().max_dim(axis, keepdims).1
    }

    /// The index of the least along an axis: the first of equals, the first NaN if any.
    ///
    /// # Panics
    /// When the axis is out of range or has no elements.
    #[track_caller]
    pub fn argmin(&self, axis: isize, keepdims: bool) -> Indices {
        self.tensor().min_dim(axis, keepdims).1
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
    MinAxes((Axes, bool)),
    "min_axes",
    |(axes, keep), x| vec![x[0].min_axes(axes.clone(), *keep)],
    |g| {
        let (shape, axes, keep) = sampled(g);
        ((axes, keep), vec![g.distinct(&shape)])
    }
);

composition!(MinDim((isize, bool)), "min_dim", |(axis, keep), x| vec![x[0].min_dim(*axis, *keep).0], |g| {
    let shape = g.shape_of_rank(1, 4);
    let shape = g.nonempty(shape);
    ((g.axis(shape.rank()), g.bool()), vec![g.distinct(&shape)])
});

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
