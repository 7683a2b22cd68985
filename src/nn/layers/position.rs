//! Where in a sequence something is: layers for `[batch, time, width]`. The third way, by turning, is
//! [`Value::rotary_embedding`], an option of attention.

use crate::{
    Float, Interp, Tensor, Value,
    nn::{Ctx, Init, Module, ParamId, Params},
};

/// Adds sine and cosine of t / 10000^(2i / width) at places 2i and 2i + 1 (Vaswani et al.: Attention Is
/// All You Need, 2017).
#[derive(Clone, Copy, Debug, Default)]
pub struct SinusoidalPositions;

impl Module for SinusoidalPositions {
    /// # Panics
    /// When the input is not `[batch, time, width]`.
    #[track_caller]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let &[_, time, width] = &x.shape()[..] else {
            panic!("gradtape: sinusoidal positions: needs [batch, time, width], not {}", x.shape())
        };
        let wave = |at: usize| {
            let (t, place) = ((at / width) as f64, at % width);
            let angle = t * 10_000f64.powf(-((place / 2 * 2) as f64) / width as f64);
            <I::Elem as Float>::of(if place.is_multiple_of(2) { angle.sin() } else { angle.cos() })
        };
        let waves = x.lift(Tensor::from_fn([time, width], wave));
        x + waves
    }
}

/// Adds a learned vector for each place. They start normal with deviation 0.02.
#[derive(Clone, Copy, Debug)]
pub struct LearnedPositions {
    /// The vectors, `[longest, width]`.
    pub weight: ParamId,
}

impl LearnedPositions {
    /// A layer for sequences of at most `longest`.
    pub fn new<F: Float>(params: &mut Params<F>, longest: usize, width: usize) -> Self {
        params.layer("positions", "weight", |params| LearnedPositions {
            weight: params.start("weight", Init::Normal(0.02), [longest, width]),
        })
    }
}

impl Module for LearnedPositions {
    /// # Panics
    /// When the input is not `[batch, time, width]`, or longer.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let (weight, shape) = (cx.get(self.weight), x.shape());
        let (longest, width) = (weight.shape()[0], weight.shape()[1]);
        assert!(
            shape.rank() == 3 && shape[1] <= longest && shape[2] == width,
            "gradtape: learned positions: needs [batch, at most {longest}, {width}], not {shape}"
        );
        let places = weight.narrow(0, 0, shape[1]);
        x + places
    }
}
