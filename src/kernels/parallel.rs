//! Splits work over threads at fixed boundaries, so that results never depend on their number.
#![forbid(unsafe_code)]

/// Elements below which waking a second thread costs more than it brings (its wake-up takes
/// 15–40 µs), and the size of the pieces above it.
pub(crate) const GRAIN: usize = 1 << 15;

/// Whether this is a thread of the pool, which shares work with one that is awake in a few
/// microseconds. From elsewhere the work first moves into the pool.
pub(crate) fn on_pool() -> bool {
    rayon_core::current_thread_index().is_some()
}

/// Work on a piece of an output, given where the piece starts. Not generic, so that splitting is
/// compiled once, not once per loop.
pub(crate) type Work<'w, T> = &'w (dyn Fn(usize, &mut [T]) + Sync);

/// Runs `work(start, piece)` over pieces of `out`, `unit` elements never being torn apart.
pub(crate) fn pieces<T: Send>(out: &mut [T], unit: usize, work: Work<'_, T>) {
    pieces_of(out, unit, GRAIN, work);
}

/// As [`pieces`], for work whose cost per element is `GRAIN / grain` times that of a simple loop.
pub(crate) fn pieces_of<T: Send>(out: &mut [T], unit: usize, grain: usize, work: Work<'_, T>) {
    let unit = unit.max(1);
    let piece = grain.div_ceil(unit) * unit;
    if out.len() >= 2 * piece {
        split(0, out, unit, piece, work);
    } else if !out.is_empty() {
        work(0, out);
    }
}

fn split<T: Send>(start: usize, out: &mut [T], unit: usize, piece: usize, work: Work<'_, T>) {
    if out.len() <= piece {
        return work(start, out);
    }
    let half = (out.len().div_ceil(unit) / 2).max(1) * unit;
    let (left, right) = out.split_at_mut(half);
    rayon_core::join(
        || split(start, left, unit, piece, work),
        || split(start + half, right, unit, piece, work),
    );
}
