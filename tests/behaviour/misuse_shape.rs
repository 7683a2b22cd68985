//! What the ops of shape and index refuse, and that they say so under their own names.

use crate::misuse::refused;
use gradtape::ops::{Indexing, Indices, PadMode, TopK};
use gradtape::{Tensor, Value};

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

#[test]
fn parts_and_axes_refuse_what_does_not_fit() {
    let (x, before) = (Tensor::<f64>::ones([2, 3]), 1);
    check([
        (refused(|| x.squeeze([0, -2])), "squeeze: axis -2 is named twice in [0, -2] of [2, 3]"),
        (refused(|| x.movedim([0, 1], 0)), "movedim: 2 axes to 1 places of [2, 3]"),
        (refused(|| x.movedim([0, 0], [0, 1])), "movedim: axis 0 is named twice in [0, 0] of [2, 3]"),
        (refused(|| x.unflatten(1, &[2, -1])), "unflatten: sizes [2, -1] do not make up axis 1 of [2, 3]"),
        (refused(|| x.unflatten(1, &[-1, -1])), "unflatten: sizes [-1, -1] do not make up axis 1"),
        (refused(|| x.unflatten(1, &[0, -1])), "unflatten: sizes [0, -1] do not make up axis 1"),
        (refused(|| x.unflatten(1, &[-3, -1])), "unflatten: sizes [-3, -1] do not make up axis 1"),
        (refused(|| x.reshape([4, -1])), "reshape: sizes [4, -1] do not make up the 6 elements of [2, 3]"),
        (refused(|| x.reshape([-1, -1])), "reshape: sizes [-1, -1] do not make up the 6 elements of [2, 3]"),
        (refused(|| x.reshape([-2, 3])), "reshape: sizes [-2, 3] do not make up the 6 elements of [2, 3]"),
        (
            refused(|| x.narrow(0, 0, 0).reshape([-1, 0])),
            "reshape: sizes [-1, 0] do not make up the 0 elements",
        ),
        (refused(|| x.reshape([isize::MAX, 4, -1])), "4, -1] do not make up the 6 elements of [2, 3]"),
        (refused(|| x.expand([-1, 2, 3])), "expand: [-1, 2, 3] is no shape that [2, 3] broadcasts to"),
        (refused(|| x.expand([2, -2])), "expand: [2, -2] is no shape that [2, 3] broadcasts to"),
        (refused(|| x.expand([-1])), "expand: [-1] is no shape that [2, 3] broadcasts to"),
        (refused(|| x.expand([-1, 4])), "expand: shape [2, 3] does not broadcast to [2, 4]"),
        (refused(|| x.permute([0, -2])), "permute: axis -2 is named twice in [0, -2] of [2, 3]"),
        (refused(|| x.permute([0, 2])), "permute: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.permute(&[usize::MAX, 0][..])), "is out of range for 2 axes of [2, 3]"),
        (refused(|| x.split(0, 1)), "split: parts of size 0 do not make axis 1 of [2, 3]"),
        (refused(|| x.split(1, 2)), "split: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| Tensor::scalar(1.0).cumsum(1)), "cumsum: axis 1 is out of range for 0 axes of []"),
        (refused(|| Tensor::scalar(1.0).sort(-2, false)), "sort: axis -2 is out of range for 0 axes of []"),
        (refused(|| Tensor::scalar(1.0).topk(2, Default::default())), "topk: 2 elements along axis 0 of []"),
        (
            refused(|| Tensor::scalar(1.0).sum_axes([0, -1], true)),
            "sum: axis -1 is named twice in [0, -1] of []",
        ),
        (
            refused(|| Tensor::scalar(1.0).max_dim(1, true)),
            "max_dim: axis 1 is out of range for 0 axes of []",
        ),
        (refused(|| Tensor::scalar(1.0).flip(&[-2])), "flip: axis -2 is out of range for 0 axes of []"),
        (refused(|| Tensor::scalar(1.0).diff(1, 0, None, None)), "diff: axis 0 is out of range for 0 axes"),
        (
            refused(|| Tensor::scalar(1.0).index_select(0, &[0, 0].into())),
            "index_select: 2 slices of a number, []",
        ),
        (refused(|| x.index_axis(1, 3)), "index_axis: index 3 is out of range for axis 1 of [2, 3]"),
        (refused(|| x.index_axis(1, -4)), "index_axis: index -4 is out of range for axis 1 of [2, 3]"),
        (refused(|| x.slice_axis(1, 0..4, 1)), "by 1 is no range of axis 1 of [2, 3]"),
        (refused(|| x.slice_axis(1, 2..before, 1)), "by 1 is no range of axis 1 of [2, 3]"),
        (refused(|| x.slice_axis(1, -4.., 1)), "by 1 is no range of axis 1 of [2, 3]"),
        (refused(|| x.slice_axis(1, ..=isize::MAX, 1)), "by 1 is no range of axis 1 of [2, 3]"),
        (refused(|| x.slice_axis(1, .., 0)), "by 0 is no range of axis 1 of [2, 3]"),
        (refused(|| x.rot90(4, [0, -2])), "rot90: axis -2 is named twice in [0, -2] of [2, 3]"),
    ]);
}

#[test]
fn repetitions_refuse_what_does_not_fit() {
    let x = Tensor::<f64>::ones([2, 3]);
    check([
        (refused(|| x.roll(&[1, 2], &[0])), "roll: 2 shifts for 1 axes of [2, 3]"),
        (refused(|| x.roll(&[1], &[2])), "roll: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.repeat(&[2])), "repeat: 1 counts for the 2 axes of [2, 3]"),
        (refused(|| x.repeat(&[1 << 40, 1 << 40])), "repeat: [2, 3], [1099511627776, 1099511627776] times"),
        (
            refused(|| x.repeat_interleave(&[1, 2], Some(1))),
            "repeat_interleave: 2 counts for 3 slices of [2, 3]",
        ),
        (refused(|| x.repeat_interleave(&[1], Some(2))), "repeat_interleave: axis 2 is out of range"),
        (refused(|| Value::meshgrid(&[&x], Indexing::Ij)), "meshgrid: needs vectors, not [2, 3]"),
        (refused(|| Tensor::<f64>::meshgrid(&[], Indexing::Ij)), "meshgrid: needs at least one value"),
    ]);
}

#[test]
fn padding_refuses_what_does_not_fit() {
    let x = Tensor::<f64>::ones([2, 3]);
    let zeros = PadMode::default();
    check([
        (refused(|| x.pad(&[1], zeros)), "pad: 1 widths for the 2 axes of [2, 3]"),
        (refused(|| x.pad(&[1; 6], zeros)), "pad: 6 widths for the 2 axes of [2, 3]"),
        (
            refused(|| x.pad(&[-2, -2], zeros)),
            "pad: axis 1 of [2, 3] cannot be padded by -2, -2 (Constant(0.0))",
        ),
        (refused(|| x.pad(&[5, -4], zeros)), "pad: axis 1 of [2, 3] cannot be padded by 5, -4"),
        (refused(|| x.pad(&[3, 0], PadMode::Reflect)), "cannot be padded by 3, 0 (Reflect)"),
        (refused(|| x.pad(&[0, 4], PadMode::Circular)), "cannot be padded by 0, 4 (Circular)"),
        (refused(|| x.pad(&[-1, 3], PadMode::Circular)), "cannot be padded by -1, 3 (Circular)"),
        (
            refused(|| Tensor::<f64>::ones([2, 0]).pad(&[1, 0], PadMode::Replicate)),
            "axis 1 of [2, 0] cannot be padded by 1, 0 (Replicate)",
        ),
        (refused(|| x.pad(&[isize::MAX, 0, isize::MAX, 0], zeros)), "is more than memory can hold"),
    ]);
}

#[test]
fn walks_and_diagonals_refuse_what_does_not_fit() {
    let (x, v, number) = (Tensor::<f64>::ones([2, 3]), Tensor::<f64>::ones([2]), Tensor::scalar(1.0));
    check([
        (
            refused(|| x.as_strided([2, 3], &[3, 1], 1)),
            "as_strided: [2, 3] by [3, 1] from 1 leaves the 6 elements",
        ),
        (refused(|| x.unfold(2, 1, 1)), "unfold: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.unfold(1, 4, 1)), "unfold: no windows of 4 by 1 along axis 1 of [2, 3]"),
        (refused(|| x.unfold(1, 2, 0)), "unfold: no windows of 2 by 0 along axis 1 of [2, 3]"),
        (refused(|| x.diagonal(0, 0, -2)), "diagonal: axis -2 is named twice in [0, -2] of [2, 3]"),
        (refused(|| x.diagonal(0, 0, 2)), "diagonal: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| number.diag_embed(0, 0, 1)), "diag_embed: a number has no axis to become a diagonal"),
        (
            refused(|| v.diag_embed(0, 0, 2)),
            "diag_embed: axis 2 is out of range for 2 axes of matrices from [2]",
        ),
        (refused(|| v.diag_embed(isize::MIN, 0, 1)), "diag_embed: matrices of"),
        (refused(|| number.diag(0)), "diag: [] is neither vector nor matrix"),
        (refused(|| v.trace()), "trace: [2] is no matrix"),
        (refused(|| v.tril(0)), "tril: [2] is no matrix"),
        (refused(|| v.triu(0)), "triu: [2] is no matrix"),
    ]);
}

#[test]
fn orders_and_masks_refuse_what_does_not_fit() {
    let (x, y, number) = (Tensor::<f64>::ones([2, 3]), Tensor::<f64>::ones([2, 2]), Tensor::scalar(1.0));
    check([
        (refused(|| x.sort(2, false)), "sort: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| number.argsort(1, false)), "argsort: axis 1 is out of range for 0 axes of []"),
        (refused(|| x.topk(4, TopK::default())), "topk: 4 elements along axis 1 of [2, 3]"),
        (refused(|| number.searchsorted(&x, false)), "searchsorted: a number has no order to search"),
        (
            refused(|| x.searchsorted(&Tensor::ones([3, 3]), false)),
            "searchsorted: axes of [2, 3] and [3, 3] differ before the last",
        ),
        (refused(|| x.searchsorted(&number, false)), "searchsorted: axes of [2, 3] and [] differ"),
        (refused(|| x.take(&[6].into())), "take: index 6 is out of range for axis 0 of [6]"),
        (refused(|| x.masked_select(&y)), "masked_select: shapes [2, 3] and [2, 2] do not broadcast"),
        (refused(|| x.masked_fill(&y, 0.0)), "masked_fill: the mask of [2, 2] does not broadcast to [2, 3]"),
        (
            refused(|| x.masked_scatter(&y, &x)),
            "masked_scatter: the mask of [2, 2] does not broadcast to [2, 3]",
        ),
        (refused(|| x.masked_scatter(&x, &y)), "masked_scatter: [2, 2] has fewer than 6 elements"),
    ]);
}
