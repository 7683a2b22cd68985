//! Random members of an op's domain, built from a list of choices: whoever shrinks the choices
//! shrinks the sample.

use crate::{Axes, Op, Shape, Tensor};
use std::{fmt, ops::Range};

/// Builds a sample from choices, one after the other; when they run out, every choice is 0, the
/// simplest.
#[derive(Clone, Debug)]
pub struct Gen<'c> {
    choices: &'c [u32],
    next: usize,
}

/// The largest axis drawn.
const MAX_DIM: usize = 5;

impl<'c> Gen<'c> {
    /// A generator over these choices.
    pub fn new(choices: &'c [u32]) -> Self {
        Gen { choices, next: 0 }
    }

    fn choice(&mut self) -> usize {
        let choice = self.choices.get(self.next).copied().unwrap_or(0);
        self.next += 1;
        choice as usize
    }

    /// From `low` to `high`, both included.
    pub fn int(&mut self, low: usize, high: usize) -> usize {
        low + self.choice() % (high - low + 1)
    }

    /// Yes or no.
    pub fn bool(&mut self) -> bool {
        self.chance(2)
    }

    /// Yes once in `n`.
    pub fn chance(&mut self, n: usize) -> bool {
        self.choice() % n == n - 1
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.int(0, from.len() - 1)]
    }

    /// The size of an axis: 1 to 5, one in ten 0.
    pub fn dim(&mut self) -> usize {
        if self.chance(10) { 0 } else { self.int(1, MAX_DIM) }
    }

    /// A shape of up to `max_rank` axes.
    pub fn shape(&mut self, max_rank: usize) -> Shape {
        self.shape_of_rank(0, max_rank)
    }

    /// A shape of `low` to `high` axes. One in ten is of size 0.
    pub fn shape_of_rank(&mut self, low: usize, high: usize) -> Shape {
        let rank = self.int(low, high);
        let mut dims: Vec<usize> = (0..rank).map(|_| self.int(1, MAX_DIM)).collect();
        if rank > 0 && self.chance(10) {
            let axis = self.int(0, rank - 1);
            dims[axis] = 0;
        }
        // Four long axes are slow to differentiate and prove nothing more.
        while dims.iter().product::<usize>() > 120 {
            let longest = (0..rank).max_by_key(|&i| dims[i]).expect("not empty");
            dims[longest] = 1 + dims[longest] / 2;
        }
        Shape::from(&dims[..])
    }

    /// The shape with its empty axes made 2 long.
    pub fn nonempty(&mut self, shape: Shape) -> Shape {
        let dims: Vec<usize> = shape.iter().map(|&d| if d == 0 { 2 } else { d }).collect();
        Shape::from(&dims[..])
    }

    /// Two shapes that broadcast together.
    pub fn broadcast_pair(&mut self) -> (Shape, Shape) {
        let whole = self.shape(4);
        if self.bool() {
            return (whole.clone(), whole);
        }
        let (a, b) = (self.stretchable(&whole), self.stretchable(&whole));
        match self.int(0, 2) {
            0 => (whole, b),
            1 => (a, whole),
            _ => (a, b),
        }
    }

    /// A shape that broadcasts to `whole`: some axes 1, some on the left missing.
    fn stretchable(&mut self, whole: &Shape) -> Shape {
        let dims: Vec<usize> = whole.iter().map(|&d| if self.chance(3) { 1 } else { d }).collect();
        let missing = if self.bool() { 0 } else { self.int(0, dims.len()) };
        Shape::from(&dims[missing..])
    }

    /// An axis of `rank` that may count from the last.
    pub fn axis(&mut self, rank: usize) -> isize {
        let axis = self.int(0, rank - 1) as isize;
        if self.bool() { axis - rank as isize } else { axis }
    }

    /// Any axes of `rank`, in any order, counted from either end; or all.
    pub fn axes(&mut self, rank: usize) -> Axes {
        if self.chance(4) {
            return Axes::All;
        }
        let order = self.order(rank);
        let count = self.int(0, rank);
        let from_end = self.bool();
        let signed = |&axis: &usize| axis as isize - if from_end { rank as isize } else { 0 };
        Axes::from(&order[..count].iter().map(signed).collect::<Vec<_>>()[..])
    }

    /// An order of `n` things.
    pub fn order(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        for i in (1..n).rev() {
            let j = i - self.int(0, i);
            order.swap(i, j);
        }
        order
    }

    /// A number of this range, exact in `f32`.
    pub fn number(&mut self, range: Range<f64>) -> f64 {
        self.within(&Domain::from(range))
    }

    fn within(&mut self, domain: &Domain) -> f64 {
        const STEPS: usize = 1 << 10;
        let part = (self.choice() % STEPS) as f64 + 0.5;
        let value = f64::from((domain.low + (domain.high - domain.low) * (part / STEPS as f64)) as f32);
        let near = domain.kinks.iter().find(|&&kink| (value - kink).abs() < Domain::DISTANCE);
        near.map_or(value, |kink| kink + Domain::DISTANCE)
    }

    /// A tensor with values in a domain, exact in `f32`. Every other one is the copy of a strided
    /// `ndarray` view: transposed, flipped, stepped.
    pub fn values(&mut self, shape: &Shape, domain: impl Into<Domain>) -> Tensor<f64> {
        let domain = domain.into();
        let plain = Tensor::from_fn(shape, |_| self.within(&domain));
        if self.bool() { self.through_a_view(&plain) } else { plain }
    }

    /// The same tensor, arrived through a view of other strides.
    fn through_a_view(&mut self, x: &Tensor<f64>) -> Tensor<f64> {
        let rank = x.shape().rank();
        let mut view = x.view().reversed_axes();
        let base = view.as_standard_layout().into_owned(); // laid out transposed
        view = base.view().reversed_axes();
        let mut wide = ndarray::ArrayD::zeros(view.shape().iter().map(|d| 2 * d).collect::<Vec<_>>());
        let flipped = rank > 0 && self.bool();
        let mut target = wide.view_mut();
        for axis in 0..rank {
            target.slice_axis_inplace(ndarray::Axis(axis), ndarray::Slice::new(0, None, 2));
        }
        if flipped {
            target.invert_axis(ndarray::Axis(0));
        }
        target.assign(&view);
        let mut stepped = wide.view();
        for axis in 0..rank {
            stepped.slice_axis_inplace(ndarray::Axis(axis), ndarray::Slice::new(0, None, 2));
        }
        if flipped {
            stepped.invert_axis(ndarray::Axis(0));
        }
        Tensor::from(stepped)
    }

    /// A tensor whose values are all well apart.
    pub fn distinct(&mut self, shape: &Shape) -> Tensor<f64> {
        let order = self.order(shape.size());
        let half = shape.size() as f64 / 2.0;
        Tensor::from_fn(shape, |i| (order[i] as f64 - half) * 0.125)
    }

    /// A tensor of zeros and ones.
    pub fn mask(&mut self, shape: &Shape) -> Tensor<f64> {
        Tensor::from_fn(shape, |_| if self.bool() { 1.0 } else { 0.0 })
    }
}

