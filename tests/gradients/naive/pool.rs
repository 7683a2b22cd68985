//! Pooling from its definition: the elements of every window, picked out one by one.

use super::{Array, Naive, Place, build, greatest, places};
use gradtape::ops::*;
use ndarray::{ArrayD, IxDyn};

/// Which elements of an axis a window sees, and how many with the padding.
type Seen = (Vec<usize>, usize);

/// A sliding window's places along each axis, in PyTorch's words.
struct Sliding<'o> {
    kernel: &'o PerAxis,
    stride: Option<&'o PerAxis>,
    padding: &'o PerAxis,
    dilation: &'o PerAxis,
    ceil_mode: bool,
}

impl Sliding<'_> {
    fn seen(&self, sizes: &[usize]) -> Vec<Vec<Seen>> {
        let of = |each: &PerAxis| -> Vec<isize> {
            each.of(sizes.len()).unwrap().iter().map(|&n| n as isize).collect()
        };
        let (kernel, stride) = (of(self.kernel), of(self.stride.unwrap_or(self.kernel)));
        let (padding, dilation) = (of(self.padding), of(self.dilation));
        let axis = |axis: usize| {
            let (size, padding) = (sizes[axis] as isize, padding[axis]);
            let window = |start: isize| -> Seen {
                let reached: Vec<isize> = (0..kernel[axis]).map(|k| start + k * dilation[axis]).collect();
                let inside = reached.iter().filter(|&&at| at >= 0 && at < size).map(|&at| at as usize);
                (inside.collect(), reached.iter().filter(|&&at| at < size + padding).count())
            };
            let last = |start: isize| start + (kernel[axis] - 1) * dilation[axis];
            let starts = (0..).map(|place| place * stride[axis] - padding);
            // A place counts if the window ends inside; rounding up, also if it starts inside and sees what the
            // places before did not reach.
            let mut seen = Vec::new();
            for start in starts {
                let before = last(start) - stride[axis];
                let up = self.ceil_mode && start < size && before < size + padding - 1;
                if last(start) >= size + padding && !up {
                    break;
                }
                seen.push(window(start));
            }
            seen
        };
        (0..sizes.len()).map(axis).collect()
    }
}

fn adaptive(places: &PerAxis, sizes: &[usize]) -> Vec<Vec<Seen>> {
    let places = places.of(sizes.len()).unwrap();
    let axis = |(&n, &size): (&usize, &usize)| {
        let window = |o: usize| {
            let ends = [o as f64 * size as f64 / n as f64, (o + 1) as f64 * size as f64 / n as f64];
            let seen: Vec<usize> = (ends[0].floor() as usize..ends[1].ceil() as usize).collect();
            let count = seen.len();
            (seen, count)
        };
        (0..n).map(window).collect()
    };
    places.iter().zip(sizes).map(axis).collect()
}

/// `f(elements, count with the padding)` of each window over the last axes.
fn pooled(x: &Array, seen: &[Vec<Seen>], f: impl Fn(&[f64], usize) -> f64) -> Vec<Array> {
    let front = x.ndim() - seen.len();
    let dims: Place = x.shape()[..front].iter().copied().chain(seen.iter().map(Vec::len)).collect();
    vec![build(&dims, |at| {
        let windows: Vec<&Seen> = seen.iter().zip(&at[front..]).map(|(seen, &place)| &seen[place]).collect();
        let counts: Place = windows.iter().map(|(seen, _)| seen.len()).collect();
        let element = |inner: Place| {
            let seen = windows.iter().zip(inner).map(|((seen, _), i)| seen[i]);
            x[&at[..front].iter().copied().chain(seen).collect::<Place>()[..]]
        };
        let elements: Vec<f64> = places(&counts).into_iter().map(element).collect();
        f(&elements, windows.iter().map(|(_, padded)| padded).product())
    })]
}

fn sizes(x: &Array, axes: usize) -> &[usize] {
    &x.shape()[x.ndim() - axes..]
}

fn max_pool(axes: usize, (kernel, options): &(PerAxis, MaxPoolOptions), x: &Array) -> Vec<Array> {
    let MaxPoolOptions { stride, padding, dilation, ceil_mode } = options;
    let sliding = Sliding { kernel, stride: stride.as_ref(), padding, dilation, ceil_mode: *ceil_mode };
    pooled(x, &sliding.seen(sizes(x, axes)), |elements, _| greatest(elements))
}

fn avg_pool(axes: usize, (kernel, options): &(PerAxis, AvgPoolOptions), x: &Array) -> Vec<Array> {
    let AvgPoolOptions { stride, padding, ceil_mode, count_include_pad, divisor_override } = options;
    let dilation = &1.into();
    let sliding = Sliding { kernel, stride: stride.as_ref(), padding, dilation, ceil_mode: *ceil_mode };
    pooled(x, &sliding.seen(sizes(x, axes)), |elements, padded| {
        let count = if *count_include_pad { padded } else { elements.len() };
        elements.iter().sum::<f64>() / divisor_override.unwrap_or(count) as f64
    })
}

