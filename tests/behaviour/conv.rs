//! Convolutions large enough for the tiled path, on any number of threads, and what they refuse.

use crate::misuse::refused;
use crate::threads::{same_bits, with_gradients};
use gradtape::ops::{ConvOptions, ConvTransposeOptions, Padding};
use gradtape::random::Rng;
use gradtape::{Tape, Tensor};

/// Small integers, of which every order of summation is exact.
fn integers(dims: &[usize], from: usize) -> Tensor<f64> {
    Tensor::from_fn(dims, |i| ((i * 7 + i / 11 + from) % 9) as f64 - 4.0)
}

/// How a kernel of two axes slides, as plain numbers.
struct Case {
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 2],
    groups: usize,
}

impl Case {
    fn options(&self) -> ConvOptions {
        let &Case { stride, dilation, padding, groups } = self;
        ConvOptions { stride: stride.into(), dilation: dilation.into(), padding: padding.into(), groups }
    }

    /// By the definition: y, and the gradients of Σ dy · y in x and in w.
    fn naive(&self, x: &Tensor<f64>, w: &Tensor<f64>, dy: &Tensor<f64>) -> [Vec<f64>; 3] {
        let (xs, ws, ys) = (x.shape(), w.shape(), dy.shape());
        let (mut y, mut dx, mut dw) = (vec![0.0; ys.size()], vec![0.0; xs.size()], vec![0.0; ws.size()]);
        let outputs = ws[0] / self.groups;
        for (at_y, y) in y.iter_mut().enumerate() {
            let (b, o) = (at_y / (ys[1] * ys[2] * ys[3]), at_y / (ys[2] * ys[3]) % ys[1]);
            let place = [at_y / ys[3] % ys[2], at_y % ys[3]];
            for k in 0..ws[1] * ws[2] * ws[3] {
                let (c, tap) = (k / (ws[2] * ws[3]), [k / ws[3] % ws[2], k % ws[3]]);
                let seen = |axis: usize| {
                    let at = place[axis] * self.stride[axis] + tap[axis] * self.dilation[axis];
                    at.checked_sub(self.padding[axis]).filter(|&at| at < xs[axis + 2])
                };
                let (Some(r), Some(s)) = (seen(0), seen(1)) else { continue };
                let at_x = ((b * xs[1] + o / outputs * ws[1] + c) * xs[2] + r) * xs[3] + s;
                let at_w = o * ws[1] * ws[2] * ws[3] + k;
                *y += x.slice()[at_x] * w.slice()[at_w];
                dx[at_x] += dy.slice()[at_y] * w.slice()[at_w];
                dw[at_w] += dy.slice()[at_y] * x.slice()[at_x];
            }
        }
        [y, dx, dw]
    }

    fn check(&self, x: &Tensor<f64>, w: &Tensor<f64>) {
        let tape = Tape::new();
        let (vx, vw) = (tape.var(x.clone()), tape.var(w.clone()));
        let y = vx.conv2d(&vw, None, self.options());
        let dy = integers(y.shape(), 5);
        let [want_y, want_dx, want_dw] = self.naive(x, w, &dy);
        let of = format!("{:?} of {} by {}", self.options(), x.shape(), w.shape());
        assert!(y.tensor().slice() == want_y, "value: {of}");
        let gradients = y.backward_with(dy);
        assert!(gradients.wrt(&vx).slice() == want_dx, "gradient of x: {of}");
        assert!(gradients.wrt(&vw).slice() == want_dw, "gradient of w: {of}");
    }
}

#[test]
fn every_combination_of_options_agrees_with_the_definition() {
    for stride in [[1, 1], [2, 1], [1, 3], [2, 3]] {
        for dilation in [[1, 1], [1, 2], [3, 2]] {
            for padding in [[0, 0], [1, 2], [3, 0]] {
                for groups in [1, 3] {
                    let case = Case { stride, dilation, padding, groups };
                    case.check(&integers(&[2, 6, 13, 17], 1), &integers(&[3, 6 / groups, 3, 2], 2));
                }
            }
        }
    }
}

