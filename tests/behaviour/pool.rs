//! Pooling of large images, on any number of threads, and what it refuses.

use crate::misuse::refused;
use crate::threads::{same_bits, with_gradients};
use gradtape::ops::{AvgPoolOptions, LpPoolOptions, MaxPoolOptions, PerAxis};
use gradtape::random::Rng;
use gradtape::{Tape, Tensor};

fn line(elements: &[f64]) -> Tensor<f64> {
    Tensor::new(elements.to_vec(), [1, elements.len()])
}

#[test]
fn averages_of_whole_numbers_are_exact() {
    let thirds = AvgPoolOptions { stride: Some(1.into()), ..Default::default() };
    assert_eq!(line(&[1.0, 2.0, 3.0, 10.0]).avg_pool1d(3, thirds).slice(), [2.0, 5.0]);
    assert_eq!(line(&[7.0; 7]).adaptive_avg_pool1d(3).slice(), [7.0; 3]);
}

#[test]
fn a_kernel_beyond_all_bounds_is_a_number_too() {
    let up = LpPoolOptions { ceil_mode: true, ..Default::default() };
    let y = Tensor::<f64>::ones([1, 2, 2]).lp_pool2d(1.0, [usize::MAX, 2], up);
    assert_eq!(y.slice(), [usize::MAX as f64 * 2.0]);
}

#[test]
fn pooling_does_not_depend_on_threads() {
    let x = Rng::new(8).uniform::<f32>([7, 19, 41, 37], -1.0, 1.0);
    same_bits(|| {
        let options = MaxPoolOptions { stride: Some([2, 1].into()), padding: 1.into(), ..Default::default() };
        [
            with_gradients("max", &[&x], |v| v[0].max_pool2d([3, 2], options.clone())),
            with_gradients("mean", &[&x], |v| v[0].avg_pool2d([3, 2], Default::default())),
            with_gradients("adaptive mean", &[&x], |v| v[0].adaptive_avg_pool2d([7, 5])),
        ]
        .concat()
    });
}

#[test]
fn a_large_pooling_agrees_with_a_search() {
    let (kernel, stride) = ([3, 2], [2, 3]);
    let x = Rng::new(9).uniform::<f64>([5, 11, 67, 59], -1.0, 1.0);
    let tape = Tape::new();
    let v = tape.var(x.clone());
    let y = v.max_pool2d(kernel, MaxPoolOptions { stride: Some(stride.into()), ..Default::default() });
    assert_eq!(y.shape().dims(), [5, 11, 33, 20]);
    let mut gradient = vec![0.0; x.shape().size()];
    for (i, &found) in y.tensor().slice().iter().enumerate() {
        let (channel, r, c) = (i / 660, i / 20 % 33, i % 20);
        let seen = (0..6).map(|k| (channel * 67 + r * 2 + k / 2) * 59 + c * 3 + k % 2);
        let best = seen.fold(None, |best: Option<usize>, at| match best {
            Some(best) if x.slice()[best] >= x.slice()[at] => Some(best),
            _ => Some(at),
        });
        assert_eq!(found, x.slice()[best.unwrap()]);
        gradient[best.unwrap()] += 1.0;
    }
    assert_eq!(y.sum().backward().wrt(&v).slice(), gradient);
}

#[test]
fn what_pooling_refuses_names_op_and_shape() {
    let x = Tensor::<f64>::ones([2, 3, 5, 6]);
    let plain = MaxPoolOptions::default;
    let cases = [
        (
            refused(|| x.max_pool2d([6, 2], plain())),
            "gradtape: max_pool2d: there is no place for a kernel of 6 with dilation 1, over 5 padded by 0, for [2, 3, 5, 6]",
        ),
        (
            refused(|| x.max_pool2d(2, MaxPoolOptions { padding: 2.into(), ..plain() })),
            "gradtape: max_pool2d: the padding is more than half of a kernel of 2 with dilation 1, over 5 padded by 2, for [2, 3, 5, 6]",
        ),
        (
            refused(|| x.max_pool2d(2, MaxPoolOptions { stride: Some(0.into()), ..plain() })),
            "gradtape: max_pool2d: a 0 among kernel 2, stride 0 and dilation 1 for [2, 3, 5, 6]",
        ),
        (
            refused(|| {
                let (most, half) = (usize::MAX, PerAxis::from(usize::MAX / 2));
                x.max_pool2d([most, 2], MaxPoolOptions { padding: half, ..plain() })
            }),
            "gradtape: max_pool2d: too far reaches a kernel of 18446744073709551615 with dilation 1, over 5 padded by 9223372036854775807, for [2, 3, 5, 6]",
        ),
        (
            refused(|| x.adaptive_avg_pool2d(usize::MAX)),
            "gradtape: adaptive_avg_pool2d: 18446744073709551615 places are more than memory can hold for [2, 3, 5, 6]",
        ),
        (
            refused(|| x.adaptive_max_pool2d([5, usize::MAX])),
            "gradtape: adaptive_max_pool2d: 18446744073709551615 places are more than memory can hold for [2, 3, 5, 6]",
        ),
        (
            refused(|| x.max_pool2d([2, 2, 2], plain())),
            "gradtape: max_pool2d: kernel [2, 2, 2] for 2 axes for [2, 3, 5, 6]",
        ),
        (
            refused(|| x.max_pool1d(2, plain())),
            "gradtape: max_pool1d: needs [batch, channels] or [channels] and 1 axes, not [2, 3, 5, 6]",
        ),
        (
            refused(|| x.avg_pool2d(2, AvgPoolOptions { divisor_override: Some(0), ..Default::default() })),
            "gradtape: avg_pool2d: a divisor of 0 for [2, 3, 5, 6]",
        ),
        (
            refused(|| Tensor::<f64>::ones([1, 0]).adaptive_max_pool1d(2)),
            "gradtape: adaptive_max_pool1d: 2 windows see nothing of an axis without elements for [1, 0]",
        ),
        (
            refused(|| x.lp_pool2d(0.0, 2, Default::default())),
            "gradtape: lp_pool2d: a norm of 0, for [2, 3, 5, 6]",
        ),
        (
            refused(|| line(&[1.0]).max_unpool1d(&[2].into(), 2, Default::default())),
            "gradtape: max_unpool1d: indices of [1] for elements of [1, 1]",
        ),
        (
            refused(|| {
                let beyond = gradtape::ops::Indices::new(vec![2], [1, 1]);
                line(&[1.0]).max_unpool1d(&beyond, 2, Default::default())
            }),
            "gradtape: max_unpool1d: index 2 is out of range for [2], for [1, 1]",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}
