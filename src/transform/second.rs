//! Second order: Hessians, and their products with vectors.

use super::{
    number,
    reverse::{gradients, rows},
};
use crate::{Dual, Float, Record, Tape, Tensor, Var};

/// H·v for the Hessian H of a number f, by a sweep through forward mode: the gradient of ⟨∇f, v⟩,
/// without H itself (Pearlmutter: Fast Exact Multiplication by the Hessian, 1994).
///
/// ```
/// use gradtape::{Tensor, transform::hvp};
/// let (x, v) = (Tensor::from([1.0, 2.0]), Tensor::from([1.0, 1.0]));
/// let [product] = hvp(|[x]| (x * x * x).sum(), [&x], [&v]); // H = diag(6x)
/// assert_eq!(product, Tensor::from([6.0, 12.0]));
/// ```
///
/// # Panics
/// When f gives more or less than one number, or a v has another shape than its operand.
#[track_caller]
pub fn hvp<F: Float, const N: usize>(
    f: impl for<'t> FnOnce(&[Dual<Record<'t, F>>; N]) -> Dual<Record<'t, F>>,
    x: [&Tensor<F>; N],
    v: [&Tensor<F>; N],
) -> [Tensor<F>; N] {
    for (i, (x, v)) in x.iter().zip(v).enumerate() {
        assert!(
            x.shape() == v.shape(),
            "gradtape: hvp: a vector of shape {} for operand {i} of {}",
            v.shape(),
            x.shape()
        );
    }
    let tape = Tape::new();
    let vars = x.map(|x| tape.var(x.clone()));
    let y = f(&std::array::from_fn(|i| Dual::new(vars[i].clone(), Some(tape.constant(v[i].clone())))));
    number("hvp", &y);
    match y.tangent() {
        Some(slope) => gradients(slope, &vars),
        None => x.map(|x| Tensor::zeros(x.shape())),
    }
}

/// The Hessian of a number f: block `[i][j]` is ∂²f/∂xᵢ∂xⱼ, the axes of xᵢ, then those of xⱼ. f and its
/// gradient are recorded once, then swept for each row.
///
/// ```
/// use gradtape::{Interp, Tensor, Value, transform::hessian};
/// // f = x₀² · x₁
/// fn f<I: Interp>(x: &Value<I>) -> Value<I> {
///     let parts = x.split(&[1, 1], 0);
///     (parts[0].square() * &parts[1]).sum()
/// }
/// let [[h]] = hessian(|[x]| f(x), [&Tensor::from([3.0, 5.0])]);
/// assert_eq!(h, Tensor::from([[10.0, 6.0], [6.0, 0.0]]));
/// ```
///
/// # Panics
/// When f gives more or less than one number.
#[track_caller]
pub fn hessian<F: Float, const N: usize>(
    f: impl for<'t> FnOnce(&[Var<'t, F>; N]) -> Var<'t, F>,
    x: [&Tensor<F>; N],
) -> [[Tensor<F>; N]; N] {
    let tape = Tape::new();
    let vars = x.map(|x| tape.var(x.clone()));
    let y = f(&vars);
    number("hessian", &y);
    let gradient = if y.is_constant() {
        vars.each_ref().map(|x| tape.constant(Tensor::zeros(x.shape())))
    } else {
        y.grad(vars.each_ref())
    };
    gradient.each_ref().map(|gradient| rows(gradient, &vars))
}
