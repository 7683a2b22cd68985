use crate::table::Case;
use gradtape::Var;
use gradtape::ops::Range;

pub(crate) const CASES: &[Case] = &[
    ("reshape", |x, _| vec![x[0].reshape([4, 6])]),
    ("permute", |x, _| vec![x[0].permute(&[2, 0, 1])]),
    ("transpose", |x, _| vec![x[0].transpose(0, -1)]),
    ("slice", |x, _| {
        let every_second = Range { start: 0, count: 2, step: 2 };
        vec![x[0].slice_ranges(&[(1..2).into(), every_second, (1..3).into()])]
    }),
    ("slice backwards", |x, _| {
        let backwards = |count, start| Range { start, count, step: -1 };
        vec![x[0].slice_ranges(&[(0..2).into(), backwards(2, 2), backwards(4, 3)])]
    }),
    ("concat", |x, _| vec![Var::concat(&[&x[0], &x[1]], 1)]),
    ("concat -1", |x, _| vec![Var::concat(&[&x[0], &x[1], &x[2]], -1)]),
    ("split", |x, _| x[0].split(&[1, 3], 2)),
    ("unsqueeze", |x, _| vec![x[0].unsqueeze(-2)]),
    ("squeeze", |x, _| vec![x[0].squeeze(1)]),
    ("flatten", |x, _| vec![x[0].flatten(1, 2)]),
    ("movedim", |x, _| vec![x[0].movedim(0, 2)]),
    ("narrow", |x, _| vec![x[0].narrow(-1, 1, 2)]),
    ("flip", |x, _| vec![x[0].flip(&[0, 2])]),
    ("stack", |x, _| vec![Var::stack(&[&x[0], &x[1]], 1)]),
    ("unbind", |x, _| x[0].unbind(1)),
    ("chunk", |x, _| x[0].chunk(2, 1)),
];
