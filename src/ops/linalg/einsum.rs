//! Einstein's summation: any sum of products over named axes.
#![forbid(unsafe_code)]

use super::{
    equation::{Equation, Label},
    product::MatMul,
};
use crate::{
    Axes, Shape,
    value::{Interp, Value},
};

/// A value whose axes have names, each another one.
struct Named<I: Interp> {
    value: Value<I>,
    labels: Vec<Label>,
}

impl<I: Interp> Named<I> {
    /// An operand: of axes with the same name the diagonal, and without axes that stretch.
    fn new(operand: &Value<I>, labels: &[Label], equation: &Equation) -> Self {
        let mut named = Named { value: operand.clone(), labels: labels.to_vec() };
        while let Some((first, second)) = named.twice() {
            named.take_diagonal(first, second);
        }
        let stays = |(label, &size): (&Label, &usize)| size == equation.sizes[label];
        let kept: Vec<_> = named.labels.iter().zip(named.value.shape().iter()).map(stays).collect();
        if kept.contains(&false) {
            let mut places = kept.iter();
            let dims = named.value.shape().iter().zip(&kept).filter(|(_, kept)| **kept).map(|(&d, _)| d);
            named.value = named.value.reshape(&dims.collect::<Vec<_>>()[..]);
            named.labels.retain(|_| *places.next().expect("one for each label"));
        }
        named
    }

    /// Two axes with the same name.
    fn twice(&self) -> Option<(usize, usize)> {
        let labels = &self.labels;
        (0..labels.len()).find_map(|j| Some((labels[..j].iter().position(|&label| label == labels[j])?, j)))
    }

    /// Two axes of one size become one.
    fn take_diagonal(&mut self, first: usize, second: usize) {
        self.value = self.value.diagonal(0, first as isize, second as isize);
        self.labels.remove(second);
        let label = self.labels.remove(first);
        self.labels.push(label);
    }

    /// The sum over the axes whose names are not needed.
    fn sum_unless(&mut self, needed: impl Fn(Label) -> bool) {
        let unneeded = (0..self.labels.len()).filter(|&i| !needed(self.labels[i]));
        let axes: Vec<isize> = unneeded.map(|i| i as isize).collect();
        if !axes.is_empty() {
            self.value = self.value.sum_axes(Axes::from(&axes[..]), false);
            self.labels.retain(|&label| needed(label));
        }
    }

    /// The axes in the order of these names, each group of names as one axis.
    fn grouped(&self, groups: &[&[Label]]) -> Value<I> {
        let labels = groups.concat();
        let size = |group: &&[Label]| group.iter().map(|&label| self.size(label)).product();
        let dims: Vec<usize> = groups.iter().map(size).collect();
        self.permuted(&labels).reshape(&dims[..])
    }

    fn permuted(&self, labels: &[Label]) -> Value<I> {
        if self.labels == labels {
            return self.value.clone();
        }
        let order: Vec<usize> = labels.iter().map(|&label| self.place(label)).collect();
        self.value.permute(&order[..])
    }

    fn place(&self, label: Label) -> usize {
        self.labels.iter().position(|&other| other == label).expect("a label of this value")
    }

    fn size(&self, label: Label) -> usize {
        self.value.shape()[self.place(label)]
    }

    /// The sum of products over the names that both have and that are not needed after.
    fn times(&self, other: &Self, needed: impl Fn(Label) -> bool) -> Self {
        let (both, left): (Vec<_>, Vec<_>) =
            self.labels.iter().partition(|label| other.labels.contains(label));
        let right: Vec<_> = other.labels.iter().copied().filter(|l| !self.labels.contains(l)).collect();
        let (outer, inner): (Vec<_>, Vec<_>) = both.into_iter().partition(|&label| needed(label));
        let labels = [&outer[..], &left, &right].concat();
        let value = if inner.is_empty() {
            self.grouped(&[&outer, &left, &[]]) * other.grouped(&[&outer, &[], &right])
        } else {
            // As they lie, if that is a transposed matrix: the product takes it without a copy.
            let transpose_a = self.labels == [&outer[..], &inner, &left].concat();
            let transpose_b = other.labels == [&outer[..], &right, &inner].concat();
            let a =
                self.grouped(&if transpose_a { [&outer, &inner, &left] } else { [&outer, &left, &inner] });
            let b =
                other.grouped(&if transpose_b { [&outer, &right, &inner] } else { [&outer, &inner, &right] });
            Value::apply(MatMul { transpose_a, transpose_b }, [a.into(), b.into()])
        };
        let size =
            |&label: &Label| if self.labels.contains(&label) { self.size(label) } else { other.size(label) };
        let dims: Vec<usize> = labels.iter().map(size).collect();
        Named { value: value.reshape(&dims[..]), labels }
    }
}

/// The pair whose product takes the fewest multiplications; of equals the one with the smallest result.
fn cheapest<I: Interp>(
    factors: &[Named<I>],
    equation: &Equation,
    needed: impl Fn(Label, [usize; 2]) -> bool,
) -> [usize; 2] {
    let cost = |pair: [usize; 2]| {
        let mut labels = [&factors[pair[0]].labels[..], &factors[pair[1]].labels].concat();
        labels.sort_unstable();
        labels.dedup();
        let size =
            |labels: &[Label]| labels.iter().map(|label| equation.sizes[label] as f64).product::<f64>();
        let work = size(&labels);
        labels.retain(|&label| needed(label, pair));
        (work, size(&labels))
    };
    let pairs = (0..factors.len()).flat_map(|j| (0..j).map(move |i| [i, j]));
    let costs = pairs.map(|pair| (cost(pair), pair));
    let least = costs.min_by(|(a, _), (b, _)| a.partial_cmp(b).expect("sizes are no NaN"));
    least.expect("at least two factors").1
}

