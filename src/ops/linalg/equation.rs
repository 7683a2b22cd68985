//! The notation of `einsum`: which label each axis has, and of what size it is.
#![forbid(unsafe_code)]

use crate::Shape;
use std::{collections::BTreeMap, fmt};

/// What an axis is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    /// One of those that the ellipsis stands for, counted from the last.
    Covered(usize),
    /// A letter.
    Letter(char),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Label::Covered(place) => write!(f, "{place} from the last of the ellipsis"),
            Label::Letter(letter) => write!(f, "{letter}"),
        }
    }
}

/// An equation that fits its operands.
pub(super) struct Equation {
    /// The labels of each operand's axes.
    pub(super) operands: Vec<Vec<Label>>,
    /// The labels of the result's axes.
    pub(super) output: Vec<Label>,
    /// How long each label's axes are. In an operand it may be 1 instead, which stretches.
    pub(super) sizes: BTreeMap<Label, usize>,
}

impl Equation {
    /// Reads an equation for operands of these shapes.
    pub(super) fn new(text: &str, shapes: &[&Shape]) -> Result<Equation, String> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match text.split_once("->") {
            Some((inputs, output)) => (inputs, Some(output)),
            None => (&text[..], None),
        };
        let terms: Vec<Term> = inputs.split(',').map(Term::new).collect::<Result<_, _>>()?;
        if terms.len() != shapes.len() {
            return Err(format!("{} terms for {} operands", terms.len(), shapes.len()));
        }
        let operands: Vec<Vec<Label>> =
            terms.iter().zip(shapes).map(|(term, shape)| term.labels(shape)).collect::<Result<_, _>>()?;
        let mut sizes = BTreeMap::new();
        for (labels, shape) in operands.iter().zip(shapes) {
            for (i, (&label, &size)) in labels.iter().zip(shape.iter()).enumerate() {
                if let Some(first) = labels[..i].iter().position(|&other| other == label)
                    && shape[first] != size
                {
                    return Err(format!("there is no diagonal over label {label} of {shape}"));
                }
                let known = sizes.entry(label).or_insert(size);
                match (*known, size) {
                    (1, size) => *known = size,
                    (known, size) if size != 1 && known != size => {
                        return Err(format!("label {label} has sizes {known} and {size}"));
                    }
                    _ => {}
                }
            }
        }
        let output = match output {
            Some(output) => Term::new(output)?.output(&sizes)?,
            None => {
                let uses = |label| operands.iter().flatten().filter(|&&other| other == label).count();
                let once = |label: &Label| matches!(label, Label::Covered(_)) || uses(*label) == 1;
                let covered = sizes.keys().rev().filter(|label| matches!(label, Label::Covered(_)));
                let letters = sizes.keys().filter(|label| matches!(label, Label::Letter(_)));
                covered.chain(letters).copied().filter(once).collect()
            }
        };
        Ok(Equation { operands, output, sizes })
    }
}

/// The labels of one operand or of the result, as written.
struct Term {
    before: Vec<char>,
    ellipsis: bool,
    after: Vec<char>,
}

impl Term {
    fn new(text: &str) -> Result<Term, String> {
        let (before, after) = text.split_once("...").unwrap_or((text, ""));
        let letters = |part: &str| match part.chars().find(|c| !c.is_ascii_alphabetic()) {
            Some(other) => Err(format!("{other:?} in {text:?} is no label")),
            None => Ok(part.chars().collect()),
        };
        Ok(Term { before: letters(before)?, ellipsis: text.contains("..."), after: letters(after)? })
    }

    fn with_covered(&self, covered: usize) -> Vec<Label> {
        let before = self.before.iter().map(|&c| Label::Letter(c));
        let middle = (0..covered).rev().map(Label::Covered);
        before.chain(middle).chain(self.after.iter().map(|&c| Label::Letter(c))).collect()
    }

    /// The labels of an operand's axes.
    fn labels(&self, shape: &Shape) -> Result<Vec<Label>, String> {
        let named = self.before.len() + self.after.len();
        match shape.rank().checked_sub(named) {
            Some(covered) if covered == 0 || self.ellipsis => Ok(self.with_covered(covered)),
            _ => Err(format!("{named} labels for the {} axes of {shape}", shape.rank())),
        }
    }

    /// The labels of the result's axes.
    fn output(&self, sizes: &BTreeMap<Label, usize>) -> Result<Vec<Label>, String> {
        let covered = sizes.keys().filter(|label| matches!(label, Label::Covered(_))).count();
        let labels = self.with_covered(if self.ellipsis { covered } else { 0 });
        for (i, label) in labels.iter().enumerate() {
            if !sizes.contains_key(label) {
                return Err(format!("label {label} of the result is in no operand"));
            }
            if labels[..i].contains(label) {
                return Err(format!("label {label} is twice in the result"));
            }
        }
        Ok(labels)
    }
}
