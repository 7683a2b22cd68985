//! The nasty points of sequences: tables, cells, attention, alignments.

use crate::kinks::{close, derivatives, same};
use crate::misuse::outcome;
use gradtape::ops::{
    AttentionMask, AttentionOptions, CellWeights, CtcOptions, EmbeddingOptions, Indices, Reduction,
    RotaryOptions,
};
use gradtape::random::Rng;
use gradtape::{Dual, Interp, Tape, Tensor, Value, Var};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

#[test]
fn a_row_named_twice_adds_up() {
    let table = Tensor::from([[1.0], [2.0], [3.0]]);
    let words = Indices::new(vec![2, 0, 2], [3, 1]);
    let found = derivatives(&[table], |v| v[0].embedding(&words, EmbeddingOptions::default()).square());
    same("value", &found.y, &[9.0, 1.0, 9.0]);
    same("gradient", &found.first[0], &[2.0, 0.0, 12.0]);
    same("second order", &found.second[0], &[2.0, 0.0, 4.0]);
}

#[test]
fn padding_gets_no_gradient_and_keeps_its_value() {
    let table = Tensor::from([[1.0], [NAN]]);
    let options = EmbeddingOptions { padding_idx: Some(1), ..Default::default() };
    let found =
        derivatives(std::slice::from_ref(&table), |v| v[0].embedding(&[1, 0, 1].into(), options).square());
    same("value", &found.y, &[NAN, 1.0, NAN]);
    same("gradient", &found.first[0], &[2.0, 0.0]);
    let pushed = Dual::new(table, Some(Tensor::ones([2, 1]))).embedding(&[1, 0].into(), options);
    assert_eq!(pushed.tangent().unwrap(), &Tensor::from([[0.0], [1.0]]));
}

#[test]
fn frequent_rows_have_a_smaller_gradient_under_scale_grad_by_freq() {
    let table = Tensor::from([[1.0], [2.0]]);
    let options = EmbeddingOptions { scale_grad_by_freq: true, ..Default::default() };
    let found = derivatives(&[table], |v| v[0].embedding(&[0, 1, 0, 0].into(), options).square());
    same("value", &found.y, &[1.0, 4.0, 1.0, 1.0]);
    close("gradient", &found.first[0], &[2.0, 4.0]);
}

#[test]
fn nothing_is_embedded_from_nothing() {
    let none = Tensor::<f64>::zeros([0, 3]);
    let y = none.embedding(&Indices::new(vec![], [2, 0]), EmbeddingOptions::default());
    assert_eq!(y.shape().dims(), [2, 0, 3]);
}

/// As LSTM and GRU far out: gates of ±1e4.
#[test]
fn gates_far_out_reach_their_limits() {
    let (far, zero) = (Tensor::from([[1e4], [-1e4], [1e4], [1e4]]), Tensor::zeros([4, 1]));
    let found = derivatives(&[Tensor::from([1.0]), Tensor::from([0.5])], |v| {
        let (far, zero) = (v[0].lift(far.clone()), v[0].lift(zero.clone()));
        let weights = CellWeights { weight_ih: &far, weight_hh: &zero, bias_ih: None, bias_hh: None };
        // The old memory is forgotten, 1 is written.
        let (h, c) = v[0].lstm_cell(&v[1], &v[1], &weights);
        h + c
    });
    close("value", &found.y, &[1f64.tanh() + 1.0]);
    same("to the input", &found.first[0], &[0.0]);
    same("to the state", &found.first[1], &[0.0]);
    let found = derivatives(&[Tensor::from([1.0]), Tensor::from([0.5])], |v| {
        let (far, zero) = (v[0].lift(Tensor::from([[0.0], [1e4], [1.0]])), v[0].lift(Tensor::zeros([3, 1])));
        v[0].gru_cell(&v[1], &CellWeights { weight_ih: &far, weight_hh: &zero, bias_ih: None, bias_hh: None })
    });
    same("the state is kept", &found.y, &[0.5]);
    same("to the state", &found.first[1], &[1.0]);
}

