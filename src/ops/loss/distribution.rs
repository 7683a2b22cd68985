//! Losses of distributions: the divergence of two, and how unlikely a target is under one.

use super::{Reduction, alike, sampled_reduction, times};
use crate::{
    Float, Shape,
    gradcheck::Domain,
    value::{Interp, Value},
};
use std::f64::consts::TAU;

/// What becomes of the terms of [`Value::kl_div`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KlReduction {
    /// They stay as they are.
    None,
    /// The mean over all elements: PyTorch's default, though it is no divergence.
    #[default]
    Mean,
    /// Their sum.
    Sum,
    /// Their sum, divided by the size of the first axis if there is one: the mean divergence of rows.
    BatchMean,
}

/// The options of [`Value::poisson_nll_loss`].
#[derive(Clone, Debug, PartialEq)]
pub struct PoissonNllOptions {
    /// Whether x is the logarithm of the rate: yes.
    pub log_input: bool,
    /// Whether ln t! is added, by Stirling's formula, where t > 1: no.
    pub full: bool,
    /// Added to a rate before its logarithm is taken: 1e-8.
    pub eps: f64,
    /// What becomes of the losses of single elements: their mean.
    pub reduction: Reduction,
}

impl Default for PoissonNllOptions {
    fn default() -> Self {
        PoissonNllOptions { log_input: true, full: false, eps: 1e-8, reduction: Reduction::Mean }
    }
}

/// The options of [`Value::gaussian_nll_loss`].
#[derive(Clone, Debug, PartialEq)]
pub struct GaussianNllOptions {
    /// Whether ½·ln 2π is added: no.
    pub full: bool,
    /// The least variance: 1e-6.
    pub eps: f64,
    /// What becomes of the losses of single elements: their mean.
    pub reduction: Reduction,
}

impl Default for GaussianNllOptions {
    fn default() -> Self {
        GaussianNllOptions { full: false, eps: 1e-6, reduction: Reduction::Mean }
    }
}

impl<I: Interp> Value<I> {
    /// t·(ln t − x), or eᵗ·(t − x) where the target is given as logarithms too, for log-probabilities x; reduced. 0 at
    /// t = 0.
    ///
    /// ```
    /// use gradtape::{Tensor, ops::KlReduction};
    /// let (x, t) = (Tensor::from([[0.5, 0.5f64]]).ln(), Tensor::from([[1.0, 0.0]]));
    /// let divergence = x.kl_div(&t, false, KlReduction::BatchMean);
    /// assert_eq!(divergence.item(), 2f64.ln());
    /// ```
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn kl_div(&self, target: &Self, log_target: bool, reduction: KlReduction) -> Self {
        alike("kl_div", self, target);
        let terms = if log_target {
            times(&target.exp(), &(target - self))
        } else {
            target.xlogy(target) - times(target, self)
        };
        match reduction {
            KlReduction::None => terms,
            KlReduction::Mean => terms.mean(),
            KlReduction::Sum => terms.sum(),
            KlReduction::BatchMean => terms.sum() / self.shape().first().copied().unwrap_or(1) as f64,
        }
    }

    /// eˣ − t·x for logarithms x of rates, or x − t·ln(x + ε) for rates, reduced; `full` adds t·ln t − t + ½·ln 2πt
    /// where t > 1.
    ///
    /// # Panics
    /// When the shapes differ.
    #[track_caller]
    pub fn poisson_nll_loss(&self, target: &Self, options: &PoissonNllOptions) -> Self {
        alike("poisson_nll_loss", self, target);
        let mut losses = if options.log_input {
            self.exp() - target * self
        } else {
            self - target * (self + options.eps).ln()
        };
        if options.full {
            let (zero, one) = (target.constant(0.0), target.constant(1.0));
            let many = target.greater(&one);
            // Guarded within, so that no logarithm sees what is at most 1.
            let t = many.select(target, &one);
            let stirling = &t * t.ln() - &t + (&t * TAU).ln() * 0.5;
            losses = losses + many.select(&stirling, &zero);
        }
        options.reduction.of(losses)
    }

