//! The interpreter that evaluates.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape,
    kernels::{
        buffer::Buffer,
        formula::{Binary, Unary},
        map,
    },
    op::{Arity, Ins, Op, OpError, Outs},
    value::{Arg, Interp, Value},
    whole::Whole,
};
use std::{fmt, marker::PhantomData};

/// Evaluates ops at once and keeps nothing.
#[derive(Clone, Debug)]
pub struct Eager<F>(PhantomData<F>);

/// An array of numbers: a shared buffer and a shape, contiguous, row-major.
///
/// Clones share their numbers until one is written to. Ops run at once, on this type with no tape
/// and no mode switch.
///
/// ```
/// use gradtape::Tensor;
/// let x = Tensor::new(vec![1.0f32, 2.0, 3.0, 4.0], [2, 2]);
/// let y = &x * 2.0 + 1.0;
/// assert_eq!(y.slice(), [3.0, 5.0, 7.0, 9.0]);
/// ```
pub type Tensor<F> = Value<Eager<F>>;

/// What a [`Tensor`] is made of.
#[derive(Clone)]
pub struct TensorRepr<F: Float> {
    pub(crate) buffer: Buffer<F>,
    pub(crate) shape: Shape,
}

impl<F: Float> Interp for Eager<F> {
    type Elem = F;
    type Repr = TensorRepr<F>;

    #[inline(always)]
    fn tensor(value: &Tensor<F>) -> &Tensor<F> {
        value
    }

    #[inline(always)]
    fn lift(_: &Tensor<F>, constant: Tensor<F>) -> Tensor<F> {
        constant
    }

    #[inline]
    fn apply<O: Op>(op: O, x: Ins<O, Arg<'_, Self>>) -> Result<Outs<O, Tensor<F>>, OpError> {
        let xs = O::In::slice(&x);
        let out = op.shape(O::In::build(xs.len(), |i| xs[i].shape()))?;
        op.eval(x, out)
    }

    fn whole<W: Whole<F>>(whole: &W, x: &[Tensor<F>]) -> Vec<Tensor<F>> {
        whole.eval(x).0
    }

    #[inline]
    fn chain<U: Unary>(function: &U, v: &Tensor<F>, mut d: Tensor<F>) -> Tensor<F> {
        map::update(v.slice(), d.slice_mut(), &|v, d| F::chain(function, v, d));
        d
    }

    fn chain_pair<B: Binary>(
        function: &B,
        side: usize,
        a: &Tensor<F>,
        b: &Tensor<F>,
        mut d: Tensor<F>,
    ) -> Tensor<F> {
        if a.shape() == d.shape() && b.shape() == d.shape() {
            let kernel = |a: &[F], b: &[F], d: &mut [F]| F::chain_pair(function, side, a, b, d);
            map::update_pair(a.slice(), b.slice(), d.slice_mut(), &kernel);
            d
        } else {
            function.chain(side, a.clone(), b.clone(), d)
        }
    }
}

impl<F: Float> Tensor<F> {
    /// Elements in row-major order, and their shape.
    ///
    /// # Panics
    /// When their number is not the shape's.
    #[track_caller]
    pub fn new(elements: Vec<F>, shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        assert!(
            elements.len() == shape.size(),
            "gradtape: tensor: {} elements do not fill {shape}",
            elements.len()
        );
        Value { repr: TensorRepr { buffer: Buffer::from_vec(elements), shape } }
    }

    /// Of unspecified numbers, for a kernel to fill.
    #[inline]
    pub(crate) fn stale(shape: Shape) -> Self {
        Value { repr: TensorRepr { buffer: Buffer::stale(shape.size()), shape } }
    }

    /// What `fill` writes into fresh memory of this shape.
    #[inline]
    pub(crate) fn filled(shape: Shape, fill: impl FnOnce(&mut [F])) -> Self {
        let mut tensor = Self::stale(shape);
        fill(tensor.repr.buffer.unshared().expect("fresh"));
        tensor
    }

    /// A single number.
    pub fn scalar(value: F) -> Self {
        Self::full(Shape::scalar(), value)
    }

