//! The nasty points of losses, and what they refuse.

use crate::kinks::{close, derivatives, same};
use crate::misuse::outcome;
use gradtape::ops::{
    CrossEntropyOptions, GaussianNllOptions, Indices, KlReduction, MultiMarginOptions, NllOptions,
    Reduction::{Mean, None as Each, Sum},
    TripletMarginOptions,
};
use gradtape::{Tensor, Var};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// The value and the gradient of the first operand.
fn first(x: &[Tensor<f64>], f: impl for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>) -> (Vec<f64>, Vec<f64>) {
    let found = derivatives(x, f);
    (found.y, found.first[0].clone())
}

#[test]
fn margins_have_gradient_0_at_their_corners() {
    let (one, y) = (Tensor::from([1.0]), Tensor::from([1.0]));
    let at = |y: &Tensor<f64>, x: f64| [Tensor::from([x]), y.clone()];
    for (value, gradient) in [
        first(&at(&y, 1.0), |v| v[0].l1_loss(&v[1], None, Sum)),
        first(&at(&y, 1.0), |v| v[0].smooth_l1_loss(&v[1], 0.0, Sum)),
        first(&at(&y, 1.0), |v| v[0].hinge_loss(&v[1], Sum)),
        first(&at(&-&y, 1.0), |v| v[0].hinge_embedding_loss(&v[1], 1.0, Sum)),
        first(&[one.clone(), one.clone(), y.clone()], |v| v[0].margin_ranking_loss(&v[1], &v[2], 0.0, Sum)),
        first(&[Tensor::from([1.0, 0.0])], |v| {
            v[0].multi_margin_loss(&Indices::new(vec![0], []), &MultiMarginOptions::default())
        }),
        first(&[Tensor::from([1.0, 0.0])], |v| v[0].multilabel_margin_loss(&[vec![0]], Sum)),
    ] {
        same("value", &value, &[0.0]);
        assert!(gradient.iter().all(|&g| g == 0.0), "{gradient:?}");
    }
}

#[test]
fn huber_goes_over_smoothly_and_squares_no_infinity() {
    let (x, t) = (Tensor::from([1.0, -1.0, INF, -INF, NAN]), Tensor::zeros([5]));
    let found = derivatives(&[x, t], |v| v[0].huber_loss(&v[1], 1.0, None, Each));
    same("value", &found.y, &[0.5, 0.5, INF, INF, NAN]);
    same("gradient", &found.first[0], &[1.0, -1.0, 1.0, -1.0, NAN]);
    let (x, t) = (Tensor::from([3.0, INF, -INF]), Tensor::zeros([3]));
    let found = derivatives(&[x, t], |v| v[0].huber_loss(&v[1], INF, None, Each));
    same("value of no corner", &found.y, &[4.5, INF, INF]);
    same("gradient of no corner", &found.first[0], &[3.0, INF, -INF]);
}

#[test]
fn margins_look_away_from_what_is_masked() {
    // A class of −inf is no rival, neither to others nor to itself.
    let x = Tensor::from([2.0, -INF, 2.5, -INF]);
    let (value, gradient) = first(std::slice::from_ref(&x), |v| {
        v[0].multi_margin_loss(&Indices::new(vec![0], []), &MultiMarginOptions::default())
    });
    same("value", &value, &[1.5 / 4.0]);
    same("gradient", &gradient, &[-0.25, 0.0, 0.25, 0.0]);
    let (value, gradient) = first(std::slice::from_ref(&x), |v| v[0].multilabel_margin_loss(&[vec![0]], Sum));
    same("value", &value, &[1.5 / 4.0]);
    same("gradient", &gradient, &[-0.25, 0.0, 0.25, 0.0]);
    let squared = MultiMarginOptions { p: 2, ..Default::default() };
    let x = Tensor::from([2.0, -INF, 2.5]);
    let (value, gradient) = first(&[x], |v| v[0].multi_margin_loss(&Indices::new(vec![1], []), &squared));
    same("value of a masked target", &value, &[INF]);
    same("gradient of a masked target", &gradient, &[INF, -INF, INF]);
}

