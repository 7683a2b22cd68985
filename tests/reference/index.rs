use crate::table::Case;

pub(crate) const CASES: &[Case] = &[
    ("index_select 0", |x, i| vec![x[0].index_select(0, &i[0])]),
    ("index_select -1", |x, i| vec![x[0].index_select(-1, &i[0])]),
    ("index_add 0", |x, i| vec![x[0].index_add(0, &i[0], &x[1], 1.0)]),
    ("index_add -1", |x, i| vec![x[0].index_add(-1, &i[0], &x[1], -0.5)]),
    ("index_copy", |x, i| vec![x[0].index_copy(1, &i[0], &x[1])]),
    ("index_fill", |x, i| vec![x[0].index_fill(1, &i[0], 2.5)]),
    ("take_along_axis 0", |x, i| vec![x[0].take_along_axis(0, &i[0])]),
    ("take_along_axis 1", |x, i| vec![x[0].take_along_axis(1, &i[0])]),
    ("gather 0", |x, i| vec![x[0].gather(0, &i[0])]),
    ("gather -1", |x, i| vec![x[0].gather(-1, &i[0])]),
    ("scatter_add 0", |x, i| vec![x[0].scatter_add(0, &i[0], &x[1])]),
    ("scatter_add 1", |x, i| vec![x[0].scatter_add(1, &i[0], &x[1])]),
    ("scatter 0", |x, i| vec![x[0].scatter(0, &i[0], &x[1])]),
    ("scatter 1", |x, i| vec![x[0].scatter(1, &i[0], &x[1])]),
    ("scatter_fill", |x, i| vec![x[0].scatter_fill(1, &i[0], -1.5)]),
];
