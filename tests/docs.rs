//! The documents say what is true: links lead somewhere, and the page on adding an op adds one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|e| e == "md"));
    pages
        .chain(
            ["README.md", "CHANGELOG.md", "fuzz/README.md", "data/mnist/README.md"].map(|p| root().join(p)),
        )
        .collect()
}

#[test]
fn every_link_to_a_file_leads_to_one() {
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") || target.starts_with('#') {
                continue;
            }
            let file = page.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(file.exists(), "{}: {target} does not exist", page.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} links were found");
}

/// The code blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let inside = text.split("```").skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').unwrap().1.to_owned()).collect()
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Puts `lines` before the only place where `before` stands.
fn insert(file: &Path, before: &str, lines: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(before).count(), 1, "{before} in {}", file.display());
    fs::write(file, text.replace(before, &format!("{lines}{before}"))).unwrap();
}

/// What `cargo check` of the library in `folder` says, and whether it passes.
fn check(folder: &Path) -> (bool, String) {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--lib", "--target-dir"])
        .arg(root().join("target/adding-an-op"))
        .env_remove("RUSTFLAGS")
        .current_dir(folder)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_page_on_adding_an_op_adds_one() {
    let [op, export, line] = &blocks("docs/adding-an-op.md")[..] else { panic!("three blocks") };
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    copy(&root().join("src"), &at("src")).unwrap();
    // Only what the library needs, so that the copy resolves from the same lock file.
    for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
        fs::copy(root().join(file), at(file)).unwrap();
    }
    for stub in ["benches/tape.rs", "benches/kernels.rs"] {
        fs::create_dir_all(at(stub).parent().unwrap()).unwrap();
        fs::copy(root().join(stub), at(stub)).unwrap();
    }
    let family = at("src/ops/loss.rs");
    let text = fs::read_to_string(&family).unwrap();
    fs::write(&family, text + "\n" + op).unwrap();
    insert(&at("src/ops/mod.rs"), "pub use loss::{", export);

    let (passes, message) = check(folder.path());
    assert!(!passes && message.contains("`LogAddExp` is an op without a gradient check"), "{message}");

    insert(&at("src/ops/mod.rs"), "            cross_entropy_grad: ", line);
    let (passes, message) = check(folder.path());
    assert!(passes, "{message}");
}