#[test]
fn cross_entropy_of_ignored_targets_alone_is_0() {
    let ignored = CrossEntropyOptions { ignore_index: Some(9), ..Default::default() };
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, -1.0, 0.0]]);
    let (value, gradient) =
        first(std::slice::from_ref(&x), |v| v[0].cross_entropy_with(&[9, 9].into(), &ignored));
    same("value", &value, &[0.0]);
    same("gradient", &gradient, &[0.0; 6]);
    let nll = NllOptions { ignore_index: Some(9), ..Default::default() };
    let (value, gradient) = first(std::slice::from_ref(&x), |v| v[0].nll_loss(&[9, 9].into(), &nll));
    same("value", &value, &[0.0]);
    same("gradient", &gradient, &[0.0; 6]);
    // One ignored row that holds NaN leaves the others alone.
    let (value, gradient) =
        first(&[Tensor::from([[NAN, 1.0], [-2.0, -3.0]])], |v| v[0].nll_loss(&[9, 0].into(), &nll));
    same("value", &value, &[2.0]);
    same("gradient", &gradient, &[0.0, 0.0, -1.0, 0.0]);
}

#[test]
fn a_class_of_probability_0_may_be_masked() {
    let (x, t) = (Tensor::from([[0.0, -INF, 0.0]]), Tensor::from([[1.0, 0.0, 0.0]]));
    let options = CrossEntropyOptions::default();
    let (value, gradient) = first(&[x, t], |v| v[0].cross_entropy_probabilities(&v[1], &options));
    close("value", &value, &[2f64.ln()]);
    close("gradient", &gradient, &[-0.5, 0.0, 0.5]);
}

#[test]
fn binary_cross_entropy_at_0_and_1() {
    let p = Tensor::from([0.0, 1.0, 0.0, 1.0]);
    let t = Tensor::from([0.0, 1.0, 1.0, 0.0]);
    let (value, gradient) = first(&[p, t], |v| v[0].binary_cross_entropy(&v[1], None, Each));
    same("value", &value, &[0.0, 0.0, 100.0, 100.0]);
    same("gradient", &gradient, &[0.0, 0.0, -1e12, 1e12]);
}

#[test]
fn binary_cross_entropy_of_small_probabilities_loses_no_digits() {
    let (x, t) = (Tensor::from([1e-300, 1e-10]), Tensor::zeros([2]));
    let (value, _) = first(&[x, t], |v| v[0].binary_cross_entropy(&v[1], None, Each));
    same("value", &value[..1], &[1e-300]);
    close("value", &[value[1] * 1e10], &[1.0 + 0.5e-10]);
}

#[test]
fn logits_far_out_lose_no_digits() {
    let x = Tensor::from([-40.0, 40.0, -INF, INF, 800.0]);
    let t = Tensor::from([0.0, 1.0, 0.0, 1.0, 0.0]);
    let (value, gradient) =
        first(&[x, t], |v| v[0].binary_cross_entropy_with_logits(&v[1], None, None, Each));
    let small = (-40f64).exp();
    close("value", &[value[0] / small, value[1] / small], &[1.0, 1.0]);
    same("value", &value[2..], &[0.0, 0.0, 800.0]);
    close("gradient", &[gradient[0] / small, gradient[1] / small], &[1.0, -1.0]);
    same("gradient", &gradient[2..], &[0.0, 0.0, 1.0]);
}

#[test]
fn a_focal_loss_of_what_is_not_missed_has_gradient_0() {
    let (x, t) = (Tensor::from([800.0, -800.0, INF]), Tensor::from([1.0, 0.0, 1.0]));
    for gamma in [0.0, 0.5, 1.0, 1.5, 2.0] {
        let (value, gradient) =
            first(&[x.clone(), t.clone()], |v| v[0].sigmoid_focal_loss(&v[1], None, gamma, Each));
        same("value", &value, &[0.0; 3]);
        same("gradient", &gradient, &[0.0; 3]);
    }
}

#[test]
fn divergence_of_what_never_happens_is_0() {
    let (x, t) = (Tensor::from([-INF, -1.0]), Tensor::from([0.0, 0.0]));
    let (value, gradient) = first(&[x, t], |v| v[0].kl_div(&v[1], false, KlReduction::None));
    same("value", &value, &[0.0, 0.0]);
    same("gradient", &gradient, &[0.0, 0.0]);
    let (x, t) = (Tensor::from([-1.0]), Tensor::from([-INF]));
    let (value, gradient) = first(&[x, t], |v| v[0].kl_div(&v[1], true, KlReduction::None));
    same("value", &value, &[0.0]);
    same("gradient", &gradient, &[0.0]);
    // A single number is a batch of one.
    let (x, t) = (Tensor::scalar(-1.0), Tensor::scalar(1.0));
    assert_eq!(x.kl_div(&t, false, KlReduction::BatchMean).item(), 1.0);
}

