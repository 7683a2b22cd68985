//! Other views of the same elements: axes of size 1 put in and taken out, merged, moved, turned round.
#![forbid(unsafe_code)]

use super::Range;
use crate::{
    Axes, Shape,
    op::OpError,
    shape::resolve,
    value::{Interp, Value},
};
use smallvec::SmallVec;

/// The place of an axis, or a panic that names the op.
#[track_caller]
pub(super) fn place(op: &str, axis: isize, rank: usize, shape: &Shape) -> usize {
    match resolve(axis, rank) {
        Ok(place) => place,
        Err(why) => panic!("gradtape: {op}: {why} of {shape}"),
    }
}

/// What a check allows, or a panic with its message.
#[track_caller]
pub(super) fn allowed<T>(checked: Result<T, OpError>) -> T {
    match checked {
        Ok(allowed) => allowed,
        Err(error) => panic!("{error}"),
    }
}

/// The places of axes, or a panic that names the op.
#[track_caller]
pub(super) fn places(op: &str, axes: &Axes, shape: &Shape) -> SmallVec<[usize; 8]> {
    match axes.places(shape.rank()) {
        Ok(places) => places,
        Err(why) => panic!("gradtape: {op}: {why} of {shape}"),
    }
}

impl<I: Interp> Value<I> {
    /// An axis of size 1 put in at a place; negative places count from behind the last.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::<f64>::ones([2, 3]).unsqueeze(-1).shape().dims(), [2, 3, 1]);
    /// ```
    ///
    /// # Panics
    /// When the place is out of range.
    #[track_caller]
    pub fn unsqueeze(&self, axis: isize) -> Self {
        let shape = self.shape();
        let mut dims = shape.to_vec();
        dims.insert(place("unsqueeze", axis, shape.rank() + 1, shape), 1);
        self.reshape(&dims[..])
    }

    /// Those of these axes taken out whose size is 1; others stay, as in PyTorch. [`Axes::All`] takes
    /// out every axis of size 1.
    ///
    /// ```
    /// use gradtape::{Axes, Tensor};
    /// let x = Tensor::<f64>::ones([1, 2, 1]);
    /// assert_eq!(x.squeeze(0).shape().dims(), [2, 1]);
    /// assert_eq!(x.squeeze([1, -1]).shape().dims(), [1, 2]);
    /// assert_eq!(x.squeeze(Axes::All).shape().dims(), [2]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn squeeze(&self, axes: impl Into<Axes>) -> Self {
        let shape = self.shape();
        let named = places("squeeze", &axes.into(), shape);
        let stays = |&axis: &usize| shape[axis] != 1 || !named.contains(&axis);
        let dims: Vec<usize> = (0..shape.rank()).filter(stays).map(|axis| shape[axis]).collect();
        if dims.len() == shape.rank() { self.clone() } else { self.reshape(&dims[..]) }
    }

    /// The axes from `start` to `end`, both included, as one.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::<f64>::ones([2, 3, 4]).flatten(1, -1).shape().dims(), [2, 12]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or `end` is before `start`.
    #[track_caller]
    pub fn flatten(&self, start: isize, end: isize) -> Self {
        let shape = self.shape();
        if shape.rank() == 0 {
            return self.reshape([1]);
        }
        let start = place("flatten", start, shape.rank(), shape);
        let end = place("flatten", end, shape.rank(), shape);
        assert!(start <= end, "gradtape: flatten: axis {end} is before axis {start} of {shape}");
        let mut dims = shape.to_vec();
        let size = dims[start..=end].iter().product();
        dims.splice(start..=end, [size]);
        self.reshape(&dims[..])
    }

    /// One axis as several, of the given sizes; one of them may be −1, for what is left. The inverse of
    /// [`flatten`](Self::flatten).
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::<f64>::ones([2, 12]).unflatten(1, &[3, -1]).shape().dims(), [2, 3, 4]);
    /// ```
    ///
    /// # Panics
    /// When the axis is out of range or the sizes do not make it up.
    #[track_caller]
    pub fn unflatten(&self, axis: isize, sizes: &[isize]) -> Self {
        let shape = self.shape();
        let place = place("unflatten", axis, shape.rank(), shape);
        let Some(sizes) = made_up(shape[place], sizes) else {
            panic!("gradtape: unflatten: sizes {sizes:?} do not make up axis {place} of {shape}");
        };
        let mut dims = shape.to_vec();
        dims.splice(place..=place, sizes);
        self.reshape(&dims[..])
    }

    /// Axes moved, each of `from` to the place in `to`; the others keep their order.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::<f64>::ones([2, 3, 4]);
    /// assert_eq!(x.movedim(0, -1).shape().dims(), [3, 4, 2]);
    /// assert_eq!(x.movedim([0, 1], [-1, 0]).shape().dims(), [3, 4, 2]);
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or named twice, or there are not as many places as axes.
    #[track_caller]
    pub fn movedim(&self, from: impl Into<Axes>, to: impl Into<Axes>) -> Self {
        let shape = self.shape();
        let (from, to) = (places("movedim", &from.into(), shape), places("movedim", &to.into(), shape));
        let count = (from.len(), to.len());
        assert!(count.0 == count.1, "gradtape: movedim: {} axes to {} places of {shape}", count.0, count.1);
        let mut others = (0..shape.rank()).filter(|axis| !from.contains(axis));
        let at = |place| match to.iter().position(|&to| to == place) {
            Some(i) => from[i],
            None => others.next().expect("as many axes as places"),
        };
        self.permute(&(0..shape.rank()).map(at).collect::<Vec<usize>>()[..])
    }

    /// The elements in reverse order along axes.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0, 3.0]).flip(&[0]), Tensor::from([3.0, 2.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn flip(&self, axes: &[isize]) -> Self {
        let shape = self.shape();
        let turned = |flipped: Self, place: usize| {
            let count = shape[place];
            flipped.along(place, Range { start: count.saturating_sub(1), count, step: -1 })
        };
        let places = places("flip", &axes.into(), shape);
        // There is no other order of a number.
        if shape.rank() == 0 { self.clone() } else { places.into_iter().fold(self.clone(), turned) }
    }

    /// Turned by k quarters in the plane of two axes, from the first towards the second; negative ones go
    /// back.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.rot90(1, [0, 1]), Tensor::from([[2.0, 4.0], [1.0, 3.0]]));
    /// ```
    ///
    /// # Panics
    /// When an axis is out of range or named twice.
    #[track_caller]
    pub fn rot90(&self, k: isize, axes: [isize; 2]) -> Self {
        places("rot90", &axes.into(), self.shape());
        let [a, b] = axes;
        match k.rem_euclid(4) {
            0 => self.clone(),
            1 => self.flip(&[b]).transpose(a, b),
            2 => self.flip(&[a, b]),
            _ => self.flip(&[a]).transpose(a, b),
        }
    }
}

