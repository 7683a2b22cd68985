//! The nasty points of linear algebra: singular matrices, equal eigenvalues, dependent columns.

use crate::kinks::{close, derivatives, same};
use crate::misuse::refused;
use gradtape::gradcheck::gradcheck;
use gradtape::{
    Tape, Tensor, Var,
    ops::{MatrixOrder, Pinv},
};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn square(n: usize, elements: &[f64]) -> Tensor<f64> {
    Tensor::new(elements.to_vec(), [n, n])
}

fn identity(n: usize) -> Tensor<f64> {
    Tensor::from_fn([n, n], |at| if at % (n + 1) == 0 { 1.0 } else { 0.0 })
}

#[track_caller]
fn all_nan(what: &str, found: &[f64]) {
    assert!(!found.is_empty() && found.iter().all(|v| v.is_nan()), "{what}: {found:?}");
}

/// The cofactors of a 3 × 3 matrix by their definition.
fn cofactors(a: &[f64]) -> Vec<f64> {
    let at = |i: usize, j: usize| a[i % 3 * 3 + j % 3];
    let of = |i: usize, j: usize| at(i + 1, j + 1) * at(i + 2, j + 2) - at(i + 1, j + 2) * at(i + 2, j + 1);
    (0..9).map(|k| of(k / 3, k % 3)).collect()
}

