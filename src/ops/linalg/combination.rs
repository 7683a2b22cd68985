//! Products under the names that people know: of vectors, of several axes, of sums.
#![forbid(unsafe_code)]

use crate::{
    Shape,
    gradcheck::Gen,
    ops::view::place,
    shape::resolve,
    value::{Interp, Value},
};

/// Which axes [`tensordot`](Value::tensordot) sums over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contraction {
    /// The last so many of the first operand with the first so many of the second.
    Inner(usize),
    /// These of the first operand, each with its partner of the second.
    Pairs(Vec<isize>, Vec<isize>),
}

impl Default for Contraction {
    fn default() -> Self {
        Contraction::Inner(2)
    }
}

impl From<usize> for Contraction {
    fn from(count: usize) -> Self {
        Contraction::Inner(count)
    }
}

impl<const N: usize> From<[[isize; N]; 2]> for Contraction {
    fn from([a, b]: [[isize; N]; 2]) -> Self {
        Contraction::Pairs(a.to_vec(), b.to_vec())
    }
}

impl Contraction {
    /// The axes of either operand, counted from the first, or why they do not fit.
    fn axes(&self, a: &Shape, b: &Shape) -> Result<[Vec<usize>; 2], String> {
        let found = match self {
            &Contraction::Inner(count) if count <= a.rank().min(b.rank()) => {
                [(a.rank() - count..a.rank()).collect(), (0..count).collect()]
            }
            Contraction::Inner(count) => return Err(format!("{count} axes are too many for {a} and {b}")),
            Contraction::Pairs(of_a, of_b) => {
                let counted = |axes: &[isize], x: &Shape| -> Result<Vec<usize>, String> {
                    let axes: Result<Vec<_>, _> = axes.iter().map(|&axis| resolve(axis, x.rank())).collect();
                    let axes = axes.map_err(|why| format!("{why} of {x}"))?;
                    match axes.iter().enumerate().find(|&(i, axis)| axes[..i].contains(axis)) {
                        Some((_, axis)) => Err(format!("axis {axis} of {x} is named twice")),
                        None => Ok(axes),
                    }
                };
                [counted(of_a, a)?, counted(of_b, b)?]
            }
        };
        if found[0].len() != found[1].len() {
            return Err(format!("{:?} and {:?} are not pairs of axes of {a} and {b}", found[0], found[1]));
        }
        match found[0].iter().zip(&found[1]).find(|&(&i, &j)| a[i] != b[j]) {
            Some((i, j)) => Err(format!("axis {i} of {a} and axis {j} of {b} differ")),
            None => Ok(found),
        }
    }
}

/// The factors of [`addmm`](Value::addmm).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scales {
    /// Of what is added to. At 0 its numbers are not looked at, so that NaN does not pass.
    pub beta: f64,
    /// Of the product.
    pub alpha: f64,
}

impl Default for Scales {
    fn default() -> Self {
        Scales { beta: 1.0, alpha: 1.0 }
    }
}

impl<I: Interp> Value<I> {
    /// Σ aᵢbᵢ of two vectors of one size.
    ///
    /// # Panics
    /// When they are not.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// assert_eq!(Tensor::from([1.0, 2.0]).dot(&Tensor::from([3.0, 4.0])).item(), 11.0);
    /// ```
    #[track_caller]
    pub fn dot(&self, other: &Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(a.rank() == 1 && a == b, "gradtape: dot: needs two vectors of one size, not {a} and {b}");
        self.matmul(other)
    }

    /// yᵢⱼ = aᵢbⱼ of two vectors.
    ///
    /// # Panics
    /// When they are not vectors.
    #[track_caller]
    pub fn outer(&self, other: &Self) -> Self {
        let (a, b) = (self.shape(), other.shape());
        assert!(a.rank() == 1 && b.rank() == 1, "gradtape: outer: needs vectors, not {a} and {b}");
        self.unsqueeze(1) * other
    }

