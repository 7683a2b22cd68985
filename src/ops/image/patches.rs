//! The adjoint pair im2col / col2im: all patches of an image as columns.

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::{
        parallel::pieces,
        window::{Slide, Slides, Tile},
    },
    op::{One, Op, OpError, Saved, Saves},
    ops::{
        PerAxis, Sliding,
        spatial::{batched, on_both_sides, valid},
    },
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// What each place of a window sees, 0 outside: x `[batch, channels, sizes..]` becomes
/// `[batch, channels · taps, places]`, each place a column. The adjoint of [`Col2im`].
#[derive(Clone, Debug)]
pub struct Im2col {
    /// The sizes of the window.
    pub kernel: SmallVec<[usize; 3]>,
    /// How it slides.
    pub sliding: Sliding,
}

/// Zeros with each column added to what its place sees: x `[batch, channels · taps, places]` becomes
/// `[batch, channels, sizes..]`; where windows overlap, they add up. The adjoint of [`Im2col`].
#[derive(Clone, Debug)]
pub struct Col2im {
    /// The sizes of the window.
    pub kernel: SmallVec<[usize; 3]>,
    /// How it slides.
    pub sliding: Sliding,
    /// The spatial sizes of the result.
    pub size: SmallVec<[usize; 3]>,
}

/// Over all axes; as much as there is where that is too much for any shape.
fn product(slides: &Slides, of: impl Fn(&Slide) -> usize) -> usize {
    slides.iter().map(of).fold(1, usize::saturating_mul)
}

