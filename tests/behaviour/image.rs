//! Patches and interpolation: on any number of threads, and what they refuse.

use crate::misuse::refused;
use crate::threads::{same_bits, with_gradients};
use gradtape::Tensor;
use gradtape::ops::{InterpolateOptions, Interpolation, PatchOptions, Resize};
use gradtape::random::Rng;

#[test]
fn patches_and_interpolation_do_not_depend_on_threads() {
    let x = Rng::new(4).uniform::<f32>([13, 5, 31, 29], -1.0, 1.0);
    same_bits(|| {
        let cubic = InterpolateOptions { mode: Interpolation::Cubic, ..Default::default() };
        let patches = with_gradients("im2col", &[&x], |v| v[0].im2col([3, 2], Default::default()));
        let columns = patches[0].1.clone();
        [
            patches,
            with_gradients("col2im", &[&columns], |v| v[0].col2im([31, 29], [3, 2], Default::default())),
            with_gradients("bicubic", &[&x], |v| v[0].interpolate(Resize::To([40, 23].into()), cubic)),
        ]
        .concat()
    });
}

#[test]
fn what_images_refuse_names_op_and_shape() {
    let x = Tensor::<f64>::ones([1, 3, 4, 5]);
    let plain = InterpolateOptions::default;
    let cases = [
        (
            refused(|| x.im2col([5, 1], Default::default())),
            "gradtape: im2col: a kernel of [5, 1] with dilation [1, 1] does not fit [4, 5] padded by [[0, 0], [0, 0]]",
        ),
        (
            refused(|| x.interpolate(Resize::By(vec![1e300]), plain())),
            "gradtape: interpolate: 18446744073709551615 places are more than memory can hold for [1, 3, 4, 5]",
        ),
        (
            refused(|| Tensor::<f64>::ones([0, 1 << 40, 4]).pixel_shuffle(1 << 31)),
            "gradtape: pixel_shuffle: [0, 1099511627776, 4] grown by 2147483648 is more than memory can hold",
        ),
        (
            refused(|| Tensor::<f64>::ones([3, 0, 0]).pixel_unshuffle(usize::MAX)),
            "gradtape: pixel_unshuffle: 18446744073709551615² times the channels of [3, 0, 0] is more than memory can hold",
        ),
        (
            refused(|| x.im2col(2, PatchOptions { stride: 0.into(), ..Default::default() })),
            "gradtape: im2col: stride [0, 0] has a 0, over axes of [4, 5]",
        ),
        (
            refused(|| x.reshape([12, 5]).im2col(2, Default::default())),
            "gradtape: im2col: needs [batch, channels] or [channels] and 2 axes, not [12, 5]",
        ),
        (
            refused(|| x.reshape([12, 5]).col2im([4, 3], [2, 2], Default::default())),
            "gradtape: col2im: needs [batch, channels · 4, 6], not [1, 12, 5]",
        ),
        (
            refused(|| {
                let sparse = PatchOptions { stride: [1 << 59, 1].into(), ..Default::default() };
                Tensor::<f64>::ones([1, 4, 8]).col2im([1 << 62, 1 << 62], [2, 2], sparse)
            }),
            "gradtape: col2im: needs [batch, channels · 4, 18446744073709551615], not [1, 4, 8]",
        ),
        (
            refused(|| x.pixel_shuffle(2)),
            "gradtape: pixel_shuffle: 2² does not divide the 3 channels of [1, 3, 4, 5]",
        ),
        (
            refused(|| x.pixel_unshuffle(2)),
            "gradtape: pixel_unshuffle: 2 does not divide height and width of [1, 3, 4, 5]",
        ),
        (
            refused(|| x.interpolate(Resize::By(vec![0.1]), plain())),
            "gradtape: interpolate: nothing is left by By([0.1]) for [1, 3, 4, 5]",
        ),
        (
            refused(|| x.interpolate(Resize::By(vec![-1.0]), plain())),
            "gradtape: interpolate: a factor of -1 for [1, 3, 4, 5]",
        ),
        (
            refused(|| x.interpolate(Resize::To([2, 2, 2].into()), plain())),
            "gradtape: interpolate: size [2, 2, 2] for 2 axes for [1, 3, 4, 5]",
        ),
        (
            refused(|| {
                let corners = InterpolateOptions { align_corners: true, ..plain() };
                x.interpolate(Resize::To(2.into()), corners)
            }),
            "gradtape: interpolate: align_corners is for linear and cubic, not Nearest for [1, 3, 4, 5]",
        ),
        (
            refused(|| Tensor::<f64>::ones([1, 1, 0]).interpolate(Resize::To(2.into()), plain())),
            "gradtape: interpolate: there is nothing between no elements for [1, 1, 0]",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}
