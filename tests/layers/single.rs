//! The layers of `fixtures/layers.py` that know neither space nor time.

use crate::{Make, run};
use gradtape::nn::*;

/// Layers of single samples, without axes of space or time.
pub(crate) const LAYERS: &[(&str, Make)] = &[
    ("linear", |p| Box::new(Linear::new(p, 3, 4))),
    ("linear_without_bias", |p| Box::new(Linear::without_bias(p, 3, 4))),
    ("bilinear", |p| {
        let layer = Bilinear::new(p, [2, 3], 4);
        run(move |cx, x| vec![layer.forward(cx, &x[0], &x[1])])
    }),
    ("batch_norm1d", |p| Box::new(BatchNorm1d::new(p, 3))),
    ("batch_norm1d_length", |p| {
        let options = BatchNormOptions { eps: 1e-2, momentum: None, ..Default::default() };
        Box::new(BatchNorm1d::with(p, 2, options))
    }),
    ("batch_norm2d", |p| {
        let options = BatchNormOptions { momentum: Some(0.3), affine: false, ..Default::default() };
        Box::new(BatchNorm2d::with(p, 2, options))
    }),
    ("batch_norm2d_of_the_batch", |p| {
        let options = BatchNormOptions { track_running_stats: false, ..Default::default() };
        Box::new(BatchNorm2d::with(p, 2, options))
    }),
    ("batch_norm3d", |p| {
        Box::new(BatchNorm3d::with(p, 2, BatchNormOptions { bias: false, ..Default::default() }))
    }),
    ("layer_norm", |p| Box::new(LayerNorm::new(p, [3, 4]))),
    ("layer_norm_without_bias", |p| {
        let options = LayerNormOptions { eps: 1e-3, bias: false, ..Default::default() };
        Box::new(LayerNorm::with(p, [4], options))
    }),
    ("rms_norm", |p| Box::new(RmsNorm::new(p, [4]))),
    ("rms_norm_plain", |p| {
        Box::new(RmsNorm::with(p, [3, 4], RmsNormOptions { eps: Some(1e-2), elementwise_affine: false }))
    }),
    ("group_norm", |p| Box::new(GroupNorm::new(p, 2, 4))),
    ("group_norm_without_bias", |p| {
        let options = GroupNormOptions { eps: 1e-2, bias: false, ..Default::default() };
        Box::new(GroupNorm::with(p, 1, 3, options))
    }),
    ("instance_norm3d", |p| {
        let options = InstanceNormOptions { affine: true, bias: false, ..Default::default() };
        Box::new(InstanceNorm3d::with(p, 2, options))
    }),
    ("instance_norm1d", |p| Box::new(InstanceNorm1d::new(p, 2))),
    ("instance_norm2d", |p| {
        let options = InstanceNormOptions { affine: true, track_running_stats: true, ..Default::default() };
        Box::new(InstanceNorm2d::with(p, 2, options))
    }),
    ("flatten", |_| Box::new(Flatten)),
    ("flatten_axes", |_| Box::new(FlattenAxes(0, -2))),
    ("unflatten", |_| Box::new(Unflatten::new(1, [2, 3]))),
    ("relu", |_| Box::new(Relu)),
    ("relu6", |_| Box::new(Relu6)),
    ("tanh", |_| Box::new(Tanh)),
    ("sigmoid", |_| Box::new(Sigmoid)),
    ("log_sigmoid", |_| Box::new(LogSigmoid)),
    ("gelu", |_| Box::new(Gelu)),
    ("gelu_tanh", |_| Box::new(GeluTanh)),
    ("silu", |_| Box::new(Silu)),
    ("mish", |_| Box::new(Mish)),
    ("selu", |_| Box::new(Selu)),
    ("hardsigmoid", |_| Box::new(Hardsigmoid)),
    ("hardswish", |_| Box::new(Hardswish)),
    ("softsign", |_| Box::new(Softsign)),
    ("tanhshrink", |_| Box::new(Tanhshrink)),
    ("softmax", |_| Box::new(Softmax::default())),
    ("softmin", |_| Box::new(Softmin::default())),
    ("log_softmax", |_| Box::new(LogSoftmax::default())),
    ("glu", |_| Box::new(Glu::default())),
    ("softmax_along", |_| Box::new(Softmax(1))),
    ("softmin_along", |_| Box::new(Softmin(0))),
    ("log_softmax_along", |_| Box::new(LogSoftmax(-2))),
    ("glu_along", |_| Box::new(Glu(0))),
    ("identity", |_| Box::new(Identity)),
    ("leaky_relu", |_| Box::new(LeakyRelu::default())),
    ("elu", |_| Box::new(Elu::default())),
    ("celu", |_| Box::new(Celu { alpha: 0.5 })),
    ("softplus", |_| Box::new(Softplus { beta: 2.0 })),
    ("hardshrink", |_| Box::new(Hardshrink::default())),
    ("softshrink", |_| Box::new(Softshrink::default())),
    ("hardtanh", |_| Box::new(Hardtanh { min_val: -0.5, max_val: 1.5 })),
    ("threshold", |_| Box::new(Threshold { threshold: 0.2, value: -1.0 })),
    ("prelu", |p| Box::new(Prelu::new(p, 1))),
    ("prelu_channels", |p| Box::new(Prelu::new(p, 3))),
    ("rrelu", |_| Box::new(Rrelu::default())),
];