impl Op for Im2col {
    type In = One;
    type Out = One;
    const NAME: &'static str = "im2col";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        if x.rank() < 3 {
            return Err(refuse(format!("needs [batch, channels, sizes..], not {x}")));
        }
        let slides = self.sliding.over(Self::NAME, &x[2..], &self.kernel)?;
        let rows = x[1].checked_mul(product(&slides, |slide| slide.taps));
        let rows = rows.ok_or_else(|| refuse(format!("too many rows of {x}")))?;
        Shape::try_new(&[x[0], rows, product(&slides, |slide| slide.places)]).map_err(refuse)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let sizes = &x.shape()[2..];
        let slides = self.sliding.over(Self::NAME, sizes, &self.kernel).expect("shape has checked them");
        let (plane, columns) = (product(&slides, |slide| slide.size), out[1] * out[2]);
        let (image, tile) = (x.shape()[1] * plane, Tile::new(&slides, 0..out[2]));
        Ok(Tensor::filled(out, |out| {
            pieces(out, columns, &|start, out| {
                for (i, out) in out.chunks_exact_mut(columns).enumerate() {
                    let at = (start / columns + i) * image;
                    tile.gather(&x.slice()[at..at + image], plane, out);
                }
            });
        }))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let Im2col { kernel, sliding } = self.clone();
        let size = SmallVec::from_slice(&s.x_shape(0)[2..]);
        Some(Value::apply(Col2im { kernel, sliding, size }, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (op, x) = sampled(g);
        Sample::new(op, [g.values(&x, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize], kernel: &[usize], says| {
            Reject::new(Im2col { kernel: kernel.into(), sliding: plain(1) }, [Shape::from(x)], says)
        };
        vec![
            bad(&[2, 5], &[2], "needs [batch, channels, sizes..], not [2, 5]"),
            bad(&[1, 2, 5], &[6], "a kernel of [6] with dilation [1] does not fit [5]"),
            bad(&[1, 2, 5], &[0], "kernel [0] has a 0"),
            bad(&[1, 2, 5], &[2, 2], "a kernel of [2, 2] over axes of [5]"),
        ]
    }
}

impl Op for Col2im {
    type In = One;
    type Out = One;
    const NAME: &'static str = "col2im";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let slides = self.sliding.over(Self::NAME, &self.size, &self.kernel)?;
        let (taps, places) = (product(&slides, |slide| slide.taps), product(&slides, |slide| slide.places));
        match x[..] {
            [batch, rows, columns] if rows.is_multiple_of(taps) && columns == places => {
                let dims = [&[batch, rows / taps], &self.size[..]].concat();
                Shape::try_new(&dims).map_err(|why| OpError::new(Self::NAME, why))
            }
            _ => {
                let why = format!("needs [batch, channels · {taps}, {places}], not {x}");
                Err(OpError::new(Self::NAME, why))
            }
        }
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let slides = self.sliding.over(Self::NAME, &self.size, &self.kernel).expect("shape has checked them");
        let (plane, columns) = (product(&slides, |slide| slide.size), x.shape()[1] * x.shape()[2]);
        let (image, tile) = (out[1] * plane, Tile::new(&slides, 0..x.shape()[2]));
        Ok(Tensor::filled(out, |out| {
            pieces(out, image, &|start, out| {
                out.fill(F::ZERO);
                for (i, out) in out.chunks_exact_mut(image).enumerate() {
                    let at = (start / image + i) * columns;
                    tile.add(&x.slice()[at..at + columns], plane, out);
                }
            });
        }))
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let Col2im { kernel, sliding, .. } = self.clone();
        Some(Value::apply(Im2col { kernel, sliding }, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (op, image) = sampled(g);
        let x = op.shape(&image).expect("drawn to fit");
        let Im2col { kernel, sliding } = op;
        let op = Col2im { kernel, sliding, size: SmallVec::from_slice(&image[2..]) };
        Sample::new(op, [g.values(&x, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize], kernel: &[usize], says| {
            let op = Col2im { kernel: kernel.into(), sliding: plain(1), size: [5].as_slice().into() };
            Reject::new(op, [Shape::from(x)], says)
        };
        vec![
            bad(&[1, 4, 3], &[2], "needs [batch, channels · 2, 4], not [1, 4, 3]"),
            bad(&[1, 3, 4], &[2], "needs [batch, channels · 2, 4], not [1, 3, 4]"),
            bad(&[4, 4], &[2], "not [4, 4]"),
            bad(&[1, 4, 4], &[6], "a kernel of [6] with dilation [1] does not fit [5]"),
        ]
    }
}

/// One step at a time, no padding.
fn plain(axes: usize) -> Sliding {
    let one = SmallVec::from_elem(1, axes);
    Sliding { stride: one.clone(), dilation: one, padding: SmallVec::from_elem([0, 0], axes) }
}

/// Patches over one to three axes, and the shape of an image for them.
#[inline]
fn sampled(g: &mut Gen) -> (Im2col, Shape) {
    let axes = g.int(1, 3);
    let mut op = Im2col { kernel: SmallVec::new(), sliding: plain(axes) };
    let mut x = vec![g.int(0, 2), if g.chance(12) { 0 } else { g.int(1, 2) }];
    for axis in 0..axes {
        let (taps, dilation, padding) = (g.int(1, if axes == 3 { 2 } else { 3 }), g.int(1, 2), g.int(0, 1));
        op.kernel.push(taps);
        op.sliding.stride[axis] = g.int(1, 3);
        op.sliding.dilation[axis] = dilation;
        op.sliding.padding[axis] = [padding as isize; 2];
        let span = (taps - 1) * dilation + 1;
        x.push(span.saturating_sub(2 * padding).max(1) + g.int(0, if axes == 3 { 1 } else { 3 }));
    }
    (op, Shape::from(&x[..]))
}

/// The options of `im2col` and `col2im`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchOptions {
    /// From one element that a window sees to the next; 1.
    pub dilation: PerAxis,
    /// Zeros on each side; 0.
    pub padding: PerAxis,
    /// From one place of the window to the next; 1.
    pub stride: PerAxis,
}

impl Default for PatchOptions {
    fn default() -> Self {
        PatchOptions { dilation: 1.into(), padding: 0.into(), stride: 1.into() }
    }
}

impl PatchOptions {
    fn sliding(&self) -> Result<Sliding, String> {
        Ok(Sliding {
            stride: self.stride.named("stride", 2)?,
            dilation: self.dilation.named("dilation", 2)?,
            padding: on_both_sides(&self.padding.named("padding", 2)?)?,
        })
    }
}

impl<I: Interp> Value<I> {
    /// All patches of an image as columns: `[batch, channels, height, width]`, or without a batch, becomes
    /// `[batch, channels · kernel, places]`. PyTorch calls this `torch.nn.functional.unfold`.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let image = Tensor::from_fn([1, 2, 3], |i| i as f64);
    /// let patches = image.im2col([2, 2], Default::default());
    /// let want = Tensor::from([[0.0, 1.0], [1.0, 2.0], [3.0, 4.0], [4.0, 5.0]]);
    /// assert_eq!(patches, want);
    /// ```
    ///
    /// # Panics
    /// When x is not an image, a size or step is 0, or the kernel does not fit.
    #[track_caller]
    pub fn im2col(&self, kernel: impl Into<PerAxis>, options: PatchOptions) -> Self {
        let (batch, alone) = batched("im2col", 2, self);
        let kernel = valid("im2col", self.shape(), kernel.into().named("kernel", 2));
        let sliding = valid("im2col", self.shape(), options.sliding());
        let y = Value::apply(Im2col { kernel, sliding }, (&batch).into());
        if alone { y.squeeze(0) } else { y }
    }

    /// Patches added up to an image of a height and a width: the adjoint of [`im2col`](Self::im2col), not its inverse,
    /// where windows overlap. PyTorch calls this `torch.nn.functional.fold`.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let patches = Tensor::<f64>::ones([4, 2]);
    /// let image = patches.col2im([2, 3], [2, 2], Default::default());
    /// assert_eq!(image.slice(), [1.0, 2.0, 1.0, 1.0, 2.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// When x is not `[batch, channels · kernel, places]` or without a batch, a size or step is 0, or the kernel does
    /// not fit.
    #[track_caller]
    pub fn col2im(
        &self,
        output_size: impl Into<PerAxis>,
        kernel: impl Into<PerAxis>,
        options: PatchOptions,
    ) -> Self {
        let shape = self.shape();
        let size = valid("col2im", shape, output_size.into().named("output size", 2));
        let kernel = valid("col2im", shape, kernel.into().named("kernel", 2));
        let sliding = valid("col2im", shape, options.sliding());
        let alone = shape.rank() == 2;
        let batch = if alone { self.unsqueeze(0) } else { self.clone() };
        let y = Value::apply(Col2im { kernel, sliding, size }, (&batch).into());
        if alone { y.squeeze(0) } else { y }
    }
}
