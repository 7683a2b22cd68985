use crate::table::{Case, as_constant, with_index};

pub(crate) const CASES: &[Case] = &[
    ("sum", |x, _| vec![x[0].sum()]),
    ("sum 1", |x, _| vec![x[0].sum_axes(1, false)]),
    ("sum 0 -1 kept", |x, _| vec![x[0].sum_axes([0, -1], true)]),
    ("sum of nothing", |x, _| vec![x[0].sum_axes(1, false)]),
    ("mean", |x, _| vec![x[0].mean()]),
    ("mean 1", |x, _| vec![x[0].mean_axes(1, false)]),
    ("mean 0 -1 kept", |x, _| vec![x[0].mean_axes([0, -1], true)]),
    ("max", |x, _| vec![x[0].max()]),
    ("max 1", |x, _| vec![x[0].max_axes(1, false)]),
    ("max 0 2 kept", |x, _| vec![x[0].max_axes([0, 2], true)]),
    ("max of equals", |x, _| vec![x[0].max_axes(1, false)]),
    ("min", |x, _| vec![x[0].min()]),
    ("min 1", |x, _| vec![x[0].min_axes(1, false)]),
    ("min of equals", |x, _| vec![x[0].min_axes(1, false)]),
    ("max_dim", |x, _| with_index(x[0].max_dim(1, false))),
    ("max_dim kept", |x, _| with_index(x[0].max_dim(-1, true))),
    ("max_dim nan", |x, _| with_index(x[0].max_dim(1, false))),
    ("min_dim", |x, _| with_index(x[0].min_dim(1, false))),
    ("argmax", |x, _| vec![as_constant(&x[0], &x[0].argmax_dim(1, false))]),
    ("argmin kept", |x, _| vec![as_constant(&x[0], &x[0].argmin_dim(-1, true))]),
    ("logsumexp 1", |x, _| vec![x[0].logsumexp(1, false)]),
    ("logsumexp 0 2 kept", |x, _| vec![x[0].logsumexp([0, 2], true)]),
    ("logsumexp hard", |x, _| vec![x[0].logsumexp(1, false)]),
    ("sum and mean of a number", |x, _| vec![x[0].sum_axes(0, false), x[0].mean_axes(-1, true)]),
    ("extremes of a number", |x, _| {
        let along = [x[0].max_dim(0, false).0, x[0].min_dim(-1, true).0, x[0].median_dim(0, false).0];
        [vec![x[0].max_axes(0, false), x[0].min_axes(-1, false)], along.to_vec()].concat()
    }),
    ("rest of a number", |x, _| {
        let x = &x[0];
        let sums = vec![x.prod_axes(0, false), x.logsumexp(-1, true), x.norm_axes(3.0, 0, false)];
        [sums, vec![x.nansum_axes(0, false), x.squeeze(0)]].concat()
    }),
    ("places of a number", |x, _| {
        let x = &x[0];
        let extremes = [x.argmax_dim(0, false), x.argmin_dim(-1, true), x.max_dim(0, true).1];
        let places = extremes.into_iter().chain([x.median_dim(-1, false).1]);
        places.map(|places| as_constant(x, &places)).collect()
    }),
    ("var of a number", |x, _| vec![x[0].var_axes(0, 0.0, false), x[0].std_axes(-1, 1.0, true)]),
    ("var", |x, _| vec![x[0].var_axes([0, 1, 2], 1.0, false)]),
    ("var 1", |x, _| vec![x[0].var_axes(1, 1.0, false)]),
    ("var 0 -1 biased kept", |x, _| vec![x[0].var_axes([0, -1], 0.0, true)]),
    ("var correction 2", |x, _| vec![x[0].var_axes(1, 2.0, false)]),
    ("var shifted", |x, _| vec![(&x[0] + 1e6).var_axes(1, 1.0, false)]),
    ("var_mean", |x, _| {
        let (variance, mean) = x[0].var_mean_axes([0, 2], 1.0, false);
        vec![variance, mean]
    }),
    ("std", |x, _| vec![x[0].std_axes([0, 1, 2], 1.0, false)]),
    ("std 1", |x, _| vec![x[0].std_axes(1, 1.0, false)]),
    ("std 0 -1 biased kept", |x, _| vec![x[0].std_axes([0, -1], 0.0, true)]),
    ("cumsum 0", |x, _| vec![x[0].cumsum(0)]),
    ("cumsum 1", |x, _| vec![x[0].cumsum(1)]),
    ("cumsum -1", |x, _| vec![x[0].cumsum(-1)]),
];
