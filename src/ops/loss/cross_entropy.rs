//! Cross-entropy of logits against class numbers, in one op.

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::softmax,
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::{Indices, arithmetic::add_tangents, softmax::softmax_product},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// The mean over rows of −log_softmax(row)`[target]`, for logits `[n, classes]`.
/// dx = (softmax(x) − onehot) · dy / n.
#[derive(Clone, Debug)]
pub struct CrossEntropy {
    /// The class of each row.
    pub targets: Indices,
}

/// (softmax(x) − onehot) · d / n: the gradient of [`CrossEntropy`] at x, times the number d.
#[derive(Clone, Debug)]
pub struct CrossEntropyGrad {
    /// The class of each row.
    pub targets: Indices,
}

fn check(op: &'static str, targets: &Indices, x: &Shape) -> Result<(), OpError> {
    let refuse = |why| Err(OpError::new(op, why));
    let (&[rows, classes], &[count]) = (&x[..], &targets.shape()[..]) else {
        return refuse(format!("needs logits [n, classes] and targets [n], not {x} and {}", targets.shape()));
    };
    if rows != count {
        return refuse(format!("{count} targets for the {rows} rows of {x}"));
    }
    if rows == 0 {
        return refuse(format!("there is no mean over the rows of {x}"));
    }
    match targets.slice().iter().find(|&&target| target >= classes) {
        Some(target) => refuse(format!("target {target} is not below the {classes} classes of {x}")),
        None => Ok(()),
    }
}

/// Logits and targets for them.
#[inline]
fn sampled(g: &mut Gen) -> (Tensor<f64>, Indices) {
    let (rows, classes) = (g.int(1, 5), g.int(1, 5));
    let targets = Indices::new((0..rows).map(|_| g.int(0, classes - 1)).collect(), [rows]);
    (g.values(&Shape::from([rows, classes]), -3.0..3.0), targets)
}

impl Op for CrossEntropy {
    type In = One;
    type Out = One;
    const NAME: &'static str = "cross_entropy";
    const SAVES: Saves = Saves::inputs([0]);

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        check(Self::NAME, &self.targets, x)?;
        Ok(Shape::scalar())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
        Ok(Tensor::scalar(softmax::cross_entropy(x.slice(), x.shape()[1], self.targets.slice())))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let op = CrossEntropyGrad { targets: self.targets.clone() };
        Some(Value::apply(op, [s.x::<0>().into(), dy.into()]))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        let x = s.x::<0>();
        let op = CrossEntropyGrad { targets: self.targets.clone() };
        let gradient = Value::apply(op, [x.into(), x.constant(1.0).into()]);
        dx.map(|dx| (gradient * dx).sum())
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (x, targets) = sampled(g);
        Sample::new(CrossEntropy { targets }, [x])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |targets: &[usize], x: &[usize], says| {
            Reject::new(CrossEntropy { targets: targets.into() }, [Shape::from(x)], says)
        };
        vec![
            bad(&[0, 3], &[2, 3], "target 3 is not below the 3 classes of [2, 3]"),
            bad(&[0], &[2, 3], "1 targets for the 2 rows of [2, 3]"),
            bad(&[0], &[3], "needs logits [n, classes] and targets [n], not [3]"),
            bad(&[], &[0, 3], "no mean over the rows of [0, 3]"),
        ]
    }
}

impl Op for CrossEntropyGrad {
    type In = Fix<2>;
    type Out = One;
    const NAME: &'static str = "cross_entropy_grad";
    const SAVES: Saves = Saves::inputs([0, 1]);

    fn shape(&self, [x, d]: [&Shape; 2]) -> Result<Shape, OpError> {
        check(Self::NAME, &self.targets, x)?;
        if d.rank() != 0 {
            return Err(OpError::new(Self::NAME, format!("needs a single number beside {x}, not {d}")));
        }
        Ok(x.clone())
    }

    fn eval<F: Float>(&self, [x, d]: [Arg<'_, Eager<F>>; 2], out: Shape) -> Result<Tensor<F>, OpError> {
        let (targets, classes) = (self.targets.slice(), out[1]);
        let scale = d.item() / F::of(targets.len() as f64);
        Ok(Tensor::filled(out, |out| softmax::cross_entropy_grad(x.slice(), classes, targets, scale, out)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 2]) -> [Option<Value<I>>; 2] {
        let (x, d) = (s.x::<0>(), s.x::<1>());
        let dx = want[0].then(|| self.softmax_part(x, &dy) * d);
        let unscaled = || Value::apply(self.clone(), [x.into(), x.constant(1.0).into()]);
        [dx, want[1].then(|| (unscaled() * &dy).sum())]
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, [dx, dd]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
        let (x, d) = (s.x::<0>(), s.x::<1>());
        add_tangents(
            dx.map(|dx| self.softmax_part(x, dx) * d),
            dd.map(|dd| Value::apply(self.clone(), [x.into(), dd.into()])),
        )
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (x, targets) = sampled(g);
        let d = g.values(&Shape::scalar(), -3.0..3.0);
        Sample::new(CrossEntropyGrad { targets }, [x, d])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |targets: &[usize], x: &[usize], d: &[usize], says| {
            let op = CrossEntropyGrad { targets: targets.into() };
            Reject::new(op, [Shape::from(x), Shape::from(d)], says)
        };
        vec![
            bad(&[0, 3], &[2, 3], &[], "target 3 is not below"),
            bad(&[0, 1], &[2, 3], &[2], "needs a single number beside [2, 3], not [2]"),
            bad(&[0], &[2, 3], &[], "1 targets for the 2 rows"),
        ]
    }
}

impl CrossEntropyGrad {
    /// The symmetric Jacobian of softmax at x, times v / n.
    fn softmax_part<I: Interp>(&self, x: &Value<I>, v: &Value<I>) -> Value<I> {
        let n = self.targets.slice().len() as f64;
        softmax_product(&x.softmax(1), v.clone(), 1) * (1.0 / n)
    }
}

impl<I: Interp> Value<I> {
    /// The mean cross-entropy of logits `[n, classes]` against the class of each row.
    ///
    /// # Panics
    /// When the shapes do not fit, there are no rows, or a target is not a class.
    ///
    /// ```
    /// use gradtape::Tensor;
    /// let logits = Tensor::<f64>::zeros([3, 10]);
    /// assert!((logits.cross_entropy(&[4, 0, 9].into()).item() - 10f64.ln()).abs() < 1e-12);
    /// ```
    #[track_caller]
    pub fn cross_entropy(&self, targets: &Indices) -> Self {
        Value::apply(CrossEntropy { targets: targets.clone() }, self.into())
    }
}
