//! Functions with a rule of their own.

use crate::{
    Dual, Eager, Float, Interp, Record, Tensor, Value, Var,
    whole::{Pull, Whole},
};
use std::fmt;

/// A function whose derivative is what its rule says, whatever ops its value is computed by: a loop until
/// convergence, a call of foreign code, a formula whose true derivative loses all digits.
///
/// The rule is written once for every interpreter, as an op's is, and so serves every order. It is
/// taken at its word; where it means to be the true derivative, [`gradcheck`](crate::gradcheck::gradcheck())
/// proves it. Operands and results are kept for the rule. What is used in many places, or must not
/// keep all of them, is better an [`Op`](crate::Op).
///
/// ```
/// use gradtape::{Float, Interp, Tensor, Value, gradcheck::gradcheck, transform::{CustomVjp, grad}};
///
/// /// The y with y + eʸ = x, by Newton's method. By the implicit function theorem y′ = 1/(1 + eʸ).
/// #[derive(Clone, Debug)]
/// struct Root;
///
/// impl CustomVjp for Root {
///     const NAME: &'static str = "root";
///     fn eval<F: Float>(&self, x: &[Tensor<F>]) -> Vec<Tensor<F>> {
///         let mut y = Tensor::zeros(x[0].shape());
///         for _ in 0..50 {
///             y = &y - (&y + y.exp() - &x[0]) / (y.exp() + 1.0);
///         }
///         vec![y]
///     }
///     fn vjp<I: Interp>(&self, _: &[Value<I>], y: &[Value<I>], dy: &[Value<I>]) -> Vec<Option<Value<I>>> {
///         vec![Some(&dy[0] / (y[0].exp() + 1.0))]
///     }
/// }
///
/// let [g] = grad(|x| Root.call(x)[0].sum(), [&Tensor::from([1.0])]); // 0 + e⁰ = 1
/// assert_eq!(g, Tensor::from([0.5]));
/// // First and second order against finite differences:
/// gradcheck(|x| Root.call(x)[0].sum(), &[Tensor::from([0.3, 2.0])]).unwrap();
/// ```
pub trait CustomVjp: Clone + fmt::Debug + 'static {
    /// The name, in messages.
    const NAME: &'static str;

    /// The results on these operands, and nothing else: it draws no random numbers.
    fn eval<F: Float>(&self, x: &[Tensor<F>]) -> Vec<Tensor<F>>;

    /// Jᵀ·dy: for each operand its gradient, or none where there is none. A result that no gradient has
    /// reached has a `dy` of zeros.
    fn vjp<I: Interp>(&self, x: &[Value<I>], y: &[Value<I>], dy: &[Value<I>]) -> Vec<Option<Value<I>>>;

    /// J·dx: for each result its tangent, or none where it is zero.
    ///
    /// # Panics
    /// Unless it is stated, for a function without it cannot be run in forward mode.
    #[expect(unused_variables, reason = "refuses without a look")]
    #[track_caller]
    fn jvp<I: Interp>(
        &self,
        x: &[Value<I>],
        y: &[Value<I>],
        dx: &[Option<&Value<I>>],
    ) -> Vec<Option<Value<I>>> {
        panic!("gradtape: {}: has no rule for forward mode: state its `jvp`", Self::NAME)
    }

    /// Runs the function, with its rule.
    ///
    /// # Panics
    /// When there are no operands, or they are of several tapes.
    #[track_caller]
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        I::whole(&Custom(self.clone()), x)
    }
}

#[derive(Clone)]
struct Custom<R>(R);

impl<R: CustomVjp> Custom<R> {
    fn pull<I: Interp>(&self, pull: Pull<'_, I>) -> Vec<Option<Value<I>>> {
        let dy = pull.dy.into_iter().zip(pull.y);
        let dy: Vec<_> = dy.map(|(dy, y)| dy.unwrap_or_else(|| y.lift(Tensor::zeros(y.shape())))).collect();
        self.0.vjp(pull.x, pull.y, &dy)
    }
}

impl<R: CustomVjp, F: Float> Whole<F> for Custom<R> {
    type Memo = ();
    const READS_OPERANDS: bool = true;
    const READS_RESULTS: bool = true;

    fn name(&self) -> &'static str {
        R::NAME
    }

    fn eval(&self, x: &[Tensor<F>]) -> (Vec<Tensor<F>>, ()) {
        (self.0.eval(x), ())
    }

    fn vjp_tensor(&self, _: &(), pull: Pull<'_, Eager<F>>) -> Vec<Option<Tensor<F>>> {
        self.pull(pull)
    }

    fn vjp_var<'t>(&self, _: &(), pull: Pull<'_, Record<'t, F>>) -> Vec<Option<Var<'t, F>>> {
        self.pull(pull)
    }

    #[track_caller]
    fn forward<I: Interp<Elem = F>>(&self, x: &[Dual<I>]) -> Vec<Dual<I>> {
        let primals: Vec<_> = x.iter().map(|x| x.primal().clone()).collect();
        let tangents: Vec<_> = x.iter().map(Dual::tangent).collect();
        let y = I::whole(self, &primals);
        if tangents.iter().all(Option::is_none) {
            return y.into_iter().map(|y| Dual::new(y, None)).collect();
        }
        let dy = self.0.jvp(&primals, &y, &tangents);
        assert!(
            dy.len() == y.len(),
            "gradtape: {}: its rule gave {} tangents for {} results",
            R::NAME,
            dy.len(),
            y.len()
        );
        y.into_iter().zip(dy).map(|(y, dy)| Dual::new(y, dy)).collect()
    }
}
