//! Convolutions over one, two or three spatial axes, and transposed ones, as PyTorch names them.
#![forbid(unsafe_code)]

mod primitive;

pub use primitive::{Conv, ConvBias, ConvTranspose, ConvWeight, Layout};

use super::spatial::{PerAxis, Sliding, batched, on_both_sides, sampled_per_axis, valid};
use crate::{
    Shape,
    gradcheck::Gen,
    value::{Interp, Value},
};
use primitive::channels;
use smallvec::SmallVec;

/// Zeros around the spatial axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Padding {
    /// None.
    Valid,
    /// As many as leave the sizes as they are; of an odd number, the greater part after the last element.
    Same,
    /// So many on each side.
    Zeros(PerAxis),
}

impl From<usize> for Padding {
    fn from(all: usize) -> Self {
        Padding::Zeros(all.into())
    }
}

impl<const N: usize> From<[usize; N]> for Padding {
    fn from(each: [usize; N]) -> Self {
        Padding::Zeros(each.into())
    }
}

/// The options of `conv1d`, `conv2d` and `conv3d`.
///
/// ```
/// use gradtape::ops::{ConvOptions, Padding};
/// let halved = ConvOptions { stride: 2.into(), padding: 1.into(), ..Default::default() };
/// let wide = ConvOptions { padding: Padding::Same, dilation: [1, 2].into(), ..Default::default() };
/// # let _ = (halved, wide);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvOptions {
    /// From one place of the kernel to the next; 1.
    pub stride: PerAxis,
    /// Zeros around x; none. [`Padding::Same`] is for stride 1.
    pub padding: Padding,
    /// From one element that the kernel sees to the next; 1.
    pub dilation: PerAxis,
    /// The channels of x and of the result are divided into as many groups, each of which sees only its own; 1.
    pub groups: usize,
}

impl Default for ConvOptions {
    fn default() -> Self {
        ConvOptions { stride: 1.into(), padding: 0.into(), dilation: 1.into(), groups: 1 }
    }
}

/// The options of `conv_transpose1d`, `conv_transpose2d` and `conv_transpose3d`. But for `output_padding` they
/// are those of the convolution that leads from the result's shape back to that of x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvTransposeOptions {
    /// From one place of the kernel to the next; 1.
    pub stride: PerAxis,
    /// Elements left away on each side of the result; none.
    pub padding: PerAxis,
    /// Elements more at the end of the result, to tell apart sizes that lead back to the same shape;
    /// less than stride or dilation; 0.
    pub output_padding: PerAxis,
    /// The channels of x and of the result are divided into as many groups, each of which sees only its own; 1.
    pub groups: usize,
    /// From one element that the kernel sees to the next; 1.
    pub dilation: PerAxis,
}

impl Default for ConvTransposeOptions {
    fn default() -> Self {
        let (zero, one) = (PerAxis::from(0), PerAxis::from(1));
        ConvTransposeOptions {
            stride: one.clone(),
            padding: zero.clone(),
            output_padding: zero,
            groups: 1,
            dilation: one,
        }
    }
}

impl ConvOptions {
    fn layout(&self, kernel: &[usize]) -> Result<Layout, String> {
        let axes = kernel.len();
        let (stride, dilation) = (self.stride.named("stride", axes)?, self.dilation.named("dilation", axes)?);
        let padding = match &self.padding {
            Padding::Valid => SmallVec::from_elem([0, 0], axes),
            Padding::Zeros(each) => on_both_sides(&each.named("padding", axes)?)?,
            Padding::Same if stride.iter().all(|&stride| stride == 1) => {
                let around = |(&taps, &dilation): (&usize, &usize)| {
                    let more = isize::try_from(taps.saturating_sub(1).checked_mul(dilation)?).ok()?;
                    Some([more / 2, more - more / 2])
                };
                let found: Option<_> = kernel.iter().zip(&dilation).map(around).collect();
                found.ok_or_else(|| {
                    let dilation = dilation.as_slice();
                    format!("too far reaches a kernel of {kernel:?} with dilation {dilation:?}")
                })?
            }
            Padding::Same => {
                return Err(format!("padding to the same size needs stride 1, not {:?}", stride.as_slice()));
            }
        };
        Ok(Layout { sliding: Sliding { stride, dilation, padding }, groups: self.groups })
    }
}

