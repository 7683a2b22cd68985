//! What the ops of shape and index refuse, and that they say so under their own names.

use crate::misuse::refused;
use gradtape::Tensor;
use gradtape::ops::Indices;

fn check<const N: usize>(cases: [(String, &str); N]) {
    for (found, says) in cases {
        assert!(found.starts_with("gradtape: ") && found.contains(says), "{found:?}, not {says:?}");
    }
}

#[test]
fn indices_print_in_a_form_that_can_be_pasted() {
    let shown = "Indices::new(vec![2, 0, 1, 3], [2, 2])";
    assert_eq!(format!("{:?}", Indices::new(vec![2, 0, 1, 3], [2, 2])), shown);
    assert_eq!(Indices::new(vec![2, 0, 1, 3], [2, 2]).slice(), [2, 0, 1, 3]);
}

#[test]
fn gathers_and_scatters_refuse_what_does_not_fit() {
    let (x, y) = (Tensor::<f64>::ones([2, 3]), Tensor::<f64>::ones([1, 3]));
    let of = |places: &[usize], shape: [usize; 2]| Indices::new(places.to_vec(), shape);
    check([
        (refused(|| x.gather(2, &of(&[0], [1, 1]))), "gather: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.gather(1, &of(&[3], [1, 1]))), "gather: index 3 is out of range for axis 1 of [2, 3]"),
        (refused(|| x.gather(1, &of(&[0; 3], [3, 1]))), "gather: indices of [3, 1] do not fit into [2, 3]"),
        (refused(|| x.gather(1, &[0].into())), "gather: indices of [1] do not fit into [2, 3]"),
        (
            refused(|| x.scatter_add(0, &of(&[0, 0], [2, 1]), &y)),
            "scatter_add: indices of [2, 1] do not fit into a source of [1, 3]",
        ),
        (refused(|| x.scatter(0, &of(&[2], [1, 1]), &y)), "scatter: index 2 is out of range for axis 0"),
        (
            refused(|| x.scatter_fill(0, &of(&[0; 4], [1, 4]), 0.0)),
            "scatter_fill: indices of [1, 4] do not fit",
        ),
    ]);
}

#[test]
fn slices_by_index_refuse_what_does_not_fit() {
    let (x, y) = (Tensor::<f64>::ones([2, 3]), Tensor::<f64>::ones([1, 2]));
    check([
        (
            refused(|| x.index_add(0, &[0].into(), &y, 1.0)),
            "index_add: [1, 2] is not 1 slices of [2, 3] along axis 0",
        ),
        (refused(|| x.index_add(-3, &[0].into(), &y, 1.0)), "index_add: axis -3 is out of range"),
        (refused(|| x.index_copy(0, &[0, 1].into(), &y)), "index_copy: [1, 2] is not 2 slices of [2, 3]"),
        (refused(|| x.index_fill(0, &[2].into(), 0.0)), "index_fill: index 2 is out of range for axis 0"),
        (
            refused(|| x.index_fill(0, &Indices::new(vec![0], [1, 1]), 0.0)),
            "index_fill: needs a vector of indices, not [1, 1]",
        ),
        (
            refused(|| Indices::from([1, 3]).one_hot::<f64>(Some(3))),
            "one_hot: index 3 is out of range for 3 classes",
        ),
    ]);
}
