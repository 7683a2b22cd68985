use crate::table::{Case, as_constant, with_index};
use gradtape::ops::TopK;

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
    ("take", |x, i| vec![x[0].take(&i[0])]),
    ("gather of a number", |x, i| vec![x[0].gather(0, &i[0])]),
    ("gather of a number by a vector", |x, i| vec![x[0].gather(-1, &i[0])]),
    ("gather of a vector by a number", |x, i| vec![x[0].gather(0, &i[0])]),
    ("index_select of a number", |x, i| vec![x[0].index_select(0, &i[0])]),
    ("index_add to a number", |x, i| vec![x[0].index_add(-1, &i[0], &x[1], 1.0)]),
    ("index_copy to a number", |x, i| vec![x[0].index_copy(0, &i[0], &x[1])]),
    ("index_fill of a number", |x, i| vec![x[0].index_fill(0, &i[0], 2.5)]),
    ("scatter_add to a number", |x, i| vec![x[0].scatter_add(0, &i[0], &x[1])]),
    ("scatter to a number", |x, i| vec![x[0].scatter(0, &i[0], &x[1])]),
    ("scatter_fill in a vector", |x, i| vec![x[0].scatter_fill(0, &i[0], 2.5)]),
    // masks
    ("masked_select", |x, _| vec![x[0].masked_select(&x[1])]),
    ("masked_select broadcast", |x, _| vec![x[0].masked_select(&x[1])]),
    ("masked_fill", |x, _| vec![x[0].masked_fill(&x[1], 2.5)]),
    ("masked_scatter", |x, _| vec![x[0].masked_scatter(&x[1], &x[2])]),
    // order
    ("sort", |x, _| with_index(x[0].sort(1, false))),
    ("sort 0 descending", |x, _| with_index(x[0].sort(0, true))),
    ("sort equals", |x, _| with_index(x[0].sort(1, false))),
    ("sort equals descending", |x, _| with_index(x[0].sort(1, true))),
    ("orders of a number", |x, _| {
        let (sorted, places) = x[0].sort(0, false);
        let places = [places, x[0].argsort(-1, false)].map(|places| as_constant(&x[0], &places));
        [vec![sorted], places.to_vec(), with_index(x[0].topk(1, TopK::default()))].concat()
    }),
    ("argsort", |x, _| vec![as_constant(&x[0], &x[0].argsort(1, true))]),
    ("topk", |x, _| with_index(x[0].topk(2, TopK::default()))),
    ("topk least 0", |x, _| with_index(x[0].topk(3, TopK { axis: 0, largest: false, ..TopK::default() }))),
    ("searchsorted", |x, _| vec![as_constant(&x[0], &x[0].searchsorted(&x[1], false))]),
    ("searchsorted right", |x, _| vec![as_constant(&x[0], &x[0].searchsorted(&x[1], true))]),
];
