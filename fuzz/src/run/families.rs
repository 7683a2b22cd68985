//! The instructions with families of their own, as methods.

use super::super::reference::{Binary, Padding, Place, Reduction, Scan, Ternary, Unary};
use gradtape::{
    Axes, Interp, Value,
    ops::{Indices, PadMode},
};

pub(super) fn unary<I: Interp<Elem = f64>>(op: Unary, x: &Value<I>) -> Value<I> {
    match op {
        Unary::Exp2 => x.exp2(),
        Unary::Expm1 => x.expm1(),
        Unary::Log1p => x.log1p(),
        Unary::Log2 => x.log2(),
        Unary::Log10 => x.log10(),
        Unary::Cbrt => x.cbrt(),
        Unary::Rsqrt => x.rsqrt(),
        Unary::Square => x.square(),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Tan => x.tan(),
        Unary::Sinc => x.sinc(),
        Unary::Asin => x.asin(),
        Unary::Acos => x.acos(),
        Unary::Atan => x.atan(),
        Unary::Sinh => x.sinh(),
        Unary::Cosh => x.cosh(),
        Unary::Asinh => x.asinh(),
        Unary::Acosh => x.acosh(),
        Unary::Atanh => x.atanh(),
        Unary::Erf => x.erf(),
        Unary::Erfc => x.erfc(),
        Unary::LogSigmoid => x.log_sigmoid(),
        Unary::Softplus(beta) => x.softplus(beta),
        Unary::Softsign => x.softsign(),
        Unary::Tanhshrink => x.tanhshrink(),
        Unary::Silu => x.silu(),
        Unary::Mish => x.mish(),
        Unary::Gelu => x.gelu(),
        Unary::GeluTanh => x.gelu_tanh(),
        Unary::Relu6 => x.relu6(),
        Unary::LeakyRelu(slope) => x.leaky_relu(slope),
        Unary::Elu(alpha) => x.elu(alpha),
        Unary::Celu(alpha) => x.celu(alpha),
        Unary::Selu => x.selu(),
        Unary::Hardsigmoid => x.hardsigmoid(),
        Unary::Hardswish => x.hardswish(),
        Unary::Hardtanh(min, max) => x.hardtanh(min, max),
        Unary::Clamp(min, max) => x.clamp(min, max),
        Unary::Hardshrink(lambda) => x.hardshrink(lambda),
        Unary::Softshrink(lambda) => x.softshrink(lambda),
        Unary::Threshold(threshold, value) => x.threshold(threshold, value),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Round => x.round(),
        Unary::Trunc => x.trunc(),
        Unary::Sign => x.sign(),
    }
}

pub(super) fn binary<I: Interp<Elem = f64>>(op: Binary, a: &Value<I>, b: &Value<I>) -> Value<I> {
    match op {
        Binary::Minimum => a.minimum(b),
        Binary::Atan2 => a.atan2(b),
        Binary::Hypot => a.hypot(b),
        Binary::Logaddexp => a.logaddexp(b),
        Binary::Xlogy => a.xlogy(b),
        Binary::Copysign => a.copysign(b),
        Binary::Fmod => a.fmod(b),
        Binary::Remainder => a.remainder(b),
        Binary::Prelu => a.prelu(b),
        Binary::GreaterEqual => a.greater_equal(b),
        Binary::Less => a.less(b),
        Binary::LessEqual => a.less_equal(b),
        Binary::NotEqual => a.not_equal(b),
    }
}

pub(super) fn ternary<I: Interp<Elem = f64>>(
    op: Ternary,
    x: &Value<I>,
    a: &Value<I>,
    b: &Value<I>,
) -> Value<I> {
    match op {
        Ternary::Lerp => x.lerp(a, b),
        Ternary::Addcmul(c) => x.addcmul(a, b, c),
        Ternary::Addcdiv(c) => x.addcdiv(a, b, c),
    }
}

pub(super) fn reduction<I: Interp<Elem = f64>>(
    op: Reduction,
    x: &Value<I>,
    axes: Axes,
    keep: bool,
) -> Value<I> {
    match op {
        Reduction::Prod => x.prod_axes(axes, keep),
        Reduction::Min => x.min_axes(axes, keep),
        Reduction::LogSumExp => x.logsumexp(axes, keep),
        Reduction::Norm(p) => x.norm_axes(p, axes, keep),
        Reduction::Var(correction) => x.var_axes(axes, correction, keep),
    }
}

pub(super) fn scan<I: Interp<Elem = f64>>(op: Scan, x: &Value<I>, axis: isize) -> Value<I> {
    match op {
        Scan::Cumsum => x.cumsum(axis),
        Scan::Cumprod => x.cumprod(axis),
        Scan::LogCumSumExp => x.logcumsumexp(axis),
        Scan::Cummax => x.cummax(axis).0,
        Scan::Cummin => x.cummin(axis).0,
    }
}

pub(super) fn place<I: Interp<Elem = f64>>(op: &Place, x: &Value<I>, others: &[Value<I>]) -> Value<I> {
    match op {
        Place::Flip(axes) => x.flip(&axes.iter().map(|&axis| axis as isize).collect::<Vec<_>>()),
        Place::Roll(shift, axis) => x.roll(&[*shift], &[*axis as isize]),
        Place::Pad(widths, padding) => {
            let widths = widths.iter().rev().flatten().map(|&n| n as isize).collect::<Vec<_>>();
            let mode = match padding {
                Padding::Constant(c) => PadMode::Constant(*c),
                Padding::Reflect => PadMode::Reflect,
                Padding::Replicate => PadMode::Replicate,
                Padding::Circular => PadMode::Circular,
            };
            x.pad(&widths, mode)
        }
        Place::Tril(offset) => x.tril(*offset),
        Place::Triu(offset) => x.triu(*offset),
        Place::Diagonal(offset, [first, second]) => x.diagonal(*offset, *first as isize, *second as isize),
        Place::Gather(axis, shape, indices) => {
            x.gather(*axis as isize, &Indices::new(indices.clone(), &shape[..]))
        }
        Place::ScatterInto(axis, indices) => {
            let indices = Indices::new(indices.clone(), others[0].shape());
            x.scatter_add(*axis as isize, &indices, &others[0])
        }
        Place::Overwrite(axis, indices) => {
            let indices = Indices::new(indices.clone(), others[0].shape());
            x.scatter(*axis as isize, &indices, &others[0])
        }
        Place::Stack(axis) => {
            let parts: Vec<&Value<I>> = [x].into_iter().chain(others).collect();
            Value::stack(&parts, *axis as isize)
        }
        Place::Repeat(counts) => x.repeat(counts),
    }
}