#[test]
fn sequences_that_do_not_fit_are_refused_by_name() {
    let refused = |what: &str, call: &dyn Fn() -> Tensor<f64>| {
        let said = outcome(call).expect_err(what);
        assert!(said.contains(what), "{said}");
    };
    let x = Tensor::<f64>::ones([2, 3]);
    let padded = EmbeddingOptions { padding_idx: Some(2), ..Default::default() };
    refused("embedding: padding_idx 2 is out of range", &|| x.embedding(&[0].into(), padded));
    refused("embedding: index 2 is out of range for axis 0 of [2, 3]", &|| {
        x.embedding(&[2].into(), EmbeddingOptions::default())
    });
    refused("embedding: needs a table [count, width], not [3]", &|| {
        Tensor::<f64>::ones([3]).embedding(&[0].into(), EmbeddingOptions::default())
    });
    refused("rotary_embedding: the last axis of [2, 3] is odd", &|| {
        x.rotary_embedding(RotaryOptions::default())
    });
    let base = RotaryOptions { base: 0.0, ..Default::default() };
    refused("rotary_embedding: needs [.., time, d] and a base above 0", &|| x.rotary_embedding(base));
    let weights = CellWeights { weight_ih: &x, weight_hh: &x, bias_ih: None, bias_hh: Some(&x) };
    refused("gru_cell: needs [.., in]", &|| x.gru_cell(&x, &weights));
    refused("lstm_cell: needs [.., in]", &|| x.lstm_cell(&x, &x, &weights).0);
    refused("rnn_tanh_cell: needs [.., in]", &|| x.rnn_tanh_cell(&x, &weights));
    refused("rnn_relu_cell: needs [.., in]", &|| x.rnn_relu_cell(&x, &weights));
}

/// Attention of a head by softmax of all scores; for comparison.
fn dense<I: Interp>(x: &[Value<I>], scale: f64, causal: bool, bias: Option<&Value<I>>) -> Value<I> {
    let mut scores = x[0].matmul(&x[1].transpose(-1, -2)) * scale;
    if let Some(bias) = bias {
        scores = scores + bias;
    }
    if causal {
        let later = scores.lift(Tensor::ones(scores.shape())).triu(1);
        scores = scores.masked_fill(&later, f64::NEG_INFINITY);
    }
    scores.softmax(-1).matmul(&x[2])
}

#[test]
fn tiles_of_attention_meet_without_a_seam() {
    let draw = Rng::new(3);
    let of = |rows, width| draw.normal::<f64>([2, rows, width], 0.0, 1.0);
    for (queries, keys) in [(1, 1), (63, 65), (64, 64), (65, 129), (130, 70)] {
        let x = [of(queries, 5), of(keys, 5), of(keys, 3), of(queries, keys)];
        for (causal, biased) in [(false, false), (true, false), (false, true)] {
            let swept = |tiled: bool| {
                let found = first_order(&x, |v| {
                    let bias = biased.then(|| &v[3]);
                    let attn_mask = bias.map(AttentionMask::Add);
                    let scale = Some(0.7);
                    let options =
                        AttentionOptions { attn_mask, scale, is_causal: causal, ..Default::default() };
                    if tiled {
                        v[0].scaled_dot_product_attention(&v[1], &v[2], options).square()
                    } else {
                        dense(v, 0.7, causal, bias).square()
                    }
                });
                found.concat()
            };
            close(&format!("{queries} by {keys}, {causal} {biased}"), &swept(true), &swept(false));
        }
    }
}

