//! Values, gradients and Hessian-vector products against those that PyTorch computes in double
//! precision. `tests/fixtures` holds its numbers and the script that makes them.
//!
//! To add a case: an entry in `tests/fixtures/families/<family>.py`, a run of
//! `python tests/fixtures/make.py <family>`, and here, in the file of the family, a line under the
//! same name: what the case calls, given its inputs `x` and its index inputs `i`. A family is a file
//! on either side and a line below. A case that one side lacks is a failure, as is a file that no
//! test reads.

mod fixture;
mod table;
#[path = "../fixtures/tensor.rs"]
mod tensor;

mod activations;
mod arithmetic;
mod conv;
mod elementwise;
mod image;
mod index;
mod linalg;
mod losses;
mod models;
mod norm;
mod pool;
mod reduce;
mod scan;
mod sequence;
mod shape;
mod softmax;
mod spectrum;

/// A test for each family, and one that there are no others.
macro_rules! families {
    ($($family:ident,)*) => {
        $(#[test]
        fn $family() {
            table::check(stringify!($family), $family::CASES);
        })*

        #[test]
        fn every_file_has_a_test() {
            assert_eq!(fixture::families(), [$(stringify!($family)),*]);
        }
    };
}

families! {
    activations,
    arithmetic,
    conv,
    elementwise,
    image,
    index,
    linalg,
    losses,
    models,
    norm,
    pool,
    reduce,
    scan,
    sequence,
    shape,
    softmax,
    spectrum,
}
