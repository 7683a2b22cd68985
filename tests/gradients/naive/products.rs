//! Products of vectors, of several axes and of named axes.

use super::{Array, Naive, Place, build, from_front, joint, places, replaced, stretched};
use gradtape::ops::{Contraction, composed};
use ndarray::{ArrayD, IxDyn, arr0};

impl Naive for composed::Dot {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![arr0((0..x[0].len()).map(|i| x[0][[i]] * x[1][[i]]).sum()).into_dyn()]
    }
}

impl Naive for composed::Outer {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![build(&[x[0].len(), x[1].len()], |at| x[0][[at[0]]] * x[1][[at[1]]])]
    }
}

impl Naive for composed::Bilinear {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (a, b, w) = (&x[0], &x[1], &x[2]);
        let last = a.ndim() - 1;
        vec![build(&replaced(a.shape(), last, w.shape()[0]), |at| {
            let mut sum = x.get(3).map_or(0.0, |bias| bias[[at[last]]]);
            for i in 0..w.shape()[1] {
                for j in 0..w.shape()[2] {
                    sum +=
                        a[&replaced(at, last, i)[..]] * w[[at[last], i, j]] * b[&replaced(at, last, j)[..]];
                }
            }
            sum
        })]
    }
}

impl Naive for composed::Addmm {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (a, b, scales) = (&x[1], &x[2], self.0);
        vec![build(&[a.shape()[0], b.shape()[1]], |at| {
            let product: f64 = (0..a.shape()[1]).map(|l| a[[at[0], l]] * b[[l, at[1]]]).sum();
            scales.beta * stretched(&x[0], at) + scales.alpha * product
        })]
    }
}

impl Naive for composed::Tensordot {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let (a, b) = (&x[0], &x[1]);
        let pairs: Vec<(usize, usize)> = match &self.0 {
            &Contraction::Inner(n) => (0..n).map(|i| (a.ndim() - n + i, i)).collect(),
            Contraction::Pairs(p, q) => {
                let pair = |(&i, &j)| (from_front(i, a.ndim()), from_front(j, b.ndim()));
                p.iter().zip(q).map(pair).collect()
            }
        };
        let free = |x: &Array, used: &dyn Fn(usize) -> bool| -> Place {
            (0..x.ndim()).filter(|&i| !used(i)).collect()
        };
        let left = free(a, &|i| pairs.iter().any(|p| p.0 == i));
        let right = free(b, &|j| pairs.iter().any(|p| p.1 == j));
        let dims: Place =
            left.iter().map(|&i| a.shape()[i]).chain(right.iter().map(|&j| b.shape()[j])).collect();
        let summed: Place = pairs.iter().map(|p| a.shape()[p.0]).collect();
        vec![build(&dims, |at| {
            let term = |inner: Place| {
                let (mut of_a, mut of_b) = (vec![0; a.ndim()], vec![0; b.ndim()]);
                left.iter().zip(at).for_each(|(&i, &v)| of_a[i] = v);
                right.iter().zip(&at[left.len()..]).for_each(|(&j, &v)| of_b[j] = v);
                for (&(i, j), v) in pairs.iter().zip(inner) {
                    (of_a[i], of_b[j]) = (v, v);
                }
                a[&of_a[..]] * b[&of_b[..]]
            };
            places(&summed).into_iter().map(term).sum()
        })]
    }
}

impl Naive for composed::Kron {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let rank = x[0].ndim().max(x[1].ndim());
        let aligned = |x: &Array| {
            let dims = [&vec![1; rank - x.ndim()][..], x.shape()].concat();
            x.clone().into_shape_with_order(IxDyn(&dims)).expect("only axes of size 1")
        };
        let (a, b) = (aligned(&x[0]), aligned(&x[1]));
        let dims: Place = (0..rank).map(|i| a.shape()[i] * b.shape()[i]).collect();
        vec![build(&dims, |at| {
            let outer: Place = (0..rank).map(|i| at[i] / b.shape()[i]).collect();
            let inner: Place = (0..rank).map(|i| at[i] % b.shape()[i]).collect();
            a[&outer[..]] * b[&inner[..]]
        })]
    }
}

impl Naive for composed::Cross {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let axis = from_front(self.0, x[0].ndim());
        let dims = joint(&[x[0].shape(), x[1].shape()]);
        vec![build(&dims, |at| {
            let (i, j) = [(1, 2), (2, 0), (0, 1)][at[axis]];
            let of = |x: &Array, k| stretched(x, &replaced(at, axis, k));
            of(&x[0], i) * of(&x[1], j) - of(&x[0], j) * of(&x[1], i)
        })]
    }
}

impl Naive for composed::Einsum {
    /// One loop over all values of all labels.
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let equation = self.0.replace(' ', "");
        let (inputs, output) = equation.split_once("->").map_or((&equation[..], None), |(i, o)| (i, Some(o)));
        let terms: Vec<&str> = inputs.split(',').collect();
        // The axes of the ellipsis are named by digits, 0 the last.
        let spelled = |term: &str, covered: usize| -> Vec<char> {
            let digits: String = (0..covered).rev().map(|i| char::from(b'0' + i as u8)).collect();
            term.replace("...", &digits).chars().collect()
        };
        let covered = |term: &str, x: &Array| x.ndim() - term.replace("...", "").len();
        let named: Vec<Vec<char>> =
            terms.iter().zip(x).map(|(term, x)| spelled(term, covered(term, x))).collect();
        let most = terms.iter().zip(x).map(|(term, x)| covered(term, x)).max().expect("an operand");
        let mut labels = named.concat();
        labels.sort_unstable();
        labels.dedup();
        let output = output.map_or_else(
            || {
                let once =
                    |c: &char| c.is_alphabetic() && named.iter().flatten().filter(|&d| d == c).count() == 1;
                let mut letters: Vec<char> = labels.iter().copied().filter(once).collect();
                letters.sort_unstable();
                [spelled("...", most), letters].concat()
            },
            |output| spelled(output, most),
        );
        let size = |c: char| {
            let sizes = named.iter().zip(x).flat_map(|(named, x)| named.iter().zip(x.shape()));
            sizes.filter(|(d, _)| **d == c).fold(1, |size, (_, &other)| if other == 1 { size } else { other })
        };
        let sizes: Place = labels.iter().map(|&c| size(c)).collect();
        let of = |c: char, at: &[usize]| at[labels.iter().position(|&d| d == c).expect("a label")];
        let dims: Place = output.iter().map(|&c| size(c)).collect();
        let mut y = ArrayD::zeros(IxDyn(&dims));
        for at in places(&sizes) {
            let element = |(named, x): (&Vec<char>, &Array)| {
                let place = named.iter().zip(x.shape()).map(|(&c, &d)| if d == 1 { 0 } else { of(c, &at) });
                x[&place.collect::<Place>()[..]]
            };
            let to: Place = output.iter().map(|&c| of(c, &at)).collect();
            y[&to[..]] += named.iter().zip(x).map(element).product::<f64>();
        }
        vec![y]
    }
}
