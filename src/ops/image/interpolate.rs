//! Images of another size.

use crate::{
    Shape,
    gradcheck::Gen,
    ops::{
        PerAxis, Sparse,
        spatial::{each_below, valid},
    },
    value::{Interp, Value},
};

/// How large an interpolated image becomes.
///
/// ```
/// use gradtape::{Tensor, ops::Resize};
/// let x = Tensor::new(vec![1.0, 2.0], [1, 1, 2]);
/// assert_eq!(x.interpolate(Resize::To(4.into()), Default::default()).slice(), [1.0, 1.0, 2.0, 2.0]);
/// assert_eq!(x.interpolate(Resize::By(vec![1.5]), Default::default()).slice(), [1.0, 1.0, 2.0]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Resize {
    /// These sizes.
    To(PerAxis),
    /// Each size times its factor, or times the only one, rounded down. Places are found by the factor, not by the
    /// rounded sizes, unless `recompute_scale_factor` says so. Linear or antialiased, an axis whose size stays is left as it is.
    By(Vec<f64>),
}

/// What an element between others is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// The element before.
    Nearest,
    /// The nearest element.
    NearestExact,
    /// The two elements beside it along each axis, by their distance.
    Linear,
    /// The four elements about it along each axis (Keys: Cubic Convolution Interpolation for Digital Image
    /// Processing, 1981; a = −¾).
    Cubic,
    /// The mean of all that it covers.
    Area,
}

/// The options of `interpolate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterpolateOptions {
    /// What an element between others is made of; [`Interpolation::Nearest`].
    pub mode: Interpolation,
    /// Whether the first and the last elements keep their places, not the borders; for linear and cubic. They do not.
    pub align_corners: bool,
    /// Whether the rounded sizes, not the factors, say where elements are; they do not.
    pub recompute_scale_factor: bool,
    /// Whether all that a smaller image's elements cover is averaged; for linear and cubic. It is not.
    pub antialias: bool,
}

impl Default for InterpolateOptions {
    fn default() -> Self {
        InterpolateOptions {
            mode: Interpolation::Nearest,
            align_corners: false,
            recompute_scale_factor: false,
            antialias: false,
        }
    }
}

impl InterpolateOptions {
    fn check(&self) -> Result<(), String> {
        use Interpolation::{Cubic, Linear};
        let smooth = matches!(self.mode, Linear | Cubic);
        match (smooth, self.align_corners, self.antialias) {
            (false, true, _) => Err(format!("align_corners is for linear and cubic, not {:?}", self.mode)),
            (false, _, true) => Err(format!("antialias is for linear and cubic, not {:?}", self.mode)),
            _ => Ok(()),
        }
    }

    /// Whether an axis whose size stays is left as it is, whatever the factor; as in PyTorch.
    fn leaves_sizes(&self) -> bool {
        self.mode == Interpolation::Linear || self.antialias
    }

    /// The matrix from `size` elements to `places`, which are `step` elements apart.
    fn matrix(&self, size: usize, places: usize, step: f64) -> Result<Sparse, String> {
        let last = size.saturating_sub(1);
        let step = match self.align_corners {
            true if places > 1 => last as f64 / (places - 1) as f64,
            true => 0.0,
            false if places == size && self.leaves_sizes() => 1.0,
            false => step,
        };
        let at = |place: usize| {
            if self.align_corners { place as f64 * step } else { (place as f64 + 0.5) * step - 0.5 }
        };
        let row = |place: usize| match self.mode {
            Interpolation::Nearest => vec![((place as f64 * step).floor().min(last as f64) as usize, 1.0)],
            Interpolation::NearestExact => {
                vec![(((place as f64 + 0.5) * step).floor().min(last as f64) as usize, 1.0)]
            }
            Interpolation::Area => {
                let (first, end) = (place * size / places, ((place + 1) * size).div_ceil(places));
                (first..end).map(|at| (at, 1.0 / (end - first) as f64)).collect()
            }
            Interpolation::Linear if self.antialias => {
                covered(size, place, step, 1.0, |x| (1.0 - x).max(0.0))
            }
            Interpolation::Cubic if self.antialias => covered(size, place, step, 2.0, |x| cubic(x, -0.5)),
            Interpolation::Linear => {
                let at = at(place).clamp(0.0, last as f64);
                let (before, after) = (at.floor(), at - at.floor());
                [(before as usize, 1.0 - after), ((before as usize + 1).min(last), after)].into()
            }
            Interpolation::Cubic => {
                let at = at(place);
                let near = |k: i32| at.floor() + f64::from(k);
                let term = |k| (near(k).clamp(0.0, last as f64) as usize, cubic((at - near(k)).abs(), -0.75));
                (-1..=2).map(term).collect()
            }
        };
        // What has no weight is not read, so that an infinity there stays there.
        let weighty = |row: Vec<(usize, f64)>| row.into_iter().filter(|&(_, weight)| weight != 0.0).collect();
        Ok(Sparse::new(size, &each_below(places, |place| weighty(row(place)))?))
    }
}

/// The cubic convolution kernel at a distance.
fn cubic(x: f64, a: f64) -> f64 {
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}

