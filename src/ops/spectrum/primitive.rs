//! The adjoint pair behind all Fourier transforms.

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::fourier,
    op::{One, Op, OpError, Saved, Saves},
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// Xₖ = Σⱼ xⱼ·e^(−2πijk/n) for k from 0 to n/2, along the last axis, of size n above 0. The bins take its place, and
/// a new last axis of size 2 has their real and imaginary parts. Bins beyond n/2 would mirror these. Linear; the
/// adjoint of [`HalfSpectrumGrad`].
#[derive(Clone, Debug)]
pub struct HalfSpectrum;

/// xⱼ = Re Σₖ Xₖ·e^(2πijk/n) for j below n, of bins k from 0 to n/2 in an axis of pairs: each bin counts once, without
/// its mirror image. The imaginary parts of bin 0 and of bin n/2 count nowhere, and are not read. Linear; the adjoint
/// of [`HalfSpectrum`].
#[derive(Clone, Debug)]
pub struct HalfSpectrumGrad {
    /// The size of the result's last axis, which the number of bins leaves open.
    pub n: usize,
}

impl Op for HalfSpectrum {
    type In = One;
    type Out = One;
    const NAME: &'static str = "half_spectrum";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        match x.split_last() {
            Some((&n, front)) if n > 0 => Shape::try_new(&[front, &[n / 2 + 1, 2]].concat())
                .map_err(|why| OpError::new(Self::NAME, why)),
            _ => Err(OpError::new(
                Self::NAME,
                format!("there is nothing to transform along the last axis of {x}"),
            )),
        }
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        let n = x.shape()[x.shape().rank() - 1];
        Ok(Tensor::filled(out, |out| fourier::half_spectra(x.slice(), n, out)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        let n = s.x_shape(0)[s.x_shape(0).rank() - 1];
        Some(Value::apply(HalfSpectrumGrad { n }, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(HalfSpectrum, dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let dims = sampled(g);
        Sample::new(HalfSpectrum, [g.values(&Shape::from(&dims[..]), -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize]| {
            Reject::new(
                HalfSpectrum,
                [Shape::from(x)],
                "there is nothing to transform along the last axis of [",
            )
        };
        vec![bad(&[]), bad(&[0]), bad(&[3, 0])]
    }
}

impl Op for HalfSpectrumGrad {
    type In = One;
    type Out = One;
    const NAME: &'static str = "half_spectrum_grad";
    const SAVES: Saves = Saves::NONE;

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        let n = self.n;
        match &x[..] {
            [front @ .., bins, 2] if n > 0 && *bins == n / 2 + 1 => {
                Shape::try_new(&[front, &[n]].concat()).map_err(|why| OpError::new(Self::NAME, why))
            }
            _ if n == 0 => Err(OpError::new(Self::NAME, format!("there is nothing to make of {x}"))),
            _ => {
                let why = format!("{n} numbers have {} bins of 2, not {x}", n / 2 + 1);
                Err(OpError::new(Self::NAME, why))
            }
        }
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, out: Shape) -> Result<Tensor<F>, OpError> {
        Ok(Tensor::filled(out, |out| fourier::half_spectra_transposed(x.slice(), self.n, out)))
    }

    fn vjp<I: Interp>(&self, _: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(Value::apply(HalfSpectrum, dy.into()))
    }

    fn jvp<I: Interp>(&self, _: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        dx.map(|dx| Value::apply(self.clone(), dx.into()))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let mut dims = sampled(g);
        let n = dims.pop().expect("a last axis");
        dims.extend([n / 2 + 1, 2]);
        Sample::new(HalfSpectrumGrad { n }, [g.values(&Shape::from(&dims[..]), -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |n, x: &[usize], says| Reject::new(HalfSpectrumGrad { n }, [Shape::from(x)], says);
        vec![
            bad(0, &[1, 2], "there is nothing to make of [1, 2]"),
            bad(5, &[2, 4, 2], "5 numbers have 3 bins of 2, not [2, 4, 2]"),
            bad(4, &[3, 3], "4 numbers have 3 bins of 2, not [3, 3]"),
            bad(2, &[2], "2 numbers have 2 bins of 2, not [2]"),
        ]
    }
}

/// A shape whose last axis is to be transformed.
#[inline]
fn sampled(g: &mut Gen) -> Vec<usize> {
    let mut dims = g.shape_of_rank(0, 2).to_vec();
    dims.push(g.int(1, 9));
    dims
}
