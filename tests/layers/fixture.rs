//! What PyTorch says of layers.

use crate::tensor::tensor;
use gradtape::Tensor;

/// A block of `fixtures/layers.txt`; the script beside it says what is in it.
#[derive(Default)]
pub(crate) struct Fixture {
    pub(crate) name: String,
    /// None where training and evaluation are the same.
    pub(crate) training: Option<bool>,
    pub(crate) inputs: Vec<Tensor<f64>>,
    /// Parameters and buffers.
    pub(crate) state: Vec<(String, Tensor<f64>)>,
    pub(crate) outputs: Vec<Tensor<f64>>,
    pub(crate) cotangents: Vec<Tensor<f64>>,
    pub(crate) gradients: Vec<Tensor<f64>>,
    pub(crate) parameter_gradients: Vec<(String, Tensor<f64>)>,
    pub(crate) buffers_after: Vec<(String, Tensor<f64>)>,
}

pub(crate) fn fixtures() -> Vec<Fixture> {
    include_str!("../fixtures/layers.txt").trim_end().split("\n\n").map(fixture).collect()
}

fn fixture(block: &str) -> Fixture {
    let mut lines = block.lines();
    let mut head = lines.next().unwrap().split(' ');
    let name = head.next().unwrap().to_owned();
    let mut case = Fixture { name, training: head.next().map(|mode| mode == "train"), ..Fixture::default() };
    for line in lines {
        let (kind, rest) = line.split_once(' ').unwrap();
        let (name, rest) = rest.split_at(rest.find('[').unwrap());
        let (named, value) = (format!("layer.{}", name.trim_end()), tensor(rest));
        match kind {
            "x" => case.inputs.push(value),
            "p" | "b" => case.state.push((named, value)),
            "y" => case.outputs.push(value),
            "u" => case.cotangents.push(value),
            "g" => case.gradients.push(value),
            "d" => case.parameter_gradients.push((named, value)),
            "a" => case.buffers_after.push((named, value)),
            other => panic!("{}: a line of kind {other}", case.name),
        }
    }
    case
}
