//! Norms over axes.
#![forbid(unsafe_code)]

use super::{
    Sum,
    reduce::{axis_rejects, count, left, sampled_axes, unsqueezed},
};
use crate::{
    Axes, Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// (Σ|x|ᵖ)^(1/p) over axes, for p other than 0 and ±∞. ∂y/∂x = sign x · (|x|/y)^(p−1), 0 where x or y is. Taken
/// relative to the element that weighs most, so that nothing overflows on the way.
#[derive(Clone, Debug)]
pub struct Norm {
    /// The order; 2 is the Euclidean norm.
    pub p: f64,
    /// The axes reduced.
    pub axes: Axes,
    /// Whether they stay, with size 1.
    pub keepdims: bool,
}

impl Op for Norm {
    type In = One;
    type Out = One;
    const NAME: &'static str = "norm";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let p = self.p;
        if !p.is_finite() || p == 0.0 {
            let why = format!("needs a finite order other than 0, not {p}, for {x}");
            return Err(OpError::new(Self::NAME, why));
        }
        let out = left(Self::NAME, x, &self.axes, self.keepdims)?;
        if p < 0.0 && out.size() > 0 && x.size() == 0 {
            return Err(OpError::new(Self::NAME, format!("no elements of {x} have no norm of order {p}")));
        }
        Ok(out)
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        if x.shape().size() == 0 {
            return Ok(Tensor::zeros(out));
        }
        let unit = self.unit(&*x);
        let length = if self.p == 2.0 {
            unit.square().sum_axes(self.axes.clone(), true).sqrt()
        } else {
            unit.abs().powf(self.p).sum_axes(self.axes.clone(), true).powf(1.0 / self.p)
        };
        Ok((length * self.size(&x)).reshaped(out))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let x = s.x::<0>();
        Some(unsqueezed(dy, x.shape(), &self.axes) * self.slope(x))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some((self.slope(s.x::<0>()) * dx?).sum_axes(self.axes.clone(), self.keepdims))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (shape, axes, keepdims) = sampled_axes(g);
        let p = g.pick(&[2.0, 3.0, 1.5, 1.0, 0.5, -1.0, -2.0]);
        let shape = if p < 0.0 { g.nonempty(shape) } else { shape };
        // Far from 0, where it bends sharply.
        let sign = g.mask(&shape) * 2.0 - 1.0;
        let x = g.values(&shape, 0.5..2.0) * sign;
        Sample::new(Norm { p, axes, keepdims }, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let mut rejects = axis_rejects(|axes| Norm { p: 2.0, axes, keepdims: false });
        let bad = |p, x: &[usize], says| {
            Reject::new(Norm { p, axes: Axes::All, keepdims: false }, [Shape::from(x)], says)
        };
        rejects.push(bad(f64::NAN, &[2], "needs a finite order other than 0, not NaN, for [2]"));
        rejects.push(bad(-1.0, &[0], "no elements of [0] have no norm of order -1"));
        rejects
    }
}

impl Norm {
    /// Of each lane the |x| that weighs most: the greatest, or for p < 0 the least.
    fn size<F: Float>(&self, x: &Tensor<F>) -> Tensor<F> {
        let x = x.abs();
        if self.p > 0.0 { x.max_axes(self.axes.clone(), true) } else { x.min_axes(self.axes.clone(), true) }
    }

    /// x relative to that size, which is a constant to the slope: scaling does not change it.
    fn unit<I: Interp>(&self, x: &Value<I>) -> Value<I> {
        let size = self.size(x.tensor());
        let infinite = size.isinf();
        let plain = infinite.logical_or(&size.equal(0.0));
        let unit = x / x.lift(plain.select(1.0, &size));
        if infinite.any().item() == I::Elem::ZERO {
            return unit;
        }
        // Beside an infinity everything finite is 0.
        let signs = x.tensor().isinf().select(&x.tensor().sign(), 0.0);
        x.lift(infinite).select(&x.lift(signs), &unit)
    }

    /// ∂y/∂x.
    fn slope<I: Interp>(&self, x: &Value<I>) -> Value<I> {
        if count(x.shape(), &self.axes) == 0 || x.shape().size() == 0 {
            return x.clone();
        }
        let unit = self.unit(x);
        let length = Value::apply(Norm { keepdims: true, ..self.clone() }, (&unit).into());
        let length = unsqueezed(length, x.shape(), &self.axes);
        let flat = length.equal(0.0);
        let length = flat.select(1.0, &length);
        if self.p == 2.0 {
            return flat.select(0.0, &(unit / length));
        }
        let hole = flat.expand(x.shape()).logical_or(&unit.equal(0.0));
        let part = hole.select(1.0, &unit.abs()) / length;
        hole.select(0.0, &(part.powf(self.p - 1.0) * x.lift(x.tensor().sign())))
    }
}

impl<I: Interp> Value<I> {
    /// The norm of order `p` of all elements; of a matrix, for p = 2, the Frobenius norm. See
    /// [`norm_axes`](Self::norm_axes).
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let x = Tensor::from([[3.0, 0.0], [0.0, -4.0]]);
    /// assert_eq!(x.norm(2.0).item(), 5.0);
    /// assert_eq!(x.norm(f64::INFINITY).item(), 4.0);
    /// ```
    ///
    /// # Panics
    /// When p is NaN; when p < 0 or p = ∞ and there are no elements.
    #[track_caller]
    pub fn norm(&self, p: f64) -> Self {
        self.norm_as("norm", p, Axes::All, false)
    }

    /// The norm of vectors, (Σ|x|ᵖ)^(1/p) over axes; the greatest |x| for p = ∞, the least for p = −∞, and the number of elements
    /// that are not 0, without a gradient, for p = 0. PyTorch's default p is 2. With `keepdims` the axes stay,
    /// with size 1.
    ///
    /// The gradient is 0 where all elements are, and ties of p = ±∞ share it evenly. Norms of matrices are
    /// [`matrix_norm`](Self::matrix_norm).
    ///
    /// # Panics
    /// When an axis is out of range or named twice, or p is NaN; when p < 0 or p = ∞ and there are no
    /// elements.
    #[track_caller]
    pub fn norm_axes(&self, p: f64, axes: impl Into<Axes>, keepdims: bool) -> Self {
        self.norm_as("norm_axes", p, axes.into(), keepdims)
    }

    /// As [`norm_axes`](Self::norm_axes), for a method of this name.
    #[track_caller]
    pub(super) fn norm_as(&self, name: &'static str, p: f64, axes: Axes, keepdims: bool) -> Self {
        let sum = |x: Self, axes| Value::apply_as(name, Sum { axes, keepdims }, x.into());
        match p {
            0.0 => sum(self.not_equal(0.0), axes),
            1.0 => sum(self.abs(), axes),
            f64::INFINITY => self.abs().max_as(name, axes, keepdims),
            f64::NEG_INFINITY => self.abs().min_as(name, axes, keepdims),
            _ => Value::apply_as(name, Norm { p, axes, keepdims }, self.into()),
        }
    }
}

composition!(
    NormAxes((f64, Axes, bool)),
    "norm_axes",
    |(p, axes, keep), x| vec![x[0].norm_axes(*p, axes.clone(), *keep)],
    |g| {
        let (shape, axes, keep) = sampled_axes(g);
        let shape = g.nonempty(shape);
        let sign = g.mask(&shape) * 2.0 - 1.0;
        // No two of the same size, and none near 0.
        let x = (g.distinct(&shape) + (shape.size() as f64 / 16.0 + 0.5)) * sign;
        ((g.pick(&[1.0, f64::INFINITY, f64::NEG_INFINITY, 2.0]), axes, keep), vec![x])
    }
);
