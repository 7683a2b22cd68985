use crate::table::Case;
use gradtape::ops::{
    CrossEntropyOptions, GaussianNllOptions, KlReduction, MultiMarginOptions, NllOptions, PoissonNllOptions,
    Reduction::{self, Mean},
    TripletMarginOptions,
};

/// The weights of classes, as a case gives them.
fn weight(x: &gradtape::Var<'_, f64>) -> Option<Vec<f64>> {
    Some(x.tensor().slice().to_vec())
}

fn signs<'t>(mask: &gradtape::Var<'t, f64>) -> gradtape::Var<'t, f64> {
    mask * 2.0 - 1.0
}

fn smooth(share: f64) -> CrossEntropyOptions {
    CrossEntropyOptions { label_smoothing: share, ..Default::default() }
}

pub(crate) const CASES: &[Case] = &[
    ("mse_loss", |x, _| vec![x[0].mse_loss(&x[1], None, Mean)]),
    ("mse_loss none", |x, _| vec![x[0].mse_loss(&x[1], None, Reduction::None)]),
    ("mse_loss weight", |x, _| vec![x[0].mse_loss(&x[1], Some(&x[2]), Mean)]),
    ("l1_loss", |x, _| vec![x[0].l1_loss(&x[1], None, Mean)]),
    ("l1_loss weight", |x, _| vec![x[0].l1_loss(&x[1], Some(&x[2]), Mean)]),
    ("huber_loss", |x, _| vec![x[0].huber_loss(&x[1], 1.0, None, Mean)]),
    ("huber_loss weight", |x, _| vec![x[0].huber_loss(&x[1], 2.0, Some(&x[2]), Mean)]),
    ("smooth_l1_loss", |x, _| vec![x[0].smooth_l1_loss(&x[1], 1.0, Mean)]),
    ("smooth_l1_loss sum", |x, _| vec![x[0].smooth_l1_loss(&x[1], 0.5, Reduction::Sum)]),
    ("smooth_l1_loss 0", |x, _| vec![x[0].smooth_l1_loss(&x[1], 0.0, Mean)]),
    ("nll_loss", |x, i| vec![x[0].nll_loss(&i[0], &NllOptions::default())]),
    ("nll_loss ignored", |x, i| {
        let options = NllOptions { weight: weight(&x[1]), ignore_index: Some(0), ..Default::default() };
        vec![x[0].nll_loss(&i[0], &options)]
    }),
    ("nll_loss image none", |x, i| {
        vec![x[0].nll_loss(&i[0], &NllOptions { reduction: Reduction::None, ..Default::default() })]
    }),
    ("cross_entropy one", |x, i| vec![x[0].cross_entropy_with(&i[0], &smooth(0.0))]),
    ("cross_entropy weight", |x, i| {
        vec![x[0].cross_entropy_with(&i[0], &CrossEntropyOptions { weight: weight(&x[1]), ..smooth(0.0) })]
    }),
    ("cross_entropy ignored", |x, i| {
        vec![x[0].cross_entropy_with(&i[0], &CrossEntropyOptions { ignore_index: Some(3), ..smooth(0.0) })]
    }),
    ("cross_entropy smooth", |x, i| vec![x[0].cross_entropy_with(&i[0], &smooth(0.1))]),
    ("cross_entropy all", |x, i| {
        let options = CrossEntropyOptions { weight: weight(&x[1]), ignore_index: Some(0), ..smooth(0.2) };
        vec![x[0].cross_entropy_with(&i[0], &options)]
    }),
    ("cross_entropy all none", |x, i| {
        let options = CrossEntropyOptions {
            weight: weight(&x[1]),
            ignore_index: Some(0),
            label_smoothing: 0.2,
            reduction: Reduction::None,
        };
        vec![x[0].cross_entropy_with(&i[0], &options)]
    }),
    ("cross_entropy image", |x, i| vec![x[0].cross_entropy_with(&i[0], &smooth(0.0))]),
    ("cross_entropy probabilities", |x, _| vec![x[0].cross_entropy_probabilities(&x[1], &smooth(0.0))]),
    ("cross_entropy probabilities all", |x, _| {
        let options = CrossEntropyOptions { weight: weight(&x[2]), ..smooth(0.1) };
        vec![x[0].cross_entropy_probabilities(&x[1], &options)]
    }),
    ("binary_cross_entropy", |x, _| vec![x[0].binary_cross_entropy(&x[1], None, Mean)]),
    ("binary_cross_entropy weight", |x, _| vec![x[0].binary_cross_entropy(&x[1], Some(&x[2]), Mean)]),
    ("binary_cross_entropy_with_logits", |x, _| {
        vec![x[0].binary_cross_entropy_with_logits(&x[1], None, None, Mean)]
    }),
    ("binary_cross_entropy_with_logits weights", |x, _| {
        vec![x[0].binary_cross_entropy_with_logits(&x[1], Some(&x[2]), Some(&x[3]), Mean)]
    }),
    ("kl_div", |x, _| vec![x[0].kl_div(&x[1], false, KlReduction::Mean)]),
    ("kl_div batch", |x, _| vec![x[0].kl_div(&x[1], false, KlReduction::BatchMean)]),
    ("kl_div log", |x, _| vec![x[0].kl_div(&x[1], true, KlReduction::Sum)]),
    ("hinge_embedding_loss", |x, _| vec![x[0].hinge_embedding_loss(&signs(&x[1]), 1.5, Mean)]),
    ("cosine_embedding_loss", |x, _| vec![x[0].cosine_embedding_loss(&x[1], &x[2], -0.5, Mean)]),
    ("margin_ranking_loss", |x, _| vec![x[0].margin_ranking_loss(&x[1], &signs(&x[2]), 0.5, Mean)]),
    ("soft_margin_loss", |x, _| vec![x[0].soft_margin_loss(&signs(&x[1]), Mean)]),
    ("multi_margin_loss", |x, i| vec![x[0].multi_margin_loss(&i[0], &MultiMarginOptions::default())]),
    ("multi_margin_loss squared", |x, i| {
        let options = MultiMarginOptions { p: 2, margin: 0.5, weight: weight(&x[1]), ..Default::default() };
        vec![x[0].multi_margin_loss(&i[0], &options)]
    }),
    ("multilabel_margin_loss", |x, _| {
        vec![x[0].multilabel_margin_loss(&[vec![3, 0], vec![], vec![1]], Mean)]
    }),
    ("multilabel_soft_margin_loss", |x, _| vec![x[0].multilabel_soft_margin_loss(&x[1], Some(&x[2]), Mean)]),
    ("triplet_margin_loss", |x, _| {
        vec![x[0].triplet_margin_loss(&x[1], &x[2], &TripletMarginOptions::default())]
    }),
    ("triplet_margin_loss 1", |x, _| {
        let options = TripletMarginOptions { margin: 4.0, p: 1.0, eps: 0.1, ..Default::default() };
        vec![x[0].triplet_margin_loss(&x[1], &x[2], &options)]
    }),
    ("triplet_margin_loss swap", |x, _| {
        let options = TripletMarginOptions {
            margin: 4.0,
            p: 3.0,
            swap: true,
            reduction: Reduction::None,
            ..Default::default()
        };
        vec![x[0].triplet_margin_loss(&x[1], &x[2], &options)]
    }),
    ("poisson_nll_loss", |x, _| vec![x[0].poisson_nll_loss(&x[1], &PoissonNllOptions::default())]),
    ("poisson_nll_loss full", |x, _| {
        let options = PoissonNllOptions { log_input: false, full: true, eps: 0.01, reduction: Mean };
        vec![x[0].poisson_nll_loss(&x[1], &options)]
    }),
    ("gaussian_nll_loss", |x, _| vec![x[0].gaussian_nll_loss(&x[1], &x[2], &GaussianNllOptions::default())]),
    ("gaussian_nll_loss full", |x, _| {
        let options = GaussianNllOptions { full: true, reduction: Reduction::Sum, ..Default::default() };
        vec![x[0].gaussian_nll_loss(&x[1], &x[2], &options)]
    }),
    ("sigmoid_focal_loss", |x, _| vec![x[0].sigmoid_focal_loss(&x[1], Some(0.25), 2.0, Mean)]),
    ("sigmoid_focal_loss 1.5", |x, _| vec![x[0].sigmoid_focal_loss(&x[1], Some(0.6), 1.5, Mean)]),
];
