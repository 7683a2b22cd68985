//! Pooling by the greatest of each window.

use super::{
    flat, sampled_image,
    window::{Windows, adaptive, sliding},
};
use crate::{
    Shape, Tensor,
    gradcheck::Gen,
    kernels::pool::{Span, greatest},
    ops::{
        Indices, PerAxis,
        spatial::{batched, sampled_per_axis, valid},
    },
    value::{Interp, Value},
};

/// The options of `max_pool1d`, `max_pool2d` and `max_pool3d`.
///
/// ```
/// use gradtape::{Tensor, ops::MaxPoolOptions};
/// let x = Tensor::new(vec![1.0, 3.0, 2.0, 5.0, 4.0], [1, 5]);
/// let overlapping = MaxPoolOptions { stride: Some(1.into()), ..Default::default() };
/// assert_eq!(x.max_pool1d(2, overlapping).slice(), [3.0, 3.0, 5.0, 5.0]);
/// assert_eq!(x.max_pool1d(2, MaxPoolOptions { ceil_mode: true, ..Default::default() }).slice(), [3.0, 5.0, 4.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPoolOptions {
    /// From one window to the next; the size of the kernel, so that windows lie side by side.
    pub stride: Option<PerAxis>,
    /// Elements of −inf on each side, at most half of what a window spans; 0.
    pub padding: PerAxis,
    /// From one element of a window to the next; 1.
    pub dilation: PerAxis,
    /// Whether a window may reach beyond the end, if it starts before it.
    pub ceil_mode: bool,
}

impl Default for MaxPoolOptions {
    fn default() -> Self {
        MaxPoolOptions { stride: None, padding: 0.into(), dilation: 1.into(), ceil_mode: false }
    }
}

impl MaxPoolOptions {
    fn windows(&self, axes: usize, kernel: &PerAxis) -> Result<Windows, String> {
        sliding(axes, kernel, self.stride.as_ref(), &self.padding, &self.dilation, self.ceil_mode)
    }
}

/// The greatest of each window and where it is among the elements of its channel.
#[track_caller]
fn max_pool<I: Interp>(
    name: &str,
    x: &Value<I>,
    windows: Result<Windows, String>,
    axes: usize,
) -> (Value<I>, Indices) {
    let windows = valid(name, x.shape(), windows);
    let (batch, alone) = batched(name, axes, x);
    let shape = batch.shape();
    // Axes of size 1 in front make three of them.
    let (mut sizes, mut dims) = ([1; 3], shape[..2].to_vec());
    let mut spans: [Vec<Span>; 3] = [(); 3].map(|()| vec![Span { first: 0, count: 1, step: 1 }]);
    for (axis, window) in windows.iter().enumerate() {
        let (to, size) = (3 - axes + axis, shape[axis + 2]);
        let places = valid(name, x.shape(), window.places(size));
        sizes[to] = size;
        spans[to] = places.iter().map(|place| place.span).collect();
        dims.push(places.len());
    }
    let out = Shape::from(&dims[..]);
    let spans = [0, 1, 2].map(|axis| &spans[axis][..]);
    let indices =
        Indices::filled(flat(&out, 2), |places| greatest(batch.tensor().slice(), sizes, spans, places));
    let y = batch.reshape(flat(shape, 2)).take_along_axis(-1, &indices).reshape(&out);
    if alone {
        let y = y.squeeze(0);
        let shape = y.shape().clone();
        return (y, indices.reshaped(shape));
    }
    (y, indices.reshaped(out))
}

impl<I: Interp> Value<I> {
    /// The greatest of each window over one axis; as [`max_pool2d`](Self::max_pool2d).
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool1d(&self, kernel: impl Into<PerAxis>, options: MaxPoolOptions) -> Self {
        max_pool("max_pool1d", self, options.windows(1, &kernel.into()), 1).0
    }

    /// The greatest of each window over the last two axes. The gradient goes to it: to the first of equals, to the
    /// first NaN if any, and from several windows it adds up.
    ///
    /// ```
    /// use gradtape::{Tape, Tensor};
    /// let tape = Tape::new();
    /// let x = tape.var(Tensor::from_fn([1, 4, 4], |i| (i % 5) as f64));
    /// let y = x.max_pool2d(2, Default::default());
    /// assert_eq!(y.tensor().slice(), [4.0, 3.0, 4.0, 4.0]);
    /// assert_eq!(y.sum().backward().wrt(&x).slice()[..8], [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// When x is not `[batch, channels]` or `[channels]` and two axes, a size or step is 0, there is more padding
    /// than half a window, or a window sees no element.
    #[track_caller]
    pub fn max_pool2d(&self, kernel: impl Into<PerAxis>, options: MaxPoolOptions) -> Self {
        max_pool("max_pool2d", self, options.windows(2, &kernel.into()), 2).0
    }

    /// The greatest of each window over the last three axes; as [`max_pool2d`](Self::max_pool2d).
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool3d(&self, kernel: impl Into<PerAxis>, options: MaxPoolOptions) -> Self {
        max_pool("max_pool3d", self, options.windows(3, &kernel.into()), 3).0
    }

    /// [`max_pool1d`](Self::max_pool1d), and where in its channel each result was.
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool1d_with_indices(
        &self,
        kernel: impl Into<PerAxis>,
        options: MaxPoolOptions,
    ) -> (Self, Indices) {
        max_pool("max_pool1d", self, options.windows(1, &kernel.into()), 1)
    }

    /// [`max_pool2d`](Self::max_pool2d), and where among the elements of its channel, in row-major order, each result
    /// was.
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool2d_with_indices(
        &self,
        kernel: impl Into<PerAxis>,
        options: MaxPoolOptions,
    ) -> (Self, Indices) {
        max_pool("max_pool2d", self, options.windows(2, &kernel.into()), 2)
    }

