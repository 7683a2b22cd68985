//! A gradient for each sample of a batch.

use super::number;
use crate::{Float, Tape, Tensor, Var};

/// For each of `samples` numbers `f(params, i)`, its gradient: with respect to each parameter, one
/// tensor `[samples, ..]` whose row i is ∇fᵢ. Their mean is the gradient of the mean.
///
/// Each sample is run and swept by itself, on one tape whose memory is used again. The n rows of a
/// batched loss would have to be swept one by one through the work of the whole batch, n times as
/// much.
///
/// ```
/// use gradtape::{Tensor, transform::per_sample_grad};
/// let (x, w) = (Tensor::from([[1.0, 2.0], [3.0, 4.0]]), Tensor::from([1.0, -1.0]));
/// // fᵢ = (w·xᵢ)², ∇fᵢ = 2(w·xᵢ)xᵢ
/// let [g] = per_sample_grad(
///     |[w], i| (w * w.lift(x.narrow(0, i as isize, 1))).sum().square(),
///     [&w],
///     2,
/// );
/// assert_eq!(g, Tensor::from([[-2.0, -4.0], [-6.0, -8.0]]));
/// ```
///
/// # Panics
/// When f gives more or less than one number.
#[track_caller]
pub fn per_sample_grad<F: Float, const N: usize>(
    f: impl for<'t> Fn(&[Var<'t, F>; N], usize) -> Var<'t, F>,
    params: [&Tensor<F>; N],
    samples: usize,
) -> [Tensor<F>; N] {
    let mut rows = params.map(|p| Tensor::zeros(&[&[samples], p.shape().dims()].concat()[..]));
    let mut tape = Tape::new();
    for i in 0..samples {
        {
            let vars = params.map(|p| tape.var(p.clone()));
            let y = f(&vars, i);
            number("per_sample_grad", &y);
            let found = super::reverse::gradients(&y, &vars);
            for (rows, found) in rows.iter_mut().zip(found) {
                let n = found.shape().size();
                rows.slice_mut()[i * n..][..n].copy_from_slice(found.slice());
            }
        }
        tape.reset();
    }
    rows
}