/// Sizes with −1 replaced, if they make up an axis of this size.
pub(super) fn made_up(size: usize, sizes: &[isize]) -> Option<Vec<usize>> {
    let open = sizes.iter().filter(|&&s| s == -1).count();
    let known: Vec<usize> =
        sizes.iter().filter(|&&s| s != -1).map(|&s| s.try_into().ok()).collect::<Option<_>>()?;
    let product = known.iter().try_fold(1usize, |product, &s| product.checked_mul(s))?;
    let left = match open {
        0 => (product == size).then_some(0)?,
        1 => (product != 0 && size.is_multiple_of(product)).then(|| size / product)?,
        _ => return None,
    };
    Some(sizes.iter().map(|&s| usize::try_from(s).unwrap_or(left)).collect())
}

composition!(Unsqueeze(isize), "unsqueeze", |axis, x| vec![x[0].unsqueeze(*axis)], |g| {
    let shape = g.shape(3);
    (g.axis(shape.rank() + 1), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Squeeze(Axes), "squeeze", |axes, x| vec![x[0].squeeze(axes.clone())], |g| {
    let shape = g.shape(4);
    let dims: Vec<usize> = shape.iter().map(|&d| if g.bool() { 1 } else { d }).collect();
    (g.axes(shape.rank()), vec![g.values(&Shape::from(&dims[..]), -3.0..3.0)])
});

composition!(Flatten((isize, isize)), "flatten", |(start, end), x| vec![x[0].flatten(*start, *end)], |g| {
    let shape = g.shape_of_rank(1, 4);
    let start = g.int(0, shape.rank() - 1);
    let end = g.int(start, shape.rank() - 1);
    ((start as isize, end as isize), vec![g.values(&shape, -3.0..3.0)])
});

composition!(
    Unflatten((isize, Vec<isize>)),
    "unflatten",
    |(axis, sizes), x| vec![x[0].unflatten(*axis, sizes)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let (axis, inside) = (g.axis(shape.rank()), g.shape_of_rank(1, 3));
        let place = resolve(axis, shape.rank()).expect("drawn for this rank");
        let x = shape.with_axis(place, inside.size()).expect("small");
        let mut sizes: Vec<isize> = inside.iter().map(|&d| d as isize).collect();
        if inside.size() > 0 && g.bool() {
            let open = g.int(0, sizes.len() - 1);
            sizes[open] = -1;
        }
        ((axis, sizes), vec![g.values(&x, -3.0..3.0)])
    }
);

composition!(
    Movedim((Axes, Axes)),
    "movedim",
    |(from, to), x| vec![x[0].movedim(from.clone(), to.clone())],
    |g| {
        let shape = g.shape_of_rank(1, 4);
        let (from, to) = (g.order(shape.rank()), g.order(shape.rank()));
        let count = g.int(0, shape.rank());
        let behind = if g.bool() { shape.rank() as isize } else { 0 };
        let axes = |places: &[usize]| {
            Axes::from(&places[..count].iter().map(|&p| p as isize - behind).collect::<Vec<_>>()[..])
        };
        ((axes(&from), axes(&to)), vec![g.values(&shape, -3.0..3.0)])
    }
);

composition!(Flip(Vec<isize>), "flip", |axes, x| vec![x[0].flip(axes)], |g| {
    let shape = g.shape_of_rank(1, 3);
    let order = g.order(shape.rank());
    let count = g.int(0, shape.rank());
    (order[..count].iter().map(|&axis| axis as isize).collect(), vec![g.values(&shape, -3.0..3.0)])
});

composition!(Rot90((isize, [isize; 2])), "rot90", |(k, axes), x| vec![x[0].rot90(*k, *axes)], |g| {
    let shape = g.shape_of_rank(2, 3);
    let order = g.order(shape.rank());
    let axes = [order[0] as isize, order[1] as isize - shape.rank() as isize];
    ((g.int(0, 8) as isize - 4, axes), vec![g.values(&shape, -3.0..3.0)])
});
