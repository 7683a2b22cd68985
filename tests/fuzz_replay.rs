//! Replays what the fuzzer has kept, and some thousand random programs, on a stable compiler.

use std::{
    fs, panic,
    path::{Path, PathBuf},
};

#[path = "../fuzz/src/lib.rs"]
pub mod properties;

/// What a program is made of, as listings name it.
#[rustfmt::skip]
const OPS: [&str; 46] = [
    "Add", "Sub", "Mul", "Div", "Neg", "AddScalar", "SubScalar", "FromScalar",
    "MulScalar", "DivScalar", "OverScalar", "Exp", "Ln", "Sqrt", "Tanh", "Sigmoid",
    "Relu", "Abs", "Recip", "Pow", "PowScalar", "Maximum", "Greater", "Equal",
    "Select", "Weigh", "Sum", "Mean", "Max", "MaxDim", "Reshape", "Permute",
    "Expand", "SumTo", "Slice", "Concat", "Split", "IndexSelect", "IndexAdd", "TakeAlong",
    "ScatterAdd", "MatMul", "Linear", "Softmax", "LogSoftmax", "CrossEntropy",
];

/// What stands in a family, as listings name it.
#[rustfmt::skip]
const FAMILIES: [&str; 86] = [
    "Unary(Exp2", "Unary(Expm1", "Unary(Log1p", "Unary(Log2", "Unary(Log10", "Unary(Cbrt",
    "Unary(Rsqrt", "Unary(Square", "Unary(Sin", "Unary(Cos", "Unary(Tan", "Unary(Sinc",
    "Unary(Asin", "Unary(Acos", "Unary(Atan", "Unary(Sinh", "Unary(Cosh", "Unary(Asinh",
    "Unary(Acosh", "Unary(Atanh", "Unary(Erf", "Unary(Erfc", "Unary(LogSigmoid", "Unary(Softplus",
    "Unary(Softsign", "Unary(Tanhshrink", "Unary(Silu", "Unary(Mish", "Unary(Gelu", "Unary(GeluTanh",
    "Unary(Relu6", "Unary(LeakyRelu", "Unary(Elu", "Unary(Celu", "Unary(Selu", "Unary(Hardsigmoid",
    "Unary(Hardswish", "Unary(Hardtanh", "Unary(Clamp", "Unary(Hardshrink", "Unary(Softshrink",
    "Unary(Threshold", "Unary(Floor", "Unary(Ceil", "Unary(Round", "Unary(Trunc", "Unary(Sign",
    "Binary(Minimum", "Binary(Atan2", "Binary(Hypot", "Binary(Logaddexp", "Binary(Xlogy",
    "Binary(Copysign", "Binary(Fmod", "Binary(Remainder", "Binary(Prelu", "Binary(GreaterEqual",
    "Binary(Less", "Binary(LessEqual", "Binary(NotEqual", "Ternary(Lerp", "Ternary(Addcmul",
    "Ternary(Addcdiv", "Reduce(Prod", "Reduce(Min", "Reduce(LogSumExp", "Reduce(Norm", "Reduce(Var",
    "Scan(Cumsum", "Scan(Cumprod", "Scan(LogCumSumExp", "Scan(Cummax", "Scan(Cummin", "Sort", "TopK",
    "Place(Flip", "Place(Roll", "Place(Pad", "Place(Tril", "Place(Triu", "Place(Diagonal",
    "Place(Gather", "Place(ScatterInto", "Place(Overwrite", "Place(Stack", "Place(Repeat",
];

/// The files of `fuzz/<directory>`, but for its README.
fn files(directory: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(directory);
    let entries = fs::read_dir(&directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_none_or(|extension| extension != "md"));
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).expect("readable"))).collect()
}

/// Runs `property` on every file of `fuzz/<directory>`, and tells how many there were.
fn replay(directory: &str, property: fn(&[u8])) -> usize {
    let files = files(directory);
    for (file, bytes) in &files {
        if let Err(cause) = panic::catch_unwind(|| property(bytes)) {
            eprintln!("while replaying {}", file.display());
            panic::resume_unwind(cause);
        }
    }
    files.len()
}

/// Runs `property` on the corpus of a target and on everything that was ever found.
fn replay_all(target: &str, property: fn(&[u8])) {
    let corpus = replay(&format!("corpus/{target}"), property);
    assert!(corpus >= 4, "fuzz/corpus/{target} holds {corpus} files: the seeds are missing");
    // Inputs that broke one target are bytes like any other to the rest.
    replay("findings", property);
}

#[test]
fn programs_from_the_corpus() {
    replay_all("program", properties::program);
}

/// A change to the decoder gives the same bytes another meaning: the seeds have to be made anew when
/// they no longer reach everything.
#[test]
fn the_corpus_reaches_every_op() {
    let listings: String =
        files("corpus/program").iter().map(|(_, bytes)| properties::listing(bytes)).collect();
    let reached = |op: &&&str| {
        listings
            .lines()
            .filter_map(|line| line.split(" = ").nth(1))
            .any(|right| right.strip_prefix(**op).is_some_and(|rest| rest.starts_with([' ', '(', ')', ','])))
    };
    let missing: Vec<_> = OPS.iter().chain(&FAMILIES).filter(|op| !reached(op)).collect();
    assert!(missing.is_empty(), "no program in fuzz/corpus/program runs {missing:?}");
}

#[test]
fn idx_files_from_the_corpus() {
    replay_all("idx", properties::idx);
}

#[test]
fn compressed_idx_files_from_the_corpus() {
    replay_all("idx_gz", properties::idx_gz);
}

#[test]
fn tensor_files_from_the_corpus() {
    replay_all("safetensors", properties::safetensors);
    replay_all("npy", properties::npy);
    replay_all("npz", properties::npz);
}

#[test]
fn random_programs() {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut byte = move || {
        // Xorshift (Marsaglia 2003), the upper bits of which are the better ones.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 56) as u8
    };
    for case in 0..3000 {
        let bytes: Vec<u8> = (0..16 + case % 160).map(|_| byte()).collect();
        if let Err(cause) = panic::catch_unwind(|| properties::program(&bytes)) {
            eprintln!("while running random program {case}: {bytes:?}");
            panic::resume_unwind(cause);
        }
    }
}
