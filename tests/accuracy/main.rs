//! The functions of `f32` against those of `f64`, on floats of all sizes. `cargo bench --bench accuracy`
//! does the same on every float.

use gradtape::{Shape, Tape, Tensor};

mod sweep;

/// A prime, so that all exponents meet many significands.
const STRIDE: usize = 9973;

#[test]
fn every_function_keeps_its_bound() {
    for case in sweep::CASES {
        let (error, at) = sweep::worst(case, STRIDE);
        println!("{:12} {error:.2} units, at {at:e}", case.name);
        assert!(error <= case.bound, "{}: {error} units in the last place at {at:e}", case.name);
    }
}

#[test]
fn odd_functions_keep_the_sign_of_zero() {
    type Function = fn(&Tensor<f32>) -> Tensor<f32>;
    let odd: [(&str, Function); 8] = [
        ("expm1", |x| x.expm1()),
        ("log1p", |x| x.log1p()),
        ("sinh", |x| x.sinh()),
        ("tanh", |x| x.tanh()),
        ("sin", |x| x.sin()),
        ("tan", |x| x.tan()),
        ("erf", |x| x.erf()),
        ("softsign", |x| x.softsign()),
    ];
    for (name, function) in odd {
        let y = function(&Tensor::from([-0.0, 0.0]));
        assert_eq!(y.slice().iter().map(|v| v.to_bits()).collect::<Vec<_>>(), [1 << 31, 0], "{name}");
    }
}

/// Large angles go through double precision, and what lies beside them does not notice.
#[test]
fn a_large_angle_changes_no_other() {
    let small = Tensor::from_fn(Shape::from([200]), |i| i as f32 * 0.37 - 20.0);
    let mixed =
        Tensor::from_fn(small.shape(), |i| if i % 50 == 7 { 1e8 + i as f32 } else { small.slice()[i] });
    let slope = |x: &Tensor<f32>| {
        let tape = Tape::new();
        let x = tape.var(x.clone());
        let [dx] = x.sin().sum().grad([&x]);
        dx.tensor().clone()
    };
    let functions: [(&str, &dyn Fn(&Tensor<f32>) -> Tensor<f32>, fn(f64) -> f64); 4] = [
        ("sin", &|x| x.sin(), f64::sin),
        ("cos", &|x| x.cos(), f64::cos),
        ("tan", &|x| x.tan(), f64::tan),
        ("the gradient of sin", &slope, f64::cos),
    ];
    for (name, function, truth) in functions {
        let (alone, beside) = (function(&small), function(&mixed));
        for i in 0..200 {
            let x = mixed.slice()[i];
            let want = if x > 1e7 { truth(f64::from(x)) as f32 } else { alone.slice()[i] };
            assert_eq!(beside.slice()[i], want, "{name} of {x}");
        }
    }
}
