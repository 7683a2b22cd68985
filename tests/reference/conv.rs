use crate::table::Case;
use gradtape::Var;
use gradtape::ops::{ConvOptions, ConvTransposeOptions, Padding};

type Options = ConvOptions;
type Transposed = ConvTransposeOptions;

fn conv1d<'t>(x: &[Var<'t, f64>], options: Options) -> Vec<Var<'t, f64>> {
    vec![x[0].conv1d(&x[1], x.get(2), options)]
}

fn conv2d<'t>(x: &[Var<'t, f64>], options: Options) -> Vec<Var<'t, f64>> {
    vec![x[0].conv2d(&x[1], x.get(2), options)]
}

fn conv_transpose2d<'t>(x: &[Var<'t, f64>], options: Transposed) -> Vec<Var<'t, f64>> {
    vec![x[0].conv_transpose2d(&x[1], x.get(2), options)]
}

pub(crate) const CASES: &[Case] = &[
    ("conv1d", |x, _| conv1d(x, Options::default())),
    ("conv1d all options", |x, _| {
        let padding = Padding::from(3);
        conv1d(x, Options { stride: 2.into(), padding, dilation: 2.into(), groups: 2 })
    }),
    ("conv1d one", |x, _| conv1d(x, Options::default())),
    ("conv2d", |x, _| conv2d(x, Options::default())),
    ("conv2d stride", |x, _| conv2d(x, Options { stride: [2, 3].into(), ..Options::default() })),
    ("conv2d padding", |x, _| conv2d(x, Options { padding: [1, 2].into(), ..Options::default() })),
    ("conv2d dilation", |x, _| conv2d(x, Options { dilation: [2, 3].into(), ..Options::default() })),
    ("conv2d groups", |x, _| conv2d(x, Options { groups: 2, ..Options::default() })),
    ("conv2d depthwise", |x, _| conv2d(x, Options { groups: 4, padding: 1.into(), ..Options::default() })),
    ("conv2d all options", |x, _| {
        let (stride, dilation) = ([3, 2].into(), [2, 1].into());
        conv2d(x, Options { stride, padding: [2, 1].into(), dilation, groups: 2 })
    }),
    ("conv2d same", |x, _| {
        conv2d(x, Options { padding: Padding::Same, dilation: [1, 2].into(), ..Options::default() })
    }),
    ("conv2d pointwise", |x, _| conv2d(x, Options::default())),
    ("conv3d", |x, _| {
        let options = Options { stride: [1, 2, 1].into(), padding: [1, 0, 1].into(), ..Options::default() };
        vec![x[0].conv3d(&x[1], x.get(2), options)]
    }),
    ("conv_transpose1d", |x, _| vec![x[0].conv_transpose1d(&x[1], x.get(2), Transposed::default())]),
    ("conv_transpose1d all options", |x, _| {
        let (stride, padding, output_padding) = (3.into(), 1.into(), 2.into());
        let options = Transposed { stride, padding, output_padding, groups: 2, dilation: 2.into() };
        vec![x[0].conv_transpose1d(&x[1], x.get(2), options)]
    }),
    ("conv_transpose2d", |x, _| conv_transpose2d(x, Transposed::default())),
    ("conv_transpose2d stride", |x, _| {
        let (stride, padding, output_padding) = (2.into(), 1.into(), 1.into());
        conv_transpose2d(x, Transposed { stride, padding, output_padding, ..Transposed::default() })
    }),
    ("conv_transpose2d groups", |x, _| {
        conv_transpose2d(x, Transposed { stride: [3, 2].into(), groups: 2, ..Transposed::default() })
    }),
    ("conv_transpose3d", |x, _| {
        let options = Transposed { stride: [2, 1, 2].into(), ..Transposed::default() };
        vec![x[0].conv_transpose3d(&x[1], x.get(2), options)]
    }),
];
