//! Values whose gradient is not that of what they were computed by.

use crate::{
    Dual, Eager, Float, Interp, Record, Tensor, Value, Var,
    whole::{Pull, Whole},
};

impl<I: Interp> Value<I> {
    /// The same numbers as a constant: no gradient flows back through it, and no tangent forward.
    ///
    /// ```
    /// use gradtape::{Tensor, transform::grad};
    /// let [g] = grad(|[x]| (x.detach() * x).sum(), [&Tensor::from([3.0])]);
    /// assert_eq!(g, Tensor::from([3.0])); // not 6
    /// ```
    #[doc(alias = "stop_gradient")]
    pub fn detach(&self) -> Self {
        self.lift(self.tensor().clone())
    }

    /// `value`, with the derivative as if it were this value: ∂/∂self = 1, ∂/∂value = 0. So a step gets
    /// a gradient (Bengio, Léonard, Courville: Estimating or Propagating Gradients Through Stochastic
    /// Neurons, 2013).
    ///
    /// ```
    /// use gradtape::{Tensor, transform::value_and_grad};
    /// let (y, [g]) = value_and_grad(|[x]| x.straight_through(&x.round()).sum(), [&Tensor::from([0.6])]);
    /// assert_eq!((y, g), (1.0, Tensor::from([1.0])));
    /// ```
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn straight_through(&self, value: &Self) -> Self {
        let (source, shape) = (self.shape(), value.shape());
        assert!(source == shape, "gradtape: straight_through: shapes {source} and {shape} differ");
        I::whole(&StraightThrough, &[self.clone(), value.detach()]).remove(0)
    }
}

/// The second operand, with the derivative of the identity in the first.
#[derive(Clone)]
struct StraightThrough;

impl<F: Float> Whole<F> for StraightThrough {
    type Memo = ();
    const READS_OPERANDS: bool = false;
    const READS_RESULTS: bool = false;

    fn name(&self) -> &'static str {
        "straight_through"
    }

    fn eval(&self, x: &[Tensor<F>]) -> (Vec<Tensor<F>>, ()) {
        (vec![x[1].clone()], ())
    }

    fn vjp_tensor(&self, _: &(), mut pull: Pull<'_, Eager<F>>) -> Vec<Option<Tensor<F>>> {
        vec![pull.dy[0].take(), None]
    }

    fn vjp_var<'t>(&self, _: &(), mut pull: Pull<'_, Record<'t, F>>) -> Vec<Option<Var<'t, F>>> {
        vec![pull.dy[0].take(), None]
    }

    fn forward<I: Interp<Elem = F>>(&self, x: &[Dual<I>]) -> Vec<Dual<I>> {
        let primals = [x[0].primal().clone(), x[1].primal().clone()];
        vec![Dual::new(I::whole(self, &primals).remove(0), x[0].tangent().cloned())]
    }
}