impl ConvTransposeOptions {
    /// The layout of the convolution back, and the sizes of the result, for x of these places.
    fn layout(&self, places: &[usize], kernel: &[usize]) -> Result<(Layout, SmallVec<[usize; 3]>), String> {
        let axes = kernel.len();
        let (stride, dilation) = (self.stride.named("stride", axes)?, self.dilation.named("dilation", axes)?);
        let mut padding = on_both_sides(&self.padding.named("padding", axes)?)?;
        let more = self.output_padding.named("output padding", axes)?;
        let mut size = SmallVec::new();
        for axis in 0..axes {
            if more[axis] >= stride[axis].max(dilation[axis]) {
                let (more, stride, dilation) = (more.as_slice(), stride.as_slice(), dilation.as_slice());
                return Err(format!(
                    "output padding {more:?} is not less than stride {stride:?} or dilation {dilation:?}"
                ));
            }
            let reach = || {
                let steps = places[axis].checked_sub(1)?.checked_mul(stride[axis])?;
                let span = kernel[axis].checked_sub(1)?.checked_mul(dilation[axis])?;
                let whole = isize::try_from(steps.checked_add(span)?.checked_add(1 + more[axis])?).ok()?;
                let left = whole.checked_sub(padding[axis][0].checked_mul(2)?)?;
                usize::try_from(left).ok().filter(|&left| left > 0)
            };
            size.push(
                reach().ok_or_else(|| format!("nothing is left of {places:?} for a kernel of {kernel:?}"))?,
            );
            // So many places as x has, and no more.
            padding[axis][1] -= more[axis] as isize;
        }
        Ok((Layout { sliding: Sliding { stride, dilation, padding }, groups: self.groups }, size))
    }
}

#[track_caller]
fn conv<I: Interp>(
    name: &'static str,
    axes: usize,
    x: &Value<I>,
    w: &Value<I>,
    bias: Option<&Value<I>>,
    options: &ConvOptions,
) -> Value<I> {
    let (batch, alone) = batched(name, axes, x);
    let layout = valid(name, x.shape(), options.layout(w.shape().get(2..).unwrap_or_default()));
    let y = match bias {
        Some(bias) => Value::apply_as(name, ConvBias(layout), [(&batch).into(), w.into(), bias.into()]),
        None => Value::apply_as(name, Conv(layout), [(&batch).into(), w.into()]),
    };
    if alone { y.squeeze(0) } else { y }
}

#[track_caller]
fn conv_transpose<I: Interp>(
    name: &'static str,
    axes: usize,
    x: &Value<I>,
    w: &Value<I>,
    bias: Option<&Value<I>>,
    options: &ConvTransposeOptions,
) -> Value<I> {
    let (batch, alone) = batched(name, axes, x);
    if w.shape().rank() != axes + 2 {
        panic!(
            "gradtape: {name}: needs [inputs, outputs / groups] and {axes} axes of a kernel, not {}",
            w.shape()
        );
    }
    let (layout, size) = valid(name, x.shape(), options.layout(&batch.shape()[2..], &w.shape()[2..]));
    let mut y = Value::apply_as(name, ConvTranspose { layout, size }, [(&batch).into(), w.into()]);
    if let Some(bias) = bias {
        if bias.shape()[..] != y.shape()[1..2] {
            panic!("gradtape: {name}: a bias of {} for the channels of {}", bias.shape(), y.shape());
        }
        y = y + channels(bias, axes + 2);
    }
    if alone { y.squeeze(0) } else { y }
}

