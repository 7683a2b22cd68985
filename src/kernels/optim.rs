//! One fused pass over a parameter, its gradient, and what an optimizer keeps for it.
#![forbid(unsafe_code)]

use super::{Float, parallel::on_pool, simd::simd};

/// Elements that are worth a second thread.
const PIECE: usize = 1 << 17;
/// As [`PIECE`], where a second thread is at hand.
const PIECE_ON_POOL: usize = 1 << 15;

/// Elements that are computed together. They are copied aside, so that the compiler need not know
/// that the slices do not overlap; into values that never leave the registers, since vectors on the
/// stack may straddle its cache lines.
const BLOCK: usize = 16;

/// `p[i] = f(p[i], g[i], state[..][i])`, where `f` may change the state. It should own its options
/// (`move`): behind references they are read again for every block.
pub(crate) fn follow<F: Float, const S: usize>(
    p: &mut [F],
    g: &[F],
    mut state: [&mut [F]; S],
    f: impl Fn(F, F, &mut [F; S]) -> F + Copy + Sync,
) {
    assert!(p.len() == g.len() && state.iter().all(|s| s.len() == p.len()), "sizes");
    if p.len() < 2 * PIECE_ON_POOL || p.len() < 2 * PIECE && !on_pool() {
        return simd(
            #[inline(always)]
            move || blocks(p, g, state, f),
        );
    }
    let half = (p.len() / 2).next_multiple_of(BLOCK);
    let (p_left, p_right) = p.split_at_mut(half);
    let (g_left, g_right) = g.split_at(half);
    let mut right: [&mut [F]; S] = std::array::from_fn(|_| Default::default());
    for (all, right) in state.iter_mut().zip(&mut right) {
        (*all, *right) = std::mem::take(all).split_at_mut(half);
    }
    rayon_core::join(|| follow(p_left, g_left, state, f), || follow(p_right, g_right, right, f));
}

#[inline(always)]
fn blocks<F: Float, const S: usize>(
    p: &mut [F],
    g: &[F],
    state: [&mut [F]; S],
    f: impl Fn(F, F, &mut [F; S]) -> F,
) {
    let whole = g.len() / BLOCK * BLOCK;
    for start in (0..whole).step_by(BLOCK) {
        let (mut ps, gs, mut held) = (*block(p, start), *block(g, start), [[F::ZERO; BLOCK]; S]);
        for k in 0..S {
            held[k] = *block(state[k], start);
        }
        for i in 0..BLOCK {
            let mut each = [F::ZERO; S]; // `array::from_fn` is not always inlined
            for k in 0..S {
                each[k] = held[k][i];
            }
            ps[i] = f(ps[i], gs[i], &mut each);
            for k in 0..S {
                held[k][i] = each[k];
            }
        }
        *block_mut(p, start) = ps;
        for k in 0..S {
            *block_mut(state[k], start) = held[k];
        }
    }
    for i in whole..g.len() {
        let mut each = [F::ZERO; S];
        for k in 0..S {
            each[k] = state[k][i];
        }
        p[i] = f(p[i], g[i], &mut each);
        for k in 0..S {
            state[k][i] = each[k];
        }
    }
}

#[inline(always)]
fn block<F>(x: &[F], start: usize) -> &[F; BLOCK] {
    x[start..].first_chunk().expect("a whole block")
}

#[inline(always)]
fn block_mut<F>(x: &mut [F], start: usize) -> &mut [F; BLOCK] {
    x[start..].first_chunk_mut().expect("a whole block")
}

/// 0 for what is too small to matter in a running moment: left alone, moments of rarely active
/// weights decay into denormal numbers, which make every later step several times slower.
#[inline(always)]
pub(crate) fn flush<F: Float>(v: F) -> F {
    let tiny = if F::DIGITS == 24 { 1e-25 } else { 1e-250 };
    if v.abs() < F::of(tiny) { F::ZERO } else { v }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_followed_once_at_any_length() {
        for n in [0, 1, 15, 16, 17, 100, 2 * PIECE, 2 * PIECE + 37, 5 * PIECE + 1] {
            let g: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let (mut p, mut s, mut t) = (vec![1.0; n], vec![2.0; n], g.clone());
            follow(&mut p, &g, [&mut s, &mut t], |p, g, [s, t]: &mut [f64; 2]| {
                *s += g;
                *t = -*t;
                p + g
            });
            let expected = |i: usize| (1.0 + i as f64, 2.0 + i as f64, -(i as f64));
            assert!((0..n).all(|i| (p[i], s[i], t[i]) == expected(i)), "{n}");
        }
    }
}
