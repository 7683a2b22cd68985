//! Convolution and its two gradients.
//!
//! All three are contractions of one sum over x, w and y:
//!
//! Σ y[b, o, p] · w[o, c, k] · x[b, c, p · stride + k · dilation − padding]
//!
//! so each op's gradients are the two others, to any order (Dumoulin and Visin: A guide to convolution
//! arithmetic for deep learning, 2016).

use super::Sliding;
use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::{conv, window::Slides},
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::SmallVec;

/// How a convolution is laid out, for any number of spatial axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// How the kernel slides.
    pub sliding: Sliding,
    /// The channels of x and of y are divided into as many groups, each of which sees only its own.
    pub groups: usize,
}

/// y[b, o, p] = Σ w[o, c, k] · x[b, c, p · stride + k · dilation − padding]: x is
/// `[batch, channels, sizes..]`, w `[outputs, channels / groups, kernel..]`.
#[derive(Clone, Debug)]
pub struct Conv(pub Layout);

/// x[b, c, s] = Σ w[o, c, k] · y[b, o, p] over s = p · stride + k · dilation − padding: y is
/// `[batch, outputs, places..]`, w `[outputs, channels / groups, kernel..]`. The gradient of [`Conv`]
/// in x, known as transposed convolution.
#[derive(Clone, Debug)]
pub struct ConvTranspose {
    /// That of the convolution whose adjoint this is.
    pub layout: Layout,
    /// The spatial sizes of the result, of which several can have the same places.
    pub size: SmallVec<[usize; 3]>,
}

/// w[o, c, k] = Σ y[b, o, p] · x[b, c, p · stride + k · dilation − padding]: x is
/// `[batch, channels, sizes..]`, y `[batch, outputs, places..]`. The gradient of [`Conv`] in w.
#[derive(Clone, Debug)]
pub struct ConvWeight {
    /// That of the convolution.
    pub layout: Layout,
    /// The spatial sizes of the result.
    pub kernel: SmallVec<[usize; 3]>,
}

/// [`Conv`] plus a bias for each output channel, in one op: x, w and b `[outputs]`.
#[derive(Clone, Debug)]
pub struct ConvBias(pub Layout);

impl Layout {
    /// The batch, channels and outputs for `groups`, or what is wrong with them.
    fn check(&self, op: &'static str, channels: usize, w: &Shape, of: &Shape) -> Result<(), OpError> {
        let groups = self.groups;
        if groups == 0 {
            return Err(OpError::new(op, format!("0 groups for {of} and {w}")));
        }
        if !w[0].is_multiple_of(groups) {
            let why = format!("{groups} groups do not divide the {} outputs of {w}", w[0]);
            return Err(OpError::new(op, why));
        }
        if w[1].checked_mul(groups) != Some(channels) {
            let why = format!("{channels} channels of {of} for {groups} groups of {} in {w}", w[1]);
            return Err(OpError::new(op, why));
        }
        Ok(())
    }

    /// Checked for x and w: the shape of y.
    fn forward(&self, op: &'static str, x: &Shape, w: &Shape) -> Result<Shape, OpError> {
        if x.rank() < 3 || w.rank() != x.rank() {
            let why = format!(
                "needs [batch, channels, sizes..] and [outputs, channels, kernel..], not {x} and {w}"
            );
            return Err(OpError::new(op, why));
        }
        self.check(op, x[1], w, x)?;
        let slides = self.sliding.over(op, &x[2..], &w[2..])?;
        joined(op, x[0], w[0], slides.iter().map(|slide| slide.places))
    }

    fn kernel(&self, x: &Shape, w: &Shape) -> conv::Conv {
        let slides: Slides = self.sliding.over("conv", &x[2..], &w[2..]).expect("shape has checked them");
        conv::Conv { images: x[0], groups: self.groups, inputs: w[1], outputs: w[0] / self.groups, slides }
    }

    fn conv<I: Interp>(&self, x: &Value<I>, w: &Value<I>) -> Value<I> {
        Value::apply(Conv(self.clone()), [x.into(), w.into()])
    }

