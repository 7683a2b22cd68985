//! Metrics against their definitions, whole and batch by batch, and what they refuse.

use crate::{refused, tensor::tensor};
use gradtape::nn::{
    Arrays, Average, ConfusionMatrix, F1, Linear, Metric, Mse, Params, Perplexity, Precision, R2, Recall,
    RocAuc, RootMeanSquaredError, Sgd, Sigmoid, Trainer, accuracy, binary_accuracy, mean_absolute_error,
    mean_squared_error, top_k_accuracy,
};
use gradtape::{Tensor, ops::Indices, random::Rng};

/// A block of `fixtures/metrics.txt`; the script beside it says what is in it.
struct Fixture {
    name: &'static str,
    output: Tensor<f64>,
    target: Tensor<f64>,
    values: Vec<(&'static str, f64)>,
}

fn fixtures() -> Vec<Fixture> {
    let block = |block: &'static str| {
        let mut lines = block.lines();
        let name = lines.next().unwrap();
        let mut array = || tensor(lines.next().unwrap().split_once(' ').unwrap().1);
        let (output, target) = (array(), array());
        let number = |line: &'static str| {
            let (key, value) = line.split_once(' ').unwrap();
            (key, value.parse().unwrap())
        };
        Fixture { name, output, target, values: lines.map(number).collect() }
    };
    include_str!("../fixtures/metrics.txt").trim_end().split("\n\n").map(block).collect()
}

fn labels(target: &Tensor<f64>) -> Indices {
    let places = target.slice().iter().map(|&t| t as usize).collect();
    Indices::new(places, target.shape().clone())
}

/// The metric of all rows, and again in batches of 4, 4, …
fn compare<T>(
    case: &Fixture,
    key: &str,
    metric: impl Metric<f64, T>,
    convert: impl Fn(&Tensor<f64>) -> T,
    read: &mut Vec<&'static str>,
) {
    let &(key, expected) = case.values.iter().find(|(other, _)| *other == key).expect(key);
    read.push(key);
    let whole = metric.of(&case.output, &convert(&case.target));
    let (mut state, rows) = (Default::default(), case.output.shape()[0]);
    for start in (0..rows).step_by(4) {
        let rows = 4.min(rows - start);
        let part = |x: &Tensor<f64>| x.narrow(0, start as isize, rows);
        metric.update(&mut state, &part(&case.output), &convert(&part(&case.target)));
    }
    for found in [whole, metric.compute(&state)] {
        assert!((found - expected).abs() <= 1e-12, "{}: {key}: {found}, not {expected}", case.name);
    }
}

const AVERAGES: [(&str, Average); 4] = [
    ("class1", Average::Class(1)),
    ("micro", Average::Micro),
    ("macro", Average::Macro),
    ("weighted", Average::Weighted),
];

fn of_classes(case: &Fixture, read: &mut Vec<&'static str>) {
    compare(case, "accuracy", accuracy, labels, read);
    let classes = case.output.shape()[1];
    for k in 1..=classes {
        let top = move |y: &Tensor<f64>, t: &Indices| top_k_accuracy(y, t, k);
        compare(case, &format!("top_{k}"), top, labels, read);
    }
    for (name, average) in AVERAGES {
        compare(case, &format!("precision_{name}"), Precision::new(average), labels, read);
        compare(case, &format!("recall_{name}"), Recall::new(average), labels, read);
        compare(case, &format!("f1_{name}"), F1::new(average), labels, read);
    }
    compare(case, "perplexity", Perplexity::default(), labels, read);
    compare(case, "perplexity_without_0", Perplexity { ignore_index: Some(0) }, labels, read);
    if classes == 2 {
        compare(case, "auc", RocAuc, labels, read);
    }
}

fn of_two(case: &Fixture, read: &mut Vec<&'static str>) {
    let threshold = case.values[0].1;
    read.push("threshold");
    let same = Tensor::clone;
    let right = move |y: &Tensor<f64>, t: &Tensor<f64>| binary_accuracy(y, t, threshold);
    compare(case, "accuracy", right, same, read);
    for (name, average) in AVERAGES {
        compare(case, &format!("precision_{name}"), Precision { average, threshold }, same, read);
        compare(case, &format!("recall_{name}"), Recall { average, threshold }, same, read);
        compare(case, &format!("f1_{name}"), F1 { average, threshold }, same, read);
    }
    compare(case, "auc", RocAuc, same, read);
}

fn of_numbers(case: &Fixture, read: &mut Vec<&'static str>) {
    let same = Tensor::clone;
    compare(case, "mae", mean_absolute_error, same, read);
    compare(case, "mse", mean_squared_error, same, read);
    compare(case, "rmse", RootMeanSquaredError, same, read);
    compare(case, "r2", R2, same, read);
}

