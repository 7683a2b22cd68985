//! The pictures of the examples: whole or not there.

#![allow(dead_code)] // the examples use all of it

#[path = "../examples/common/pictures.rs"]
mod pictures;

use pictures::{Epoch, Mistake};
use std::{fs, path::Path};

fn epochs() -> Vec<Epoch> {
    (1..4).map(|i| Epoch { loss: 1.0 / f64::from(i), accuracy: 0.9, validation: Some((0.5, 0.8)) }).collect()
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| i.to_string()).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn pictures_are_written_whole_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    pictures::training_curves(&path("curves.svg"), &epochs()).unwrap();
    pictures::confusion_matrix(&path("confusion.svg"), &[vec![5, 1], vec![0, 7]], &names(2)).unwrap();
    let pixels = [0, 255, 128, 7, 9, 200];
    let mistake = Mistake { pixels: &pixels, label: 4, predicted: 9, confidence: 0.98 };
    pictures::worst_mistakes(&path("mistakes.png"), 2, 3, &[mistake]).unwrap();
    assert_eq!(files(folder.path()), ["confusion.svg", "curves.svg", "mistakes.png"]);

    let svg = fs::read_to_string(path("curves.svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    let png = png::Decoder::new(std::io::BufReader::new(fs::File::open(path("mistakes.png")).unwrap()));
    assert!(png.read_info().unwrap().info().width > 3);
}

#[test]
fn an_unwritable_place_is_an_error_that_names_it_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("curves.svg");
    let error = pictures::training_curves(&missing, &epochs()).unwrap_err().to_string();
    assert!(error.contains("curves.svg"), "{error}");
    // A folder stands where the file should go.
    let taken = folder.path().join("taken.svg");
    fs::create_dir(&taken).unwrap();
    let error = pictures::confusion_matrix(&taken, &[vec![1]], &names(1)).unwrap_err().to_string();
    assert!(error.contains("taken.svg"), "{error}");
    assert_eq!(files(folder.path()), ["taken.svg"], "no temporary file is left");
}

#[test]
fn an_earlier_picture_survives_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mistakes.png");
    fs::write(&path, b"earlier").unwrap();
    let wrong = Mistake { pixels: &[0; 5], label: 1, predicted: 2, confidence: 0.5 };
    assert!(pictures::worst_mistakes(&path, 2, 3, &[wrong]).is_err());
    assert_eq!(fs::read(&path).unwrap(), b"earlier");
}

#[test]
fn nothing_to_draw_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    assert!(pictures::training_curves(&path, &[]).is_err());
    assert!(pictures::confusion_matrix(&path, &[], &[]).is_err());
    assert!(pictures::confusion_matrix(&path, &[vec![1, 2]], &names(1)).is_err());
    assert!(pictures::worst_mistakes(&path, 2, 2, &[]).is_err());
    assert!(files(folder.path()).is_empty());
}
