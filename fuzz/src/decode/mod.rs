//! Bytes as a program: whatever they are, its shapes fit.

mod newer;

use super::reference::{Array, Op, broadcast, eval};
use std::fmt;

/// Larger results are not decoded, so that a program takes well under a millisecond.
const LARGEST: usize = 64;
const INSTRUCTIONS: usize = 24;

/// Bytes from here on stand for the instructions of [`newer`], those before for the others, three times over.
const FIRST: usize = 138;

/// Where a program starts.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) shape: Vec<usize>,
    pub(crate) elements: Vec<f64>,
    /// Whether it is differentiated.
    pub(crate) variable: bool,
}

/// An op on earlier values, which are numbered: the inputs, then the results in order.
#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) op: Op,
    pub(crate) args: Vec<usize>,
    /// The number of its first result.
    pub(crate) first: usize,
    pub(crate) results: usize,
}

/// A program whose last value is a single number.
#[derive(Clone, Default)]
pub(crate) struct Program {
    pub(crate) inputs: Vec<Input>,
    pub(crate) body: Vec<Instruction>,
}

/// One line for each value, for the message of a failure.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Input { shape, elements, variable }) in self.inputs.iter().enumerate() {
            let kind = if *variable { "variable" } else { "constant" };
            writeln!(f, "  %{i} = {kind} {shape:?} {elements:?}")?;
        }
        for Instruction { op, args, first, results } in &self.body {
            let args: Vec<String> = args.iter().map(|x| format!("%{x}")).collect();
            let results: Vec<String> = (*first..first + results).map(|y| format!("%{y}")).collect();
            writeln!(f, "  {} = {op:?} of {}", results.join(", "), args.join(", "))?;
        }
        Ok(())
    }
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    /// The next byte; 0 when there are no more.
    fn next(&mut self) -> usize {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first.into()
    }

    fn below(&mut self, n: usize) -> usize {
        self.next() % n.max(1)
    }

    fn bit(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// On a grid so coarse that values meet, at kinks and at each other.
    fn number(&mut self) -> f64 {
        f64::from(self.next() as u8 as i8 >> 3) / 4.0
    }
}

/// Decodes all there is.
pub(crate) fn program(bytes: &[u8]) -> Program {
    let mut decoder = Decoder { bytes: Bytes(bytes), program: Program::default(), values: Vec::new() };
    for i in 0..1 + decoder.bytes.below(4) {
        decoder.input(i == 0);
    }
    for _ in 0..INSTRUCTIONS {
        if decoder.bytes.0.is_empty() {
            break;
        }
        // An op that no value fits is left out.
        let _ = decoder.instruction();
    }
    decoder.finish()
}

struct Decoder<'a> {
    bytes: Bytes<'a>,
    program: Program,
    /// What the reference makes of it so far: shapes, and whether numbers stay in range.
    values: Vec<Array>,
}

