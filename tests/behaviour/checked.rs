//! `checked!` as a user writes it: the test that it promises is found and run.

use gradtape::gradcheck::{Gen, Sample};
use gradtape::op::{One, Op, OpError, Saved, Saves};
use gradtape::{Arg, Eager, Float, Interp, Shape, Tensor, Value};

#[derive(Clone, Copy, Debug)]
struct Cube;

impl Op for Cube {
    type In = One;
    type Out = One;
    const NAME: &'static str = "cube";
    const SAVES: Saves = Saves::inputs([0]);
    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        Ok(x.clone())
    }
    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
        Ok(x.map(|v| v * v * v))
    }
    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy * (s.x::<0>().square() * 3.0))
    }
    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some(dx? * (s.x::<0>().square() * 3.0))
    }
    fn samples(g: &mut Gen) -> Sample<Self> {
        let shape = g.shape(3);
        Sample::new(Cube, [g.values(&shape, -1.5..1.5)])
    }
}

gradtape::checked!(cube: Cube);

#[test]
fn the_test_that_checked_promises_is_found() {
    let this = std::env::current_exe().unwrap();
    let list = std::process::Command::new(this).arg("--list").output().unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(list.lines().any(|line| line == "checked::cube::gradient: test"), "{list}");
}
