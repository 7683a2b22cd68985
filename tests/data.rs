//! Loading images: the real digits, other image sizes, and every way a file can be wrong.

use std::{
    alloc::System,
    fs,
    io::{Read, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use gradtape::{
    Error,
    data::{Idx, Images, mnist, parse_idx, parse_idx_gz, read_images, read_labels},
};
use proptest::prelude::*;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DIGITS: &str = "data/mnist";
const FILES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// Held by tests that allocate much or count allocations, which are counted for the whole process.
fn allocation_lock() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The result of `f` and the bytes allocated meanwhile.
fn counting<T>(f: impl FnOnce() -> T) -> (T, usize) {
    let region = Region::new(ALLOCATOR);
    let result = f();
    (result, region.change().bytes_allocated)
}

fn header(magic: u32, dimensions: &[u32]) -> Vec<u8> {
    [magic].iter().chain(dimensions).flat_map(|word| word.to_be_bytes()).collect()
}

fn file(magic: u32, dimensions: &[u32], payload: &[u8]) -> Vec<u8> {
    [header(magic, dimensions), payload.to_vec()].concat()
}

fn encode<const D: usize>(idx: &Idx<D>) -> Vec<u8> {
    file(0x800 + D as u32, &idx.shape.map(|n| n as u32), &idx.bytes)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes).read_to_end(&mut plain).ok()?;
    Some(plain)
}

/// The four files of a small set: three training and two test images of two rows and three columns.
fn small_files() -> [Vec<u8>; 4] {
    [
        file(0x803, &[3, 2, 3], &(10..28).collect::<Vec<u8>>()),
        file(0x801, &[3], &[0, 9, 4]),
        file(0x803, &[2, 2, 3], &(100..112).collect::<Vec<u8>>()),
        file(0x801, &[2], &[7, 1]),
    ]
}

fn write_set(names: [&str; 4], files: &[Vec<u8>; 4]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in names.iter().zip(files) {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

/// The error of loading the small set with one file replaced.
fn error_with(index: usize, bytes: &[u8]) -> (TempDir, Error) {
    let mut files = small_files();
    files[index] = bytes.to_vec();
    let dir = write_set(FILES, &files);
    let error = mnist(dir.path()).unwrap_err();
    (dir, error)
}

/// Checks that replacing one file of the small set gives this format error, and its message.
#[track_caller]
fn assert_refused(index: usize, bytes: &[u8], field: &str, expected: &str, found: &str) {
    let (dir, error) = error_with(index, bytes);
    assert_format(&error, &dir.path().join(FILES[index]), field, expected, found);
}

#[track_caller]
fn assert_format(error: &Error, path: &Path, field: &str, expected: &str, found: &str) {
    assert!(matches!(error, Error::Format { .. }), "{error:?}");
    let message = format!("{}: {field}: expected {expected}, found {found}", path.display());
    assert_eq!(error.to_string(), message);
}

#[track_caller]
fn assert_small(set: (Images, Images)) {
    let (train, test) = set;
    for images in [&train, &test] {
        assert_eq!((images.rows(), images.cols(), images.classes()), (2, 3, 10));
        assert!(!images.is_empty());
    }
    assert_eq!((train.len(), test.len()), (3, 2));
    assert_eq!(train.pixels(), (10..28).collect::<Vec<u8>>());
    assert_eq!(train.image(1), [16, 17, 18, 19, 20, 21]);
    assert_eq!(train.labels(), [0, 9, 4]);
    assert_eq!(train.label(1), 9);
    assert_eq!(test.pixels(), (100..112).collect::<Vec<u8>>());
    assert_eq!(test.labels(), [7, 1]);
}

// The real digits.

#[test]
fn the_digits_load_into_one_copy_and_their_files_stay_as_they_are() {
    let _lock = allocation_lock();
    let read_all = || FILES.map(|name| fs::read(Path::new(DIGITS).join(format!("{name}.gz"))).unwrap());
    let before = read_all();

    let ((train, test), allocated) = counting(|| mnist(DIGITS).unwrap());

    assert_eq!((train.len(), train.rows(), train.cols(), train.classes()), (60_000, 28, 28, 10));
    assert_eq!((test.len(), test.rows(), test.cols(), test.classes()), (10_000, 28, 28, 10));
    assert_eq!(&train.labels()[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(&test.labels()[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let size = train.pixels().len() + test.pixels().len();
    assert_eq!(size, 70_000 * 28 * 28);
    // A second copy of the training pixels alone would make this 1.85 times the size.
    assert!(allocated < size + size / 2, "{allocated} bytes allocated for {size} pixels");
    assert!(read_all() == before, "loading changed a file");
}

#[test]
fn the_digits_are_those_the_mnist_crate_reads() {
    let _lock = allocation_lock();
    // That crate reads only uncompressed files.
    let dir = tempfile::tempdir().unwrap();
    for name in FILES {
        let compressed = fs::read(Path::new(DIGITS).join(format!("{name}.gz"))).unwrap();
        fs::write(dir.path().join(name), gunzip(&compressed).unwrap()).unwrap();
    }
    let theirs = ::mnist::MnistBuilder::new()
        .base_path(dir.path().to_str().unwrap())
        .training_set_length(60_000)
        .validation_set_length(0)
        .test_set_length(10_000)
        .finalize();

    for from in [dir.path(), Path::new(DIGITS)] {
        let (train, test) = mnist(from).unwrap();
        assert!(train.pixels() == theirs.trn_img, "training pixels differ in {}", from.display());
        assert!(train.labels() == theirs.trn_lbl, "training labels differ in {}", from.display());
        assert!(test.pixels() == theirs.tst_img, "test pixels differ in {}", from.display());
        assert!(test.labels() == theirs.tst_lbl, "test labels differ in {}", from.display());
    }
}

// Other sets and spellings.

#[test]
fn a_small_set_of_another_size_loads() {
    assert_small(mnist(write_set(FILES, &small_files()).path()).unwrap());
}

#[test]
fn a_set_loads_compressed_and_in_every_spelling() {
    let [train_images, train_labels, test_images, test_labels] = small_files();
    let names = [
        "train-images-idx3-ubyte.gz",
        "train-labels.idx1-ubyte",
        "t10k-images.idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte",
    ];
    let dir = write_set(names, &[gzip(&train_images), train_labels, gzip(&test_images), test_labels]);
    assert_small(mnist(dir.path()).unwrap());
}

#[test]
fn an_uncompressed_file_is_preferred() {
    let dir = write_set(FILES, &small_files());
    for name in FILES {
        fs::write(dir.path().join(format!("{name}.gz")), "not gzip").unwrap();
    }
    assert_small(mnist(dir.path()).unwrap());
}

#[test]
fn gzip_may_have_several_members() {
    let labels = file(0x801, &[3], &[1, 2, 3]);
    let members = [gzip(&labels[..5]), gzip(&labels[5..9]), gzip(&labels[9..])].concat();
    assert_eq!(parse_idx_gz::<1>(&members, "labels.gz").unwrap().bytes, [1, 2, 3]);
}

#[test]
fn single_files_load() {
    let dir = write_set(FILES, &small_files());
    let images = read_images(dir.path().join(FILES[0])).unwrap();
    assert_eq!((images.shape, images.bytes.len()), ([3, 2, 3], 18));
    let labels = read_labels(dir.path().join(FILES[3])).unwrap();
    assert_eq!((labels.shape, labels.bytes), ([2], vec![7, 1]));
}

#[test]
fn pixels_have_no_spare_capacity() {
    let pixels: Vec<u8> = (0..300_000u64).map(|i| (i * i % 251) as u8).collect();
    let bytes = file(0x803, &[300, 10, 100], &pixels);
    for images in [parse_idx::<3>(&bytes, "plain"), parse_idx_gz::<3>(&gzip(&bytes), "gz")] {
        let images = images.unwrap();
        assert!(images.bytes == pixels);
        assert_eq!(images.bytes.capacity(), pixels.len());
    }
}

#[test]
fn debug_does_not_print_pixels() {
    let (train, _) = mnist(write_set(FILES, &small_files()).path()).unwrap();
    assert_eq!(format!("{train:?}"), "Images { len: 3, rows: 2, cols: 3, classes: 10, .. }");
    let idx = parse_idx::<1>(&file(0x801, &[2], &[77, 78]), "labels").unwrap();
    assert_eq!(format!("{idx:?}"), "Idx { shape: [2], .. }");
}

// Files that are not there.

#[test]
fn a_missing_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("nowhere");
    let error = mnist(&missing).unwrap_err();
    assert!(matches!(&error, Error::Io { path, .. } if *path == missing), "{error:?}");
    assert!(error.to_string().contains("no such directory"), "{error}");
}

#[test]
fn a_missing_file_is_named_in_every_spelling_tried() {
    for name in FILES {
        let dir = write_set(FILES, &small_files());
        fs::remove_file(dir.path().join(name)).unwrap();
        let error = mnist(dir.path()).unwrap_err();
        let Error::Io { path, source } = &error else { panic!("{error:?}") };
        assert_eq!(path, dir.path());
        assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
        let dotted = name.replace("-idx", ".idx");
        let message = format!(
            "{}: no such file in this directory, looked for {name}, {dotted}, {name}.gz, {dotted}.gz",
            path.display()
        );
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_directory_in_place_of_a_file_is_named() {
    let dir = write_set(FILES, &small_files());
    let path = dir.path().join(FILES[2]);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = mnist(dir.path()).unwrap_err();
    assert!(matches!(&error, Error::Io { path: named, .. } if *named == path), "{error:?}");
}

#[test]
fn a_single_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("nothing.gz");
    for error in [read_images(&missing).unwrap_err(), read_labels(&missing).unwrap_err()] {
        assert!(matches!(&error, Error::Io { path, .. } if *path == missing), "{error:?}");
        assert!(error.to_string().starts_with(&missing.display().to_string()), "{error}");
    }
}

// Files that are not what they should be.

#[test]
fn another_magic_number_is_refused() {
    let bytes = file(0xd03, &[3, 2, 3], &[0; 18]);
    assert_refused(0, &bytes, "magic", "0x00000803 (images)", "0x00000d03");
}

#[test]
fn images_and_labels_are_told_apart() {
    let [images, labels, ..] = small_files();
    assert_refused(1, &images, "magic", "0x00000801 (labels)", "0x00000803 (images)");
    assert_refused(0, &labels, "magic", "0x00000803 (images)", "0x00000801 (labels)");
}

#[test]
fn compressed_bytes_under_an_uncompressed_name_are_recognised() {
    let bytes = gzip(&small_files()[0]);
    assert_refused(0, &bytes, "magic", "0x00000803 (images)", "0x1f8b0800 (gzip)");
}

#[test]
fn a_truncated_header_is_refused() {
    let [images, labels, ..] = small_files();
    for length in 0..16 {
        assert_refused(0, &images[..length], "header", "16 bytes", &format!("{length} bytes"));
    }
    for length in 0..8 {
        assert_refused(1, &labels[..length], "header", "8 bytes", &format!("{length} bytes"));
    }
}

#[test]
fn a_truncated_payload_is_refused() {
    let [images, labels, ..] = small_files();
    for missing in 1..=18 {
        let found = format!("{} bytes", 18 - missing);
        assert_refused(0, &images[..images.len() - missing], "payload", "18 bytes", &found);
    }
    assert_refused(1, &labels[..labels.len() - 1], "payload", "3 bytes", "2 bytes");
}

#[test]
fn trailing_bytes_are_refused() {
    let [images, labels, ..] = small_files();
    assert_refused(0, &[images, vec![0]].concat(), "payload", "18 bytes", "at least 19 bytes");
    assert_refused(1, &[labels, vec![0; 100]].concat(), "payload", "3 bytes", "at least 4 bytes");
}

#[test]
fn a_lying_count_allocates_nothing() {
    let _lock = allocation_lock();
    // Sixteen gibibytes, announced by a file of 26 bytes.
    let bytes = file(0x803, &[1 << 24, 32, 32], &[1; 10]);
    let compressed = gzip(&bytes);
    let dir = tempfile::tempdir().unwrap();
    let (plain_path, gz_path) = (dir.path().join("lie"), dir.path().join("lie.gz"));
    fs::write(&plain_path, &bytes).unwrap();
    fs::write(&gz_path, &compressed).unwrap();

    let start = Instant::now();
    let (errors, allocated) = counting(|| {
        [
            parse_idx::<3>(&bytes, &plain_path).unwrap_err(),
            read_images(&plain_path).unwrap_err(),
            parse_idx_gz::<3>(&compressed, &gz_path).unwrap_err(),
            read_images(&gz_path).unwrap_err(),
        ]
    });
    for (error, path) in errors.iter().zip([&plain_path, &plain_path, &gz_path, &gz_path]) {
        assert_format(error, path, "payload", "17179869184 bytes", "10 bytes");
    }
    assert!(allocated < 32 << 20, "{allocated} bytes allocated");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn dimensions_whose_product_overflows_are_refused() {
    let bytes = file(0x803, &[u32::MAX, u32::MAX, 2], &[]);
    assert_refused(0, &bytes, "dimensions", "a product below 2^64", "4294967295 x 4294967295 x 2");
    // The largest product that does not overflow is still only announced.
    let bytes = file(0x803, &[u32::MAX, u32::MAX, 1], &[]);
    assert_refused(0, &bytes, "payload", "18446744065119617025 bytes", "0 bytes");
}

#[test]
fn a_label_that_is_no_digit_is_refused() {
    assert_refused(1, &file(0x801, &[3], &[0, 10, 255]), "label", "below 10", "10 at index 1");
}

#[test]
fn counts_must_agree() {
    for count in [2u8, 4] {
        let labels = file(0x801, &[count.into()], &vec![1; count.into()]);
        let (dir, error) = error_with(1, &labels);
        let expected = format!("3, one for each image in {}", dir.path().join(FILES[0]).display());
        assert_format(&error, &dir.path().join(FILES[1]), "count", &expected, &count.to_string());
    }
}

#[test]
fn training_and_test_images_must_be_of_one_size() {
    for (field, shape, of_train, of_test) in [("rows", [2, 1, 3], 2, 1), ("cols", [2, 2, 5], 3, 5)] {
        let (dir, error) =
            error_with(2, &file(0x803, &shape, &vec![0; shape.iter().product::<u32>() as usize]));
        let expected = format!("{of_train}, as in {}", dir.path().join(FILES[0]).display());
        assert_format(&error, &dir.path().join(FILES[2]), field, &expected, &of_test.to_string());
    }
}

#[test]
fn an_empty_set_is_refused() {
    assert_refused(0, &file(0x803, &[0, 2, 3], &[]), "count", "at least 1", "0");
    assert_refused(2, &file(0x803, &[2, 0, 3], &[]), "rows", "at least 1", "0");
    assert_refused(2, &file(0x803, &[2, 2, 0], &[]), "cols", "at least 1", "0");
}

// Damaged compression.

/// Checks that these bytes are refused as gzip, from memory and from a file of a set.
#[track_caller]
fn assert_damaged(bytes: &[u8]) {
    let error = parse_idx_gz::<3>(bytes, "images.gz").unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Format { field: "gzip", .. }), "{error:?}");
    assert!(
        message.starts_with("images.gz: gzip: expected a whole, intact gzip stream, found "),
        "{message}"
    );

    let dir = write_set(FILES, &small_files());
    fs::remove_file(dir.path().join(FILES[0])).unwrap();
    let path = dir.path().join(format!("{}.gz", FILES[0]));
    fs::write(&path, bytes).unwrap();
    let error = mnist(dir.path()).unwrap_err();
    assert_eq!(error.to_string(), message.replace("images.gz", &path.display().to_string()));
}

#[test]
fn bytes_that_are_not_gzip_are_refused_under_a_gz_name() {
    assert_damaged(b"");
    assert_damaged(&small_files()[0]);
}

#[test]
fn a_wrong_checksum_is_refused() {
    let mut bytes = gzip(&small_files()[0]);
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    assert_damaged(&bytes);
}

#[test]
fn truncated_gzip_is_refused() {
    let bytes = gzip(&small_files()[0]);
    // Everything but the eight bytes of the trailer decompresses to the whole file.
    for length in [5, bytes.len() - 8, bytes.len() - 1] {
        assert_damaged(&bytes[..length]);
    }
    for length in 0..bytes.len() {
        assert!(parse_idx_gz::<3>(&bytes[..length], "images.gz").is_err(), "{length} bytes");
    }
}

#[test]
fn bytes_after_gzip_are_refused() {
    assert_damaged(&[gzip(&small_files()[0]), b"and more".to_vec()].concat());
}

#[test]
fn a_gzip_bomb_is_not_decompressed() {
    let _lock = allocation_lock();
    // Half a gibibyte of zeros behind a header that announces four pixels.
    let zeros = gzip(&vec![0; 16 << 20]);
    let mut bomb = gzip(&header(0x803, &[1, 2, 2]));
    for _ in 0..32 {
        bomb.extend_from_slice(&zeros);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bomb.gz");
    fs::write(&path, &bomb).unwrap();

    let (errors, allocated) =
        counting(|| [parse_idx_gz::<3>(&bomb, &path).unwrap_err(), read_images(&path).unwrap_err()]);
    for error in errors {
        assert_format(&error, &path, "payload", "4 bytes", "at least 5 bytes");
    }
    assert!(allocated < 32 << 20, "{allocated} bytes allocated");
}

// Images from parts.

#[test]
fn parts_that_do_not_fit_are_refused() {
    let message = |pixels: usize, labels: &[u8], rows, cols, classes| {
        let error = Images::from_parts(vec![0; pixels], labels.to_vec(), rows, cols, classes).unwrap_err();
        assert!(matches!(error, Error::Data { .. }), "{error:?}");
        error.to_string()
    };
    assert_eq!(message(0, &[], 2, 3, 10), "images: expected at least 1, found 0");
    assert_eq!(message(0, &[1], 0, 3, 10), "image rows: expected at least 1, found 0");
    assert_eq!(message(0, &[1], 2, 0, 10), "image columns: expected at least 1, found 0");
    assert_eq!(message(11, &[1, 2], 2, 3, 10), "pixels: expected 12 (2 x 2 x 3), found 11");
    assert_eq!(message(6, &[3], 2, 3, 3), "label 0: expected below 3, found 3");
    assert_eq!(message(6, &[0], 2, 3, 0), "label 0: expected below 0, found 0");
    // The product of these is zero when it wraps.
    let half = 1 << (usize::BITS / 2);
    assert!(message(0, &[1], half, half, 10).starts_with("pixels: expected more than memory holds"));
    assert!(message(0, &[1; 4], usize::MAX / 4 + 1, 1, 10).contains("more than memory holds"));
}

#[test]
fn every_label_of_a_byte_is_possible() {
    let images = Images::from_parts(vec![1, 2], vec![0, 255], 1, 1, 256).unwrap();
    assert_eq!((images.classes(), images.label(1)), (256, 255));
}

#[test]
fn a_part_has_the_images_of_its_range() {
    let (train, _) = mnist(write_set(FILES, &small_files()).path()).unwrap();
    assert_eq!(train.take(0..3).unwrap(), train);
    let part = train.take(1..3).unwrap();
    assert_eq!((part.len(), part.rows(), part.cols(), part.classes()), (2, 2, 3, 10));
    assert_eq!((part.image(0), part.labels()), (train.image(1), &[9, 4][..]));

    let (head, tail) = train.clone().split_at(1).unwrap();
    assert_eq!((head, tail), (train.take(0..1).unwrap(), part));
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "one of the ranges to refuse")]
fn a_part_is_neither_empty_nor_beyond_the_end() {
    let (train, _) = mnist(write_set(FILES, &small_files()).path()).unwrap();
    for range in [0..0, 3..3, 2..1, 2..4, 4..5, 0..usize::MAX, usize::MAX - 1..usize::MAX] {
        assert!(matches!(train.take(range.clone()), Err(Error::Data { .. })), "{range:?}");
    }
    let error = train.take(2..4).unwrap_err();
    assert_eq!(error.to_string(), "range of images: expected a part of 0..3, not empty, found 2..4");
    for n in [0, 3, 4, usize::MAX] {
        assert!(matches!(train.clone().split_at(n), Err(Error::Data { .. })), "{n}");
    }
}

#[test]
#[should_panic(expected = "image 3 of 3")]
fn there_is_no_image_beyond_the_last() {
    // Printing a backtrace allocates much.
    let _lock = allocation_lock();
    mnist(write_set(FILES, &small_files()).path()).unwrap().0.image(3);
}

// Any bytes at all.

/// What the format says, written apart from the parser.
fn is_valid(bytes: &[u8], dimensions: usize) -> bool {
    let header_len = 4 + 4 * dimensions;
    if bytes.len() < header_len || bytes[..4] != [0, 0, 8, dimensions as u8] {
        return false;
    }
    let word = |i: usize| u128::from(u32::from_be_bytes(bytes[4 * i..][..4].try_into().unwrap()));
    let size: u128 = (1..=dimensions).map(word).product();
    size == (bytes.len() - header_len) as u128
}

fn check<const D: usize>(bytes: &[u8]) -> Result<(), TestCaseError> {
    let result = parse_idx::<D>(bytes, "any");
    prop_assert_eq!(result.is_ok(), is_valid(bytes, D), "{:?}", result);
    if let Ok(idx) = result {
        prop_assert_eq!(encode(&idx), bytes);
    }
    Ok(())
}

fn check_gz<const D: usize>(bytes: &[u8]) -> Result<(), TestCaseError> {
    let result = parse_idx_gz::<D>(bytes, "any.gz");
    let plain = gunzip(bytes);
    prop_assert_eq!(result.is_ok(), plain.as_deref().is_some_and(|plain| is_valid(plain, D)));
    if let Ok(idx) = result {
        prop_assert_eq!(Some(encode(&idx)), plain);
    }
    Ok(())
}

#[derive(Clone, Debug)]
enum Damage {
    Set(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Append(Vec<u8>),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Damage::Set(at, value) if !bytes.is_empty() => *at.get_mut(bytes) = *value,
            Damage::Set(..) => {}
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len() + 1)),
            Damage::Append(more) => bytes.extend_from_slice(more),
        }
    }
}

/// Small values are common, so that damage to a dimension or a label may leave a valid file.
fn damage() -> impl Strategy<Value = Vec<Damage>> {
    let one = prop_oneof![
        4 => (any::<prop::sample::Index>(), prop_oneof![0..6u8, any::<u8>()])
            .prop_map(|(at, value)| Damage::Set(at, value)),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        1 => prop::collection::vec(any::<u8>(), 0..8).prop_map(Damage::Append),
    ];
    prop::collection::vec(one, 0..4)
}

fn images_file() -> impl Strategy<Value = Vec<u8>> {
    (0..5u32, 0..5u32, 0..5u32).prop_flat_map(|(n, rows, cols)| {
        prop::collection::vec(any::<u8>(), (n * rows * cols) as usize)
            .prop_map(move |pixels| file(0x803, &[n, rows, cols], &pixels))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_parse_only_if_valid(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _lock = allocation_lock();
        check::<1>(&bytes)?;
        check::<3>(&bytes)?;
        check_gz::<1>(&bytes)?;
        check_gz::<3>(&gzip(&bytes))?;
    }

    #[test]
    fn damaged_files_parse_only_if_valid(mut bytes in images_file(), damage in damage()) {
        let _lock = allocation_lock();
        damage.iter().for_each(|one| one.apply(&mut bytes));
        check::<3>(&bytes)?;
        check_gz::<3>(&gzip(&bytes))?;
    }

    #[test]
    fn damaged_gzip_parses_only_if_valid(bytes in images_file(), damage in damage()) {
        let _lock = allocation_lock();
        let mut compressed = gzip(&bytes);
        damage.iter().for_each(|one| one.apply(&mut compressed));
        check_gz::<3>(&compressed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_set_loads_only_if_consistent(which in 0..4usize, damage in damage()) {
        let _lock = allocation_lock();
        let mut files = small_files();
        damage.iter().for_each(|one| one.apply(&mut files[which]));
        let count = |file: &[u8]| file[4..8].to_vec();
        let consistent = (0..4).all(|i| is_valid(&files[i], if i % 2 == 0 { 3 } else { 1 }))
            && count(&files[0]) == count(&files[1])
            && count(&files[2]) == count(&files[3])
            && files[0][8..16] == files[2][8..16]
            && files[1].iter().chain(&files[3]).skip(8).all(|&label| label < 10)
            && files[0].len() > 16
            && files[2].len() > 16;
        let dir = write_set(FILES, &files);
        match mnist(dir.path()) {
            Ok((train, test)) => {
                prop_assert!(consistent);
                prop_assert_eq!((train.pixels(), train.labels()), (&files[0][16..], &files[1][8..]));
                prop_assert_eq!((test.pixels(), test.labels()), (&files[2][16..], &files[3][8..]));
            }
            Err(error) => prop_assert!(!consistent, "{}", error),
        }
    }
}
