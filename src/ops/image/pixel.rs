//! Channels exchanged for resolution.

use crate::value::{Interp, Value};

impl<I: Interp> Value<I> {
    /// Blocks of `factor`² channels as blocks of `factor` × `factor` elements: `[.., c · factor², h, w]` becomes
    /// `[.., c, h · factor, w · factor]` (Shi and others: Real-Time Single Image and Video Super-Resolution, 2016).
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::new(vec![1.0, 2.0, 3.0, 4.0], [4, 1, 1]);
    /// assert_eq!(x.pixel_shuffle(2), Tensor::new(vec![1.0, 2.0, 3.0, 4.0], [1, 2, 2]));
    /// ```
    ///
    /// # Panics
    /// When there are fewer than three axes, or `factor`² does not divide the channels.
    #[track_caller]
    pub fn pixel_shuffle(&self, factor: usize) -> Self {
        let shape = self.shape();
        let squared = factor.checked_mul(factor).filter(|&squared| squared > 0);
        let Some((front, &[channels, height, width])) = shape.split_last_chunk() else {
            panic!("gradtape: pixel_shuffle: needs [.., channels, height, width], not {shape}");
        };
        let Some(squared) = squared.filter(|&squared| channels.is_multiple_of(squared)) else {
            panic!("gradtape: pixel_shuffle: {factor}² does not divide the {channels} channels of {shape}");
        };
        let Some((tall, wide)) = height.checked_mul(factor).zip(width.checked_mul(factor)) else {
            panic!("gradtape: pixel_shuffle: {shape} grown by {factor} is more than memory can hold");
        };
        let kept = channels / squared;
        let apart = [front, &[kept, factor, factor, height, width]].concat();
        let together = [front, &[kept, tall, wide]].concat();
        self.reshape(&apart[..])
            .permute(&interleaved(front.len(), [0, 3, 1, 4, 2])[..])
            .reshape(&together[..])
    }

    /// The inverse of [`pixel_shuffle`](Self::pixel_shuffle): `[.., c, h · factor, w · factor]` becomes
    /// `[.., c · factor², h, w]`.
    ///
    /// # Panics
    /// When there are fewer than three axes, or `factor` does not divide height and width.
    #[track_caller]
    pub fn pixel_unshuffle(&self, factor: usize) -> Self {
        let shape = self.shape();
        let Some((front, &[channels, height, width])) = shape.split_last_chunk() else {
            panic!("gradtape: pixel_unshuffle: needs [.., channels, height, width], not {shape}");
        };
        if factor == 0 || !height.is_multiple_of(factor) || !width.is_multiple_of(factor) {
            panic!("gradtape: pixel_unshuffle: {factor} does not divide height and width of {shape}");
        }
        let Some(deep) = factor.checked_mul(factor).and_then(|squared| squared.checked_mul(channels)) else {
            panic!(
                "gradtape: pixel_unshuffle: {factor}² times the channels of {shape} is more than memory can hold"
            );
        };
        let (height, width) = (height / factor, width / factor);
        let apart = [front, &[channels, height, factor, width, factor]].concat();
        let together = [front, &[deep, height, width]].concat();
        self.reshape(&apart[..])
            .permute(&interleaved(front.len(), [0, 2, 4, 1, 3])[..])
            .reshape(&together[..])
    }
}

/// The order of the last five axes, behind `front` others that stay.
fn interleaved(front: usize, last: [usize; 5]) -> Vec<usize> {
    (0..front).chain(last.map(|axis| front + axis)).collect()
}

composition!(PixelShuffle(usize), "pixel_shuffle", |factor, x| vec![x[0].pixel_shuffle(*factor)], |g| {
    let front = g.shape(1);
    let (factor, channels) = (g.int(1, 3), g.int(1, 2));
    let dims = [front.dims(), &[channels * factor * factor, g.int(0, 3), g.int(1, 2)]].concat();
    (factor, vec![g.values(&crate::Shape::from(&dims[..]), -3.0..3.0)])
});
composition!(
    PixelUnshuffle(usize),
    "pixel_unshuffle",
    |factor, x| vec![x[0].pixel_unshuffle(*factor)],
    |g| {
        let front = g.shape(1);
        let (factor, channels) = (g.int(1, 3), g.int(1, 2));
        let dims = [front.dims(), &[channels, factor * g.int(0, 3), factor * g.int(1, 2)]].concat();
        (factor, vec![g.values(&crate::Shape::from(&dims[..]), -3.0..3.0)])
    }
);
