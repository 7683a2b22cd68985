//! Fourier transforms, by PyTorch's names and conventions.

use super::{
    HalfSpectrum, HalfSpectrumGrad,
    pairs::{pair_place, sampled_pairs},
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::Gen,
    ops::{PadMode, view::place},
    shape::resolve,
    value::{Interp, Value},
};

/// By what a Fourier transform of n numbers is divided. A transform and its inverse of the same norm undo each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FftNorm {
    /// The inverse by n.
    #[default]
    Backward,
    /// Both by √n, so that they keep the Euclidean norm.
    Ortho,
    /// The transform itself by n.
    Forward,
}

impl FftNorm {
    /// What to multiply a transform of n numbers with, or its inverse.
    fn factor(self, n: usize, inverse: bool) -> f64 {
        match (self, inverse) {
            (FftNorm::Backward, false) | (FftNorm::Forward, true) => 1.0,
            (FftNorm::Backward, true) | (FftNorm::Forward, false) => 1.0 / n as f64,
            (FftNorm::Ortho, _) => 1.0 / (n as f64).sqrt(),
        }
    }
}

/// Refuses a size that no axis can have.
#[track_caller]
pub(super) fn holdable(op: &str, n: usize, shape: &Shape) {
    assert!(
        Shape::try_new(&[n, 2]).is_ok(),
        "gradtape: {op}: {n} numbers are more than memory can hold, for {shape}"
    );
}

/// How many numbers are transformed, at least one.
#[track_caller]
fn length(op: &str, n: usize, shape: &Shape) -> usize {
    holdable(op, n, shape);
    assert!(n > 0, "gradtape: {op}: there is nothing to transform: 0 numbers, for {shape}");
    n
}

/// As transforms want it: an axis as the last but for `behind` others, cut or filled up with zeros to a size.
fn fitted<I: Interp>(x: &Value<I>, place: usize, behind: usize, size: usize) -> Value<I> {
    let last = x.shape().rank() - 1 - behind;
    let x = moved(x, place, last);
    let more = size as isize - x.shape()[last] as isize;
    if more == 0 { x } else { x.pad(&[&[0; 2].repeat(behind)[..], &[0, more]].concat(), PadMode::default()) }
}

/// An axis at another place.
fn moved<I: Interp>(x: &Value<I>, from: usize, to: usize) -> Value<I> {
    if from == to { x.clone() } else { x.movedim(from as isize, to as isize) }
}

fn scaled<I: Interp>(x: Value<I>, factor: f64) -> Value<I> {
    if factor == 1.0 { x } else { x * factor }
}

/// The bins from 0 to n − 1 of real numbers, from those up to n/2, along the last axis but that of the pairs: bin n − k
/// is the conjugate of bin k. With `conjugated` every bin is conjugated once more.
pub(super) fn mirrored<I: Interp>(half: &Value<I>, n: usize, conjugated: bool) -> Value<I> {
    let from: Vec<usize> = (0..n).map(|k| k.min(n - k)).collect();
    let sign = |at: usize| if at % 2 == 1 && (at / 2 > n / 2) != conjugated { -1.0 } else { 1.0 };
    let signs = Tensor::from_fn([n, 2], |at| I::Elem::of(sign(at)));
    half.index_select(-2, &from[..].into()) * half.lift(signs)
}

#[track_caller]
fn rfft<I: Interp>(op: &str, x: &Value<I>, n: Option<usize>, axis: isize, norm: FftNorm) -> Value<I> {
    let shape = x.shape();
    let place = place(op, axis, shape.rank(), shape);
    let n = length(op, n.unwrap_or(shape[place]), shape);
    let bins = Value::apply(HalfSpectrum, fitted(x, place, 0, n).into());
    scaled(moved(&bins, shape.rank() - 1, place), norm.factor(n, false))
}

#[track_caller]
fn irfft<I: Interp>(op: &str, x: &Value<I>, n: Option<usize>, axis: isize, norm: FftNorm) -> Value<I> {
    let shape = x.shape();
    let place = pair_place(op, axis, shape);
    let n = length(op, n.unwrap_or(2 * shape[place].saturating_sub(1)), shape);
    let bins = fitted(x, place, 1, n / 2 + 1);
    // Bins between the ends have a mirror image.
    let count = |k: usize| if k == 0 || 2 * k == n { 1.0 } else { 2.0 };
    let factor = norm.factor(n, true);
    let weights = Tensor::from_fn([n / 2 + 1, 1], |k| I::Elem::of(factor * count(k)));
    let y = Value::apply(HalfSpectrumGrad { n }, (bins * x.lift(weights)).into());
    moved(&y, shape.rank() - 2, place)
}

