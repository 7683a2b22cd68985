//! What a model is made of, as a table.

use super::{Module, ParamId, Params};
use crate::{Float, Shape, Tensor};
use std::fmt;

/// What happens in a pass, layer by layer.
#[derive(Debug, Default)]
pub(super) struct Trace {
    calls: Vec<Call>,
    /// The calls that have not returned, the innermost last.
    open: Vec<usize>,
}

#[derive(Debug)]
struct Call {
    depth: usize,
    kind: &'static str,
    used: Vec<ParamId>,
    output: Shape,
}

impl Trace {
    pub(super) fn enter(&mut self, kind: &'static str) {
        self.open.push(self.calls.len());
        let depth = self.open[..self.open.len() - 1].iter().filter(|&&call| self.calls[call].is_a_layer());
        let depth = depth.count();
        self.calls.push(Call { depth, kind, used: Vec::new(), output: Shape::scalar() });
    }

    pub(super) fn uses(&mut self, id: ParamId) {
        for &call in &self.open {
            let used = &mut self.calls[call].used;
            if !used.contains(&id) {
                used.push(id);
            }
        }
    }

    pub(super) fn leave(&mut self, output: &Shape) {
        let call = self.open.pop().expect("entered before");
        self.calls[call].output = output.clone();
    }
}

impl Call {
    /// Tuples and vectors only put layers in a row.
    fn is_a_layer(&self) -> bool {
        !self.kind.starts_with('(') && !self.kind.starts_with("alloc::vec::Vec<")
    }
}

/// The layers of a model in the order they are run, and how many parameters there are; its text is a
/// table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// A row for each layer.
    pub rows: Vec<SummaryRow>,
    /// Single numbers that are trained.
    pub trainable: usize,
    /// Single numbers that are not.
    pub frozen: usize,
    /// Single numbers in buffers.
    pub buffers: usize,
}

/// A layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRow {
    /// Within how many other layers it is.
    pub depth: usize,
    /// What the names of its parameters begin with, if it has any, and its type.
    pub name: String,
    /// The shape of its output for one sample.
    pub output: Shape,
    /// Single numbers in the parameters it uses. Those that layers share count for each of them.
    pub count: usize,
}

/// Runs a model on one sample of zeros and notes each layer that a tuple, a vector, a combinator or
/// [`Ctx::run`](super::Ctx::run) runs. A module that calls `forward` on its parts is one layer.
///
/// ```
/// use gradtape::nn::{Dense, Flatten, Params, Relu, summary};
/// let mut params = Params::<f32>::seeded(0);
/// let model = (Flatten, Dense::new(&mut params, 784, 128), Relu, Dense::new(&mut params, 128, 10));
/// let summary = summary(&model, &params, [28, 28]);
/// assert_eq!(summary.rows[1].name, "linear1 (Linear)");
/// assert_eq!(summary.rows[1].count, 784 * 128 + 128);
/// assert_eq!(summary.trainable, 101_770);
/// println!("{summary}");
/// ```
///
/// # Panics
/// When the model refuses such a sample.
#[track_caller]
pub fn summary<F: Float>(model: &impl Module, params: &Params<F>, sample: impl Into<Shape>) -> Summary {
    let mut dims = vec![1];
    dims.extend(&*sample.into());
    let cx = params.eval().traced();
    cx.run(model, Tensor::zeros(&dims[..]));
    let layers = cx.into_trace().calls.into_iter().filter(Call::is_a_layer);
    let size = |id: &ParamId| params.get(*id).shape().size();
    let row = |call: Call| {
        let used: Vec<ParamId> = call.used.into_iter().filter(|&id| !params.is_buffer(id)).collect();
        let count = used.iter().map(size).sum();
        SummaryRow { depth: call.depth, name: name(params, &used, call.kind), output: call.output, count }
    };
    let total = |of: &dyn Fn(ParamId) -> bool| params.ids().filter(|&id| of(id)).map(|id| size(&id)).sum();
    Summary {
        rows: layers.map(row).collect(),
        trainable: total(&|id| params.is_trainable(id)),
        frozen: total(&|id| !params.is_trainable(id) && !params.is_buffer(id)),
        buffers: total(&|id| params.is_buffer(id)),
    }
}

/// What the parameters' names have in common, and the type without its path.
fn name<F: Float>(params: &Params<F>, used: &[ParamId], kind: &str) -> String {
    let plain = |part: &str| part.rsplit("::").next().unwrap_or_default().to_owned();
    let mut kind: String =
        kind.split_inclusive(['<', '(', ',', ' ', '>', ')']).map(plain).collect::<Vec<_>>().concat();
    for axes in 1..=3 {
        kind = kind.replace(&format!("Nd<{axes}>"), &format!("{axes}d"));
    }
    let scopes = used.iter().map(|&id| params.name(id).rsplit_once('.').map_or("", |(scope, _)| scope));
    let common = scopes
        .map(|scope| scope.split('.').collect::<Vec<_>>())
        .reduce(|a, b| a.into_iter().zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a).collect());
    match common.unwrap_or_default().join(".") {
        scope if scope.is_empty() => kind,
        scope => format!("{scope} ({kind})"),
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> =
            self.rows.iter().map(|row| format!("{}{}", "  ".repeat(row.depth), row.name)).collect();
        let shapes: Vec<String> = self.rows.iter().map(|row| row.output.to_string()).collect();
        let wide = |texts: &[String], head: &str| {
            texts.iter().map(|text| text.chars().count()).chain([head.len()]).max().unwrap_or_default()
        };
        let (name, shape) = (wide(&names, "layer (type)"), wide(&shapes, "output shape"));
        writeln!(f, "{:name$}  {:shape$}  {:>10}", "layer (type)", "output shape", "parameters")?;
        for ((text, output), row) in names.iter().zip(&shapes).zip(&self.rows) {
            writeln!(f, "{text:name$}  {output:shape$}  {:>10}", row.count)?;
        }
        let Summary { trainable, frozen, buffers, .. } = self;
        write!(
            f,
            "{} parameters: {trainable} trainable, {frozen} frozen; {buffers} numbers in buffers",
            trainable + frozen
        )
    }
}
