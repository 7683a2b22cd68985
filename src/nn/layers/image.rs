//! Images of another size, and as patches: layers that are one method of [`Value`].

use crate::{
    Interp, Value,
    nn::{Ctx, Module},
    ops::{InterpolateOptions, PatchOptions, PerAxis, Resize},
};

/// Other spatial sizes for `[batch, channels, sizes..]`: [`Value::interpolate`].
///
/// ```
/// use gradtape::{Tensor, nn::{Module, Params, Upsample}, ops::Resize};
/// let y = Upsample::new(Resize::By(vec![2.0])).forward(&Params::seeded(0).eval(), Tensor::<f32>::ones([1, 3, 4, 4]));
/// assert_eq!(y.shape().dims(), [1, 3, 8, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct Upsample {
    /// How large the image becomes.
    pub to: Resize,
    /// What is put between its elements: the nearest one.
    pub options: InterpolateOptions,
}

impl Upsample {
    /// By the nearest element.
    pub fn new(to: Resize) -> Self {
        Upsample { to, options: InterpolateOptions::default() }
    }

    /// By these options.
    pub fn with(to: Resize, options: InterpolateOptions) -> Self {
        Upsample { to, options }
    }
}

impl Module for Upsample {
    /// # Panics
    /// When the shape does not fit, or an option does not go with the mode.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.interpolate(self.to.clone(), self.options)
    }
}

/// Channels as resolution, by this factor along height and width: [`Value::pixel_shuffle`].
#[derive(Clone, Copy, Debug)]
pub struct PixelShuffle(pub usize);

impl Module for PixelShuffle {
    /// # Panics
    /// When the factor's square does not divide the channels.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.pixel_shuffle(self.0)
    }
}

/// Resolution as channels, by this factor along height and width: [`Value::pixel_unshuffle`].
#[derive(Clone, Copy, Debug)]
pub struct PixelUnshuffle(pub usize);

impl Module for PixelUnshuffle {
    /// # Panics
    /// When the factor does not divide height and width.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.pixel_unshuffle(self.0)
    }
}

/// All patches of an image as columns: [`Value::im2col`].
#[derive(Clone, Debug)]
pub struct Unfold {
    /// Height and width of a patch.
    pub kernel: PerAxis,
    /// Which patches are taken.
    pub options: PatchOptions,
}

impl Unfold {
    /// Patches at every place.
    pub fn new(kernel: impl Into<PerAxis>) -> Self {
        Self::with(kernel, PatchOptions::default())
    }

    /// Patches by these options.
    pub fn with(kernel: impl Into<PerAxis>, options: PatchOptions) -> Self {
        Unfold { kernel: kernel.into(), options }
    }
}

impl Module for Unfold {
    /// # Panics
    /// When the shape does not fit.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.im2col(self.kernel.clone(), self.options.clone())
    }
}

/// Columns of patches added up to an image, the adjoint of [`Unfold`]: [`Value::col2im`].
#[derive(Clone, Debug)]
pub struct Fold {
    /// Height and width of the image.
    pub output_size: PerAxis,
    /// Height and width of a patch.
    pub kernel: PerAxis,
    /// Which patches are there.
    pub options: PatchOptions,
}

impl Fold {
    /// Patches at every place.
    pub fn new(output_size: impl Into<PerAxis>, kernel: impl Into<PerAxis>) -> Self {
        Self::with(output_size, kernel, PatchOptions::default())
    }

    /// Patches by these options.
    pub fn with(output_size: impl Into<PerAxis>, kernel: impl Into<PerAxis>, options: PatchOptions) -> Self {
        Fold { output_size: output_size.into(), kernel: kernel.into(), options }
    }
}

impl Module for Fold {
    /// # Panics
    /// When the shape does not fit.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x.col2im(self.output_size.clone(), self.kernel.clone(), self.options.clone())
    }
}
