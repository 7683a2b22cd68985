//! Activations: layers that are one method of [`Value`].

use super::batch_norm::per_channel;
use crate::{
    Float, Interp, Shape, Value,
    nn::{Ctx, Init, Module, ParamId, Params},
};

/// Modules without options.
macro_rules! functions {
    ($($(#[$doc:meta])* $Name:ident, $method:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $Name;

        impl Module for $Name {
            #[inline]
            #[track_caller]
            fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
                x.$method()
            }
        }
    )*};
}

functions! {
    /// max(x, 0): [`Value::relu`].
    Relu, relu;
    /// min(max(x, 0), 6): [`Value::relu6`].
    Relu6, relu6;
    /// Hyperbolic tangent: [`Value::tanh`].
    Tanh, tanh;
    /// 1/(1 + e⁻ˣ): [`Value::sigmoid`].
    Sigmoid, sigmoid;
    /// ln of the sigmoid: [`Value::log_sigmoid`].
    LogSigmoid, log_sigmoid;
    /// x·Φ(x): [`Value::gelu`].
    Gelu, gelu;
    /// Gelu by the hyperbolic tangent: [`Value::gelu_tanh`].
    GeluTanh, gelu_tanh;
    /// x·σ(x): [`Value::silu`].
    Silu, silu;
    /// x·tanh(softplus(x)): [`Value::mish`].
    Mish, mish;
    /// Self-normalising elu: [`Value::selu`].
    Selu, selu;
    /// Piecewise linear sigmoid: [`Value::hardsigmoid`].
    Hardsigmoid, hardsigmoid;
    /// x·hardsigmoid(x): [`Value::hardswish`].
    Hardswish, hardswish;
    /// x/(1 + |x|): [`Value::softsign`].
    Softsign, softsign;
    /// x − tanh(x): [`Value::tanhshrink`].
    Tanhshrink, tanhshrink;
}

/// Modules along an axis, by default the last.
macro_rules! functions_along {
    ($($(#[$doc:meta])* $Name:ident, $method:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $Name(pub isize);

        impl Default for $Name {
            fn default() -> Self {
                $Name(-1)
            }
        }

        impl Module for $Name {
            /// # Panics
            /// When there is no such axis.
            #[track_caller]
            fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
                x.$method(self.0)
            }
        }
    )*};
}

functions_along! {
    /// Probabilities along an axis: [`Value::softmax`]. Losses take logits, without it.
    Softmax, softmax;
    /// Softmax of −x along an axis: [`Value::softmin`].
    Softmin, softmin;
    /// The logarithms of softmax along an axis: [`Value::log_softmax`].
    LogSoftmax, log_softmax;
    /// The first half of an axis times the sigmoid of the other: [`Value::glu`].
    Glu, glu;
}

/// Modules with options, whose defaults are PyTorch's.
macro_rules! functions_with {
    ($($(#[$doc:meta])* $Name:ident, $method:ident { $($(#[$field_doc:meta])* $field:ident = $default:expr),* };)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $Name {
            $($(#[$field_doc])* pub $field: f64,)*
        }

        impl Default for $Name {
            fn default() -> Self {
                $Name { $($field: $default),* }
            }
        }

        impl Module for $Name {
            #[inline]
            #[track_caller]
            fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
                x.$method($(self.$field),*)
            }
        }
    )*};
}

functions_with! {
    /// Slope below 0: [`Value::leaky_relu`].
    LeakyRelu, leaky_relu { /// 0.01.
        negative_slope = 0.01 };
    /// Exponential below 0: [`Value::elu`].
    Elu, elu { /// 1.
        alpha = 1.0 };
    /// Exponential below 0 with a smooth join: [`Value::celu`].
    Celu, celu { /// 1.
        alpha = 1.0 };
    /// ln(1 + e^βx)/β: [`Value::softplus`].
    Softplus, softplus { /// 1.
        beta = 1.0 };
    /// x where |x| is above λ, else 0: [`Value::hardshrink`].
    Hardshrink, hardshrink { /// ½.
        lambd = 0.5 };
    /// x drawn towards 0 by λ: [`Value::softshrink`].
    Softshrink, softshrink { /// ½.
        lambd = 0.5 };
    /// x kept within bounds: [`Value::hardtanh`].
    Hardtanh, hardtanh { /// −1.
        min_val = -1.0, /// 1.
        max_val = 1.0 };
    /// x above a threshold, else a number: [`Value::threshold`].
    Threshold, threshold { /// What x must exceed: 0.
        threshold = 0.0, /// What is put in its place: 0.
        value = 0.0 };
}

/// Slope below 0 that is learned, one for all or one for each channel, on axis 1: [`Value::prelu`] (He et al.:
/// Delving Deep into Rectifiers, 2015). It starts as ¼.
#[derive(Clone, Copy, Debug)]
pub struct Prelu {
    /// The slopes, `[slopes]`.
    pub weight: ParamId,
}

impl Prelu {
    /// A layer of so many slopes: 1, or one for each channel.
    pub fn new<F: Float>(params: &mut Params<F>, slopes: usize) -> Self {
        Self::with(params, slopes, 0.25)
    }

    /// A layer of so many slopes that start as `init`.
    pub fn with<F: Float>(params: &mut Params<F>, slopes: usize, init: f64) -> Self {
        let init = Init::Constant(init);
        params.layer("prelu", "weight", |params| Prelu { weight: params.start("weight", init, [slopes]) })
    }
}

impl Module for Prelu {
    /// # Panics
    /// When there are neither one slope nor as many as channels.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let (weight, shape) = (cx.get(self.weight), x.shape());
        let slopes = weight.shape().size();
        let fits = slopes == 1 || shape.get(1) == Some(&slopes);
        assert!(fits, "gradtape: prelu: needs [batch, {slopes}, ..], not {shape}");
        let along =
            if slopes == 1 { weight.reshape(Shape::scalar()) } else { per_channel(weight, shape.rank()) };
        x.prelu(&along)
    }
}

/// Slope below 0 that is drawn anew for each element while training, and the mean of its bounds in
/// evaluation.
#[derive(Clone, Copy, Debug)]
pub struct Rrelu {
    /// The least slope: ⅛.
    pub lower: f64,
    /// The greatest slope: ⅓.
    pub upper: f64,
}

impl Default for Rrelu {
    fn default() -> Self {
        Rrelu { lower: 1.0 / 8.0, upper: 1.0 / 3.0 }
    }
}

impl Module for Rrelu {
    /// # Panics
    /// In training, when the bounds are not in order.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        match cx.rng() {
            Some(rng) => x.prelu(&x.lift(rng.uniform(x.shape(), self.lower, self.upper))),
            None => x.leaky_relu((self.lower + self.upper) / 2.0),
        }
    }
}