#[test]
fn det_of_singular_matrices_has_its_cofactors_as_gradient() {
    for a in [
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 4.0, 5.0, 6.0],  // of rank 2
        [1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 4.0, 8.0, 12.0], // of rank 1
        [0.0; 9],
        [0.0, 0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 0.0, 2.0],
    ] {
        let found = derivatives(&[square(3, &a)], |v| v[0].det());
        same("value", &found.y, &[0.0]);
        close("gradient", &found.first[0], &cofactors(&a));
        // Cofactors are quadratic: their differences are exact.
        let moved = |k: usize, by: f64| {
            let mut a = a;
            a[k] += by;
            cofactors(&a).iter().sum::<f64>()
        };
        let second: Vec<f64> = (0..9).map(|k| (moved(k, 1.0) - moved(k, -1.0)) / 2.0).collect();
        close("second order", &found.second[0], &second);
    }
    // Rounding leaves a pivot of 1e-16, whose reciprocal must not decide the second order.
    let near = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
    let found = derivatives(&[square(3, &near)], |v| v[0].det());
    assert!(found.y[0].abs() < 1e-14);
    close("gradient near a singular matrix", &found.first[0], &cofactors(&near));
    let sum = |k: usize, by: f64| {
        let mut a = near;
        a[k] += by;
        cofactors(&a).iter().sum::<f64>()
    };
    let second: Vec<f64> = (0..9).map(|k| (sum(k, 1.0) - sum(k, -1.0)) / 2.0).collect();
    close("second order near a singular matrix", &found.second[0], &second);
    // The first of these is regular.
    let batch = Tensor::new(vec![2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], [3, 2, 2]);
    let found = derivatives(&[batch], |v| v[0].det());
    same("values", &found.y, &[1.0, 0.0, 0.0]);
    close("gradients", &found.first[0], &[1.0, -1.0, -1.0, 2.0, 1.0, -1.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    close("second order", &found.second[0], &[1.0, -1.0, -1.0, 1.0].repeat(3));
    let found = derivatives(&[Tensor::from([[0.0]])], |v| v[0].det());
    same("1 × 1", &found.first[0], &[1.0]);
    assert_eq!(Tensor::<f64>::zeros([0, 0]).det().item(), 1.0);
    assert_eq!(Tensor::<f64>::zeros([2, 0, 0]).det(), Tensor::from([1.0, 1.0]));
}

#[test]
fn slogdet_of_singular_matrices_has_no_gradient() {
    let singular = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let (sign, log) = singular.slogdet();
    assert_eq!((sign.item(), log.item()), (0.0, -INF));
    let found = derivatives(std::slice::from_ref(&singular), |v| v[0].slogdet().1);
    all_nan("gradient", &found.first[0]);
    let found = derivatives(&[singular], |v| v[0].logdet());
    same("logdet", &found.y, &[-INF]);
    all_nan("gradient of logdet", &found.first[0]);
    let found = derivatives(&[Tensor::from([[0.0, 1.0], [1.0, 0.0]])], |v| v[0].logdet());
    same("logdet below 0", &found.y, &[NAN]);
    all_nan("gradient of logdet below 0", &found.first[0]);
    let large = identity(3) * 1e200;
    assert_eq!(large.det().item(), INF);
    close("large", &[large.slogdet().1.item()], &[3.0 * 1e200f64.ln()]);
    assert_eq!(Tensor::<f64>::zeros([0, 0]).slogdet().0.item(), 1.0);
}

#[test]
fn singular_matrices_are_refused_by_name_and_place() {
    let singular = Tensor::from([[1.0, 2.0], [2.0, 4.0]]);
    let batch = Tensor::stack(&[&identity(2), &singular], 0);
    let batches = Tensor::stack(&[&Tensor::stack(&[&identity(2); 2], 0), &batch], 0);
    let b = Tensor::ones([2, 1]);
    let lower = gradtape::ops::Triangular { upper: false, ..Default::default() };
    let cases = [
        (refused(|| singular.inv()), "gradtape: inv: the matrix of shape [2, 2] is singular: pivot 1 is 0"),
        (refused(|| batch.inv()), "gradtape: inv: matrix [1] of [2, 2, 2] is singular: pivot 1 is 0"),
        (refused(|| batches.inv()), "gradtape: inv: matrix [1, 1] of [2, 2, 2, 2] is singular: pivot 1 is 0"),
        (
            refused(|| singular.matrix_power(-1)),
            "gradtape: matrix_power: the matrix of shape [2, 2] is singular: pivot 1 is 0",
        ),
        (
            refused(|| batch.solve(&b, true)),
            "gradtape: solve: matrix [1] of [2, 2, 2] is singular: pivot 1 is 0",
        ),
        (
            refused(|| Tensor::from([[1.0, 5.0], [5.0, 0.0]]).triangular_solve(&b, lower)),
            "gradtape: triangular_solve: the matrix of shape [2, 2] is singular: element 1 of its diagonal is 0",
        ),
        (
            refused(|| singular.cholesky(false)),
            "gradtape: cholesky: the matrix of shape [2, 2] is not positive definite: pivot 1 is not positive",
        ),
        (
            refused(|| (-batch.clone()).cholesky(true)),
            "gradtape: cholesky: matrix [0] of [2, 2, 2] is not positive definite: pivot 0 is not positive",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}

/// Σ kᵢwᵢ with weights that differ.
fn weighted<'t>(w: &Var<'t, f64>) -> Var<'t, f64> {
    let weights = Tensor::from_fn(w.shape(), |i| (i + 1) as f64);
    w * w.lift(weights)
}

/// A matrix with eigenvalues 1, 1 and 2 that only rounding tells apart.
fn rotated() -> Tensor<f64> {
    let q = Tensor::from([[2.0, -2.0, 1.0], [1.0, 2.0, 2.0], [2.0, 1.0, -2.0]]) / 3.0;
    let d = Tensor::from([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 2.0]]);
    q.matmul(&d).matmul(&q.transpose(0, 1))
}

#[test]
fn eigh_of_equal_values_has_a_gradient_through_the_values_alone() {
    for a in [identity(3) * 2.0, Tensor::zeros([3, 3]), rotated()] {
        let found = derivatives(std::slice::from_ref(&a), |v| v[0].eigvalsh());
        close("through the sum of values", &found.first[0], identity(3).slice());
        let (_, v) = a.eigh();
        let found = derivatives(std::slice::from_ref(&a), |v| weighted(&v[0].eigvalsh()));
        let want = (&v * Tensor::from([1.0, 2.0, 3.0])).matmul(&v.transpose(0, 1));
        close("through the values", &found.first[0], want.slice());
        let found = derivatives(&[a], |v| v[0].eigh().1);
        all_nan("through the vectors", &found.first[0]);
    }
}

