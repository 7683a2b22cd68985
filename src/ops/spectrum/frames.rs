//! Spectra over time, from overlapping frames of a signal and back.

use super::{
    HalfSpectrum,
    fourier::{FftNorm, holdable, mirrored},
    pairs::check_pairs,
};
use crate::{
    Float, Shape, Tensor,
    gradcheck::Gen,
    ops::{AsStrided, AsStridedGrad, PadMode},
    value::{Interp, Value},
};

/// The options of [`Value::stft`].
///
/// ```
/// use gradtape::ops::StftOptions;
/// let options = StftOptions { hop_length: Some(160), normalized: true, ..Default::default() };
/// # let _ = options;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StftOptions {
    /// From the start of one frame to that of the next; n_fft/4.
    pub hop_length: Option<usize>,
    /// The size of the window, which lies in the middle of the frame; n_fft.
    pub win_length: Option<usize>,
    /// Whether frame t has its middle at t·hop_length, the signal being padded by n_fft/2 at both ends, instead of
    /// its start; it has.
    pub center: bool,
    /// With what it is padded then; [`PadMode::Reflect`].
    pub pad_mode: PadMode,
    /// Whether spectra are divided by √n_fft; they are not.
    pub normalized: bool,
    /// Whether only the bins up to n_fft/2 are given, which the others mirror; so it is.
    pub onesided: bool,
}

impl Default for StftOptions {
    fn default() -> Self {
        StftOptions {
            hop_length: None,
            win_length: None,
            center: true,
            pad_mode: PadMode::Reflect,
            normalized: false,
            onesided: true,
        }
    }
}

/// The options of [`Value::istft`]. But for the length they are those of the [`Value::stft`] that it undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IstftOptions {
    /// From the start of one frame to that of the next; n_fft/4.
    pub hop_length: Option<usize>,
    /// The size of the window, which lies in the middle of the frame; n_fft.
    pub win_length: Option<usize>,
    /// Whether the signal was padded by n_fft/2 at both ends, which are left away; it was.
    pub center: bool,
    /// Whether spectra were divided by √n_fft; they were not.
    pub normalized: bool,
    /// Whether there are only the bins up to n_fft/2, which the others mirror; so it is. The others are not read.
    pub onesided: bool,
    /// The size of the signal, cut or filled up with zeros; as much as the frames cover.
    pub length: Option<usize>,
}

impl Default for IstftOptions {
    fn default() -> Self {
        IstftOptions {
            hop_length: None,
            win_length: None,
            center: true,
            normalized: false,
            onesided: true,
            length: None,
        }
    }
}

/// Sizes of frames, checked.
#[derive(Clone, Copy)]
struct Frames {
    n_fft: usize,
    hop: usize,
    window: usize,
}

impl Frames {
    #[track_caller]
    fn new(op: &str, n_fft: usize, hop: Option<usize>, window: Option<usize>, shape: &Shape) -> Self {
        let (hop, window) = (hop.unwrap_or(n_fft / 4), window.unwrap_or(n_fft));
        if hop == 0 || window == 0 || window > n_fft {
            panic!("gradtape: {op}: n_fft {n_fft}, hop_length {hop}, win_length {window} for {shape}");
        }
        Frames { n_fft, hop, window }
    }

    /// The window in the middle of a frame, if it is not 1 throughout.
    #[track_caller]
    fn framed<I: Interp>(self, op: &str, window: Option<&Value<I>>, like: &Value<I>) -> Option<Value<I>> {
        if let Some(window) = window
            && window.shape()[..] != [self.window]
        {
            panic!("gradtape: {op}: a window of {}, where win_length is {}", window.shape(), self.window);
        }
        let more = self.n_fft - self.window;
        if more == 0 {
            return window.cloned();
        }
        let around = [(more / 2) as isize, (more - more / 2) as isize];
        let ones = || like.lift(Tensor::ones([self.window]));
        Some(window.cloned().unwrap_or_else(ones).pad(&around, PadMode::default()))
    }

    /// Frames [batch, frames, n_fft] added up where they overlap: the adjoint of `unfold`.
    fn overlapped<I: Interp>(self, frames: &Value<I>) -> Value<I> {
        let [batch, count] = [frames.shape()[0], frames.shape()[1]];
        let covered = self.n_fft + (count - 1) * self.hop;
        let steps = [covered as isize, self.hop as isize, 1];
        let walk = AsStrided { shape: frames.shape().clone(), steps: steps.into_iter().collect(), offset: 0 };
        Value::apply(AsStridedGrad { walk, shape: Shape::from([batch, covered]) }, frames.into())
    }
}

