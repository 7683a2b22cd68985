//! The windows of pooling: which elements of an axis each place sees.

use crate::{
    kernels::pool::Span,
    ops::{PerAxis, Sparse, spatial::each_below},
};
use smallvec::SmallVec;

/// How the windows of a pooling lie along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Window {
    Sliding {
        kernel: usize,
        stride: usize,
        padding: usize,
        dilation: usize,
        /// Whether a window may reach beyond the end, if it starts before it.
        ceil_mode: bool,
    },
    /// So many windows, window o from ⌊o · size / n⌋ to ⌈(o + 1) · size / n⌉: they cover the axis evenly.
    Adaptive(usize),
}

pub(super) type Windows = SmallVec<[Window; 3]>;

/// Sliding windows over so many axes. Without a stride they lie side by side.
pub(super) fn sliding(
    axes: usize,
    kernel: &PerAxis,
    stride: Option<&PerAxis>,
    padding: &PerAxis,
    dilation: &PerAxis,
    ceil_mode: bool,
) -> Result<Windows, String> {
    let kernel_size = kernel.named("kernel", axes)?;
    let stride = stride.unwrap_or(kernel).named("stride", axes)?;
    let (padding, dilation) = (padding.named("padding", axes)?, dilation.named("dilation", axes)?);
    let window = |axis: usize| {
        let (kernel, stride, padding) = (kernel_size[axis], stride[axis], padding[axis]);
        Window::Sliding { kernel, stride, padding, dilation: dilation[axis], ceil_mode }
    };
    Ok((0..axes).map(window).collect())
}

pub(super) fn adaptive(axes: usize, places: &PerAxis) -> Result<Windows, String> {
    Ok(places.named("output size", axes)?.into_iter().map(Window::Adaptive).collect())
}

/// What one place sees, and how many elements that is with those of the padding.
pub(super) struct Place {
    pub(super) span: Span,
    pub(super) padded: usize,
}

impl Window {
    /// The places over an axis of a size; every one sees at least one element.
    pub(super) fn places(&self, size: usize) -> Result<Vec<Place>, String> {
        match *self {
            Window::Sliding { kernel, stride, padding, dilation, ceil_mode } => {
                if kernel == 0 || stride == 0 || dilation == 0 {
                    return Err(format!(
                        "a 0 among kernel {kernel}, stride {stride} and dilation {dilation}"
                    ));
                }
                let found = slid(size, [kernel, stride, padding, dilation], ceil_mode);
                found.map_err(|why| {
                    let how = format!("{kernel} with dilation {dilation}, over {size} padded by {padding}");
                    format!("{why} a kernel of {how},")
                })
            }
            Window::Adaptive(places) if size > 0 => {
                let place = |place: usize| {
                    let (first, end) = (place * size / places, ((place + 1) * size).div_ceil(places));
                    Place { span: Span { first, count: end - first, step: 1 }, padded: end - first }
                };
                each_below(places, place)
            }
            Window::Adaptive(places) => {
                Err(format!("{places} windows see nothing of an axis without elements"))
            }
        }
    }
}

/// The places of a sliding window, none of whose numbers is 0 but the padding's, or what is wrong.
fn slid(
    size: usize,
    [kernel, stride, padding, dilation]: [usize; 4],
    ceil_mode: bool,
) -> Result<Vec<Place>, &'static str> {
    let span = (kernel - 1).checked_mul(dilation).and_then(|n| n.checked_add(1)).ok_or("too far reaches")?;
    if padding > span / 2 {
        return Err("the padding is more than half of");
    }
    let padded = size.checked_add(padding).and_then(|n| n.checked_add(padding)).ok_or("too far reaches")?;
    let end = size + padding;
    let up = if ceil_mode { stride - 1 } else { 0 };
    let room = padded.saturating_add(up).checked_sub(span).ok_or("there is no place for")?;
    let mut count = room / stride + 1;
    if ceil_mode && (count - 1) * stride >= end {
        count -= 1; // it would start beyond the end
    }
    let place = |place: usize| {
        let start = place * stride; // counted from the first of the padding
        let first = padding.saturating_sub(start).div_ceil(dilation);
        let after = end.saturating_sub(start).div_ceil(dilation).min(kernel);
        let count = after.checked_sub(first).filter(|&count| count > 0).ok_or("nothing is seen by")?;
        let span = Span { first: start + first * dilation - padding, count, step: dilation };
        Ok(Place { span, padded: kernel.min(padded - start) })
    };
    (0..count).map(place).collect()
}

/// The matrix that sums each span of an axis.
pub(super) fn sums(size: usize, places: &[Place]) -> Sparse {
    let row = |place: &Place| {
        let Span { first, count, step } = place.span;
        (0..count).map(|i| (first + i * step, 1.0)).collect()
    };
    Sparse::new(size, &places.iter().map(row).collect::<Vec<_>>())
}
