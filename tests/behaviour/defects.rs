//! Defects that other libraries had, each named after where it was reported. Those that need more than this
//! file has are in `kinks_windows.rs`, `conv.rs`, `faults.rs`, `tests/memory.rs` and `tests/io.rs`.

use crate::tape::{chain, on_a_small_stack};
use gradtape::ops::{Indices, MatMul, PadMode};
use gradtape::random::Rng;
use gradtape::{Shape, Tape, Tensor, Value, Var};
use rayon::ThreadPoolBuilder;

fn swept(x: &Tensor<f64>, f: impl for<'t> Fn(&Var<'t, f64>) -> Var<'t, f64>) -> Vec<f64> {
    let tape = Tape::new();
    let x = tape.var(x.clone());
    f(&x).sum().backward().wrt(&x).slice().to_vec()
}

#[test]
fn pytorch_5534_a_deep_chain_drops_without_recursion() {
    on_a_small_stack(|| {
        let tape = Tape::new();
        let x = tape.var(Tensor::scalar(1.0));
        let y = chain(&x, 1_000_000);
        assert_eq!(tape.len(), 1_000_001);
        drop(y);
    });
    on_a_small_stack(|| {
        let mut tape = Tape::new();
        let _ = chain(&tape.var(Tensor::scalar(1.0)), 1_000_000);
        tape.reset();
        assert!(tape.is_empty());
    });
}

#[test]
fn burn_181_a_broadcast_is_reduced() {
    let shapes: [(&[usize], &[usize]); 5] =
        [(&[2, 3], &[3]), (&[2, 3], &[2, 1]), (&[1, 3], &[2, 1]), (&[], &[2, 3]), (&[4, 1, 2], &[3, 1])];
    for (a, b) in shapes {
        let tape = Tape::new();
        let (a, b) = (tape.var(Tensor::full(a, 2.0)), tape.var(Tensor::full(b, 5.0)));
        let y = &a * &b;
        let size = y.shape().size() as f64;
        let gradients = y.sum().backward();
        for (var, other) in [(&a, 5.0), (&b, 2.0)] {
            let each = other * size / var.shape().size() as f64;
            assert_eq!(gradients.wrt(var), &Tensor::full(var.shape(), each));
        }
    }
}

#[test]
fn burn_5304_matmul_with_a_transposed_left_operand() {
    let (a, b) = (
        Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        Tensor::from([[1.0, -1.0], [0.0, 2.0], [3.0, 1.0]]),
    );
    let op = MatMul { transpose_a: true, transpose_b: false };
    let tape = Tape::new();
    let (left, right) = (tape.var(a.clone()), tape.var(b.clone()));
    let y = Value::apply(op, [(&left).into(), (&right).into()]);
    assert_eq!(y.tensor(), &Tensor::from([[16.0, 10.0], [20.0, 12.0]]));
    let seed = Tensor::from([[1.0, 0.0], [0.0, 10.0]]);
    let gradients = y.backward_with(seed);
    // dA = B · dYᵀ, dB = A · dY
    assert_eq!(gradients.wrt(&left), &Tensor::from([[1.0, -10.0], [0.0, 20.0], [3.0, 10.0]]));
    assert_eq!(gradients.wrt(&right), &Tensor::from([[1.0, 20.0], [3.0, 40.0], [5.0, 60.0]]));
    // A large one, which takes another path, against the same product written out.
    let draw = Rng::new(1);
    let (a, b) = (draw.uniform::<f64>([70, 40], -1.0, 1.0), draw.uniform([70, 50], -1.0, 1.0));
    let found = Value::apply(op, [(&a).into(), (&b).into()]);
    for (i, j) in [(0, 0), (39, 49), (17, 31)] {
        let want: f64 = (0..70).map(|l| a.slice()[l * 40 + i] * b.slice()[l * 50 + j]).sum();
        assert!((found.slice()[i * 50 + j] - want).abs() < 1e-12);
    }
}

