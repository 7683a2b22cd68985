//! Convolutions from their definition: all places of all windows, one after the other.

use super::{Array, Naive, Place, places};
use gradtape::ops::*;
use ndarray::{ArrayD, IxDyn};

/// Calls `term(x, w, y)` with the places of each term of Σ x · w · y.
fn terms(layout: &Layout, [x, w, y]: [&[usize]; 3], mut term: impl FnMut(&[usize], &[usize], &[usize])) {
    let (groups, axes) = (layout.groups, x.len() - 2);
    let (inputs, outputs) = (x[1] / groups, y[1] / groups);
    for at_y in places(y) {
        let group = at_y[1] / outputs;
        for at_w in places(w).into_iter().filter(|at| at[0] == at_y[1]) {
            assert!(at_w[1] < inputs);
            let mut at_x = vec![at_y[0], group * inputs + at_w[1]];
            for axis in 0..axes {
                let Sliding { stride, dilation, padding } = &layout.sliding;
                let steps = at_y[axis + 2] * stride[axis] + at_w[axis + 2] * dilation[axis];
                let at = steps as isize - padding[axis][0];
                if at >= 0 && at < x[axis + 2] as isize {
                    at_x.push(at as usize);
                }
            }
            if at_x.len() == x.len() {
                term(&at_x, &at_w, &at_y);
            }
        }
    }
}

/// The sizes of y by counting the places at which the window ends within the padded axis.
fn counted(layout: &Layout, x: &[usize], w: &[usize]) -> Place {
    let Sliding { stride, dilation, padding } = &layout.sliding;
    let count = |axis: usize| {
        let padded = x[axis + 2] as isize + padding[axis].iter().sum::<isize>();
        let last = (w[axis + 2] - 1) * dilation[axis];
        (0..).take_while(|place| ((place * stride[axis] + last) as isize) < padded).count()
    };
    [x[0], w[0]].into_iter().chain((0..x.len() - 2).map(count)).collect()
}

fn forward(layout: &Layout, x: &Array, w: &Array) -> Array {
    let mut y = ArrayD::zeros(IxDyn(&counted(layout, x.shape(), w.shape())));
    let dims = y.shape().to_vec();
    terms(layout, [x.shape(), w.shape(), &dims], |at_x, at_w, at_y| y[at_y] += x[at_x] * w[at_w]);
    y
}

fn transposed(layout: &Layout, size: &[usize], y: &Array, w: &Array) -> Array {
    let dims = [&[y.shape()[0], w.shape()[1] * layout.groups], size].concat();
    let mut x = ArrayD::zeros(IxDyn(&dims));
    terms(layout, [&dims, w.shape(), y.shape()], |at_x, at_w, at_y| x[at_x] += y[at_y] * w[at_w]);
    x
}

/// y with a number added to each channel, which is axis 1.
fn shifted(mut y: Array, bias: Option<&Array>) -> Array {
    if let Some(bias) = bias {
        for at in places(y.shape()) {
            y[&at[..]] += bias[[at[1]]];
        }
    }
    y
}

impl Naive for Conv {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![forward(&self.0, &x[0], &x[1])]
    }
}

impl Naive for ConvBias {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![shifted(forward(&self.0, &x[0], &x[1]), Some(&x[2]))]
    }
}

impl Naive for ConvTranspose {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![transposed(&self.layout, &self.size, &x[0], &x[1])]
    }
}

impl Naive for ConvWeight {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let [x, y] = [&x[0], &x[1]];
        let dims = [&[y.shape()[1], x.shape()[1] / self.layout.groups], &self.kernel[..]].concat();
        let mut w = ArrayD::zeros(IxDyn(&dims));
        terms(&self.layout, [x.shape(), &dims, y.shape()], |at_x, at_w, at_y| w[at_w] += x[at_x] * y[at_y]);
        vec![w]
    }
}

