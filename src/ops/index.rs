//! Ops that pick elements by index, and their adjoints, which add where they picked.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    op::{One, Op, OpError, Saved, Saves},
    shape::resolve,
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use std::sync::Arc;

/// An array of whole numbers: which elements an op picks. Clones share it.
///
/// ```
/// use gradtape::ops::Indices;
/// assert_eq!(Indices::from([2, 0, 1]).slice(), [2, 0, 1]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indices {
    places: Arc<[usize]>,
    shape: Shape,
}

impl Indices {
    /// Indices in row-major order, and their shape.
    ///
    /// # Panics
    /// When their number is not the shape's.
    #[track_caller]
    pub fn new(places: Vec<usize>, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert!(places.len() == shape.size(), "gradtape: indices: {} do not fill {shape}", places.len());
        Indices { places: places.into(), shape }
    }

    /// The indices in row-major order.
    pub fn slice(&self) -> &[usize] {
        &self.places
    }

    /// The sizes of the axes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Refuses an index that is not below `size`.
    fn below(&self, op: &'static str, size: usize, axis: usize, x: &Shape) -> Result<(), OpError> {
        match self.places.iter().find(|&&place| place >= size) {
            None => Ok(()),
            Some(place) => {
                Err(OpError::new(op, format!("index {place} is out of range for axis {axis} of {x}")))
            }
        }
    }
}

impl<const N: usize> From<[usize; N]> for Indices {
    fn from(places: [usize; N]) -> Self {
        Indices::new(places.to_vec(), [N])
    }
}

impl From<&[usize]> for Indices {
    fn from(places: &[usize]) -> Self {
        Indices::new(places.to_vec(), [places.len()])
    }
}

/// The slices of x along an axis that a vector of indices names. The adjoint of [`IndexAdd`].
#[derive(Clone, Debug)]
pub struct IndexSelect {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// Which slices, in order; any of them several times.
    pub indices: Indices,
}

/// Zeros of a given size along an axis, with the slices of x added where a vector of indices
/// says; those of equal index add up. The adjoint of [`IndexSelect`].
#[derive(Clone, Debug)]
pub struct IndexAdd {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The size of the axis in the result.
    pub size: usize,
    /// Where each slice is added.
    pub indices: Indices,
}

/// Calls `run(at in the picked, at in the whole, length)` for every run of picked elements.
fn runs(
    whole: &Shape,
    axis: usize,
    indices: &Indices,
    mut run: impl FnMut(std::ops::Range<usize>, std::ops::Range<usize>),
) {
    let (outer, size, inner) = whole.around(axis);
    for row in 0..outer {
        for (i, &place) in indices.slice().iter().enumerate() {
            let (picked, from) = ((row * indices.slice().len() + i) * inner, (row * size + place) * inner);
            run(picked..picked + inner, from..from + inner);
        }
    }
}

/// A shape, an axis of it that has elements, and a vector of indices along it.
fn sampled_indices(g: &mut Gen) -> (Shape, isize, Indices) {
    let shape = g.shape_of_rank(1, 4);
    let axis = g.axis(shape.rank());
    let place = resolve(axis, shape.rank()).expect("drawn for this rank");
    let size = g.int(1, 4);
    let shape = shape.with_axis(place, size).expect("small");
    let count = g.int(0, 5);
    (shape, axis, Indices::new((0..count).map(|_| g.int(0, size - 1)).collect(), [count]))
}

fn check_vector(op: &'static str, indices: &Indices) -> Result<(), OpError> {
    if indices.shape().rank() == 1 {
        return Ok(());
    }
    Err(OpError::new(op, format!("needs a vector of indices, not {}", indices.shape())))
}

