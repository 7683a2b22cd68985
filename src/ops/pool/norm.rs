//! Pooling by the p-norm of each window.

use super::{average::avg_pool, sampled_image, window::sliding};
use crate::{
    Tensor,
    gradcheck::Gen,
    ops::{
        PerAxis,
        spatial::{sampled_per_axis, valid},
    },
    value::{Interp, Value},
};

/// The options of `lp_pool1d`, `lp_pool2d` and `lp_pool3d`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LpPoolOptions {
    /// From one window to the next; the size of the kernel, so that windows lie side by side.
    pub stride: Option<PerAxis>,
    /// Whether a window may reach beyond the end, if it starts before it. Its sum is then scaled up, as if it
    /// were whole.
    pub ceil_mode: bool,
}

#[track_caller]
fn lp_pool<I: Interp>(
    name: &str,
    x: &Value<I>,
    axes: usize,
    p: f64,
    kernel: &PerAxis,
    options: &LpPoolOptions,
) -> Value<I> {
    if !(p > 0.0 && p.is_finite()) {
        panic!("gradtape: {name}: a norm of {p}, for {}", x.shape());
    }
    let windows = sliding(axes, kernel, options.stride.as_ref(), &0.into(), &1.into(), options.ceil_mode);
    let means = avg_pool(name, &x.powf(p), axes, windows, |place| place.padded, None);
    let kernel = valid(name, x.shape(), kernel.named("kernel", axes));
    let sums = means * kernel.iter().map(|&size| size as f64).product::<f64>();
    // Guarded within, so that the root's infinite slope at 0 is never met.
    let (zero, one) = (sums.constant(0.0), sums.constant(1.0));
    let flat = sums.equal(&zero);
    flat.select(&zero, &flat.select(&one, &sums).powf(1.0 / p))
}

impl<I: Interp> Value<I> {
    /// The p-norm of each window over one axis; as [`lp_pool2d`](Self::lp_pool2d).
    ///
    /// # Panics
    /// As [`lp_pool2d`](Self::lp_pool2d).
    #[track_caller]
    pub fn lp_pool1d(&self, p: f64, kernel: impl Into<PerAxis>, options: LpPoolOptions) -> Self {
        lp_pool("lp_pool1d", self, 1, p, &kernel.into(), &options)
    }

    /// The p-norm (Σxᵖ)^(1/p) of each window over the last two axes; of a sum of 0, the gradient is 0, or NaN for p
    /// below 1, where that of xᵖ is infinite. x is not made positive: an odd p sums with signs, and a negative sum has no root.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::new(vec![3.0, 4.0, 0.0, 0.0], [1, 1, 4]);
    /// assert_eq!(x.lp_pool2d(2.0, [1, 2], Default::default()).slice(), [5.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// When x is not `[batch, channels]` or `[channels]` and two axes, a size or step is 0, p is not positive, or a
    /// window does not fit.
    #[track_caller]
    pub fn lp_pool2d(&self, p: f64, kernel: impl Into<PerAxis>, options: LpPoolOptions) -> Self {
        lp_pool("lp_pool2d", self, 2, p, &kernel.into(), &options)
    }

    /// The p-norm of each window over the last three axes; as [`lp_pool2d`](Self::lp_pool2d).
    ///
    /// # Panics
    /// As [`lp_pool2d`](Self::lp_pool2d).
    #[track_caller]
    pub fn lp_pool3d(&self, p: f64, kernel: impl Into<PerAxis>, options: LpPoolOptions) -> Self {
        lp_pool("lp_pool3d", self, 3, p, &kernel.into(), &options)
    }
}

#[inline]
fn sampled(g: &mut Gen, axes: usize) -> ((f64, PerAxis, LpPoolOptions), Vec<Tensor<f64>>) {
    let kernel: Vec<usize> = (0..axes).map(|_| g.int(1, if axes == 3 { 2 } else { 3 })).collect();
    let options =
        LpPoolOptions { stride: g.bool().then(|| sampled_per_axis(g, axes, 1, 3)), ceil_mode: g.bool() };
    let shape = sampled_image(g, &kernel);
    let p = g.pick(&[2.0, 1.0, 3.0, 2.5]);
    ((p, PerAxis::from(&kernel[..]), options), vec![g.values(&shape, 0.5..3.0)])
}

composition!(
    LpPool1d((f64, PerAxis, LpPoolOptions)),
    "lp_pool1d",
    |(p, kernel, options), x| vec![x[0].lp_pool1d(*p, kernel.clone(), options.clone())],
    |g| sampled(g, 1)
);
composition!(
    LpPool2d((f64, PerAxis, LpPoolOptions)),
    "lp_pool2d",
    |(p, kernel, options), x| vec![x[0].lp_pool2d(*p, kernel.clone(), options.clone())],
    |g| sampled(g, 2)
);
composition!(
    LpPool3d((f64, PerAxis, LpPoolOptions)),
    "lp_pool3d",
    |(p, kernel, options), x| vec![x[0].lp_pool3d(*p, kernel.clone(), options.clone())],
    |g| sampled(g, 3)
);