/// The transform of a + ib is A + iB, where A and B are those of the real numbers a and b.
#[track_caller]
fn fft<I: Interp>(
    op: &str,
    x: &Value<I>,
    n: Option<usize>,
    axis: isize,
    norm: FftNorm,
    inverse: bool,
) -> Value<I> {
    let shape = x.shape();
    let place = pair_place(op, axis, shape);
    let n = length(op, n.unwrap_or(shape[place]), shape);
    let bins = Value::apply(HalfSpectrum, fitted(x, place, 1, n).transpose(-1, -2).into());
    let bins = mirrored(&bins, n, inverse);
    let ((a_re, a_im), (b_re, b_im)) = (bins.index_axis(-3, 0).parts(), bins.index_axis(-3, 1).parts());
    let y = Value::stack(&[&(a_re - b_im), &(a_im + b_re)], -1);
    scaled(moved(&y, shape.rank() - 2, place), norm.factor(n, inverse))
}

/// Fourier transforms (feature `fft`). There is no complex element type: complex numbers are pairs, real and imaginary
/// part, along a last axis of size 2, as `torch.view_as_real` gives them. The axes of an operand of pairs are numbered
/// without that one, as those of a complex tensor.
impl<I: Interp> Value<I> {
    /// Xₖ = Σⱼ xⱼ·e^(−2πijk/n), divided as `norm` says, along an axis of real numbers: the Fourier transform, for k from
    /// 0 to n/2 only, because bin n − k is the conjugate of bin k. A new last axis has real and imaginary parts. With an
    /// n, x is first cut or filled up with zeros to so many numbers. Any n is fast; products of small primes are
    /// fastest.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::FftNorm};
    /// let x = Tensor::from([1.0, 0.0, -1.0, 0.0]); // one period of a cosine
    /// let bins = x.rfft(None, -1, FftNorm::Backward);
    /// assert_eq!(bins, Tensor::from([[0.0, 0.0], [2.0, 0.0], [0.0, 0.0]]));
    /// assert_eq!(bins.irfft(None, -1, FftNorm::Backward), x);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range, or there is nothing along it.
    #[track_caller]
    pub fn rfft(&self, n: Option<usize>, axis: isize, norm: FftNorm) -> Self {
        rfft("rfft", self, n, axis, norm)
    }

    /// xⱼ = Σₖ Xₖ·e^(2πijk/n), divided as `norm` says: n real numbers from the bins from 0 to n/2 that
    /// [`rfft`](Self::rfft) gives, as pairs, which stand for their mirror images too. Axes are numbered without that of
    /// the pairs. If not given, n is even: 2·(bins − 1). Bins are cut or filled up with zeros to n/2 + 1; the imaginary
    /// parts of bin 0 and of bin n/2 are not read.
    ///
    /// # Panics
    /// When the last axis is not of size 2, the axis is out of range, or n is 0.
    #[track_caller]
    pub fn irfft(&self, n: Option<usize>, axis: isize, norm: FftNorm) -> Self {
        irfft("irfft", self, n, axis, norm)
    }

    /// Xₖ = Σⱼ xⱼ·e^(−2πijk/n), divided as `norm` says, for k below n, along an axis of complex numbers, given as pairs
    /// along the last axis. Axes are numbered without that one. With an n, x is first cut or filled up with zeros to so
    /// many numbers.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::FftNorm};
    /// let x = Tensor::from([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]); // e^(2πij/4)
    /// let bins = x.fft(None, -1, FftNorm::Backward);
    /// assert_eq!(bins, Tensor::from([[0.0, 0.0], [4.0, 0.0], [0.0, 0.0], [0.0, 0.0]]));
    /// assert_eq!(bins.ifft(None, -1, FftNorm::Backward), x);
    /// ```
    ///
    /// # Panics
    /// When the last axis is not of size 2, the axis is out of range, or there is nothing along it.
    #[track_caller]
    pub fn fft(&self, n: Option<usize>, axis: isize, norm: FftNorm) -> Self {
        fft("fft", self, n, axis, norm, false)
    }