impl<I: Interp> Value<I> {
    /// Convolution over one axis; as [`conv2d`](Self::conv2d), of `[batch, channels, length]`.
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d).
    #[track_caller]
    pub fn conv1d(&self, weight: &Self, bias: Option<&Self>, options: ConvOptions) -> Self {
        conv("conv1d", 1, self, weight, bias, &options)
    }

    /// Convolution (cross-correlation) over two axes: yₚ = b + Σₖ wₖ · x₍ₚ·stride + k·dilation − padding₎, summed
    /// over the channels of the group. x is `[batch, channels, height, width]`, or without a batch; the weight is
    /// `[outputs, channels / groups, height, width]`, the bias `[outputs]`.
    ///
    /// # Panics
    /// When the shapes do not fit each other, the groups do not divide the channels, a stride, dilation or
    /// kernel size is 0, or the kernel does not fit into the padded x.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::{ConvOptions, Padding}};
    /// let image = Tensor::from_fn([1, 1, 3, 4], |i| i as f64);
    /// let edges = Tensor::new(vec![-1.0, 1.0], [1, 1, 1, 2]);
    /// let y = image.conv2d(&edges, None, ConvOptions::default());
    /// assert_eq!(y, Tensor::ones([1, 1, 3, 3]));
    /// let same = ConvOptions { padding: Padding::Same, ..Default::default() };
    /// assert_eq!(image.conv2d(&edges, None, same).shape(), image.shape());
    /// ```
    #[track_caller]
    pub fn conv2d(&self, weight: &Self, bias: Option<&Self>, options: ConvOptions) -> Self {
        conv("conv2d", 2, self, weight, bias, &options)
    }

    /// Convolution over three axes; as [`conv2d`](Self::conv2d), of `[batch, channels, depth, height, width]`.
    ///
    /// # Panics
    /// As [`conv2d`](Self::conv2d).
    #[track_caller]
    pub fn conv3d(&self, weight: &Self, bias: Option<&Self>, options: ConvOptions) -> Self {
        conv("conv3d", 3, self, weight, bias, &options)
    }

    /// Transposed convolution over one axis; as [`conv_transpose2d`](Self::conv_transpose2d).
    ///
    /// # Panics
    /// As [`conv_transpose2d`](Self::conv_transpose2d).
    #[track_caller]
    pub fn conv_transpose1d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: ConvTransposeOptions,
    ) -> Self {
        conv_transpose("conv_transpose1d", 1, self, weight, bias, &options)
    }

    /// Transposed convolution over two axes, the gradient of [`conv2d`](Self::conv2d) in its x: each element is
    /// spread through the kernel. The weight is `[channels, outputs / groups, height, width]`; an axis of size n
    /// becomes (n − 1) · stride − 2 · padding + dilation · (kernel − 1) + output_padding + 1.
    ///
    /// # Panics
    /// When the shapes do not fit each other, the groups do not divide the channels, nothing is left of an axis, a
    /// stride, dilation or kernel size is 0, or an output padding is not less than stride or dilation.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::ConvTransposeOptions};
    /// let x = Tensor::new(vec![1.0, 2.0, 3.0, 4.0], [1, 2, 2]);
    /// let doubled = ConvTransposeOptions { stride: 2.into(), ..Default::default() };
    /// let y = x.conv_transpose2d(&Tensor::ones([1, 1, 2, 2]), None, doubled);
    /// assert_eq!(y.shape().dims(), [1, 4, 4]);
    /// assert_eq!(y.slice()[..8], [1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]);
    /// ```
    #[track_caller]
    pub fn conv_transpose2d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: ConvTransposeOptions,
    ) -> Self {
        conv_transpose("conv_transpose2d", 2, self, weight, bias, &options)
    }

    /// Transposed convolution over three axes; as [`conv_transpose2d`](Self::conv_transpose2d).
    ///
    /// # Panics
    /// As [`conv_transpose2d`](Self::conv_transpose2d).
    #[track_caller]
    pub fn conv_transpose3d(
        &self,
        weight: &Self,
        bias: Option<&Self>,
        options: ConvTransposeOptions,
    ) -> Self {
        conv_transpose("conv_transpose3d", 3, self, weight, bias, &options)
    }
}

type Operands = Vec<crate::Tensor<f64>>;

