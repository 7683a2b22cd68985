//! The IDX parsers on arbitrary bytes: they refuse or give exactly what is there.

use gradtape::{
    Error,
    data::{Idx, parse_idx, parse_idx_gz},
};
use std::io;

/// More than deflate can ever make of one byte.
const DEFLATE_RATIO: usize = 1032;

/// What the parser may allocate beyond what it gives.
const SLACK: usize = 1 << 16;

/// [`parse_idx`] gives back every byte it was given, or an error.
pub fn idx(bytes: &[u8]) {
    plain::<1>(bytes);
    plain::<3>(bytes);
}

/// [`parse_idx_gz`] on arbitrary bytes, and on the same bytes as the contents of intact gzip, where
/// it must agree with [`parse_idx`].
pub fn idx_gz(bytes: &[u8]) {
    gzipped::<1>(bytes);
    gzipped::<3>(bytes);
}

fn plain<const D: usize>(bytes: &[u8]) {
    match parse_idx::<D>(bytes, "fuzz") {
        Ok(idx) => {
            consistent(&idx);
            assert!(idx.bytes.capacity() <= bytes.len() + SLACK, "memory beyond the file's size");
            let dims =
                idx.shape.iter().flat_map(|&n| u32::try_from(n).expect("read from 32 bits").to_be_bytes());
            let file: Vec<u8> = [0, 0, 8, D as u8].into_iter().chain(dims).chain(idx.bytes).collect();
            assert_eq!(file, bytes, "what was read is not what was there");
        }
        Err(error) => described(&error),
    }
}

fn gzipped<const D: usize>(bytes: &[u8]) {
    match parse_idx_gz::<D>(bytes, "fuzz.gz") {
        Ok(idx) => {
            consistent(&idx);
            assert!(idx.bytes.capacity() <= bytes.len() * DEFLATE_RATIO + SLACK, "more than gzip can hold");
        }
        Err(error) => described(&error),
    }
    // A random checksum is hardly ever right: this gets behind it.
    match (parse_idx_gz::<D>(&stored(bytes), "fuzz.gz"), parse_idx::<D>(bytes, "fuzz")) {
        (Err(Error::Io { source, .. }), _) if source.kind() == io::ErrorKind::Unsupported => {}
        (Ok(a), Ok(b)) => assert_eq!((a.shape, a.bytes), (b.shape, b.bytes)),
        (Err(a), Err(b)) => assert_eq!(a.to_string().replacen("fuzz.gz", "fuzz", 1), b.to_string()),
        (a, b) => panic!("compressed {a:?}, plain {b:?}"),
    }
}

fn consistent<const D: usize>(idx: &Idx<D>) {
    let size = idx.shape.iter().try_fold(1usize, |size, &n| size.checked_mul(n));
    assert_eq!(size, Some(idx.bytes.len()), "{:?}", idx.shape);
}

/// Errors have to be printable whatever they tell of.
fn described(error: &Error) {
    assert!(!error.to_string().is_empty());
}

/// The bytes as gzip (RFC 1952) of stored blocks, which needs no compressor.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    for block in bytes.chunks(u16::MAX.into()) {
        let len = block.len() as u16;
        out.push(0);
        out.extend(len.to_le_bytes());
        out.extend((!len).to_le_bytes());
        out.extend(block);
    }
    // The final block is empty, which suits every input, also the empty one.
    out.extend([1, 0, 0, 0xff, 0xff]);
    out.extend(crc32(bytes).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    })
}
