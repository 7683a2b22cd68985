//! Draws have the distribution that they claim, and the same seed gives the same bits.

use gradtape::{Tape, Tensor, random::Rng};

const N: usize = 100_000;

fn moments(x: &Tensor<f64>) -> [f64; 4] {
    let mean = x.mean().item();
    let central = |k: i32| x.slice().iter().map(|v| (v - mean).powi(k)).sum::<f64>() / x.slice().len() as f64;
    let std = central(2).sqrt();
    [mean, std, central(3) / std.powi(3), central(4) / std.powi(4)]
}

/// Within five standard errors, roughly.
#[track_caller]
fn near(what: &str, found: f64, want: f64, error: f64) {
    assert!((found - want).abs() < 5.0 * error, "{what}: {found}, not {want}");
}

#[test]
fn normal_has_its_moments() {
    let [mean, std, skew, kurtosis] = moments(&Rng::new(5).normal([N], -1.0, 2.0));
    let n = (N as f64).sqrt();
    near("mean", mean, -1.0, 2.0 / n);
    near("standard deviation", std, 2.0, 2.0 / n);
    near("skewness", skew, 0.0, 2.5 / n);
    near("kurtosis", kurtosis, 3.0, 5.0 / n);
}

#[test]
fn gumbel_has_its_moments() {
    let [mean, std, ..] = moments(&Rng::new(5).gumbel([N]));
    near("mean", mean, 0.577_215_664_9, 0.005);
    near("standard deviation", std, std::f64::consts::PI / 6f64.sqrt(), 0.007);
}

#[test]
fn bernoulli_hits_each_probability() {
    let p = Tensor::from_fn([N], |i| [0.0, 0.25, 1.0][i % 3]);
    let x = Rng::new(5).bernoulli(&p);
    let rate = |k: usize| x.slice().iter().skip(k).step_by(3).sum::<f64>() / (N / 3) as f64;
    assert_eq!(rate(0), 0.0);
    near("a quarter", rate(1), 0.25, 0.0025);
    assert!(x.slice().iter().skip(2).step_by(3).all(|&v| v == 1.0));
}

#[test]
fn multinomial_draws_in_proportion() {
    let weights = Tensor::from([[1.0, 0.0, 3.0], [2.0, 2.0, 4.0]]);
    let drawn = Rng::new(5).multinomial(&weights, N, true);
    assert_eq!(drawn.shape().dims(), [2, N]);
    let rate = |row: usize, k: usize| {
        drawn.slice()[row * N..][..N].iter().filter(|&&i| i == k).count() as f64 / N as f64
    };
    for (row, k, want) in [(0, 0, 0.25), (0, 2, 0.75), (1, 0, 0.25), (1, 1, 0.25), (1, 2, 0.5)] {
        near("rate", rate(row, k), want, 0.0016);
    }
    assert_eq!(rate(0, 1), 0.0);
}

#[test]
fn multinomial_without_replacement_draws_each_once_and_the_first_in_proportion() {
    let rng = Rng::new(5);
    let (weights, draws) = (Tensor::from([1.0, 0.0, 3.0, 4.0]), 20_000);
    let mut first = [0; 4];
    for _ in 0..draws {
        let mut drawn = rng.multinomial(&weights, 3, false).slice().to_vec();
        first[drawn[0]] += 1;
        drawn.sort_unstable();
        assert_eq!(drawn, [0, 2, 3]);
    }
    for (k, want) in [(0, 0.125), (1, 0.0), (2, 0.375), (3, 0.5)] {
        near("first", f64::from(first[k]) / f64::from(draws), want, 0.0036);
    }
}

