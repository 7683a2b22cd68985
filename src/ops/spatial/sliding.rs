//! How windows slide, as fields of ops.

use crate::{
    kernels::window::{Slide, Slides},
    op::OpError,
};
use smallvec::SmallVec;

/// How a window slides along each spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sliding {
    /// From one place to the next.
    pub stride: SmallVec<[usize; 3]>,
    /// From one element that a window sees to the next.
    pub dilation: SmallVec<[usize; 3]>,
    /// Elements added before and after, as zeros; negative numbers take elements away.
    pub padding: SmallVec<[[isize; 2]; 3]>,
}

impl Sliding {
    /// Over axes of these sizes, by a window of these sizes.
    pub(in crate::ops) fn over(
        &self,
        op: &'static str,
        sizes: &[usize],
        kernel: &[usize],
    ) -> Result<Slides, OpError> {
        let refuse = |why: String| OpError::new(op, why);
        let lengths = [kernel.len(), self.stride.len(), self.dilation.len(), self.padding.len()];
        if lengths.iter().any(|&length| length != sizes.len()) {
            return Err(refuse(format!("{self:?} and a kernel of {kernel:?} over axes of {sizes:?}")));
        }
        for (what, numbers) in [("kernel", kernel), ("stride", &self.stride), ("dilation", &self.dilation)] {
            if numbers.contains(&0) {
                return Err(refuse(format!("{what} {numbers:?} has a 0, over axes of {sizes:?}")));
            }
        }
        let slide = |axis: usize| {
            let (stride, dilation, taps) = (self.stride[axis], self.dilation[axis], kernel[axis]);
            let [before, after] = self.padding[axis];
            let size = isize::try_from(sizes[axis]).ok()?;
            let padded = usize::try_from(size.checked_add(before)?.checked_add(after)?).ok()?;
            let span = (taps - 1).checked_mul(dilation)?.checked_add(1)?;
            let places = padded.checked_sub(span)? / stride + 1;
            Some(Slide { size: sizes[axis], places, taps, stride, dilation, padding: before })
        };
        (0..sizes.len()).map(slide).collect::<Option<Slides>>().ok_or_else(|| {
            let Sliding { dilation, padding, .. } = self;
            refuse(format!(
                "a kernel of {kernel:?} with dilation {:?} does not fit {sizes:?} padded by {:?}",
                dilation.as_slice(),
                padding.as_slice()
            ))
        })
    }
}