impl Op for IndexSelect {
    type In = One;
    type Out = One;
    const NAME: &'static str = "index_select";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        check_vector(Self::NAME, &self.indices)?;
        let axis = resolve(self.axis, x.rank()).map_err(|why| refuse(format!("{why} of {x}")))?;
        self.indices.below(Self::NAME, x[axis], axis, x)?;
        x.with_axis(axis, self.indices.slice().len()).map_err(refuse)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        Ok(Tensor::filled(out, |out| {
            runs(x.shape(), axis, &self.indices, |to, from| out[to].copy_from_slice(&x.slice()[from]));
        }))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x_shape(0);
        let size = x[resolve(self.axis, x.rank()).expect("shape has checked the axis")];
        let op = IndexAdd { axis: self.axis, size, indices: self.indices.clone() };
        Some(Value::apply(op, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_indices(g);
        Sample::new(IndexSelect { axis, indices }, [g.values(&shape, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, indices: Indices, says| {
            Reject::new(IndexSelect { axis, indices }, [Shape::from([2, 3])], says)
        };
        vec![
            bad(0, [0, 2].into(), "index 2 is out of range for axis 0 of [2, 3]"),
            bad(2, [0].into(), "axis 2 is out of range"),
            bad(0, Indices::new(vec![0], [1, 1]), "needs a vector of indices, not [1, 1]"),
        ]
    }
}

impl Op for IndexAdd {
    type In = One;
    type Out = One;
    const NAME: &'static str = "index_add";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        check_vector(Self::NAME, &self.indices)?;
        let axis = resolve(self.axis, x.rank()).map_err(|why| refuse(format!("{why} of {x}")))?;
        let count = self.indices.slice().len();
        if x[axis] != count {
            return Err(refuse(format!(
                "{count} indices for the {} slices of {x} along axis {axis}",
                x[axis]
            )));
        }
        let out = x.with_axis(axis, self.size).map_err(refuse)?;
        self.indices.below(Self::NAME, self.size, axis, &out)?;
        Ok(out)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        let mut sum = Tensor::zeros(&out);
        let slice = sum.slice_mut();
        runs(&out, axis, &self.indices, |from, to| {
            for (sum, &v) in slice[to].iter_mut().zip(&x.slice()[from]) {
                *sum += v;
            }
        });
        Ok(sum)
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy.index_select(self.axis, &self.indices))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_indices(g);
        let place = resolve(axis, shape.rank()).expect("drawn for this rank");
        let size = shape[place];
        let part = shape.with_axis(place, indices.slice().len()).expect("small");
        Sample::new(IndexAdd { axis, size, indices }, [g.values(&part, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, size, indices: Indices, says| {
            Reject::new(IndexAdd { axis, size, indices }, [Shape::from([2, 3])], says)
        };
        vec![
            bad(0, 4, [0, 4].into(), "index 4 is out of range for axis 0 of [4, 3]"),
            bad(0, 4, [0].into(), "1 indices for the 2 slices of [2, 3]"),
            bad(-3, 4, [0].into(), "axis -3 is out of range"),
        ]
    }
}

/// The elements of x along an axis that indices of x's shape, but for that axis, name.
/// The adjoint of [`ScatterAdd`].
#[derive(Clone, Debug)]
pub struct TakeAlongAxis {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// Which element, for each of the result.
    pub indices: Indices,
}

/// Zeros of a given size along an axis, with the elements of x added where indices of x's shape
/// say; those of equal index add up. The adjoint of [`TakeAlongAxis`].
#[derive(Clone, Debug)]
pub struct ScatterAdd {
    /// The axis; negative ones count from the last.
    pub axis: isize,
    /// The size of the axis in the result.
    pub size: usize,
    /// Where each element is added.
    pub indices: Indices,
}

/// The place in the whole of each picked element.
fn place(i: usize, indices: &Indices, axis: usize, size: usize) -> usize {
    let (_, count, inner) = indices.shape().around(axis);
    (i / (count * inner) * size + indices.slice()[i]) * inner + i % inner
}

/// A shape, an axis of it that has elements, and an array of indices along it.
fn sampled_along(g: &mut Gen) -> (Shape, isize, Indices) {
    let shape = g.shape_of_rank(1, 4);
    let axis = g.axis(shape.rank());
    let place = resolve(axis, shape.rank()).expect("drawn for this rank");
    let size = g.int(1, 4);
    let count = g.int(0, 4);
    let picked = shape.with_axis(place, count).expect("small");
    let indices = Indices::new((0..picked.size()).map(|_| g.int(0, size - 1)).collect(), &picked);
    (shape.with_axis(place, size).expect("small"), axis, indices)
}

impl Op for TakeAlongAxis {
    type In = One;
    type Out = One;
    const NAME: &'static str = "take_along_axis";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        let axis = resolve(self.axis, x.rank()).map_err(|why| refuse(format!("{why} of {x}")))?;
        let picked = self.indices.shape();
        let differs = |i: usize| i != axis && picked[i] != x[i];
        if picked.rank() != x.rank() || (0..x.rank()).any(differs) {
            return Err(refuse(format!("indices of {picked} differ from {x} beside axis {axis}")));
        }
        self.indices.below(Self::NAME, x[axis], axis, x)?;
        Ok(picked.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        let size = x.shape()[axis];
        Ok(Tensor::from_fn(&out, |i| x.slice()[place(i, &self.indices, axis, size)]))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x_shape(0);
        let size = x[resolve(self.axis, x.rank()).expect("shape has checked the axis")];
        Some(dy.scatter_add(self.axis, size, &self.indices))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_along(g);
        Sample::new(TakeAlongAxis { axis, indices }, [g.values(&shape, -3.0..3.0)])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, indices: Indices, says| {
            Reject::new(TakeAlongAxis { axis, indices }, [Shape::from([2, 3])], says)
        };
        vec![
            bad(0, Indices::new(vec![0, 1, 2], [1, 3]), "index 2 is out of range for axis 0 of [2, 3]"),
            bad(0, Indices::new(vec![0, 1], [1, 2]), "indices of [1, 2] differ from [2, 3] beside axis 0"),
            bad(0, [0, 1].into(), "differ"),
            bad(2, [0].into(), "axis 2 is out of range"),
        ]
    }
}

impl Op for ScatterAdd {
    type In = One;
    type Out = One;
    const NAME: &'static str = "scatter_add";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let refuse = |why| OpError::new(Self::NAME, why);
        let axis = resolve(self.axis, x.rank()).map_err(|why| refuse(format!("{why} of {x}")))?;
        if self.indices.shape() != x {
            return Err(refuse(format!("indices of {} for elements of {x}", self.indices.shape())));
        }
        let out = x.with_axis(axis, self.size).map_err(refuse)?;
        self.indices.below(Self::NAME, self.size, axis, &out)?;
        Ok(out)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let axis = resolve(self.axis, out.rank()).expect("shape has checked the axis");
        let mut sum = Tensor::zeros(out);
        let slice = sum.slice_mut();
        for (i, &v) in x.slice().iter().enumerate() {
            slice[place(i, &self.indices, axis, self.size)] += v;
        }
        Ok(sum)
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy.take_along_axis(self.axis, &self.indices))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axis, indices) = sampled_along(g);
        let size = shape[resolve(axis, shape.rank()).expect("drawn for this rank")];
        let x = g.values(indices.shape(), -3.0..3.0);
        Sample::new(ScatterAdd { axis, size, indices }, [x])
    }

    fn rejects() -> Vec<Reject<Self>> {
        let bad = |axis, size, indices: Indices, says| {
            Reject::new(ScatterAdd { axis, size, indices }, [Shape::from([2])], says)
        };
        vec![
            bad(0, 3, [0, 3].into(), "index 3 is out of range for axis 0 of [3]"),
            bad(0, 3, [0].into(), "indices of [1] for elements of [2]"),
            bad(1, 3, [0, 1].into(), "axis 1 is out of range"),
        ]
    }
}

impl<I: Interp> Value<I> {
    /// The slices along an axis that a vector of indices names.
    ///
    /// # Panics
    /// When an index or the axis is out of range.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let rows = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(rows.index_select(0, &[1, 1].into()), Tensor::from([[3.0, 4.0], [3.0, 4.0]]));
    /// ```
    #[track_caller]
    pub fn index_select(&self, axis: isize, indices: &Indices) -> Self {
        Value::apply(IndexSelect { axis, indices: indices.clone() }, self.into())
    }

    /// The elements along an axis that indices name, one for each place of `indices`.
    ///
    /// # Panics
    /// When the shapes differ beside the axis, or an index is out of range.
    #[track_caller]
    pub fn take_along_axis(&self, axis: isize, indices: &Indices) -> Self {
        Value::apply(TakeAlongAxis { axis, indices: indices.clone() }, self.into())
    }

    /// Zeros of `size` along an axis, with each element added where its index says.
    ///
    /// # Panics
    /// When the shapes differ, or an index is not below `size`.
    #[track_caller]
    pub fn scatter_add(&self, axis: isize, size: usize, indices: &Indices) -> Self {
        Value::apply(ScatterAdd { axis, size, indices: indices.clone() }, self.into())
    }
}
