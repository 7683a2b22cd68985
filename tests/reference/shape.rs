use crate::table::Case;
use gradtape::ops::{Indexing, PadMode, Range};
use gradtape::{Axes, Var};

pub(crate) const CASES: &[Case] = &[
    ("reshape", |x, _| vec![x[0].reshape([4, 6])]),
    ("permute", |x, _| vec![x[0].permute([2, 0, 1])]),
    ("reshape -1", |x, _| vec![x[0].reshape([2, -1, 2])]),
    ("permute -1", |x, _| vec![x[0].permute([-1, 0, -2])]),
    ("expand -1", |x, _| vec![x[0].expand([5, -1, 3, -1])]),
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
    ("split by one size", |x, _| x[0].split(3, -1)),
    ("unsqueeze", |x, _| vec![x[0].unsqueeze(-2)]),
    ("squeeze", |x, _| vec![x[0].squeeze(1)]),
    ("flatten", |x, _| vec![x[0].flatten(1, 2)]),
    ("movedim", |x, _| vec![x[0].movedim(0, 2)]),
    ("narrow from behind", |x, _| vec![x[0].narrow(1, -3, 2)]),
    ("narrow", |x, _| vec![x[0].narrow(-1, 1, 2)]),
    ("flip", |x, _| vec![x[0].flip(&[0, 2])]),
    ("stack", |x, _| vec![Var::stack(&[&x[0], &x[1]], 1)]),
    ("unbind", |x, _| x[0].unbind(1)),
    ("chunk", |x, _| x[0].chunk(2, 1)),
    ("movedim several", |x, _| vec![x[0].movedim([0, 1], [-1, 0])]),
    ("squeeze all", |x, _| vec![x[0].squeeze(Axes::All)]),
    ("squeeze several", |x, _| vec![x[0].squeeze([0, 1])]),
    ("unflatten", |x, _| vec![x[0].unflatten(1, &[3, -1])]),
    ("rot90", |x, _| vec![x[0].rot90(1, [0, 1])]),
    ("rot90 -1", |x, _| vec![x[0].rot90(-1, [1, 2])]),
    ("index_axis", |x, _| vec![x[0].index_axis(1, -1)]),
    ("slice_axis", |x, _| vec![x[0].slice_axis(2, 1..4, 2)]),
    // repeating and rolling
    ("roll", |x, _| vec![x[0].roll(&[1, -2], &[0, 2])]),
    ("roll flat", |x, _| vec![x[0].roll(&[5], &[])]),
    ("repeat", |x, _| vec![x[0].repeat(&[2, 1, 3])]),
    ("tile", |x, _| vec![x[0].tile(&[2])]),
    ("tile more", |x, _| vec![x[0].tile(&[2, 1, 2])]),
    ("repeat_interleave", |x, _| vec![x[0].repeat_interleave(&[2], Some(1))]),
    ("repeat_interleave flat", |x, _| vec![x[0].repeat_interleave(&[2], None)]),
    ("repeat_interleave each", |x, _| vec![x[0].repeat_interleave(&[2, 0, 3], Some(1))]),
    ("meshgrid", |x, _| Var::meshgrid(&[&x[0], &x[1], &x[2]], Indexing::Ij)),
    ("meshgrid xy", |x, _| Var::meshgrid(&[&x[0], &x[1]], Indexing::Xy)),
    // padding
    ("pad", |x, _| vec![x[0].pad(&[1, 2], PadMode::default())]),
    ("pad constant", |x, _| vec![x[0].pad(&[1, -1, 0, 2], PadMode::Constant(2.5))]),
    ("pad reflect", |x, _| vec![x[0].pad(&[2, 3], PadMode::Reflect)]),
    ("pad reflect 2", |x, _| vec![x[0].pad(&[1, 3, 2, 1], PadMode::Reflect)]),
    ("pad replicate", |x, _| vec![x[0].pad(&[2, 3], PadMode::Replicate)]),
    ("pad replicate 2", |x, _| vec![x[0].pad(&[1, 2, 0, 3], PadMode::Replicate)]),
    ("pad circular", |x, _| vec![x[0].pad(&[2, 4], PadMode::Circular)]),
    ("pad circular 2", |x, _| vec![x[0].pad(&[1, 2, 3, 0], PadMode::Circular)]),
    // diagonals and windows
    ("diagonal", |x, _| vec![x[0].diagonal(0, 0, 1)]),
    ("diagonal above", |x, _| vec![x[0].diagonal(1, 2, 0)]),
    ("diagonal below", |x, _| vec![x[0].diagonal(-1, 1, 2)]),
    ("diag_embed", |x, _| vec![x[0].diag_embed(0, -2, -1)]),
    ("diag_embed below", |x, _| vec![x[0].diag_embed(-1, 0, 2)]),
    ("diag", |x, _| vec![x[0].diag(1)]),
    ("diag of matrix", |x, _| vec![x[0].diag(-1)]),
    ("trace", |x, _| vec![x[0].trace()]),
    ("tril", |x, _| vec![x[0].tril(-1)]),
    ("triu", |x, _| vec![x[0].triu(1)]),
    ("as_strided", |x, _| vec![x[0].as_strided([2, 3, 2], &[3, 2, 1], 1)]),
    ("unfold", |x, _| vec![x[0].unfold(1, 3, 2)]),
];
