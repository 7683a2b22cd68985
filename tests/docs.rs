//! Documents that do not drift: their links lead somewhere, and `docs/adding-an-op.md` works when it
//! is followed to the letter. Their Rust blocks are doctests (see `src/lib.rs`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every README, the changelog and all of docs/.
fn documents() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = docs.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    let others =
        ["README.md", "CHANGELOG.md", "fuzz/README.md", "data/mnist/README.md", "tests/fixtures/README.md"];
    found.extend(others.map(|name| root().join(name)));
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The targets of `[text](target)` outside code blocks.
fn links(text: &str) -> Vec<&str> {
    let outside = text.split("\n```").step_by(2);
    let of = |part: &'static str| move |text| str::split(text, part).skip(1);
    outside.flat_map(of("](")).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

#[test]
fn every_relative_link_leads_to_a_file() {
    let (mut missing, mut seen) = (Vec::new(), 0);
    for document in documents() {
        for link in links(&read(&document)) {
            let path = link.split('#').next().unwrap();
            if link.contains("://") || path.is_empty() {
                continue;
            }
            seen += 1;
            if !document.parent().unwrap().join(path).exists() {
                missing.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "links that lead nowhere:\n{}", missing.join("\n"));
    assert!(seen > 10, "only {seen} links were found");
}

#[test]
fn every_test_that_kinks_names_exists() {
    let files = fs::read_dir(root().join("tests/behaviour")).unwrap().map(|entry| entry.unwrap().path());
    let of_kinks = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("kinks");
    let tests: String = files.filter(of_kinks).map(|path| read(&path)).collect();
    let kinks = read(&root().join("docs/kinks.md"));
    let last_columns = kinks.lines().filter_map(|line| line.strip_suffix("` |")?.rsplit_once("| `"));
    let mut named = 0;
    for (_, name) in last_columns {
        let name = name.trim_end_matches('…');
        assert!(
            tests.contains(&format!("fn {name}")),
            "docs/kinks.md names a test {name} that does not exist"
        );
        named += 1;
    }
    assert!(named > 20, "only {named} rows of docs/kinks.md name a test");
}

/// What `exclude` in Cargo.toml leaves out must not be part of the library.
#[test]
fn the_package_holds_every_source() {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let list = ["package", "--list", "--allow-dirty", "--offline", "--quiet"];
    let output = Command::new(cargo).args(list).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let packaged = String::from_utf8(output.stdout).unwrap();
    let (mut folders, mut seen) = (vec![root().join("src")], 0);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            assert!(packaged.lines().any(|line| line == name), "{name} is not in the package");
            seen += 1;
        }
    }
    assert!(seen > 50, "only {seen} sources were found");
}

/// A block of the page: the file it belongs to, where in it, and the text.
struct Edit<'p> {
    file: &'p str,
    place: &'p str,
    text: &'p str,
}

/// The blocks whose first line is `// file: place`.
fn edits(page: &str) -> Vec<Edit<'_>> {
    let blocks = page.split("```rust,ignore\n// ").skip(1);
    let edit = |block| {
        let (head, rest) = str::split_once(block, '\n')?;
        let (file, place) = head.split_once(": ")?;
        let (text, _) = rest.split_once("```")?;
        Some(Edit { file, place, text })
    };
    blocks.map(|block| edit(block).expect("a block that starts with `// file: place`")).collect()
}

/// Puts a block where its first line says.
fn apply(edit: &Edit<'_>, copy: &Path) {
    let path = copy.join(edit.file);
    let before = |line: &str, text: &str| {
        let at = text.find(line).unwrap_or_else(|| panic!("{} has no line `{}`", edit.file, line.trim()));
        text[..at].to_owned() + edit.text + &text[at..]
    };
    let old = read(&path);
    let new = match edit.place {
        "at the end" => old + edit.text,
        "with the other exports" => before("pub use reduce::", &old),
        "in the list" => before("            sum: $crate::ops::Sum,", &old),
        other => panic!("docs/adding-an-op.md: where is `{other}`?"),
    };
    fs::write(path, new).unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Checks the library in `copy` as a user without flags would.
fn cargo_check(copy: &Path) -> Output {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let mut command = Command::new(cargo);
    // The dependencies stay there for the next run.
    let target = concat!(env!("CARGO_TARGET_TMPDIR"), "/adding-an-op");
    command.env("CARGO_TARGET_DIR", target).env("CARGO_INCREMENTAL", "0");
    for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WORKSPACE_WRAPPER"] {
        command.env_remove(variable);
    }
    command.args(["check", "--lib", "--offline", "--quiet", "--color", "never"]);
    command.current_dir(copy).output().unwrap()
}

#[test]
fn adding_an_op_works_as_the_page_says() {
    let page = read(&root().join("docs/adding-an-op.md"));
    let (inside, _) = page.split_once("\n## In your own crate").expect("the part on users' crates");
    let (list, others): (Vec<_>, Vec<_>) = edits(inside)
        .into_iter()
        .filter(|edit| edit.file.starts_with("src/"))
        .partition(|edit| edit.place == "in the list");
    assert_eq!((list.len(), others.len()), (1, 4), "the edits of the page");

    let copy = tempfile::tempdir().unwrap();
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(root().join(file), copy.path().join(file)).unwrap();
    }
    for folder in ["src", "benches"] {
        copy_folder(&root().join(folder), &copy.path().join(folder));
    }
    for edit in &others {
        apply(edit, copy.path());
    }
    let output = cargo_check(copy.path());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "an op that is not in the list compiles");
    let mut why = errors.lines().filter(|line| line.starts_with("error[")).peekable();
    assert!(why.peek().is_some(), "{errors}");
    assert!(why.all(|line| line.contains("`LogMeanExp` is an op without a gradient check")), "{errors}");

    apply(&list[0], copy.path());
    let output = cargo_check(copy.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
