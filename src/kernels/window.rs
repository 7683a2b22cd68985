//! Windows that slide over the last axes of an array: which elements they see from each place.
#![forbid(unsafe_code)]

use super::{Float, simd::simd};
use smallvec::SmallVec;
use std::ops::Range;

/// How a window slides along one axis. Tap k of the window at place o lies on element
/// o · stride + k · dilation − padding, which may be outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slide {
    /// Elements of the axis.
    pub(crate) size: usize,
    /// Places of the window.
    pub(crate) places: usize,
    /// Elements that a window sees.
    pub(crate) taps: usize,
    pub(crate) stride: usize,
    pub(crate) dilation: usize,
    /// Elements before the first; a negative number leaves some out.
    pub(crate) padding: isize,
}

pub(crate) type Slides = SmallVec<[Slide; 3]>;

impl Slide {
    fn offset(&self, tap: usize) -> isize {
        (tap * self.dilation) as isize - self.padding
    }

    /// The places from which a tap is inside.
    fn inside(&self, tap: usize) -> Range<usize> {
        let place = |at: isize| at.max(0).unsigned_abs().div_ceil(self.stride).min(self.places);
        let start = place(-self.offset(tap));
        start..place(self.size as isize - self.offset(tap)).max(start)
    }

    /// Where a tap lies from a place, if inside.
    fn at(&self, place: usize, tap: usize) -> Option<usize> {
        let at = (place * self.stride) as isize + self.offset(tap);
        usize::try_from(at).ok().filter(|&at| at < self.size)
    }

    /// Whether the windows are the elements themselves.
    pub(crate) fn is_identity(&self) -> bool {
        self.taps == 1 && self.stride == 1 && self.padding == 0 && self.places == self.size
    }
}

/// Neighbouring elements of a line, or every `stride`th of them, that neighbouring places see through
/// one tap.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The first place, counted from the first of the tile.
    column: usize,
    count: usize,
    /// The element of the channel that the first place sees.
    from: usize,
}

/// What a range of places, in row-major order, sees through each tap: the same in every channel of every
/// image, so it is worked out once.
#[derive(Debug)]
pub(crate) struct Tile {
    pub(crate) places: Range<usize>,
    /// By tap.
    runs: Vec<SmallVec<[Run; 8]>>,
    stride: usize,
}

impl Tile {
    /// `places` is not empty.
    pub(crate) fn new(slides: &[Slide], places: Range<usize>) -> Self {
        let (line, outer) = slides.split_last().expect("at least one axis");
        let lines = places.start / line.places..places.end.div_ceil(line.places);
        let mut runs = Vec::new();
        for taps in 0..outer.iter().map(|slide| slide.taps).product() {
            let seen: Vec<_> = lines.clone().map(|number| (number, seen(outer, number, taps))).collect();
            for tap in 0..line.taps {
                let inside = line.inside(tap);
                let run = |&(number, seen): &(usize, Option<usize>)| {
                    let first = number * line.places;
                    let start = places.start.max(first + inside.start);
                    let end = places.end.min(first + inside.end);
                    let from = seen? * line.size + line.at(start - first, tap)?;
                    let count = end.saturating_sub(start);
                    (count > 0).then_some(Run { column: start - places.start, count, from })
                };
                runs.push(seen.iter().filter_map(run).collect());
            }
        }
        Tile { places, runs, stride: line.stride }
    }

    /// Taps of a window.
    pub(crate) fn taps(&self) -> usize {
        self.runs.len()
    }

    /// A row of `patches` for each tap of each channel of `x`: what it sees from the places, 0 where it is
    /// outside. `plane` is the size of a channel.
    pub(crate) fn gather<F: Float>(&self, x: &[F], plane: usize, patches: &mut [F]) {
        let columns = self.places.len();
        simd(
            #[inline(always)]
            || {
                for (channel, patches) in patches.chunks_exact_mut(self.taps() * columns).enumerate() {
                    let x = &x[channel * plane..(channel + 1) * plane];
                    for (runs, row) in self.runs.iter().zip(patches.chunks_exact_mut(columns)) {
                        if runs.iter().map(|run| run.count).sum::<usize>() < columns {
                            row.fill(F::ZERO);
                        }
                        for &Run { column, count, from } in runs {
                            let row = &mut row[column..column + count];
                            if self.stride == 1 {
                                row.copy_from_slice(&x[from..from + count]);
                            } else {
                                for (v, &seen) in row.iter_mut().zip(x[from..].iter().step_by(self.stride)) {
                                    *v = seen;
                                }
                            }
                        }
                    }
                }
            },
        );
    }

    /// A row of `patches` for each place: what its taps see, tap by tap, of an image whose channels lie side by
    /// side at each element; 0 where they are outside.
    pub(crate) fn gather_rows<F: Float>(&self, x: &[F], channels: usize, patches: &mut [F]) {
        let row = self.taps() * channels;
        let seen: usize = self.runs.iter().flatten().map(|run| run.count).sum();
        if seen < self.taps() * self.places.len() {
            patches.fill(F::ZERO);
        }
        for (tap, runs) in self.runs.iter().enumerate() {
            for &Run { column, count, from } in runs {
                for i in 0..count {
                    let to = (column + i) * row + tap * channels;
                    let from = (from + i * self.stride) * channels;
                    patches[to..to + channels].copy_from_slice(&x[from..from + channels]);
                }
            }
        }
    }

    /// The adjoint of [`gather`](Tile::gather): adds each row to the elements of `x` that its tap sees.
    pub(crate) fn add<F: Float>(&self, patches: &[F], plane: usize, x: &mut [F]) {
        let columns = self.places.len();
        simd(
            #[inline(always)]
            || {
                for (channel, patches) in patches.chunks_exact(self.taps() * columns).enumerate() {
                    let x = &mut x[channel * plane..(channel + 1) * plane];
                    for (runs, row) in self.runs.iter().zip(patches.chunks_exact(columns)) {
                        for &Run { column, count, from } in runs {
                            let row = &row[column..column + count];
                            if self.stride == 1 {
                                for (seen, &v) in x[from..from + count].iter_mut().zip(row) {
                                    *seen += v;
                                }
                            } else {
                                for (seen, &v) in x[from..].iter_mut().step_by(self.stride).zip(row) {
                                    *seen += v;
                                }
                            }
                        }
                    }
                }
            },
        );
    }
}

/// Which line, counted over the outer axes, a combination of their taps sees from line `line` of places.
fn seen(outer: &[Slide], mut line: usize, mut taps: usize) -> Option<usize> {
    let (mut at, mut step) = (0, 1);
    for slide in outer.iter().rev() {
        at += slide.at(line % slide.places, taps % slide.taps)? * step;
        step *= slide.size;
        line /= slide.places;
        taps /= slide.taps;
    }
    Some(at)
}
