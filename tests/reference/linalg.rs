use crate::table::Case;
use gradtape::ops::{Contraction, MatrixOrder, Pinv, Scales, Triangular};
use gradtape::{Tensor, Value, Var};

/// x + c·I.
fn shifted<'t>(x: &Var<'t, f64>, c: f64) -> Var<'t, f64> {
    let n = x.shape()[x.shape().rank() - 1];
    x + x.lift(Tensor::from_fn([n, n], |at| if at % (n + 1) == 0 { c } else { 0.0 }))
}

fn regular<'t>(x: &Var<'t, f64>) -> Var<'t, f64> {
    shifted(x, 8.0)
}

/// Of this the crate takes the symmetric part.
fn definite<'t>(x: &Var<'t, f64>) -> Var<'t, f64> {
    shifted(x, 12.0)
}

fn symmetric<'t>(x: &Var<'t, f64>) -> Var<'t, f64> {
    (x + x.transpose(-1, -2)) * 0.5
}

fn squares<'t>((q, r): (Var<'t, f64>, Var<'t, f64>)) -> Vec<Var<'t, f64>> {
    vec![q.square(), r.square()]
}

/// The outer product of each pair of singular vectors.
fn outer<'t>((u, _, vt): (Var<'t, f64>, Var<'t, f64>, Var<'t, f64>)) -> Var<'t, f64> {
    Value::einsum("ij,jk->jik", &[&u, &vt])
}

fn constant<'t>(x: &Var<'t, f64>) -> Var<'t, f64> {
    x.lift(x.tensor().clone())
}

/// The same of those that belong to a value; of the others the projection, without a gradient as in PyTorch.
fn full<'t>(x: &Var<'t, f64>) -> Vec<Var<'t, f64>> {
    let (u, s, vt) = x.svd(true);
    let parts = |x: &Var<'t, f64>, axis: isize| {
        let (shape, k) = (x.shape(), s.shape()[s.shape().rank() - 1]);
        let size = shape[(shape.rank() as isize + axis) as usize];
        let parts = x.split(&[k, size - k], axis);
        (parts[0].clone(), constant(&parts[1]))
    };
    let ((u, further_u), (vt, further_vt)) = (parts(&u, -1), parts(&vt, -2));
    let pairs = Value::einsum("...ij,...jk->...jik", &[&u, &vt]);
    let (left, right) = (further_u.transpose(-1, -2), further_vt.transpose(-1, -2));
    vec![pairs, s.clone(), further_u.matmul(&left), right.matmul(&further_vt)]
}