#[test]
fn metrics_follow_their_definitions_whole_and_in_batches() {
    for case in fixtures() {
        let mut read = Vec::new();
        match case.name.split('_').next().unwrap() {
            "classes" => of_classes(&case, &mut read),
            "two" => of_two(&case, &mut read),
            _ => of_numbers(&case, &mut read),
        }
        for (key, _) in &case.values {
            assert!(read.contains(key), "no test reads {key} of {}", case.name);
        }
    }
}

#[test]
fn a_confusion_matrix_has_a_row_for_each_target() {
    let mut matrix = ConfusionMatrix::new(3);
    // Two images of two places each, with the classes on axis 1.
    let output = Tensor::new(vec![5.0, 0.0, 1.0, 2.0, 0.0, 1.0, 0.0, 9.0, 3.0, 0.0, 1.0, 1.0], [2, 3, 2]);
    matrix.add(&output, &Indices::new(vec![0, 2, 1, 0], [2, 2]));
    assert_eq!([0, 1, 2].map(|class| matrix.row(class)), [[2, 0, 0], [0, 1, 0], [0, 1, 0]]);
    assert_eq!(matrix.accuracy(), 0.75);
    assert_eq!(matrix.to_string(), "2 0 0\n0 1 0\n0 1 0\n");
    assert_eq!(matrix.precision(Average::Class(2)), 0.0, "0/0 counts as 0");
}

#[test]
fn scores_without_an_answer_are_nan() {
    let two = Tensor::from([0.1, 0.9]);
    assert!(RocAuc.of(&two, &Tensor::from([1.0, 1.0])).is_nan());
    assert!(RocAuc.of(&Tensor::from([f64::NAN, 0.5]), &Tensor::from([0.0, 1.0])).is_nan());
    let zeros = Tensor::zeros([2]);
    assert_eq!(R2.of(&two, &zeros), f64::NEG_INFINITY);
    assert!(R2.of(&zeros, &zeros).is_nan());
    assert!(ConfusionMatrix::new(2).accuracy().is_nan());
}

#[test]
fn a_trainer_measures_several_metrics_over_all_batches_together() {
    let x = Rng::new(5).uniform::<f64>([600, 2], -1.0, 1.0);
    let target = x.narrow(1, 0, 1).map(|v| if v > 0.2 { 1.0 } else { 0.0 });
    let data = Arrays::new(x.clone(), target.clone()).unwrap();
    let mut params = Params::seeded(1);
    let model = (Linear::new(&mut params, 2, 1), Sigmoid);
    let score = F1::new(Average::Class(1));
    let trainer = Trainer::new(model, params, Sgd::new(0.1), Mse)
        .metric("mse", mean_squared_error)
        .metric("f1", score)
        .metric("auc", RocAuc);
    let (found, output) = (trainer.evaluate(&data).unwrap(), trainer.predict(x));
    assert_eq!(found.metric("f1"), Some(score.of(&output, &target)));
    assert_eq!(found.metric("auc"), Some(RocAuc.of(&output, &target)));
    assert!((found.metric("mse").unwrap() - found.loss).abs() < 1e-12);
    assert_eq!(found.metric("f2"), None);
    assert!(found.to_string().contains("  mse ") && found.to_string().contains("  auc "));
    assert_eq!(trainer.evaluate(&data).unwrap(), found, "each evaluation starts anew");
}

#[test]
fn metrics_refuse_what_does_not_fit() {
    let x = Tensor::<f64>::ones([2, 3]);
    let refusals: [(&dyn Fn() -> f64, &str); 8] = [
        (&|| accuracy(&x, &[0].into()), "accuracy: needs [n, classes, ..] and [n, ..], not [2, 3] and [1]"),
        (&|| top_k_accuracy(&x, &[0].into(), 1), "top_k_accuracy: needs [n, classes] and [n]"),
        (&|| top_k_accuracy(&x, &[0, 1].into(), 4), "topk: 4 elements"),
        (&|| binary_accuracy(&x, &Tensor::ones([2]), 0.5), "binary_accuracy: outputs [2, 3], targets [2]"),
        (&|| RocAuc.of(&x, &Indices::from([0, 1])), "roc_auc: needs [n, 2] and [n], not [2, 3] and [2]"),
        (&|| R2.of(&x, &Tensor::ones([2])), "r2: outputs [2, 3], targets [2]"),
        (&|| F1::default().of(&x, &Indices::from([0, 3])), "a target 3 of 3 classes"),
        (&|| ConfusionMatrix::new(3).recall(Average::Class(3)), "no class 3 of 3"),
    ];
    for (f, expected) in refusals {
        let message = refused(f);
        assert!(message.starts_with("gradtape: ") && message.contains(expected), "{message}: not {expected}");
    }
}
