use crate::table::Case;
use gradtape::Var;

fn recurrence<'t>(x: &Var<'t, f64>, w: &Var<'t, f64>, u: &Var<'t, f64>) -> Var<'t, f64> {
    let start = x.lift(gradtape::Tensor::zeros([2, 3]));
    x.unbind(1).iter().fold(start, |h, step| (step.matmul(w) + h.matmul(u)).tanh())
}

fn gated<'t>(x: &Var<'t, f64>, h: &Var<'t, f64>, w: &Var<'t, f64>, u: &Var<'t, f64>) -> Var<'t, f64> {
    let (x, hs) = (x.matmul(w).chunk(3, 1), h.matmul(u).chunk(3, 1));
    let (r, z) = ((&x[0] + &hs[0]).sigmoid(), (&x[1] + &hs[1]).sigmoid());
    let n = (&x[2] + r * &hs[2]).tanh();
    (1.0 - &z) * n + z * h
}

/// x less its mean, over its standard deviation, along an axis.
fn normalized<'t>(x: &Var<'t, f64>, axis: isize) -> Var<'t, f64> {
    let (variance, mean) = x.var_mean_axes(axis, 0.0, true);
    (x - mean) * (variance + 1e-5).rsqrt()
}

pub(crate) const CASES: &[Case] = &[
    ("perceptron", |x, i| vec![x[0].linear(&x[1], &x[2]).gelu().linear(&x[3], &x[4]).cross_entropy(&i[0])]),
    ("attention", |x, _| {
        let scores = x[0].matmul(&x[1].transpose(-1, -2)) / 2.0;
        vec![scores.softmax(-1).matmul(&x[2])]
    }),
    ("layer_norm", |x, _| vec![normalized(&x[0], -1) * &x[1] + &x[2]]),
    ("batch_norm", |x, _| vec![normalized(&x[0], 0) * &x[1] + &x[2]]),
    ("recurrence", |x, _| vec![recurrence(&x[0], &x[1], &x[2])]),
    ("gated", |x, _| vec![gated(&x[0], &x[1], &x[2], &x[3])]),
    ("entropy", |x, _| vec![-(x[0].softmax(1) * x[0].log_softmax(1)).sum_axes(1, false)]),
    ("distances", |x, _| {
        let difference = x[0].unsqueeze(1) - x[1].unsqueeze(0);
        vec![difference.square().sum_axes(2, false).sqrt()]
    }),
    ("rational", |x, _| vec![(&x[0] * &x[1] + 1.0) / (x[0].square() + x[1].exp())]),
];
