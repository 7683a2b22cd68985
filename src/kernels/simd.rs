//! Runs a loop compiled for the best instruction set of this processor.

/// Compiles `body` once per instruction set and runs the best one. Everything it calls must be
/// `#[inline(always)]`, or it stays compiled for the baseline.
#[inline(always)]
pub(crate) fn simd<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
    if has_avx512() {
        // SAFETY: the processor has just been found to have these instructions.
        return unsafe { on_avx512(body) };
    }
    #[cfg(target_arch = "x86_64")]
    if has_avx2() {
        // SAFETY: the processor has just been found to have these instructions.
        return unsafe { on_avx2(body) };
    }
    body()
}

#[cfg(target_arch = "x86_64")]
cpufeatures::new!(avx2, "avx2", "fma", "bmi1", "bmi2");
#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
cpufeatures::new!(
    avx512, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi1", "bmi2"
);

// Apart, so that the question itself is not compiled into every loop.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn has_avx2() -> bool {
    avx2::get()
}

#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
#[inline(never)]
fn has_avx512() -> bool {
    avx512::get()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2")]
fn on_avx2<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2")]
fn on_avx512<R>(body: impl FnOnce() -> R) -> R {
    body()
}
