//! How far each function of `f32` is from the true value: over every float there is, which takes minutes.
//!
//! `cargo bench --bench accuracy`, or `cargo bench --bench accuracy -- sin cos` for some of them.

#[path = "../tests/accuracy/sweep.rs"]
mod sweep;

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for case in sweep::CASES.iter().filter(|case| wanted.is_empty() || wanted.iter().any(|w| w == case.name))
    {
        let (error, at) = sweep::worst(case, 1);
        println!(
            "{:12} {error:.3} units in the last place at {at:e}; the bound is {}",
            case.name, case.bound
        );
    }
}
