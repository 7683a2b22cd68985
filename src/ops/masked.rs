//! Elements by a mask, or by their places in the flattened value.
#![forbid(unsafe_code)]

use super::{IndexSelectGrad, Indices, view::allowed};
use crate::{
    Float, Shape,
    gradcheck::Gen,
    value::{Interp, Value},
};

impl<I: Interp> Value<I> {
    /// The elements at places of the flattened value, in the shape of `places`.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Indices};
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.take(&[3, 0, 3].into()), Tensor::from([4.0, 1.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// When a place is out of range.
    #[track_caller]
    pub fn take(&self, places: &Indices) -> Self {
        let flat = Shape::from([self.shape().size()]);
        allowed(places.below("take", flat.size(), 0, &flat));
        self.reshape(flat).index_select(0, &places.slice().into()).reshape(places.shape())
    }

    /// The elements where the mask is not 0, as a vector in row-major order. Both are broadcast to a common
    /// shape. The mask has no gradient.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.masked_select(&x.greater(&x.constant(1.5))), Tensor::from([2.0, 3.0, 4.0]));
    /// ```
    ///
    /// # Panics
    /// When the shapes do not broadcast.
    #[track_caller]
    pub fn masked_select(&self, mask: &Self) -> Self {
        let (x, m) = (self.shape(), mask.shape());
        let Some(both) = x.broadcast(m) else {
            panic!("gradtape: masked_select: shapes {x} and {m} do not broadcast");
        };
        let places = mask.marked(&both);
        if *x == both { self.take(&places) } else { self.expand(both).take(&places) }
    }

    /// This value with a number where the mask is not 0. The mask broadcasts to it and has no gradient.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.masked_fill(&Tensor::from([1.0, 0.0]), 7.0), Tensor::from([[7.0, 2.0], [7.0, 4.0]]));
    /// ```
    ///
    /// # Panics
    /// When the mask does not broadcast to this value.
    #[track_caller]
    pub fn masked_fill(&self, mask: &Self, value: f64) -> Self {
        self.check_mask("masked_fill", mask);
        mask.select(&self.constant(value), self)
    }

    /// This value with the elements of `source`, one after the other, where the mask is not 0; the rest of
    /// `source` is not used. The mask broadcasts to this value and has no gradient.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (x, mask) = (Tensor::zeros([3]), Tensor::from([0.0, 1.0, 1.0]));
    /// assert_eq!(x.masked_scatter(&mask, &Tensor::from([5.0, 6.0, 7.0])), Tensor::from([0.0, 5.0, 6.0]));
    /// ```
    ///
    /// # Panics
    /// When the mask does not broadcast to this value, or `source` has too few elements.
    #[track_caller]
    pub fn masked_scatter(&self, mask: &Self, source: &Self) -> Self {
        self.check_mask("masked_scatter", mask);
        let (shape, from) = (self.shape(), source.shape());
        let places = mask.marked(shape);
        let count = places.slice().len();
        assert!(count <= from.size(), "gradtape: masked_scatter: {from} has fewer than {count} elements");
        let used = source.reshape([from.size()]).corner(places.shape());
        let op = IndexSelectGrad { axis: 0, size: shape.size(), indices: places };
        mask.select(&Value::apply(op, used.into()).reshape(shape), self)
    }

    #[track_caller]
    fn check_mask(&self, op: &str, mask: &Self) {
        let (x, m) = (self.shape(), mask.shape());
        assert!(m.broadcasts_to(x), "gradtape: {op}: the mask of {m} does not broadcast to {x}");
    }

    /// The flat places at which this mask, broadcast to a shape, is not 0.
    fn marked(&self, shape: &Shape) -> Indices {
        let mask = self.tensor().expand(shape);
        let marks = mask.slice().iter().enumerate().filter(|&(_, &mark)| mark != I::Elem::ZERO);
        Indices::from(&marks.map(|(place, _)| place).collect::<Vec<_>>()[..])
    }
}

/// A shape and one that broadcasts to it.
#[inline]
fn sampled_mask(g: &mut Gen) -> (Shape, Shape) {
    let shape = g.shape(3);
    let missing = g.int(0, shape.rank());
    let mask: Vec<usize> = shape[missing..].iter().map(|&d| if g.chance(3) { 1 } else { d }).collect();
    (shape, Shape::from(&mask[..]))
}

composition!(Take(Indices), "take", |places, x| vec![x[0].take(places)], |g| {
    let (shape, out) = (g.shape(3), g.shape(3));
    let shape = g.nonempty(shape);
    let places = (0..out.size()).map(|_| g.int(0, shape.size() - 1)).collect();
    (Indices::new(places, out), vec![g.values(&shape, -3.0..3.0)])
});

composition!(
    MaskedSelect(()),
    "masked_select",
    |_, x| vec![x[0].masked_select(&x[1])],
    constant 1,
    |g| {
        let (a, b) = g.broadcast_pair();
        ((), vec![g.values(&a, -3.0..3.0), g.mask(&b)])
    }
);

composition!(
    MaskedFill(f64),
    "masked_fill",
    |value, x| vec![x[0].masked_fill(&x[1], *value)],
    constant 1,
    |g| {
        let (shape, mask) = sampled_mask(g);
        (g.pick(&[0.0, -1.5]), vec![g.values(&shape, -3.0..3.0), g.mask(&mask)])
    }
);

composition!(
    MaskedScatter(()),
    "masked_scatter",
    |_, x| vec![x[0].masked_scatter(&x[1], &x[2])],
    constant 1,
    |g| {
        let (shape, mask) = sampled_mask(g);
        let source = Shape::from([2, shape.size().div_ceil(2) + g.int(0, 1)]);
        ((), vec![g.values(&shape, -3.0..3.0), g.mask(&mask), g.values(&source, -3.0..3.0)])
    }
);