fn lp_pool(axes: usize, (p, kernel, options): &(f64, PerAxis, LpPoolOptions), x: &Array) -> Vec<Array> {
    let (padding, dilation) = (&0.into(), &1.into());
    let (stride, ceil_mode) = (options.stride.as_ref(), options.ceil_mode);
    let sliding = Sliding { kernel, stride, padding, dilation, ceil_mode };
    let whole = kernel.of(axes).unwrap().iter().product::<usize>() as f64;
    pooled(x, &sliding.seen(sizes(x, axes)), |elements, _| {
        let mean = elements.iter().map(|v| v.powf(*p)).sum::<f64>() / elements.len() as f64;
        (mean * whole).powf(1.0 / p)
    })
}

fn max_unpool(
    axes: usize,
    (indices, kernel, options): &(Indices, PerAxis, MaxUnpoolOptions),
    x: &Array,
) -> Vec<Array> {
    let of = |each: &PerAxis| each.of(axes).unwrap();
    let (kernel, stride) = (of(kernel), options.stride.as_ref().map_or(of(kernel), of));
    let padding = of(&options.padding);
    let covered =
        (0..axes).map(|axis| (sizes(x, axes)[axis] - 1) * stride[axis] + kernel[axis] - 2 * padding[axis]);
    let back: Place = options.output_size.as_ref().map_or(covered.collect(), |sizes| of(sizes).to_vec());
    let front = x.ndim() - axes;
    let mut y = ArrayD::zeros(IxDyn(&[&x.shape()[..front], &back[..]].concat()));
    let all = places(&back);
    for (i, at) in places(x.shape()).into_iter().enumerate() {
        let to = [&at[..front], &all[indices.slice()[i]][..]].concat();
        y[&to[..]] += x[&at[..]];
    }
    vec![y]
}

fn global(x: &Array, f: impl Fn(&[f64]) -> f64) -> Vec<Array> {
    let all: Vec<Vec<Seen>> = x.shape()[2..].iter().map(|&size| vec![((0..size).collect(), size)]).collect();
    let y = pooled(x, &all, |elements, _| f(elements)).remove(0);
    vec![y.into_shape_with_order(IxDyn(&x.shape()[..2])).expect("axes of size 1 are dropped")]
}

macro_rules! by_axes {
    ($($Type:ident($axes:literal) = $f:expr;)*) => {$(
        impl Naive for composed::$Type {
            fn naive(&self, x: &[Array]) -> Vec<Array> {
                $f($axes, &self.0, &x[0])
            }
        }
    )*};
}
by_axes! {
    MaxPool1d(1) = max_pool;
    MaxPool2d(2) = max_pool;
    MaxPool3d(3) = max_pool;
    AvgPool1d(1) = avg_pool;
    AvgPool2d(2) = avg_pool;
    AvgPool3d(3) = avg_pool;
    LpPool1d(1) = lp_pool;
    LpPool2d(2) = lp_pool;
    LpPool3d(3) = lp_pool;
    MaxUnpool1d(1) = max_unpool;
    MaxUnpool2d(2) = max_unpool;
    MaxUnpool3d(3) = max_unpool;
    AdaptiveMaxPool1d(1) = adaptive_max;
    AdaptiveMaxPool2d(2) = adaptive_max;
    AdaptiveMaxPool3d(3) = adaptive_max;
    AdaptiveAvgPool1d(1) = adaptive_avg;
    AdaptiveAvgPool2d(2) = adaptive_avg;
    AdaptiveAvgPool3d(3) = adaptive_avg;
    GlobalAvgPool(0) = |_, _: &(), x| global(x, mean);
    GlobalMaxPool(0) = |_, _: &(), x| global(x, greatest);
}

fn mean(elements: &[f64]) -> f64 {
    elements.iter().sum::<f64>() / elements.len() as f64
}

fn adaptive_max(axes: usize, places: &PerAxis, x: &Array) -> Vec<Array> {
    pooled(x, &adaptive(places, sizes(x, axes)), |elements, _| greatest(elements))
}

fn adaptive_avg(axes: usize, places: &PerAxis, x: &Array) -> Vec<Array> {
    pooled(x, &adaptive(places, sizes(x, axes)), |elements, _| mean(elements))
}

impl Naive for Resample {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = super::from_front(self.axis, x[0].ndim());
        let dims = super::replaced(x[0].shape(), axis, self.matrix.rows());
        vec![build(&dims, |at| {
            let term = |&(place, weight): &(usize, f64)| weight * x[0][&super::replaced(at, axis, place)[..]];
            self.matrix.row(at[axis]).iter().map(term).sum()
        })]
    }
}
