//! The one list of ops, and that of their compositions. A new op is a line in its family.

/// The one list. `each` is called with the test name and the type of every op; an op that is
/// missing here does not compile.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_op {
    ($each:ident) => {
        $crate::with_spectra! {
            ops, $each,
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
            clamp_max: $crate::ops::Zip<$crate::ops::ClampMax>,
            clamp_min: $crate::ops::Zip<$crate::ops::ClampMin>,
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
            prod: $crate::ops::Prod,
            max: $crate::ops::Max,
            tie_spread: $crate::ops::TieSpread,
            tie_collect: $crate::ops::TieCollect,
            logsumexp: $crate::ops::LogSumExp,
            var_mean: $crate::ops::VarMean,
            std: $crate::ops::Std,
            norm: $crate::ops::Norm,
            // scans
            cumsum: $crate::ops::Cumsum,
            linear_scan: $crate::ops::LinearScan,
            cumprod: $crate::ops::Cumprod,
            logcumsumexp: $crate::ops::LogCumsumExp,
            // shape
            reshape: $crate::ops::Reshape,
            permute: $crate::ops::Permute,
            slice: $crate::ops::Slice,
            slice_grad: $crate::ops::SliceGrad,
            as_strided: $crate::ops::AsStrided,
            as_strided_grad: $crate::ops::AsStridedGrad,
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
            triangular_solve: $crate::ops::TriangularSolve,
            solve: $crate::ops::Solve,
            inv: $crate::ops::Inv,
            det: $crate::ops::Det,
            slogdet: $crate::ops::Slogdet,
            cholesky: $crate::ops::Cholesky,
            qr: $crate::ops::Qr,
            eigh: $crate::ops::Eigh,
            svd: $crate::ops::Svd,
            pinv: $crate::ops::Pinv,
            matrix_exp: $crate::ops::MatrixExp,
            // convolution
            conv: $crate::ops::Conv,
            conv_bias: $crate::ops::ConvBias,
            conv_transpose: $crate::ops::ConvTranspose,
            conv_weight: $crate::ops::ConvWeight,
            // windows and interpolation
            resample: $crate::ops::Resample,
            im2col: $crate::ops::Im2col,
            col2im: $crate::ops::Col2im,
            // sequences
            scaled_dot_product_attention: $crate::ops::Attention,
            attention_grad: $crate::ops::AttentionGrad,
            ctc_loss: $crate::ops::CtcLoss,
            ctc_loss_grad: $crate::ops::CtcLossGrad,
            lstm_gates: $crate::ops::LstmGates,
            gru_gates: $crate::ops::GruGates,
            // softmax and losses
            softmax: $crate::ops::Softmax,
            log_softmax: $crate::ops::LogSoftmax,
            cross_entropy: $crate::ops::CrossEntropy,
            cross_entropy_grad: $crate::ops::CrossEntropyGrad,
            bernoulli_nll: $crate::ops::Zip<$crate::ops::BernoulliNll>,
        }
    };
}

