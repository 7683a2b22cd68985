//! The layers of `fixtures/layers.py` for signals, images and volumes.

use crate::Make;
use gradtape::nn::*;
use gradtape::ops::{
    AvgPoolOptions, ConvTransposeOptions, InterpolateOptions, Interpolation, MaxPoolOptions, PadMode,
    Padding, PatchOptions, Resize,
};

/// Convolutions, pools, and what else knows of space.
pub(crate) const LAYERS: &[(&str, Make)] = &[
    ("conv1d", |p| Box::new(Conv1d::new(p, 2, 3, 3))),
    ("conv1d_replicate", |p| {
        let options = Conv1dOptions {
            stride: 2.into(),
            padding: 2.into(),
            groups: 2,
            padding_mode: PadMode::Replicate,
            ..Default::default()
        };
        Box::new(Conv1d::with(p, 2, 4, 3, options))
    }),
    ("conv2d", |p| {
        let (stride, padding) = ([2, 1].into(), [1, 0].into());
        let options = Conv2dOptions { stride, padding, bias: false, ..Default::default() };
        Box::new(Conv2d::with(p, 2, 3, [2, 3], options))
    }),
    ("conv2d_reflect", |p| {
        let (padding, dilation) = ([2, 1].into(), [1, 2].into());
        let options =
            Conv2dOptions { padding, dilation, padding_mode: PadMode::Reflect, ..Default::default() };
        Box::new(Conv2d::with(p, 1, 2, 3, options))
    }),
    ("conv2d_same", |p| {
        let options =
            Conv2dOptions { padding: Padding::Same, padding_mode: PadMode::Circular, ..Default::default() };
        Box::new(Conv2d::with(p, 2, 2, [4, 3], options))
    }),
    ("conv3d", |p| {
        let options =
            Conv3dOptions { padding: 1.into(), padding_mode: PadMode::Circular, ..Default::default() };
        Box::new(Conv3d::with(p, 1, 2, 2, options))
    }),
    ("conv_transpose1d", |p| {
        let options =
            ConvTransposeOptions { stride: 2.into(), output_padding: 1.into(), ..Default::default() };
        Box::new(ConvTranspose1d::with(p, 2, 3, 3, true, options))
    }),
    ("conv_transpose2d", |p| {
        let (stride, padding) = ([2, 1].into(), 1.into());
        let options = ConvTransposeOptions { stride, padding, groups: 2, ..Default::default() };
        Box::new(ConvTranspose2d::with(p, 4, 2, 3, false, options))
    }),
    ("conv_transpose3d", |p| {
        let options = ConvTransposeOptions {
            stride: [1, 2, 1].into(),
            dilation: [1, 1, 2].into(),
            ..Default::default()
        };
        Box::new(ConvTranspose3d::with(p, 1, 2, 2, true, options))
    }),
    ("max_pool1d", |_| {
        let options = MaxPoolOptions { stride: Some(2.into()), padding: 1.into(), ..Default::default() };
        Box::new(MaxPool1d::with(3, options))
    }),
    ("max_pool2d", |_| Box::new(MaxPool2d::new([2, 3]))),
    ("avg_pool1d", |_| Box::new(AvgPool1d::new(2))),
    ("avg_pool2d", |_| {
        let (stride, padding) = (Some(2.into()), 1.into());
        let options = AvgPoolOptions { stride, padding, count_include_pad: false, ..Default::default() };
        Box::new(AvgPool2d::with(3, options))
    }),
    ("lp_pool2d", |_| Box::new(LpPool2d::new(2.0, 2))),
    ("adaptive_avg_pool1d", |_| Box::new(AdaptiveAvgPool1d::new(3))),
    ("adaptive_avg_pool2d", |_| Box::new(AdaptiveAvgPool2d::new([2, 3]))),
    ("adaptive_max_pool1d", |_| Box::new(AdaptiveMaxPool1d::new(3))),
    ("adaptive_max_pool2d", |_| Box::new(AdaptiveMaxPool2d::new(2))),
    ("global_avg_pool", |_| Box::new(GlobalAvgPool)),
    ("global_max_pool", |_| Box::new(GlobalMaxPool)),
    ("upsample", |_| Box::new(Upsample::new(Resize::By(vec![2.0])))),
    ("upsample_bilinear", |_| {
        let options =
            InterpolateOptions { mode: Interpolation::Linear, align_corners: true, ..Default::default() };
        Box::new(Upsample::with(Resize::To([5, 3].into()), options))
    }),
    ("pixel_shuffle", |_| Box::new(PixelShuffle(2))),
    ("pixel_unshuffle", |_| Box::new(PixelUnshuffle(2))),
    ("unfold", |_| {
        let (padding, stride) = ([1, 0].into(), [2, 1].into());
        Box::new(Unfold::with([2, 3], PatchOptions { padding, stride, ..Default::default() }))
    }),
    ("fold", |_| {
        let (padding, dilation) = ([0, 1].into(), [2, 1].into());
        Box::new(Fold::with(4, [2, 3], PatchOptions { padding, dilation, ..Default::default() }))
    }),
    ("zero_pad1d", |_| Box::new(ZeroPad1d([2, 1]))),
    ("zero_pad2d", |_| Box::new(ZeroPad2d([1, 2, -1, 1]))),
    ("zero_pad3d", |_| Box::new(ZeroPad3d([1, 0, 0, 1, 2, 0]))),
    ("constant_pad1d", |_| Box::new(ConstantPad1d { widths: [0, 2], value: 1.5 })),
    ("constant_pad2d", |_| Box::new(ConstantPad2d { widths: [1, 0, 2, 1], value: -0.5 })),
    ("constant_pad3d", |_| Box::new(ConstantPad3d { widths: [1, 0, 0, 1, 2, -1], value: 2.0 })),
    ("reflection_pad1d", |_| Box::new(ReflectionPad1d([2, 1]))),
    ("reflection_pad2d", |_| Box::new(ReflectionPad2d([1, 2, 2, 0]))),
    ("reflection_pad3d", |_| Box::new(ReflectionPad3d([1, 0, 0, 1, 1, 1]))),
    ("replication_pad1d", |_| Box::new(ReplicationPad1d([2, 4]))),
    ("replication_pad2d", |_| Box::new(ReplicationPad2d([1, 2, 3, 0]))),
    ("replication_pad3d", |_| Box::new(ReplicationPad3d([1, 0, 0, 1, 2, 1]))),
    ("circular_pad1d", |_| Box::new(CircularPad1d([2, 3]))),
    ("circular_pad2d", |_| Box::new(CircularPad2d([1, 2, 3, 0]))),
    ("circular_pad3d", |_| Box::new(CircularPad3d([1, 0, 0, 1, 2, 1]))),
];
