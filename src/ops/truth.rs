//! Whether any or all elements are true: not 0. Masks, which have no gradient.
#![forbid(unsafe_code)]

use super::{Sum, reduce::sampled_axes};
use crate::{
    Axes,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// 1 if any element is not 0, else 0. A mask: it has no gradient.
    pub fn any(&self) -> Self {
        self.any_axes(Axes::All, false)
    }

    /// 1 where any element over axes is not 0, else 0, also where there are none. A mask: it has no
    /// gradient. With `keepdims` the axes stay, with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn any_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.not_equal(0.0).count_as("any_axes", axes.into(), keepdims).greater(0.0)
    }

    /// 1 if no element is 0, else 0. A mask: it has no gradient.
    pub fn all(&self) -> Self {
        self.all_axes(Axes::All, false)
    }

    /// 1 where no element over axes is 0, else 0; 1 where there are none. A mask: it has no gradient. With
    /// `keepdims` the axes stay, with size 1.
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn all_axes(&self, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.equal(0.0).count_as("all_axes", axes.into(), keepdims).equal(0.0)
    }
}

impl<I: Interp> Value<I> {
    /// How many places of this mask are 1 over axes, asked by a method of this name.
    #[track_caller]
    fn count_as(&self, name: &'static str, axes: Axes, keepdims: bool) -> Self {
        Value::apply_as(name, Sum { axes, keepdims }, self.into())
    }
}

composition!(
    AnyAxes((Axes, bool)),
    "any_axes",
    |(axes, keep), x| vec![x[0].any_axes(axes.clone(), *keep)],
    constant 0,
    |g| {
        let (shape, axes, keep) = sampled_axes(g);
        ((axes, keep), vec![g.mask(&shape) * g.mask(&shape)])
    }
);

composition!(
    AllAxes((Axes, bool)),
    "all_axes",
    |(axes, keep), x| vec![x[0].all_axes(axes.clone(), *keep)],
    constant 0,
    |g| {
        let (shape, axes, keep) = sampled_axes(g);
        ((axes, keep), vec![(g.mask(&shape) + g.mask(&shape)) * -2.0])
    }
);