/// The list of compositions: what is made of ops and has no rule of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_composition {
    ($each:ident) => {
        $crate::with_spectra! {
            compositions, $each,
            // arithmetic and blends
            square: $crate::ops::composed::Square,
            lerp: $crate::ops::composed::Lerp,
            round_to: $crate::ops::composed::RoundTo,
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
            nansum_axes: $crate::ops::composed::NansumAxes,
            nanmean_axes: $crate::ops::composed::NanmeanAxes,
            median: $crate::ops::composed::Median,
            median_dim: $crate::ops::composed::MedianDim,
            norm_axes: $crate::ops::composed::NormAxes,
            any_axes: $crate::ops::composed::AnyAxes,
            all_axes: $crate::ops::composed::AllAxes,
            // indices
            index_add: $crate::ops::composed::IndexAdd,
            index_copy: $crate::ops::composed::IndexCopy,
            index_fill: $crate::ops::composed::IndexFill,
            gather: $crate::ops::composed::Gather,
            scatter_add: $crate::ops::composed::ScatterAdd,
            scatter: $crate::ops::composed::Scatter,
            scatter_fill: $crate::ops::composed::ScatterFill,
            take: $crate::ops::composed::Take,
            masked_select: $crate::ops::composed::MaskedSelect,
            masked_fill: $crate::ops::composed::MaskedFill,
            masked_scatter: $crate::ops::composed::MaskedScatter,
            sort: $crate::ops::composed::Sort,
            topk: $crate::ops::composed::Topk,
            // scans
            cummax: $crate::ops::composed::Cummax,
            cummin: $crate::ops::composed::Cummin,
            diff: $crate::ops::composed::Diff,
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
            unfold: $crate::ops::composed::Unfold,
            diagonal: $crate::ops::composed::Diagonal,
            diag_embed: $crate::ops::composed::DiagEmbed,
            diag: $crate::ops::composed::Diag,
            trace: $crate::ops::composed::Trace,
            tril: $crate::ops::composed::Tril,
            triu: $crate::ops::composed::Triu,
            // pooling
            max_pool1d: $crate::ops::composed::MaxPool1d,
            max_pool2d: $crate::ops::composed::MaxPool2d,
            max_pool3d: $crate::ops::composed::MaxPool3d,
            max_unpool1d: $crate::ops::composed::MaxUnpool1d,
            max_unpool2d: $crate::ops::composed::MaxUnpool2d,
            max_unpool3d: $crate::ops::composed::MaxUnpool3d,
            adaptive_max_pool1d: $crate::ops::composed::AdaptiveMaxPool1d,
            adaptive_max_pool2d: $crate::ops::composed::AdaptiveMaxPool2d,
            adaptive_max_pool3d: $crate::ops::composed::AdaptiveMaxPool3d,
            avg_pool1d: $crate::ops::composed::AvgPool1d,
            avg_pool2d: $crate::ops::composed::AvgPool2d,
            avg_pool3d: $crate::ops::composed::AvgPool3d,
            adaptive_avg_pool1d: $crate::ops::composed::AdaptiveAvgPool1d,
            adaptive_avg_pool2d: $crate::ops::composed::AdaptiveAvgPool2d,
            adaptive_avg_pool3d: $crate::ops::composed::AdaptiveAvgPool3d,
            lp_pool1d: $crate::ops::composed::LpPool1d,
            lp_pool2d: $crate::ops::composed::LpPool2d,
            lp_pool3d: $crate::ops::composed::LpPool3d,
            global_avg_pool: $crate::ops::composed::GlobalAvgPool,
            global_max_pool: $crate::ops::composed::GlobalMaxPool,
            // sequences
            embedding: $crate::ops::composed::Embedding,
            embedding_bag: $crate::ops::composed::EmbeddingBag,
            rotary_embedding: $crate::ops::composed::RotaryEmbedding,
            lstm_cell: $crate::ops::composed::LstmCell,
            gru_cell: $crate::ops::composed::GruCell,
            rnn_tanh_cell: $crate::ops::composed::RnnTanhCell,
            rnn_relu_cell: $crate::ops::composed::RnnReluCell,
            // products
            dot: $crate::ops::composed::Dot,
            outer: $crate::ops::composed::Outer,
            bilinear: $crate::ops::composed::Bilinear,
            addmm: $crate::ops::composed::Addmm,
            tensordot: $crate::ops::composed::Tensordot,
            kron: $crate::ops::composed::Kron,
            cross: $crate::ops::composed::Cross,
            einsum: $crate::ops::composed::Einsum,
            // linear algebra
            logdet: $crate::ops::composed::Logdet,
            cholesky_solve: $crate::ops::composed::CholeskySolve,
            cholesky_inverse: $crate::ops::composed::CholeskyInverse,
            eigvalsh: $crate::ops::composed::Eigvalsh,
            svdvals: $crate::ops::composed::Svdvals,
            nuclear_norm: $crate::ops::composed::NuclearNorm,
            matrix_norm: $crate::ops::composed::MatrixNorm,
            lstsq: $crate::ops::composed::Lstsq,
            matrix_power: $crate::ops::composed::MatrixPower,
            cdist: $crate::ops::composed::Cdist,
            pairwise_distance: $crate::ops::composed::PairwiseDistance,
            cosine_similarity: $crate::ops::composed::CosineSimilarity,
            normalize: $crate::ops::composed::Normalize,
            // images
            interpolate: $crate::ops::composed::Interpolate,
            pixel_shuffle: $crate::ops::composed::PixelShuffle,
            pixel_unshuffle: $crate::ops::composed::PixelUnshuffle,
            // losses
            mse_loss: $crate::ops::composed::MseLoss,
            l1_loss: $crate::ops::composed::L1Loss,
            huber_loss: $crate::ops::composed::HuberLoss,
            smooth_l1_loss: $crate::ops::composed::SmoothL1Loss,
            nll_loss: $crate::ops::composed::NllLoss,
            cross_entropy_with: $crate::ops::composed::CrossEntropyWith,
            cross_entropy_probabilities: $crate::ops::composed::CrossEntropyProbabilities,
            binary_cross_entropy: $crate::ops::composed::BinaryCrossEntropy,
            binary_cross_entropy_with_logits: $crate::ops::composed::BinaryCrossEntropyWithLogits,
            sigmoid_focal_loss: $crate::ops::composed::SigmoidFocalLoss,
            hinge_loss: $crate::ops::composed::HingeLoss,
            soft_margin_loss: $crate::ops::composed::SoftMarginLoss,
            margin_ranking_loss: $crate::ops::composed::MarginRankingLoss,
            multi_margin_loss: $crate::ops::composed::MultiMarginLoss,
            multilabel_margin_loss: $crate::ops::composed::MultilabelMarginLoss,
            multilabel_soft_margin_loss: $crate::ops::composed::MultilabelSoftMarginLoss,
            hinge_embedding_loss: $crate::ops::composed::HingeEmbeddingLoss,
            cosine_embedding_loss: $crate::ops::composed::CosineEmbeddingLoss,
            triplet_margin_loss: $crate::ops::composed::TripletMarginLoss,
            triplet_margin_with_distance_loss: $crate::ops::composed::TripletMarginWithDistanceLoss,
            kl_div: $crate::ops::composed::KlDiv,
            poisson_nll_loss: $crate::ops::composed::PoissonNllLoss,
            gaussian_nll_loss: $crate::ops::composed::GaussianNllLoss,
        }
    };
}