    /// yₒ = aᵀ·Wₒ·b + biasₒ over the last axes of a and b. W is `[out, in₁, in₂]`, the bias `[out]`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn bilinear(&self, other: &Self, weight: &Self, bias: Option<&Self>) -> Self {
        let (a, b, w) = (self.shape(), other.shape(), weight.shape());
        let fits = match (&a[..], &b[..], &w[..]) {
            ([a @ .., k], [b @ .., l], &[out, wk, wl]) => {
                a == b && (*k, *l) == (wk, wl) && bias.is_none_or(|bias| bias.shape()[..] == [out])
            }
            _ => false,
        };
        let bias_shape = bias.map_or(String::from("none"), |bias| bias.shape().to_string());
        assert!(
            fits,
            "gradtape: bilinear: needs [.., in1], [.., in2], [out, in1, in2] and [out], \
             not {a}, {b}, {w} and {bias_shape}"
        );
        let y = Value::einsum("...i,oij,...j->...o", &[self, weight, other]);
        bias.map_or(y.clone(), |bias| y + bias)
    }

    /// β·x + α·A·B, where x broadcasts to the product of two matrices.
    ///
    /// # Panics
    /// When the shapes do not fit.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::Scales};
    /// let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0], [4.0]]));
    /// let scales = Scales { alpha: 10.0, ..Scales::default() };
    /// assert_eq!(Tensor::scalar(5.0).addmm(&a, &b, scales), Tensor::from([[115.0]]));
    /// ```
    #[track_caller]
    pub fn addmm(&self, a: &Self, b: &Self, scales: Scales) -> Self {
        let fits = match (&a.shape()[..], &b.shape()[..]) {
            (&[m, k], &[l, n]) => k == l && self.shape().broadcasts_to(&Shape::from([m, n])),
            _ => false,
        };
        let (x, a_shape, b_shape) = (self.shape(), a.shape(), b.shape());
        assert!(fits, "gradtape: addmm: needs [m, n], [m, k] and [k, n], not {x}, {a_shape} and {b_shape}");
        let product = a.matmul(b);
        let product = if scales.alpha == 1.0 { product } else { product * scales.alpha };
        match scales.beta {
            0.0 => product,
            1.0 => self + product,
            beta => self * beta + product,
        }
    }

    /// The sum of products over pairs of axes. The result has the other axes of the first operand, then
    /// those of the second.
    ///
    /// # Panics
    /// When the axes are out of range, named twice or not pairs, or their sizes differ.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (a, b) = (Tensor::<f64>::ones([2, 3, 4]), Tensor::ones([4, 3, 5]));
    /// assert_eq!(a.tensordot(&b, [[1, 2], [1, 0]]), Tensor::full([2, 5], 12.0));
    /// assert_eq!(a.tensordot(&b, 1).shape().dims(), [2, 3, 3, 5]);
    /// ```
    #[track_caller]
    pub fn tensordot(&self, other: &Self, axes: impl Into<Contraction>) -> Self {
        let (a, b) = (self.shape(), other.shape());
        let [of_a, of_b] = match axes.into().axes(a, b) {
            Ok(axes) => axes,
            Err(why) => panic!("gradtape: tensordot: {why}"),
        };
        let left: Vec<usize> = (0..a.rank()).filter(|i| !of_a.contains(i)).collect();
        let right: Vec<usize> = (0..b.rank()).filter(|j| !of_b.contains(j)).collect();
        let product = |x: &Shape, axes: &[usize]| axes.iter().map(|&i| x[i]).product::<usize>();
        let (m, k, n) = (product(a, &left), product(a, &of_a), product(b, &right));
        let rows = self.permute(&[&left[..], &of_a].concat()[..]).reshape([m, k]);
        let columns = other.permute(&[&of_b[..], &right].concat()[..]).reshape([k, n]);
        let dims: Vec<usize> = left.iter().map(|&i| a[i]).chain(right.iter().map(|&j| b[j])).collect();
        rows.matmul(&columns).reshape(&dims[..])
    }

    /// The Kronecker product: each element of a, times all of b, in a block of its own. Any rank; missing
    /// axes count as 1.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let y = Tensor::from([[1.0, 2.0]]).kron(&Tensor::from([1.0, 10.0]));
    /// assert_eq!(y, Tensor::from([[1.0, 10.0, 2.0, 20.0]]));
    /// ```
    ///
    /// # Panics
    /// When the result would not fit into memory.
    #[track_caller]
    pub fn kron(&self, other: &Self) -> Self {
        let rank = self.shape().rank().max(other.shape().rank());
        let aligned = |x: &Shape| [&vec![1; rank - x.rank()][..], x].concat();
        let (a, b) = (aligned(self.shape()), aligned(other.shape()));
        // Each axis as two: of a and a 1, of a 1 and b.
        let outer: Vec<usize> = a.iter().flat_map(|&d| [d, 1]).collect();
        let inner: Vec<usize> = b.iter().flat_map(|&d| [1, d]).collect();
        let dims: Vec<usize> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
        (self.reshape(&outer[..]) * other.reshape(&inner[..])).reshape(&dims[..])
    }

    /// The vector product a × b along an axis of size 3 (PyTorch's default is the last); the others
    /// are broadcast.
    ///
    /// # Panics
    /// When the ranks differ, the axis is out of range or not of size 3, or the others do not broadcast.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let (x, y) = (Tensor::from([1.0, 0.0, 0.0]), Tensor::from([0.0, 1.0, 0.0]));
    /// assert_eq!(x.cross(&y, -1), Tensor::from([0.0, 0.0, 1.0]));
    /// ```
    #[track_caller]
    pub fn cross(&self, other: &Self, axis: isize) -> Self {
        let (a, b) = (self.shape(), other.shape());
        let place = place("cross", axis, a.rank(), a);
        assert!(
            a.rank() == b.rank() && (a[place], b[place]) == (3, 3) && a.broadcast(b).is_some(),
            "gradtape: cross: axis {place} of {a} and {b} is not of size 3, or the others do not broadcast"
        );
        let turned = |x: &Self, by: usize| {
            let axis = place as isize;
            let parts = x.split(&[by, 3 - by], axis);
            Value::concat(&[&parts[1], &parts[0]], axis)
        };
        turned(self, 1) * turned(other, 2) - turned(self, 2) * turned(other, 1)
    }
}