/// A batch of one where there is none, and what turns its result back.
fn batch(x: &Array, axes: usize) -> (Array, impl Fn(Array) -> Vec<Array>) {
    let alone = x.ndim() == axes + 1;
    let batch = if alone { x.clone().insert_axis(ndarray::Axis(0)) } else { x.clone() };
    let back = move |y: Array| vec![if alone { y.index_axis_move(ndarray::Axis(0), 0) } else { y }];
    (batch, back)
}

fn conv(axes: usize, options: &ConvOptions, x: &[Array]) -> Vec<Array> {
    let (batch, back) = batch(&x[0], axes);
    let dilation = options.dilation.of(axes).unwrap();
    let padding = match &options.padding {
        Padding::Valid => vec![[0, 0]; axes],
        Padding::Zeros(each) => each.of(axes).unwrap().iter().map(|&n| [n as isize; 2]).collect(),
        // One more at the end when the number is odd.
        Padding::Same => (0..axes)
            .map(|axis| {
                let more = ((x[1].shape()[axis + 2] - 1) * dilation[axis]) as isize;
                [more / 2, more / 2 + more % 2]
            })
            .collect(),
    };
    let sliding = Sliding { stride: options.stride.of(axes).unwrap(), dilation, padding: padding.into() };
    let layout = Layout { sliding, groups: options.groups };
    let y = shifted(forward(&layout, &batch, &x[1]), x.get(2));
    if options.padding == Padding::Same {
        assert_eq!(y.shape()[2..], batch.shape()[2..]);
    }
    back(y)
}

/// Each element of x spread through the kernel, over the sizes that PyTorch's documents give.
fn conv_transpose(axes: usize, options: &ConvTransposeOptions, x: &[Array]) -> Vec<Array> {
    let (batch, back) = batch(&x[0], axes);
    let of = |each: &PerAxis| each.of(axes).unwrap();
    let (stride, dilation) = (of(&options.stride), of(&options.dilation));
    let (padding, more) = (of(&options.padding), of(&options.output_padding));
    let (groups, w) = (options.groups, &x[1]);
    let (inputs, outputs) = (w.shape()[0] / groups, w.shape()[1]);
    let mut dims = vec![batch.shape()[0], outputs * groups];
    for axis in 0..axes {
        let (places, taps) = (batch.shape()[axis + 2] as isize, w.shape()[axis + 2] as isize);
        let (stride, dilation) = (stride[axis] as isize, dilation[axis] as isize);
        let size = (places - 1) * stride - 2 * padding[axis] as isize + dilation * (taps - 1);
        dims.push((size + more[axis] as isize + 1) as usize);
    }
    let mut y = ArrayD::zeros(IxDyn(&dims));
    for from in places(batch.shape()) {
        for at_w in places(w.shape()).into_iter().filter(|at| at[0] == from[1]) {
            let to = (0..axes).map(|axis| {
                (from[axis + 2] * stride[axis] + at_w[axis + 2] * dilation[axis]).checked_sub(padding[axis])
            });
            let Some(to) = to.collect::<Option<Place>>() else { continue };
            if (0..axes).all(|axis| to[axis] < dims[axis + 2]) {
                let channel = from[1] / inputs * outputs + at_w[1];
                y[&[&[from[0], channel], &to[..]].concat()[..]] += batch[&from[..]] * w[&at_w[..]];
            }
        }
    }
    back(shifted(y, x.get(2)))
}

macro_rules! by_axes {
    ($($axes:literal: $Conv:ident, $Transpose:ident;)*) => {$(
        impl Naive for composed::$Conv {
            fn naive(&self, x: &[Array]) -> Vec<Array> {
                conv($axes, &self.0, x)
            }
        }
        impl Naive for composed::$Transpose {
            fn naive(&self, x: &[Array]) -> Vec<Array> {
                conv_transpose($axes, &self.0, x)
            }
        }
    )*};
}
by_axes! {
    1: Conv1d, ConvTranspose1d;
    2: Conv2d, ConvTranspose2d;
    3: Conv3d, ConvTranspose3d;
}
