//! `docs/ops.md` is made from the two lists and the comments of what they name, and must not go
//! stale. `UPDATE=1 cargo test --test catalogue` writes it.

use gradtape::gradcheck::{Gen, Sample};
use gradtape::op::{Composition, Op};
use gradtape::{for_each_composition, for_each_op};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

struct Entry {
    name: &'static str,
    /// The type's path for an op, nothing for a composition.
    ty: Option<&'static str>,
    differentiable: bool,
}

/// Whether any operand has a gradient.
fn differentiable<T>(sample: Sample<T>) -> bool {
    (0..sample.inputs().len()).any(|place| sample.differentiable(place))
}

fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    macro_rules! ops {
        ($($name:ident: $Op:ty,)*) => {$(
            entries.push(Entry {
                name: stringify!($name),
                ty: Some(stringify!($Op)),
                differentiable: differentiable(<$Op as Op>::samples(&mut Gen::new(&[7; 40]))),
            });
        )*};
    }
    for_each_op!(ops);
    macro_rules! compositions {
        ($($name:ident: $Composition:ty,)*) => {$(
            entries.push(Entry {
                name: stringify!($name),
                ty: None,
                differentiable: differentiable(<$Composition as Composition>::samples(&mut Gen::new(&[7; 40]))),
            });
        )*};
    }
    for_each_composition!(compositions);
    entries
}

/// Every file of the ops, in the order of their names.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() { sources(&path, found) } else { found.push(path) }
    }
}

/// The comment above the line that `declares`, up to its first section, in one paragraph.
fn comment(source: &str, declares: impl Fn(&str) -> bool) -> Option<String> {
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    // An import may look like a declaration; it has no comment above it.
    let at = (1..lines.len()).find(|&at| {
        declares(lines[at]) && (lines[at - 1].starts_with("///") || lines[at - 1].starts_with("#["))
    })?;
    let above = lines[..at].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#["));
    let mut comment: Vec<_> = above.filter_map(|line| line.strip_prefix("///")).map(str::trim).collect();
    comment.reverse();
    let prose = comment.split(|line| line.starts_with('#') || line.starts_with("```")).next()?;
    Some(prose.join(" ").trim().to_owned())
}

/// The names that links show, without where they lead.
fn unlinked(comment: &str) -> String {
    let mut parts = comment.split("`](");
    let first = parts.next().unwrap().to_owned();
    let text = parts.fold(first, |text, part| text + "`" + part.split_once(')').unwrap().1);
    text.replace("[`", "`").replace("`]", "`")
}

/// What the comment of an op says: above its struct, or above its line in a table.
fn about(entry: &Entry, source: &str) -> Option<String> {
    let Some(ty) = entry.ty else {
        return comment(source, |line| {
            let rest = line.split_once(&format!("pub fn {}", entry.name)).map(|(_, rest)| rest);
            rest.is_some_and(|rest| rest.starts_with(['(', '<']))
        });
    };
    let name = ty.trim_end_matches([' ', '>']).rsplit("::").next().unwrap().trim();
    comment(source, |line| {
        let rest = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix(name).map(|_| line));
        let rest = rest.and_then(|rest| rest.strip_prefix(name));
        let table = |rest: &str| [", ", "(op)", " [periodic]"].iter().any(|next| rest.starts_with(next));
        rest.is_some_and(|rest| {
            table(rest) || line.starts_with("pub struct") && !rest.starts_with(char::is_alphanumeric)
        })
    })
}

fn page() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ops");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    let files: Vec<_> = paths.iter().map(|path| (path, fs::read_to_string(path).unwrap())).collect();
    let mut rows: Vec<Vec<String>> = vec![Vec::new(); files.len()];
    let (mut ops, mut compositions) = (0, 0);
    for entry in entries() {
        let found = files.iter().enumerate().find_map(|(i, (_, source))| Some((i, about(&entry, source)?)));
        let (file, about) = found.unwrap_or_else(|| panic!("no comment found for {}", entry.name));
        let kind = if entry.ty.is_some() { "op" } else { "composition" };
        *if entry.ty.is_some() { &mut ops } else { &mut compositions } += 1;
        let derivatives = if entry.differentiable { "all orders, both modes" } else { "none" };
        let about = unlinked(&about).replace('|', "\\|");
        rows[file].push(format!("| `{}` | {kind} | {about} | {derivatives} |", entry.name));
    }
    let mut page = format!(
        "# The ops\n\n\
         Made from the lists in [src/ops/list.rs](../src/ops/list.rs) and the comments in the source; do not edit it by hand.\n\
         {ops} ops have a rule of their own, {compositions} are compositions of them. Each is held to every promise of\n\
         [its tests](../tests/gradients/main.rs); what happens at nasty points is in [kinks.md](kinks.md).\n"
    );
    for ((path, source), rows) in files.iter().zip(rows).filter(|(_, rows)| !rows.is_empty()) {
        let title = source.lines().next().unwrap().trim_start_matches("//! ");
        let title = title.split(['.', ':']).next().unwrap();
        let place = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display();
        write!(page, "\n## {title}\n\n[{place}](../{place})\n\n| name | kind | formula | derivatives |\n|---|---|---|---|\n")
            .unwrap();
        page += &(rows.join("\n") + "\n");
    }
    page
}

#[test]
fn the_catalogue_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ops.md");
    let page = page();
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/ops.md is stale: UPDATE=1 cargo test --test catalogue writes it");
}
