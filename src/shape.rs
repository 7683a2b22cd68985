//! Sizes of axes, and the one place where they are multiplied, broadcast and named by the user.
#![forbid(unsafe_code)]

use smallvec::SmallVec;
use std::{fmt, ops::Deref};

/// The sizes of a tensor's axes, row-major. Up to four axes need no heap.
///
/// ```
/// use gradtape::Shape;
/// let shape = Shape::from([2, 3]);
/// assert_eq!((shape.rank(), shape.size(), shape[1]), (2, 6, 3));
/// ```
pub struct Shape {
    dims: SmallVec<[usize; 4]>,
    size: usize,
}

impl Shape {
    /// A shape, if its number of elements can be addressed.
    ///
    /// # Errors
    /// What is wrong with it, in words, when the product of the sizes overflows.
    pub fn try_new(dims: &[usize]) -> Result<Self, String> {
        // As in ndarray, axes of size 0 do not excuse the others: their strides must exist too.
        let product = dims.iter().filter(|&&d| d != 0).try_fold(1usize, |p, &d| p.checked_mul(d));
        match product {
            Some(p) if p <= isize::MAX as usize / size_of::<f64>() => {
                let size = if dims.contains(&0) { 0 } else { p };
                Ok(Shape { dims: copied(dims), size })
            }
            _ => Err(format!("{dims:?} has more elements than memory can hold")),
        }
    }

    /// The shape of a single number: no axes.
    pub fn scalar() -> Self {
        Shape { dims: SmallVec::new(), size: 1 }
    }

    /// The number of axes.
    #[inline]
    pub fn rank(&self) -> usize {
        self.dims.len()
    }

    /// The number of elements.
    #[inline]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The sizes of the axes.
    #[inline]
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The shape that both broadcast to (NumPy's rule: axes are aligned at the last, 1 stretches).
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        if self == other {
            return Some(self.clone());
        }
        let rank = self.rank().max(other.rank());
        let mut dims: SmallVec<[usize; 4]> = SmallVec::from_elem(1, rank);
        for (i, dim) in dims.iter_mut().enumerate() {
            *dim = match (self.aligned(i, rank), other.aligned(i, rank)) {
                (a, 1) => a,
                (1, b) => b,
                (a, b) if a == b => a,
                _ => return None,
            };
        }
        Shape::try_new(&dims).ok()
    }

    /// Whether this broadcasts to `target`.
    pub fn broadcasts_to(&self, target: &Shape) -> bool {
        self.rank() <= target.rank()
            && (0..target.rank()).all(|i| [1, target[i]].contains(&self.aligned(i, target.rank())))
    }

    /// The size of axis `i` after padding with 1 on the left to `rank` axes.
    fn aligned(&self, i: usize, rank: usize) -> usize {
        (i + self.rank()).checked_sub(rank).map_or(1, |i| self.dims[i])
    }

    /// Steps of a contiguous tensor of this shape when walked as `target`: 0 where it stretches.
    pub(crate) fn steps_as(&self, target: &Shape) -> SmallVec<[isize; 6]> {
        let mut steps = SmallVec::from_elem(0, target.rank());
        let mut step = 1;
        for i in (0..self.rank()).rev() {
            if self.dims[i] != 1 {
                steps[i + target.rank() - self.rank()] = step;
            }
            step *= self.dims[i] as isize;
        }
        steps
    }

    /// This shape with axis `axis` of size `size`; of a number, which is one element along axis 0, a vector
    /// of any other size.
    pub(crate) fn with_axis(&self, axis: usize, size: usize) -> Result<Shape, String> {
        let mut dims = self.dims.clone();
        match dims.get_mut(axis) {
            Some(dim) => *dim = size,
            None if size == 1 => {}
            None => dims.push(size),
        }
        Shape::try_new(&dims)
    }

    /// Elements before, along and after an axis; of a number, along axis 0, itself.
    pub(crate) fn around(&self, axis: usize) -> (usize, usize, usize) {
        let product = |dims: &[usize]| dims.iter().product();
        let Some(&along) = self.dims.get(axis) else { return (1, 1, 1) };
        (product(&self.dims[..axis]), along, product(&self.dims[axis + 1..]))
    }
}

