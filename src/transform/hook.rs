//! What sees a gradient on its way back, and may change it.

use crate::{
    Dual, Eager, Float, Interp, Record, Tape, Tensor, Value, Var,
    whole::{Pull, Whole},
};
use std::rc::Rc;

impl<I: Interp> Value<I> {
    /// This value, with `f` on the way of its gradient: what reaches the returned value is given to
    /// `f`, once, as the sum over all its uses, and what `f` returns goes on. So in every sweep that
    /// comes by; in a recorded one `f` is recorded.
    ///
    /// `|dy| dy * 0.1` scales, `|dy| -dy` reverses (Ganin, Lempitsky: Unsupervised Domain Adaptation by
    /// Backpropagation, 2015), `|dy| dy.clamp(-1.0, 1.0)` clips; one that returns `dy.clone()` only looks.
    ///
    /// ```
    /// use gradtape::{Tensor, transform::grad};
    /// let x = Tensor::from([0.25, 3.0, -3.0]);
    /// let [g] = grad(|[x]| x.on_gradient(|dy| dy.clamp(-1.0, 1.0)).square().sum(), [&x]);
    /// assert_eq!(g, Tensor::from([0.5, 1.0, -1.0]));
    /// ```
    ///
    /// # Panics
    /// In a sweep, when `f` changes the shape. In forward mode, when this value has a tangent: there is
    /// no gradient to give to `f`.
    #[must_use = "the gradient passes through the value returned"]
    #[track_caller]
    pub fn on_gradient(&self, f: impl for<'t> Fn(&Var<'t, I::Elem>) -> Var<'t, I::Elem> + 'static) -> Self {
        I::whole(&Hook(Rc::new(f)), std::slice::from_ref(self)).remove(0)
    }
}

/// The identity, whose rule is a function of the gradient.
struct Hook<F: Float>(Rc<dyn for<'t> Fn(&Var<'t, F>) -> Var<'t, F>>);

impl<F: Float> Clone for Hook<F> {
    fn clone(&self) -> Self {
        Hook(self.0.clone())
    }
}

impl<F: Float> Hook<F> {
    fn pass<'t>(&self, dy: &Var<'t, F>) -> Var<'t, F> {
        let dx = (self.0)(dy);
        let (from, to) = (dy.shape(), dx.shape());
        assert!(from == to, "gradtape: on_gradient: a gradient of shape {from} was made one of {to}");
        dx
    }
}

impl<F: Float> Whole<F> for Hook<F> {
    type Memo = ();
    const READS_OPERANDS: bool = false;
    const READS_RESULTS: bool = false;

    fn name(&self) -> &'static str {
        "on_gradient"
    }

    fn eval(&self, x: &[Tensor<F>]) -> (Vec<Tensor<F>>, ()) {
        (vec![x[0].clone()], ())
    }

    fn vjp_tensor(&self, _: &(), mut pull: Pull<'_, Eager<F>>) -> Vec<Option<Tensor<F>>> {
        // Ops on constants are not recorded, so this tape stays empty.
        let tape = Tape::new();
        vec![pull.dy[0].take().map(|dy| self.pass(&tape.constant(dy)).tensor().clone())]
    }

    fn vjp_var<'t>(&self, _: &(), mut pull: Pull<'_, Record<'t, F>>) -> Vec<Option<Var<'t, F>>> {
        vec![pull.dy[0].take().map(|dy| self.pass(&dy))]
    }

    #[track_caller]
    fn forward<I: Interp<Elem = F>>(&self, x: &[Dual<I>]) -> Vec<Dual<I>> {
        assert!(
            x[0].tangent().is_none(),
            "gradtape: on_gradient: forward mode has no gradient to give to the function"
        );
        vec![Dual::new(I::whole(self, &[x[0].primal().clone()]).remove(0), None)]
    }
}
