//! Whatever is thrown at a method of [`Value`], it gives a value or refuses under its own name, at the
//! caller's line: no index panic and no overflow from within is ever reached.

use crate::misuse::outcome;
use gradtape::ops::{
    AttentionMask, AttentionOptions, AvgPoolOptions, CellWeights, ConvOptions, ConvTransposeOptions,
    CrossEntropyOptions, CtcOptions, EmbeddingOptions, Indexing, Indices, KlReduction, MatMul,
    MaxPoolOptions, PadMode, Padding, Pinv, Range, Reduction, Resize, RotaryOptions, Scales, Slice,
    SliceGrad, TopK, Triangular,
};
use gradtape::random::Rng;
use gradtape::{Axes, Dual, Interp, Shape, Tape, Tensor, Value};

/// What a call may be given besides its operands.
#[derive(Clone, Debug)]
struct Options {
    axis: isize,
    other: isize,
    size: usize,
    indices: Indices,
    shape: Shape,
}

/// Calls every method that can refuse something; the name of the method, and what came of it.
fn call_all<I: Interp>(
    x: &Value<I>,
    y: &Value<I>,
    o: &Options,
    mut check: impl FnMut(&str, Result<Vec<Value<I>>, String>),
) {
    let Options { axis, other, size, indices, shape } = o;
    let (axis, other, size) = (*axis, *other, *size);
    let both = Axes::from([axis, other]);
    let range = Range { start: size, count: size, step: axis };
    macro_rules! methods {
        ($($name:literal => $call:expr;)*) => {$(
            check($name, outcome(|| $call));
        )*};
    }
    methods! {
        "add" => vec![x + y];
        "sub" => vec![x - y.clone()];
        "mul" => vec![x.clone() * y];
        "div" => vec![x.clone() / y.clone()];
        "pow" => vec![x.pow(y)];
        "maximum" => vec![x.maximum(y)];
        "clamp_min" => vec![x.clamp_min(y)];
        "clamp_max" => vec![x.clamp_max(y)];
        "greater" => vec![x.greater(y)];
        "select" => vec![x.select(y, x)];
        "lerp" => vec![x.lerp(y, x)];
        "expand" => vec![x.expand(shape), x.expand([axis, other])];
        "sum_to" => vec![x.sum_to(shape)];
        "reshape" => vec![x.reshape(shape), x.reshape([axis, other])];
        "sum" => vec![x.sum(), x.mean()];
        "max" => vec![x.max()];
        "min" => vec![x.min()];
        "sum_axes" => vec![x.sum_axes(axis, false), x.sum_axes(both.clone(), true)];
        "mean_axes" => vec![x.mean_axes(axis, true), x.mean_axes(both.clone(), false)];
        "max_axes" => vec![x.max_axes(axis, false), x.max_axes(both.clone(), true)];
        "min_axes" => vec![x.min_axes(axis, false), x.min_axes(both.clone(), true)];
        "max_dim" => vec![x.max_dim(axis, false).0];
        "min_dim" => vec![x.min_dim(axis, true).0];
        "argmax" => { let _ = (x.argmax(), x.argmin()); vec![] };
        "argmax_dim" => { let _ = (x.argmax_dim(axis, false), x.argmin_dim(axis, true)); vec![] };
        "prod_axes" => vec![x.prod(), x.prod_axes(axis, false), x.prod_axes(both.clone(), true)];
        "norm_axes" => vec![x.norm_axes(2.0, axis, false), x.norm_axes(f64::INFINITY, both.clone(), true)];
        "norm_axes of any order" => vec![x.norm_axes(3.0, both.clone(), true), x.norm_axes(-1.0, axis, false)];
        "norm" => vec![x.norm(f64::NAN)];
        "any_axes" => vec![x.any_axes(axis, false), x.all_axes(both.clone(), true)];
        "nansum_axes" => vec![x.nansum_axes(axis, false), x.nansum_axes(both.clone(), true)];
        "nanmean_axes" => vec![x.nanmean_axes(axis, false), x.nanmean_axes(both.clone(), true)];
        "median" => vec![x.median()];
        "median_dim" => vec![x.median_dim(axis, false).0];
        "cumsum" => vec![x.cumsum(axis)];
        "cumprod" => vec![x.cumprod(axis)];
        "logcumsumexp" => vec![x.logcumsumexp(axis)];
        "cummax" => vec![x.cummax(axis).0];
        "cummin" => vec![x.cummin(axis).0];
        "linear_scan" => vec![x.linear_scan(y, axis)];
        "diff" => vec![x.diff(size, axis, Some(y), None)];
        "masked_fill" => vec![x.masked_fill(y, f64::NAN)];
        "var_axes" => vec![x.var_axes(axis, 1.0, false), x.var_axes(both.clone(), f64::NAN, true)];
        "std_axes" => vec![x.std_axes(axis, 0.0, false), x.std_axes(both.clone(), -1.0, true)];
        "logsumexp" => vec![x.logsumexp(axis, false), x.logsumexp(both.clone(), true)];
        "softmax" => vec![x.softmax(axis)];
        "log_softmax" => vec![x.log_softmax(axis)];
        "softmin" => vec![x.softmin(axis)];
        "masked_softmax" => vec![x.masked_softmax(axis, y)];
        "glu" => vec![x.glu(axis)];
        "transpose" => vec![x.transpose(axis, other)];
        "movedim" => vec![x.movedim(axis, other)];
        "permute" => vec![x.permute(indices.slice()), x.permute([axis, other])];
        "unsqueeze" => vec![x.unsqueeze(axis)];
        "squeeze" => vec![x.squeeze(axis)];
        "flatten" => vec![x.flatten(axis, other)];
        "narrow" => vec![x.narrow(axis, other, size)];
        "flip" => vec![x.flip(&[axis, other])];
        "slice_ranges" => vec![x.slice_ranges(&vec![range; x.shape().rank()])];
        "slice" => vec![Value::apply(Slice(vec![range; 2].into()), x.into())];
        "slice_grad" => vec![Value::apply(SliceGrad { ranges: vec![range; shape.rank()].into(), shape: shape.clone() }, x.into())];
        "concat" => vec![Value::concat(&[x, y], axis)];
        "stack" => vec![Value::stack(&[x, y], axis)];
        "split" => [x.split(&[size, 1], axis), x.split(size, other)].concat();
        "chunk" => x.chunk(size, axis);
        "unbind" => x.unbind(axis);
        "index_select" => vec![x.index_select(axis, indices)];
        "index_add" => vec![x.index_add(axis, indices, y, f64::NAN)];
        "index_copy" => vec![x.index_copy(axis, indices, y)];
        "index_fill" => vec![x.index_fill(axis, indices, f64::NAN)];
        "gather" => vec![x.gather(axis, indices)];
        "scatter" => vec![x.scatter(axis, indices, y)];
        "scatter_add" => vec![x.scatter_add(axis, indices, y)];
        "scatter_fill" => vec![x.scatter_fill(axis, indices, f64::INFINITY)];
        "addcmul" => vec![x.addcmul(y, x, f64::NAN), x.addcdiv(y, x, 1.0), x.logaddexp2(y)];
        "cumsum" => vec![x.cumsum(axis)];
        "diag" => vec![x.diag(axis)];
        "diag_embed" => vec![x.diag_embed(if size > 9 { axis } else { size as isize }, axis, other)];
        "diagonal" => vec![x.diagonal(other, axis, other), x.diagonal(axis, 0, 1)];
        "index_axis" => vec![x.index_axis(axis, other)];
        "repeat" => vec![x.repeat(&[size, 1])];
        "tile" => vec![x.tile(&[size])];
        "repeat_interleave" => vec![x.repeat_interleave(&[size], Some(axis))];
        "roll" => vec![x.roll(&[axis], &[other])];
        "rot90" => vec![x.rot90(axis, [axis, other])];
        "slice_axis" => vec![x.slice_axis(axis, other.., axis)];
        "trace" => vec![x.trace()];
        "tril" => vec![x.tril(axis), x.triu(other)];
        "unflatten" => vec![x.unflatten(axis, &[other, 2])];
        "unfold" => vec![x.unfold(axis, size, size)];
        "as_strided" => vec![x.as_strided(shape, &vec![axis; shape.rank()], size)];
        "take_along_axis" => vec![x.take_along_axis(axis, indices)];
        "matmul" => vec![x.matmul(y)];
        "matmul, transposed" => vec![Value::apply(MatMul { transpose_a: true, transpose_b: true }, [x.into(), y.into()])];
        "linear" => vec![x.linear(y, x)];
        "dot" => vec![x.dot(y)];
        "outer" => vec![x.outer(y)];
        "bilinear" => vec![x.bilinear(y, x, Some(y))];
        "addmm" => vec![x.addmm(y, x, Scales { beta: f64::NAN, alpha: 0.0 })];
        "tensordot" => vec![x.tensordot(y, size)];
        "tensordot, pairs" => vec![x.tensordot(y, [[axis], [other]])];
        "kron" => vec![x.kron(y)];
        "cross" => vec![x.cross(y, axis)];
        "einsum" => vec![Value::einsum("ii...,...j", &[x, y])];
        "einsum, named" => vec![Value::einsum("ij,kj->ki", &[x, y])];
        "det" => vec![x.det(), x.logdet()];
        "inv" => vec![x.inv()];
        "solve" => vec![x.solve(y, true)];
        "solve, right" => vec![x.solve(y, false)];
        "triangular_solve" => vec![x.triangular_solve(y, Triangular::default())];
        "triangular_solve, right" => vec![x.triangular_solve(y, Triangular { left: false, ..Triangular::default() })];
        "cholesky" => vec![x.cholesky(true)];
        "cholesky_solve" => vec![x.cholesky_solve(y, true)];
        "cholesky_inverse" => vec![x.cholesky_inverse(false)];
        "qr" => { let (q, r) = x.qr(false); vec![q, r] };
        "eigh" => { let (values, vectors) = x.eigh(); vec![values, vectors] };
        "svd" => { let (u, s, vt) = x.svd(false); vec![u, s, vt] };
        "svd full" => { let (u, s, vt) = x.svd(true); vec![u, s, vt] };
        "nuclear_norm" => vec![x.nuclear_norm()];
        "matrix_norm" => vec![x.matrix_norm(1.0, [-2, -1], true)];
        "matrix_norm of order -2" => vec![x.matrix_norm(-2.0, [0, 1], false)];
        "pinv" => vec![x.pinv(Pinv::default())];
        "pinv hermitian" => vec![x.pinv(Pinv { hermitian: true, ..Pinv::default() })];
        "matrix_rank" => vec![x.matrix_rank(Pinv::default())];
        "lstsq" => { let found = x.lstsq(y, None); vec![found.residuals(), found.rank(), found.singular_values(), found.solution] };
        "matrix_exp" => vec![x.matrix_exp()];
        "cdist" => vec![x.cdist(y, 2.0), x.cdist(y, 1.0)];
        "pairwise_distance" => vec![x.pairwise_distance(y, 2.0, 1e-6, true)];
        "cosine_similarity" => vec![x.cosine_similarity(y, axis, 1e-8)];
        "normalize" => vec![x.normalize(2.0, axis, 1e-12)];
        "matrix_power" => vec![x.matrix_power(axis as i32)];
        "cross_entropy" => vec![x.cross_entropy(indices)];
        "mse_loss" => vec![x.mse_loss(y, None, Reduction::Mean)];
        "l1_loss" => vec![x.l1_loss(y, Some(x), Reduction::Sum)];
        "huber_loss" => vec![x.huber_loss(y, 1.0, Some(y), Reduction::None)];
        "nll_loss" => vec![x.nll_loss(indices, &Default::default())];
        "cross_entropy_with" => vec![x.cross_entropy_with(indices, &CrossEntropyOptions { label_smoothing: 0.5, ..Default::default() })];
        "cross_entropy_probabilities" => vec![x.cross_entropy_probabilities(y, &Default::default())];
        "binary_cross_entropy" => vec![x.binary_cross_entropy(y, Some(x), Reduction::Mean)];
        "binary_cross_entropy_with_logits" => vec![x.binary_cross_entropy_with_logits(y, Some(y), Some(x), Reduction::None)];
        "multi_margin_loss" => vec![x.multi_margin_loss(indices, &Default::default())];
        "multilabel_margin_loss" => vec![x.multilabel_margin_loss(&[indices.slice().to_vec()], Reduction::Mean)];
        "multilabel_soft_margin_loss" => vec![x.multilabel_soft_margin_loss(y, Some(x), Reduction::Mean)];
        "cosine_embedding_loss" => vec![x.cosine_embedding_loss(x, y, 0.0, Reduction::Mean)];
        "triplet_margin_loss" => vec![x.triplet_margin_loss(y, x, &Default::default())];
        "kl_div" => vec![x.kl_div(y, true, KlReduction::BatchMean)];
        "gaussian_nll_loss" => vec![x.gaussian_nll_loss(x, y, &Default::default())];
        "hinge_losses" => vec![x.hinge_loss(y, Reduction::Mean), x.hinge_embedding_loss(y, f64::NAN, Reduction::Sum)];
        "soft_margin_loss" => vec![x.soft_margin_loss(y, Reduction::Sum)];
        "margin_ranking_loss" => vec![x.margin_ranking_loss(y, x, 1.0, Reduction::None)];
        "smooth_l1_loss" => vec![x.smooth_l1_loss(y, f64::NAN, Reduction::Mean)];
        "sigmoid_focal_loss" => vec![x.sigmoid_focal_loss(y, Some(f64::NAN), 0.0, Reduction::Mean)];
        "poisson_nll_loss" => vec![x.poisson_nll_loss(y, &Default::default())];
        "sort" => vec![x.sort(axis, true).0];
        "argsort" => { let _ = x.argsort(axis, false); vec![] };
        "topk" => vec![x.topk(size, TopK { axis, ..TopK::default() }).0];
        "searchsorted" => { let _ = x.searchsorted(y, true); vec![] };
        "take" => vec![x.take(indices)];
        "masked_select" => vec![x.masked_select(y)];
        "masked_scatter" => vec![x.masked_scatter(y, x)];
        "meshgrid" => Value::meshgrid(&[x, y], Indexing::Ij);
        "pad" => vec![x.pad(&[axis, 1], PadMode::Constant(f64::NAN)), x.pad(&[axis, other], PadMode::Reflect)];
        "embedding" => vec![x.embedding(indices, EmbeddingOptions { padding_idx: Some(size), scale_grad_by_freq: true })];
        "rotary_embedding" => vec![x.rotary_embedding(RotaryOptions { offset: size, ..RotaryOptions::default() })];
        "attention" => vec![x.scaled_dot_product_attention(y, x, AttentionOptions { is_causal: true, ..Default::default() })];
        "attention, masked" => {
            let options = AttentionOptions { attn_mask: Some(AttentionMask::Keep(y)), scale: Some(f64::NAN), ..Default::default() };
            vec![x.scaled_dot_product_attention(y, y, options)]
        };
        "attention, biased" => {
            let options = AttentionOptions { attn_mask: Some(AttentionMask::Add(y)), dropout: Some((0.5, &Rng::new(1))), ..Default::default() };
            vec![x.scaled_dot_product_attention(x, x, options)]
        };
        "attention, grouped" => vec![x.scaled_dot_product_attention(y, y, AttentionOptions { enable_gqa: true, ..Default::default() })];
        "lstm_cell" => { let (h, c) = x.lstm_cell(x, y, &cell(y)); vec![h, c] };
        "other cells" => vec![x.gru_cell(x, &cell(y)), x.rnn_tanh_cell(y, &cell(x)), x.rnn_relu_cell(x, &cell(y))];
        "ctc_loss" => vec![x.ctc_loss(indices, indices, indices, CtcOptions { blank: size, ..CtcOptions::default() })];
        "conv1d" => vec![x.conv1d(y, Some(x), ConvOptions::default()), x.conv1d(y, None, ConvOptions { stride: size.into(), ..Default::default() })];
        "conv2d" => vec![x.conv2d(y, None, ConvOptions { padding: Padding::from(size), ..Default::default() })];
        "conv3d" => vec![x.conv3d(y, Some(y), ConvOptions { groups: size, dilation: size.into(), ..Default::default() })];
        "conv_transpose2d" => vec![x.conv_transpose2d(y, None, ConvTransposeOptions { stride: size.into(), ..Default::default() })];
        "conv_transpose1d" => vec![x.conv_transpose1d(y, None, ConvTransposeOptions { padding: size.into(), ..Default::default() })];
        "max_pool" => vec![x.max_pool1d(size, Default::default()), x.max_pool2d(2, MaxPoolOptions { padding: size.into(), ..Default::default() })];
        "avg_pool" => vec![x.avg_pool1d(1, AvgPoolOptions { stride: Some(size.into()), ..Default::default() }), x.avg_pool2d(size, Default::default())];
        "lp_pool2d" => vec![x.lp_pool2d(2.0, size, Default::default())];
        "adaptive_pools" => vec![x.adaptive_avg_pool2d(size), x.adaptive_max_pool1d(size).0];
        "global_pools" => vec![x.global_avg_pool(), x.global_max_pool()];
        "max_unpool2d" => vec![x.max_unpool2d(indices, size, Default::default())];
        "interpolate" => vec![x.interpolate(Resize::To(size.into()), Default::default())];
        "im2col" => vec![x.im2col(size, Default::default()), x.col2im(size, 2, Default::default())];
        "pixel_shuffle" => vec![x.pixel_shuffle(size), x.pixel_unshuffle(size)];
        "scalars" => vec![1.0 / (x + f64::NAN), f64::INFINITY - x * -0.0, x / 0.0];
    }
}