/// A copy of a few sizes by registers: a call of `memcpy` would cost more.
#[inline]
fn copied(dims: &[usize]) -> SmallVec<[usize; 4]> {
    let at = |i: usize| dims.get(i).copied().unwrap_or(0);
    if dims.len() <= 4 {
        SmallVec::from_buf_and_len([at(0), at(1), at(2), at(3)], dims.len())
    } else {
        SmallVec::from_slice(dims)
    }
}

impl Clone for Shape {
    #[inline]
    fn clone(&self) -> Self {
        Shape { dims: copied(&self.dims), size: self.size }
    }
}

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // Not a call of `memcmp`, which costs more than these few comparisons.
        self.rank() == other.rank() && self.dims.iter().zip(&other.dims).all(|(a, b)| a == b)
    }
}

impl Eq for Shape {}

impl Deref for Shape {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        &self.dims
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}

impl From<&[usize]> for Shape {
    #[track_caller]
    fn from(dims: &[usize]) -> Self {
        match Shape::try_new(dims) {
            Ok(shape) => shape,
            Err(why) => panic!("gradtape: shape: {why}"),
        }
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(dims: [usize; N]) -> Self {
        Shape::from(&dims[..])
    }
}

/// Sizes asked of an op that knows the elements: a shape, or one in which −1 leaves a size to the op.
///
/// ```
/// use gradtape::Tensor;
/// let x = Tensor::<f64>::ones([2, 6]);
/// assert_eq!(x.reshape([3, 4]).shape().dims(), [3, 4]);
/// assert_eq!(x.reshape([3, -1, 2]).shape().dims(), [3, 2, 2]);
/// assert_eq!(x.unsqueeze(1).expand([-1, 5, -1]).shape().dims(), [2, 5, 6]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// Every size.
    Known(Shape),
    /// Sizes with −1 among them.
    Open(SmallVec<[isize; 4]>),
}

impl From<Shape> for Sizes {
    #[inline]
    fn from(shape: Shape) -> Self {
        Sizes::Known(shape)
    }
}

impl From<&Shape> for Sizes {
    #[inline]
    fn from(shape: &Shape) -> Self {
        Sizes::Known(shape.clone())
    }
}

impl From<&[usize]> for Sizes {
    #[inline]
    #[track_caller]
    fn from(dims: &[usize]) -> Self {
        Sizes::Known(dims.into())
    }
}

impl<const N: usize> From<[usize; N]> for Sizes {
    #[inline]
    #[track_caller]
    fn from(dims: [usize; N]) -> Self {
        Sizes::Known(dims.into())
    }
}

impl From<&[isize]> for Sizes {
    #[track_caller]
    fn from(sizes: &[isize]) -> Self {
        let known: Result<SmallVec<[usize; 4]>, _> = sizes.iter().map(|&size| size.try_into()).collect();
        match known {
            Ok(dims) => Sizes::Known(Shape::from(&dims[..])),
            Err(_) => Sizes::Open(sizes.into()),
        }
    }
}

impl<const N: usize> From<[isize; N]> for Sizes {
    #[track_caller]
    fn from(sizes: [isize; N]) -> Self {
        Sizes::from(&sizes[..])
    }
}

/// Of literals alone, which are `i32` where nothing else is said.
impl<const N: usize> From<[i32; N]> for Sizes {
    #[track_caller]
    fn from(sizes: [i32; N]) -> Self {
        Sizes::from(sizes.map(|size| size as isize))
    }
}

/// Which axes an op works on; negative ones count from the last.
///
/// ```
/// use gradtape::Tensor;
/// let x = Tensor::<f64>::ones([2, 3, 4]);
/// assert_eq!(x.sum_axes([0, -1], false).shape().dims(), [3]);
/// assert_eq!(x.sum_axes(1, true).shape().dims(), [2, 1, 4]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Axes {
    /// Every axis.
    All,
    /// These.
    Some(SmallVec<[isize; 4]>),
}