composition!(Dot(()), "dot", |_, x| vec![x[0].dot(&x[1])], |g| {
    let shape = Shape::from([g.dim()]);
    ((), vec![g.values(&shape, -2.0..2.0), g.values(&shape, -2.0..2.0)])
});

composition!(Outer(()), "outer", |_, x| vec![x[0].outer(&x[1])], |g| {
    let (a, b) = (Shape::from([g.dim()]), Shape::from([g.dim()]));
    ((), vec![g.values(&a, -2.0..2.0), g.values(&b, -2.0..2.0)])
});

composition!(Bilinear(()), "bilinear", |_, x| vec![x[0].bilinear(&x[1], &x[2], x.get(3))], |g| {
    let (batch, k, l, out) = (g.shape(2), g.dim(), g.dim(), g.dim());
    let with = |last: usize| Shape::from(&[&batch[..], &[last]].concat()[..]);
    let (a, b, w) = (with(k), with(l), Shape::from([out, k, l]));
    let mut x = vec![g.values(&a, -2.0..2.0), g.values(&b, -2.0..2.0), g.values(&w, -2.0..2.0)];
    if g.bool() {
        x.push(g.values(&Shape::from([out]), -2.0..2.0));
    }
    ((), x)
});

composition!(Addmm(Scales), "addmm", |scales, x| vec![x[0].addmm(&x[1], &x[2], *scales)], |g| {
    let (m, k, n) = (g.dim(), g.dim(), g.dim());
    let added = [Shape::from([m, n]), Shape::from([n]), Shape::from([m, 1]), Shape::scalar()];
    let added = added[g.int(0, 3)].clone();
    let scales = Scales { beta: g.pick(&[1.0, 0.5, 0.0]), alpha: g.pick(&[1.0, -1.5]) };
    let (a, b) = (Shape::from([m, k]), Shape::from([k, n]));
    (scales, vec![g.values(&added, -2.0..2.0), g.values(&a, -2.0..2.0), g.values(&b, -2.0..2.0)])
});

/// Sizes of some free axes and of some that are summed.
#[inline]
fn sampled_dims(g: &mut Gen, most: usize) -> Vec<usize> {
    (0..g.int(0, most)).map(|_| g.int(1, 3)).collect()
}

composition!(Tensordot(Contraction), "tensordot", |axes, x| vec![x[0].tensordot(&x[1], axes.clone())], |g| {
    let (left, summed, right) = (sampled_dims(g, 2), sampled_dims(g, 2), sampled_dims(g, 2));
    let (mut a, mut b) = ([&left[..], &summed].concat(), [&summed[..], &right].concat());
    let mut axes = Contraction::Inner(summed.len());
    if g.bool() {
        // The summed axes wherever an order puts them.
        let (of_a, of_b) = (g.order(a.len()), g.order(b.len()));
        let back = g.bool();
        let at = |order: &[usize], axis: usize| {
            let place = order.iter().position(|&i| i == axis).expect("in the order") as isize;
            if back { place - order.len() as isize } else { place }
        };
        let pairs = (0..summed.len()).map(|i| (at(&of_a, left.len() + i), at(&of_b, i)));
        let (first, second) = pairs.unzip();
        axes = Contraction::Pairs(first, second);
        a = of_a.iter().map(|&i| a[i]).collect();
        b = of_b.iter().map(|&i| b[i]).collect();
    }
    let (a, b) = (Shape::from(&a[..]), Shape::from(&b[..]));
    (axes, vec![g.values(&a, -2.0..2.0), g.values(&b, -2.0..2.0)])
});

composition!(Kron(()), "kron", |_, x| vec![x[0].kron(&x[1])], |g| {
    let (a, b) = (sampled_dims(g, 3), sampled_dims(g, 3));
    ((), vec![g.values(&Shape::from(&a[..]), -2.0..2.0), g.values(&Shape::from(&b[..]), -2.0..2.0)])
});

composition!(Cross(isize), "cross", |axis, x| vec![x[0].cross(&x[1], *axis)], |g| {
    let whole = g.shape_of_rank(1, 3);
    let axis = g.axis(whole.rank());
    let place = resolve(axis, whole.rank()).expect("drawn for this rank");
    let other = g.int(0, whole.rank() - 1);
    let thin = whole.with_axis(other, 1).expect("small");
    let shapes = [whole, thin].map(|shape| shape.with_axis(place, 3).expect("small"));
    let swapped = g.bool();
    let x = [
        g.values(&shapes[usize::from(swapped)], -2.0..2.0),
        g.values(&shapes[usize::from(!swapped)], -2.0..2.0),
    ];
    (axis, x.into())
});