/// Spectra over time (feature `fft`).
impl<I: Interp> Value<I> {
    /// The short-time Fourier transform of real signals along the last axis: Xₖₜ = Σⱼ wⱼ·xₜⱼ·e^(−2πijk/n), where xₜ is
    /// the frame of n = `n_fft` numbers from t·hop_length − n/2 on and w is the window, 1 throughout if none is given.
    /// The last axis gives way to `[bins, frames, 2]`, of pairs. The window may be a variable, too.
    ///
    /// A tone that rises comes to higher bins from frame to frame:
    ///
    /// ```
    /// use gradtape::{Tensor, ops::StftOptions};
    /// let chirp = Tensor::<f64>::from_fn([256], |j| (j as f64 * j as f64 * 0.005).sin());
    /// let window = Tensor::hann_window(32, true);
    /// let spectrogram = chirp.stft(32, Some(&window), StftOptions { hop_length: Some(64), ..Default::default() }).magnitude();
    /// assert_eq!(spectrogram.shape().dims(), [17, 5]);
    /// let (_, loudest) = spectrogram.max_dim(0, false);
    /// assert_eq!(loudest.slice()[1..], [3, 7, 10, 13]);
    /// ```
    ///
    /// # Panics
    /// When there is no axis, a frame is longer than the (padded) signal, hop_length or win_length is 0, win_length
    /// greater than n_fft, the window not of win_length, or the signal too short to be padded.
    #[track_caller]
    pub fn stft(&self, n_fft: usize, window: Option<&Self>, options: StftOptions) -> Self {
        self.stft_as("stft", n_fft, window, options)
    }

    /// As [`stft`](Self::stft), for a method of this name.
    #[track_caller]
    pub(super) fn stft_as(
        &self,
        name: &str,
        n_fft: usize,
        window: Option<&Self>,
        options: StftOptions,
    ) -> Self {
        let shape = self.shape();
        assert!(shape.rank() > 0, "gradtape: {name}: a signal needs an axis, and there is none in {shape}");
        let frames = Frames::new(name, n_fft, options.hop_length, options.win_length, shape);
        let window = frames.framed(name, window, self);
        let half = (n_fft / 2) as isize;
        let signal =
            if options.center { self.pad_as(name, &[half, half], options.pad_mode) } else { self.clone() };
        let size = signal.shape()[shape.rank() - 1];
        assert!(
            n_fft <= size,
            "gradtape: {name}: a frame of {n_fft} is longer than the {size} numbers of {shape}"
        );
        let mut each = signal.unfold(-1, n_fft, frames.hop);
        if let Some(window) = window {
            each = each * window;
        }
        let mut bins = Value::apply(HalfSpectrum, each.into());
        if !options.onesided {
            bins = mirrored(&bins, n_fft, false);
        }
        if options.normalized {
            bins = bins / (n_fft as f64).sqrt();
        }
        bins.transpose(-3, -2)
    }

    /// The inverse of [`stft`](Self::stft), of spectra `[.., bins, frames, 2]`: Σₜ w·xₜ / Σₜ w², where frames xₜ, each
    /// transformed back, overlap (Griffin, Lim: Signal Estimation from Modified Short-Time Fourier Transform, 1984).
    /// Of spectra that belong to no signal it is that of the nearest ones that do.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::{IstftOptions, StftOptions}};
    /// let x = Tensor::<f64>::from_fn([50], |j| (j as f64).sin());
    /// let window = Tensor::hann_window(16, true);
    /// let spectra = x.stft(16, Some(&window), StftOptions::default());
    /// let back = spectra.istft(16, Some(&window), IstftOptions { length: Some(50), ..Default::default() });
    /// assert!((back - x).norm(2.0).item() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// When the axes are not `[.., bins, frames, 2]`, there are no frames, the bins are not those of n_fft, hop_length
    /// or win_length is 0, hop_length greater than win_length, win_length greater than n_fft, the window not of
    /// win_length, or the sum of the squares of the windows is below 1e-11 somewhere in the result.
    #[track_caller]
    pub fn istft(&self, n_fft: usize, window: Option<&Self>, options: IstftOptions) -> Self {
        let shape = self.shape();
        check_pairs("istft", shape);
        holdable("istft", options.length.unwrap_or(0), shape);
        let frames = Frames::new("istft", n_fft, options.hop_length, options.win_length, shape);
        let (hop, width) = (frames.hop, frames.window);
        assert!(
            hop <= width,
            "gradtape: istft: hop_length {hop} leaves gaps between windows of {width} for {shape}"
        );
        let bins = if options.onesided { n_fft / 2 + 1 } else { n_fft };
        let rank = shape.rank();
        if rank < 3 || shape[rank - 3] != bins || shape[rank - 2] == 0 {
            panic!("gradtape: istft: needs [.., {bins}, frames, 2] for n_fft {n_fft}, not {shape}");
        }
        let window = frames.framed("istft", window, self);
        let (front, count) = (&shape[..rank - 3], shape[rank - 2]);
        let norm = if options.normalized { FftNorm::Ortho } else { FftNorm::Backward };
        let spectra = self.reshape([front.iter().product(), bins, count, 2]).transpose(1, 2);
        let mut each = spectra.irfft(Some(n_fft), -1, norm);
        let mut weights = self.lift(Tensor::ones([1, count, n_fft]));
        if let Some(window) = window {
            each = each * &window;
            weights = weights * window.square();
        }
        let (sum, weight) = (frames.overlapped(&each), frames.overlapped(&weights));
        let covered = n_fft + (count - 1) * hop;
        let start = if options.center { n_fft / 2 } else { 0 };
        let end = options.length.map_or(covered - start, |length| start.saturating_add(length));
        let inside = (start as isize)..(end.min(covered) as isize);
        let weight = weight.slice_axis(-1, inside.clone(), 1);
        if let Some(least) = weight.tensor().slice().iter().map(|v| v.to_f64()).find(|&v| v < 1e-11) {
            panic!("gradtape: istft: the windows' squares add up to {least:e} in places, for {shape}");
        }
        let signal = sum.slice_axis(-1, inside, 1) / weight;
        let more = end.saturating_sub(covered);
        let signal = if more > 0 { signal.pad(&[0, more as isize], PadMode::default()) } else { signal };
        let size = signal.shape()[1];
        signal.reshape(&[front, &[size]].concat()[..])
    }
}

