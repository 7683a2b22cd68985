//! The one list of ops, and that of their compositions. A new op is a line in its family.

/// The one list. `each` is called with the test name and the type of every op; an op that is
/// missing here does not compile.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_op {
    ($each:ident) => {
        $each! {
            // arithmetic
            add: $crate::ops::Add,
            sub: $crate::ops::Sub,
            mul: $crate::ops::Mul,
            div: $crate::ops::Div,
            neg: $crate::ops::Neg,
            add_scalar: $crate::ops::AddScalar,
            mul_scalar: $crate::ops::MulScalar,
            div_scalar: $crate::ops::DivScalar,
            // exponentials and powers
            exp: $crate::ops::Map<$crate::ops::Exp>,
            exp2: $crate::ops::Map<$crate::ops::Exp2>,
            expm1: $crate::ops::Map<$crate::ops::Expm1>,
            ln: $crate::ops::Map<$crate::ops::Ln>,
            log1p: $crate::ops::Map<$crate::ops::Log1p>,
            log2: $crate::ops::Map<$crate::ops::Log2>,
            log10: $crate::ops::Map<$crate::ops::Log10>,
            logit: $crate::ops::Map<$crate::ops::Logit>,
            abs: $crate::ops::Map<$crate::ops::Abs>,
            cbrt: $crate::ops::Map<$crate::ops::Cbrt>,
            powf: $crate::ops::Map<$crate::ops::PowScalar>,
            recip: $crate::ops::Map<$crate::ops::Recip>,
            rsqrt: $crate::ops::Map<$crate::ops::Rsqrt>,
            sqrt: $crate::ops::Map<$crate::ops::Sqrt>,
            pow: $crate::ops::Zip<$crate::ops::Pow>,
            // trigonometric and hyperbolic
            acos: $crate::ops::Map<$crate::ops::Acos>,
            asin: $crate::ops::Map<$crate::ops::Asin>,
            atan: $crate::ops::Map<$crate::ops::Atan>,
            cos: $crate::ops::Map<$crate::ops::Cos>,
            sin: $crate::ops::Map<$crate::ops::Sin>,
            sinc: $crate::ops::Map<$crate::ops::Sinc>,
            tan: $crate::ops::Map<$crate::ops::Tan>,
            acosh: $crate::ops::Map<$crate::ops::Acosh>,
            asinh: $crate::ops::Map<$crate::ops::Asinh>,
            atanh: $crate::ops::Map<$crate::ops::Atanh>,
            cosh: $crate::ops::Map<$crate::ops::Cosh>,
            sinh: $crate::ops::Map<$crate::ops::Sinh>,
            tanh: $crate::ops::Map<$crate::ops::Tanh>,
            // special functions
            erf: $crate::ops::Map<$crate::ops::Erf>,
            erfc: $crate::ops::Map<$crate::ops::Erfc>,
            erfinv: $crate::ops::Map<$crate::ops::Erfinv>,
            lgamma: $crate::ops::Map<$crate::ops::Lgamma>,
            polygamma: $crate::ops::Map<$crate::ops::Polygamma>,
            // rounding
            ceil: $crate::ops::Map<$crate::ops::Ceil>,
            floor: $crate::ops::Map<$crate::ops::Floor>,
            round: $crate::ops::Map<$crate::ops::Round>,
            sign: $crate::ops::Map<$crate::ops::Sign>,
            trunc: $crate::ops::Map<$crate::ops::Trunc>,
            // activations
            gelu: $crate::ops::Map<$crate::ops::Gelu>,
            gelu_tanh: $crate::ops::Map<$crate::ops::GeluTanh>,
            log_sigmoid: $crate::ops::Map<$crate::ops::LogSigmoid>,
            mish: $crate::ops::Map<$crate::ops::Mish>,
            sigmoid: $crate::ops::Map<$crate::ops::Sigmoid>,
            silu: $crate::ops::Map<$crate::ops::Silu>,
            softplus: $crate::ops::Map<$crate::ops::Softplus>,
            softsign: $crate::ops::Map<$crate::ops::Softsign>,
            tanhshrink: $crate::ops::Map<$crate::ops::Tanhshrink>,
            celu: $crate::ops::Map<$crate::ops::Celu>,
            clamp: $crate::ops::Map<$crate::ops::Clamp>,
            elu: $crate::ops::Map<$crate::ops::Elu>,
            hardshrink: $crate::ops::Map<$crate::ops::Hardshrink>,
            hardsigmoid: $crate::ops::Map<$crate::ops::Hardsigmoid>,
            hardswish: $crate::ops::Map<$crate::ops::Hardswish>,
            hardtanh: $crate::ops::Map<$crate::ops::Hardtanh>,
            leaky_relu: $crate::ops::Map<$crate::ops::LeakyRelu>,
            nan_to_num: $crate::ops::Map<$crate::ops::NanToNum>,
            relu: $crate::ops::Map<$crate::ops::Relu>,
            relu6: $crate::ops::Map<$crate::ops::Relu6>,
            selu: $crate::ops::Map<$crate::ops::Selu>,
            softshrink: $crate::ops::Map<$crate::ops::Softshrink>,
            threshold: $crate::ops::Map<$crate::ops::Threshold>,
            // functions of two
            atan2: $crate::ops::Zip<$crate::ops::Atan2>,
            copysign: $crate::ops::Zip<$crate::ops::Copysign>,
            fmod: $crate::ops::Zip<$crate::ops::Fmod>,
            hypot: $crate::ops::Zip<$crate::ops::Hypot>,
            logaddexp: $crate::ops::Zip<$crate::ops::Logaddexp>,
            maximum: $crate::ops::Zip<$crate::ops::Maximum>,
            minimum: $crate::ops::Zip<$crate::ops::Minimum>,
            prelu: $crate::ops::Zip<$crate::ops::Prelu>,
            remainder: $crate::ops::Zip<$crate::ops::Remainder>,
            xlogy: $crate::ops::Zip<$crate::ops::Xlogy>,
            // comparisons and masks
            equal: $crate::ops::Zip<$crate::ops::Equal>,
            greater: $crate::ops::Zip<$crate::ops::Greater>,
            greater_equal: $crate::ops::Zip<$crate::ops::GreaterEqual>,
            less: $crate::ops::Zip<$crate::ops::Less>,
            less_equal: $crate::ops::Zip<$crate::ops::LessEqual>,
            logical_and: $crate::ops::Zip<$crate::ops::LogicalAnd>,
            logical_or: $crate::ops::Zip<$crate::ops::LogicalOr>,
            logical_xor: $crate::ops::Zip<$crate::ops::LogicalXor>,
            not_equal: $crate::ops::Zip<$crate::ops::NotEqual>,
            isfinite: $crate::ops::Map<$crate::ops::IsFinite>,
            isinf: $crate::ops::Map<$crate::ops::IsInf>,
            isnan: $crate::ops::Map<$crate::ops::IsNan>,
            logical_not: $crate::ops::Map<$crate::ops::LogicalNot>,
            select: $crate::ops::Select,
            // broadcasting
            expand: $crate::ops::Expand,
            sum_to: $crate::ops::SumTo,
            // reductions
            sum: $crate::ops::Sum,
            mean: $crate::ops::Mean,
            max: $crate::ops::Max,
            tie_spread: $crate::ops::TieSpread,
            tie_collect: $crate::ops::TieCollect,
            logsumexp: $crate::ops::LogSumExp,
            // scans
            cumsum: $crate::ops::Cumsum,
            // shape
            reshape: $crate::ops::Reshape,
            permute: $crate::ops::Permute,
            slice: $crate::ops::Slice,
            slice_grad: $crate::ops::SliceGrad,
            concat: $crate::ops::Concat,
            split: $crate::ops::Split,
            // indices
            index_select: $crate::ops::IndexSelect,
            index_select_grad: $crate::ops::IndexSelectGrad,
            take_along_axis: $crate::ops::TakeAlongAxis,
            take_along_axis_grad: $crate::ops::TakeAlongAxisGrad,
            // linear algebra
            matmul: $crate::ops::MatMul,
            linear: $crate::ops::Linear,
            // convolution
            conv: $crate::ops::Conv,
            conv_bias: $crate::ops::ConvBias,
            conv_transpose: $crate::ops::ConvTranspose,
            conv_weight: $crate::ops::ConvWeight,
            // softmax and losses
            softmax: $crate::ops::Softmax,
            log_softmax: $crate::ops::LogSoftmax,
            cross_entropy: $crate::ops::CrossEntropy,
            cross_entropy_grad: $crate::ops::CrossEntropyGrad,
        }
    };
}