#[test]
fn eigenvectors_have_their_greatest_component_positive() {
    let a = Tensor::from([[2.0, 1.0, 0.5], [1.0, -3.0, 0.25], [0.5, 0.25, 1.0]]);
    for a in [a.clone(), -a] {
        let (w, v) = a.eigh();
        close("V·diag(w)·Vᵀ", (&v * &w).matmul(&v.transpose(0, 1)).slice(), a.slice());
        close("VᵀV", v.transpose(0, 1).matmul(&v).slice(), identity(3).slice());
        assert!(w.slice().is_sorted(), "{w:?}");
        for column in v.unbind(1) {
            let greatest = column.abs().max().item();
            assert!(column.slice().contains(&greatest), "{column:?}");
        }
    }
}

#[test]
fn svd_of_equal_values_has_a_gradient_through_the_values_alone() {
    let flat = Tensor::from([[0.0, 3.0, 0.0], [-3.0, 0.0, 0.0]]);
    let rank_1 = Tensor::from([[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]]);
    for a in [flat, rank_1, Tensor::zeros([2, 3]), rotated()] {
        let (u, s, vt) = a.svd(false);
        close("U·diag(s)·Vᵀ", (&u * &s).matmul(&vt).slice(), a.slice());
        let unit = identity(s.shape().size());
        close("UᵀU", u.transpose(0, 1).matmul(&u).slice(), unit.slice());
        close("VᵀV", vt.matmul(&vt.transpose(0, 1)).slice(), unit.slice());
        let found = derivatives(std::slice::from_ref(&a), |v| weighted(&v[0].svdvals()));
        let weights = Tensor::from_fn(s.shape(), |i| (i + 1) as f64);
        close("through the values", &found.first[0], (&u * weights).matmul(&vt).slice());
        let found = derivatives(std::slice::from_ref(&a), |v| v[0].svd(false).0);
        all_nan("through the left vectors", &found.first[0]);
        let found = derivatives(&[a], |v| v[0].svd(false).2);
        all_nan("through the right vectors", &found.first[0]);
    }
}

/// Each element times another number.
fn uneven<'t>(x: &Var<'t, f64>) -> Var<'t, f64> {
    x * x.lift(Tensor::from_fn(x.shape(), |i| ((i * i * 7 + 3 * i) % 11) as f64 - 5.0))
}

#[test]
fn further_vectors_of_svd_have_a_gradient_where_their_basis_does_not_matter() {
    let tall = Tensor::from([[1.0, 0.5], [-0.25, 2.0], [0.5, 0.5], [1.5, -1.0], [0.25, 0.75]]);
    // What U₁ leaves is projected on by U₂·U₂ᵀ = I − U₁·U₁ᵀ.
    let found = derivatives(std::slice::from_ref(&tall), |v| {
        let (u, _, _) = v[0].svd(true);
        assert_eq!(u.shape().dims(), [5, 5]);
        let further = u.narrow(1, 2, 3);
        uneven(&further.matmul(&further.transpose(0, 1)))
    });
    let want = derivatives(std::slice::from_ref(&tall), |v| {
        let (u, _, _) = v[0].svd(false);
        uneven(&(v[0].lift(identity(5)) - u.matmul(&u.transpose(0, 1))))
    });
    close("value", &found.y, &want.y);
    close("gradient", &found.first[0], &want.first[0]);
    close("second order", &found.second[0], &want.second[0]);
    let wide = tall.transpose(0, 1);
    let found = derivatives(std::slice::from_ref(&wide), |v| {
        let further = v[0].svd(true).2.narrow(0, 2, 3);
        uneven(&further.transpose(0, 1).matmul(&further))
    });
    let turned = Tensor::new(want.first[0].clone(), [5, 2]).transpose(0, 1);
    close("gradient through Vᵀ", &found.first[0], turned.slice());

    // The values do not look at them; any single one of them is as good as another.
    let found = derivatives(std::slice::from_ref(&tall), |v| v[0].svd(true).1);
    let want = derivatives(std::slice::from_ref(&tall), |v| v[0].svdvals());
    close("through the values", &found.first[0], &want.first[0]);
    let found = derivatives(std::slice::from_ref(&tall), |v| v[0].svd(true).0.narrow(1, 2, 1) * 1.0);
    all_nan("through one vector of three", &found.first[0]);
    let one = Tensor::from([[1.0, 0.5], [-0.25, 2.0], [0.5, 0.5]]);
    gradcheck(|v| uneven(&v[0].svd(true).0).sum(), &[one]).unwrap();
    // None belongs to a value.
    let (u, s, vt) = Tensor::<f64>::zeros([2, 3, 0]).svd(true);
    assert_eq!((s.shape().dims(), vt.shape().dims()), (&[2, 0][..], &[2, 0, 0][..]));
    assert_eq!(u, identity(3).expand([2, 3, 3]));
    all_nan("U", Tensor::full([3, 2], NAN).svd(true).0.slice());
}

