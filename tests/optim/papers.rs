//! Single steps, followed by hand.

use crate::{close, one_parameter, step_with};
use gradtape::nn::{Adam, Optimizer, Params, Sgd};
use gradtape::{Tape, Tensor, random::Rng};

const GRADIENTS: [[f64; 3]; 4] = [[0.5, -1.0, 2.0], [0.1, 0.2, -0.3], [-1.5, 0.0, 0.25], [2.0, -0.5, 1.0]];

#[test]
fn adam_follows_the_paper() {
    let (lr, b1, b2, eps, decay) = (0.01, 0.8, 0.95, 1e-3, 0.1);
    let (mut params, id) = one_parameter(&[1.0, -2.0, 0.5]);
    let rule = Adam { betas: (b1, b2), eps, weight_decay: decay, ..Adam::new(lr) };
    let mut adam = Optimizer::new(rule);
    let (mut p, mut m, mut v) = ([1.0, -2.0, 0.5], [0.0; 3], [0.0; 3]);
    for (t, gradient) in GRADIENTS.iter().enumerate() {
        step_with(&mut adam, &mut params, id, gradient);
        for i in 0..3 {
            let g: f64 = gradient[i] + decay * p[i];
            m[i] = b1 * m[i] + (1.0 - b1) * g;
            v[i] = b2 * v[i] + (1.0 - b2) * g * g;
            let (m_hat, v_hat): (f64, f64) =
                (m[i] / (1.0 - b1.powi(t as i32 + 1)), v[i] / (1.0 - b2.powi(t as i32 + 1)));
            p[i] -= lr * m_hat / (v_hat.sqrt() + eps);
        }
        close(params.get(id).slice(), &p);
    }
}

#[test]
fn sgd_follows_pytorch_with_and_without_nesterov() {
    for nesterov in [false, true] {
        let (lr, momentum, decay) = (0.1, 0.9, 0.01);
        let (mut params, id) = one_parameter(&[1.0, -2.0, 0.5]);
        let mut sgd = Optimizer::new(Sgd { momentum, weight_decay: decay, nesterov, ..Sgd::new(lr) });
        let (mut p, mut b) = ([1.0, -2.0, 0.5], [0.0; 3]);
        for gradient in &GRADIENTS {
            step_with(&mut sgd, &mut params, id, gradient);
            for i in 0..3 {
                let g = gradient[i] + decay * p[i];
                b[i] = momentum * b[i] + g;
                p[i] -= lr * if nesterov { g + momentum * b[i] } else { b[i] };
            }
            close(params.get(id).slice(), &p);
        }
    }
}

#[test]
fn moments_never_decay_into_denormals() {
    let (mut params, id) = one_parameter(&[1.0]);
    let mut adam = Optimizer::new(Adam::default());
    step_with(&mut adam, &mut params, id, &[1e-20]);
    for _ in 0..6000 {
        step_with(&mut adam, &mut params, id, &[0.0]);
    }
    let before = params.get(id).slice()[0];
    step_with(&mut adam, &mut params, id, &[0.0]);
    assert_eq!(params.get(id).slice()[0], before, "the first moment should have been flushed to 0");
}

#[test]
fn a_parameter_without_a_gradient_is_not_touched_by_decay_or_momentum() {
    let mut params = Params::seeded(0);
    let used = params.add("used", Tensor::from([1.0]));
    let idle = params.add("idle", Tensor::from([1.0]));
    let frozen = params.add("frozen", Tensor::from([1.0]));
    params.set_trainable(frozen, false);
    let mut adam = Optimizer::new(Adam { weight_decay: 0.5, ..Adam::new(0.1) });
    let (mut tape, rng) = (Tape::new(), Rng::new(0));
    let grads = {
        let cx = params.train(&tape, &rng);
        let loss = (cx.get(used) * cx.get(frozen)).sum();
        cx.backward(loss)
    };
    tape.reset();
    assert!(grads.get(used).is_some() && grads.get(idle).is_none() && grads.get(frozen).is_none());
    adam.step(&mut params, &grads);
    assert_eq!(params.get(idle).slice(), [1.0]);
    assert_eq!(params.get(frozen).slice(), [1.0]);
    assert_ne!(params.get(used).slice(), [1.0]);
}

#[test]
fn a_step_is_in_place_once_the_tape_has_let_go() {
    let (mut params, id) = one_parameter(&[1.0, 2.0]);
    let address = params.get(id).slice().as_ptr();
    step_with(&mut Optimizer::new(Sgd::new(0.1)), &mut params, id, &[1.0, 1.0]);
    assert_eq!(params.get(id).slice().as_ptr(), address);
}
