//! Loudness in decibels.

use crate::value::{Interp, Value};

/// Decibels (feature `fft`).
impl<I: Interp> Value<I> {
    /// multiplier · log₁₀(max(x, amin) / max(amin, reference)): 10 is for powers, 20 for magnitudes. With a `top_db`
    /// nothing is further below the greatest than that; the greatest of the last three axes, channels and
    /// spectrogram, or of all. What amin or top_db decides has slope 0.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let power = Tensor::<f64>::from([100.0, 1.0, 0.0]);
    /// assert_eq!(power.amplitude_to_db(10.0, 1e-10, 1.0, None), Tensor::from([20.0, 0.0, -100.0]));
    /// assert_eq!(power.amplitude_to_db(10.0, 1e-10, 1.0, Some(80.0)), Tensor::from([20.0, 0.0, -60.0]));
    /// ```
    ///
    /// # Panics
    /// When amin is not positive, top_db is negative, or there is no greatest because x is empty.
    #[track_caller]
    pub fn amplitude_to_db(&self, multiplier: f64, amin: f64, reference: f64, top_db: Option<f64>) -> Self {
        let shape = self.shape();
        assert!(amin > 0.0, "gradtape: amplitude_to_db: amin is {amin}, not positive, for {shape}");
        let level = amin.max(reference).log10() * multiplier;
        let loudness = self.clamp(amin, f64::INFINITY).log10() * multiplier - level;
        let Some(top) = top_db else {
            return loudness;
        };
        assert!(top >= 0.0, "gradtape: amplitude_to_db: top_db is {top}, below 0, for {shape}");
        let axes: Vec<isize> = (1..=shape.rank().min(3) as isize).map(|axis| -axis).collect();
        let least = loudness.max_as("amplitude_to_db", &axes[..], true) - top;
        loudness.maximum(&least)
    }
}

composition!(
    AmplitudeToDb((f64, f64, f64, Option<f64>)),
    "amplitude_to_db",
    |(multiplier, amin, reference, top), x| vec![x[0].amplitude_to_db(*multiplier, *amin, *reference, *top)],
    |g| {
        let shape = g.shape(4);
        let shape = g.nonempty(shape);
        // One is the greatest of its group; the others are well above both bounds or below them.
        let group: usize = shape.iter().rev().take(3).product();
        let x = crate::Tensor::from_fn(&shape, |i| match i % group {
            0 => g.number(7.0..8.0),
            _ if g.bool() => g.number(2.0..4.0),
            _ => g.number(0.25..0.4),
        });
        let multiplier = g.pick(&[10.0, 20.0]);
        let top = if g.bool() { None } else { Some(0.9 * multiplier) };
        ((multiplier, g.pick(&[1e-10, 0.6]), g.number(0.1..2.0), top), vec![x])
    }
);
