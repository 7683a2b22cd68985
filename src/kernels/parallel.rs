//! Splits work over threads at fixed boundaries, so that results never depend on their number.
#![forbid(unsafe_code)]

/// Elements below which waking a second thread costs more than it brings (its wake-up takes
/// 15–40 µs), and the size of the pieces above it.
pub(crate) const GRAIN: usize = 1 << 15;

/// Runs `body(start, piece)` over pieces of `out`, `unit` elements never being torn apart.
pub(crate) fn pieces<T: Send>(out: &mut [T], unit: usize, body: impl Fn(usize, &mut [T]) + Sync) {
    pieces_of(out, unit, GRAIN, body);
}

/// As [`pieces`], for work whose cost per element is `GRAIN / grain` times that of a simple loop.
pub(crate) fn pieces_of<T: Send>(
    out: &mut [T],
    unit: usize,
    grain: usize,
    body: impl Fn(usize, &mut [T]) + Sync,
) {
    fn split<T: Send>(
        start: usize,
        out: &mut [T],
        unit: usize,
        piece: usize,
        body: &(impl Fn(usize, &mut [T]) + Sync),
    ) {
        if out.len() <= piece {
            return body(start, out);
        }
        let half = (out.len().div_ceil(unit) / 2).max(1) * unit;
        let (left, right) = out.split_at_mut(half);
        rayon::join(
            || split(start, left, unit, piece, body),
            || split(start + half, right, unit, piece, body),
        );
    }
    let unit = unit.max(1);
    let piece = grain.div_ceil(unit) * unit;
    if out.len() < 2 * piece {
        if !out.is_empty() {
            body(0, out);
        }
        return;
    }
    split(0, out, unit, piece, &body);
}