#[test]
fn tiles_and_blocks_of_channels_agree_with_the_definition() {
    let plain = |padding, groups| Case { stride: [1, 1], dilation: [1, 1], padding, groups };
    // More rows of patches than one product takes, and more places than one tile.
    plain([1, 0], 1).check(&integers(&[1, 70, 9, 41], 1), &integers(&[4, 70, 2, 3], 2));
    plain([0, 2], 2).check(&integers(&[3, 130, 7, 11], 3), &integers(&[2, 65, 3, 2], 4));
    // One line that is cut into tiles, and one channel with a long kernel.
    plain([0, 0], 1).check(&integers(&[2, 2, 1, 5000], 1), &integers(&[3, 2, 1, 9], 2));
    plain([0, 7], 1).check(&integers(&[1, 1, 1, 1100], 1), &integers(&[2, 1, 1, 300], 2));
    // 1 × 1: straight to the product; and with a stride, not.
    plain([0, 0], 1).check(&integers(&[2, 300, 5, 7], 1), &integers(&[4, 300, 1, 1], 2));
    Case { stride: [2, 3], ..plain([0, 0], 2) }
        .check(&integers(&[2, 8, 9, 7], 1), &integers(&[4, 4, 1, 1], 2));
    // A padding that whole windows lie in.
    plain([4, 5], 1).check(&integers(&[1, 2, 3, 2], 1), &integers(&[2, 2, 2, 3], 2));
}

#[test]
fn convolutions_do_not_depend_on_threads() {
    let draw = Rng::new(7);
    let numbers = |dims: &[usize]| draw.uniform::<f32>(dims, -1.0, 1.0);
    let (many, one) = (numbers(&[19, 16, 15, 14]), numbers(&[1, 16, 40, 38]));
    let (w, b) = (numbers(&[32, 16, 3, 3]), numbers(&[32]));
    let grouped = numbers(&[32, 8, 3, 3]);
    same_bits(|| {
        let halves = ConvOptions { groups: 2, padding: Padding::Same, ..Default::default() };
        let plain = ConvOptions::default;
        [
            with_gradients("a batch", &[&many, &w, &b], |v| v[0].conv2d(&v[1], v.get(2), plain())),
            with_gradients("one image", &[&one, &w], |v| v[0].conv2d(&v[1], None, plain())),
            with_gradients("groups", &[&many, &grouped], |v| v[0].conv2d(&v[1], None, halves.clone())),
            with_gradients(
                "transposed",
                &[&many, &w.slice_ranges(&[(0..16).into(), (0..16).into(), (0..3).into(), (0..3).into()])],
                |v| v[0].conv_transpose2d(&v[1], None, ConvTransposeOptions::default()),
            ),
        ]
        .concat()
    });
}

#[test]
fn candle_3735_conv_with_a_transposed_kernel() {
    let x = integers(&[2, 3, 7, 8], 1);
    let stored = integers(&[3, 2, 5, 3], 2); // [height, width, inputs, outputs], say
    let w = stored.permute([2, 3, 1, 0]).slice_ranges(&[
        (0..5).into(),
        (0..3).into(),
        (0..2).into(),
        (0..3).into(),
    ]);
    let case = Case { stride: [1, 2], dilation: [1, 1], padding: [1, 0], groups: 1 };
    case.check(&x, &w);
    // The same kernel through a strided view, and through the op, with the gradient back in its layout.
    let view = stored.view().permuted_axes(vec![2, 3, 1, 0]);
    assert_eq!(x.conv2d(&Tensor::from(view), None, case.options()), x.conv2d(&w, None, case.options()));
    let tape = Tape::new();
    let kernel = tape.var(stored.clone());
    let y = tape.constant(x.clone()).conv2d(&kernel.permute([2, 3, 1, 0]), None, case.options());
    let dy = integers(y.shape(), 3);
    let [_, _, dw] = case.naive(&x, &w, &dy);
    let want = Tensor::new(dw, w.shape()).permute([3, 2, 0, 1]);
    assert_eq!(y.backward_with(dy).wrt(&kernel), &want);
}

