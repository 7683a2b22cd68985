//! The instructions with families of their own.

use super::{
    super::reference::{Binary, Op, Padding, Place, Reduction, Scan, Ternary, Unary, broadcast},
    Decoder, LARGEST,
};

/// Where a function is defined, and does not run away.
#[derive(Clone, Copy)]
enum Domain {
    All,
    Tame,
    Positive,
    /// Between −1 and 1.
    Inside,
    /// Above 1.
    Above,
}

use Domain::{Above, All, Inside, Positive, Tame};

const UNARY: [(Unary, Domain); 47] = [
    (Unary::Exp2, Tame),
    (Unary::Expm1, Tame),
    (Unary::Log1p, Positive),
    (Unary::Log2, Positive),
    (Unary::Log10, Positive),
    (Unary::Cbrt, All),
    (Unary::Rsqrt, Positive),
    (Unary::Square, Tame),
    (Unary::Sin, All),
    (Unary::Cos, All),
    (Unary::Tan, All),
    (Unary::Sinc, All),
    (Unary::Asin, Inside),
    (Unary::Acos, Inside),
    (Unary::Atan, All),
    (Unary::Sinh, Tame),
    (Unary::Cosh, Tame),
    (Unary::Asinh, All),
    (Unary::Acosh, Above),
    (Unary::Atanh, Inside),
    (Unary::Erf, All),
    (Unary::Erfc, All),
    (Unary::LogSigmoid, All),
    (Unary::Softplus(2.0), All),
    (Unary::Softsign, All),
    (Unary::Tanhshrink, All),
    (Unary::Silu, All),
    (Unary::Mish, All),
    (Unary::Gelu, All),
    (Unary::GeluTanh, All),
    (Unary::Relu6, All),
    (Unary::LeakyRelu(0.25), All),
    (Unary::Elu(1.5), All),
    (Unary::Celu(0.5), All),
    (Unary::Selu, All),
    (Unary::Hardsigmoid, All),
    (Unary::Hardswish, All),
    (Unary::Hardtanh(-1.0, 0.5), All),
    (Unary::Clamp(-0.5, f64::INFINITY), All),
    (Unary::Hardshrink(0.5), All),
    (Unary::Softshrink(0.5), All),
    (Unary::Threshold(0.25, -2.0), All),
    (Unary::Floor, All),
    (Unary::Ceil, All),
    (Unary::Round, All),
    (Unary::Trunc, All),
    (Unary::Sign, All),
];

const BINARY: [Binary; 13] = [
    Binary::Minimum,
    Binary::Atan2,
    Binary::Hypot,
    Binary::Logaddexp,
    Binary::Xlogy,
    Binary::Copysign,
    Binary::Fmod,
    Binary::Remainder,
    Binary::Prelu,
    Binary::GreaterEqual,
    Binary::Less,
    Binary::LessEqual,
    Binary::NotEqual,
];

const SCANS: [Scan; 5] = [Scan::Cumsum, Scan::Cumprod, Scan::LogCumSumExp, Scan::Cummax, Scan::Cummin];

/// Reductions, ternary functions and what moves elements, beside the tables.
const OTHERS: usize = 21;