/// Hands on a list with what the feature `fft` adds to it.
#[doc(hidden)]
#[macro_export]
#[cfg(feature = "fft")]
macro_rules! with_spectra {
    (ops, $each:ident, $($list:tt)*) => {
        $each! {
            $($list)*
            // spectra
            half_spectrum: $crate::ops::HalfSpectrum,
            half_spectrum_grad: $crate::ops::HalfSpectrumGrad,
        }
    };
    (compositions, $each:ident, $($list:tt)*) => {
        $each! {
            $($list)*
            // spectra
            rfft: $crate::ops::composed::Rfft,
            irfft: $crate::ops::composed::Irfft,
            fft: $crate::ops::composed::Fft,
            ifft: $crate::ops::composed::Ifft,
            rfft2: $crate::ops::composed::Rfft2,
            irfft2: $crate::ops::composed::Irfft2,
            power_spectrum: $crate::ops::composed::PowerSpectrum,
            complex_mul: $crate::ops::composed::ComplexMul,
            magnitude: $crate::ops::composed::Magnitude,
            stft: $crate::ops::composed::Stft,
            istft: $crate::ops::composed::Istft,
            mel_spectrogram: $crate::ops::composed::MelSpectrogram,
            amplitude_to_db: $crate::ops::composed::AmplitudeToDb,
        }
    };
}

/// Hands on a list as it is.
#[doc(hidden)]
#[macro_export]
#[cfg(not(feature = "fft"))]
macro_rules! with_spectra {
    ($of:ident, $each:ident, $($list:tt)*) => { $each! { $($list)* } };
}