/// The weights of a cell, all of them the same.
fn cell<I: Interp>(x: &Value<I>) -> CellWeights<'_, I> {
    CellWeights { weight_ih: x, weight_hh: x, bias_ih: Some(x), bias_hh: None }
}

/// Refusals must name an op; those of [`Shape`] are those of a shape that cannot exist.
#[track_caller]
fn named(method: &str, message: &str, sample: &dyn std::fmt::Debug) {
    assert!(
        message.starts_with("gradtape: ") && message.matches(": ").count() >= 2,
        "{method}: {message:?} for {sample:?}"
    );
}

fn shapes() -> Vec<Shape> {
    let dims: [&[usize]; 10] =
        [&[], &[0], &[1], &[3], &[2, 3], &[3, 2], &[0, 3], &[2, 0, 3], &[1, 2, 1, 3], &[2, 1, 1, 1, 1, 2, 3]];
    dims.map(Shape::from).into()
}

fn options() -> Vec<Options> {
    let axes = [0, 1, -1, -2, 6, isize::MIN, isize::MAX];
    let sizes = [0, 1, 2, usize::MAX];
    let indices: [Indices; 5] =
        [[].into(), [0].into(), [1, 0].into(), [usize::MAX, 0, 1].into(), Indices::new(vec![1, 0], [1, 2])];
    let shapes = shapes();
    // Each axis with each, and the others in turn.
    let pairs = axes.iter().flat_map(|&axis| axes.iter().map(move |&other| (axis, other)));
    let options = |(i, (axis, other)): (usize, (isize, isize))| Options {
        axis,
        other,
        size: sizes[i % sizes.len()],
        indices: indices[i % indices.len()].clone(),
        shape: shapes[i % shapes.len()].clone(),
    };
    pairs.enumerate().map(options).collect()
}

