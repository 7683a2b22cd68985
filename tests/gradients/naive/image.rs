//! Patches, interpolation and pixel shuffles from their definitions.

use super::{Array, Naive, Place, build, places};
use gradtape::ops::*;
use ndarray::{ArrayD, IxDyn};

/// The element that a tap sees from a place, if it is inside.
fn seen(sliding: &Sliding, sizes: &[usize], place: &[usize], tap: &[usize]) -> Option<Place> {
    let at = |axis: usize| {
        let steps = place[axis] * sliding.stride[axis] + tap[axis] * sliding.dilation[axis];
        let at = steps as isize - sliding.padding[axis][0];
        (at >= 0 && at < sizes[axis] as isize).then_some(at as usize)
    };
    (0..sizes.len()).map(at).collect()
}

/// All places of a window, by trying.
fn all_places(sliding: &Sliding, sizes: &[usize], kernel: &[usize]) -> Vec<Place> {
    let count = |axis: usize| {
        let padded = sizes[axis] as isize + sliding.padding[axis].iter().sum::<isize>();
        let last = (kernel[axis] - 1) * sliding.dilation[axis];
        (0..).take_while(|place| ((place * sliding.stride[axis] + last) as isize) < padded).count()
    };
    places(&(0..sizes.len()).map(count).collect::<Place>())
}

impl Naive for Im2col {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (x, sizes) = (&x[0], &x[0].shape()[2..]);
        let (all, taps) = (all_places(&self.sliding, sizes, &self.kernel), places(&self.kernel));
        vec![build(&[x.shape()[0], x.shape()[1] * taps.len(), all.len()], |at| {
            let (channel, tap) = (at[1] / taps.len(), &taps[at[1] % taps.len()]);
            let from = seen(&self.sliding, sizes, &all[at[2]], tap);
            from.map_or(0.0, |from| x[&[&[at[0], channel], &from[..]].concat()[..]])
        })]
    }
}

impl Naive for Col2im {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let x = &x[0];
        let (all, taps) = (all_places(&self.sliding, &self.size, &self.kernel), places(&self.kernel));
        let dims = [&[x.shape()[0], x.shape()[1] / taps.len()], &self.size[..]].concat();
        let mut y = ArrayD::zeros(IxDyn(&dims));
        for at in places(x.shape()) {
            let (channel, tap) = (at[1] / taps.len(), &taps[at[1] % taps.len()]);
            if let Some(to) = seen(&self.sliding, &self.size, &all[at[2]], tap) {
                y[&[&[at[0], channel], &to[..]].concat()[..]] += x[&at[..]];
            }
        }
        vec![y]
    }
}

