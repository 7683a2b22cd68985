use crate::table::{Case, with_index};

pub(crate) const CASES: &[Case] = &[
    ("prod", |x, _| vec![x[0].prod()]),
    ("prod 1", |x, _| vec![x[0].prod_axes(1, false)]),
    ("prod -1 kept", |x, _| vec![x[0].prod_axes(-1, true)]),
    ("prod one zero", |x, _| vec![x[0].prod()]),
    ("prod two zeros", |x, _| vec![x[0].prod()]),
    ("prod of nothing", |x, _| vec![x[0].prod()]),
    ("scans of a number", |x, _| {
        vec![x[0].cumsum(0), x[0].cumprod(-1), x[0].logcumsumexp(0), x[0].cummax(-1).0]
    }),
    ("cumprod 0", |x, _| vec![x[0].cumprod(0)]),
    ("cumprod -1", |x, _| vec![x[0].cumprod(-1)]),
    ("cumprod zeros", |x, _| vec![x[0].cumprod(1)]),
    ("cummax", |x, _| with_index(x[0].cummax(1))),
    ("cummax of equals", |x, _| with_index(x[0].cummax(0))),
    ("cummin", |x, _| with_index(x[0].cummin(-1))),
    ("cummin of equals", |x, _| with_index(x[0].cummin(0))),
    ("logcumsumexp", |x, _| vec![x[0].logcumsumexp(1)]),
    ("logcumsumexp far", |x, _| vec![x[0].logcumsumexp(0)]),
    ("logcumsumexp -inf", |x, _| vec![x[0].logcumsumexp(0)]),
    ("linear_scan", |x, _| vec![x[0].linear_scan(&x[1], -1)]),
    ("diff", |x, _| vec![x[0].diff(1, -1, None, None)]),
    ("diff 2 0", |x, _| vec![x[0].diff(2, 1, None, None)]),
    ("diff with both", |x, _| vec![x[0].diff(1, 1, Some(&x[1]), Some(&x[2]))]),
];
