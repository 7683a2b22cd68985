//! State dictionaries of PyTorch: they load by name and predict the same; what is saved here is the
//! same file again, for PyTorch to load. tests/fixtures/weights.py makes them.
//!
//! `WEIGHTS_DIR=DIR cargo test --test weights` also leaves the saved files in a folder, for
//! `weights.py DIR` to load.

use gradtape::Tensor;
use gradtape::io::safetensors;
use gradtape::nn::{
    BatchNorm2d, Conv2d, Conv2dOptions, Flatten, Linear, Load, Lstm, Module, Params, RecurrentOptions, Relu,
    TransformerEncoder, TransformerOptions,
};
use std::path::{Path, PathBuf};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights").join(format!("{name}.safetensors"))
}

/// Loads a state dictionary into a model, compares its output with PyTorch's, saves it and compares the
/// files.
fn loads_and_saves<M: Module>(name: &str, build: impl FnOnce(&mut Params<f32>) -> M) {
    let mut params = Params::<f32>::seeded(7);
    let model = build(&mut params);
    let loaded = params.load(file(name), &Load::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(loaded.is_complete(), "{name}: {loaded}");

    let io = safetensors::read::<f32>(file(&format!("{name}_io"))).unwrap();
    let [(_, x), (_, y)] = &io[..] else { panic!("{name}: x and y") };
    let found = model.forward(&params.eval(), x.clone());
    assert_eq!(found.shape(), y.shape(), "{name}");
    for (i, (a, b)) in found.slice().iter().zip(y.slice()).enumerate() {
        assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{name}, element {i}: {a}, not {b}");
    }

    let kept = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("WEIGHTS_DIR").map_or_else(|| kept.path().to_owned(), PathBuf::from);
    let path = folder.join(format!("{name}.safetensors"));
    params.save(&path).unwrap();
    let (saved, given) =
        (safetensors::read::<f32>(&path).unwrap(), safetensors::read::<f32>(file(name)).unwrap());
    assert_eq!(saved, given, "{name}: what was loaded is what is saved, name for name");
}

#[test]
fn a_multilayer_perceptron() {
    loads_and_saves("mlp", |params| {
        let first = params.at("0", |params| Linear::new(params, 6, 8));
        (first, Relu, params.at("2", |params| Linear::new(params, 8, 3)))
    });
}

#[test]
fn a_convnet_with_batch_norm() {
    loads_and_saves("convnet", |params| {
        let halved =
            Conv2dOptions { stride: 2.into(), padding: 1.into(), bias: false, ..Conv2dOptions::default() };
        (
            params.at("conv1", |params| Conv2d::new(params, 1, 4, 3)),
            params.at("bn1", |params| BatchNorm2d::new(params, 4)),
            Relu,
            params.at("conv2", |params| Conv2d::with(params, 4, 6, 3, halved)),
            params.at("bn2", |params| BatchNorm2d::new(params, 6)),
            Relu,
            Flatten,
            params.at("fc", |params| Linear::new(params, 6 * 4 * 4, 5)),
        )
    });
}

#[test]
fn a_bidirectional_lstm_of_two_layers() {
    loads_and_saves("lstm", |params| {
        let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..RecurrentOptions::default() };
        let lstm = params.at("lstm", |params| Lstm::with(params, 5, 4, options));
        (lstm, params.at("head", |params| Linear::new(params, 8, 3)))
    });
}

#[test]
fn a_transformer_encoder() {
    loads_and_saves("encoder", |params| {
        let options = TransformerOptions { dim_feedforward: 16, ..TransformerOptions::default() };
        let encoder = params.at("encoder", |params| TransformerEncoder::new(params, 2, 8, 2, options, false));
        (encoder, params.at("head", |params| Linear::new(params, 8, 3)))
    });
}

#[test]
fn a_body_of_pytorch_under_another_name_takes_a_head_of_its_own() {
    let mut params = Params::<f32>::seeded(7);
    let body = params.at("body", |params| Linear::new(params, 6, 8));
    let head = params.at("head", |params| Linear::new(params, 8, 2));
    let before = params.get(head.weight).clone();
    let loaded = params.load(file("mlp"), &Load::partial().prefix("0.", "body.")).unwrap();
    assert_eq!(loaded.set, ["body.weight", "body.bias"]);
    assert_eq!(loaded.unexpected, ["2.bias", "2.weight"]);
    assert_eq!(params.get(head.weight), &before);
    params.set_trainable(body.weight, false);
    assert_eq!(body.forward(&params.eval(), Tensor::ones([1, 6])).shape().dims(), [1, 8]);
}
