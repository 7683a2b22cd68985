//! Runs a loop compiled for the best instruction set of this processor.

use std::sync::LazyLock;

/// What this processor runs, of what loops are compiled for.
enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
    Avx512,
}

static LEVEL: LazyLock<Level> = LazyLock::new(|| {
    #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
    if avx512::get() {
        return Level::Avx512;
    }
    #[cfg(target_arch = "x86_64")]
    if avx2::get() {
        return Level::Avx2;
    }
    Level::Baseline
});

#[cfg(target_arch = "x86_64")]
cpufeatures::new!(avx2, "avx2", "fma", "bmi1", "bmi2");
#[cfg(all(target_arch = "x86_64", feature = "avx512"))]
cpufeatures::new!(
    avx512, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi1", "bmi2"
);

/// Compiles `body` once per instruction set and runs the best one. Everything it calls must be
/// `#[inline(always)]`, or it stays compiled for the baseline.
#[inline(always)]
pub(crate) fn simd<R>(body: impl FnOnce() -> R) -> R {
    match *LEVEL {
        Level::Baseline => body(),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the processor has been found to have these instructions.
        Level::Avx2 => unsafe { on_avx2(body) },
        #[cfg(all(target_arch = "x86_64", feature = "avx512"))]
        // SAFETY: as above.
        Level::Avx512 => unsafe { on_avx512(body) },
    }
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