type Sampled<O> = ((usize, O), Vec<Tensor<f64>>);

/// Frames of a few numbers.
#[inline]
fn sampled_frames(g: &mut Gen) -> (usize, Option<usize>, Option<usize>) {
    let n_fft = g.int(4, 8);
    let window = if g.bool() { None } else { Some(g.int(3, n_fft)) };
    let hop = if g.bool() { None } else { Some(g.int(1, 3)) };
    (n_fft, hop, window)
}

#[inline]
fn sampled_stft(g: &mut Gen) -> Sampled<StftOptions> {
    let (n_fft, hop_length, win_length) = sampled_frames(g);
    let options = StftOptions {
        hop_length,
        win_length,
        center: g.bool(),
        pad_mode: g.pick(&[PadMode::Reflect, PadMode::default(), PadMode::Replicate]),
        normalized: g.bool(),
        onesided: g.bool(),
    };
    let mut dims = g.shape_of_rank(0, 1).to_vec();
    dims.push(n_fft + g.int(0, 4));
    let mut inputs = vec![g.values(&Shape::from(&dims[..]), -3.0..3.0)];
    if g.bool() {
        inputs.push(g.values(&Shape::from([win_length.unwrap_or(n_fft)]), -1.0..2.0));
    }
    ((n_fft, options), inputs)
}

#[inline]
fn sampled_istft(g: &mut Gen) -> Sampled<IstftOptions> {
    let (n_fft, hop_length, win_length) = sampled_frames(g);
    let (window, hop) = (win_length.unwrap_or(n_fft), hop_length.unwrap_or(n_fft / 4));
    let (count, short) = (g.int(2, 5), window < n_fft);
    let center = short || g.bool();
    // What windows cover of the result; beyond the frames there are zeros.
    let covered = (n_fft - window) / 2 + window + (count - 1) * hop - if center { n_fft / 2 } else { 0 };
    let length =
        if short || g.bool() { Some(g.int(1, if short { covered } else { covered + 2 })) } else { None };
    let options =
        IstftOptions { hop_length, win_length, center, normalized: g.bool(), onesided: g.bool(), length };
    let mut dims = g.shape_of_rank(0, 1).to_vec();
    dims.extend([if options.onesided { n_fft / 2 + 1 } else { n_fft }, count, 2]);
    let mut inputs = vec![g.values(&Shape::from(&dims[..]), -3.0..3.0)];
    if g.bool() {
        inputs.push(g.values(&Shape::from([window]), 0.5..1.5));
    }
    ((n_fft, options), inputs)
}

composition!(
    Stft((usize, StftOptions)),
    "stft",
    |(n_fft, options), x| vec![x[0].stft(*n_fft, x.get(1), *options)],
    |g| sampled_stft(g)
);
composition!(
    Istft((usize, IstftOptions)),
    "istft",
    |(n_fft, options), x| vec![x[0].istft(*n_fft, x.get(1), *options)],
    |g| sampled_istft(g)
);
