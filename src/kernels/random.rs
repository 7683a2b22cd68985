//! A counter-based generator: Philox 4×32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers:
//! As Easy as 1, 2, 3; SC'11). Any block of its stream is computed from its number alone, so that a
//! mask is the same whichever thread fills which part.
#![forbid(unsafe_code)]

use super::{parallel::pieces, simd::simd};

/// Blocks computed side by side, so that the compiler can use vectors.
const LANES: usize = 16;

/// The four words of block `counter` of the stream that `key` names.
pub(crate) fn philox(key: u64, counter: u128) -> [u32; 4] {
    let word = |i: u32| [(counter >> (32 * i)) as u32];
    rounds(key, [word(0), word(1), word(2), word(3)]).map(|[word]| word)
}

/// Ten rounds on the counters of `N` blocks: word `w` of block `lane` is at `[w][lane]`.
#[inline(always)]
fn rounds<const N: usize>(key: u64, mut c: [[u32; N]; 4]) -> [[u32; N]; 4] {
    let mut k = [key as u32, (key >> 32) as u32];
    for _ in 0..10 {
        for lane in 0..N {
            let a = u64::from(c[0][lane]) * 0xD251_1F53;
            let b = u64::from(c[2][lane]) * 0xCD9E_8D57;
            c[0][lane] = (b >> 32) as u32 ^ c[1][lane] ^ k[0];
            c[1][lane] = b as u32;
            c[2][lane] = (a >> 32) as u32 ^ c[3][lane] ^ k[1];
            c[3][lane] = a as u32;
        }
        k = [k[0].wrapping_add(0x9E37_79B9), k[1].wrapping_add(0xBB67_AE85)];
    }
    c
}

/// Fills `out` with `value(word)` of stream `stream`. `value` should own its options (`move`): behind
/// references they are read again for every word.
pub(crate) fn fill<T: Send>(key: u64, stream: u64, out: &mut [T], value: impl Fn(u32) -> T + Copy + Sync) {
    pieces(out, 4 * LANES, &|start, out| {
        simd(
            #[inline(always)]
            move || {
                for (group, out) in out.chunks_mut(4 * LANES).enumerate() {
                    let first = (start / 4 + group * LANES) as u64;
                    let stream = [stream as u32, (stream >> 32) as u32];
                    let mut counters = [[0; LANES], [0; LANES], [stream[0]; LANES], [stream[1]; LANES]];
                    for lane in 0..LANES {
                        let block = first + lane as u64;
                        counters[0][lane] = block as u32;
                        counters[1][lane] = (block >> 32) as u32;
                    }
                    let words = rounds(key, counters);
                    // Word by word, lane by lane: an order that needs no shuffling.
                    for (out, &word) in out.iter_mut().zip(words.as_flattened()) {
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

    #[test]
    fn a_part_is_the_same_alone() {
        let mut all = vec![0; 300_000];
        fill(7, 9, &mut all, |word| word);
        let mut part = vec![0; 1000];
        fill(7, 9, &mut part, |word| word);
        assert_eq!(all[..1000 / 64 * 64], part[..1000 / 64 * 64]);
        assert_eq!(all[0], philox(7, 9 << 64)[0]);
        assert_eq!(all[64 * 100 + 16 + 3], philox(7, (9 << 64) + 1603)[1]);
    }

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