#[test]
fn matrix_norms_share_ties_and_stand_still_at_zero() {
    let of = |x: &Tensor<f64>, order: MatrixOrder| {
        derivatives(std::slice::from_ref(x), |v| v[0].matrix_norm(order, [-2, -1], false))
    };
    let zero = Tensor::zeros([2, 3]);
    for p in [1.0, -1.0, 2.0, -2.0, INF, -INF] {
        let found = of(&zero, p.into());
        same("value at 0", &found.y, &[0.0]);
        same("gradient at 0", &found.first[0], &[0.0; 6]);
    }
    let found = of(&zero, MatrixOrder::Frobenius);
    same("gradient at 0", &found.first[0], &[0.0; 6]);
    let even = Tensor::from([[1.0, -1.0], [-1.0, 1.0]]);
    for (p, y) in [(1.0, 2.0), (-1.0, 2.0), (INF, 2.0), (-INF, 2.0)] {
        let found = of(&even, p.into());
        same("value of ties", &found.y, &[y]);
        same("gradient of ties", &found.first[0], &[0.5, -0.5, -0.5, 0.5]);
    }
    let found = of(&identity(2), 2.0.into());
    close("equal singular values", &found.first[0], &[0.5, 0.0, 0.0, 0.5]);
    // What rounding may have left has no gradient, but is not hidden either.
    let found = of(&Tensor::from([[1.0, 0.0], [0.0, 1e-20]]), (-2.0).into());
    same("a small singular value", &found.y, &[1e-20]);
    same("its gradient", &found.first[0], &[0.0; 4]);
}

#[test]
fn matrix_rank_counts_what_pinv_inverts() {
    let a = Tensor::from([[4.0, 0.0], [0.0, -1.0], [0.0, 0.0]]);
    let cut = |atol, rtol| Pinv { atol, rtol, ..Pinv::default() };
    for (options, rank) in [
        (cut(None, None), 2.0),
        (cut(Some(1.0), None), 1.0),
        (cut(None, Some(0.2)), 2.0),
        (cut(Some(5.0), Some(0.2)), 0.0),
    ] {
        assert_eq!(a.matrix_rank(options).item(), rank, "{options:?}");
    }
    let stack = Tensor::stack(&[&identity(3), &Tensor::ones([3, 3]), &Tensor::zeros([3, 3])], 0);
    assert_eq!(stack.matrix_rank(Pinv::default()), Tensor::from([3.0, 1.0, 0.0]));
    let symmetric = Pinv { hermitian: true, ..Pinv::default() };
    assert_eq!(Tensor::from([[0.0, 2.0], [0.0, 0.0]]).matrix_rank(symmetric).item(), 2.0);
    assert_eq!(Tensor::<f64>::zeros([0, 3]).matrix_rank(Pinv::default()).item(), 0.0);
    let tape = Tape::new();
    let x = tape.var(a);
    assert!(x.matrix_rank(Pinv::default()).is_constant());
}

