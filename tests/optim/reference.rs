//! What PyTorch, and for what it lacks the papers, say: `fixtures/optim.py`.

use std::collections::BTreeSet;

/// The numbers under a name, or panics.
pub(crate) struct Reference {
    lines: Vec<(String, Vec<f64>)>,
    read: BTreeSet<String>,
}

impl Reference {
    pub(crate) fn new(kind: impl Fn(&str) -> bool) -> Self {
        let split = |line: &str| {
            let (name, numbers) = line.split_once(": ").expect("a name");
            let numbers = numbers.split(' ').map(|n| n.parse().expect("a number")).collect();
            (name.to_owned(), numbers)
        };
        let lines: Vec<_> = include_str!("../fixtures/optim.txt").lines().map(split).collect();
        Reference { lines: lines.into_iter().filter(|(name, _)| kind(name)).collect(), read: BTreeSet::new() }
    }

    pub(crate) fn find(&mut self, name: &str) -> &[f64] {
        self.read.insert(name.to_owned());
        let found = self.lines.iter().find(|(other, _)| other == name);
        &found.unwrap_or_else(|| panic!("optim.txt has no `{name}`")).1
    }

    pub(crate) fn compare(&mut self, name: &str, found: &[f64], bound: f64) {
        let expected = self.find(name);
        assert_eq!(found.len(), expected.len(), "{name}");
        for (i, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= bound * b.abs().max(1.0), "{name}, number {i}: {a:e}, not {b:e}");
        }
    }

    pub(crate) fn all_are_read(&self) {
        for (name, _) in &self.lines {
            assert!(self.read.contains(name), "no test reads `{name}` of optim.txt");
        }
    }
}
