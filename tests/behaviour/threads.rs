//! The same bits at any number of threads, on inputs large enough to be split.

use gradtape::ops::{Indices, MatMul};
use gradtape::random::Rng;
use gradtape::{Axes, Float, Tape, Tensor, Value, Var};
use rayon::ThreadPoolBuilder;

pub(crate) type Named<F> = Vec<(String, Tensor<F>)>;

#[track_caller]
pub(crate) fn same_bits<F: Float>(run: impl Fn() -> Named<F> + Sync) {
    let bits = |threads: usize| -> Vec<(String, Vec<u64>)> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        let named = pool.install(&run);
        let bits = |x: &Tensor<F>| x.slice().iter().map(|v| v.to_f64().to_bits()).collect();
        named.iter().map(|(name, x)| (name.clone(), bits(x))).collect()
    };
    let alone = bits(1);
    for threads in [2, 4, 8] {
        for ((name, a), (_, b)) in alone.iter().zip(bits(threads)) {
            let differs = a.iter().zip(&b).position(|(a, b)| a != b);
            assert!(
                differs.is_none() && a.len() == b.len(),
                "{name}: {threads} threads differ at {differs:?}"
            );
        }
    }
}

/// A value and its gradients, from a seed that differs everywhere.
pub(crate) fn with_gradients<F: Float>(
    name: &str,
    inputs: &[&Tensor<F>],
    f: impl for<'t> Fn(&[Var<'t, F>]) -> Var<'t, F>,
) -> Named<F> {
    let tape = Tape::new();
    let vars: Vec<_> = inputs.iter().map(|x| tape.var((*x).clone())).collect();
    let y = f(&vars);
    let seed = Rng::new(99).uniform(y.shape(), -1.0, 1.0);
    let value = (name.to_owned(), y.tensor().clone());
    let gradients = y.backward_with(seed);
    let gradients =
        vars.iter().enumerate().map(|(i, v)| (format!("{name}, gradient {i}"), gradients.wrt(v).clone()));
    std::iter::once(value).chain(gradients).collect()
}

/// No power of two, so that pieces end raggedly.
const N: usize = (1 << 17) + 12345;

fn elementwise<F: Float>() {
    let draw = Rng::new(1);
    let (x, y) = (draw.uniform::<F>([N], 0.1, 2.0), draw.uniform([N], 0.1, 2.0));
    let (matrix, row, column) = (
        draw.uniform::<F>([517, 389], 0.1, 2.0),
        draw.uniform([389], 0.1, 2.0),
        draw.uniform([517, 1], 0.1, 2.0),
    );
    same_bits(|| {
        [
            with_gradients("exp", &[&x], |v| v[0].exp()),
            with_gradients("tanh", &[&x], |v| v[0].tanh()),
            with_gradients("mul", &[&x, &y], |v| &v[0] * &v[1]),
            with_gradients("div", &[&x, &y], |v| &v[0] / &v[1]),
            with_gradients("pow", &[&x, &y], |v| v[0].pow(&v[1])),
            with_gradients("mul by a row", &[&matrix, &row], |v| &v[0] * &v[1]),
            with_gradients("mul by a column", &[&column, &matrix], |v| &v[0] * &v[1]),
            with_gradients("row by column", &[&row, &column], |v| &v[0] / &v[1]),
            with_gradients("select", &[&matrix, &row], |v| v[0].greater(&v[1]).select(&v[0], &v[1])),
            vec![("in place".into(), (x.clone() * 3.0 + &y).exp())],
        ]
        .concat()
    });
}

#[test]
fn elementwise_ops_do_not_depend_on_threads() {
    elementwise::<f32>();
    elementwise::<f64>();
}

fn reductions<F: Float>() {
    let draw = Rng::new(2);
    let flat = draw.uniform::<F>([N], -1.0, 1.0);
    // Tall, wide, and with a middle axis.
    let tensors = [[40_003, 5, 1], [3, 60_001, 1], [61, 47, 53]].map(|s| draw.uniform::<F>(s, -1.0, 1.0));
    same_bits(|| {
        let mut all = Named::new();
        for x in std::iter::once(&flat).chain(&tensors) {
            let name = |op: &str| format!("{op} of {}", x.shape());
            all.extend(with_gradients(&name("sum"), &[x], |v| v[0].sum()));
            all.extend(with_gradients(&name("mean"), &[x], |v| v[0].mean()));
            all.extend(with_gradients(&name("max"), &[x], |v| v[0].max()));
            all.extend(with_gradients(&name("var"), &[x], |v| v[0].var()));
            all.extend(with_gradients(&name("logsumexp"), &[x], |v| v[0].logsumexp(Axes::All, false)));
            for axis in 0..x.shape().rank() as isize {
                all.extend(with_gradients(&name("sum over an axis"), &[x], |v| v[0].sum_axes(axis, false)));
                all.extend(with_gradients(&name("mean over an axis"), &[x], |v| v[0].mean_axes(axis, true)));
                all.extend(with_gradients(&name("max over an axis"), &[x], |v| v[0].max_axes(axis, false)));
                all.extend(with_gradients(&name("max_dim"), &[x], |v| v[0].max_dim(axis, false).0));
                all.extend(with_gradients(&name("std over an axis"), &[x], |v| {
                    v[0].std_axes(axis, 0.0, false)
                }));
                all.extend(with_gradients(&name("logsumexp over an axis"), &[x], |v| {
                    v[0].logsumexp(axis, false)
                }));
            }
        }
        all
    });
}