    /// [`max_pool3d`](Self::max_pool3d), and where among the elements of its channel, in row-major order, each result
    /// was.
    ///
    /// # Panics
    /// As [`max_pool2d`](Self::max_pool2d).
    #[track_caller]
    pub fn max_pool3d_with_indices(
        &self,
        kernel: impl Into<PerAxis>,
        options: MaxPoolOptions,
    ) -> (Self, Indices) {
        max_pool("max_pool3d", self, options.windows(3, &kernel.into()), 3)
    }

    /// The greatest of so many windows that cover one axis evenly, and where it was; as
    /// [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    ///
    /// # Panics
    /// As [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    #[track_caller]
    pub fn adaptive_max_pool1d(&self, output_size: impl Into<PerAxis>) -> (Self, Indices) {
        max_pool("adaptive_max_pool1d", self, adaptive(1, &output_size.into()), 1)
    }

    /// The greatest of each of so many windows that cover the last two axes evenly, and where among the elements of its
    /// channel it was: window o of n reaches from ⌊o·size/n⌋ to ⌈(o+1)·size/n⌉.
    ///
    /// # Panics
    /// When x is not `[batch, channels]` or `[channels]` and two axes, or has no elements along one.
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, output_size: impl Into<PerAxis>) -> (Self, Indices) {
        max_pool("adaptive_max_pool2d", self, adaptive(2, &output_size.into()), 2)
    }

    /// The greatest of so many windows that cover the last three axes evenly, and where it was; as
    /// [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    ///
    /// # Panics
    /// As [`adaptive_max_pool2d`](Self::adaptive_max_pool2d).
    #[track_caller]
    pub fn adaptive_max_pool3d(&self, output_size: impl Into<PerAxis>) -> (Self, Indices) {
        max_pool("adaptive_max_pool3d", self, adaptive(3, &output_size.into()), 3)
    }

    /// The greatest of each channel of `[batch, channels, sizes..]` over all its spatial axes, which go; the
    /// gradient goes to the first of equals.
    ///
    /// # Panics
    /// When there are fewer than two axes, or a channel has no elements.
    #[track_caller]
    pub fn global_max_pool(&self) -> Self {
        let shape = self.shape();
        assert!(
            shape.rank() >= 2,
            "gradtape: global_max_pool: needs [batch, channels, sizes..], not {shape}"
        );
        max_pool("global_max_pool", &self.reshape(flat(shape, 2)), adaptive(1, &1.into()), 1).0.squeeze(-1)
    }
}

/// A kernel, options that go with it, and an image on which every window sees something.
#[inline]
fn sampled_max(g: &mut Gen, axes: usize) -> ((PerAxis, MaxPoolOptions), Vec<Tensor<f64>>) {
    let most = if axes == 3 { 2 } else { 3 };
    let kernel: Vec<usize> = (0..axes).map(|_| g.int(1, most)).collect();
    let dilation: Vec<usize> = (0..axes).map(|_| g.int(1, 2)).collect();
    let span = |axis: usize| (kernel[axis] - 1) * dilation[axis] + 1;
    let padding: Vec<usize> = (0..axes).map(|axis| g.int(0, span(axis) / 2)).collect();
    let options = MaxPoolOptions {
        stride: g.bool().then(|| sampled_per_axis(g, axes, 1, 3)),
        padding: PerAxis::from(&padding[..]),
        dilation: PerAxis::from(&dilation[..]),
        ceil_mode: g.bool(),
    };
    let shape = sampled_image(g, &(0..axes).map(span).collect::<Vec<_>>());
    ((PerAxis::from(&kernel[..]), options), vec![g.distinct(&shape)])
}

#[inline]
fn sampled_adaptive(g: &mut Gen, axes: usize) -> (PerAxis, Vec<Tensor<f64>>) {
    let places = sampled_per_axis(g, axes, 0, 4);
    let shape = sampled_image(g, &vec![1; axes]);
    (places, vec![g.distinct(&shape)])
}

composition!(
    MaxPool1d((PerAxis, MaxPoolOptions)),
    "max_pool1d",
    |(kernel, options), x| vec![x[0].max_pool1d(kernel.clone(), options.clone())],
    |g| sampled_max(g, 1)
);
composition!(
    MaxPool2d((PerAxis, MaxPoolOptions)),
    "max_pool2d",
    |(kernel, options), x| vec![x[0].max_pool2d(kernel.clone(), options.clone())],
    |g| sampled_max(g, 2)
);
composition!(
    MaxPool3d((PerAxis, MaxPoolOptions)),
    "max_pool3d",
    |(kernel, options), x| vec![x[0].max_pool3d(kernel.clone(), options.clone())],
    |g| sampled_max(g, 3)
);
composition!(
    AdaptiveMaxPool1d(PerAxis),
    "adaptive_max_pool1d",
    |places, x| vec![x[0].adaptive_max_pool1d(places.clone()).0],
    |g| sampled_adaptive(g, 1)
);
composition!(
    AdaptiveMaxPool2d(PerAxis),
    "adaptive_max_pool2d",
    |places, x| vec![x[0].adaptive_max_pool2d(places.clone()).0],
    |g| sampled_adaptive(g, 2)
);
composition!(
    AdaptiveMaxPool3d(PerAxis),
    "adaptive_max_pool3d",
    |places, x| vec![x[0].adaptive_max_pool3d(places.clone()).0],
    |g| sampled_adaptive(g, 3)
);
composition!(GlobalMaxPool(()), "global_max_pool", |(), x| vec![x[0].global_max_pool()], |g| {
    let shape = g.shape_of_rank(2, 4);
    let shape = g.nonempty(shape);
    ((), vec![g.distinct(&shape)])
});