pub(crate) const CASES: &[Case] = &[
    ("matmul", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul dot", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul row", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul column", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul row batch", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul column batch", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul batch", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul batch shared", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul batch broadcast", |x, _| vec![x[0].matmul(&x[1])]),
    ("matmul transposed", |x, _| vec![x[0].transpose(-1, -2).matmul(&x[1].transpose(-1, -2))]),
    ("matmul of nothing", |x, _| vec![x[0].matmul(&x[1])]),
    ("linear", |x, _| vec![x[0].linear(&x[1], &x[2])]),
    ("linear batch", |x, _| vec![x[0].linear(&x[1], &x[2])]),
    ("linear vector", |x, _| vec![x[0].linear(&x[1], &x[2])]),
    ("dot", |x, _| vec![x[0].dot(&x[1])]),
    ("outer", |x, _| vec![x[0].outer(&x[1])]),
    ("bilinear", |x, _| vec![x[0].bilinear(&x[1], &x[2], Some(&x[3]))]),
    ("bilinear without bias", |x, _| vec![x[0].bilinear(&x[1], &x[2], None)]),
    ("addmm", |x, _| vec![x[0].addmm(&x[1], &x[2], Scales::default())]),
    ("addmm scaled", |x, _| vec![x[0].addmm(&x[1], &x[2], Scales { beta: 0.5, alpha: -2.0 })]),
    ("einsum implicit", |x, _| vec![Value::einsum("ab,bc", &[&x[0], &x[1]])]),
    ("einsum transposed", |x, _| vec![Value::einsum("ba,cb->ca", &[&x[0], &x[1]])]),
    ("einsum diagonal", |x, _| vec![Value::einsum("aba->ba", &[&x[0]])]),
    ("einsum trace", |x, _| vec![Value::einsum("aa", &[&x[0]])]),
    ("einsum chain", |x, _| vec![Value::einsum("ij,jk,kl,lm->im", &[&x[0], &x[1], &x[2], &x[3]])]),
    ("einsum batch", |x, _| vec![Value::einsum("...ij,jk->...ik", &[&x[0], &x[1]])]),
    ("einsum ellipses", |x, _| vec![Value::einsum("i...,...j->j...i", &[&x[0], &x[1]])]),
    ("einsum summed ellipsis", |x, _| vec![Value::einsum("...i->i", &[&x[0]])]),
    ("einsum shared", |x, _| vec![Value::einsum("ab,b,ca->cb", &[&x[0], &x[1], &x[2]])]),
    ("einsum capitals", |x, _| vec![Value::einsum("aB,BA", &[&x[0], &x[1]])]),
    ("tensordot", |x, _| vec![x[0].tensordot(&x[1], Contraction::default())]),
    ("tensordot outer", |x, _| vec![x[0].tensordot(&x[1], 0)]),
    ("tensordot pairs", |x, _| vec![x[0].tensordot(&x[1], [[2, -2], [0, 1]])]),
    ("kron", |x, _| vec![x[0].kron(&x[1])]),
    ("kron of ranks", |x, _| vec![x[0].kron(&x[1])]),
    ("cross", |x, _| vec![x[0].cross(&x[1], -1)]),
    ("cross along", |x, _| vec![x[0].cross(&x[1], 0)]),
    ("inv", |x, _| vec![regular(&x[0]).inv()]),
    ("solve", |x, _| vec![regular(&x[0]).solve(&x[1], true)]),
    ("solve vector", |x, _| vec![regular(&x[0]).solve(&x[1], true)]),
    ("solve vectors", |x, _| vec![regular(&x[0]).solve(&x[1], true)]),
    ("solve right", |x, _| vec![regular(&x[0]).solve(&x[1], false)]),
    ("triangular_solve", |x, _| vec![regular(&x[0]).triangular_solve(&x[1], Triangular::default())]),
    ("triangular_solve lower transposed", |x, _| {
        let options = Triangular { upper: false, transpose: true, ..Triangular::default() };
        vec![regular(&x[0]).triangular_solve(&x[1], options)]
    }),
    ("triangular_solve unit", |x, _| {
        let options = Triangular { upper: false, unitriangular: true, ..Triangular::default() };
        vec![x[0].triangular_solve(&x[1], options)]
    }),
    ("triangular_solve right", |x, _| {
        vec![regular(&x[0]).triangular_solve(&x[1], Triangular { left: false, ..Triangular::default() })]
    }),
    ("det", |x, _| vec![x[0].det()]),
    ("slogdet", |x, _| vec![x[0].slogdet().1]),
    ("logdet", |x, _| vec![symmetric(&definite(&x[0])).logdet()]),
    ("cholesky", |x, _| vec![definite(&x[0]).cholesky(false)]),
    ("cholesky upper", |x, _| vec![definite(&x[0]).cholesky(true)]),
    ("cholesky_solve", |x, _| vec![regular(&x[0]).tril(0).cholesky_solve(&x[1], false)]),
    ("cholesky_inverse", |x, _| vec![regular(&x[0]).triu(0).cholesky_inverse(true)]),
    ("qr tall", |x, _| squares(x[0].qr(false))),
    ("qr wide", |x, _| squares(x[0].qr(false))),
    ("qr complete", |x, _| squares(x[0].qr(true))),
    ("eigh values", |x, _| vec![x[0].eigh().0]),
    ("eigh", |x, _| {
        let v = x[0].eigh().1;
        vec![Value::einsum("ij,kj->jik", &[&v, &v])]
    }),
    ("eigvalsh", |x, _| vec![x[0].eigvalsh()]),
    ("svd", |x, _| vec![outer(x[0].svd(false))]),
    ("svd wide", |x, _| vec![outer(x[0].svd(false))]),
    ("svd full", |x, _| full(&x[0])),
    ("svd full wide", |x, _| full(&x[0])),
    ("svdvals", |x, _| vec![x[0].svdvals()]),
    ("nuclear_norm", |x, _| vec![x[0].nuclear_norm()]),
    ("matrix_norm", |x, _| vec![x[0].matrix_norm(MatrixOrder::default(), [-2, -1], false)]),
    ("matrix_norm of order 1.0", |x, _| vec![x[0].matrix_norm(1.0, [0, -1], true)]),
    ("matrix_norm of order -1.0", |x, _| vec![x[0].matrix_norm(-1.0, [0, -1], false)]),
    ("matrix_norm of order 2.0", |x, _| vec![x[0].matrix_norm(2.0, [0, -1], true)]),
    ("matrix_norm of order -2.0", |x, _| vec![x[0].matrix_norm(-2.0, [0, -1], false)]),
    ("matrix_norm of order inf", |x, _| vec![x[0].matrix_norm(f64::INFINITY, [0, -1], true)]),
    ("matrix_norm of order -inf", |x, _| vec![x[0].matrix_norm(f64::NEG_INFINITY, [0, -1], false)]),
    ("matrix_norm nuclear", |x, _| vec![x[0].matrix_norm(MatrixOrder::Nuclear, [1, 0], false)]),
    ("matrix_rank", |x, _| {
        let low = x[0].narrow(1, 0, 1) * x[0].narrow(0, 0, 1);
        let (all, cut) = (Pinv::default(), symmetric(&low.narrow(0, 0, 3)));
        vec![
            x[0].matrix_rank(all),
            low.matrix_rank(all),
            x[0].matrix_rank(Pinv { atol: Some(3.0), ..all }),
            x[0].matrix_rank(Pinv { rtol: Some(0.5), ..all }),
            cut.matrix_rank(Pinv { hermitian: true, ..all }),
        ]
    }),
    ("pinv hermitian", |x, _| vec![x[0].pinv(Pinv { hermitian: true, ..Pinv::default() })]),
    ("pinv tall", |x, _| vec![x[0].pinv(Pinv::default())]),
    ("pinv wide", |x, _| vec![x[0].pinv(Pinv::default())]),
    ("lstsq", |x, _| vec![x[0].lstsq(&x[1], None).solution]),
    ("lstsq results", |x, _| {
        let found = x[0].lstsq(&x[1], None);
        let (residuals, values) = (constant(&found.residuals()), constant(&found.singular_values()));
        vec![found.solution.clone(), residuals, found.rank(), values]
    }),
    ("lstsq rcond", |x, _| vec![constant(&x[0].lstsq(&x[1], Some(0.9)).solution)]),
    ("matrix_power", |x, _| vec![x[0].matrix_power(5)]),
    ("matrix_power of inverse", |x, _| vec![regular(&x[0]).matrix_power(-3)]),
    ("matrix_exp", |x, _| vec![x[0].matrix_exp()]),
    ("matrix_exp batch", |x, _| vec![x[0].matrix_exp()]),
    ("cdist", |x, _| vec![x[0].cdist(&x[1], 2.0)]),
    ("cdist of order 1", |x, _| vec![x[0].cdist(&x[1], 1.0)]),
    ("cdist of order 3", |x, _| vec![x[0].cdist(&x[1], 3.0)]),
    ("pairwise_distance", |x, _| vec![x[0].pairwise_distance(&x[1], 2.0, 1e-6, false)]),
    ("pairwise_distance of order 3", |x, _| vec![x[0].pairwise_distance(&x[1], 3.0, 0.0, true)]),
    ("cosine_similarity", |x, _| vec![x[0].cosine_similarity(&x[1], 1, 1e-8)]),
    ("cosine_similarity along", |x, _| vec![x[0].cosine_similarity(&x[1], 0, 1e-8)]),
    ("normalize", |x, _| vec![x[0].normalize(2.0, 1, 1e-12)]),
    ("normalize of order 3", |x, _| vec![x[0].normalize(3.0, -2, 1e-12)]),
    ("normalize of order 1", |x, _| vec![x[0].normalize(1.0, 0, 100.0)]),
];
