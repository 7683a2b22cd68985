//! Elements by mask, one after the other.

use super::{Array, Naive, build, joint, places, stretched};
use gradtape::ops::composed::*;

impl Naive for Take {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let elements: Vec<f64> = x[0].iter().copied().collect();
        let mut from = self.0.slice().iter();
        vec![build(self.0.shape(), |_| elements[*from.next().expect("as many")])]
    }
}

impl Naive for MaskedSelect {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let all = places(&joint(&[x[0].shape(), x[1].shape()]));
        let taken = all.iter().filter(|at| stretched(&x[1], at) == 1.0).map(|at| stretched(&x[0], at));
        vec![taken.collect::<ndarray::Array1<f64>>().into_dyn()]
    }
}

impl Naive for MaskedFill {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        vec![build(x[0].shape(), |at| if stretched(&x[1], at) == 1.0 { self.0 } else { x[0][at] })]
    }
}

impl Naive for MaskedScatter {
    fn naive(&self, x: &[Array]) -> Vec<Array> {
        let mut source = x[2].iter();
        vec![build(x[0].shape(), |at| {
            if stretched(&x[1], at) == 1.0 { *source.next().expect("enough") } else { x[0][at] }
        })]
    }
}
