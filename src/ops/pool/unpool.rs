//! Elements laid back to where a pooling found them.

use super::{flat, sampled_image};
use crate::{
    Shape, Tensor,
    gradcheck::Gen,
    ops::{
        Indices, PerAxis, TakeAlongAxisGrad,
        spatial::{batched, sampled_per_axis, valid},
    },
    value::{Interp, Value},
};

/// The options of `max_unpool1d`, `max_unpool2d` and `max_unpool3d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxUnpoolOptions {
    /// As it was in the pooling.
    pub stride: Option<PerAxis>,
    /// As it was in the pooling.
    pub padding: PerAxis,
    /// The sizes that were pooled; as many as the windows cover when not given.
    pub output_size: Option<PerAxis>,
}

impl Default for MaxUnpoolOptions {
    fn default() -> Self {
        MaxUnpoolOptions { stride: None, padding: 0.into(), output_size: None }
    }
}

#[track_caller]
fn max_unpool<I: Interp>(
    name: &str,
    axes: usize,
    x: &Value<I>,
    indices: &Indices,
    kernel: &PerAxis,
    options: &MaxUnpoolOptions,
) -> Value<I> {
    let shape = x.shape();
    if indices.shape() != shape {
        panic!("gradtape: {name}: indices of {} for elements of {shape}", indices.shape());
    }
    let (batch, _) = batched(name, axes, x);
    let places = &batch.shape()[2..];
    let sizes = match &options.output_size {
        Some(sizes) => valid(name, shape, sizes.named("output size", axes)),
        None => {
            let kernel = valid(name, shape, kernel.named("kernel", axes));
            let stride =
                options.stride.as_ref().map(|stride| valid(name, shape, stride.named("stride", axes)));
            let stride = stride.unwrap_or_else(|| kernel.clone());
            let padding = valid(name, shape, options.padding.named("padding", axes));
            let size = |axis: usize| {
                let whole =
                    places[axis].checked_sub(1)?.checked_mul(stride[axis])?.checked_add(kernel[axis])?;
                whole.checked_sub(padding[axis].checked_mul(2)?)
            };
            let sizes = (0..axes).map(size).collect::<Option<_>>();
            valid(name, shape, sizes.ok_or_else(|| format!("nothing is left of a kernel of {kernel:?}")))
        }
    };
    let size = valid(name, shape, Shape::try_new(&sizes)).size();
    if let Some(index) = indices.slice().iter().find(|&&index| index >= size) {
        panic!("gradtape: {name}: index {index} is out of range for {sizes:?}, for {shape}");
    }
    let lanes = flat(batch.shape(), 2);
    let op = TakeAlongAxisGrad { axis: -1, size, indices: indices.clone().reshaped(lanes.clone()) };
    let y = Value::apply(op, batch.reshape(lanes).into());
    let kept = &shape[..shape.rank() - axes];
    y.reshape(&[kept, &sizes[..]].concat()[..])
}

impl<I: Interp> Value<I> {
    /// Elements laid back to where [`max_pool1d_with_indices`](Self::max_pool1d_with_indices) found them; as
    /// [`max_unpool2d`](Self::max_unpool2d).
    ///
    /// # Panics
    /// As [`max_unpool2d`](Self::max_unpool2d).
    #[track_caller]
    pub fn max_unpool1d(
        &self,
        indices: &Indices,
        kernel: impl Into<PerAxis>,
        options: MaxUnpoolOptions,
    ) -> Self {
        max_unpool("max_unpool1d", 1, self, indices, &kernel.into(), &options)
    }

    /// Elements laid back into zeros, to where [`max_pool2d_with_indices`](Self::max_pool2d_with_indices) found them.
    /// Those of equal index add up, which PyTorch leaves undefined: so this is the gradient of the pooling.
    ///
    /// # Panics
    /// When the indices have another shape, or one is not within the size of the result.
    #[track_caller]
    pub fn max_unpool2d(
        &self,
        indices: &Indices,
        kernel: impl Into<PerAxis>,
        options: MaxUnpoolOptions,
    ) -> Self {
        max_unpool("max_unpool2d", 2, self, indices, &kernel.into(), &options)
    }

    /// Elements laid back to where [`max_pool3d_with_indices`](Self::max_pool3d_with_indices) found them; as
    /// [`max_unpool2d`](Self::max_unpool2d).
    ///
    /// # Panics
    /// As [`max_unpool2d`](Self::max_unpool2d).
    #[track_caller]
    pub fn max_unpool3d(
        &self,
        indices: &Indices,
        kernel: impl Into<PerAxis>,
        options: MaxUnpoolOptions,
    ) -> Self {
        max_unpool("max_unpool3d", 3, self, indices, &kernel.into(), &options)
    }
}

/// Indices within the sizes that windows cover, some of them equal, perhaps.
#[inline]
fn sampled(g: &mut Gen, axes: usize) -> ((Indices, PerAxis, MaxUnpoolOptions), Vec<Tensor<f64>>) {
    let shape = sampled_image(g, &vec![1; axes]);
    let (kernel, padding) = (sampled_per_axis(g, axes, 3, 4), g.int(0, 1));
    let mut options = MaxUnpoolOptions { padding: padding.into(), ..Default::default() };
    let kernel_size = kernel.of(axes).expect("drawn for these axes");
    let pooled = &shape[shape.rank() - axes..];
    let mut sizes: Vec<usize> = pooled.iter().zip(&kernel_size).map(|(n, k)| n * k - 2 * padding).collect();
    if g.bool() {
        options.stride = Some(2.into());
        sizes = pooled.iter().zip(&kernel_size).map(|(n, k)| (n - 1) * 2 + k - 2 * padding).collect();
    }
    if g.bool() {
        sizes[0] += 1;
        options.output_size = Some(PerAxis::from(&sizes[..]));
    }
    let size = sizes.iter().product::<usize>();
    let indices = Indices::new((0..shape.size()).map(|_| g.int(0, size - 1)).collect(), &shape);
    ((indices, kernel, options), vec![g.values(&shape, -3.0..3.0)])
}

composition!(
    MaxUnpool1d((Indices, PerAxis, MaxUnpoolOptions)),
    "max_unpool1d",
    |(indices, kernel, options), x| vec![x[0].max_unpool1d(indices, kernel.clone(), options.clone())],
    |g| sampled(g, 1)
);
composition!(
    MaxUnpool2d((Indices, PerAxis, MaxUnpoolOptions)),
    "max_unpool2d",
    |(indices, kernel, options), x| vec![x[0].max_unpool2d(indices, kernel.clone(), options.clone())],
    |g| sampled(g, 2)
);
composition!(
    MaxUnpool3d((Indices, PerAxis, MaxUnpoolOptions)),
    "max_unpool3d",
    |(indices, kernel, options), x| vec![x[0].max_unpool3d(indices, kernel.clone(), options.clone())],
    |g| sampled(g, 3)
);
