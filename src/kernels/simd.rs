//! Runs a loop compiled for the best instruction set of this processor.
#![forbid(unsafe_code)]

use std::sync::LazyLock;

/// Compiles `body` once per instruction set and runs the best one. Everything it calls must be
/// `#[inline(always)]`, or it stays compiled for the baseline.
#[inline(always)]
pub(crate) fn simd<R>(body: impl FnOnce() -> R) -> R {
    struct Body<G>(G);
    impl<R, G: FnOnce() -> R> pulp::NullaryFnOnce for Body<G> {
        type Output = R;
        #[inline(always)]
        fn call(self) -> R {
            (self.0)()
        }
    }
    static ARCH: LazyLock<pulp::Arch> = LazyLock::new(pulp::Arch::new);
    ARCH.dispatch(Body(body))
}