impl Axes {
    /// Marks the axes that are meant, out of `rank`. The axis 0 or −1 of a number is allowed, as in PyTorch,
    /// and marks nothing.
    ///
    /// # Errors
    /// What is wrong, in words: an axis out of range or named twice.
    pub fn marked(&self, rank: usize) -> Result<SmallVec<[bool; 8]>, String> {
        let mut marked = SmallVec::from_elem(false, rank);
        for place in self.places(rank)? {
            if rank > 0 {
                marked[place] = true;
            }
        }
        Ok(marked)
    }

    /// The axes that are meant, out of `rank`, in the order in which they are named.
    pub(crate) fn places(&self, rank: usize) -> Result<SmallVec<[usize; 8]>, String> {
        let Axes::Some(axes) = self else { return Ok((0..rank).collect()) };
        let mut places = SmallVec::new();
        for &axis in axes {
            let place = lane(axis, rank)?;
            if places.contains(&place) {
                return Err(format!("axis {axis} is named twice in {:?}", axes.as_slice()));
            }
            places.push(place);
        }
        Ok(places)
    }
}

/// The place of an axis that may count from the last.
pub(crate) fn resolve(axis: isize, rank: usize) -> Result<usize, String> {
    let place = if axis < 0 { axis + rank as isize } else { axis };
    if (0..rank as isize).contains(&place) {
        Ok(place as usize)
    } else {
        Err(format!("axis {axis} is out of range for {rank} axes"))
    }
}

/// As [`resolve`], for what goes along an axis: a number is one element along its axis 0 or −1.
pub(crate) fn lane(axis: isize, rank: usize) -> Result<usize, String> {
    if rank == 0 && matches!(axis, 0 | -1) { Ok(0) } else { resolve(axis, rank) }
}

impl From<isize> for Axes {
    fn from(axis: isize) -> Self {
        Axes::Some(SmallVec::from_slice(&[axis]))
    }
}

impl From<&[isize]> for Axes {
    fn from(axes: &[isize]) -> Self {
        Axes::Some(SmallVec::from_slice(axes))
    }
}

impl<const N: usize> From<&[isize; N]> for Axes {
    fn from(axes: &[isize; N]) -> Self {
        Axes::from(&axes[..])
    }
}

impl From<&[usize]> for Axes {
    fn from(axes: &[usize]) -> Self {
        // Those that no isize holds are out of range for every rank, as is the greatest.
        Axes::Some(axes.iter().map(|&axis| isize::try_from(axis).unwrap_or(isize::MAX)).collect())
    }
}

impl<const N: usize> From<[isize; N]> for Axes {
    fn from(axes: [isize; N]) -> Self {
        Axes::Some(SmallVec::from_slice(&axes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_wrap_are_refused() {
        assert!(Shape::try_new(&[usize::MAX, 2]).is_err());
        assert!(Shape::try_new(&[usize::MAX, 2, 0]).is_err());
        assert!(Shape::try_new(&[1 << 32, 1 << 32]).is_err());
        assert_eq!(Shape::from([3, 0, 5]).size(), 0);
    }

    #[test]
    fn broadcasting_follows_numpy() {
        let shape = |dims: &[usize]| Shape::from(dims);
        assert_eq!(shape(&[2, 1]).broadcast(&shape(&[3])), Some(shape(&[2, 3])));
        assert_eq!(shape(&[0]).broadcast(&shape(&[1])), Some(shape(&[0])));
        assert_eq!(shape(&[2]).broadcast(&shape(&[3])), None);
        assert!(shape(&[]).broadcasts_to(&shape(&[2, 3])));
        assert!(!shape(&[2, 3]).broadcasts_to(&shape(&[3])));
        assert!(!shape(&[2, 1]).broadcasts_to(&shape(&[1, 3])));
    }

    #[test]
    fn axes_count_from_either_end_once() {
        assert_eq!(Axes::from([0, -1]).marked(3).unwrap().as_slice(), [true, false, true]);
        assert!(Axes::from([1, -1]).marked(2).unwrap_err().contains("twice"));
        assert!(Axes::from(2).marked(2).unwrap_err().contains("out of range"));
        assert!(Axes::from(-1).marked(0).unwrap().is_empty());
        assert!(Axes::from(1).marked(0).unwrap_err().contains("out of range"));
        assert!(Axes::from([0, -1]).marked(0).unwrap_err().contains("twice"));
    }
}
