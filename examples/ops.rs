//! The catalogue: every op and composition, each with the promises that it has just been held to.
//!
//! `cargo run --example ops`

use gradtape::gradcheck::{Failure, PROMISES, check_composition, check_op};
use gradtape::{for_each_composition, for_each_op};

fn main() {
    let (mut ops, mut compositions, mut failed) = (0, 0, 0);
    let mut line = |name: &str, kind: &str, result: Result<(), Failure>| match result {
        Ok(()) => {
            // A composition has no rule that could save too much.
            let passed: Vec<_> =
                PROMISES.iter().filter(|&&p| kind == "op" || p != "saves").copied().collect();
            println!("{name:<20} {kind:<12} {}", passed.join(", "));
        }
        Err(failure) => {
            failed += 1;
            println!("{name:<20} {kind:<12} FAILED: {failure}");
        }
    };

    macro_rules! each_op {
        ($($name:ident: $Op:ty,)*) => {$(
            ops += 1;
            line(stringify!($name), "op", check_op::<$Op>());
        )*};
    }
    for_each_op!(each_op);

    macro_rules! each_composition {
        ($($name:ident: $Composition:ty,)*) => {$(
            compositions += 1;
            line(stringify!($name), "composition", check_composition::<$Composition>());
        )*};
    }
    for_each_composition!(each_composition);

    println!("{ops} ops with rules of their own, {compositions} compositions of them");
    if failed > 0 {
        println!("{failed} failed");
        std::process::exit(1);
    }
}
