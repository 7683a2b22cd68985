//! To and from `ndarray`: the same elements whatever the strides, and no copy where none is needed.

use gradtape::Tensor;
use ndarray::{Array, Array2, ArrayD, ArrayViewD, Axis, IxDyn, Slice, arr0, s};

/// 0, 1, 2, … in row-major order.
fn counting(dims: &[usize]) -> ArrayD<f64> {
    let size: usize = dims.iter().product();
    Array::from_iter((0..size).map(|i| i as f64)).into_shape_with_order(IxDyn(dims)).expect("as many")
}

#[track_caller]
fn arrives(view: &ArrayViewD<'_, f64>) {
    let want: Vec<f64> = ndarray::indices(view.raw_dim()).into_iter().map(|at| view[at]).collect();
    for tensor in [Tensor::from(view.view()), Tensor::from(view.to_owned())] {
        assert_eq!(tensor.shape().dims(), view.shape());
        assert_eq!(tensor.slice(), want);
        assert_eq!(tensor.view(), view);
    }
}

#[test]
fn strided_views_arrive_element_by_element() {
    let base = counting(&[4, 5, 3]);
    let mut views =
        vec![base.view(), base.view().reversed_axes(), base.view().permuted_axes(IxDyn(&[1, 0, 2]))];
    for axis in 0..3 {
        let mut flipped = base.view();
        flipped.invert_axis(Axis(axis));
        let mut stepped = base.view();
        stepped.slice_axis_inplace(Axis(axis), Slice::new(1, None, 2));
        let mut both = stepped.clone();
        both.invert_axis(Axis(axis));
        both.swap_axes(0, 2);
        let mut empty = base.view();
        empty.slice_axis_inplace(Axis(axis), Slice::from(2..2));
        views.extend([flipped, stepped, both, empty, base.index_axis(Axis(axis), 2)]);
    }
    views.iter().for_each(arrives);
}

#[test]
fn broadcast_views_arrive_written_out() {
    let row = counting(&[3]);
    arrives(&row.broadcast(IxDyn(&[4, 3])).expect("broadcasts"));
    arrives(&arr0(7.0).into_dyn().broadcast(IxDyn(&[2, 3])).expect("broadcasts"));
    arrives(&counting(&[2, 1]).broadcast(IxDyn(&[2, 3])).expect("broadcasts"));
    arrives(&row.broadcast(IxDyn(&[0, 3])).expect("broadcasts"));
    arrives(&arr0(7.0).into_dyn().view());
}

#[test]
fn an_owned_contiguous_array_is_not_copied() {
    let array = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f32);
    let address = array.as_ptr();
    let tensor = Tensor::from(array);
    assert_eq!(tensor.slice().as_ptr(), address);
    assert_eq!(tensor.view().as_ptr(), address);
    assert_eq!(tensor.into_array().as_ptr(), address);
}

#[test]
fn an_owned_transposed_array_is_reordered() {
    let array = Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f64);
    let tensor = Tensor::from(array.clone().reversed_axes());
    assert_eq!(tensor.view(), array.t().into_dyn());
    let fortran =
        Array2::from_shape_vec(ndarray::ShapeBuilder::f((2, 3)), vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(Tensor::from(fortran.expect("as many")).slice(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn a_part_of_an_owned_array_arrives_without_the_rest() {
    let part = counting(&[6]).into_dimensionality::<ndarray::Ix1>().expect("one axis").slice_move(s![2..5]);
    assert_eq!(Tensor::from(part), Tensor::from([2.0, 3.0, 4.0]));
    let rows = counting(&[4, 3]).into_dimensionality::<ndarray::Ix2>().expect("two axes");
    assert_eq!(Tensor::from(rows.clone().slice_move(s![1..3, ..])).slice(), [3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    assert_eq!(Tensor::from(rows.clone().slice_move(s![1..3, 1..])).slice(), [4.0, 5.0, 7.0, 8.0]);
    assert_eq!(Tensor::from(rows.clone().slice_move(s![..;-1, 1])).slice(), [10.0, 7.0, 4.0, 1.0]);
    assert_eq!(Tensor::from(rows.slice_move(s![2..2, ..])).shape().dims(), [0, 3]);
}

#[test]
fn an_unshared_tensor_leaves_without_a_copy_and_a_shared_one_with_one() {
    for n in [3, 16, 1000] {
        let tensor = Tensor::<f64>::from_fn([n], |i| i as f64); // from the pool, longer than n
        let address = tensor.slice().as_ptr();
        let clone = tensor.clone();
        let copied = tensor.into_array();
        assert_ne!(copied.as_ptr(), address);
        let moved = clone.into_array();
        assert_eq!((moved.as_ptr(), moved.len()), (address, n));
        assert_eq!(moved, copied);
    }
}

#[test]
fn writing_to_a_tensor_leaves_its_clones_alone() {
    let mut a = Tensor::from([1.0, 2.0]);
    let b = a.clone();
    a.slice_mut()[0] = 9.0;
    assert_eq!((a.slice(), b.slice()), (&[9.0, 2.0][..], &[1.0, 2.0][..]));
    let address = a.slice().as_ptr();
    a.slice_mut()[1] = 8.0;
    assert_eq!(a.slice().as_ptr(), address, "unshared: written in place");
}