    /// The same number everywhere.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, value: F) -> Self {
        Self::filled(shape.into(), |out| out.fill(value))
    }

    /// 0 everywhere.
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>) -> Self {
        Self::full(shape, F::ZERO)
    }

    /// 1 everywhere.
    #[track_caller]
    pub fn ones(shape: impl Into<Shape>) -> Self {
        Self::full(shape, F::ONE)
    }

    /// `make(i)` for each place `i` in row-major order.
    #[track_caller]
    pub fn from_fn(shape: impl Into<Shape>, mut make: impl FnMut(usize) -> F) -> Self {
        Self::filled(shape.into(), |out| {
            for (i, v) in out.iter_mut().enumerate() {
                *v = make(i);
            }
        })
    }

    /// The elements in row-major order.
    #[inline]
    pub fn slice(&self) -> &[F] {
        self.repr.buffer.slice()
    }

    /// The elements for writing; copied first when a clone shares them.
    #[inline]
    pub fn slice_mut(&mut self) -> &mut [F] {
        self.repr.buffer.make_mut()
    }

    /// `f` of each element.
    pub fn map(&self, f: impl Fn(F) -> F + Sync) -> Self {
        Self::filled(self.shape().clone(), |out| map::map(self.slice(), out, &|x, out| map::each(x, out, &f)))
    }

    /// The same elements under another shape of the same size.
    pub(crate) fn reshaped(self, shape: Shape) -> Self {
        debug_assert_eq!(self.shape().size(), shape.size());
        Value { repr: TensorRepr { buffer: self.repr.buffer, shape } }
    }

    /// The elements; not copied unless a clone shares them.
    pub fn into_vec(self) -> Vec<F> {
        self.repr.buffer.into_vec()
    }

    /// A view for `ndarray`, without a copy.
    pub fn view(&self) -> ndarray::ArrayViewD<'_, F> {
        ndarray::ArrayViewD::from_shape(self.shape().dims(), self.slice()).expect("contiguous")
    }

    /// An `ndarray` array; not copied unless a clone shares the elements.
    pub fn into_array(self) -> ndarray::ArrayD<F> {
        let shape = self.shape().to_vec();
        ndarray::ArrayD::from_shape_vec(shape, self.into_vec()).expect("contiguous")
    }

    /// The same numbers in another precision.
    pub fn cast<G: Float>(&self) -> Tensor<G> {
        Tensor::from_fn(self.shape(), |i| G::of(self.slice()[i].to_f64()))
    }
}

impl<F: Float> Arg<'_, Eager<F>> {
    /// The tensor for overwriting, if it was given away and no clone shares its elements.
    ///
    /// # Errors
    /// The operand itself, when it must be left alone.
    #[inline]
    pub fn into_unshared(self) -> Result<Tensor<F>, Self> {
        match self {
            Arg::Own(x) if !x.repr.buffer.is_shared() => Ok(x),
            other => Err(other),
        }
    }
}

/// Without a copy when in standard layout.
impl<F: Float, D: ndarray::Dimension> From<ndarray::Array<F, D>> for Tensor<F> {
    fn from(array: ndarray::Array<F, D>) -> Self {
        if !array.is_standard_layout() {
            return Tensor::from(array.view());
        }
        let shape = Shape::from(array.shape());
        let (mut elements, offset) = array.into_raw_vec_and_offset();
        let offset = offset.unwrap_or(0);
        elements.truncate(offset + shape.size());
        elements.drain(..offset);
        Tensor::new(elements, shape)
    }
}

/// Copied once, here, whatever the strides.
impl<F: Float, D: ndarray::Dimension> From<ndarray::ArrayView<'_, F, D>> for Tensor<F> {
    fn from(view: ndarray::ArrayView<'_, F, D>) -> Self {
        let elements = match view.as_slice() {
            Some(slice) => slice.to_vec(),
            None => view.iter().copied().collect(),
        };
        Tensor::new(elements, view.shape())
    }
}

/// A vector.
impl<F: Float, const N: usize> From<[F; N]> for Tensor<F> {
    fn from(elements: [F; N]) -> Self {
        Tensor::new(elements.to_vec(), [N])
    }
}

/// A matrix, row by row.
impl<F: Float, const M: usize, const N: usize> From<[[F; N]; M]> for Tensor<F> {
    fn from(rows: [[F; N]; M]) -> Self {
        Tensor::new(rows.as_flattened().to_vec(), [M, N])
    }
}

/// The same shape and the same numbers, NaN unequal to itself.
impl<F: Float> PartialEq for Tensor<F> {
    fn eq(&self, other: &Self) -> bool {
        self.shape() == other.shape() && self.slice() == other.slice()
    }
}

impl<F: Float> fmt::Debug for TensorRepr<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 24;
        let slice = self.buffer.slice();
        write!(f, "{:?}:{:?}", self.shape, &slice[..slice.len().min(SHOWN)])?;
        if slice.len() > SHOWN { write!(f, "…") } else { Ok(()) }
    }
}
