//! The files of `tests/fixtures/families`; `make.py` above them says what is in them.

use crate::tensor::tensor;
use gradtape::Tensor;
use gradtape::ops::Indices;
use std::fs;
use std::path::PathBuf;

/// What PyTorch says of one case.
#[derive(Default)]
pub(crate) struct Fixture {
    pub(crate) name: String,
    /// What PyTorch's numbers are good for, relative to each element.
    pub(crate) rtol: f64,
    /// The inputs, and whether each has a gradient.
    pub(crate) inputs: Vec<(Tensor<f64>, bool)>,
    pub(crate) indices: Vec<Indices>,
    pub(crate) outputs: Vec<Output>,
    /// For each input that has one.
    pub(crate) gradients: Vec<Tensor<f64>>,
    /// Along which the gradient is differentiated; empty if it is not.
    pub(crate) directions: Vec<Tensor<f64>>,
    pub(crate) second_order: Vec<Tensor<f64>>,
}

pub(crate) struct Output {
    pub(crate) value: Tensor<f64>,
    /// None if no gradient comes from here.
    pub(crate) cotangent: Option<Tensor<f64>>,
}

fn directory() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "families"].iter().collect()
}

/// The families that have a file, in order.
pub(crate) fn families() -> Vec<String> {
    let paths = fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.extension().is_some_and(|e| e == "txt"));
    let mut names: Vec<_> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

/// The cases of a family.
pub(crate) fn read(family: &str) -> Vec<Fixture> {
    let path = directory().join(family).with_extension("txt");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.split("\n\n").map(parse).collect()
}

/// A block of a file.
pub(crate) fn parse(block: &str) -> Fixture {
    let mut lines = block.lines();
    let mut case = Fixture { name: lines.next().unwrap().to_owned(), ..Fixture::default() };
    for line in lines {
        let (kind, rest) = line.split_once(' ').unwrap();
        if kind == "rtol" {
            case.rtol = rest.parse().unwrap();
            continue;
        }
        let tensor = tensor(rest);
        match kind {
            "x" => case.inputs.push((tensor, true)),
            "c" => case.inputs.push((tensor, false)),
            "i" => {
                let places = tensor.slice().iter().map(|&place| place as usize).collect();
                case.indices.push(Indices::new(places, tensor.shape().clone()));
            }
            "y" => case.outputs.push(Output { value: tensor, cotangent: None }),
            "u" => case.outputs.last_mut().unwrap().cotangent = Some(tensor),
            "g" => case.gradients.push(tensor),
            "v" => case.directions.push(tensor),
            "h" => case.second_order.push(tensor),
            other => panic!("{}: a line of kind {other}", case.name),
        }
    }
    case
}