impl<I: Interp> Value<I> {
    /// Einstein's summation, in PyTorch's notation. Each operand's axes have letters as names; the result is
    /// the sum of products over all names that it does not have.
    ///
    /// * A name twice in one operand is its diagonal.
    /// * `...` stands for any axes, which are broadcast; where the result does not have it, they are summed.
    /// * Without `->`, the result has the axes of `...`, then the names used once, in the order of the alphabet.
    /// * An axis of size 1 stretches to the size that its name has elsewhere.
    /// * Of many operands those are multiplied first that take the fewest multiplications.
    /// * PyTorch's other notation, numbers in place of letters between the operands, is not taken: it says the same.
    ///
    /// ```
    /// use gradtape::{Tensor, Value};
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(Value::einsum("ij,kj->ik", &[&a, &a]), a.matmul(&a.transpose(0, 1)));
    /// assert_eq!(Value::einsum("ii", &[&a]).item(), 5.0); // the trace
    /// assert_eq!(Value::einsum("...ij->...ji", &[&a]), a.transpose(0, 1));
    /// ```
    ///
    /// # Panics
    /// When the equation cannot be read or does not fit the operands: the message shows it and their shapes.
    #[track_caller]
    pub fn einsum(equation: &str, operands: &[&Self]) -> Self {
        let shapes: Vec<&Shape> = operands.iter().map(|operand| operand.shape()).collect();
        let equation = match Equation::new(equation, &shapes) {
            Ok(parsed) => parsed,
            Err(why) => panic!("gradtape: einsum: {equation:?} does not fit {shapes:?}: {why}"),
        };
        let named = operands.iter().zip(&equation.operands);
        let mut factors: Vec<Named<I>> =
            named.map(|(operand, labels)| Named::new(operand, labels, &equation)).collect();
        for i in 0..factors.len() {
            let elsewhere: Vec<Label> =
                others(&factors, &[i]).chain(equation.output.iter().copied()).collect();
            factors[i].sum_unless(|label| elsewhere.contains(&label));
        }
        while factors.len() > 1 {
            let needed = |label, pair: [usize; 2]| {
                equation.output.contains(&label) || others(&factors, &pair).any(|other| other == label)
            };
            let pair = cheapest(&factors, &equation, needed);
            let product = factors[pair[0]].times(&factors[pair[1]], |label| needed(label, pair));
            factors.remove(pair[1]);
            factors[pair[0]] = product;
        }
        factors[0].permuted(&equation.output)
    }
}

/// The names that factors other than these have.
fn others<'f, I: Interp>(factors: &'f [Named<I>], but: &'f [usize]) -> impl Iterator<Item = Label> + 'f {
    let other = factors.iter().enumerate().filter(|(i, _)| !but.contains(i));
    other.flat_map(|(_, factor)| factor.labels.iter().copied())
}

/// Equations whose letters stand for the sizes of axes: a is 2, b is 3, and so on to e.
const SAMPLES: &[&str] = &[
    "",
    ",",
    "a->",
    "ab->ba",
    "aab->ba",
    "baac->cb",
    "aaa->a",
    "aa",
    "ab,b",
    "ab,bc->ac",
    "ab,cb->ac",
    "ba,bc->ca",
    "a,b->ba",
    "ab,ab->ab",
    "abc,cd->abd",
    "dab,dbc->dac",
    "adb,dbc->acd",
    "ab,bc,cd,de->ae",
    "ab,a,b->",
    "abc,c,ab",
    "aba,b->a",
    "...a,...a->...",
    "...ab,bc->...ac",
    "a...,...b->b...a",
    "a...->a",
    "...",
    "ab, cbd, ac -> ad",
    "a,a,a->a",
    "abcd,badc->",
    "eBe,aB->Ba",
    "ae,be,ce,de->abcd",
];

composition!(
    Einsum(&'static str),
    "einsum",
    |equation, x| vec![Value::einsum(equation, &x.iter().collect::<Vec<_>>())],
    |g| {
        let equation = g.pick(SAMPLES);
        let (covered, empty, stretched) = (g.shape(2), g.chance(10), g.chance(4));
        let inputs = equation.split("->").next().expect("at least one part");
        let mut values = Vec::new();
        for term in inputs.replace(' ', "").split(',') {
            let mut dims = Vec::new();
            let repeated = |c: char| term.matches(c).count() > 1;
            let (before, after) = term.split_once("...").unwrap_or((term, ""));
            let mut size = |c: char| match c {
                'B' => 4,
                'a' if empty => 0,
                c if stretched && !repeated(c) && g.bool() => 1,
                c => 2 + (c as usize - 'a' as usize) % 3,
            };
            dims.extend(before.chars().map(&mut size));
            if term.contains("...") {
                let missing = if stretched { covered.rank().min(1) } else { 0 };
                dims.extend(&covered[missing..]);
            }
            dims.extend(after.chars().map(&mut size));
            let shape = Shape::from(&dims[..]);
            values.push(g.values(&shape, -2.0..2.0));
        }
        (equation, values)
    }
);