/// The value and the gradients of its sum.
fn first_order(x: &[Tensor<f64>], f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>) -> Vec<Vec<f64>> {
    let tape = Tape::new();
    let vars: Vec<_> = x.iter().map(|x| tape.var(x.clone())).collect();
    let y = f(&vars);
    let value = y.tensor().clone().into_vec();
    let gradients = y.sum().backward();
    let of = |v| gradients.get(v).cloned().unwrap_or_else(|| Tensor::zeros([0])).into_vec();
    std::iter::once(value).chain(vars.iter().map(of)).collect()
}

#[test]
fn attention_of_a_fully_masked_row_is_zero() {
    let x = [Tensor::from([[1.0], [2.0]]), Tensor::from([[3.0], [0.5]]), Tensor::from([[5.0], [7.0]])];
    let keep = Tensor::from([[0.0, 0.0], [0.0, 1.0]]);
    for boolean in [true, false] {
        let found = derivatives(&x, |v| {
            let keep = v[0].lift(keep.clone());
            let bias = keep.select(&keep.constant(0.0), &keep.constant(-INF));
            let mask = if boolean { AttentionMask::Keep(&keep) } else { AttentionMask::Add(&bias) };
            let options = AttentionOptions { attn_mask: Some(mask), ..Default::default() };
            v[0].scaled_dot_product_attention(&v[1], &v[2], options).square()
        });
        same("value", &found.y, &[0.0, 49.0]);
        same("to the query", &found.first[0], &[0.0, 0.0]);
        same("to the key", &found.first[1], &[0.0, 0.0]);
        same("to the value", &found.first[2], &[0.0, 14.0]);
        same("second order", &found.second[0], &[0.0, 0.0]);
        same("second order", &found.second[2], &[0.0, 2.0]);
    }
}

#[test]
fn attention_without_keys_is_zero() {
    let (q, none) = (Tensor::<f64>::ones([2, 3, 4]), Tensor::zeros([2, 0, 4]));
    let y = q.scaled_dot_product_attention(&none, &none, AttentionOptions::default());
    assert_eq!(y, Tensor::zeros([2, 3, 4]));
}

#[test]
fn attention_never_erases_nan_and_does_not_overflow() {
    let far = Tensor::from([[1e200], [-1e200]]);
    let (k, v) = (Tensor::from([[1.0], [0.0]]), Tensor::from([[1.0], [2.0]]));
    assert_eq!(far.scaled_dot_product_attention(&k, &v, AttentionOptions::default()), v);
    let q = Tensor::from([[NAN], [0.0]]);
    let y = q.scaled_dot_product_attention(&k, &v, AttentionOptions::default());
    same("value", y.slice(), &[NAN, 1.5]);
}

#[test]
fn attention_counts_keys_that_are_far_down_alike() {
    // In f32 nothing but −1e9 is left of these scores, and of −1e9 + ln 3.
    let tape = Tape::new();
    let [k, v] = [[1f32, 2.0, 3.0], [3.0, 6.0, 9.0]].map(|x| tape.var(Tensor::new(x.to_vec(), [3, 1])));
    let (q, far) = (tape.constant(Tensor::ones([1, 1])), tape.constant(Tensor::full([1, 3], -1e9)));
    let options = || AttentionOptions { attn_mask: Some(AttentionMask::Add(&far)), ..Default::default() };
    let y = q.scaled_dot_product_attention(&k, &v, options());
    assert_eq!(y.tensor().slice(), [6.0]);
    let gradients = y.backward();
    assert!(gradients.wrt(&v).slice().iter().all(|g| (g - 1.0 / 3.0).abs() < 1e-6));
    assert!(gradients.wrt(&k).slice().iter().zip([-1.0, 0.0, 1.0]).all(|(g, want)| (g - want).abs() < 1e-5));
    // Where the weights are held, too.
    let rng = Rng::new(3);
    let y =
        q.scaled_dot_product_attention(&k, &v, AttentionOptions { dropout: Some((1e-9, &rng)), ..options() });
    assert!((y.tensor().slice()[0] - 6.0).abs() < 1e-5);
}

