//! Pooling by the mean of each window.

use super::{
    sampled_image,
    window::{Place, Windows, adaptive, sliding, sums},
};
use crate::{
    Tensor,
    gradcheck::Gen,
    ops::{
        PerAxis,
        spatial::{batched, sampled_per_axis, valid},
    },
    value::{Interp, Value},
};

/// The options of `avg_pool1d`, `avg_pool2d` and `avg_pool3d`.
///
/// ```
/// use gradtape::{Tensor, ops::AvgPoolOptions};
/// let x = Tensor::new(vec![2.0, 4.0, 6.0], [1, 3]);
/// let padded = AvgPoolOptions { padding: 1.into(), ..Default::default() };
/// assert_eq!(x.avg_pool1d(2, padded.clone()).slice(), [1.0, 5.0]);
/// let counted = AvgPoolOptions { count_include_pad: false, ..padded };
/// assert_eq!(x.avg_pool1d(2, counted).slice(), [2.0, 5.0]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvgPoolOptions {
    /// From one window to the next; the size of the kernel, so that windows lie side by side.
    pub stride: Option<PerAxis>,
    /// Zeros on each side, at most half of a window; 0.
    pub padding: PerAxis,
    /// Whether a window may reach beyond the end, if it starts before it. What lies there is not counted.
    pub ceil_mode: bool,
    /// Whether the zeros of the padding are counted as elements; they are.
    pub count_include_pad: bool,
    /// What each sum is divided by, in place of the number of elements.
    pub divisor_override: Option<usize>,
}

impl Default for AvgPoolOptions {
    fn default() -> Self {
        AvgPoolOptions {
            stride: None,
            padding: 0.into(),
            ceil_mode: false,
            count_include_pad: true,
            divisor_override: None,
        }
    }
}

impl AvgPoolOptions {
    fn windows(&self, axes: usize, kernel: &PerAxis) -> Result<Windows, String> {
        if self.divisor_override == Some(0) {
            return Err("a divisor of 0".into());
        }
        sliding(axes, kernel, self.stride.as_ref(), &self.padding, &1.into(), self.ceil_mode)
    }

    fn divisor(&self) -> impl Fn(&Place) -> usize {
        let padded = self.count_include_pad;
        move |place| if padded { place.padded } else { place.span.count }
    }
}

/// The sum of each window, divided by the product over its axes of what `count` makes of its places.
#[track_caller]
pub(super) fn avg_pool<I: Interp>(
    name: &str,
    x: &Value<I>,
    axes: usize,
    windows: Result<Windows, String>,
    count: impl Fn(&Place) -> usize,
    divisor: Option<usize>,
) -> Value<I> {
    let windows = valid(name, x.shape(), windows);
    let (mut y, alone) = batched(name, axes, x);
    let mut divisors = Tensor::<f64>::scalar(divisor.unwrap_or(1) as f64);
    for (axis, window) in windows.iter().enumerate() {
        let size = y.shape()[axis + 2];
        let places = valid(name, x.shape(), window.places(size));
        y = y.resample(axis as isize + 2, sums(size, &places));
        if divisor.is_none() {
            let counts = Tensor::from_fn([places.len()], |i| count(&places[i]) as f64);
            divisors = divisors.unsqueeze(-1) * counts;
        }
    }
    let first = divisors.slice().first().copied().unwrap_or(1.0);
    y = match divisors.slice().iter().all(|&divisor| divisor == first) {
        true => y / first,
        false => &y / &y.lift(divisors.cast()),
    };
    if alone { y.squeeze(0) } else { y }
}

#[track_caller]
fn adaptive_avg_pool<I: Interp>(name: &str, x: &Value<I>, axes: usize, places: &PerAxis) -> Value<I> {
    avg_pool(name, x, axes, adaptive(axes, places), |place| place.span.count, None)
}

impl<I: Interp> Value<I> {
    /// The mean of each window over one axis; as [`avg_pool2d`](Self::avg_pool2d).
    ///
    /// # Panics
    /// As [`avg_pool2d`](Self::avg_pool2d).
    #[track_caller]
    pub fn avg_pool1d(&self, kernel: impl Into<PerAxis>, options: AvgPoolOptions) -> Self {
        let windows = options.windows(1, &kernel.into());
        avg_pool("avg_pool1d", self, 1, windows, options.divisor(), options.divisor_override)
    }

    /// The mean of each window over the last two axes.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from_fn([1, 2, 4], |i| i as f64);
    /// assert_eq!(x.avg_pool2d(2, Default::default()).slice(), [2.5, 4.5]);
    /// ```
    ///
    /// # Panics
    /// When x is not `[batch, channels]` or `[channels]` and two axes, a size, step or divisor is 0, there is more
    /// padding than half a window, or a window sees no element.
    #[track_caller]
    pub fn avg_pool2d(&self, kernel: impl Into<PerAxis>, options: AvgPoolOptions) -> Self {
        let windows = options.windows(2, &kernel.into());
        avg_pool("avg_pool2d", self, 2, windows, options.divisor(), options.divisor_override)
    }