impl Decoder<'_> {
    fn input(&mut self, first: bool) {
        let head = self.bytes.next();
        let shape: Vec<usize> = (0..head % 3).map(|_| 1 + self.bytes.below(4)).collect();
        let elements: Vec<f64> = (0..shape.iter().product()).map(|_| self.bytes.number()).collect();
        let input = Input { shape, elements, variable: first || head & 0x80 == 0 };
        self.values.push(Array::new(&input.shape, input.elements.iter().copied(), input.variable));
        self.program.inputs.push(input);
    }

    /// Adds an instruction, if its results are small, and gives the number of the first.
    fn emit(&mut self, op: Op, args: &[usize]) -> Option<usize> {
        let size = match (&op, args) {
            (Op::Expand(shape), _) => shape.iter().product(),
            (Op::MatMul(..), &[a, b]) => self.size(a) * self.size(b),
            (_, args) => args.iter().map(|&x| self.size(x)).max().unwrap_or(1),
        };
        let args_of: Vec<&Array> = args.iter().map(|&x| &self.values[x]).collect();
        if size > LARGEST * LARGEST {
            return None;
        }
        let results = eval(&op, &args_of);
        if results.iter().any(|y| y.elements.len() > LARGEST || y.shape.len() > 4) {
            return None;
        }
        let first = self.values.len();
        self.program.body.push(Instruction { op, args: args.to_vec(), first, results: results.len() });
        self.values.extend(results);
        Some(first)
    }

    fn shape(&self, x: usize) -> &[usize] {
        &self.values[x].shape
    }

    fn rank(&self, x: usize) -> usize {
        self.shape(x).len()
    }

    fn size(&self, x: usize) -> usize {
        self.values[x].elements.len()
    }

    /// An earlier value, counted from the last, or the next one that fits.
    fn pick(&mut self, fits: impl Fn(&[usize]) -> bool) -> Option<usize> {
        let count = self.values.len();
        let start = count - 1 - self.bytes.below(count);
        (0..count).map(|i| (start + count - i) % count).find(|&x| fits(self.shape(x)))
    }

    fn any(&mut self) -> Option<usize> {
        self.pick(|_| true)
    }

    /// Two that broadcast.
    fn pair(&mut self) -> Option<[usize; 2]> {
        let a = self.any()?;
        let shape = self.shape(a).to_vec();
        let b =
            self.pick(|b| broadcast(&shape, b).is_some_and(|y| y.iter().product::<usize>() <= LARGEST))?;
        Some(if self.bytes.bit() { [a, b] } else { [b, a] })
    }

    /// One with an axis, and the axis.
    fn with_axis(&mut self) -> Option<(usize, usize)> {
        let x = self.pick(|x| !x.is_empty())?;
        let axis = self.bytes.below(self.rank(x));
        Some((x, axis))
    }

    /// One that `inside` accepts, made so by `guard` most of the time.
    fn within(
        &mut self,
        x: usize,
        inside: impl Fn(f64) -> bool,
        guard: impl FnOnce(&mut Self, usize) -> Option<usize>,
    ) -> Option<usize> {
        let fine = self.values[x].elements.iter().all(|e| inside(e.v));
        if fine || self.bytes.next() >= 0xf0 { Some(x) } else { guard(self, x) }
    }

    /// Between −4 and 4, so that neither eˣ nor a power runs away.
    fn tame(&mut self, x: usize) -> Option<usize> {
        self.within(x, |v| v.abs() <= 4.0, |this, x| this.emit(Op::Tanh, &[x]))
    }

    /// Away from 0.
    fn positive(&mut self, x: usize) -> Option<usize> {
        self.within(
            x,
            |v| v >= 0.125,
            |this, x| {
                let square = this.emit(Op::Mul, &[x, x])?;
                this.emit(Op::AddScalar(0.25), &[square])
            },
        )
    }

    fn axes(&mut self, x: usize) -> Vec<usize> {
        let marks = self.bytes.next();
        (0..self.rank(x)).filter(|i| marks >> i & 1 == 0).collect()
    }

    fn indices(&mut self, count: usize, size: usize) -> Vec<usize> {
        (0..count).map(|_| self.bytes.below(size)).collect()
    }

    fn instruction(&mut self) -> Option<usize> {
        let code = self.bytes.next();
        if code >= FIRST {
            return self.newer(code - FIRST);
        }
        let op = match code % 46 {
            0 => return self.pair().and_then(|x| self.emit(Op::Add, &x)),
            1 => return self.pair().and_then(|x| self.emit(Op::Sub, &x)),
            2 => return self.pair().and_then(|x| self.emit(Op::Mul, &x)),
            3 => {
                let [a, b] = self.pair()?;
                let b = self.positive(b)?;
                return self.emit(Op::Div, &[a, b]);
            }
            4 => {
                let [a, b] = self.pair()?;
                let (a, b) = (self.positive(a)?, self.tame(b)?);
                let a = self.tame(a)?;
                return self.emit(Op::Pow, &[a, b]);
            }
            5 => return self.pair().and_then(|x| self.emit(Op::Maximum, &x)),
            6 => return self.pair().and_then(|x| self.emit(Op::Greater, &x)),
            7 => return self.pair().and_then(|x| self.emit(Op::Equal, &x)),
            8 => {
                let [a, b] = self.pair()?;
                let mask = self.emit(Op::Greater, &[a, b])?;
                return self.emit(Op::Select, &[mask, a, b]);
            }
            9 => {
                let [a, b] = self.pair()?;
                let shape = broadcast(self.shape(a), self.shape(b))?;
                let mask = self.pick(|m| broadcast(&shape, m).is_some())?;
                return self.emit(Op::Select, &[mask, a, b]);
            }
            10 => Op::Neg,
            11 => Op::AddScalar(self.bytes.number()),
            12 => Op::SubScalar(self.bytes.number()),
            13 => Op::FromScalar(self.bytes.number()),
            14 => Op::MulScalar(self.bytes.number()),
            15 => Op::DivScalar(self.bytes.number() + 0.125),
            16 => {
                let c = self.bytes.number();
                let x = self.any()?;
                let x = self.positive(x)?;
                return self.emit(Op::OverScalar(c), &[x]);
            }
            17 => {
                let x = self.any()?;
                let x = self.tame(x)?;
                return self.emit(Op::Exp, &[x]);
            }
            code @ 18..=20 => {
                let x = self.any()?;
                let x = self.positive(x)?;
                return self.emit([Op::Ln, Op::Sqrt, Op::Recip][code - 18].clone(), &[x]);
            }
            21 => {
                let c = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 2.5, 3.0][self.bytes.below(9)];
                let x = self.any()?;
                let x = if c == 2.0 || c == 3.0 { x } else { self.positive(x)? };
                let x = self.tame(x)?;
                return self.emit(Op::PowScalar(c), &[x]);
            }
            22 => Op::Tanh,
            23 => Op::Sigmoid,
            24 => Op::Relu,
            25 => Op::Abs,
            26 => Op::Weigh,
            code @ 27..=29 => {
                let x = self.any()?;
                let (axes, keep) = (self.axes(x), self.bytes.bit());
                let empty = axes.iter().any(|&axis| self.shape(x)[axis] == 0);
                let op = match code {
                    27 => Op::Sum(axes, keep),
                    _ if empty => return None,
                    28 => Op::Mean(axes, keep),
                    _ => Op::Max(axes, keep),
                };
                return self.emit(op, &[x]);
            }
            30 => {
                let x = self.pick(|x| !x.is_empty() && !x.contains(&0))?;
                let axis = self.bytes.below(self.rank(x));
                return self.emit(Op::MaxDim(axis, self.bytes.0.len().is_multiple_of(2)), &[x]);
            }
            31 => {
                let x = self.any()?;
                let mut shape = self.shape(x).to_vec();
                let at = self.bytes.below(shape.len() + 1);
                match self.bytes.below(4) {
                    0 => shape = vec![self.size(x)],
                    1 => shape.insert(at, 1),
                    2 => shape.reverse(),
                    _ if shape.len() > 1 => {
                        let merged = shape.remove(at.min(shape.len() - 1));
                        shape[0] *= merged;
                    }
                    _ => shape.retain(|&n| n != 1),
                }
                return self.emit(Op::Reshape(shape), &[x]);
            }
            32 => {
                let x = self.any()?;
                let mut order: Vec<usize> = (0..self.rank(x)).collect();
                for i in (1..order.len()).rev() {
                    order.swap(i, self.bytes.below(i + 1));
                }
                return self.emit(Op::Permute(order), &[x]);
            }
            33 => {
                let x = self.any()?;
                let mut shape = self.shape(x).to_vec();
                for n in shape.iter_mut().filter(|n| **n == 1) {
                    *n = 1 + self.bytes.below(4);
                }
                if shape.len() < 3 && self.bytes.bit() {
                    shape.insert(0, 1 + self.bytes.below(3));
                }
                return self.emit(Op::Expand(shape), &[x]);
            }
            34 => {
                let x = self.any()?;
                let lost = self.bytes.below(self.rank(x) + 1);
                let mut shape = self.shape(x)[lost..].to_vec();
                for n in &mut shape {
                    if self.bytes.bit() {
                        *n = 1;
                    }
                }
                return self.emit(Op::SumTo(shape), &[x]);
            }
            35 => {
                let x = self.any()?;
                let ranges = self.shape(x).to_vec().into_iter().map(|size| self.range(size)).collect();
                return self.emit(Op::Slice(ranges), &[x]);
            }
            36 => {
                let (x, axis) = self.with_axis()?;
                let mut args = vec![x];
                for _ in 0..self.bytes.below(3) {
                    let shape = self.shape(x).to_vec();
                    let beside = |y: &[usize]| {
                        y.len() == shape.len() && (0..y.len()).all(|i| i == axis || y[i] == shape[i])
                    };
                    args.extend(self.pick(beside));
                }
                return self.emit(Op::Concat(axis), &args);
            }
            37 => {
                let (x, axis) = self.with_axis()?;
                let mut left = self.shape(x)[axis];
                let mut sizes = Vec::new();
                for _ in 0..self.bytes.below(3) {
                    sizes.push(self.bytes.below(left + 1));
                    left -= sizes[sizes.len() - 1];
                }
                sizes.push(left);
                return self.emit(Op::Split(axis, sizes), &[x]);
            }
            38 => {
                let (x, axis) = self.with_axis()?;
                let size = self.shape(x)[axis];
                let count = if size == 0 { 0 } else { self.bytes.below(6) };
                let indices = self.indices(count, size);
                return self.emit(Op::IndexSelect(axis, indices), &[x]);
            }
            39 => {
                let (x, axis) = self.with_axis()?;
                let size = 1 + self.bytes.below(4);
                let indices = self.indices(self.shape(x)[axis], size);
                return self.emit(Op::IndexAdd(axis, size, indices), &[x]);
            }
            40 => {
                let (x, axis) = self.with_axis()?;
                let mut shape = self.shape(x).to_vec();
                let size = shape[axis];
                shape[axis] = if size == 0 { 0 } else { 1 + self.bytes.below(4) };
                let count = shape.iter().product::<usize>();
                if count > LARGEST {
                    return None;
                }
                let indices = self.indices(count, size);
                return self.emit(Op::TakeAlong(axis, shape, indices), &[x]);
            }
            41 => {
                let (x, axis) = self.with_axis()?;
                let size = 1 + self.bytes.below(4);
                let indices = self.indices(self.size(x), size);
                return self.emit(Op::ScatterAdd(axis, size, indices), &[x]);
            }
            42 => return self.product(),
            43 => {
                let x = self.pick(|x| !x.is_empty())?;
                let inner = self.shape(x)[self.rank(x) - 1];
                let w = self.pick(|w| w.len() == 2 && w[1] == inner)?;
                let out = self.shape(w)[0];
                let b = self.pick(|b| b == [out])?;
                return self.emit(Op::Linear, &[x, w, b]);
            }
            44 => {
                let (x, axis) = self.with_axis()?;
                let op = if self.bytes.bit() { Op::Softmax(axis) } else { Op::LogSoftmax(axis) };
                return self.emit(op, &[x]);
            }
            _ => {
                let x = self.pick(|x| x.len() == 2 && !x.contains(&0))?;
                let (rows, classes) = (self.shape(x)[0], self.shape(x)[1]);
                let targets = self.indices(rows, classes);
                return self.emit(Op::CrossEntropy(targets), &[x]);
            }
        };
        let x = self.any()?;
        self.emit(op, &[x])
    }

    /// Part of an axis, in either direction, seldom none of it.
    fn range(&mut self, size: usize) -> (usize, usize, isize) {
        if size == 0 {
            return (0, 0, 1);
        }
        let head = self.bytes.next();
        let (start, step) = (head % size, 1 + (head >> 4) % 2);
        let backwards = head & 0x80 != 0;
        let most = if backwards { start } else { size - 1 - start } / step + 1;
        let count = if head == 0xff { 0 } else { 1 + self.bytes.below(most) };
        (start, count, if backwards { -(step as isize) } else { step as isize })
    }

    /// A product of two values that fit, either of them transposed.
    fn product(&mut self) -> Option<usize> {
        let a = self.pick(|a| !a.is_empty())?;
        let flags = self.bytes.next();
        let (ta, tb) = (flags & 1 == 1 && self.rank(a) > 1, flags & 2 == 2);
        let a_shape = self.shape(a).to_vec();
        let (k, outer) = (a_shape[a_shape.len() - if ta { 2 } else { 1 }], a_shape.len().max(2) - 2);
        let fits = |b: &[usize], tb: bool| match b.len() {
            0 => false,
            1 => b[0] == k && !tb && !ta,
            n => {
                // Only the method, which does not transpose, takes vectors.
                b[n - if tb { 1 } else { 2 }] == k
                    && (a_shape.len() > 1 || !tb)
                    && broadcast(&a_shape[..outer], &b[..n - 2]).is_some()
            }
        };
        if let Some(b) = self.pick(|b| fits(b, tb)) {
            return self.emit(Op::MatMul(ta, tb), &[a, b]);
        }
        let b = self.pick(|b| fits(b, false))?;
        self.emit(Op::MatMul(ta, false), &[a, b])
    }

    /// Adds up what nothing has used, in unequal parts.
    fn finish(mut self) -> Program {
        let used: Vec<usize> = self.program.body.iter().flat_map(|i| i.args.clone()).collect();
        let sound = |x: &Array| x.elements.iter().all(|e| e.v.abs() <= 1e6);
        let unused: Vec<usize> =
            (0..self.values.len()).filter(|x| !used.contains(x) && sound(&self.values[*x])).collect();
        // If nothing is sound, then what NaN does not reach is at least run.
        let unused = if unused.is_empty() { vec![self.values.len() - 1] } else { unused };
        let mut total = None;
        for x in unused {
            let all = (0..self.rank(x)).collect();
            let weighed = self.emit(Op::Weigh, &[x]).expect("as small as its operand");
            let sum = self.emit(Op::Sum(all, false), &[weighed]).expect("a number");
            total = match total {
                None => Some(sum),
                Some(total) => self.emit(Op::Add, &[total, sum]),
            };
        }
        self.program
    }
}
