//! Averages of weights, and gradients made shorter.

use crate::{close, gradients, message_of, one_parameter, start};
use gradtape::nn::Ema;

#[test]
fn an_average_of_weights_follows_its_formula() {
    let (mut params, id) = one_parameter(&[1.0, 2.0]);
    let mut average = Ema::new(0.75, &params).unwrap();
    let mut expected = [1.0, 2.0];
    for step in 1..5 {
        for w in params.get_mut(id).slice_mut() {
            *w += f64::from(step);
        }
        average.update(&params);
        for (e, w) in expected.iter_mut().zip(params.get(id).slice()) {
            *e = 0.75 * *e + 0.25 * w;
        }
    }
    close(average.applied_to(&params).get(id).slice(), &expected);
    assert!(Ema::new(1.5, &params).unwrap_err().to_string().starts_with("decay of the average"));
    let (other, _) = one_parameter(&[1.0]);
    assert!(message_of(|| average.clone().update(&other)).contains("not those that the average"));
}

#[test]
fn clipping_scales_all_gradients_together_and_returns_the_norm() {
    let (params, ids) = start(true);
    let (w, b) = ([2.0; 12], [4.0; 3]);
    let grads = || gradients(&params, &[(ids[0], &w), (ids[1], &b)]);
    let norm = (12.0 * 4.0 + 3.0 * 16.0f64).sqrt();

    let mut clipped = grads();
    assert!((clipped.clip_norm(1.0) - norm).abs() < 1e-12);
    assert!((clipped.norm(2.0) - 1.0).abs() < 1e-6);
    assert!((clipped.get(ids[0]).unwrap().slice()[0] - 2.0 / (norm + 1e-6)).abs() < 1e-12);

    let mut loose = grads();
    loose.clip_norm(100.0);
    assert_eq!(loose.get(ids[0]).unwrap().slice(), w, "what is within the bound stays to the bit");

    assert!((grads().norm(1.0) - 36.0).abs() < 1e-12);
    assert_eq!(grads().norm(f64::INFINITY), 4.0);
    assert!((grads().norm(3.0) - (12.0 * 8.0 + 3.0 * 64.0f64).cbrt()).abs() < 1e-12);

    let mut group = grads();
    assert!((group.clip_norm_of(&ids[1..], 1.0) - 48f64.sqrt()).abs() < 1e-12);
    assert_eq!(group.get(ids[0]).unwrap().slice(), w);
    assert!(group.get(ids[1]).unwrap().slice()[0] < 1.0);

    let mut by_value = gradients(&params, &[(ids[1], &[-9.0, f64::NAN, 0.25])]);
    by_value.clip_value(0.5);
    let found = by_value.get(ids[1]).unwrap().slice();
    assert!(found[0] == -0.5 && found[1].is_nan() && found[2] == 0.25, "{found:?}");
}

#[test]
fn the_total_norm_neither_overflows_nor_hides_what_is_not_finite() {
    let (params, ids) = start(true);
    let mut huge = gradients(&params, &[(ids[1], &[3e200, 4e200, 0.0])]);
    assert!((huge.clip_norm(1.0) / 5e200 - 1.0).abs() < 1e-12);
    assert!((huge.norm(2.0) - 1.0).abs() < 1e-6);
    for bad in [f64::NAN, f64::INFINITY] {
        let mut grads = gradients(&params, &[(ids[0], &[1.0; 12]), (ids[1], &[1.0, bad, 1.0])]);
        assert!(!grads.clip_norm(1.0).is_finite());
        assert!(grads.get(ids[0]).unwrap().slice().iter().all(|g| g.is_nan()), "{bad} spreads");
    }
    let mut zero = gradients(&params, &[(ids[1], &[0.0; 3])]);
    assert_eq!(zero.clip_norm(1.0), 0.0);
    assert_eq!(zero.get(ids[1]).unwrap().slice(), [0.0; 3]);
}