fn filled(shape: &Shape, with: f64) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| if i % 2 == 0 { with } else { i as f64 - 1.0 })
}

#[test]
fn every_method_gives_a_value_or_refuses_by_name_at_the_callers_line() {
    let (shapes, special) = (shapes(), [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.5]);
    let (mut given, mut refused) = (0, 0);
    for (i, o) in options().iter().enumerate().step_by(2) {
        for a in &shapes {
            for b in &shapes {
                let (x, y) = (filled(a, special[i % 4]), filled(b, special[i / 4 % 4]));
                call_all(&x, &y, o, |method, found| match found {
                    Ok(_) => given += 1,
                    Err(message) => {
                        refused += 1;
                        named(method, &message, &(a, b, o));
                    }
                });
            }
        }
    }
    assert!(given > 10_000 && refused > 10_000, "{given} values, {refused} refusals");
}

#[test]
fn what_gives_a_value_has_gradients_of_its_operands_shapes_and_tangents() {
    let shapes = shapes();
    for (i, o) in options().iter().enumerate().step_by(2) {
        for (j, a) in shapes.iter().enumerate() {
            let b = if i % 3 == 0 { a } else { &shapes[(i + j) % shapes.len()] };
            let tape = Tape::new();
            let (x, y) = (tape.var(filled(a, 0.5)), tape.var(filled(b, 0.5)));
            call_all(&x, &y, o, |method, found| {
                for result in found.into_iter().flatten().filter(|result| !result.is_constant()) {
                    let seed = tape.constant(Tensor::ones(result.shape()));
                    let [dx, dy] = outcome(|| result.grad_with(seed, [&x, &y]))
                        .unwrap_or_else(|message| panic!("{method}: {message} for {:?}", (a, b, o)));
                    assert_eq!((dx.shape(), dy.shape()), (a, b), "{method} for {o:?}");
                }
            });
            let dual = |x: Tensor<f64>| Dual::new(x.clone(), Some(x));
            call_all(&dual(filled(a, 0.5)), &dual(filled(b, 0.5)), o, |method, found| match found {
                Ok(results) => {
                    assert!(results.iter().all(|y| y.tangent().is_none_or(|t| t.shape() == y.shape())))
                }
                Err(message) => named(method, &message, &(a, b, o)),
            });
        }
    }
}