/// The elements that a kernel of a radius covers, stretched over what one place stands for, with weights that sum to 1.
fn covered(
    size: usize,
    place: usize,
    step: f64,
    radius: f64,
    kernel: impl Fn(f64) -> f64,
) -> Vec<(usize, f64)> {
    let stretch = step.max(1.0);
    let (centre, reach) = (step * (place as f64 + 0.5), radius * stretch);
    let first = (centre - reach + 0.5).max(0.0) as usize;
    let end = ((centre + reach + 0.5) as usize).min(size);
    let weight = |at: usize| kernel(((at as f64 - centre + 0.5) / stretch).abs());
    let total: f64 = (first..end).map(weight).sum();
    (first..end).map(|at| (at, weight(at) / total)).collect()
}

/// The size of each axis, and how many elements of x its places are apart.
fn resized(to: &Resize, sizes: &[usize], recompute: bool) -> Result<Vec<(usize, f64)>, String> {
    let ratio = |size: usize, places: usize| size as f64 / places as f64;
    if sizes.contains(&0) {
        return Err("there is nothing between no elements".into());
    }
    let places: Vec<(usize, Option<f64>)> = match to {
        Resize::To(places) => {
            if recompute {
                return Err("sizes are given, no factors to recompute".into());
            }
            places.named("size", sizes.len())?.iter().map(|&places| (places, None)).collect()
        }
        Resize::By(factors) => {
            if factors.len() != 1 && factors.len() != sizes.len() {
                return Err(format!("factors {factors:?} for {} axes", sizes.len()));
            }
            if let Some(factor) = factors.iter().find(|factor| !(**factor > 0.0 && factor.is_finite())) {
                return Err(format!("a factor of {factor}"));
            }
            let all = sizes.iter().zip(factors.iter().cycle());
            all.map(|(&size, factor)| ((size as f64 * factor).floor() as usize, Some(1.0 / factor))).collect()
        }
    };
    if places.iter().any(|&(places, _)| places == 0) {
        return Err(format!("nothing is left by {to:?}"));
    }
    let step = |(&size, (places, step)): (&usize, (usize, Option<f64>))| {
        (places, step.filter(|_| !recompute).unwrap_or_else(|| ratio(size, places)))
    };
    Ok(sizes.iter().zip(places).map(step).collect())
}

impl<I: Interp> Value<I> {
    /// The image `[batch, channels, sizes..]` with other spatial sizes: up- or downsampled along each axis.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::{Interpolation, InterpolateOptions, Resize}};
    /// let x = Tensor::new(vec![1.0, 3.0], [1, 1, 2]);
    /// let linear = InterpolateOptions { mode: Interpolation::Linear, ..Default::default() };
    /// assert_eq!(x.interpolate(Resize::To(4.into()), linear).slice(), [1.0, 1.5, 2.5, 3.0]);
    /// let corners = InterpolateOptions { align_corners: true, ..linear };
    /// assert_eq!(x.interpolate(Resize::To(3.into()), corners).slice(), [1.0, 2.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// When x has no spatial axes or no elements along one, a factor is not positive, a size would be 0 or more than memory can hold, or an option
    /// does not go with the mode.
    #[track_caller]
    pub fn interpolate(&self, to: Resize, options: InterpolateOptions) -> Self {
        let shape = self.shape();
        if shape.rank() < 3 {
            panic!("gradtape: interpolate: needs [batch, channels, sizes..], not {shape}");
        }
        valid("interpolate", shape, options.check());
        let axes = valid("interpolate", shape, resized(&to, &shape[2..], options.recompute_scale_factor));
        let mut y = self.clone();
        for (axis, (places, step)) in axes.into_iter().enumerate() {
            let matrix = valid("interpolate", shape, options.matrix(shape[axis + 2], places, step));
            y = y.resample(axis as isize + 2, matrix);
        }
        y
    }
}

#[inline]
fn sampled_interpolate(g: &mut Gen) -> ((Resize, InterpolateOptions), Vec<crate::Tensor<f64>>) {
    use Interpolation::{Area, Cubic, Linear, Nearest, NearestExact};
    let axes = g.int(1, 3);
    let mode = g.pick(&[Nearest, NearestExact, Linear, Cubic, Area]);
    let smooth = matches!(mode, Linear | Cubic);
    let mut options = InterpolateOptions {
        mode,
        align_corners: smooth && g.bool(),
        antialias: smooth && g.chance(3),
        ..Default::default()
    };
    let most = if axes == 3 { 3 } else { 5 };
    let to = if g.bool() {
        Resize::To(PerAxis::from(&(0..axes).map(|_| g.int(1, most)).collect::<Vec<_>>()[..]))
    } else {
        options.recompute_scale_factor = g.bool();
        Resize::By((0..axes).map(|_| g.pick(&[1.0, 2.0, 1.25, 1.7])).collect())
    };
    let mut dims = vec![g.int(0, 2), g.int(1, 2)];
    dims.extend((0..axes).map(|_| g.int(1, most - 1)));
    ((to, options), vec![g.values(&Shape::from(&dims[..]), -3.0..3.0)])
}

composition!(
    Interpolate((Resize, InterpolateOptions)),
    "interpolate",
    |(to, options), x| vec![x[0].interpolate(to.clone(), *options)],
    |g| sampled_interpolate(g)
);
