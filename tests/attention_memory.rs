//! The memory of attention grows with the length of the sequences, not with its square. Its own binary: the
//! allocator counts for the whole process.

use gradtape::nn::{AttentionMasks, MultiheadAttention, Params};
use gradtape::{Tape, Tensor, ops::AttentionOptions, random::Rng};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes allocated and not yet freed. Read in this order, they are never more than there were.
fn live() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// Forward and backward of one head.
fn attend(time: usize) {
    let draw = Rng::new(1);
    let [q, k, v]: [Tensor<f32>; 3] = std::array::from_fn(|_| draw.normal([1, time, 8], 0.0, 1.0));
    let tape = Tape::new();
    let vars = [&q, &k, &v].map(|x| tape.var(x.clone()));
    let options = AttentionOptions { is_causal: true, ..Default::default() };
    let y = vars[0].scaled_dot_product_attention(&vars[1], &vars[2], options);
    let gradients = (&y * &y).sum().backward();
    assert!(vars.iter().all(|v| gradients.wrt(v).slice().iter().all(|g| g.is_finite())));
}

/// Forward and backward of a layer that knows of paddings and of order.
fn attend_in_a_layer(time: usize) {
    let mut params = Params::<f32>::seeded(1);
    let layer = MultiheadAttention::new(&mut params, 8, 2);
    let (tape, rng) = (Tape::new(), Rng::new(1));
    let cx = params.train(&tape, &rng);
    let x = tape.var(Rng::new(2).normal([1, time, 8], 0.0, 1.0));
    let padding = Tensor::from_fn([1, time], |i| if i + 10 > time { 1.0 } else { 0.0 });
    let masks = AttentionMasks { key_padding_mask: Some(&padding), ..AttentionMasks::causal() };
    let loss = layer.attend(&cx, [&x; 3], masks).square().sum();
    drop(x);
    assert!(cx.backward(loss).norm(2.0).is_finite());
}

/// The most bytes that were seen to live at once meanwhile, by looking again and again.
fn peak(time: usize) -> isize {
    let before = live();
    let work = std::thread::spawn(move || {
        attend(time);
        attend_in_a_layer(time);
    });
    let mut peak = 0;
    while !work.is_finished() {
        peak = peak.max(live() - before);
    }
    work.join().expect("attends");
    peak
}

#[test]
fn memory_of_attention_is_linear_in_time() {
    let [short, long] = [1_000, 4_000].map(peak);
    assert!(short > 200_000, "{short} bytes: not even the operands were seen");
    // Sixteen times as many scores, which alone would take 64 000 000 bytes.
    assert!(long < 6 * short, "{short} bytes, then {long}");
    assert!(long < 8_000_000, "{long} bytes");
}
