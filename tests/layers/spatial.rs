//! The layers of `fixtures/layers.py` for signals, images and volumes.

use crate::Make;
use gradtape::nn::*;
use gradtape::ops::{AvgPoolOptions, ConvTransposeOptions, MaxPoolOptions, PadMode, Padding};

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
];