#[test]
fn a_variance_below_eps_has_gradient_0() {
    let x = [Tensor::from([0.0]), Tensor::from([1.0]), Tensor::from([0.0])];
    let options = GaussianNllOptions { eps: 0.5, ..Default::default() };
    let found = derivatives(&x, |v| v[0].gaussian_nll_loss(&v[1], &v[2], &options));
    close("value", &found.y, &[(0.5f64.ln() + 2.0) / 2.0]);
    same("gradient", &found.first[2], &[0.0]);
}

#[test]
fn triplets_of_equal_vectors_have_gradient_0() {
    let x = Tensor::from([[1.0, 2.0]]);
    for p in [1.0, 2.0, 3.0, INF] {
        let options = TripletMarginOptions { p, eps: 0.0, ..Default::default() };
        let (value, gradient) =
            first(&[x.clone(), x.clone(), x.clone()], |v| v[0].triplet_margin_loss(&v[1], &v[2], &options));
        same("value", &value, &[1.0]);
        same("gradient", &gradient, &[0.0, 0.0]);
    }
}

#[test]
fn cosine_of_a_zero_vector_is_0() {
    let x = [Tensor::from([0.0, 0.0]), Tensor::from([3.0, 4.0]), Tensor::scalar(1.0)];
    let (value, gradient) = first(&x, |v| v[0].cosine_embedding_loss(&v[1], &v[2], 0.0, Mean));
    same("value", &value, &[1.0]);
    close("gradient", &[gradient[0] / 1e6, gradient[1] / 1e6], &[-0.6, -0.8]);
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let x = Tensor::<f64>::zeros([2, 3]);
    let short = Tensor::<f64>::zeros([3]);
    let labels = |at: &[usize]| Indices::from(at);
    let options = |weight: Option<Vec<f64>>, share| CrossEntropyOptions {
        weight,
        label_smoothing: share,
        ..Default::default()
    };
    #[track_caller]
    fn refused(call: impl FnOnce() -> Tensor<f64>, says: &str) {
        let message = outcome(|| vec![call()]).expect_err(says);
        assert!(message.contains(says), "{message}, not {says}");
    }
    refused(|| x.mse_loss(&short, None, Mean), "mse_loss: an output of shape [2, 3] for a target of [3]");
    refused(|| x.l1_loss(&x, Some(&Tensor::ones([2])), Mean), "l1_loss: weights of shape [2]");
    refused(|| x.huber_loss(&x, 0.0, None, Mean), "huber_loss: a delta of 0");
    refused(|| x.smooth_l1_loss(&x, -1.0, Mean), "smooth_l1_loss: a beta of -1");
    refused(|| (&x + 1.5).binary_cross_entropy(&x, None, Mean), "1.5 in [2, 3] is not a probability");
    refused(|| x.nll_loss(&labels(&[0, 3]), &NllOptions::default()), "nll_loss: target 3 is not below the 3");
    refused(|| x.nll_loss(&labels(&[0]), &NllOptions::default()), "targets of shape [1] for the 3 classes");
    refused(|| x.cross_entropy_with(&labels(&[0, 1]), &options(Some(vec![1.0]), 0.0)), "1 weights for the 3");
    refused(|| x.cross_entropy_with(&labels(&[0, 1]), &options(None, 1.5)), "a label smoothing of 1.5");
    refused(|| x.cross_entropy_probabilities(&short, &options(None, 0.0)), "for a target of [3]");
    refused(|| x.hinge_embedding_loss(&x, 1.0, Mean), "a target of 0 in [2, 3], where 1 or -1");
    refused(|| x.cosine_embedding_loss(&x, &short, 0.0, Mean), "targets of shape [3] for vectors of [2, 3]");
    refused(|| x.multilabel_margin_loss(&[vec![0]], Mean), "labels of 1 rows for [2, 3]");
    refused(|| x.multilabel_margin_loss(&[vec![0], vec![3]], Mean), "label 3 is not below");
    let cubed = MultiMarginOptions { p: 3, ..Default::default() };
    refused(|| x.multi_margin_loss(&labels(&[0, 1]), &cubed), "multi_margin_loss: a power of 3");
    let flat = TripletMarginOptions { p: 0.0, ..Default::default() };
    refused(|| x.triplet_margin_loss(&x, &x, &flat), "triplet_margin_loss: a norm of 0");
    refused(|| x.gaussian_nll_loss(&x, &(&x - 1.0), &Default::default()), "a variance of -1 in [2, 3]");
    refused(|| x.gaussian_nll_loss(&x, &short, &Default::default()), "variances of shape [3]");
    refused(|| x.sigmoid_focal_loss(&x, Some(2.0), 2.0, Mean), "an alpha of 2");
}
