//! Layers that see the same elements in another shape.

use crate::{
    Interp, Sizes, Value,
    nn::{Ctx, Module},
};

/// Makes every sample of a batch a vector: `[n, ..]` becomes `[n, ..product]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flatten;

impl Module for Flatten {
    #[inline]
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let count = x.shape().first().copied().unwrap_or(1);
        let rest = x.shape().iter().skip(1).product();
        x.reshape([count, rest])
    }
}

/// Makes the axes from the first to the last of these, both included, one axis: [`Value::flatten`].
#[derive(Clone, Copy, Debug)]
pub struct FlattenAxes(pub isize, pub isize);

impl Module for FlattenAxes {
    /// # Panics
    /// When an axis is out of range, or the last before the first.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.flatten(self.0, self.1)
    }
}

/// Makes one axis several: [`Value::unflatten`].
#[derive(Clone, Debug)]
pub struct Unflatten {
    axis: isize,
    sizes: Vec<isize>,
}

impl Unflatten {
    /// The axis, and the sizes it is made into; one of them may be −1, for what is left.
    pub fn new(axis: isize, sizes: impl Into<Vec<isize>>) -> Self {
        Unflatten { axis, sizes: sizes.into() }
    }
}

impl Module for Unflatten {
    /// # Panics
    /// When the axis is out of range or the sizes do not make it up.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.unflatten(self.axis, &self.sizes)
    }
}

/// Gives every sample of a batch these sizes: `[n, ..]` becomes `[n, sizes..]`.
///
/// ```
/// use gradtape::{Tensor, nn::{Module, Params, Reshape}};
/// let y = Reshape::new([4, -1]).forward(&Params::seeded(0).eval(), Tensor::<f32>::ones([5, 2, 6]));
/// assert_eq!(y.shape().dims(), [5, 4, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct Reshape {
    sizes: Sizes,
}

impl Reshape {
    /// The sizes of a sample; one of them may be −1, for what is left.
    #[track_caller]
    pub fn new(sizes: impl Into<Sizes>) -> Self {
        Reshape { sizes: sizes.into() }
    }
}

impl Module for Reshape {
    /// # Panics
    /// When a sample has not as many elements.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let x = Flatten.forward(cx, x);
        match &self.sizes {
            Sizes::Known(sizes) => x.reshape(&[&x.shape()[..1], &sizes[..]].concat()[..]),
            Sizes::Open(sizes) => x.unflatten(1, sizes),
        }
    }
}
