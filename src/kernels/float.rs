//! The element types.

use super::{
    buffer::Pool,
    formula::{Binary, Real, Unary},
};
use std::{
    cell::RefCell,
    fmt::{Debug, Display},
    iter::Sum,
    ops::{AddAssign, MulAssign, SubAssign},
    sync::Mutex,
};

/// An element of a tensor: `f32` or `f64`, and nothing else.
///
/// ```
/// use gradtape::Float;
/// fn norm<F: Float>(x: &[F]) -> F {
///     x.iter().map(|&v| v * v).sum::<F>().sqrt()
/// }
/// assert_eq!(norm(&[3.0f32, 4.0]), 5.0);
/// ```
pub trait Float:
    sealed::Kernels
    + Real
    + Copy
    + Debug
    + Display
    + Default
    + PartialOrd
    + Send
    + Sync
    + Sum
    + AddAssign
    + SubAssign
    + MulAssign
    + 'static
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Not a number.
    const NAN: Self;
    /// Positive infinity.
    const INFINITY: Self;
    /// Bits of the significand: integers up to 2 to this power are exact.
    const DIGITS: u32;

    /// The nearest value to `value`.
    fn of(value: f64) -> Self;
    /// The same value in double precision.
    fn to_f64(self) -> f64;
    /// Whether this is not a number.
    fn is_nan(self) -> bool;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

pub(crate) mod sealed {
    use super::*;
    use crate::kernels::formula::{Binary, Unary};

    /// What differs between the element types inside the crate.
    pub trait Kernels: Sized {
        /// Runs `body` on this thread's pool; `None` while the thread is being torn down.
        fn local_pool<R>(body: impl FnOnce(&RefCell<Pool<Self>>) -> R) -> Option<R>;

        /// The pool of all threads.
        fn shared_pool() -> &'static Mutex<Pool<Self>>;

        /// `c = a · b + beta · c` for matrices given by pointer, row and column stride.
        ///
        /// # Safety
        /// Every element that the sizes and strides reach must lie in its allocation, and `c`
        /// must not overlap `a` or `b`.
        unsafe fn gemm(
            size: [usize; 3],
            a: (*const Self, isize, isize),
            b: (*const Self, isize, isize),
            beta: Self,
            c: (*mut Self, isize, isize),
        );

        /// The plan of the Fourier transforms of `n` numbers, `n` above 0.
        #[cfg(feature = "fft")]
        fn fourier_plan(n: usize) -> crate::kernels::fourier::Plan<Self>;

        /// `out[i] = f(x[i])`.
        fn map<U: Unary>(function: &U, x: &[Self], out: &mut [Self]);
        /// `d[i] = chain(v[i], d[i])`.
        fn chain<U: Unary>(function: &U, v: &[Self], d: &mut [Self]);
        /// `out[i] = f(a[i], b[i])`.
        fn zip<B: Binary>(function: &B, a: &[Self], b: &[Self], out: &mut [Self]);
        /// `d[i] = chain(side, a[i], b[i], d[i])`.
        fn chain_pair<B: Binary>(function: &B, side: usize, a: &[Self], b: &[Self], d: &mut [Self]);
    }
}

macro_rules! float {
    ($F:ident, $digits:literal, $gemm:path, $map:ident, $chain:ident, $zip:ident, $chain_pair:ident) => {
        impl sealed::Kernels for $F {
            #[inline]
            fn local_pool<R>(body: impl FnOnce(&RefCell<Pool<Self>>) -> R) -> Option<R> {
                thread_local! { static POOL: RefCell<Pool<$F>> = const { RefCell::new(Pool::new()) } }
                POOL.try_with(body).ok()
            }

            fn shared_pool() -> &'static Mutex<Pool<Self>> {
                static POOL: Mutex<Pool<$F>> = Mutex::new(Pool::new());
                &POOL
            }

            unsafe fn gemm(
                [m, k, n]: [usize; 3],
                (a, a_row, a_col): (*const Self, isize, isize),
                (b, b_row, b_col): (*const Self, isize, isize),
                beta: Self,
                (c, c_row, c_col): (*mut Self, isize, isize),
            ) {
                // SAFETY: the caller's promise is the callee's demand, word for word.
                unsafe { $gemm(m, k, n, 1.0, a, a_row, a_col, b, b_row, b_col, beta, c, c_row, c_col) }
            }

            #[cfg(feature = "fft")]
            fn fourier_plan(n: usize) -> super::fourier::Plan<Self> {
                static PLANS: super::fourier::Plans<$F> = super::fourier::Plans::new();
                PLANS.of(n)
            }

            #[inline(always)]
            fn map<U: Unary>(function: &U, x: &[Self], out: &mut [Self]) {
                function.$map(x, out)
            }
            #[inline(always)]
            fn chain<U: Unary>(function: &U, v: &[Self], d: &mut [Self]) {
                function.$chain(v, d)
            }
            #[inline(always)]
            fn zip<B: Binary>(function: &B, a: &[Self], b: &[Self], out: &mut [Self]) {
                function.$zip(a, b, out)
            }
            #[inline(always)]
            fn chain_pair<B: Binary>(function: &B, side: usize, a: &[Self], b: &[Self], d: &mut [Self]) {
                function.$chain_pair(side, a, b, d)
            }
        }

        impl Float for $F {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const NAN: Self = $F::NAN;
            const INFINITY: Self = $F::INFINITY;
            const DIGITS: u32 = $digits;

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $F
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                $F::is_nan(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                $F::is_finite(self)
            }
        }
    };
}

float!(f32, 24, matrixmultiply::sgemm, map_f32, chain_f32, zip_f32, chain_pair_f32);
float!(f64, 53, matrixmultiply::dgemm, map_f64, chain_f64, zip_f64, chain_pair_f64);