#[test]
fn pytorch_171704_trace_of_tall_matrices() {
    let tall = Tensor::from([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    assert_eq!(tall.trace().item(), 5.0);
    assert_eq!(swept(&tall, |x| x.trace()), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(swept(&tall.transpose(0, 1), |x| x.trace()), [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
}

#[test]
fn burn_4063_scatter_with_duplicates() {
    let x = Tensor::from([1.0, 2.0, 4.0]);
    let indices = Indices::from([1, 1, 0]);
    let zeros = Tensor::zeros([3]);
    assert_eq!(zeros.scatter_add(0, &indices, &x).slice(), [4.0, 3.0, 0.0]);
    let squares = swept(&x, |x| x.lift(zeros.clone()).scatter_add(0, &indices, x).powf(2.0));
    assert_eq!(squares, [6.0, 6.0, 8.0]);
    let squares = swept(&x, |x| x.lift(zeros.clone()).scatter(0, &indices, x).powf(2.0));
    assert_eq!(squares, [0.0, 4.0, 8.0]);
}

#[test]
fn jax_1521_gather_through_a_broadcast() {
    let x = Tensor::from([[1.0, 2.0]]);
    let indices = Indices::new(vec![0, 0, 1, 0], [2, 2]);
    let gradient = swept(&x, |x| x.expand([2, 2]).take_along_axis(1, &indices));
    assert_eq!(gradient, [3.0, 1.0]);
    let smaller = Indices::new(vec![1, 0], [2, 1]);
    assert_eq!(swept(&x, |x| x.expand([3, 2]).gather(1, &smaller)), [1.0, 1.0]);
    assert_eq!(swept(&x, |x| x.expand([3, 2]).index_select(0, &[2, 2, 0, 1].into())), [4.0, 4.0]);
}

/// Candle and dfdx gave every tie the whole gradient.
#[test]
fn candle_dfdx_max_shares_among_ties() {
    let gradient = swept(&Tensor::from([[3.0, 3.0], [1.0, 3.0]]), |x| x.max());
    assert_eq!(gradient.iter().sum::<f64>(), 1.0);
    assert_eq!(gradient[2], 0.0);
    assert_eq!(
        swept(&Tensor::from([[3.0, 3.0], [1.0, 3.0]]), |x| x.max_axes(0, false)),
        [1.0, 0.5, 0.0, 0.5]
    );
}

#[test]
fn burn_5609_comparisons_do_not_erase_nan() {
    let x = Tensor::full([70], f64::NAN);
    assert!(x.relu().slice().iter().all(|v| v.is_nan()));
    let zeros = Tensor::zeros([70]);
    assert!(x.maximum(&zeros).slice().iter().chain(zeros.maximum(&x).slice()).all(|v| v.is_nan()));
    let mut one = Tensor::<f32>::zeros([300]);
    one.slice_mut()[211] = f32::NAN;
    assert!(one.max().item().is_nan() && one.reshape([3, 100]).max_axes(1, false).slice()[2].is_nan());
}

#[test]
fn burn_3864_prod_is_not_nan_at_zeros() {
    assert_eq!(swept(&Tensor::from([2.0, 0.0, 3.0]), |x| x.prod()), [0.0, 6.0, 0.0]);
    assert_eq!(swept(&Tensor::from([0.0, 0.0, 3.0]), |x| x.prod()), [0.0; 3]);
    assert_eq!(swept(&Tensor::from([2.0, 0.0, 3.0]), |x| x.cumprod(0)), [1.0, 8.0, 0.0]);
}

#[test]
fn jax_347_a_double_where_is_finite() {
    let gradient = swept(&Tensor::from([-1.0, 0.0, 0.25]), |x| {
        let positive = x.greater(&x.constant(0.0));
        let safe = positive.select(x, &x.constant(1.0));
        positive.select(&safe.ln().powf(0.5), &x.constant(0.0))
    });
    assert_eq!(gradient[..2], [0.0, 0.0]);
}

#[test]
fn ndarray_852_shape_products_do_not_wrap() {
    for dims in [&[usize::MAX, 2][..], &[1 << 32, 1 << 32], &[1 << 31, 1 << 31, 4], &[usize::MAX, 3, 0]] {
        assert!(Shape::try_new(dims).is_err(), "{dims:?}");
    }
    // Through an op, from operands of a modest size.
    let column = Tensor::<f64>::zeros([0, 1 << 40]);
    assert!(
        Value::try_apply(
            MatMul { transpose_a: true, transpose_b: false },
            [(&column).into(), (&column).into()]
        )
        .is_err()
    );
}

#[test]
fn ndarray_1609_zero_sizes_have_sound_strides() {
    let x = Tensor::<f64>::zeros([3, 0, 2]);
    assert_eq!(x.view().shape(), [3, 0, 2]);
    assert_eq!(x.permute([2, 0, 1]).shape().dims(), [2, 3, 0]);
    assert_eq!(x.sum_axes(1, false).slice(), [0.0; 6]);
    assert_eq!(x.reshape([0]).shape().dims(), [0]);
    assert_eq!((&x + &Tensor::ones([3, 1, 2])).shape().dims(), [3, 0, 2]);
    assert_eq!(swept(&x, |x| x.sum_axes(1, true)), [0.0; 0]);
    let stepped = x.slice_ranges(&[(1..3).into(), (0..0).into(), (1..2).into()]);
    assert_eq!(stepped.shape().dims(), [2, 0, 1]);
}

/// With beta = 0, what stood in the output must not matter: stale memory may be NaN.
#[test]
fn rten_81_beta_zero_ignores_nan() {
    for (m, k, n) in [(3, 4, 5), (40, 50, 60), (2, 0, 3), (129, 130, 131)] {
        let (a, b) = (Tensor::<f64>::ones([m, k]), Tensor::ones([k, n]));
        drop([(); 4].map(|()| Tensor::full([m * n], f64::NAN))); // into the pool
        assert_eq!(a.matmul(&b), Tensor::full([m, n], k as f64));
        drop([(); 4].map(|()| Tensor::full([m * n], f64::NAN)));
        assert_eq!(a.linear(&Tensor::ones([n, k]), &Tensor::ones([n])), Tensor::full([m, n], k as f64 + 1.0));
    }
}

#[test]
fn rayon_663_sums_do_not_depend_on_threads() {
    let x = Rng::new(3).uniform::<f32>([300_007], -1.0, 1.0);
    let sum = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| x.sum().item().to_bits())
    };
    assert!([2, 3, 4, 7, 8].iter().all(|&threads| sum(threads) == sum(1)));
}

/// Shortcuts for operands that need no work must still be recorded.
#[test]
fn candle_3568_shortcuts_do_not_sever_the_graph() {
    let x = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    let tape = Tape::new();
    let x = tape.var(x);
    let (w, b) = (tape.constant(Tensor::ones([2, 2])), tape.constant(Tensor::ones([2])));
    let results = [
        ("reshape", x.reshape([2, 2])),
        ("expand", x.expand([2, 2])),
        ("sum_to", x.sum_to([2, 2])),
        ("sum over nothing", x.sum_axes([], false)),
        ("permute", x.permute([0, 1])),
        ("slice", x.slice_ranges(&[(0..2).into(), (0..2).into()])),
        ("squeeze", x.squeeze(0)),
        ("movedim", x.movedim(0, 0)),
        ("roll", x.roll(&[2], &[0])),
        ("rot90", x.rot90(4, [0, 1])),
        ("tile", x.tile(&[])),
        ("pad", x.pad(&[0, 0], PadMode::Reflect)),
        ("gather", x.gather(0, &Indices::new(vec![0, 1, 1, 0], [2, 2]))),
        ("masked_select", x.masked_select(&x.constant(1.0))),
        ("concat", Value::concat(&[&x], 0)),
        ("split", x.split(&[2], 0).remove(0)),
        ("times 1", &x * 1.0),
        ("plus 0", &x + 0.0),
        ("powf 1", x.powf(1.0)),
        ("linear", x.linear(&w, &b)),
        ("matmul", x.reshape([1, 2, 2]).matmul(&w)),
        ("softmax", x.softmax(1)),
        ("log_softmax", x.log_softmax(1)),
        ("cross_entropy", x.cross_entropy(&[0, 1].into())),
    ];
    for (name, y) in results {
        assert!(!y.is_constant(), "{name}");
        let [gradient] = (&y * &y).sum().grad([&x]);
        assert!(gradient.tensor().slice().iter().any(|&g| g != 0.0), "{name}");
    }
}
