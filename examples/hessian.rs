//! Newton's method without a Hessian: products with it are enough for conjugate gradients to solve
//! H·p = −∇f (Steihaug: The Conjugate Gradient Method and Trust Regions in Large Scale Optimization,
//! 1983). On a thousand valleys at once, beside gradient descent.
//!
//! `cargo run --release --example hessian`

use gradtape::random::Rng;
use gradtape::transform::{hessian, hvp, value_and_grad};
use gradtape::{Interp, Tensor, Value};

/// Σ 100·(b − a²)² + (1 − a)² over the rows (a, b) of x: for each a bent valley, whose floor falls slowly
/// to 0 at (1, 1) (Rosenbrock: An Automatic Method for Finding the Greatest or Least Value of a
/// Function, 1960; Moré, Garbow, Hillstrom: Testing Unconstrained Optimization Software, 1981).
fn rosenbrock<I: Interp>(x: &Value<I>) -> Value<I> {
    let (a, b) = (x.narrow(1, 0, 1), x.narrow(1, 1, 1));
    (b - a.square()).square().sum() * 100.0 + (1.0 - a).square().sum()
}

fn dot(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    (a * b).sum().item()
}

fn norm(a: &Tensor<f64>) -> f64 {
    dot(a, a).sqrt()
}

/// A direction p with H·p ≈ −g, and the number of products that it took. Where the curvature along a
/// direction is not positive, there is nothing to solve: what was found so far is a descent.
fn newton_direction(x: &Tensor<f64>, g: &Tensor<f64>) -> (Tensor<f64>, usize) {
    // As accurate as the gradient is small: that keeps the convergence quadratic.
    let enough = norm(g) * norm(g).sqrt().min(0.5);
    let (mut p, mut residual) = (Tensor::zeros(x.shape()), -g);
    let mut direction = residual.clone();
    let most = 100;
    for products in 1..=most {
        let [curved] = hvp(|[x]| rosenbrock(x), [x], [&direction]);
        let curvature = dot(&direction, &curved);
        if curvature <= 0.0 {
            return (if products == 1 { -g } else { p }, products);
        }
        let before = dot(&residual, &residual);
        let step = before / curvature;
        p = p + &direction * step;
        residual = residual - curved * step;
        if norm(&residual) <= enough {
            return (p, products);
        }
        direction = &residual + &direction * (dot(&residual, &residual) / before);
    }
    (p, most)
}

/// The first of 1, ½, ¼, … times the direction that lowers f as much as its slope lets hope (Armijo, 1966).
fn line_search(x: &Tensor<f64>, f: f64, slope: f64, direction: &Tensor<f64>) -> (f64, Tensor<f64>) {
    let halves = std::iter::successors(Some(1.0), |step| Some(step * 0.5));
    let tried = halves.map(|step| (step, x + direction * step));
    tried
        .take(60)
        .find(|(step, to)| rosenbrock(to).item() <= f + 1e-4 * step * slope)
        .unwrap_or_else(|| (0.0, x.clone()))
}

/// Around the customary (−1.2, 1), each valley from a place of its own.
fn start() -> Tensor<f64> {
    let aside = Rng::new(1).uniform([VALLEYS, 2], -0.2, 0.2);
    Tensor::from([[-1.2, 1.0]]) + aside
}

const VALLEYS: usize = 1000;

fn main() {
    println!("Newton's method in {VALLEYS} of Rosenbrock's valleys, {} variables", 2 * VALLEYS);
    println!("{:>4}  {:>12}  {:>12}  {:>8}  {:>8}", "step", "f", "|gradient|", "products", "length");
    let (mut x, mut products) = (start(), 0);
    for step in 0.. {
        let (f, [g]) = value_and_grad(|[x]| rosenbrock(x), [&x]);
        if norm(&g) < 1e-10 || step == 200 {
            println!("{step:>4}  {f:>12.4e}  {:>12.4e}", norm(&g));
            let steps = if norm(&g) < 1e-10 { "there" } else { "NOT there" };
            println!("{steps}, after {step} steps and {products} products with the Hessian");
            break;
        }
        let (direction, count) = newton_direction(&x, &g);
        let (length, to) = line_search(&x, f, dot(&g, &direction), &direction);
        println!("{step:>4}  {f:>12.4e}  {:>12.4e}  {count:>8}  {length:>8}", norm(&g));
        (x, products) = (to, products + count);
    }
    let farthest = x.map(|v| (v - 1.0).abs()).max().item();
    println!("the farthest coordinate is {farthest:.1e} away from 1");
    assert!(farthest < 1e-8);

    let mut x = start();
    let steps = 500;
    for _ in 0..steps {
        let (f, [g]) = value_and_grad(|[x]| rosenbrock(x), [&x]);
        x = line_search(&x, f, -dot(&g, &g), &-&g).1;
    }
    println!("\ngradient descent, after {steps} steps: f = {:.4}", rosenbrock(&x).item());

    // In one valley the Hessian itself can be looked at.
    let [[h]] = hessian(|[x]| rosenbrock(x), [&Tensor::<f64>::ones([1, 2])]);
    let (a, b, d) = (h.slice()[0], h.slice()[1], h.slice()[3]);
    let (mean, spread) = ((a + d) / 2.0, ((a - d) / 2.0).hypot(b));
    println!("\nwhy: at the end of a valley the Hessian is [[{a}, {b}], [{b}, {d}]],");
    println!(
        "its curvatures {:.1} and {:.2}: {:.0} : 1",
        mean + spread,
        mean - spread,
        (mean + spread) / (mean - spread)
    );
}