    /// The mean of each window over the last three axes; as [`avg_pool2d`](Self::avg_pool2d).
    ///
    /// # Panics
    /// As [`avg_pool2d`](Self::avg_pool2d).
    #[track_caller]
    pub fn avg_pool3d(&self, kernel: impl Into<PerAxis>, options: AvgPoolOptions) -> Self {
        let windows = options.windows(3, &kernel.into());
        avg_pool("avg_pool3d", self, 3, windows, options.divisor(), options.divisor_override)
    }

    /// The mean of so many windows that cover one axis evenly; as
    /// [`adaptive_avg_pool2d`](Self::adaptive_avg_pool2d).
    ///
    /// # Panics
    /// As [`adaptive_avg_pool2d`](Self::adaptive_avg_pool2d).
    #[track_caller]
    pub fn adaptive_avg_pool1d(&self, output_size: impl Into<PerAxis>) -> Self {
        adaptive_avg_pool("adaptive_avg_pool1d", self, 1, &output_size.into())
    }

    /// The mean of each of so many windows that cover the last two axes evenly: window o of n reaches from
    /// ⌊o·size/n⌋ to ⌈(o+1)·size/n⌉.
    ///
    /// # Panics
    /// When x is not `[batch, channels]` or `[channels]` and two axes, or has no elements along one.
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, output_size: impl Into<PerAxis>) -> Self {
        adaptive_avg_pool("adaptive_avg_pool2d", self, 2, &output_size.into())
    }

    /// The mean of so many windows that cover the last three axes evenly; as
    /// [`adaptive_avg_pool2d`](Self::adaptive_avg_pool2d).
    ///
    /// # Panics
    /// As [`adaptive_avg_pool2d`](Self::adaptive_avg_pool2d).
    #[track_caller]
    pub fn adaptive_avg_pool3d(&self, output_size: impl Into<PerAxis>) -> Self {
        adaptive_avg_pool("adaptive_avg_pool3d", self, 3, &output_size.into())
    }

    /// The mean of each channel of `[batch, channels, sizes..]` over all its spatial axes, which go.
    ///
    /// # Panics
    /// When there are fewer than two axes.
    #[track_caller]
    pub fn global_avg_pool(&self) -> Self {
        let rank = self.shape().rank();
        assert!(
            rank >= 2,
            "gradtape: global_avg_pool: needs [batch, channels, sizes..], not {}",
            self.shape()
        );
        self.mean_axes(&(2..rank as isize).collect::<Vec<_>>()[..], false)
    }
}

#[inline]
fn sampled(g: &mut Gen, axes: usize) -> ((PerAxis, AvgPoolOptions), Vec<Tensor<f64>>) {
    let kernel: Vec<usize> = (0..axes).map(|_| g.int(1, if axes == 3 { 2 } else { 3 })).collect();
    let padding: Vec<usize> = kernel.iter().map(|&kernel| g.int(0, kernel / 2)).collect();
    let options = AvgPoolOptions {
        stride: g.bool().then(|| sampled_per_axis(g, axes, 1, 3)),
        padding: PerAxis::from(&padding[..]),
        ceil_mode: g.bool(),
        count_include_pad: g.bool(),
        divisor_override: g.chance(4).then(|| g.int(1, 7)),
    };
    let shape = sampled_image(g, &kernel);
    ((PerAxis::from(&kernel[..]), options), vec![g.values(&shape, -3.0..3.0)])
}

#[inline]
fn sampled_adaptive(g: &mut Gen, axes: usize) -> (PerAxis, Vec<Tensor<f64>>) {
    let places = sampled_per_axis(g, axes, 0, 4);
    let shape = sampled_image(g, &vec![1; axes]);
    (places, vec![g.values(&shape, -3.0..3.0)])
}

composition!(
    AvgPool1d((PerAxis, AvgPoolOptions)),
    "avg_pool1d",
    |(kernel, options), x| vec![x[0].avg_pool1d(kernel.clone(), options.clone())],
    |g| sampled(g, 1)
);
composition!(
    AvgPool2d((PerAxis, AvgPoolOptions)),
    "avg_pool2d",
    |(kernel, options), x| vec![x[0].avg_pool2d(kernel.clone(), options.clone())],
    |g| sampled(g, 2)
);
composition!(
    AvgPool3d((PerAxis, AvgPoolOptions)),
    "avg_pool3d",
    |(kernel, options), x| vec![x[0].avg_pool3d(kernel.clone(), options.clone())],
    |g| sampled(g, 3)
);
composition!(
    AdaptiveAvgPool1d(PerAxis),
    "adaptive_avg_pool1d",
    |places, x| vec![x[0].adaptive_avg_pool1d(places.clone())],
    |g| sampled_adaptive(g, 1)
);
composition!(
    AdaptiveAvgPool2d(PerAxis),
    "adaptive_avg_pool2d",
    |places, x| vec![x[0].adaptive_avg_pool2d(places.clone())],
    |g| sampled_adaptive(g, 2)
);
composition!(
    AdaptiveAvgPool3d(PerAxis),
    "adaptive_avg_pool3d",
    |places, x| vec![x[0].adaptive_avg_pool3d(places.clone())],
    |g| sampled_adaptive(g, 3)
);
composition!(GlobalAvgPool(()), "global_avg_pool", |(), x| vec![x[0].global_avg_pool()], |g| {
    let shape = g.shape_of_rank(2, 4);
    let shape = g.nonempty(shape);
    ((), vec![g.values(&shape, -3.0..3.0)])
});
