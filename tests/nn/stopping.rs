//! Training that ends before its time, what it watches, and what it averages.

use crate::{classifier, message, two_blobs};
use gradtape::nn::schedule::Mode;
use gradtape::nn::{Arrays, Dataset, EarlyStopping, Ema, Fit, Linear, Mse, Params, Sgd, Trainer};
use gradtape::{Tensor, ops::Indices};

fn line() -> Arrays<f32> {
    let x = Tensor::from_fn([16, 1], |i| i as f32 / 16.0);
    Arrays::new(x.clone(), x).unwrap()
}

fn trainer(lr: f64) -> Trainer<Linear, f32, Sgd, Mse> {
    let mut params = Params::seeded(1);
    let model = Linear::new(&mut params, 1, 1);
    Trainer::new(model, params, Sgd::new(lr), Mse)
}

fn fit(epochs: usize) -> Fit {
    Fit { epochs, batch: 16, ..Fit::default() }
}

#[test]
fn training_ends_when_nothing_becomes_better() {
    let ends =
        |rule: EarlyStopping, lr: f64| trainer(lr).early_stopping(rule).fit(&line(), fit(9)).unwrap().len();
    let after = |patience| EarlyStopping { patience, ..Default::default() };
    assert_eq!(ends(after(3), 0.0), 4, "the first is the best, three are waited for");
    assert_eq!([ends(after(0), 0.0), ends(after(1), 0.0)], [2, 2]);
    assert_eq!(ends(after(1), 0.1), 9, "each is better");
    assert_eq!(ends(EarlyStopping { min_delta: 1e9, ..after(1) }, 0.1), 2, "not by as much");
    assert_eq!(ends(EarlyStopping { mode: Mode::Max, ..after(2) }, 0.1), 3, "a loss that falls");
    let bad = EarlyStopping { min_delta: f64::NAN, ..after(1) };
    let error = message(trainer(0.1).early_stopping(bad).fit(&line(), fit(1)));
    assert_eq!(error, "min_delta: expected a finite number of at least 0, found NaN");
}

#[test]
fn the_best_weights_stand_at_the_end_if_they_are_to() {
    // So large a step that the loss, measured after an epoch, is least after the first.
    let train = |rule: Option<EarlyStopping>, epochs: usize| {
        let mut trainer = trainer(2.5);
        if let Some(rule) = rule {
            trainer = trainer.early_stopping(rule);
        }
        let history = trainer.fit_validated(&line(), &line(), fit(epochs)).unwrap();
        let losses: Vec<f64> = history.iter().map(|epoch| epoch.validation.as_ref().unwrap().loss).collect();
        (losses, trainer.params)
    };
    let (losses, _) = train(None, 6);
    let best = (0..6).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap();
    assert!(best < 3, "{losses:?}");
    let restore = EarlyStopping { patience: 9, restore_best_weights: true, ..Default::default() };
    let same = |a: &Params<f32>, b: &Params<f32>| a.iter().eq(b.iter());
    assert!(same(&train(Some(restore), 6).1, &train(None, best + 1).1));
    let keep = EarlyStopping { restore_best_weights: false, ..restore };
    assert!(same(&train(Some(keep), 6).1, &train(None, 6).1));
}

#[test]
fn a_metric_is_watched_by_its_name() {
    let rule = EarlyStopping { mode: Mode::Max, patience: 2, ..Default::default() };
    let mut trainer = classifier(1).early_stopping(rule).monitor("accuracy");
    let history =
        trainer.fit_validated(&two_blobs(200), &two_blobs(50), Fit { epochs: 40, ..Fit::default() }).unwrap();
    let seen: Vec<f64> =
        history.iter().map(|epoch| epoch.validation.as_ref().unwrap().metrics[0].1).collect();
    let (&last, before) = seen.split_last().unwrap();
    let first_best = seen.iter().position(|&v| v == last.max(before[0])).unwrap();
    assert_eq!(seen.len(), first_best + 3, "{seen:?}");
    let error = message(classifier(1).monitor("loss").fit(&two_blobs(9), Fit::default()));
    assert_eq!(error, r#"monitor: expected one of the metrics ["accuracy"], found loss"#);
}

#[test]
fn validation_data_of_its_own_is_what_evaluation_sees() {
    let data = two_blobs(100);
    let (training, validation) = data.split(0.75, 4);
    assert_eq!((training.len(), validation.len()), (75, 25));
    let all = |part: &dyn Fn() -> (Tensor<f32>, Indices)| part().0.slice().to_vec();
    let rows = |count: usize| (0..count).collect::<Vec<_>>();
    let mut seen = all(&|| training.batch(&rows(75)));
    seen.extend(all(&|| validation.batch(&rows(25))));
    let mut expected = all(&|| data.batch(&rows(100)));
    [&mut seen, &mut expected].into_iter().for_each(|x| x.sort_by(f32::total_cmp));
    assert_eq!(seen, expected, "each sample is in one of them");

    let mut trainer = classifier(1);
    let history = trainer.fit_validated(&training, &validation, Fit::default()).unwrap();
    assert_eq!(history[0].validation.as_ref(), Some(&trainer.evaluate(&validation).unwrap()));
    let both = Fit { validation_split: 0.5, ..Fit::default() };
    let error = message(trainer.fit_validated(&training, &validation, both));
    assert_eq!(error, "validation split: expected 0 besides validation data, found 0.5");
    let (all, none) = data.split(1.0, 0);
    let error = message(trainer.fit_validated(&all, &none, Fit::default()));
    assert_eq!(error, "validation data: expected at least one sample, found 0");
}

#[test]
fn an_average_takes_in_each_step() {
    let mut expected = Ema::new(0.9, &trainer(0.1).params).unwrap();
    let mut plain = trainer(0.1);
    for _ in 0..3 {
        plain.fit(&line(), fit(1)).unwrap(); // one step an epoch
        expected.update(&plain.params);
    }
    let mut averaged = trainer(0.1).ema(0.9).unwrap();
    averaged.fit(&line(), fit(3)).unwrap();
    let found = averaged.ema.as_ref().unwrap().applied_to(&averaged.params);
    assert!(found.iter().eq(expected.applied_to(&plain.params).iter()));
    assert!(averaged.params.iter().eq(plain.params.iter()));
    assert!(message(trainer(0.1).ema(2.0)).starts_with("decay of the average"));
}

#[test]
fn targets_may_be_numbers_of_classes() {
    let x = Tensor::<f32>::from_fn([3, 2], |i| i as f32);
    let data = Arrays::new(x.clone(), Indices::new(vec![0, 1, 2, 3, 4, 5], [3, 2])).unwrap();
    let (picked, targets) = data.batch(&[2, 0]);
    assert_eq!(picked, Tensor::from([[4.0, 5.0], [0.0, 1.0]]));
    assert_eq!(targets, Indices::new(vec![4, 5, 0, 1], [2, 2]));
    let error = message(Arrays::new(x, Indices::from([1, 0])));
    assert_eq!(error, "targets: expected 3 samples, as the inputs, found [2]");
}
