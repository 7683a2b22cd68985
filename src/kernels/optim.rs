//! One fused pass over a parameter, its gradient, and what an optimizer keeps for it.
#![forbid(unsafe_code)]

use super::{Float, simd::simd};

/// Elements below which a second thread is not woken: an optimizer's pass over them takes less time.
const PIECE: usize = 1 << 17;

/// Elements that are computed together. They are copied aside, so that the compiler need not know
/// that the slices do not overlap.
const BLOCK: usize = 16;

/// `p[i] = f(p[i], g[i], state[..][i])`, where `f` may change the state.
pub(crate) fn follow<F: Float, const S: usize>(
    p: &mut [F],
    g: &[F],
    mut state: [&mut [F]; S],
    f: &(impl Fn(F, F, &mut [F; S]) -> F + Sync),
) {
    assert!(p.len() == g.len() && state.iter().all(|s| s.len() == p.len()), "sizes");
    if p.len() < 2 * PIECE {
        return simd(
            #[inline(always)]
            || blocks(p, g, state, f),
        );
    }
    let half = (p.len() / 2).next_multiple_of(BLOCK);
    let (p_left, p_right) = p.split_at_mut(half);
    let (g_left, g_right) = g.split_at(half);
    let mut right: [&mut [F]; S] = std::array::from_fn(|_| Default::default());
    for (all, right) in state.iter_mut().zip(&mut right) {
        (*all, *right) = std::mem::take(all).split_at_mut(half);
    }
    rayon::join(|| follow(p_left, g_left, state, f), || follow(p_right, g_right, right, f));
}

#[inline(always)]
fn blocks<F: Float, const S: usize>(
    p: &mut [F],
    g: &[F],
    mut state: [&mut [F]; S],
    f: &impl Fn(F, F, &mut [F; S]) -> F,
) {
    let whole = g.len() / BLOCK * BLOCK;
    for start in (0..whole).step_by(BLOCK) {
        block(start, BLOCK, p, g, &mut state, f);
    }
    if whole < g.len() {
        block(whole, g.len() - whole, p, g, &mut state, f);
    }
}

#[inline(always)]
fn block<F: Float, const S: usize>(
    start: usize,
    length: usize,
    p: &mut [F],
    g: &[F],
    state: &mut [&mut [F]; S],
    f: &impl Fn(F, F, &mut [F; S]) -> F,
) {
    let range = start..start + length;
    let (mut ps, mut gs, mut held) = ([F::ZERO; BLOCK], [F::ZERO; BLOCK], [[F::ZERO; BLOCK]; S]);
    ps[..length].copy_from_slice(&p[range.clone()]);
    gs[..length].copy_from_slice(&g[range.clone()]);
    for k in 0..S {
        held[k][..length].copy_from_slice(&state[k][range.clone()]);
    }
    for i in 0..BLOCK {
        let mut each = std::array::from_fn(
            #[inline(always)]
            |k| held[k][i],
        );
        ps[i] = f(ps[i], gs[i], &mut each);
        for k in 0..S {
            held[k][i] = each[k];
        }
    }
    p[range.clone()].copy_from_slice(&ps[..length]);
    for k in 0..S {
        state[k][range.clone()].copy_from_slice(&held[k][..length]);
    }
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
            follow(&mut p, &g, [&mut s, &mut t], &|p, g, [s, t]: &mut [f64; 2]| {
                *s += g;
                *t = -*t;
                p + g
            });
            let expected = |i: usize| (1.0 + i as f64, 2.0 + i as f64, -(i as f64));
            assert!((0..n).all(|i| (p[i], s[i], t[i]) == expected(i)), "{n}");
        }
    }
}
