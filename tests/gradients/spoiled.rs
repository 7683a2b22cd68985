//! Operands that no longer fit: what refuses them must say so under its own name.

use gradtape::Tensor;
use gradtape::gradcheck::Gen;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// The message of the panic of `f`, if it panics, which is not printed.
fn refusal(f: &dyn Fn()) -> Option<String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                previous(info);
            }
        }));
    });
    QUIET.set(true);
    let payload = catch_unwind(AssertUnwindSafe(f)).err();
    QUIET.set(false);
    payload.map(|payload| match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().map_or("without a message", |text| text).to_owned(),
    })
}

/// The operands with one of them changed: to a number, with an axis more, with one of its sizes another.
fn spoiled(x: &[Tensor<f64>]) -> Vec<Vec<Tensor<f64>>> {
    let mut all = Vec::new();
    for (place, operand) in x.iter().enumerate() {
        let mut shapes = vec![vec![], [&[1], operand.shape().dims()].concat()];
        for axis in 0..operand.shape().rank() {
            for size in [0, operand.shape()[axis] + 1] {
                let mut dims = operand.shape().to_vec();
                dims[axis] = size;
                shapes.push(dims);
            }
        }
        all.extend(shapes.into_iter().map(|dims| {
            let mut x = x.to_vec();
            x[place] = Tensor::full(&dims[..], 0.5);
            x
        }));
    }
    all
}

/// Checks that what is named so gives a value of spoiled operands, or refuses them by name.
pub(crate) fn check(
    name: &str,
    samples: &dyn Fn(&mut Gen) -> (Vec<Tensor<f64>>, Box<dyn Fn(&[Tensor<f64>])>),
) {
    let mut wrong = Vec::new();
    for case in 0..24u32 {
        let choices: Vec<u32> =
            (0..200u32).map(|i| (case * 200 + i).wrapping_mul(2_654_435_761).rotate_left(i)).collect();
        let (x, call) = samples(&mut Gen::new(&choices));
        for x in spoiled(&x) {
            let Some(message) = refusal(&|| call(&x)) else { continue };
            if !message.starts_with(&format!("gradtape: {name}: ")) {
                let shapes: Vec<_> = x.iter().map(|x| x.shape().clone()).collect();
                wrong.push(format!("{shapes:?}: {message}"));
            }
        }
    }
    wrong.sort();
    wrong.dedup_by(|a, b| a.split_once("]: ").unzip().1 == b.split_once("]: ").unzip().1);
    assert!(wrong.is_empty(), "{name} refuses under another name:\n{}", wrong.join("\n"));
}
