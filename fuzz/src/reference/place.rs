//! Elements that move, are repeated, left out or added elsewhere.

use super::{Array, Dual, places, replaced, sum};

/// An op on where elements stand.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Flip(Vec<usize>),
    /// How far and along which axis.
    Roll(isize, usize),
    /// How many before and after, for each axis, and what.
    Pad(Vec<[usize; 2]>, Padding),
    Tril(isize),
    Triu(isize),
    /// The offset and the two axes.
    Diagonal(isize, [usize; 2]),
    /// Axis, shape of the indices, indices; beside the axis, the corner of that shape.
    Gather(usize, Vec<usize>, Vec<usize>),
    /// Axis and indices, shaped like the source: added to what is there.
    ScatterInto(usize, Vec<usize>),
    /// The same, in place of what is there; the last wins.
    Overwrite(usize, Vec<usize>),
    Stack(usize),
    /// As often along each axis, counted from the front.
    Repeat(Vec<usize>),
}

/// What stands beside the elements.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Padding {
    Constant(f64),
    Reflect,
    Replicate,
    Circular,
}

pub(super) fn place(op: &Place, args: &[&Array]) -> Array {
    let x = args[0];
    let rank = x.shape.len();
    match op {
        Place::Flip(axes) => Array::build(&x.shape, |p| {
            x.at(&(0..rank)
                .map(|i| if axes.contains(&i) { x.shape[i] - 1 - p[i] } else { p[i] })
                .collect::<Vec<_>>())
        }),
        Place::Roll(shift, axis) => Array::build(&x.shape, |p| {
            let from = (p[*axis] as isize - shift).rem_euclid(x.shape[*axis] as isize);
            x.at(&replaced(&p, *axis, from as usize))
        }),
        Place::Pad(widths, padding) => {
            let shape: Vec<usize> = (0..rank).map(|i| x.shape[i] + widths[i][0] + widths[i][1]).collect();
            Array::build(&shape, |p| {
                let from: Option<Vec<usize>> = (0..rank)
                    .map(|i| source(p[i] as isize - widths[i][0] as isize, x.shape[i], *padding))
                    .collect();
                match (from, padding) {
                    (Some(from), _) => x.at(&from),
                    (None, Padding::Constant(c)) => Dual::constant(*c),
                    (None, _) => unreachable!("every other padding is made of elements"),
                }
            })
        }
        Place::Tril(offset) => kept(x, |row, column| column <= row + offset),
        Place::Triu(offset) => kept(x, |row, column| column >= row + offset),
        Place::Diagonal(offset, [rows, columns]) => {
            let (down, right) = ((-offset).max(0) as usize, (*offset).max(0) as usize);
            let length = (x.shape[*rows].saturating_sub(down)).min(x.shape[*columns].saturating_sub(right));
            let others: Vec<usize> = (0..rank).filter(|i| i != rows && i != columns).collect();
            let mut shape: Vec<usize> = others.iter().map(|&i| x.shape[i]).collect();
            shape.push(length);
            Array::build(&shape, |p| {
                let mut from = vec![0; rank];
                for (&axis, &at) in others.iter().zip(&p) {
                    from[axis] = at;
                }
                (from[*rows], from[*columns]) = (p[others.len()] + down, p[others.len()] + right);
                x.at(&from)
            })
        }
        Place::Gather(axis, shape, indices) => {
            let mut indices = indices.iter();
            Array::build(shape, |p| x.at(&replaced(&p, *axis, *indices.next().expect("as many as places"))))
        }
        Place::ScatterInto(axis, indices) => Array::build(&x.shape, |p| {
            let mut parts = vec![x.at(&p)];
            parts.extend(arriving(args[1], *axis, indices, &p));
            sum(&parts)
        }),
        Place::Overwrite(axis, indices) => Array::build(&x.shape, |p| {
            arriving(args[1], *axis, indices, &p).last().copied().unwrap_or_else(|| x.at(&p))
        }),
        Place::Stack(axis) => {
            let mut shape = x.shape.clone();
            shape.insert(*axis, args.len());
            Array::build(&shape, |mut p| {
                let part = p.remove(*axis);
                args[part].at(&p)
            })
        }
        Place::Repeat(counts) => {
            let new = counts.len() - rank;
            let size = |i: usize| if i < new { 1 } else { x.shape[i - new] };
            let shape: Vec<usize> = (0..counts.len()).map(|i| counts[i] * size(i)).collect();
            Array::build(&shape, |p| x.at(&(0..rank).map(|i| p[i + new] % x.shape[i]).collect::<Vec<_>>()))
        }
    }
}

/// Which element stands at `at`, counted from the first.
fn source(at: isize, size: usize, padding: Padding) -> Option<usize> {
    let size = size as isize;
    let from = match padding {
        Padding::Constant(_) => Some(at).filter(|at| (0..size).contains(at)),
        Padding::Reflect if at < 0 => Some(-at),
        Padding::Reflect if at >= size => Some(2 * (size - 1) - at),
        Padding::Reflect => Some(at),
        Padding::Replicate => Some(at.clamp(0, size - 1)),
        Padding::Circular => Some(at.rem_euclid(size)),
    };
    from.map(|from| from as usize)
}

/// The elements of the last two axes that `keeps` keeps, the others 0.
fn kept(x: &Array, keeps: impl Fn(isize, isize) -> bool) -> Array {
    let rank = x.shape.len();
    let at = |p: Vec<usize>| {
        if keeps(p[rank - 2] as isize, p[rank - 1] as isize) { x.at(&p) } else { Dual::constant(0.0) }
    };
    Array::build(&x.shape, at)
}

/// The elements of `source` that go to the place `to`, in order.
fn arriving(source: &Array, axis: usize, indices: &[usize], to: &[usize]) -> Vec<Dual> {
    let goes =
        |(from, index): (Vec<usize>, &usize)| (replaced(&from, axis, *index) == to).then(|| source.at(&from));
    places(&source.shape).into_iter().zip(indices).filter_map(goes).collect()
}
