//! An op of one's own, its proof, and a model that needs it: `snake`, which learns what is periodic
//! (Ziyin, Hartwig, Ueda: Neural Networks Fail to Learn Periodic Functions and How to Fix It, 2020).
//!
//! `cargo run --release --example custom_op`

use gradtape::gradcheck::{Gen, PROMISES, Reject, Sample, check_op};
use gradtape::nn::{Adam, Arrays, Ctx, Fit, Linear, Module, Mse, Params, Tanh, Trainer};
use gradtape::op::{One, Op, OpError, Saved, Saves};
use gradtape::{Arg, Eager, Float, Interp, Shape, Tensor, Value};

/// x + sin²(a·x)/a, elementwise, a > 0. f′ = 1 + sin(2a·x).
#[derive(Clone, Copy, Debug)]
struct Snake {
    /// How often it bends.
    a: f64,
}

impl Op for Snake {
    type In = One;
    type Out = One;
    const NAME: &'static str = "snake";
    const SAVES: Saves = Saves::inputs([0]); // what the rules read, and nothing else is kept

    fn shape(&self, x: &Shape) -> Result<Shape, OpError> {
        Ok(x.clone())
    }

    fn eval<F: Float>(&self, x: Arg<'_, Eager<F>>, _: Shape) -> Result<Tensor<F>, OpError> {
        let a = F::of(self.a);
        Ok(x.map(|v| {
            let s = (a * v).sin();
            v + s * s / a
        }))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, _: bool) -> Option<Value<I>> {
        Some(dy * ((s.x::<0>() * (2.0 * self.a)).sin() + 1.0))
    }

    fn jvp<I: Interp>(&self, s: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
        Some(dx? * ((s.x::<0>() * (2.0 * self.a)).sin() + 1.0))
    }

    fn samples(g: &mut Gen) -> Sample<Self> {
        let (a, shape) = (g.number(0.5..2.0), g.shape(4));
        Sample::new(Snake { a }, [g.values(&shape, -3.0..3.0)])
    }

    /// It takes every shape.
    fn rejects() -> Vec<Reject<Self>> {
        Vec::new()
    }
}

gradtape::checked!(snake: Snake); // without this line the op does not compile; it writes the op's test

/// As a layer.
impl Module for Snake {
    fn forward<I: Interp>(&self, _: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        Value::apply(*self, x.into())
    }
}

/// The same network with one activation or the other.
fn network<A: Module + Copy>(params: &mut Params<f32>, activation: A) -> impl Module + use<A> {
    (
        Linear::new(params, 1, 32),
        activation,
        Linear::new(params, 32, 32),
        activation,
        Linear::new(params, 32, 1),
    )
}

/// What is to be learnt.
fn target(x: f32) -> f32 {
    x.sin()
}

/// A sample of it: x evenly in [low, high], and its values.
fn data(low: f32, high: f32, n: usize) -> Result<Arrays<f32>, gradtape::Error> {
    let x = Tensor::from_fn([n, 1], |i| low + (high - low) * i as f32 / (n - 1) as f32);
    Arrays::new(x.clone(), x.map(target))
}

/// Trains within ±2π; the outputs at some places, and the errors inside and outside.
fn learn(
    model: impl Module,
    params: Params<f32>,
    x: &Tensor<f32>,
) -> Result<(Tensor<f32>, f64, f64), gradtape::Error> {
    let tau = std::f32::consts::TAU;
    let (inside, outside) = (data(-tau, tau, 256)?, data(tau, 2.0 * tau, 128)?);
    let mut trainer = Trainer::new(model, params, Adam::new(0.003), Mse);
    trainer.fit(&inside, Fit { epochs: 300, ..Fit::default() })?;
    Ok((trainer.predict(x.clone()), trainer.evaluate(&inside)?.loss, trainer.evaluate(&outside)?.loss))
}

fn main() -> Result<(), gradtape::Error> {
    // To see which saves a rule reads, the check takes them away and catches its panic.
    std::panic::set_hook(Box::new(|_| {}));
    let proof = check_op::<Snake>();
    drop(std::panic::take_hook());
    if let Err(failure) = proof {
        panic!("{failure}");
    }
    println!("snake is proved: {}\n", PROMISES.join(", "));

    let x = Tensor::from_fn([33, 1], |i| (i as f32 - 8.0) * std::f32::consts::TAU / 12.0);
    let mut params = Params::seeded(1);
    let (snake, s_in, s_out) = learn(network(&mut params, Snake { a: 1.0 }), params, &x)?;
    let mut params = Params::seeded(1);
    let (tanh, t_in, t_out) = learn(network(&mut params, Tanh), params, &x)?;

    println!("sin x, learnt within ±2π and continued beyond   (· the truth, s snake, t tanh)");
    for (i, &x) in x.slice().iter().enumerate() {
        let mut line = [' '; 45];
        let column = |y: f32| ((y.clamp(-1.4, 1.4) + 1.4) / 2.8 * 44.0).round() as usize;
        for (y, mark) in [(target(x), '·'), (tanh.slice()[i], 't'), (snake.slice()[i], 's')] {
            line[column(y)] = mark;
        }
        let seen = if x.abs() <= std::f32::consts::TAU { '|' } else { ' ' };
        println!("{x:>6.2} {seen} {}", line.iter().collect::<String>().trim_end());
    }
    println!("\nmean squared error   within    beyond");
    println!("snake              {s_in:>8.5}  {s_out:>8.5}");
    println!("tanh               {t_in:>8.5}  {t_out:>8.5}");
    Ok(())
}