#[test]
fn nuclear_norm_has_its_subgradient_of_least_norm() {
    let found = derivatives(&[Tensor::zeros([2, 3])], |v| v[0].nuclear_norm());
    same("value at 0", &found.y, &[0.0]);
    same("gradient at 0", &found.first[0], &[0.0; 6]);
    let found = derivatives(&[Tensor::from([[3.0, 0.0], [0.0, 0.0]])], |v| v[0].nuclear_norm());
    same("of rank 1", &found.first[0], &[1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn pinv_has_a_gradient_where_the_rank_stays() {
    // A = B·C is of rank 2 whatever B and C are.
    let b = Tensor::from([[1.0, 0.5], [-0.25, 2.0], [0.5, 0.5], [1.5, -1.0]]);
    let c = Tensor::from([[1.0, 0.0, 0.5], [-0.5, 2.0, 0.25]]);
    gradcheck(|v| v[0].matmul(&v[1]).pinv(Pinv::default()).square().sum(), &[b, c]).unwrap();
    let zero = Tensor::<f64>::zeros([2, 3]);
    assert_eq!(zero.pinv(Pinv::default()), Tensor::zeros([3, 2]));
    // What is left out is not 0: the rule does not hold.
    let a = Tensor::from([[4.0, 0.0], [0.0, 1.0]]);
    let cut = Pinv { rtol: Some(0.5), ..Pinv::default() };
    assert_eq!(a.pinv(cut), Tensor::from([[0.25, 0.0], [0.0, 0.0]]));
    let message = std::panic::catch_unwind(|| derivatives(std::slice::from_ref(&a), |v| v[0].pinv(cut)).y);
    let message = *message.unwrap_err().downcast::<String>().unwrap();
    assert_eq!(message, "gradtape: pinv: no derivative of [2, 2] where a singular value of 1e0 is left out");
}

#[test]
fn qr_of_dependent_columns_has_no_gradient() {
    let a = Tensor::from([[1.0, 2.0], [2.0, 4.0], [2.0, 4.0]]);
    let (q, r) = a.qr(false);
    close("Q·R", q.matmul(&r).slice(), a.slice());
    close("QᵀQ", q.transpose(0, 1).matmul(&q).slice(), identity(2).slice());
    // Of the first, only rounding is left on the diagonal of R.
    for a in [a, Tensor::zeros([3, 2])] {
        let found = derivatives(&[a], |v| v[0].qr(false).1);
        all_nan("gradient", &found.first[0]);
    }
}

#[test]
fn a_complete_q_of_a_tall_matrix_has_no_gradient() {
    let a = Tensor::from([[1.0, 2.0], [0.0, 4.0], [2.0, 1.0]]);
    let (q, r) = a.qr(true);
    assert_eq!((q.shape().dims(), r.shape().dims()), (&[3, 3][..], &[3, 2][..]));
    close("Q·R", q.matmul(&r).slice(), a.slice());
    close("QᵀQ", q.transpose(0, 1).matmul(&q).slice(), identity(3).slice());
    let message = std::panic::catch_unwind(|| {
        let tape = Tape::new();
        let x = tape.var(a.clone());
        let _ = x.qr(true).1.sum().backward();
    });
    assert_eq!(
        *message.unwrap_err().downcast::<String>().unwrap(),
        "gradtape: qr: a complete Q of [3, 2] has no derivative, for its last columns are not unique"
    );
}

#[test]
fn nan_passes_through_factorisations() {
    for bad in [NAN, INF] {
        let mut a = identity(3);
        a.slice_mut()[0] = bad;
        assert!(a.inv().slice().iter().any(|v| v.is_nan()) || bad == INF);
        assert!(a.det().item().is_nan() || bad == INF);
        all_nan("eigvalsh", a.eigvalsh().slice());
        all_nan("svdvals", a.svdvals().slice());
        all_nan("matrix_exp", a.matrix_exp().slice());
    }
    let nan = Tensor::full([2, 2], NAN);
    let orders = [1.0, -1.0, 2.0, -2.0, INF, -INF].map(MatrixOrder::P);
    for order in orders.into_iter().chain([MatrixOrder::Frobenius, MatrixOrder::Nuclear]) {
        all_nan("matrix_norm", nan.matrix_norm(order, [0, 1], false).slice());
    }
    all_nan("inv", nan.inv().slice());
    all_nan("det", nan.det().slice());
    all_nan("solve", nan.solve(&Tensor::ones([2]), true).slice());
    all_nan("cholesky", &nan.cholesky(false).slice()[2..]);
    all_nan("q", nan.qr(false).0.slice());
    all_nan("pinv", nan.pinv(Pinv::default()).slice());
}

#[test]
fn lstsq_of_too_few_equations_has_the_least_norm() {
    let (a, b) = (Tensor::from([[1.0, 1.0]]), Tensor::from([2.0]));
    close("x", a.lstsq(&b, None).solution.slice(), &[1.0, 1.0]);
    let (a, b) = (Tensor::from([[1.0, 0.0], [1.0, 0.0]]), Tensor::from([1.0, 3.0]));
    close("x", a.lstsq(&b, None).solution.slice(), &[2.0, 0.0]);
}

#[test]
fn matrix_power_0_is_the_identity_also_of_a_singular_matrix() {
    let found = derivatives(&[Tensor::zeros([2, 2])], |v| v[0].matrix_power(0) + &v[0] * 0.0);
    same("value", &found.y, &[1.0, 0.0, 0.0, 1.0]);
    same("gradient", &found.first[0], &[0.0; 4]);
    let found = derivatives(&[Tensor::from([[0.0, 1.0], [0.0, 0.0]])], |v| v[0].matrix_power(2));
    same("value", &found.y, &[0.0; 4]);
    close("gradient", &found.first[0], &[1.0, 0.0, 2.0, 1.0]);
}

#[test]
fn matrix_exp_of_large_and_of_zero_matrices() {
    let found = derivatives(&[Tensor::zeros([2, 2])], |v| v[0].matrix_exp());
    same("value at 0", &found.y, &[1.0, 0.0, 0.0, 1.0]);
    close("gradient at 0", &found.first[0], &[1.0; 4]);
    let turn = Tensor::from([[0.0, -100.0], [100.0, 0.0]]);
    let (sin, cos) = 100f64.sin_cos();
    let found = turn.matrix_exp();
    assert!((found - Tensor::from([[cos, -sin], [sin, cos]])).abs().max().item() < 1e-12);
}

#[test]
fn normalize_and_cosine_similarity_of_zeros_divide_by_eps() {
    let zeros = Tensor::<f64>::zeros([2]);
    let found = derivatives(std::slice::from_ref(&zeros), |v| weighted(&v[0].normalize(2.0, 0, 0.5)));
    same("value", &found.y, &[0.0, 0.0]);
    same("gradient", &found.first[0], &[2.0, 4.0]);
    let other = Tensor::from([3.0, 4.0]);
    let found = derivatives(&[zeros, other], |v| v[0].cosine_similarity(&v[1], 0, 0.5));
    same("value", &found.y, &[0.0]);
    close("gradient of the zeros", &found.first[0], &[1.2, 1.6]);
    same("gradient of the other", &found.first[1], &[0.0, 0.0]);
}

#[test]
fn cdist_of_equal_rows_has_gradient_0() {
    for p in [1.0, 2.0, 3.0, INF] {
        let (a, b) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[1.0, 2.0]]));
        let found = derivatives(&[a, b], |v| v[0].cdist(&v[1], p));
        same("value", &found.y, &[0.0]);
        same("gradient", &found.first[0], &[0.0, 0.0]);
        same("gradient", &found.first[1], &[0.0, 0.0]);
    }
    let (a, b) = (Tensor::from([[3e200, 0.0]]), Tensor::from([[0.0, 4e200]]));
    let found = derivatives(&[a.clone(), b], |v| v[0].cdist(&v[1], 2.0));
    close("value", &[found.y[0] / 1e200], &[5.0]);
    close("gradient", &found.first[0], &[0.6, -0.8]);
    let found = derivatives(&[a], |v| v[0].normalize(2.0, 1, 1e-12));
    same("a large vector", &found.y, &[1.0, 0.0]);
}
