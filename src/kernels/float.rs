//! The element types.

use super::buffer::Pool;
use std::{
    cell::RefCell,
    fmt::{Debug, Display},
    iter::Sum,
    ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign},
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
    + Copy
    + Debug
    + Display
    + Default
    + PartialOrd
    + Send
    + Sync
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
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
    /// e to this power.
    fn exp(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// This to the power `exponent`.
    fn powf(self, exponent: Self) -> Self;
    /// Whether this is not a number.
    fn is_nan(self) -> bool;
    /// Neither infinite nor NaN.
    fn is_finite(self) -> bool;
}

pub(crate) mod sealed {
    use super::*;
    use crate::kernels::{
        formula::{Binary, Unary},
        map::Operand,
    };

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

        /// `out[i] = U::f(x[i])`.
        fn map<U: Unary>(x: &[Self], out: &mut [Self]);
        /// `x[i] = U::f(x[i])`.
        fn map_mut<U: Unary>(x: &mut [Self]);
        /// `d[i] = U::chain(v[i], d[i])`.
        fn chain<U: Unary>(v: &[Self], d: &mut [Self]);
        /// `out[i] = B::f(a[i], b[i])`.
        fn zip<B: Binary>(out: &mut [Self], a: Operand<'_, Self>, b: Operand<'_, Self>);
        /// `d[i] = B::chain_a/b(a[i], b[i], d[i])`.
        fn chain_pair<B: Binary>(side: usize, a: &[Self], b: &[Self], d: &mut [Self]);
    }
}

macro_rules! float {
    ($F:ident, $digits:literal, $gemm:path, $map:ident, $map_mut:ident, $chain:ident, $zip:ident, $chain_pair:ident) => {
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

            fn map<U: super::formula::Unary>(x: &[Self], out: &mut [Self]) {
                U::$map(x, out)
            }
            fn map_mut<U: super::formula::Unary>(x: &mut [Self]) {
                U::$map_mut(x)
            }
            fn chain<U: super::formula::Unary>(v: &[Self], d: &mut [Self]) {
                U::$chain(v, d)
            }
            fn zip<B: super::formula::Binary>(
                out: &mut [Self],
                a: super::map::Operand<'_, Self>,
                b: super::map::Operand<'_, Self>,
            ) {
                B::$zip(out, a, b)
            }
            fn chain_pair<B: super::formula::Binary>(side: usize, a: &[Self], b: &[Self], d: &mut [Self]) {
                B::$chain_pair(side, a, b, d)
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
            fn exp(self) -> Self {
                $F::exp(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $F::ln(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $F::sqrt(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $F::tanh(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $F::abs(self)
            }
            #[inline(always)]
            fn powf(self, exponent: Self) -> Self {
                $F::powf(self, exponent)
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

float!(f32, 24, matrixmultiply::sgemm, map_f32, map_mut_f32, chain_f32, zip_f32, chain_pair_f32);
float!(f64, 53, matrixmultiply::dgemm, map_f64, map_mut_f64, chain_f64, zip_f64, chain_pair_f64);
