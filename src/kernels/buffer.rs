//! Memory of tensors: shared, reused, never uninitialised.
#![forbid(unsafe_code)]

use super::Float;
use std::sync::Arc;

/// Buffers from this size on are kept where every thread finds them again, since what one thread
/// makes ahead another uses; smaller ones by each thread, without a lock.
const SHARED: usize = 32 << 10;
/// Bytes that a thread keeps per element type.
const LOCAL_BYTES: usize = 8 << 20;
/// Bytes that all threads together keep per element type.
const SHARED_BYTES: usize = 256 << 20;

/// A shared run of elements. The last owner hands it back to its thread's pool.
#[derive(Debug)]
pub(crate) struct Buffer<F: Float> {
    /// `None` only while being dropped.
    data: Option<Arc<Vec<F>>>,
    len: usize,
}

/// Free buffers by size class. Each holds exactly the capacity of its class, initialised.
#[derive(Debug)]
pub struct Pool<F> {
    free: Vec<Vec<Arc<Vec<F>>>>,
    bytes: usize,
}

impl<F> Pool<F> {
    pub(crate) const fn new() -> Self {
        Pool { free: Vec::new(), bytes: 0 }
    }

    #[inline]
    fn take(&mut self, class: usize, capacity: usize) -> Option<Arc<Vec<F>>> {
        let found = self.free.get_mut(class)?.pop()?;
        self.bytes -= capacity * size_of::<F>();
        Some(found)
    }

    #[inline]
    fn put(&mut self, class: usize, data: Arc<Vec<F>>, most: usize) {
        let bytes = data.len() * size_of::<F>();
        if self.bytes + bytes <= most {
            self.bytes += bytes;
            if self.free.len() <= class {
                self.free.resize_with(class + 1, Vec::new);
            }
            self.free[class].push(data);
        }
    }
}

/// Runs `body` on the pool for buffers of `capacity` elements, with its cap in bytes; `None`
/// while the thread is being torn down.
#[inline]
fn with_pool<F: Float, R>(capacity: usize, body: impl FnOnce(&mut Pool<F>, usize) -> R) -> Option<R> {
    if capacity * size_of::<F>() < SHARED {
        F::local_pool(|pool| body(&mut pool.borrow_mut(), LOCAL_BYTES))
    } else {
        // Poisoned only if `Vec::push` panicked; then buffers are simply not kept.
        Some(body(&mut *F::shared_pool().lock().ok()?, SHARED_BYTES))
    }
}

/// Fresh memory, all zero. More than there is makes a panic, where the allocator would end the process.
fn fresh<F: Float>(len: usize) -> Vec<F> {
    const HUGE: usize = 1 << 30;
    if len > HUGE && Vec::<F>::new().try_reserve_exact(len).is_err() {
        panic!("gradtape: tensor: no memory for {len} elements");
    }
    vec![F::ZERO; len]
}

/// The size class of `n` elements and its capacity: four classes a doubling, so that at most a
/// fifth of a buffer is unused.
fn class(n: usize) -> (usize, usize) {
    if n <= 16 {
        return (0, 16);
    }
    let log = (n - 1).ilog2() as usize;
    let step = 1 << (log - 2);
    let quarter = (n - 1 - (1 << log)) / step;
    (1 + (log - 4) * 4 + quarter, (1 << log) + (quarter + 1) * step)
}

impl<F: Float> Buffer<F> {
    /// `len` elements of unspecified value: fresh ones are zero, reused ones what they were.
    #[inline]
    pub(crate) fn stale(len: usize) -> Self {
        let (class, capacity) = class(len);
        let reused = with_pool(capacity, |pool, _| pool.take(class, capacity));
        let data = reused.flatten().unwrap_or_else(|| Arc::new(fresh(capacity)));
        Buffer { data: Some(data), len }
    }