    /// xⱼ = Σₖ Xₖ·e^(2πijk/n), divided as `norm` says: the inverse of [`fft`](Self::fft).
    ///
    /// # Panics
    /// As [`fft`](Self::fft).
    #[track_caller]
    pub fn ifft(&self, n: Option<usize>, axis: isize, norm: FftNorm) -> Self {
        fft("ifft", self, n, axis, norm, true)
    }

    /// |Xₖ|² for the bins k from 0 to n/2 of [`rfft`](Self::rfft): where along an axis the energy of real numbers lies.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::FftNorm};
    /// let tone = Tensor::from_fn([8], |j| (j as f64 * std::f64::consts::TAU * 2.0 / 8.0).cos());
    /// let power = tone.power_spectrum(None, -1, FftNorm::Forward);
    /// assert!((power - Tensor::from([0.0, 0.0, 0.25, 0.0, 0.0])).norm(2.0).item() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// As [`rfft`](Self::rfft).
    #[track_caller]
    pub fn power_spectrum(&self, n: Option<usize>, axis: isize, norm: FftNorm) -> Self {
        rfft("power_spectrum", self, n, axis, norm).square().sum_axes(-1, false)
    }

    /// The Fourier transform over two axes of real numbers: [`rfft`](Self::rfft) along the second, then
    /// [`fft`](Self::fft) along the first. With sizes, x is first cut or filled up with zeros to them.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::FftNorm};
    /// let image = Tensor::<f64>::from_fn([4, 6], |i| (i * i % 7) as f64);
    /// let bins = image.rfft2(None, [-2, -1], FftNorm::Ortho);
    /// assert_eq!(bins.shape().dims(), [4, 4, 2]);
    /// assert!((bins.irfft2(None, [-2, -1], FftNorm::Ortho) - image).norm(2.0).item() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range, both are the same, or there is nothing along one.
    #[track_caller]
    pub fn rfft2(&self, sizes: Option<[usize; 2]>, axes: [isize; 2], norm: FftNorm) -> Self {
        let [first, second] = distinct("rfft2", axes, self.shape().rank(), self.shape());
        let [m, n] = each(sizes);
        let rows = rfft("rfft2", self, n, second, norm);
        fft("rfft2", &rows, m, first, norm, false)
    }

    /// The inverse of [`rfft2`](Self::rfft2), of pairs: [`ifft`](Self::ifft) along the first axis, then
    /// [`irfft`](Self::irfft) along the second. Axes are numbered without that of the pairs.
    ///
    /// # Panics
    /// When the last axis is not of size 2, an axis is out of range, both are the same, or there is nothing along one.
    #[track_caller]
    pub fn irfft2(&self, sizes: Option<[usize; 2]>, axes: [isize; 2], norm: FftNorm) -> Self {
        super::pairs::check_pairs("irfft2", self.shape());
        let [first, second] = distinct("irfft2", axes, self.shape().rank() - 1, self.shape());
        let [m, n] = each(sizes);
        let columns = fft("irfft2", self, m, first, norm, true);
        irfft("irfft2", &columns, n, second, norm)
    }
}

/// Two axes from the front, if they are two.
#[track_caller]
fn distinct(op: &str, axes: [isize; 2], rank: usize, shape: &Shape) -> [isize; 2] {
    let places = [place(op, axes[0], rank, shape), place(op, axes[1], rank, shape)];
    assert!(places[0] != places[1], "gradtape: {op}: axis {} of {shape} is named twice", places[0]);
    places.map(|place| place as isize)
}

fn each(sizes: Option<[usize; 2]>) -> [Option<usize>; 2] {
    sizes.map_or([None, None], |sizes| sizes.map(Some))
}

/// Frequencies (feature `fft`).
impl<F: Float> Tensor<F> {
    /// The frequency of each bin of [`rfft`](Value::rfft), of n numbers that are `d` apart: 0, 1, …, n/2, over d·n.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::rfftfreq(8, 0.5), Tensor::from([0.0, 0.25, 0.5, 0.75, 1.0]));
    /// ```
    pub fn rfftfreq(n: usize, d: f64) -> Self {
        Tensor::from_fn([n / 2 + 1], |k| F::of(k as f64 / (d * n as f64)))
    }