    /// ½(ln v + (x − t)²/v) for means x and variances v, which are no less than ε, reduced; `full` adds ½·ln 2π. The
    /// variance has x's shape, or lacks the last axis, or is 1 long there. One below ε has gradient 0, for it has no
    /// effect; PyTorch's is not 0.
    ///
    /// # Panics
    /// When the shapes do not fit, a variance is negative, or ε is not positive.
    #[track_caller]
    pub fn gaussian_nll_loss(&self, target: &Self, variance: &Self, options: &GaussianNllOptions) -> Self {
        const NAME: &str = "gaussian_nll_loss";
        alike(NAME, self, target);
        let (shape, found) = (self.shape(), variance.shape());
        assert!(options.eps > 0.0, "gradtape: {NAME}: an eps of {}, for {shape}", options.eps);
        if let Some(bad) = variance.tensor().slice().iter().find(|&&v| v < I::Elem::ZERO) {
            panic!("gradtape: {NAME}: a variance of {bad} in {found}");
        }
        let outer = &shape[..shape.rank().saturating_sub(1)];
        let variance = if found == shape {
            variance.clone()
        } else if shape.rank() > 0 && found[..] == *outer {
            variance.unsqueeze(-1)
        } else {
            let one =
                shape.rank() == found.rank() && found[..outer.len()] == *outer && found.last() == Some(&1);
            assert!(one, "gradtape: {NAME}: variances of shape {found} for means of {shape}");
            variance.clone()
        };
        let variance = variance.clamp(options.eps, f64::INFINITY);
        let mut losses = (variance.ln() + (self - target).square() / variance) * 0.5;
        if options.full {
            losses = losses + 0.5 * TAU.ln();
        }
        options.reduction.of(losses)
    }
}

composition!(
    KlDiv((bool, KlReduction)),
    "kl_div",
    |(log_target, reduction), x| vec![x[0].kl_div(&x[1], *log_target, *reduction)],
    |g| {
        let shape = g.shape_of_rank(1, 3);
        let shape = g.nonempty(shape);
        let log_target = g.bool();
        let all = [KlReduction::Mean, KlReduction::BatchMean, KlReduction::Sum, KlReduction::None];
        let domain = if log_target { -3.0..0.0 } else { 0.25..1.0 };
        ((log_target, g.pick(&all)), vec![g.values(&shape, domain.clone()), g.values(&shape, domain)])
    }
);
composition!(
    PoissonNllLoss(PoissonNllOptions),
    "poisson_nll_loss",
    |options, x| vec![x[0].poisson_nll_loss(&x[1], options)],
    |g| {
        let shape = g.shape(3);
        let shape = g.nonempty(shape);
        let (log_input, full, eps) = (g.bool(), g.bool(), g.pick(&[1e-8, 0.25]));
        let x = if log_input { -2.0..2.0 } else { 0.5..3.0 };
        let inputs = vec![g.values(&shape, x), g.values(&shape, Domain::from(0.25..5.0).avoiding([1.0]))];
        (PoissonNllOptions { log_input, full, eps, reduction: sampled_reduction(g) }, inputs)
    }
);
composition!(
    GaussianNllLoss(GaussianNllOptions),
    "gaussian_nll_loss",
    |options, x| vec![x[0].gaussian_nll_loss(&x[1], &x[2], options)],
    |g| {
        let shape = g.shape(3);
        let shape = g.nonempty(shape);
        let variance = match (g.int(0, 2), shape.rank()) {
            (0, _) | (_, 0) => shape.clone(),
            (1, rank) => Shape::from(&shape[..rank - 1]),
            (_, rank) => shape.with_axis(rank - 1, 1).expect("not larger"),
        };
        let options = GaussianNllOptions {
            full: g.bool(),
            eps: g.pick(&[1e-6, 0.75]),
            reduction: sampled_reduction(g),
        };
        let inputs = vec![
            g.values(&shape, -3.0..3.0),
            g.values(&shape, -3.0..3.0),
            g.values(&variance, Domain::from(0.5..3.0).avoiding([0.75])),
        ];
        (options, inputs)
    }
);