/// Options over so many axes, x with or without a batch, a weight, and a bias or none.
#[inline]
fn sampled_conv(g: &mut Gen, axes: usize) -> (ConvOptions, Operands) {
    let mut options = ConvOptions {
        stride: sampled_per_axis(g, axes, 1, 3),
        dilation: sampled_per_axis(g, axes, 1, 2),
        groups: g.int(1, 2),
        padding: Padding::Valid,
    };
    match g.int(0, 2) {
        0 => (options.padding, options.stride) = (Padding::Same, 1.into()),
        1 => options.padding = Padding::Zeros(sampled_per_axis(g, axes, 0, 2)),
        _ => {}
    }
    let dilation = options.dilation.of(axes).expect("drawn for these axes");
    let (inputs, outputs) = (g.int(1, 2), g.int(1, 2) * options.groups);
    let (mut x, mut w) = (vec![inputs * options.groups], vec![outputs, inputs]);
    for dilation in dilation {
        let taps = g.int(1, if axes == 3 { 2 } else { 4 });
        w.push(taps);
        x.push((taps - 1) * dilation + 1 + g.int(0, 3 - axes.min(2)));
    }
    if g.bool() {
        x.insert(0, g.int(0, 2));
    }
    (options, operands(g, &x, &w, outputs))
}

#[inline]
fn sampled_conv_transpose(g: &mut Gen, axes: usize) -> (ConvTransposeOptions, Operands) {
    let mut options = ConvTransposeOptions {
        stride: sampled_per_axis(g, axes, 1, 3),
        dilation: sampled_per_axis(g, axes, 1, 2),
        groups: g.int(1, 2),
        ..Default::default()
    };
    let of = |each: &PerAxis| each.of(axes).expect("drawn for these axes");
    let (stride, dilation) = (of(&options.stride), of(&options.dilation));
    let (inputs, outputs) = (g.int(1, 2), g.int(1, 2));
    let (mut x, mut w) = (vec![inputs * options.groups], vec![inputs * options.groups, outputs]);
    let (mut padding, mut more) = (Vec::new(), Vec::new());
    for axis in 0..axes {
        let (taps, places) =
            (g.int(1, if axes == 3 { 2 } else { 3 }), g.int(1, if axes == 1 { 4 } else { 2 }));
        more.push(g.int(0, stride[axis].max(dilation[axis]) - 1));
        let whole = (places - 1) * stride[axis] + (taps - 1) * dilation[axis] + 1 + more[axis];
        padding.push(g.int(0, 2.min((whole - 1) / 2)));
        x.push(places);
        w.push(taps);
    }
    (options.padding, options.output_padding) = (PerAxis::from(&padding[..]), PerAxis::from(&more[..]));
    if g.bool() {
        x.insert(0, g.int(0, 2));
    }
    (options.clone(), operands(g, &x, &w, outputs * options.groups))
}

fn operands(g: &mut Gen, x: &[usize], w: &[usize], outputs: usize) -> Operands {
    let mut operands: Operands = [x, w].map(|dims| g.values(&Shape::from(dims), -2.0..2.0)).into();
    if g.bool() {
        operands.push(g.values(&Shape::from([outputs]), -2.0..2.0));
    }
    operands
}

composition!(
    Conv1d(ConvOptions),
    "conv1d",
    |options, x| vec![x[0].conv1d(&x[1], x.get(2), options.clone())],
    |g| sampled_conv(g, 1)
);
composition!(
    Conv2d(ConvOptions),
    "conv2d",
    |options, x| vec![x[0].conv2d(&x[1], x.get(2), options.clone())],
    |g| sampled_conv(g, 2)
);
composition!(
    Conv3d(ConvOptions),
    "conv3d",
    |options, x| vec![x[0].conv3d(&x[1], x.get(2), options.clone())],
    |g| sampled_conv(g, 3)
);
composition!(
    ConvTranspose1d(ConvTransposeOptions),
    "conv_transpose1d",
    |options, x| vec![x[0].conv_transpose1d(&x[1], x.get(2), options.clone())],
    |g| sampled_conv_transpose(g, 1)
);
composition!(
    ConvTranspose2d(ConvTransposeOptions),
    "conv_transpose2d",
    |options, x| vec![x[0].conv_transpose2d(&x[1], x.get(2), options.clone())],
    |g| sampled_conv_transpose(g, 2)
);
composition!(
    ConvTranspose3d(ConvTransposeOptions),
    "conv_transpose3d",
    |options, x| vec![x[0].conv_transpose3d(&x[1], x.get(2), options.clone())],
    |g| sampled_conv_transpose(g, 3)
);
