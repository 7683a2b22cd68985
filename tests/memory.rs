//! Ten thousand training steps need no more memory than the first hundred (burn#2333, burn#3976:
//! tapes that grew). Its own binary: the allocator counts for the whole process.

use gradtape::random::Rng;
use gradtape::transform::{Checkpoint, Function, value_and_grad};
use gradtape::{Interp, Tape, Tensor, Value};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{
    alloc::System,
    sync::{
        Mutex,
        atomic::{AtomicIsize, Ordering},
    },
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes allocated and not yet freed.
fn live() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

/// One test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// One step of a 2-16-16-1 network on the squared error; the loss.
fn step(tape: &mut Tape<f32>, weights: &mut [Tensor<f32>], x: &Tensor<f32>, t: &Tensor<f32>) -> f32 {
    let (loss, gradients) = {
        let w: Vec<_> = weights.iter().map(|w| tape.var(w.clone())).collect();
        let hidden = tape.constant(x.clone()).linear(&w[0], &w[1]).tanh();
        let hidden = hidden.linear(&w[2], &w[3]).tanh();
        let error = hidden.linear(&w[4], &w[5]) - tape.constant(t.clone());
        let loss = (&error * &error).mean();
        let gradients = loss.backward();
        let gradients: Vec<_> = w.iter().map(|w| gradients.wrt(w).clone()).collect();
        (loss.item(), gradients)
    };
    tape.reset();
    for (w, g) in weights.iter_mut().zip(&gradients) {
        let address = w.slice().as_ptr();
        for (w, g) in w.slice_mut().iter_mut().zip(g.slice()) {
            *w -= 0.1 * g;
        }
        assert_eq!(w.slice().as_ptr(), address, "the step is not in place");
    }
    loss
}

#[test]
fn burn_2333_3976_memory_stays_flat_over_training_steps() {
    let _alone = ALONE.lock();
    let draw = Rng::new(1);
    let shapes: [&[usize]; 6] = [&[16, 2], &[16], &[16, 16], &[16], &[1, 16], &[1]];
    let mut weights = shapes.map(|shape| draw.uniform::<f32>(shape, -0.5, 0.5));
    let x = draw.uniform::<f32>([8, 2], -1.0, 1.0);
    let t = Tensor::from_fn([8, 1], |i| x.slice()[2 * i] * x.slice()[2 * i + 1]);
    let mut tape = Tape::new();

    let first = step(&mut tape, &mut weights, &x, &t);
    for _ in 1..1_000 {
        step(&mut tape, &mut weights, &x, &t);
    }
    let before = live();
    let region = Region::new(ALLOCATOR);
    let mut last = 0.0;
    for _ in 1_000..10_000 {
        last = step(&mut tape, &mut weights, &x, &t);
    }
    let per_step = region.change().allocations / 9_000;
    assert_eq!(live(), before, "bytes that nine thousand steps have left behind");
    assert!(last < 0.1 * first, "it did not learn: {first} to {last}");
    assert!(per_step < 200, "{per_step} allocations a step: buffers are not reused");

    // A cleared tape records again into the memory it has.
    let constant = Tensor::scalar(1.0);
    let record = |tape: &mut Tape<f32>| {
        for _ in 0..1_000 {
            let _ = tape.var(constant.clone());
        }
        tape.reset();
    };
    record(&mut tape);
    let region = Region::new(ALLOCATOR);
    record(&mut tape);
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0), "reset gave the memory away");
}

/// The most bytes alive after any layer.
static PEAK: AtomicIsize = AtomicIsize::new(0);

/// So many layers x ↦ sin(w·x), one after the other.
#[derive(Clone)]
struct Layers(usize);

impl Function for Layers {
    fn call<I: Interp>(&self, x: &[Value<I>]) -> Vec<Value<I>> {
        let (mut y, w) = (x[0].clone(), &x[1]);
        for _ in 0..self.0 {
            y = (y * w).sin();
            PEAK.fetch_max(live(), Ordering::Relaxed);
        }
        vec![y]
    }
}

#[test]
fn checkpoints_bring_the_memory_of_n_layers_down_to_the_root_of_n() {
    let _alone = ALONE.lock();
    const BYTES: usize = 64 << 10;
    let x: Tensor<f64> = Rng::new(1).uniform([BYTES / 8], -1.0, 1.0);
    let w = Tensor::scalar(1.1);
    let before = live();
    // The peak so far, counted in values of one layer, and the gradients.
    let run = |layers: usize, parts: usize, checkpointed: bool| {
        let part = Layers(layers / parts);
        let again = Checkpoint::new(part.clone());
        let (_, found) = value_and_grad(
            |[x, w]| {
                let mut y = x.clone();
                for _ in 0..parts {
                    let operands = [y, w.clone()];
                    y = if checkpointed { again.call(&operands) } else { part.call(&operands) }.remove(0);
                }
                y.sum()
            },
            [&x, &w],
        );
        ((PEAK.load(Ordering::Relaxed) - before) as f64 / BYTES as f64, found)
    };
    let (few, _) = run(64, 8, true);
    let (many, found) = run(256, 16, true);
    let (all, want) = run(256, 16, false);
    // Rules keep two values a layer, a checkpoint one in all: √n + 2√n against 2n.
    assert!((20.0..26.0).contains(&few), "{few} for 64 layers");
    assert!((40.0..52.0).contains(&many), "{many} for 256 layers");
    assert!((500.0..530.0).contains(&all), "{all} for 256 layers, stored");
    for (found, want) in found.iter().zip(&want) {
        let distance = (found - want).abs().max().item();
        assert!(distance <= 1e-12 * want.abs().max().item(), "{distance}");
    }
}
