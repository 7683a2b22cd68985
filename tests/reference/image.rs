use crate::table::Case;
use gradtape::ops::{InterpolateOptions, Interpolation, PatchOptions, PerAxis, Resize};

fn mode(mode: Interpolation) -> InterpolateOptions {
    InterpolateOptions { mode, ..Default::default() }
}

fn corners(of: Interpolation) -> InterpolateOptions {
    InterpolateOptions { align_corners: true, ..mode(of) }
}

fn smoothed(of: Interpolation) -> InterpolateOptions {
    InterpolateOptions { antialias: true, ..mode(of) }
}

fn to(size: impl Into<PerAxis>) -> Resize {
    Resize::To(size.into())
}

fn by() -> Resize {
    Resize::By(vec![1.7, 2.5])
}

fn leaving() -> Resize {
    Resize::By(vec![1.1, 1.6])
}

fn apart() -> PatchOptions {
    PatchOptions { dilation: [2, 1].into(), padding: [1, 2].into(), stride: [2, 3].into() }
}

pub(crate) const CASES: &[Case] = &[
    ("im2col", |x, _| vec![x[0].im2col([2, 3], Default::default())]),
    ("im2col with all options", |x, _| vec![x[0].im2col([2, 3], apart())]),
    ("col2im", |x, _| vec![x[0].col2im([3, 4], [2, 3], Default::default())]),
    ("col2im with all options", |x, _| vec![x[0].col2im([4, 5], [2, 3], apart())]),
    ("pixel_shuffle", |x, _| vec![x[0].pixel_shuffle(2)]),
    ("pixel_unshuffle", |x, _| vec![x[0].pixel_unshuffle(2)]),
    ("interpolate nearest", |x, _| vec![x[0].interpolate(to([5, 3]), Default::default())]),
    ("interpolate nearest by a factor", |x, _| vec![x[0].interpolate(by(), Default::default())]),
    ("interpolate nearest exact", |x, _| {
        vec![x[0].interpolate(to([5, 3]), mode(Interpolation::NearestExact))]
    }),
    ("interpolate linear", |x, _| vec![x[0].interpolate(to(8), mode(Interpolation::Linear))]),
    ("interpolate bilinear", |x, _| vec![x[0].interpolate(to([5, 3]), mode(Interpolation::Linear))]),
    ("interpolate bilinear by a factor", |x, _| vec![x[0].interpolate(by(), mode(Interpolation::Linear))]),
    ("interpolate bilinear by a recomputed factor", |x, _| {
        let options = InterpolateOptions { recompute_scale_factor: true, ..mode(Interpolation::Linear) };
        vec![x[0].interpolate(by(), options)]
    }),
    ("interpolate bilinear between corners", |x, _| {
        vec![x[0].interpolate(to([5, 7]), corners(Interpolation::Linear))]
    }),
    ("interpolate trilinear", |x, _| vec![x[0].interpolate(to([3, 2, 4]), mode(Interpolation::Linear))]),
    ("interpolate bicubic", |x, _| vec![x[0].interpolate(to([5, 7]), mode(Interpolation::Cubic))]),
    ("interpolate bicubic between corners", |x, _| {
        vec![x[0].interpolate(to([5, 7]), corners(Interpolation::Cubic))]
    }),
    ("interpolate area", |x, _| vec![x[0].interpolate(to([2, 3]), mode(Interpolation::Area))]),
    ("interpolate linear by a factor that changes nothing", |x, _| {
        vec![x[0].interpolate(Resize::By(vec![1.07]), mode(Interpolation::Linear))]
    }),
    ("interpolate bilinear by a factor that leaves an axis", |x, _| {
        vec![x[0].interpolate(leaving(), mode(Interpolation::Linear))]
    }),
    ("interpolate bicubic by a factor that leaves an axis", |x, _| {
        vec![x[0].interpolate(leaving(), mode(Interpolation::Cubic))]
    }),
    ("interpolate bilinear smoothed", |x, _| {
        vec![x[0].interpolate(to([3, 4]), smoothed(Interpolation::Linear))]
    }),
    ("interpolate bicubic smoothed", |x, _| {
        vec![x[0].interpolate(to([3, 4]), smoothed(Interpolation::Cubic))]
    }),
];
