//! The same elements again, further on, or beyond their ends.

use super::{Array, Naive, Place, build, from_front, replaced};
use gradtape::ops::{Indexing, PadMode, composed::*};

fn flat(x: &Array) -> Array {
    Array::from_shape_vec(vec![x.len()], x.iter().copied().collect()).expect("as many")
}

impl Naive for Roll {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (shifts, axes) = &self.0;
        let rolled = |x: &Array, axis: usize, shift: isize| {
            let size = x.shape()[axis] as isize;
            build(x.shape(), |at| {
                x[&replaced(at, axis, (at[axis] as isize - shift).rem_euclid(size) as usize)[..]]
            })
        };
        if axes.is_empty() {
            let mut elements = rolled(&flat(&x[0]), 0, shifts[0]).into_iter();
            return vec![build(x[0].shape(), |_| elements.next().expect("as many"))];
        }
        let pairs = axes.iter().zip(shifts);
        vec![pairs.fold(x[0].clone(), |x, (&axis, &shift)| rolled(&x, from_front(axis, x.ndim()), shift))]
    }
}

fn repeated(x: &Array, counts: &[usize]) -> Vec<Array> {
    let new = counts.len() - x.ndim();
    let size = |i: usize| if i < new { 1 } else { x.shape()[i - new] };
    let dims: Place = (0..counts.len()).map(|i| counts[i] * size(i)).collect();
    vec![build(&dims, |at| x[&(new..at.len()).map(|i| at[i] % size(i)).collect::<Place>()[..]])]
}

impl Naive for Repeat {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        repeated(&x[0], &self.0)
    }
}

impl Naive for Tile {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut counts = self.0.clone();
        while counts.len() < x[0].ndim() {
            counts.insert(0, 1);
        }
        repeated(&x[0], &counts)
    }
}

impl Naive for RepeatInterleave {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (counts, axis) = &self.0;
        let (x, axis) = match axis {
            Some(axis) => (x[0].clone(), from_front(*axis, x[0].ndim())),
            None => (flat(&x[0]), 0),
        };
        let mut places = Vec::new();
        for i in 0..x.shape()[axis] {
            for _ in 0..*counts.get(i).unwrap_or(&counts[0]) {
                places.push(i);
            }
        }
        let dims = replaced(x.shape(), axis, places.len());
        vec![build(&dims, |at| x[&replaced(at, axis, places[at[axis]])[..]])]
    }
}

impl Naive for Meshgrid {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let sizes: Place = x.iter().map(|x| x.len()).collect();
        let exchanged = |mut of: Place| {
            if self.0 == Indexing::Xy && of.len() > 1 {
                of.swap(0, 1);
            }
            of
        };
        let value = |(i, x): (usize, &Array)| {
            build(&exchanged(sizes.clone()), |at| flat(x)[[exchanged(at.to_vec())[i]]])
        };
        x.iter().enumerate().map(value).collect()
    }
}

impl Naive for Pad {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (widths, mode) = &self.0;
        let rank = x[0].ndim();
        let width = |axis: usize, end: usize| *widths.get(2 * (rank - 1 - axis) + end).unwrap_or(&0);
        let size = |axis: usize| x[0].shape()[axis] as isize + width(axis, 0) + width(axis, 1);
        let dims: Place = (0..rank).map(|axis| size(axis) as usize).collect();
        // Walks from the first element, step by step, turning at the ends or coming round.
        let reached = |axis: usize, at: isize| -> Option<usize> {
            let mut last = x[0].shape()[axis] as isize - 1;
            if last < 0 {
                return None;
            }
            let mut first = 0;
            if *mode == PadMode::Circular {
                first -= width(axis, 0).min(0);
                last += width(axis, 1).min(0);
            }
            let (mut place, mut way) = (first, (at - first).signum());
            for _ in 0..(at - first).abs() {
                let beyond = !(first..=last).contains(&(place + way));
                match mode {
                    PadMode::Constant(_) if beyond => return None,
                    PadMode::Replicate if beyond => way = 0,
                    PadMode::Circular if beyond => place = if way > 0 { first - 1 } else { last + 1 },
                    PadMode::Reflect if beyond => way = -way,
                    _ => {}
                }
                place += way;
            }
            Some(place as usize)
        };
        vec![build(&dims, |at| {
            let place = |axis: usize| reached(axis, at[axis] as isize - width(axis, 0));
            match ((0..rank).map(place).collect::<Option<Place>>(), mode) {
                (Some(place), _) => x[0][&place[..]],
                (None, PadMode::Constant(value)) => *value,
                (None, _) => unreachable!("only constants are beyond the ends"),
            }
        })]
    }
}
