use crate::table::{Case, with_index};
use gradtape::ops::{AvgPoolOptions, LpPoolOptions, MaxPoolOptions, MaxUnpoolOptions};
use gradtape::{Interp, Value};

type Max = MaxPoolOptions;
type Average = AvgPoolOptions;

fn there_and_back<I: Interp>(x: &Value<I>) -> Value<I> {
    let (y, places) = x.max_pool2d_with_indices(2, Max::default());
    let output_size = Some([5, 6].into());
    y.sin().max_unpool2d(&places, 2, MaxUnpoolOptions { output_size, ..Default::default() })
}

pub(crate) const CASES: &[Case] = &[
    ("max_pool1d", |x, _| with_index(x[0].max_pool1d_with_indices(2, Max::default()))),
    ("max_pool1d ceil", |x, _| {
        let (stride, padding) = (Some(2.into()), 1.into());
        vec![x[0].max_pool1d(3, Max { stride, padding, ceil_mode: true, ..Max::default() })]
    }),
    ("max_pool2d", |x, _| with_index(x[0].max_pool2d_with_indices([2, 3], Max::default()))),
    ("max_pool2d overlapping", |x, _| {
        let options = Max { stride: Some([1, 2].into()), padding: 1.into(), ..Max::default() };
        with_index(x[0].max_pool2d_with_indices(3, options))
    }),
    ("max_pool2d dilation", |x, _| {
        let options = Max { stride: Some(2.into()), dilation: [2, 3].into(), ..Max::default() };
        with_index(x[0].max_pool2d_with_indices(2, options))
    }),
    ("max_pool2d ceil", |x, _| vec![x[0].max_pool2d([2, 4], Max { ceil_mode: true, ..Max::default() })]),
    ("max_pool2d one", |x, _| vec![x[0].max_pool2d(2, Max::default())]),
    ("max_pool3d", |x, _| {
        with_index(x[0].max_pool3d_with_indices(2, Max { stride: Some(1.into()), ..Max::default() }))
    }),
    ("max_unpool2d", |x, _| vec![there_and_back(&x[0])]),
    ("adaptive_max_pool1d", |x, _| with_index(x[0].adaptive_max_pool1d(3))),
    ("adaptive_max_pool2d", |x, _| with_index(x[0].adaptive_max_pool2d([3, 4]))),
    ("avg_pool1d", |x, _| vec![x[0].avg_pool1d(3, Average { stride: Some(2.into()), ..Average::default() })]),
    ("avg_pool2d", |x, _| vec![x[0].avg_pool2d([2, 3], Average::default())]),
    ("avg_pool2d padding", |x, _| {
        let options = Average { stride: Some(2.into()), padding: 1.into(), ..Average::default() };
        vec![x[0].avg_pool2d(3, options)]
    }),
    ("avg_pool2d not counted", |x, _| {
        let (stride, padding) = (Some(2.into()), 1.into());
        let options = Average { stride, padding, count_include_pad: false, ..Average::default() };
        vec![x[0].avg_pool2d(3, options)]
    }),
    ("avg_pool2d ceil", |x, _| {
        let options = Average { stride: Some([3, 4].into()), ceil_mode: true, ..Average::default() };
        vec![x[0].avg_pool2d([2, 4], options)]
    }),
    ("avg_pool2d ceil padding", |x, _| {
        let options = Average { padding: [1, 2].into(), ceil_mode: true, ..Average::default() };
        vec![x[0].avg_pool2d([2, 4], options)]
    }),
    ("avg_pool2d divisor", |x, _| {
        vec![x[0].avg_pool2d(2, Average { divisor_override: Some(3), ..Average::default() })]
    }),
    ("avg_pool3d", |x, _| vec![x[0].avg_pool3d(2, Average { stride: Some(1.into()), ..Average::default() })]),
    ("adaptive_avg_pool1d", |x, _| vec![x[0].adaptive_avg_pool1d(4)]),
    ("adaptive_avg_pool2d", |x, _| vec![x[0].adaptive_avg_pool2d([3, 4])]),
    ("adaptive_avg_pool3d", |x, _| vec![x[0].adaptive_avg_pool3d([3, 2, 2])]),
    ("lp_pool1d 3", |x, _| vec![x[0].lp_pool1d(3.0, 2, LpPoolOptions::default())]),
    ("lp_pool2d 2", |x, _| {
        let stride = Some([1, 2].into());
        vec![x[0].lp_pool2d(2.0, [2, 3], LpPoolOptions { stride, ..Default::default() })]
    }),
    ("lp_pool2d ceil", |x, _| {
        vec![x[0].lp_pool2d(2.0, [2, 4], LpPoolOptions { ceil_mode: true, ..Default::default() })]
    }),
];