#[test]
fn gumbel_softmax_is_a_distribution_with_a_gradient() {
    let (rng, tape) = (Rng::new(5), Tape::new());
    let x = tape.var(Tensor::from([[0.0, 1.0, 2.0], [3.0, 2.0, 1.0]]));
    let y = x.gumbel_softmax(&rng, 0.5, false, -1);
    for row in y.tensor().slice().chunks(3) {
        near("a row's sum", row.iter().sum(), 1.0, 1e-15);
    }
    // The same noise gives the same function, whose gradient differences confirm.
    gradtape::gradcheck::gradcheck(
        |v| v[0].gumbel_softmax(&Rng::new(5), 0.5, false, -1),
        &[x.tensor().clone()],
    )
    .unwrap();
}

#[test]
fn a_hard_gumbel_softmax_is_one_hot_with_the_gradient_of_the_soft_one() {
    let tape = Tape::new();
    // So many that most of what is drawn is below one half, where 1 − y is rounded.
    let x = tape.var(Rng::new(6).normal::<f64>([50, 20], 0.0, 0.1));
    let [soft, hard] = [false, true].map(|hard| x.gumbel_softmax(&Rng::new(7), 2.0, hard, -1));
    for (soft, hard) in soft.tensor().slice().chunks(20).zip(hard.tensor().slice().chunks(20)) {
        let top = soft.iter().copied().fold(0.0, f64::max);
        assert!(soft.iter().zip(hard).all(|(&s, &h)| h == if s == top { 1.0 } else { 0.0 }), "{hard:?}");
    }
    let weights = tape.constant(Rng::new(8).normal([50, 20], 0.0, 1.0));
    let [of_soft, of_hard] = [soft, hard].map(|y| (y * &weights).sum().grad([&x])[0].tensor().clone());
    assert_eq!(of_soft, of_hard);
}

#[test]
fn the_same_seed_gives_the_same_bits_at_any_number_of_threads() {
    let draw = || {
        let rng = Rng::new(9);
        (rng.normal::<f32>([70_000], 0.0, 1.0), rng.gumbel::<f32>([70_000]))
    };
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(draw);
    for threads in [2, 4, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(draw) == alone, "{threads} threads");
    }
}

#[test]
#[should_panic(expected = "gradtape: bernoulli: a probability in [0, 1], not 1.5")]
fn bernoulli_refuses_what_is_no_probability() {
    Rng::new(1).bernoulli(&Tensor::from([0.5, 1.5]));
}

#[test]
#[should_panic(expected = "row 1 of [2, 2] has no distribution")]
fn multinomial_refuses_a_row_without_weight() {
    Rng::new(1).multinomial(&Tensor::from([[1.0, 2.0], [0.0, 0.0]]), 1, true);
}

#[test]
#[should_panic(expected = "3 of 2 weights above 0")]
fn multinomial_refuses_to_draw_more_than_there_are() {
    Rng::new(1).multinomial(&Tensor::from([1.0, 2.0, 0.0]), 3, false);
}

#[test]
#[should_panic(expected = "a standard deviation of at least 0, not -1")]
fn normal_refuses_a_negative_deviation() {
    Rng::new(1).normal::<f64>([2], 0.0, -1.0);
}

#[test]
#[should_panic(expected = "gradtape: uniform: finite bounds in order, not 1 and NaN")]
fn uniform_refuses_bounds_that_are_none() {
    Rng::new(1).uniform::<f64>([2], 1.0, f64::NAN);
}

#[test]
fn multinomial_weights_may_be_as_large_as_numbers_are() {
    let drawn = Rng::new(2).multinomial(&Tensor::from([f64::MAX, f64::MAX, f64::MAX]), 300, true);
    let counts = [0, 1, 2].map(|i| drawn.slice().iter().filter(|&&place| place == i).count());
    assert!(counts.iter().all(|&count| count > 60), "{counts:?}");
}

#[test]
#[should_panic(expected = "gradtape: shape: ")]
fn multinomial_refuses_more_draws_than_memory_can_hold() {
    Rng::new(2).multinomial(&Tensor::from([1.0, 2.0]), usize::MAX, true);
}