    pub(crate) fn from_vec(data: Vec<F>) -> Self {
        Buffer { len: data.len(), data: Some(Arc::new(data)) }
    }

    #[inline]
    pub(crate) fn slice(&self) -> &[F] {
        match &self.data {
            Some(data) => &data[..self.len],
            None => &[],
        }
    }

    /// Whether somebody else holds the elements, too. There are no weak references.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        self.data.as_ref().is_some_and(|data| Arc::strong_count(data) > 1)
    }

    /// The elements, if nobody else holds them.
    #[inline]
    pub(crate) fn unshared(&mut self) -> Option<&mut [F]> {
        Some(&mut Arc::get_mut(self.data.as_mut()?)?[..self.len])
    }

    /// The elements for writing, copied first when somebody else holds them.
    pub(crate) fn make_mut(&mut self) -> &mut [F] {
        if self.is_shared() {
            let mut copy = Self::stale(self.len);
            copy.unshared().expect("fresh").copy_from_slice(self.slice());
            *self = copy;
        }
        self.unshared().expect("just made so")
    }

    /// The elements as a vector: without a copy when unshared.
    pub(crate) fn into_vec(mut self) -> Vec<F> {
        match self.data.take().map(Arc::try_unwrap) {
            Some(Ok(mut data)) => {
                data.truncate(self.len);
                data
            }
            Some(Err(shared)) => shared[..self.len].to_vec(),
            None => Vec::new(),
        }
    }
}

impl<F: Float> Clone for Buffer<F> {
    #[inline]
    fn clone(&self) -> Self {
        Buffer { data: self.data.clone(), len: self.len }
    }
}

impl<F: Float> Drop for Buffer<F> {
    #[inline]
    fn drop(&mut self) {
        let Some(data) = self.data.take() else { return };
        // Whoever takes it from the pool asks again, with `Arc::get_mut`.
        if Arc::strong_count(&data) > 1 {
            return;
        }
        let (class, capacity) = class(data.len());
        if data.len() != capacity {
            return; // came from outside
        }
        with_pool(capacity, |pool, most| pool.put(class, data, most));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_grow_and_hold_what_they_promise() {
        let mut last = (0, 16);
        for n in 1..100_000 {
            let (index, capacity) = class(n);
            assert!(capacity >= n && (n <= 16 || capacity * 4 <= n * 5 + 16), "{n}: {capacity}");
            assert!((index, capacity) == last || (index == last.0 + 1 && capacity > last.1), "{n}");
            assert_eq!(class(capacity), (index, capacity), "{n}");
            last = (index, capacity);
        }
    }

    #[test]
    fn a_dropped_buffer_is_reused_and_a_shared_one_is_not() {
        let first = Buffer::<f64>::stale(1000);
        let address = first.slice().as_ptr();
        let second = first.clone();
        drop(first);
        assert_ne!(Buffer::<f64>::stale(1000).slice().as_ptr(), address);
        drop(second);
        assert_eq!(Buffer::<f64>::stale(990).slice().as_ptr(), address);
    }

    #[test]
    fn writing_to_a_shared_buffer_leaves_the_other_alone() {
        let mut a = Buffer::from_vec(vec![1.0f32, 2.0]);
        let b = a.clone();
        a.make_mut()[0] = 5.0;
        assert_eq!((a.slice(), b.slice()), (&[5.0, 2.0][..], &[1.0, 2.0][..]));
    }

    #[test]
    fn the_pool_is_capped() {
        for (elements, count, most) in [(1 << 10, 3000, LOCAL_BYTES), (SHARED_BYTES / 8, 3, SHARED_BYTES)] {
            drop((0..count).map(|_| Buffer::<f32>::stale(elements)).collect::<Vec<_>>());
            let bytes = with_pool::<f32, _>(elements, |pool, _| pool.bytes).expect("thread is alive");
            assert!(bytes <= most && bytes > most / 2, "{bytes} of {most}");
        }
    }
}
