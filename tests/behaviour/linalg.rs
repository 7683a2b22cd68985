//! Linear algebra at its nasty points and under misuse.

use crate::misuse::refused;
use gradtape::{
    Float, Tensor, Value,
    ops::{Pinv, Scales, Triangular},
};

fn ones(dims: &[usize]) -> Tensor<f64> {
    Tensor::ones(dims)
}

#[test]
fn products_name_the_op_and_the_shapes_as_they_came() {
    let (v, w, m, t) = (ones(&[3]), ones(&[4]), ones(&[4, 5]), ones(&[2, 4, 5]));
    let cases = [
        (refused(|| v.matmul(&w)), "gradtape: matmul: inner dimensions 3 and 4 differ for [3] and [4]"),
        (refused(|| v.matmul(&m)), "gradtape: matmul: inner dimensions 3 and 4 differ for [3] and [4, 5]"),
        (refused(|| v.matmul(&t)), "gradtape: matmul: inner dimensions 3 and 4 differ for [3] and [2, 4, 5]"),
        (refused(|| m.matmul(&v)), "gradtape: matmul: inner dimensions 5 and 3 differ for [4, 5] and [3]"),
        (refused(|| t.matmul(&v)), "gradtape: matmul: inner dimensions 5 and 3 differ for [2, 4, 5] and [3]"),
        (refused(|| v.matmul(&ones(&[]))), "gradtape: matmul: needs matrices, not [3] and []"),
        (refused(|| v.dot(&w)), "gradtape: dot: needs two vectors of one size, not [3] and [4]"),
        (refused(|| m.dot(&m)), "gradtape: dot: needs two vectors of one size, not [4, 5] and [4, 5]"),
        (refused(|| m.outer(&v)), "gradtape: outer: needs vectors, not [4, 5] and [3]"),
        (
            refused(|| v.bilinear(&w, &t, None)),
            "gradtape: bilinear: needs [.., in1], [.., in2], [out, in1, in2] and [out], \
             not [3], [4], [2, 4, 5] and none",
        ),
        (
            refused(|| v.addmm(&m, &m, Scales::default())),
            "gradtape: addmm: needs [m, n], [m, k] and [k, n], not [3], [4, 5] and [4, 5]",
        ),
        (refused(|| m.tensordot(&m, 1)), "gradtape: tensordot: axis 1 of [4, 5] and axis 0 of [4, 5] differ"),
        (refused(|| m.tensordot(&v, 2)), "gradtape: tensordot: 2 axes are too many for [4, 5] and [3]"),
        (
            refused(|| m.tensordot(&m, [[0, -2], [0, 1]])),
            "gradtape: tensordot: axis 0 of [4, 5] is named twice",
        ),
        (
            refused(|| m.tensordot(&m, [[2], [0]])),
            "gradtape: tensordot: axis 2 is out of range for 2 axes of [4, 5]",
        ),
        (
            refused(|| v.cross(&w, 0)),
            "gradtape: cross: axis 0 of [3] and [4] is not of size 3, or the others do not broadcast",
        ),
        (refused(|| v.cross(&v, 1)), "gradtape: cross: axis 1 is out of range for 1 axes of [3]"),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}

#[test]
fn einsum_shows_the_equation_and_the_shapes() {
    let (a, b, square) = (ones(&[2, 3]), ones(&[4, 5]), ones(&[3, 3]));
    let cases = [
        (refused(|| Value::einsum("ij,jk", &[&a, &b])), "label j has sizes 3 and 4"),
        (refused(|| Value::einsum("ij,jk", &[&a])), "2 terms for 1 operands"),
        (refused(|| Value::einsum("ijk", &[&a])), "3 labels for the 2 axes of [2, 3]"),
        (refused(|| Value::einsum("i", &[&a])), "1 labels for the 2 axes of [2, 3]"),
        (refused(|| Value::einsum("...ijk", &[&a])), "3 labels for the 2 axes of [2, 3]"),
        (refused(|| Value::einsum("ii", &[&a])), "there is no diagonal over label i of [2, 3]"),
        (refused(|| Value::einsum("ij->k", &[&a])), "label k of the result is in no operand"),
        (refused(|| Value::einsum("ij->ii", &[&a])), "label i is twice in the result"),
        (refused(|| Value::einsum("i1", &[&a])), "'1' in \"i1\" is no label"),
        (refused(|| Value::einsum("..ij", &[&a])), "'.' in \"..ij\" is no label"),
        (refused(|| Value::einsum("ij->i->j", &[&a])), "'-' in \"i->j\" is no label"),
    ];
    for (found, want) in cases {
        assert!(found.starts_with("gradtape: einsum: \"") && found.ends_with(want), "{found}");
    }
    assert_eq!(
        refused(|| Value::einsum("ij, jk", &[&a, &b])),
        "gradtape: einsum: \"ij, jk\" does not fit [[2, 3], [4, 5]]: label j has sizes 3 and 4"
    );
    // As in PyTorch and unlike NumPy, what the ellipsis covers may be summed over.
    assert_eq!(Value::einsum("...i->i", &[&a]), Tensor::from([2.0, 2.0, 2.0]));
    assert_eq!(Value::einsum("...->", &[&square]).item(), 9.0);
}

#[test]
fn einsum_multiplies_first_what_is_cheap() {
    // From the left the intermediate result would have 10⁸ elements.
    let (a, b, c) = (ones(&[10_000, 1]), ones(&[1, 10_000]), ones(&[10_000, 1]));
    assert_eq!(Value::einsum("ij,jk,kl->il", &[&a, &b, &c]), Tensor::full([10_000, 1], 1e4));
}

#[test]
fn addmm_with_beta_0_does_not_look_at_what_it_adds_to() {
    let (x, m) = (Tensor::full([2, 2], f64::NAN), ones(&[2, 2]));
    let scales = Scales { beta: 0.0, ..Scales::default() };
    assert_eq!(x.addmm(&m, &m, scales), Tensor::full([2, 2], 2.0));
}

#[test]
fn factorisations_name_the_op_and_the_shapes() {
    let (v, m, square) = (ones(&[3]), ones(&[2, 3]), ones(&[3, 3]));
    let options = Triangular { left: false, ..Triangular::default() };
    let cases = [
        (refused(|| m.inv()), "gradtape: inv: needs square matrices, not [2, 3]"),
        (refused(|| m.det()), "gradtape: det: needs square matrices, not [2, 3]"),
        (refused(|| v.slogdet()), "gradtape: slogdet: needs square matrices, not [3]"),
        (refused(|| v.logdet()), "gradtape: logdet: needs square matrices, not [3]"),
        (refused(|| m.cholesky(true)), "gradtape: cholesky: needs square matrices, not [2, 3]"),
        (refused(|| m.eigh()), "gradtape: eigh: needs square matrices, not [2, 3]"),
        (refused(|| m.eigvalsh()), "gradtape: eigvalsh: needs square matrices, not [2, 3]"),
        (refused(|| m.matrix_exp()), "gradtape: matrix_exp: needs square matrices, not [2, 3]"),
        (refused(|| m.matrix_power(2)), "gradtape: matrix_power: needs square matrices, not [2, 3]"),
        (refused(|| v.qr(false)), "gradtape: qr: needs matrices, not [3]"),
        (refused(|| v.svd(false)), "gradtape: svd: needs matrices, not [3]"),
        (refused(|| v.svdvals()), "gradtape: svdvals: needs matrices, not [3]"),
        (refused(|| v.nuclear_norm()), "gradtape: nuclear_norm: needs matrices, not [3]"),
        (refused(|| v.pinv(Pinv::default())), "gradtape: pinv: needs matrices, not [3]"),
        (refused(|| v.matrix_rank(Pinv::default())), "gradtape: pinv: needs matrices, not [3]"),
        (
            refused(|| m.matrix_rank(Pinv { hermitian: true, ..Pinv::default() })),
            "gradtape: pinv: needs square matrices, not [2, 3]",
        ),
        (
            refused(|| m.matrix_norm(3.0, [0, 1], false)),
            "gradtape: matrix_norm: there is no norm of order 3 for matrices of [2, 3]",
        ),
        (
            refused(|| m.matrix_norm(1.0, [0, -2], false)),
            "gradtape: matrix_norm: axis 0 of [2, 3] is named twice",
        ),
        (
            refused(|| v.matrix_norm(1.0, [0, 1], false)),
            "gradtape: matrix_norm: axis 1 is out of range for 1 axes of [3]",
        ),
        (
            refused(|| m.lstsq(&v, None)),
            "gradtape: lstsq: needs [.., m, n] and [.., m, k] or [.., m], not [2, 3] and [3]",
        ),
        (
            refused(|| square.solve(&m, true)),
            "gradtape: solve: 3 equations of [3, 3] for the 2 rows of [2, 3]",
        ),
        (refused(|| square.solve(&v, false)), "gradtape: solve: needs matrices, not [3]"),
        (
            refused(|| square.triangular_solve(&v, options)),
            "gradtape: triangular_solve: needs matrices, not [3]",
        ),
        (
            refused(|| m.cholesky_solve(&m, false)),
            "gradtape: cholesky_solve: needs square matrices, not [2, 3]",
        ),
        (
            refused(|| m.cholesky_inverse(true)),
            "gradtape: cholesky_inverse: needs square matrices, not [2, 3]",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}

#[test]
fn distances_name_the_op_and_the_shapes() {
    let (v, m, n) = (ones(&[3]), ones(&[2, 3]), ones(&[4, 5]));
    let cases = [
        (
            refused(|| m.cdist(&n, 2.0)),
            "gradtape: cdist: needs [.., n, k] and [.., m, k], not [2, 3] and [4, 5]",
        ),
        (
            refused(|| v.cdist(&m, 2.0)),
            "gradtape: cdist: needs [.., n, k] and [.., m, k], not [3] and [2, 3]",
        ),
        (
            refused(|| m.cdist(&m, -1.0)),
            "gradtape: cdist: there is no norm of order -1 for [2, 3] and [2, 3]",
        ),
        (
            refused(|| m.pairwise_distance(&n, 2.0, 1e-6, false)),
            "gradtape: pairwise_distance: [2, 3] and [4, 5] have no axis or do not broadcast",
        ),
        (
            refused(|| m.cosine_similarity(&n, 1, 1e-8)),
            "gradtape: cosine_similarity: shapes [2, 3] and [4, 5] do not broadcast",
        ),
        (
            refused(|| m.cosine_similarity(&v, 2, 1e-8)),
            "gradtape: cosine_similarity: axis 2 is out of range for 2 axes of [2, 3]",
        ),
        (
            refused(|| v.normalize(2.0, 1, 1e-12)),
            "gradtape: normalize: axis 1 is out of range for 1 axes of [3]",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}

/// Elements without a pattern, in [−½, ½].
fn scattered<F: Float>(m: usize, n: usize) -> Tensor<F> {
    Tensor::from_fn([m, n], |i| {
        F::of((((i * i + 3 * i) * 7919 + i * 104_729) % 10_007) as f64 / 10_007.0 - 0.5)
    })
}

fn identity<F: Float>(n: usize) -> Tensor<F> {
    Tensor::from_fn([n, n], |at| if at % (n + 1) == 0 { F::ONE } else { F::ZERO })
}

#[track_caller]
fn near<F: Float>(found: &Tensor<F>, want: &Tensor<F>, bound: f64) {
    let error = (found - want).abs().max().item().to_f64();
    assert!(error <= bound, "off by {error:e}");
}

/// What the gradient suite sees on small matrices, on larger ones.
fn factorisations_give_back_their_matrix<F: Float>(bound: f64) {
    for (m, n) in [(40, 25), (25, 40), (33, 33)] {
        let (a, k) = (scattered::<F>(m, n), m.min(n));
        let t = |x: &Tensor<F>| x.transpose(0, 1);
        for complete in [false, true] {
            let (q, r) = a.qr(complete);
            near(&q.matmul(&r), &a, bound);
            near(&t(&q).matmul(&q), &identity(q.shape()[1]), bound);
        }
        let (u, s, vt) = a.svd(false);
        near(&(&u * &s).matmul(&vt), &a, bound);
        near(&t(&u).matmul(&u), &identity(k), bound);
        near(&vt.matmul(&t(&vt)), &identity(k), bound);
        assert!(s.slice().is_sorted_by(|a, b| a >= b));
        let (u, _, vt) = a.svd(true);
        near(&t(&u).matmul(&u), &identity(m), bound);
        near(&vt.matmul(&t(&vt)), &identity(n), bound);
        // Of rank 5: the rest of the singular values is 0, and there are vectors to go with them.
        let low = scattered::<F>(m, 5).matmul(&scattered(5, n));
        let (u, s, vt) = low.svd(false);
        near(&(&u * &s).matmul(&vt), &low, bound);
        near(&t(&u).matmul(&u), &identity(k), bound);
        near(&vt.matmul(&t(&vt)), &identity(k), bound);
        assert!(s.slice()[5].to_f64() < bound);
        assert_eq!(low.matrix_rank(Pinv::default()).item(), F::of(5.0));
        let p = low.pinv(Pinv::default());
        near(&low.matmul(&p).matmul(&low), &low, 10.0 * bound);

        let square = t(&a).matmul(&a);
        let (w, v) = square.eigh();
        near(&(&v * &w).matmul(&t(&v)), &square, bound);
        near(&t(&v).matmul(&v), &identity(n), bound);
        let definite = &square + identity(n);
        let l = definite.cholesky(false);
        near(&l.matmul(&t(&l)), &definite, bound);
        let b = scattered(n, 3);
        near(&definite.matmul(&l.cholesky_solve(&b, false)), &b, bound);
        near(&definite.matmul(&definite.solve(&b, true)), &b, bound);
        near(&definite.matmul(&definite.inv()), &identity(n), bound);
        near(&square.matrix_exp().matmul(&(-&square).matrix_exp()).matmul(&b), &b, 1e5 * bound);
        let sum_of_logs = (&w + 1.0).ln().sum();
        near(&definite.logdet(), &sum_of_logs, bound * n as f64);
    }
}

#[test]
fn factorisations_of_larger_matrices_give_them_back() {
    factorisations_give_back_their_matrix::<f64>(2e-13);
    factorisations_give_back_their_matrix::<f32>(1e-4);
}

#[test]
fn eigenvalues_that_are_equal_graded_or_far_from_1_are_found() {
    let n = 21;
    let with = |f: &dyn Fn(usize, usize) -> f64| Tensor::from_fn([n, n], |at| f(at / n, at % n));
    // Wilkinson's matrix, whose greatest eigenvalues are pairs that agree to many digits.
    let beside = |i: usize, j: usize| if i.abs_diff(j) == 1 { 1.0 } else { 0.0 };
    let wilkinson =
        with(&|i, j| if i == j { 10f64.max(i as f64) - 10f64.min(i as f64) } else { beside(i, j) });
    // A reflection has 1 many times and −1 once.
    let reflection = with(&|i, j| f64::from(u8::from(i == j)) - 2.0 / n as f64);
    let graded = with(&|i, j| 10f64.powi(-(i as i32) - j as i32));
    let flat = with(&|_, _| 1.0);
    let t = |x: &Tensor<f64>| x.transpose(0, 1);
    for (name, a) in
        [("Wilkinson", wilkinson), ("reflection", reflection), ("graded", graded), ("flat", flat)]
    {
        for scale in [1.0, 1e-160, 1e160, 1e300] {
            let (w, v) = (&a * scale).eigh();
            let back = (&v * (&w / scale)).matmul(&t(&v));
            let error = (back - &a).abs().max().item() / a.abs().max().item();
            assert!(error < 1e-14 * n as f64, "{name}, {scale:e}: off by {error:e}");
            near(&t(&v).matmul(&v), &identity(n), 1e-14 * n as f64);
            assert!(w.slice().is_sorted(), "{name}, {scale:e}");
        }
    }
}
