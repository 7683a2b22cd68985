//! Layers beside one another.

use crate::{
    Interp, Value,
    nn::{Ctx, Module},
};

/// Passes everything: a branch, or a place, without a layer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity;

impl Module for Identity {
    #[inline]
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        x
    }
}

/// x + f(x) (He et al.: Deep Residual Learning for Image Recognition, 2016).
#[derive(Clone, Debug)]
pub struct Residual<M>(pub M);

impl<M: Module> Module for Residual<M> {
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        cx.run(&self.0, x.clone()) + x
    }
}

/// Several modules for the same input: a tuple of modules, or a vector of them.
pub trait Branches: Send {
    /// The output of each.
    fn outputs<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Vec<Value<I>>;
}

macro_rules! branches {
    ($($Part:ident $place:tt),*) => {
        impl<$($Part: Module),*> Branches for ($($Part,)*) {
            #[track_caller]
            fn outputs<In: Interp>(&self, cx: &Ctx<'_, In>, x: Value<In>) -> Vec<Value<In>> {
                vec![$(cx.run(&self.$place, x.clone())),*]
            }
        }
    };
}
branches!(A 0);
branches!(A 0, B 1);
branches!(A 0, B 1, C 2);
branches!(A 0, B 1, C 2, D 3);
branches!(A 0, B 1, C 2, D 3, E 4);
branches!(A 0, B 1, C 2, D 3, E 4, G 5);

impl<M: Module> Branches for Vec<M> {
    #[track_caller]
    fn outputs<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Vec<Value<I>> {
        self.iter().map(|module| cx.run(module, x.clone())).collect()
    }
}

/// The sum of what several modules make of the input.
///
/// ```
/// use gradtape::{Tensor, nn::{Module, Parallel, Params, Relu, Tanh}};
/// let y = Parallel((Relu, Tanh)).forward(&Params::<f64>::seeded(0).eval(), Tensor::from([1.0]));
/// assert_eq!(y.item(), 1.0 + 1f64.tanh());
/// ```
#[derive(Clone, Debug)]
pub struct Parallel<B>(pub B);

impl<B: Branches> Module for Parallel<B> {
    /// # Panics
    /// When there is no module, or their outputs do not fit.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let sum = self.0.outputs(cx, x).into_iter().reduce(|a, b| a + b);
        sum.expect("gradtape: parallel: at least one module")
    }
}

/// What several modules make of the input, one after the other along an axis.
#[derive(Clone, Debug)]
pub struct Concat<B> {
    axis: isize,
    branches: B,
}

impl<B: Branches> Concat<B> {
    /// Modules whose outputs are joined along this axis.
    pub fn new(axis: isize, branches: B) -> Self {
        Concat { axis, branches }
    }
}

impl<B: Branches> Module for Concat<B> {
    /// # Panics
    /// When there is no module, or their outputs do not fit.
    #[track_caller]
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let outputs = self.branches.outputs(cx, x);
        Value::concat(&outputs.iter().collect::<Vec<_>>(), self.axis)
    }
}