#[test]
fn products_of_empty_operands_that_are_too_large_together_are_refused() {
    let (a, b) = (Tensor::<f64>::zeros([0, 1 << 40, 0]), Tensor::zeros([0, 1 << 40]));
    let message = outcome(|| a.matmul(&b)).unwrap_err();
    assert!(
        message.starts_with("gradtape: matmul: ") && message.contains("more elements than memory"),
        "{message}"
    );
}

#[test]
fn a_number_over_a_tiny_number_is_their_quotient() {
    let tiny = Tensor::from([1e-310, f64::MIN_POSITIVE, 3.0]);
    assert_eq!((1e-300 / &tiny).slice(), [1e-300 / 1e-310, 1e-300 / f64::MIN_POSITIVE, 1e-300 / 3.0]);
    let tape = Tape::new();
    let x = tape.var(tiny);
    let slopes = (1e-320 / &x).sum().backward();
    assert_eq!(slopes.wrt(&x).slice()[0], -(1.0 / 1e-310 * 1e-320 / 1e-310));
}

#[test]
fn memory_that_there_is_not_makes_a_panic_and_no_abort() {
    let message = std::panic::catch_unwind(|| Tensor::<f64>::zeros([1 << 59])).unwrap_err();
    let message = message.downcast::<String>().unwrap();
    assert!(message.starts_with("gradtape: tensor: no memory for "), "{message}");
}
