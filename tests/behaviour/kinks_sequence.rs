//! The nasty points of sequences: tables, cells, attention, alignments.

use crate::kinks::{close, derivatives, same};
use crate::misuse::outcome;
use gradtape::ops::{CellWeights, EmbeddingOptions, Indices, RotaryOptions};
use gradtape::{Dual, Tensor};

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
