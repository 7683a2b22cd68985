//! Files of tensors: what other programs wrote, what comes back, what is refused, and training
//! that goes on from a file.

use gradtape::io::{npy, safetensors};
use gradtape::nn::schedule::{Exponential, Plateau};
use gradtape::nn::{
    AdamW, Arrays, BatchNorm1d, Dropout, EarlyStopping, Every, Fit, Linear, Load, Module, Mse, Optimizer,
    Params, Rule, Sgd, Tanh, Trainer,
};
use gradtape::{Error, Float, Tensor};
use std::fs;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/files").join(name)
}

/// 0, 1, 2, … less 3, not below `least`.
fn numbers<F: Float>(shape: &[usize], least: f64) -> Tensor<F> {
    Tensor::from_fn(shape, |i| F::of((i as f64 - 3.0).max(least)))
}

const NO_LEAST: f64 = f64::NEG_INFINITY;

#[test]
fn arrays_of_numpy_are_read_whatever_their_type() {
    for kind in ["le_f2", "le_f4", "le_f8", "be_f4", "be_f8", "i1", "le_i2", "be_i4", "le_i8"] {
        let path = fixture(&format!("{kind}.npy"));
        assert_eq!(npy::read::<f64>(&path).unwrap(), numbers(&[2, 3], NO_LEAST), "{kind}");
        assert_eq!(npy::read::<f32>(&path).unwrap(), numbers(&[2, 3], NO_LEAST), "{kind}");
    }
    for kind in ["u1", "le_u2", "le_u4", "be_u8"] {
        let found = npy::read::<f64>(fixture(&format!("{kind}.npy"))).unwrap();
        assert_eq!(found, numbers(&[2, 3], 0.0), "{kind}");
    }
    let read = |name: &str| npy::read::<f64>(fixture(name)).unwrap();
    assert_eq!(read("bool.npy"), Tensor::from([[0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]));
    assert_eq!(read("fortran.npy"), numbers(&[2, 3, 4], NO_LEAST));
    assert_eq!(read("scalar.npy"), Tensor::scalar(2.5));
    assert_eq!(read("vector.npy"), numbers(&[7], NO_LEAST));
    assert_eq!(read("empty.npy").shape().dims(), [0, 3]);
}

#[test]
fn archives_of_numpy_are_read_stored_and_deflated() {
    for name in ["stored.npz", "deflated.npz"] {
        let found = npy::read_npz::<f32>(fixture(name)).unwrap();
        let expected =
            [("a".to_owned(), numbers(&[2, 3], NO_LEAST)), ("b".to_owned(), numbers(&[4], NO_LEAST))];
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn safetensors_of_pytorch_are_read_whatever_their_type() {
    let found = safetensors::read::<f64>(fixture("kinds.safetensors")).unwrap();
    let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
    let kinds = ["bfloat16", "bool", "empty", "float16", "float32", "float64", "int32", "int64", "scalar"];
    assert_eq!(names, kinds);
    for (name, tensor) in found {
        let expected = match name.as_str() {
            "bool" => Tensor::from([[0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]),
            "empty" => Tensor::zeros([0, 3]),
            "scalar" => Tensor::scalar(2.5),
            _ => numbers(&[2, 3], NO_LEAST),
        };
        assert_eq!(tensor, expected, "{name}");
    }
}

/// Numbers with nothing in common, and all that a conversion could lose.
fn hard<F: Float>() -> Vec<(String, Tensor<F>)> {
    let awkward =
        [0.1, -0.0, 1e-40, 1e300, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY, std::f64::consts::PI];
    vec![
        ("hard".to_owned(), Tensor::from(awkward.map(F::of))),
        ("scalar".to_owned(), Tensor::scalar(F::of(7.0))),
        ("empty".to_owned(), Tensor::zeros([3, 0, 2])),
        ("layers.0.weight".to_owned(), numbers(&[2, 3, 4], NO_LEAST)),
    ]
}

fn named<F: Float>(tensors: &[(String, Tensor<F>)]) -> impl Iterator<Item = (&str, &Tensor<F>)> {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
}

fn comes_back<F: Float>() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut tensors = hard::<F>();
    safetensors::write(at("all.safetensors"), named(&tensors)).unwrap();
    npy::write_npz(at("all.npz"), named(&tensors)).unwrap();
    assert_eq!(npy::read_npz::<F>(at("all.npz")).unwrap(), tensors);
    for (name, tensor) in &tensors {
        let path = at(&format!("{name}.npy"));
        npy::write(&path, tensor).unwrap();
        assert_eq!(npy::read::<F>(&path).unwrap(), *tensor, "{name}");
    }
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(safetensors::read::<F>(at("all.safetensors")).unwrap(), tensors);
}

#[test]
fn what_is_written_comes_back_to_the_bit() {
    comes_back::<f32>();
    comes_back::<f64>();
}

#[test]
fn the_same_tensors_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = |write: &dyn Fn(&Path)| {
        let path = folder.path().join("file");
        write(&path);
        fs::read(path).unwrap()
    };
    let tensors = hard::<f64>();
    let safetensors = || bytes(&|path| safetensors::write(path, named(&tensors)).unwrap());
    let npz = || bytes(&|path| npy::write_npz(path, named(&tensors)).unwrap());
    assert_eq!(safetensors(), safetensors());
    assert_eq!(npz(), npz());
}

// What is refused.

fn refusal<T: std::fmt::Debug>(found: Result<T, Error>) -> String {
    found.unwrap_err().to_string()
}

#[test]
fn other_files_are_refused_with_what_was_expected() {
    let npy = |name: &str| refusal(npy::read::<f64>(fixture(name)));
    assert!(npy("complex.npy").contains("expected numbers as `descr`"));
    assert!(npy("text.npy").contains("expected numbers as `descr`"));
    assert!(npy("kinds.safetensors").contains("magic number: expected that of an NPY file"));
    assert!(npy("missing.npy").contains("missing.npy"));
    let complex = refusal(safetensors::read::<f64>(fixture("complex.safetensors")));
    assert!(complex.contains("element type: expected numbers, of `c`"), "{complex}");
    assert!(
        refusal(safetensors::read::<f64>(fixture("le_f4.npy")))
            .contains("header: expected that of a safetensors")
    );
    assert!(
        refusal(npy::read_npz::<f64>(fixture("le_f4.npy"))).contains("archive: expected that of an NPZ file")
    );
}

/// The file cut at every byte, and with every byte changed in three ways.
fn spoiled(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..bytes.len()).map(|n| bytes[..n].to_vec());
    let changed = (0..bytes.len()).flat_map(move |i| {
        [0x01, 0x80, 0xff].map(|change| {
            let mut bytes = bytes.to_vec();
            bytes[i] ^= change;
            bytes
        })
    });
    cut.chain(changed)
}

#[test]
fn spoiled_files_are_refused_or_read_but_never_more() {
    let path = Path::new("spoiled");
    let mut refused = 0;
    for name in ["kinds.safetensors", "fortran.npy", "le_f2.npy", "stored.npz", "deflated.npz"] {
        let bytes = fs::read(fixture(name)).unwrap();
        for bytes in spoiled(&bytes) {
            let sizes: Result<Vec<usize>, Error> = match name.rsplit('.').next().unwrap() {
                "safetensors" => safetensors::from_bytes::<f32>(&bytes, path)
                    .map(|all| all.iter().map(|(_, x)| x.slice().len()).collect()),
                "npy" => npy::from_bytes::<f32>(&bytes, path).map(|x| vec![x.slice().len()]),
                _ => npy::from_npz_bytes::<f32>(&bytes, path)
                    .map(|all| all.iter().map(|(_, x)| x.slice().len()).collect()),
            };
            match sizes {
                Ok(sizes) => assert!(sizes.iter().sum::<usize>() <= 1000, "{name}"),
                Err(error) => {
                    assert!(error.to_string().starts_with("spoiled"), "{name}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 2000, "{refused}");
}

#[test]
fn safetensors_119_headers_that_lie_cost_no_memory() {
    let path = Path::new("lie");
    let header = |shape: &str| {
        let text = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        [b"\x93NUMPY\x01\x00", &(text.len() as u16).to_le_bytes()[..], text.as_bytes()].concat()
    };
    let npy = |shape: &str| refusal(npy::from_bytes::<f64>(&header(shape), path));
    assert!(npy("(1099511627776,)").contains("expected 8796093022208 bytes"));
    assert!(npy("(1099511627776, 1099511627776)").contains("more elements than memory can hold"));
    assert!(npy("(-1,)").contains("a tuple of sizes"));
    assert!(npy("(99999999999999999999999,)").contains("a tuple of sizes"));
    let long = [b"\x93NUMPY\x02\x00", &u32::MAX.to_le_bytes()[..]].concat();
    assert!(refusal(npy::from_bytes::<f64>(&long, path)).contains("length of the header"));

    let safetensors = |header: &str| {
        let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
        refusal(safetensors::from_bytes::<f64>(&bytes, path))
    };
    let entry = |shape: &str, end: u64| {
        safetensors(&format!(r#"{{"x":{{"dtype":"F64","shape":{shape},"data_offsets":[0,{end}]}}}}"#))
    };
    for error in
        [entry("[1099511627776]", 8796093022208), entry("[2]", 16), entry("[4294967296,4294967296,0]", 0)]
    {
        assert!(error.starts_with("lie: "), "{error}");
    }
}

#[test]
fn a_failed_write_leaves_the_file_as_it_was_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let (a, b) = (Tensor::from([1.0f32]), Tensor::from([2.0f32]));
    safetensors::write(&path, [("a", &a)]).unwrap();
    let before = fs::read(&path).unwrap();

    let error = refusal(safetensors::write(&path, [("a", &a), ("a", &b)]));
    assert!(error.contains("names: expected each once, found `a` twice"), "{error}");
    assert!(refusal(npy::write_npz(&path, [("a", &a), ("a", &b)])).contains("weights.safetensors"));
    assert_eq!(fs::read(&path).unwrap(), before);

    let nowhere = folder.path().join("no/such/folder/x.npy");
    assert!(refusal(npy::write(&nowhere, &a)).contains("x.npy"));
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    assert!(refusal(npy::write(&taken, &a)).contains("taken"));
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["taken", "weights.safetensors"]);
}

// Weights of models.

type Model = (Linear, Tanh, Dropout, Linear);

fn model(seed: u64) -> (Model, Params<f32>) {
    let mut params = Params::seeded(seed);
    let model = (
        params.at("body", |params| Linear::new(params, 2, 8)),
        Tanh,
        Dropout(0.25),
        params.at("head", |params| Linear::new(params, 8, 1)),
    );
    (model, params)
}

#[test]
fn weights_are_saved_and_loaded_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let (model, params) = self::model(1);
    params.save(&path).unwrap();
    let (_, mut other) = self::model(2);
    let loaded = other.load(&path, &Load::default()).unwrap();
    assert!(loaded.is_complete() && loaded.set.len() == 4, "{loaded}");
    let x = Tensor::from([[0.5, -1.0], [2.0, 0.25]]);
    assert_eq!(model.forward(&other.eval(), x.clone()), model.forward(&params.eval(), x));
}

#[test]
fn what_does_not_match_is_named_and_changes_nothing_unless_partial() {
    let (_, mut params) = model(1);
    let before = params.clone();
    let given = [
        ("encoder.body.weight".to_owned(), Tensor::ones([8, 2])),
        ("encoder.body.bias".to_owned(), Tensor::ones([3])),
        ("other".to_owned(), Tensor::ones([1])),
    ];
    let how = Load::default().prefix("encoder.", "");
    let error = refusal(params.assign(&given, &how));
    assert_eq!(
        error,
        "the given weights: expected a tensor for each parameter and no other, found 1 set; \
         missing: head.weight, head.bias; unexpected: other; mismatched: body.bias is [8], given [3]"
    );
    assert!(params.iter().eq(before.iter()));

    let loaded = params.assign(&given, &Load { partial: true, ..how }).unwrap();
    assert_eq!(loaded.set, ["body.weight"]);
    assert_eq!(loaded.missing, ["head.weight", "head.bias"]);
    assert_eq!(loaded.unexpected, ["other"]);
    assert_eq!(params.get(params.find("body.weight").unwrap()), &Tensor::ones([8, 2]));
    assert!(!params.assign(&[], &Load::partial()).unwrap().is_complete());
}

#[test]
fn a_loaded_body_can_be_frozen_and_the_head_fine_tuned() {
    let (model, mut params) = self::model(1);
    params.set_trainable(model.0.weight, false);
    params.set_trainable(model.0.bias.unwrap(), false);
    let before = params.clone();
    let mut trainer = Trainer::new(model, params, Sgd::new(0.1), Mse);
    trainer.fit(&data(), Fit { epochs: 1, ..Fit::default() }).unwrap();
    for id in [model.0.weight, model.0.bias.unwrap()] {
        assert_eq!(trainer.params.get(id), before.get(id));
    }
    assert_ne!(trainer.params.get(model.3.weight), before.get(model.3.weight));
}

#[test]
fn optimizer_state_is_saved_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let (model, params) = self::model(1);
    let mut trainer = Trainer::new(model, params, AdamW::new(0.01), Mse);
    trainer.fit(&data(), Fit::default()).unwrap();
    trainer.optimizer.save(&trainer.params, &path).unwrap();
    let mut other = Optimizer::new(AdamW::new(0.01));
    other.load(&trainer.params, &path).unwrap();
    assert_eq!(other.state(&trainer.params), trainer.optimizer.state(&trainer.params));
}

fn data() -> Arrays<f32> {
    let x = Tensor::from_fn([40, 2], |i| ((i * 7) % 11) as f32 / 5.0 - 1.0);
    let y = Tensor::from_fn([40, 1], |i| (i as f32 / 10.0).sin());
    Arrays::new(x, y).unwrap()
}

fn trainer() -> Trainer<Model, f32, gradtape::nn::Adam, Mse> {
    let (model, params) = model(1);
    let plateau = Plateau { patience: 0, factor: 0.5, ..Plateau::default() };
    Trainer::new(model, params, AdamW::new(0.01), Mse).plateau(plateau)
}

#[test]
fn training_that_resumes_gives_the_bits_of_training_without_a_pause() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let fit = |epochs| Fit { epochs, batch: 16, seed: 3, ..Fit::default() };
    let mut whole = trainer();
    whole.fit(&data(), fit(7)).unwrap();

    let mut interrupted = trainer().checkpoints(&path);
    interrupted.fit(&data(), fit(3)).unwrap();
    drop(interrupted);
    let mut resumed = trainer();
    resumed.resume(&path).unwrap();
    resumed.fit(&data(), fit(4)).unwrap();
    assert!(whole.params.iter().eq(resumed.params.iter()));
    assert_eq!(whole.optimizer.rules()[0].lr(), resumed.optimizer.rules()[0].lr());
    assert!(whole.optimizer.rules()[0].lr() < 0.01, "the plateau was reached, so its state mattered");
}

#[test]
fn running_statistics_resume_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let trainer = || {
        let mut params = Params::<f32>::seeded(1);
        let norm = BatchNorm1d::new(&mut params, 2);
        let model = (norm, Linear::new(&mut params, 2, 8), Tanh, Linear::new(&mut params, 8, 1));
        Trainer::new(model, params, AdamW::new(0.01), Mse)
    };
    let fit = |epochs| Fit { epochs, batch: 16, seed: 3, ..Fit::default() };
    let mut whole = trainer();
    whole.fit(&data(), fit(5)).unwrap();

    let mut interrupted = trainer();
    interrupted.fit(&data(), fit(2)).unwrap();
    interrupted.save(&path).unwrap();
    let mut resumed = trainer();
    resumed.resume(&path).unwrap();
    resumed.fit(&data(), fit(3)).unwrap();
    assert!(whole.params.iter().eq(resumed.params.iter()));
    let mean = whole.params.find("batch_norm1.running_mean").unwrap();
    assert_ne!(*whole.params.get(mean), Tensor::zeros([2]), "there are statistics to resume with");
    assert_eq!(whole.evaluate(&data()).unwrap().loss, resumed.evaluate(&data()).unwrap().loss);
}

#[test]
fn what_is_watched_and_averaged_resumes_with_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let trainer = || {
        let stopping = EarlyStopping { patience: 3, restore_best_weights: true, ..Default::default() };
        let (model, params) = model(1);
        // So large a rate that the loss goes up and down.
        Trainer::new(model, params, AdamW::new(0.3), Mse).early_stopping(stopping).ema(0.9).unwrap()
    };
    let fit = |epochs| Fit { epochs, batch: 16, seed: 3, ..Fit::default() };
    let mut whole = trainer();
    let ended = whole.fit(&data(), fit(50)).unwrap().len();
    assert!(ended > 4 && ended < 50, "{ended}");

    let mut interrupted = trainer().checkpoints(&path);
    interrupted.fit(&data(), fit(ended - 1)).unwrap();
    let mut resumed = trainer();
    resumed.resume(&path).unwrap();
    assert_eq!(resumed.fit(&data(), fit(50)).unwrap().len(), 1, "it remembers how long it has waited");
    assert!(whole.params.iter().eq(resumed.params.iter()), "and the best weights");
    let averaged = |trainer: &Trainer<_, _, _, _>| trainer.ema.as_ref().unwrap().applied_to(&trainer.params);
    assert!(averaged(&whole).iter().eq(averaged(&resumed).iter()));
    // A trainer that averages nothing does not ask for the average; one that does, does.
    self::trainer().checkpoints(&path).fit(&data(), fit(1)).unwrap();
    let error = self::trainer().ema(0.9).unwrap().resume(&path).unwrap_err().to_string();
    assert!(error.contains("missing: "), "{error}");
}

#[test]
fn a_schedule_goes_on_where_it_stood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let trainer = || trainer().schedule(Every::Step, Exponential { gamma: 0.9 });
    let fit = |epochs| Fit { epochs, batch: 16, ..Fit::default() };
    let mut first = trainer();
    first.fit(&data(), fit(2)).unwrap();
    first.save(&path).unwrap();
    let mut resumed = trainer();
    resumed.resume(&path).unwrap();
    first.fit(&data(), fit(1)).unwrap();
    resumed.fit(&data(), fit(1)).unwrap();
    assert_eq!(first.optimizer.rules()[0].lr(), resumed.optimizer.rules()[0].lr());
    assert!(first.params.iter().eq(resumed.params.iter()));
}

#[test]
fn a_checkpoint_that_does_not_fit_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let mut trainer = trainer();
    trainer.params.save(&path).unwrap();
    let before = trainer.params.clone();
    assert!(refusal(trainer.resume(&path)).contains("`clock`: expected 3 numbers, found nothing"));
    let (model, params) = model(1);
    let mut other = Trainer::new(model, params, Sgd { momentum: 0.9, ..Sgd::new(0.1) }, Mse);
    other.fit(&data(), Fit::default()).unwrap();
    other.save(&path).unwrap();
    let error = refusal(trainer.resume(&path));
    assert!(error.contains("`plateau`"), "{error}");
    assert!(trainer.params.iter().eq(before.iter()));
}