impl Decoder<'_> {
    pub(super) fn newer(&mut self, code: usize) -> Option<usize> {
        let mut code = code % (UNARY.len() + BINARY.len() + SCANS.len() + OTHERS);
        if let Some(&(op, domain)) = UNARY.get(code) {
            let x = self.any()?;
            let x = self.brought_into(domain, x)?;
            return self.emit(Op::Unary(op), &[x]);
        }
        code -= UNARY.len();
        if let Some(&op) = BINARY.get(code) {
            let [a, b] = self.pair()?;
            let b = match op {
                Binary::Xlogy => self.positive(b)?,
                Binary::Fmod | Binary::Remainder => {
                    self.within(b, |v| v.abs() >= 0.125, |this, b| this.positive(b))?
                }
                _ => b,
            };
            return self.emit(Op::Binary(op), &[a, b]);
        }
        code -= BINARY.len();
        if let Some(&op) = SCANS.get(code) {
            let (x, axis) = self.with_axis()?;
            let x = if matches!(op, Scan::Cumprod) { self.tame(x)? } else { x };
            return self.emit(Op::Scan(op, axis), &[x]);
        }
        match code - SCANS.len() {
            code @ 0..=2 => self.of_three(code),
            code @ 3..=8 => self.reduction(code - 3),
            9 => {
                let (x, axis) = self.with_axis()?;
                let descending = self.bytes.bit();
                self.emit(Op::Sort(axis, descending), &[x])
            }
            10 => {
                let (x, axis) = self.with_axis()?;
                let k = self.bytes.below(self.shape(x)[axis] + 1);
                let largest = self.bytes.bit();
                self.emit(Op::TopK(k, axis, largest), &[x])
            }
            code => self.place(code - 11),
        }
    }

    fn brought_into(&mut self, domain: Domain, x: usize) -> Option<usize> {
        match domain {
            All => Some(x),
            Tame => self.tame(x),
            Positive => self.positive(x),
            Inside => self.within(
                x,
                |v| v.abs() < 0.9,
                |this, x| {
                    let tanh = this.emit(Op::Tanh, &[x])?;
                    this.emit(Op::MulScalar(0.875), &[tanh])
                },
            ),
            Above => self.within(
                x,
                |v| v >= 1.125,
                |this, x| {
                    let x = this.positive(x)?;
                    this.emit(Op::AddScalar(1.0), &[x])
                },
            ),
        }
    }

    fn of_three(&mut self, code: usize) -> Option<usize> {
        let [a, b] = self.pair()?;
        let shape = broadcast(self.shape(a), self.shape(b))?;
        let x =
            self.pick(|x| broadcast(&shape, x).is_some_and(|y| y.iter().product::<usize>() <= LARGEST))?;
        let (op, b) = match code {
            0 => (Ternary::Lerp, b),
            1 => (Ternary::Addcmul(self.bytes.number()), b),
            _ => (Ternary::Addcdiv(self.bytes.number()), self.positive(b)?),
        };
        self.emit(Op::Ternary(op), &[x, a, b])
    }

    fn reduction(&mut self, code: usize) -> Option<usize> {
        let x = self.any()?;
        let (axes, keep) = (self.axes(x), self.bytes.bit());
        if axes.iter().any(|&axis| self.shape(x)[axis] == 0) {
            return None;
        }
        let (op, x) = match code {
            0 => (Reduction::Prod, self.tame(x)?),
            1 => (Reduction::Min, x),
            2 => (Reduction::LogSumExp, x),
            3 => (Reduction::Norm([1.0, 2.0, 3.0][self.bytes.below(3)]), x),
            4 => (Reduction::Norm(f64::INFINITY), x),
            _ => (Reduction::Var(self.bytes.below(2) as f64), x),
        };
        self.emit(Op::Reduce(op, axes, keep), &[x])
    }

    fn place(&mut self, code: usize) -> Option<usize> {
        let (op, args) = match code {
            0 => {
                let x = self.any()?;
                (Place::Flip(self.axes(x)), vec![x])
            }
            1 => {
                let (x, axis) = self.with_axis()?;
                (Place::Roll(self.bytes.below(9) as isize - 4, axis), vec![x])
            }
            2 => {
                let x = self.pick(|x| !x.contains(&0))?;
                let padding = self.padding();
                let widths = self.shape(x).to_vec().into_iter().map(|size| {
                    let most = match padding {
                        Padding::Reflect => size - 1,
                        Padding::Circular => size,
                        _ => 2,
                    };
                    [0; 2].map(|_| self.bytes.below(most.min(2) + 1))
                });
                (Place::Pad(widths.collect(), padding), vec![x])
            }
            3 | 4 => {
                let x = self.pick(|x| x.len() >= 2)?;
                let offset = self.bytes.below(5) as isize - 2;
                (if code == 3 { Place::Tril(offset) } else { Place::Triu(offset) }, vec![x])
            }
            5 => {
                let x = self.pick(|x| x.len() >= 2)?;
                let rank = self.rank(x);
                let first = self.bytes.below(rank);
                let second = (first + 1 + self.bytes.below(rank - 1)) % rank;
                // Not beyond the matrix.
                let size = self.shape(x)[first].min(self.shape(x)[second]);
                let offset = self.bytes.below(2 * size + 1) as isize - size as isize;
                (Place::Diagonal(offset, [first, second]), vec![x])
            }
            6 => {
                let x = self.pick(|x| !x.is_empty() && !x.contains(&0))?;
                let axis = self.bytes.below(self.rank(x));
                let size = self.shape(x)[axis];
                let corner = self.corner(x, axis);
                let count = corner.iter().product::<usize>();
                if count > LARGEST {
                    return None;
                }
                (Place::Gather(axis, corner, self.indices(count, size)), vec![x])
            }
            7 | 8 => {
                let x = self.pick(|x| !x.is_empty() && !x.contains(&0))?;
                let axis = self.bytes.below(self.rank(x));
                let shape = self.shape(x).to_vec();
                let fits = |y: &[usize]| {
                    y.len() == shape.len() && (0..y.len()).all(|i| i == axis || y[i] <= shape[i])
                };
                let source = self.pick(fits)?;
                let indices = self.indices(self.size(source), shape[axis]);
                let op = if code == 7 {
                    Place::ScatterInto(axis, indices)
                } else {
                    Place::Overwrite(axis, indices)
                };
                (op, vec![x, source])
            }
            _ => return self.copies(),
        };
        self.emit(Op::Place(op), &args)
    }

    /// Several beside each other, or one several times.
    fn copies(&mut self) -> Option<usize> {
        let x = self.any()?;
        if self.bytes.bit() {
            let counts = self.rank(x) + self.bytes.below(2);
            let counts = (0..counts).map(|_| 1 + self.bytes.below(3)).collect();
            return self.emit(Op::Place(Place::Repeat(counts)), &[x]);
        }
        let shape = self.shape(x).to_vec();
        let axis = self.bytes.below(shape.len() + 1);
        let mut args = vec![x];
        for _ in 0..self.bytes.below(3) {
            args.extend(self.pick(|y| y == shape));
        }
        self.emit(Op::Place(Place::Stack(axis)), &args)
    }

    fn padding(&mut self) -> Padding {
        match self.bytes.below(4) {
            0 => Padding::Constant(self.bytes.number()),
            1 => Padding::Reflect,
            2 => Padding::Replicate,
            _ => Padding::Circular,
        }
    }

    /// A shape that is no larger than `x` beside an axis.
    fn corner(&mut self, x: usize, axis: usize) -> Vec<usize> {
        let shape = self.shape(x).to_vec();
        let size = |(i, &n): (usize, &usize)| 1 + self.bytes.below(if i == axis { 4 } else { n });
        shape.iter().enumerate().map(size).collect()
    }
}