#[test]
fn dropout_of_attention_is_that_of_its_weights() {
    let x: Vec<_> = (0..3).map(|i| Rng::new(i).normal::<f64>([2, 4, 4], 0.0, 1.0)).collect();
    let rng = Rng::new(9);
    let options = AttentionOptions { dropout: Some((0.5, &rng)), is_causal: true, ..Default::default() };
    let y = x[0].scaled_dot_product_attention(&x[1], &x[2], options);
    // A value that is the unit matrix shows the weights.
    let unit = Tensor::from_fn([4, 4], |i| f64::from(u8::from(i % 5 == 0)));
    let causal = AttentionOptions { is_causal: true, ..Default::default() };
    let weights = x[0].scaled_dot_product_attention(&x[1], &unit, causal);
    let kept = weights * Rng::new(9).dropout_mask([2, 4, 4], 0.5);
    close("value", y.slice(), kept.matmul(&x[2]).slice());
    assert!(rng.drawn() > 0);
}

#[test]
fn threads_do_not_change_attention() {
    let draw = Rng::new(4);
    let x: Vec<_> = (0..3).map(|_| draw.normal::<f32>([4, 300, 16], 0.0, 1.0)).collect();
    let bits = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let tape = Tape::new();
            let v: Vec<_> = x.iter().map(|x| tape.var(x.clone())).collect();
            let y = v[0].scaled_dot_product_attention(&v[1], &v[2], AttentionOptions::default());
            let gradients = y.square().sum().backward();
            let found =
                v.iter().flat_map(|v| gradients.wrt(v).slice().to_vec()).chain(y.tensor().slice().to_vec());
            found.map(f32::to_bits).collect::<Vec<_>>()
        })
    };
    assert_eq!(bits(1), bits(3));
}

#[test]
fn an_impossible_alignment_costs_infinity_or_nothing() {
    // Two equal labels need three steps.
    let x = Tensor::from([[-0.5, -1.0], [-0.25, -2.0]]).reshape([1, 2, 2]);
    for zero_infinity in [false, true] {
        let options = CtcOptions { reduction: Reduction::None, zero_infinity, ..Default::default() };
        let found = derivatives(std::slice::from_ref(&x), |v| {
            v[0].ctc_loss(&[1, 1].into(), &[2].into(), &[2].into(), options)
        });
        let gradient = if zero_infinity { 0.0 } else { NAN };
        same("value", &found.y, &[if zero_infinity { 0.0 } else { INF }]);
        same("gradient", &found.first[0], &[gradient; 4]);
        same("second order", &found.second[0], &[gradient; 4]);
    }
}

#[test]
fn nothing_aligns_with_blanks_and_steps_beyond_the_length_have_no_gradient() {
    let x = Tensor::from([[-0.5, -1.0], [-0.25, -2.0], [NAN, NAN]]).reshape([1, 3, 2]);
    let found = derivatives(&[x], |v| {
        let none = Indices::new(vec![], [1, 0]);
        v[0].ctc_loss(&none, &[2].into(), &[0].into(), CtcOptions::default())
    });
    close("value", &found.y, &[0.75]);
    close("gradient", &found.first[0], &[-1.0, 0.0, -1.0, 0.0, 0.0, 0.0]);
    close("second order", &found.second[0], &[0.0; 6]);
}

#[test]
fn a_class_that_cannot_be_has_no_share() {
    let x = Tensor::from([[-0.5, -INF], [-0.25, -2.0]]).reshape([1, 2, 2]);
    let found =
        derivatives(&[x], |v| v[0].ctc_loss(&[1].into(), &[2].into(), &[1].into(), CtcOptions::default()));
    close("value", &found.y, &[2.5]);
    close("gradient", &found.first[0], &[-1.0, 0.0, 0.0, -1.0]);
    assert!(found.second[0].iter().all(|v| v.abs() < 1e-12), "{:?}", found.second);
}
