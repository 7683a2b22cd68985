//! The loss that looks at what is hard.

use super::{Reduction, alike, sampled_reduction};
use crate::value::{Interp, Value};

impl<I: Interp> Value<I> {
    /// αₜ(1 − pₜ)^γ · −ln pₜ, reduced, where pₜ is the probability σ(x) of what is yes, 1 − σ(x) of what is no, and
    /// αₜ is α or 1 − α; 1 without α (Lin and others: Focal Loss for Dense Object Detection, 2017). Their
    /// values, and torchvision's defaults, are α = 0.25 and γ = 2.
    ///
    /// # Panics
    /// When the shapes differ, γ is negative, or α is not in \[0, 1\].
    #[track_caller]
    pub fn sigmoid_focal_loss(
        &self,
        target: &Self,
        alpha: Option<f64>,
        gamma: f64,
        reduction: Reduction,
    ) -> Self {
        const NAME: &str = "sigmoid_focal_loss";
        alike(NAME, self, target);
        assert!(gamma >= 0.0, "gradtape: {NAME}: a gamma of {gamma}, for {}", self.shape());
        let no = 1.0 - target;
        let missed = (-self).sigmoid() * target + self.sigmoid() * &no;
        // Guarded within, so that no power's infinite slope at 0 is met where nothing is missed.
        let none = missed.equal(&missed.constant(0.0));
        let some = none.select(&missed.constant(1.0), &missed);
        let power = none.select(&missed.constant(0f64.powf(gamma)), &some.powf(gamma));
        let losses = self.bernoulli_logits(NAME, target, None) * power;
        reduction.of(match alpha {
            None => losses,
            Some(alpha) => {
                let fits = (0.0..=1.0).contains(&alpha);
                assert!(fits, "gradtape: {NAME}: an alpha of {alpha}, for {}", self.shape());
                losses * (target * alpha + no * (1.0 - alpha))
            }
        })
    }
}

composition!(
    SigmoidFocalLoss((Option<f64>, f64, Reduction)),
    "sigmoid_focal_loss",
    |(alpha, gamma, reduction), x| vec![x[0].sigmoid_focal_loss(&x[1], *alpha, *gamma, *reduction)],
    |g| {
        let shape = g.shape(3);
        let shape = g.nonempty(shape);
        let (alpha, gamma) = (g.pick(&[Some(0.25), None, Some(0.75)]), g.pick(&[2.0, 0.0, 1.5]));
        // As both operands, x must be a target too where a power of it is taken that is not whole.
        let x = if gamma == 1.5 { g.values(&shape, 0.0..1.0) } else { g.values(&shape, -3.0..3.0) };
        ((alpha, gamma, sampled_reduction(g)), vec![x, g.values(&shape, 0.0..1.0)])
    }
);