    /// The frequency of each bin of [`fft`](Value::fft), of n numbers that are `d` apart: those from 0 on, then those
    /// below 0.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::fftfreq(4, 1.0), Tensor::from([0.0, 0.25, -0.5, -0.25]));
    /// assert_eq!(Tensor::fftfreq(5, 0.2), Tensor::from([0.0, 1.0, 2.0, -2.0, -1.0]));
    /// ```
    pub fn fftfreq(n: usize, d: f64) -> Self {
        let signed = |k: usize| if 2 * k < n { k as f64 } else { k as f64 - n as f64 };
        Tensor::from_fn([n], |k| F::of(signed(k) / (d * n as f64)))
    }
}

#[inline]
fn sampled_norm(g: &mut Gen) -> FftNorm {
    g.pick(&[FftNorm::Backward, FftNorm::Ortho, FftNorm::Forward])
}

/// As many numbers as there are, or others; given if there are none.
#[inline]
fn sampled_length(g: &mut Gen, size: usize) -> Option<usize> {
    if size > 0 && g.bool() { None } else { Some(g.int(1, 7)) }
}

type Options = (Option<usize>, isize, FftNorm);

#[inline]
fn sampled_real(g: &mut Gen) -> (Options, Vec<Tensor<f64>>) {
    let shape = g.shape_of_rank(1, 3);
    let axis = g.axis(shape.rank());
    let n = sampled_length(g, shape[resolve(axis, shape.rank()).expect("drawn for this rank")]);
    ((n, axis, sampled_norm(g)), vec![g.values(&shape, -3.0..3.0)])
}

#[inline]
fn sampled_complex(g: &mut Gen, least: usize) -> (Options, Vec<Tensor<f64>>) {
    let shape = sampled_pairs(g, 1, 2);
    let axis = g.axis(shape.rank() - 1);
    let size = shape[resolve(axis, shape.rank() - 1).expect("drawn for this rank")];
    let n = sampled_length(g, if size < least { 0 } else { size });
    ((n, axis, sampled_norm(g)), vec![g.values(&shape, -3.0..3.0)])
}

type PlaneOptions = (Option<[usize; 2]>, [isize; 2], FftNorm);

/// Axes before the last, of which `rank` can be transformed.
#[inline]
fn sampled_plane(g: &mut Gen, shape: &Shape, rank: usize, least: usize) -> PlaneOptions {
    let order = g.order(rank);
    let from_end = if g.bool() { rank as isize } else { 0 };
    let places = [order[0], order[1]];
    let enough = shape[places[0]] > 0 && shape[places[1]] >= least;
    let sizes = if enough && g.bool() { None } else { Some([g.int(1, 4), g.int(1, 5)]) };
    (sizes, places.map(|place| place as isize - from_end), sampled_norm(g))
}

composition!(
    Rfft(Options),
    "rfft",
    |(n, axis, norm), x| vec![x[0].rfft(*n, *axis, *norm)],
    |g| sampled_real(g)
);
composition!(Irfft(Options), "irfft", |(n, axis, norm), x| vec![x[0].irfft(*n, *axis, *norm)], |g| {
    sampled_complex(g, 2)
});
composition!(
    Fft(Options),
    "fft",
    |(n, axis, norm), x| vec![x[0].fft(*n, *axis, *norm)],
    |g| sampled_complex(g, 1)
);
composition!(Ifft(Options), "ifft", |(n, axis, norm), x| vec![x[0].ifft(*n, *axis, *norm)], |g| {
    sampled_complex(g, 1)
});
composition!(
    PowerSpectrum(Options),
    "power_spectrum",
    |(n, axis, norm), x| vec![x[0].power_spectrum(*n, *axis, *norm)],
    |g| sampled_real(g)
);
composition!(
    Rfft2(PlaneOptions),
    "rfft2",
    |(sizes, axes, norm), x| vec![x[0].rfft2(*sizes, *axes, *norm)],
    |g| {
        let shape = g.shape_of_rank(2, 3);
        let options = sampled_plane(g, &shape, shape.rank(), 1);
        (options, vec![g.values(&shape, -3.0..3.0)])
    }
);
composition!(
    Irfft2(PlaneOptions),
    "irfft2",
    |(sizes, axes, norm), x| vec![x[0].irfft2(*sizes, *axes, *norm)],
    |g| {
        let shape = sampled_pairs(g, 2, 3);
        let options = sampled_plane(g, &shape, shape.rank() - 1, 2);
        (options, vec![g.values(&shape, -3.0..3.0)])
    }
);