/// Where a value may lie: a range without the neighbourhoods of some kinks.
#[derive(Clone, Debug)]
pub struct Domain {
    low: f64,
    high: f64,
    kinks: Vec<f64>,
}

impl Domain {
    /// Finite differences reach less far than this.
    const DISTANCE: f64 = 1.0 / 32.0;

    /// The domain without the neighbourhoods of `kinks`, which must lie within it.
    pub fn avoiding<const N: usize>(mut self, kinks: [f64; N]) -> Self {
        self.kinks.extend(kinks);
        self
    }
}

impl From<Range<f64>> for Domain {
    fn from(range: Range<f64>) -> Self {
        Domain { low: range.start, high: range.end, kinks: Vec::new() }
    }
}

/// An op with operands it accepts.
#[derive(Clone)]
pub struct Sample<O> {
    pub(super) op: O,
    pub(super) inputs: Vec<Tensor<f64>>,
    pub(super) constant: Vec<bool>,
    pub(super) rounding: f64,
}

impl<O> Sample<O> {
    /// An op and its operands.
    pub fn new<const N: usize>(op: O, inputs: [Tensor<f64>; N]) -> Self {
        Self::many(op, inputs.into())
    }

    /// An op and any number of operands.
    pub fn many(op: O, inputs: Vec<Tensor<f64>>) -> Self {
        Sample { op, constant: vec![false; inputs.len()], inputs, rounding: 1.0 }
    }

    /// Says that operand `place` has no gradient: the op is piecewise constant in it.
    pub fn constant(mut self, place: usize) -> Self {
        self.constant[place] = true;
        self
    }

    /// Widens the bounds of the checks by a factor, for ops whose rounding errors grow more than
    /// those of sums and products: factorisations, special functions.
    pub fn rounding(mut self, factor: f64) -> Self {
        self.rounding = factor;
        self
    }

    /// Whether operand `place` has a gradient.
    pub fn differentiable(&self, place: usize) -> bool {
        !self.constant[place]
    }

    /// The op.
    pub fn op(&self) -> &O {
        &self.op
    }

    /// Its operands.
    pub fn inputs(&self) -> &[Tensor<f64>] {
        &self.inputs
    }
}

/// In a form that can be pasted into a test.
impl<O: fmt::Debug> fmt::Debug for Sample<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op {:?} on", self.op)?;
        for input in &self.inputs {
            write!(f, " Tensor::new(vec!{:?}, {:?})", input.slice(), input.shape())?;
        }
        Ok(())
    }
}

/// An op with shapes it must refuse.
#[derive(Clone, Debug)]
pub struct Reject<O> {
    pub(super) op: O,
    pub(super) shapes: Vec<Shape>,
    pub(super) says: &'static str,
}

impl<O: Op> Reject<O> {
    /// An op, shapes that it must refuse, and a part of the message that says why.
    pub fn new<const N: usize>(op: O, shapes: [Shape; N], says: &'static str) -> Self {
        Self::many(op, shapes.into(), says)
    }

    /// As [`new`](Reject::new), for any number of operands.
    pub fn many(op: O, shapes: Vec<Shape>, says: &'static str) -> Self {
        Reject { op, shapes, says }
    }
}