    fn transpose<I: Interp>(&self, size: &[usize], y: &Value<I>, w: &Value<I>) -> Value<I> {
        let op = ConvTranspose { layout: self.clone(), size: SmallVec::from_slice(size) };
        Value::apply(op, [y.into(), w.into()])
    }

    fn weight<I: Interp>(&self, kernel: &[usize], x: &Value<I>, y: &Value<I>) -> Value<I> {
        let op = ConvWeight { layout: self.clone(), kernel: SmallVec::from_slice(kernel) };
        Value::apply(op, [x.into(), y.into()])
    }
}

/// A batch, channels and spatial sizes.
fn joined(
    op: &'static str,
    batch: usize,
    channels: usize,
    sizes: impl Iterator<Item = usize>,
) -> Result<Shape, OpError> {
    let dims: SmallVec<[usize; 5]> = [batch, channels].into_iter().chain(sizes).collect();
    Shape::try_new(&dims).map_err(|why| OpError::new(op, why))
}

/// Zeros where one of the operands has no elements, else what the kernel makes of them.
fn contracted<F: Float>(
    a: &Tensor<F>,
    b: &Tensor<F>,
    out: Shape,
    kernel: impl FnOnce(&[F], &[F], &mut [F]),
) -> Tensor<F> {
    if out.size() == 0 || a.shape().size() == 0 || b.shape().size() == 0 {
        return Tensor::zeros(out);
    }
    Tensor::filled(out, |out| kernel(a.slice(), b.slice(), out))
}