/// The list of compositions: what is made of ops and has no rule of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_composition {
    ($each:ident) => {
        $each! {
            // arithmetic and blends
            square: $crate::ops::composed::Square,
            lerp: $crate::ops::composed::Lerp,
            addcmul: $crate::ops::composed::Addcmul,
            addcdiv: $crate::ops::composed::Addcdiv,
            logaddexp2: $crate::ops::composed::Logaddexp2,
            glu: $crate::ops::composed::Glu,
            softmin: $crate::ops::composed::Softmin,
            masked_softmax: $crate::ops::composed::MaskedSoftmax,
            // statistics
            max_dim: $crate::ops::composed::MaxDim,
            min_axes: $crate::ops::composed::MinAxes,
            min_dim: $crate::ops::composed::MinDim,
            var_axes: $crate::ops::composed::VarAxes,
            var_mean_axes: $crate::ops::composed::VarMeanAxes,
            std_axes: $crate::ops::composed::StdAxes,
            // indices
            index_add: $crate::ops::composed::IndexAdd,
            index_copy: $crate::ops::composed::IndexCopy,
            index_fill: $crate::ops::composed::IndexFill,
            gather: $crate::ops::composed::Gather,
            scatter_add: $crate::ops::composed::ScatterAdd,
            scatter: $crate::ops::composed::Scatter,
            scatter_fill: $crate::ops::composed::ScatterFill,
            // views
            unsqueeze: $crate::ops::composed::Unsqueeze,
            squeeze: $crate::ops::composed::Squeeze,
            flatten: $crate::ops::composed::Flatten,
            unflatten: $crate::ops::composed::Unflatten,
            movedim: $crate::ops::composed::Movedim,
            narrow: $crate::ops::composed::Narrow,
            index_axis: $crate::ops::composed::IndexAxis,
            slice_axis: $crate::ops::composed::SliceAxis,
            flip: $crate::ops::composed::Flip,
            rot90: $crate::ops::composed::Rot90,
            roll: $crate::ops::composed::Roll,
            repeat: $crate::ops::composed::Repeat,
            tile: $crate::ops::composed::Tile,
            repeat_interleave: $crate::ops::composed::RepeatInterleave,
            meshgrid: $crate::ops::composed::Meshgrid,
            pad: $crate::ops::composed::Pad,
            stack: $crate::ops::composed::Stack,
            unbind: $crate::ops::composed::Unbind,
            chunk: $crate::ops::composed::Chunk,
            // convolution
            conv1d: $crate::ops::composed::Conv1d,
            conv2d: $crate::ops::composed::Conv2d,
            conv3d: $crate::ops::composed::Conv3d,
            conv_transpose1d: $crate::ops::composed::ConvTranspose1d,
            conv_transpose2d: $crate::ops::composed::ConvTranspose2d,
            conv_transpose3d: $crate::ops::composed::ConvTranspose3d,
        }
    };
}
