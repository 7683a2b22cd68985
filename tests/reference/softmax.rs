use crate::table::Case;

pub(crate) const CASES: &[Case] = &[
    ("softmax 0", |x, _| vec![x[0].softmax(0)]),
    ("softmax 1", |x, _| vec![x[0].softmax(1)]),
    ("softmax -1", |x, _| vec![x[0].softmax(-1)]),
    ("softmax hard", |x, _| vec![x[0].softmax(1)]),
    ("log_softmax 1", |x, _| vec![x[0].log_softmax(1)]),
    ("log_softmax -1", |x, _| vec![x[0].log_softmax(-1)]),
    ("log_softmax hard", |x, _| vec![x[0].log_softmax(1)]),
    ("softmax of a number", |x, _| vec![x[0].softmax(0), x[0].log_softmax(-1), x[0].softmin(0)]),
    ("softmin", |x, _| vec![x[0].softmin(1)]),
    ("masked_softmax", |x, _| vec![x[0].masked_softmax(1, &x[1])]),
    ("cross_entropy", |x, i| vec![x[0].cross_entropy(&i[0])]),
    ("cross_entropy hard", |x, i| vec![x[0].cross_entropy(&i[0])]),
];