#[test]
fn reductions_do_not_depend_on_threads() {
    reductions::<f32>();
    reductions::<f64>();
}

#[test]
fn products_and_scans_along_an_axis_do_not_depend_on_threads() {
    let x = Rng::new(5).uniform::<f64>([61, 47, 53], -1.0, 1.0);
    same_bits(|| {
        [
            with_gradients("prod", &[&x], |v| v[0].prod_axes(1, false)),
            with_gradients("cumprod", &[&x], |v| v[0].cumprod(1)),
            with_gradients("logcumsumexp", &[&x], |v| v[0].logcumsumexp(1)),
            with_gradients("cummax", &[&x], |v| v[0].cummax(1).0),
            with_gradients("median", &[&x], |v| v[0].median_dim(1, false).0),
        ]
        .concat()
    });
}

#[test]
fn moving_elements_does_not_depend_on_threads() {
    let draw = Rng::new(3);
    let x = draw.uniform::<f32>([53, 61, 67], -1.0, 1.0);
    let picked: Vec<usize> = (0..90).map(|i| i * 37 % 61).collect();
    let picked = Indices::from(&picked[..]);
    same_bits(|| {
        [
            with_gradients("permute", &[&x], |v| v[0].permute([2, 0, 1])),
            with_gradients("transpose", &[&x], |v| v[0].transpose(0, 2)),
            with_gradients("expand", &[&x], |v| v[0].reshape([53, 61, 67, 1]).expand([53, 61, 67, 2])),
            with_gradients("index_select", &[&x], |v| v[0].index_select(1, &picked)),
            with_gradients("concat", &[&x, &x], |v| Value::concat(&[&v[0], &v[1]], 1)),
        ]
        .concat()
    });
}

fn products<F: Float>() {
    let draw = Rng::new(4);
    let uniform = |dims: &[usize]| draw.uniform::<F>(dims, -1.0, 1.0);
    // More than 2²² multiplications each, so that they are split.
    let sizes = [(301, 157, 133), (2053, 64, 65), (33, 1009, 257), (1, 2100, 2100)];
    let pairs: Vec<_> = sizes.iter().map(|&(m, k, n)| (uniform(&[m, k]), uniform(&[k, n]))).collect();
    let (a, b, shared) = (uniform(&[9, 70, 81]), uniform(&[9, 81, 75]), uniform(&[81, 75]));
    let (x, w, bias) = (uniform(&[530, 300]), uniform(&[70, 300]), uniform(&[70]));
    same_bits(|| {
        let mut all = Named::new();
        for (a, b) in &pairs {
            all.extend(with_gradients(&format!("{} · {}", a.shape(), b.shape()), &[a, b], |v| {
                v[0].matmul(&v[1])
            }));
        }
        let transposed = MatMul { transpose_a: true, transpose_b: true };
        let (left, right) = (pairs[0].0.transpose(0, 1), pairs[0].1.transpose(0, 1));
        all.extend(with_gradients("Aᵀ · Bᵀ", &[&left, &right], |v| {
            Value::apply(transposed, [(&v[0]).into(), (&v[1]).into()])
        }));
        all.extend(with_gradients("batched", &[&a, &b], |v| v[0].matmul(&v[1])));
        all.extend(with_gradients("batched by one", &[&a, &shared], |v| v[0].matmul(&v[1])));
        all.extend(with_gradients("linear", &[&x, &w, &bias], |v| v[0].linear(&v[1], &v[2])));
        all
    });
}

#[test]
fn products_do_not_depend_on_threads() {
    products::<f32>();
    products::<f64>();
}

#[test]
fn the_softmax_family_does_not_depend_on_threads() {
    let x = Rng::new(5).uniform::<f32>([20_011, 10], -5.0, 5.0);
    let targets: Vec<usize> = (0..20_011).map(|i| i * 7 % 10).collect();
    let targets = Indices::from(&targets[..]);
    same_bits(|| {
        [
            with_gradients("softmax", &[&x], |v| v[0].softmax(1)),
            with_gradients("softmax along columns", &[&x], |v| v[0].softmax(0)),
            with_gradients("log_softmax", &[&x], |v| v[0].log_softmax(-1)),
            with_gradients("cross_entropy", &[&x], |v| v[0].cross_entropy(&targets)),
        ]
        .concat()
    });
}

#[test]
fn random_numbers_do_not_depend_on_threads() {
    same_bits(|| {
        let draw = Rng::new(6);
        vec![
            ("uniform".into(), draw.uniform::<f32>([N], -1.0, 1.0)),
            ("dropout".into(), draw.dropout_mask([N], 0.3)),
            ("the next".into(), draw.uniform([N], 0.0, 1.0)),
        ]
    });
    // And they are numbers, not one number.
    let mask = Rng::new(6).dropout_mask::<f64>([N], 0.3);
    assert!((mask.mean().item() - 1.0).abs() < 0.01);
}