/// How much element `j` of `n` counts at place `o` of `m`, which are `step` apart.
fn weight(options: &InterpolateOptions, [n, m]: [usize; 2], o: usize, j: usize, step: f64) -> f64 {
    let (last, here) = (n as f64 - 1.0, j as f64);
    if n == m && (options.mode == Interpolation::Linear || options.antialias) {
        return f64::from(u8::from(o == j));
    }
    let step = match options.align_corners {
        true if m == 1 => 0.0,
        true => last / (m as f64 - 1.0),
        false => step,
    };
    let one_if = |yes: bool| if yes { 1.0 } else { 0.0 };
    let middle = (o as f64 + 0.5) * step;
    let at = if options.align_corners { o as f64 * step } else { middle - 0.5 };
    let keys = |x: f64, a: f64| match x.abs() {
        x if x <= 1.0 => (a + 2.0) * x.powi(3) - (a + 3.0) * x.powi(2) + 1.0,
        x if x < 2.0 => a * x.powi(3) - 5.0 * a * x.powi(2) + 8.0 * a * x - 4.0 * a,
        _ => 0.0,
    };
    let smooth = |radius: f64, kernel: &dyn Fn(f64) -> f64| {
        let wide = step.max(1.0);
        // Elements count whose middle is within the radius, to half an element.
        let inside = |k: usize| {
            let first = (middle - radius * wide + 0.5).max(0.0).floor();
            k as f64 >= first && (k as f64) < (middle + radius * wide + 0.5).floor()
        };
        let of = |k: usize| one_if(inside(k)) * kernel((k as f64 + 0.5 - middle) / wide);
        of(j) / (0..n).map(of).sum::<f64>()
    };
    match options.mode {
        Interpolation::Nearest => one_if((o as f64 * step).floor().min(last) == here),
        Interpolation::NearestExact => one_if(middle.floor().min(last) == here),
        Interpolation::Area => {
            let (first, end) = (o * n / m, ((o + 1) * n).div_ceil(m));
            one_if((first..end).contains(&j)) / (end - first) as f64
        }
        Interpolation::Linear if options.antialias => smooth(1.0, &|x| (1.0 - x.abs()).max(0.0)),
        Interpolation::Cubic if options.antialias => smooth(2.0, &|x| keys(x, -0.5)),
        Interpolation::Linear => (1.0 - (at.clamp(0.0, last) - here).abs()).max(0.0),
        // The image goes on beyond its ends with what is there.
        Interpolation::Cubic => {
            let beyond = (-9..n as isize + 9).filter(|k| (*k).clamp(0, n as isize - 1) == j as isize);
            beyond.map(|k| keys(at - k as f64, -0.75)).sum()
        }
    }
}

impl Naive for composed::Interpolate {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let ((to, options), x) = (&self.0, &x[0]);
        let sizes = &x.shape()[2..];
        let axis = |axis: usize| {
            let size = sizes[axis] as f64;
            match to {
                Resize::To(places) => {
                    let places = places.of(sizes.len()).unwrap()[axis];
                    (places, size / places as f64)
                }
                Resize::By(factors) => {
                    let factor = factors[axis % factors.len()];
                    let places = (size * factor).floor();
                    let step = if options.recompute_scale_factor { size / places } else { 1.0 / factor };
                    (places as usize, step)
                }
            }
        };
        let axes: Vec<(usize, f64)> = (0..sizes.len()).map(axis).collect();
        let dims: Place = x.shape()[..2].iter().copied().chain(axes.iter().map(|&(m, _)| m)).collect();
        vec![build(&dims, |at| {
            let term = |from: Place| {
                let weights = axes.iter().enumerate().map(|(axis, &(m, step))| {
                    weight(options, [sizes[axis], m], at[axis + 2], from[axis], step)
                });
                weights.product::<f64>() * x[&[&at[..2], &from[..]].concat()[..]]
            };
            places(sizes).into_iter().map(term).sum()
        })]
    }
}

impl Naive for composed::PixelShuffle {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (factor, x) = (self.0, &x[0]);
        let front = x.ndim() - 3;
        let [channels, height, width] = [0, 1, 2].map(|axis| x.shape()[front + axis]);
        let last = [channels / (factor * factor), height * factor, width * factor];
        vec![build(&[&x.shape()[..front], &last].concat(), |at| {
            let [c, h, w] = [0, 1, 2].map(|axis| at[front + axis]);
            let channel = c * factor * factor + h % factor * factor + w % factor;
            x[&[&at[..front], &[channel, h / factor, w / factor]].concat()[..]]
        })]
    }
}

impl Naive for composed::PixelUnshuffle {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (factor, x) = (self.0, &x[0]);
        let front = x.ndim() - 3;
        let [channels, height, width] = [0, 1, 2].map(|axis| x.shape()[front + axis]);
        let last = [channels * factor * factor, height / factor, width / factor];
        vec![build(&[&x.shape()[..front], &last].concat(), |at| {
            let [c, h, w] = [0, 1, 2].map(|axis| at[front + axis]);
            let (row, column) = (c / factor % factor, c % factor);
            x[&[&at[..front], &[c / (factor * factor), h * factor + row, w * factor + column]].concat()[..]]
        })]
    }
}
