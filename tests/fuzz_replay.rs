//! Replays what the fuzzer has kept, and some thousand random programs, on a stable compiler.

use std::{fs, panic, path::Path};

#[path = "../fuzz/src/lib.rs"]
pub mod properties;

/// Runs `property` on every file of `fuzz/<directory>`, and tells how many there were.
fn replay(directory: &str, property: fn(&[u8])) -> usize {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(directory);
    let entries = fs::read_dir(&directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|file| file.extension().is_none_or(|extension| extension != "md"));
    files.sort();
    for file in &files {
        let bytes = fs::read(file).expect("readable");
        if let Err(cause) = panic::catch_unwind(|| property(&bytes)) {
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

#[test]
fn idx_files_from_the_corpus() {
    replay_all("idx", properties::idx);
}

#[test]
fn compressed_idx_files_from_the_corpus() {
    replay_all("idx_gz", properties::idx_gz);
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
