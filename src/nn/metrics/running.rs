//! A metric and what it has seen, of any type.

use super::Metric;
use crate::{Float, Tensor};
use std::sync::Arc;

/// A metric with its state.
pub(in crate::nn) trait Running<F: Float, T>: Send {
    fn update(&mut self, output: &Tensor<F>, target: &T);

    fn compute(&self) -> f64;

    /// The same one, of no batch.
    fn fresh(&self) -> Box<dyn Running<F, T>>;
}

struct Kept<M, S> {
    metric: Arc<M>,
    state: S,
}

/// A metric that has seen nothing.
pub(in crate::nn) fn running<F: Float, T>(
    metric: impl Metric<F, T> + Send + Sync + 'static,
) -> Box<dyn Running<F, T>> {
    start(Arc::new(metric))
}

fn start<F: Float, T, M: Metric<F, T> + Send + Sync + 'static>(metric: Arc<M>) -> Box<dyn Running<F, T>> {
    Box::new(Kept::<M, M::State> { metric, state: M::State::default() })
}

impl<F: Float, T, M: Metric<F, T> + Send + Sync + 'static> Running<F, T> for Kept<M, M::State> {
    fn update(&mut self, output: &Tensor<F>, target: &T) {
        self.metric.update(&mut self.state, output, target);
    }

    fn compute(&self) -> f64 {
        self.metric.compute(&self.state)
    }

    fn fresh(&self) -> Box<dyn Running<F, T>> {
        start(self.metric.clone())
    }
}