#[test]
fn what_convolutions_refuse_names_op_and_shapes() {
    let ones = |dims: &[usize]| Tensor::<f64>::ones(dims);
    let (x, w) = (ones(&[2, 4, 6, 7]), ones(&[4, 4, 3, 3]));
    let conv = |options: ConvOptions| x.conv2d(&w, None, options);
    let plain = ConvOptions::default;
    let cases = [
        (
            refused(|| x.conv2d(&ones(&[4, 3, 3, 3]), None, plain())),
            "gradtape: conv2d: 4 channels of [2, 4, 6, 7] for 1 groups of 3 in [4, 3, 3, 3]",
        ),
        (
            refused(|| x.conv2d(&ones(&[3, 2, 3, 3]), None, ConvOptions { groups: 2, ..plain() })),
            "gradtape: conv2d: 2 groups do not divide the 3 outputs of [3, 2, 3, 3]",
        ),
        (
            refused(|| x.conv2d(&ones(&[4, 4, 7, 3]), None, plain())),
            "gradtape: conv2d: a kernel of [7, 3] with dilation [1, 1] does not fit [6, 7] padded by [[0, 0], [0, 0]]",
        ),
        (
            refused(|| conv(ConvOptions { stride: [1, 0].into(), ..plain() })),
            "gradtape: conv2d: stride [1, 0] has a 0, over axes of [6, 7]",
        ),
        (
            refused(|| conv(ConvOptions { stride: [1, 2, 3].into(), ..plain() })),
            "gradtape: conv2d: stride [1, 2, 3] for 2 axes for [2, 4, 6, 7]",
        ),
        (
            refused(|| conv(ConvOptions { stride: 2.into(), padding: Padding::Same, ..plain() })),
            "gradtape: conv2d: padding to the same size needs stride 1, not [2, 2] for [2, 4, 6, 7]",
        ),
        (
            refused(|| {
                let dilation = [1, usize::MAX / 2].into();
                conv(ConvOptions { dilation, padding: Padding::Same, ..plain() })
            }),
            "gradtape: conv2d: too far reaches a kernel of [3, 3] with dilation [1, 9223372036854775807] for [2, 4, 6, 7]",
        ),
        (
            refused(|| x.conv1d(&ones(&[4, 4, 3]), None, plain())),
            "gradtape: conv1d: needs [batch, channels] or [channels] and 1 axes, not [2, 4, 6, 7]",
        ),
        (
            refused(|| x.conv2d(&ones(&[4, 4, 3]), None, plain())),
            "gradtape: conv2d: needs [batch, channels, sizes..] and [outputs, channels, kernel..], not [2, 4, 6, 7] and [4, 4, 3]",
        ),
        (
            refused(|| x.conv2d(&w, Some(&ones(&[5])), plain())),
            "gradtape: conv2d: a bias of [5] for the 4 outputs of [4, 4, 3, 3]",
        ),
        (
            refused(|| x.conv_transpose2d(&ones(&[3, 4, 3, 3]), None, Default::default())),
            "gradtape: conv_transpose2d: needs [batch, outputs, places..] and [outputs, channels, kernel..], not [2, 4, 6, 7] and [3, 4, 3, 3]",
        ),
        (
            refused(|| {
                let options = ConvTransposeOptions { output_padding: 1.into(), ..Default::default() };
                x.conv_transpose2d(&w, None, options)
            }),
            "gradtape: conv_transpose2d: output padding [1, 1] is not less than stride [1, 1] or dilation [1, 1] for [2, 4, 6, 7]",
        ),
        (
            refused(|| {
                let options = ConvTransposeOptions { padding: [4, 0].into(), ..Default::default() };
                x.conv_transpose2d(&w, None, options)
            }),
            "gradtape: conv_transpose2d: nothing is left of [6, 7] for a kernel of [3, 3] for [2, 4, 6, 7]",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}
