use crate::table::Case;

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
];
