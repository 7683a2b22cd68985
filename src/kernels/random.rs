//! A counter-based generator: Philox 4×32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers:
//! As Easy as 1, 2, 3; SC'11). Any block of its stream is computed from its number alone, so that a
//! mask is the same whichever thread fills which part.
#![forbid(unsafe_code)]

use super::{parallel::pieces, simd::simd};

/// The four words of block `counter` of the stream that `key` names.
#[inline(always)]
pub(crate) fn philox(key: u64, counter: u128) -> [u32; 4] {
    let mut c = [counter as u32, (counter >> 32) as u32, (counter >> 64) as u32, (counter >> 96) as u32];
    let mut k = [key as u32, (key >> 32) as u32];
    for round in 0..10 {
        if round > 0 {
            k = [k[0].wrapping_add(0x9E37_79B9), k[1].wrapping_add(0xBB67_AE85)];
        }
        let a = u64::from(c[0]) * 0xD251_1F53;
        let b = u64::from(c[2]) * 0xCD9E_8D57;
        c = [(b >> 32) as u32 ^ c[1] ^ k[0], b as u32, (a >> 32) as u32 ^ c[3] ^ k[1], a as u32];
    }
    c
}

/// Fills `out` with `value(word)` of stream `stream`.
pub(crate) fn fill<T: Send>(key: u64, stream: u64, out: &mut [T], value: impl Fn(u32) -> T + Sync) {
    pieces(out, 4, |start, out| {
        simd(
            #[inline(always)]
            || {
                let first = (start / 4) as u64;
                for (block, out) in out.chunks_mut(4).enumerate() {
                    let words = philox(key, u128::from(stream) << 64 | u128::from(first + block as u64));
                    for (out, word) in out.iter_mut().zip(words) {
                        *out = value(word);
                    }
                }
            },
        )
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answers published with the paper's code (Random123, kat_vectors).
    #[test]
    fn known_answers() {
        assert_eq!(philox(0, 0), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(philox(u64::MAX, u128::MAX), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        assert_eq!(
            philox(0x299f_31d0_a409_3822, 0x0370_7344_1319_8a2e_85a3_08d3_243f_6a88),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }
}