impl Op for Conv {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "conv";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [x, w]: [&Shape; 2]) -> Result<Shape, OpError> {
        self.0.forward(Self::NAME, x, w)
    }

    fn eval<F: Float>(&self, [x, w]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let kernel = self.0.kernel(x.shape(), w.shape());
        Ok(contracted(&x, &w, out, |x, w, y| conv::forward(&kernel, x, w, None, y)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (x, w) = (s.x::<0>(), s.x::<1>());
        [
            want[0].then(|| self.0.transpose(&x.shape()[2..], &dy, w)),
            want[1].then(|| self.0.weight(&w.shape()[2..], x, &dy)),
        ]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [dx, dw]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        add_tangents(dx.map(|dx| self.0.conv(dx, s.x::<1>())), dw.map(|dw| self.0.conv(s.x::<0>(), dw)))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (layout, [x, w, _]) = sampled(g);
        Sample::new(Conv(layout), [g.values(&x, -2.0..2.0), g.values(&w, -2.0..2.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        forward_rejects(|layout, x, w, says| Reject::new(Conv(layout), [x, w], says))
    }
}

impl Op for ConvTranspose {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "conv_transpose";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [y, w]: [&Shape; 2]) -> Result<Shape, OpError> {
        let refuse = |why: String| Err(OpError::new(Self::NAME, why));
        if y.rank() < 3 || w.rank() != y.rank() || y[1] != w[0] {
            let why = "needs [batch, outputs, places..] and [outputs, channels, kernel..], not";
            return refuse(format!("{why} {y} and {w}"));
        }
        let channels = w[1].saturating_mul(self.layout.groups);
        self.layout.check(Self::NAME, channels, w, y)?;
        let slides = self.layout.sliding.over(Self::NAME, &self.size, &w[2..])?;
        let places: SmallVec<[usize; 3]> = slides.iter().map(|slide| slide.places).collect();
        if places[..] != y[2..] {
            let size = self.size.as_slice();
            return refuse(format!("a kernel of {w} has {places:?} places over {size:?}, not those of {y}"));
        }
        joined(Self::NAME, y[0], channels, self.size.iter().copied())
    }

    fn eval<F: Float>(&self, [y, w]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let kernel = self.layout.kernel(&out, w.shape());
        Ok(contracted(&y, &w, out, |y, w, x| conv::transposed(&kernel, y, w, x)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (y, w) = (s.x::<0>(), s.x::<1>());
        [
            want[0].then(|| self.layout.conv(&dx, w)),
            want[1].then(|| self.layout.weight(&w.shape()[2..], &dx, y)),
        ]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [dy, dw]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        add_tangents(
            dy.map(|dy| self.layout.transpose(&self.size, dy, s.x::<1>())),
            dw.map(|dw| self.layout.transpose(&self.size, s.x::<0>(), dw)),
        )
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (layout, [x, w, y]) = sampled(g);
        let size = SmallVec::from_slice(&x[2..]);
        let op = ConvTranspose { layout, size };
        Sample::new(op, [g.values(&y, -2.0..2.0), g.values(&w, -2.0..2.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |size: &[usize], groups, y: &[usize], w: &[usize], says| {
            let layout = Layout { groups, ..plain(size.len()) };
            let op = ConvTranspose { layout, size: size.into() };
            Reject::new(op, [Shape::from(y), Shape::from(w)], says)
        };
        vec![
            bad(&[5], 1, &[1, 2, 3], &[4, 2, 3], "not [1, 2, 3] and [4, 2, 3]"),
            bad(&[5], 1, &[2, 3], &[2, 3], "not [2, 3] and [2, 3]"),
            bad(&[6], 1, &[1, 2, 3], &[2, 4, 3], "a kernel of [2, 4, 3] has [4] places over [6], not those"),
            bad(&[5], 2, &[1, 3, 3], &[3, 4, 3], "2 groups do not divide the 3 outputs of [3, 4, 3]"),
            bad(&[5], 0, &[1, 3, 3], &[3, 4, 3], "0 groups for [1, 3, 3] and [3, 4, 3]"),
            bad(&[2], 1, &[1, 2, 1], &[2, 4, 3], "a kernel of [3] with dilation [1] does not fit [2]"),
        ]
    }
}

impl Op for ConvWeight {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "conv_weight";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [x, y]: [&Shape; 2]) -> Result<Shape, OpError> {
        let refuse = |why: String| Err(OpError::new(Self::NAME, why));
        if x.rank() < 3 || y.rank() != x.rank() || x[0] != y[0] {
            let why = "needs [batch, channels, sizes..] and [batch, outputs, places..], not";
            return refuse(format!("{why} {x} and {y}"));
        }
        let groups = self.layout.groups;
        if groups == 0 || !x[1].is_multiple_of(groups) || !y[1].is_multiple_of(groups) {
            return refuse(format!("{groups} groups do not divide the channels of {x} and {y}"));
        }
        let slides = self.layout.sliding.over(Self::NAME, &x[2..], &self.kernel)?;
        let places: SmallVec<[usize; 3]> = slides.iter().map(|slide| slide.places).collect();
        if places[..] != y[2..] {
            let kernel = self.kernel.as_slice();
            return refuse(format!(
                "a kernel of {kernel:?} has {places:?} places over {x}, not those of {y}"
            ));
        }
        joined(Self::NAME, y[1], x[1] / groups, self.kernel.iter().copied())
    }

    fn eval<F: Float>(&self, [x, y]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let kernel = self.layout.kernel(x.shape(), &out);
        Ok(contracted(&x, &y, out, |x, y, w| conv::weight(&kernel, x, y, w)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dw: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (x, y) = (s.x::<0>(), s.x::<1>());
        [
            want[0].then(|| self.layout.transpose(&x.shape()[2..], y, &dw)),
            want[1].then(|| self.layout.conv(x, &dw)),
        ]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [dx, dy]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        add_tangents(
            dx.map(|dx| self.layout.weight(&self.kernel, dx, s.x::<1>())),
            dy.map(|dy| self.layout.weight(&self.kernel, s.x::<0>(), dy)),
        )
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (layout, [x, w, y]) = sampled(g);
        let kernel = SmallVec::from_slice(&w[2..]);
        let op = ConvWeight { layout, kernel };
        Sample::new(op, [g.values(&x, -2.0..2.0), g.values(&y, -2.0..2.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |kernel: &[usize], groups, x: &[usize], y: &[usize], says| {
            let layout = Layout { groups, ..plain(kernel.len()) };
            let op = ConvWeight { layout, kernel: kernel.into() };
            Reject::new(op, [Shape::from(x), Shape::from(y)], says)
        };
        vec![
            bad(&[3], 1, &[1, 2, 5], &[2, 2, 3], "not [1, 2, 5] and [2, 2, 3]"),
            bad(&[3], 1, &[1, 2, 5], &[1, 2, 4], "a kernel of [3] has [3] places over [1, 2, 5], not those"),
            bad(&[3], 2, &[1, 3, 5], &[1, 2, 3], "2 groups do not divide the channels of [1, 3, 5]"),
            bad(&[0], 1, &[1, 2, 5], &[1, 2, 3], "kernel [0] has a 0"),
        ]
    }
}

impl Op for ConvBias {
    type In = Fix<3>;
    type Out = One;
    const NAME: &'static str = "conv_bias";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [x, w, b]: [&Shape; 3]) -> Result<Shape, OpError> {
        let out = self.0.forward(Self::NAME, x, w)?;
        if b[..] != w[..1] {
            return Err(OpError::new(Self::NAME, format!("a bias of {b} for the {} outputs of {w}", w[0])));
        }
        Ok(out)
    }

    fn eval<F: Float>(&self, [x, w, b]: [Arg<'_, Eager<F>>; 3], out: Shape) -> Result<Tensor<F>, OpError> {
        if x.shape().size() == 0 || w.shape().size() == 0 {
            return Ok(channels(&b, out.rank()).expand(out));
        }
        let kernel = self.0.kernel(x.shape(), w.shape());
        Ok(Tensor::filled(out, |y| conv::forward(&kernel, x.slice(), w.slice(), Some(b.slice()), y)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 3]) -> [Option<Value<I>>; 3] {
        let (x, w) = (s.x::<0>(), s.x::<1>());
        let but_channels: Vec<isize> = (0..dy.shape().rank() as isize).filter(|&axis| axis != 1).collect();
        [
            want[0].then(|| self.0.transpose(&x.shape()[2..], &dy, w)),
            want[1].then(|| self.0.weight(&w.shape()[2..], x, &dy)),
            want[2].then(|| dy.sum_axes(&but_channels[..], false)),
        ]
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        [dx, dw, db]: [Option<&Value<I>>; 3],
    ) -> Option<Value<I>> {
        let dy =
            add_tangents(dx.map(|dx| self.0.conv(dx, s.x::<1>())), dw.map(|dw| self.0.conv(s.x::<0>(), dw)));
        add_tangents(dy, db.map(|db| channels(db, s.x_shape(0).rank())))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (layout, [x, w, _]) = sampled(g);
        let b = Shape::from([w[0]]);
        Sample::new(ConvBias(layout), [&x, &w, &b].map(|shape| g.values(shape, -2.0..2.0)))
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let mut rejects = forward_rejects(|layout, x, w, says| {
            let b = Shape::from(&w[..w.rank().min(1)]);
            Reject::new(ConvBias(layout), [x, w, b], says)
        });
        for b in [&[3][..], &[], &[2, 1]] {
            let shapes = [Shape::from([1, 2, 5]), Shape::from([2, 2, 3]), Shape::from(b)];
            rejects.push(Reject::new(ConvBias(plain(1)), shapes, "for the 2 outputs of [2, 2, 3]"));
        }
        rejects
    }
}

/// A vector with an element for each channel, laid out to broadcast against `rank` axes.
pub(super) fn channels<I: Interp>(b: &Value<I>, rank: usize) -> Value<I> {
    let mut dims = vec![1; rank - 1];
    dims[0] = b.shape()[0];
    b.reshape(&dims[..])
}

/// One step at a time, no padding, one group.
fn plain(axes: usize) -> Layout {
    let sliding = Sliding {
        stride: SmallVec::from_elem(1, axes),
        dilation: SmallVec::from_elem(1, axes),
        padding: SmallVec::from_elem([0, 0], axes),
    };
    Layout { sliding, groups: 1 }
}

/// A layout of one to three axes, and shapes of x, w and y for it. Strides leave elements over, windows
/// reach into the padding, groups have several channels or one; sometimes there are no images or channels.
#[inline]
fn sampled(g: &mut Gen) -> (Layout, [Shape; 3]) {
    let axes = g.int(1, 3);
    let (groups, inputs, outputs) = (g.int(1, 3), g.int(1, 2), g.int(1, 2));
    let (batch, inputs) = (if g.chance(12) { 0 } else { g.int(1, 2) }, if g.chance(16) { 0 } else { inputs });
    let (mut x, mut w, mut y) =
        (vec![batch, groups * inputs], vec![groups * outputs, inputs], vec![batch, groups * outputs]);
    let mut layout = Layout { groups, ..plain(axes) };
    for axis in 0..axes {
        let (taps, stride, dilation) = (g.int(1, 3), g.int(1, 3), g.int(1, 2));
        let padding = [g.int(0, 2), g.int(0, 2)];
        let span = (taps - 1) * dilation + 1;
        let extra = g.int(0, if axes == 1 { 6 } else { 2 });
        let size = span.saturating_sub(padding[0] + padding[1]).max(1) + extra;
        layout.sliding.stride[axis] = stride;
        layout.sliding.dilation[axis] = dilation;
        layout.sliding.padding[axis] = padding.map(|n| n as isize);
        x.push(size);
        w.push(taps);
        y.push((size + padding[0] + padding[1] - span) / stride + 1);
    }
    // Sometimes elements are left out instead.
    if g.chance(8) && x[2] > w[2] * 2 + 1 {
        let slide = &mut layout.sliding;
        slide.padding[0] = [-1, 0];
        y[2] = (x[2] - 1 - ((w[2] - 1) * slide.dilation[0] + 1)) / slide.stride[0] + 1;
    }
    (layout, [x, w, y].map(|dims| Shape::from(&dims[..])))
}

/// What no convolution takes.
#[inline]
fn forward_rejects<O>(reject: impl Fn(Layout, Shape, Shape, &'static str) -> Reject<O>) -> Vec<Reject<O>> {
    let bad = |change: &dyn Fn(&mut Layout), x: &[usize], w: &[usize], says| {
        let mut layout = plain(x.len().saturating_sub(2));
        change(&mut layout);
        reject(layout, Shape::from(x), Shape::from(w), says)
    };
    let (x, w) = (&[1, 4, 5][..], &[2, 4, 3][..]);
    vec![
        bad(&|_| (), &[4, 5], &[4, 3], "not [4, 5] and [4, 3]"),
        bad(&|_| (), x, &[2, 4, 3, 3], "not [1, 4, 5] and [2, 4, 3, 3]"),
        bad(&|_| (), x, &[2, 3, 3], "4 channels of [1, 4, 5] for 1 groups of 3 in [2, 3, 3]"),
        bad(&|l| l.groups = 2, x, w, "4 channels of [1, 4, 5] for 2 groups of 4"),
        bad(&|l| l.groups = 2, x, &[3, 2, 3], "2 groups do not divide the 3 outputs of [3, 2, 3]"),
        bad(&|l| l.groups = 0, x, w, "0 groups for [1, 4, 5] and [2, 4, 3]"),
        bad(&|_| (), x, &[2, 4, 6], "a kernel of [6] with dilation [1] does not fit [5] padded by [[0, 0]]"),
        bad(&|l| l.sliding.dilation[0] = 3, x, w, "a kernel of [3] with dilation [3] does not fit"),
        bad(&|l| l.sliding.dilation[0] = usize::MAX, x, w, "does not fit"),
        bad(&|l| l.sliding.dilation[0] = 0, x, w, "dilation [0] has a 0"),
        bad(&|l| l.sliding.stride[0] = 0, x, w, "stride [0] has a 0, over axes of [5]"),
        bad(&|_| (), x, &[2, 4, 0], "kernel [0] has a 0"),
        bad(&|l| l.sliding.stride.push(1), x, w, "over axes of [5]"),
        bad(&|l| l.sliding.padding[0] = [isize::MAX, 1], x, w, "does not fit"),
    ]
}
