//! Functions with a rule of their own.

use crate::{close, draws, refused};
use gradtape::gradcheck::gradcheck;
use gradtape::transform::{CustomVjp, grad, hvp, jacfwd, jvp};
use gradtape::{Float, Interp, Record, Tape, Tensor, Value, Var};

/// a·b and a + b, with the rule of their true derivative; `DOUBLED`, with twice that.
#[derive(Clone, Debug)]
struct ProductAndSum<const DOUBLED: bool>;

impl<const DOUBLED: bool> CustomVjp for ProductAndSum<DOUBLED> {
    const NAME: &'static str = "product_and_sum";

    fn eval<F: Float>(&self, x: &[Tensor<F>]) -> Vec<Tensor<F>> {
        vec![&x[0] * &x[1], &x[0] + &x[1]]
    }

    fn vjp<I: Interp>(&self, x: &[Value<I>], _: &[Value<I>], dy: &[Value<I>]) -> Vec<Option<Value<I>>> {
        let factor = if DOUBLED { 2.0 } else { 1.0 };
        let to = |other: &Value<I>| Some((&dy[0] * other + &dy[1]) * factor);
        vec![to(&x[1]), to(&x[0])]
    }

    fn jvp<I: Interp>(
        &self,
        x: &[Value<I>],
        _: &[Value<I>],
        dx: &[Option<&Value<I>>],
    ) -> Vec<Option<Value<I>>> {
        let zero = x[0].lift(Tensor::zeros(x[0].shape()));
        let [da, db] = [0, 1].map(|i| dx[i].unwrap_or(&zero));
        vec![Some(da * &x[1] + db * &x[0]), Some(da + db)]
    }
}

/// Whose rule breaks its promise.
#[derive(Clone, Debug)]
struct Broken;

impl CustomVjp for Broken {
    const NAME: &'static str = "broken";

    fn eval<F: Float>(&self, x: &[Tensor<F>]) -> Vec<Tensor<F>> {
        vec![x[0].clone()]
    }

    fn vjp<I: Interp>(&self, x: &[Value<I>], _: &[Value<I>], dy: &[Value<I>]) -> Vec<Option<Value<I>>> {
        if x.len() == 1 { vec![] } else { vec![Some(dy[0].lift(Tensor::ones([7]))), None] }
    }
}

#[test]
fn a_function_with_a_rule_of_its_own_obeys_it_in_every_mode() {
    let [a, b] = draws(9, [&[3], &[3]]);
    fn own<'t>(x: &[Var<'t, f64>], which: usize) -> Var<'t, f64> {
        ProductAndSum::<false>.call(x)[which].sin().sum()
    }
    // Each result alone, both together, and both orders, against differences.
    gradcheck(|x| own(x, 0), &[a.clone(), b.clone()]).unwrap();
    gradcheck(|x| own(x, 1), &[a.clone(), b.clone()]).unwrap();
    gradcheck(|x| own(x, 0) * own(x, 1), &[a.clone(), b.clone()]).unwrap();
    // Forward mode, alone and under a sweep.
    let f = |y: Vec<Tensor<f64>>| (&y[0] * &y[1]).sum();
    let [ja, jb] = jacfwd(
        |x| {
            let y = ProductAndSum::<false>.call(x);
            (&y[0] * &y[1]).sum()
        },
        [&a, &b],
    );
    let [ga, gb] = grad(|[a, b]| (a * b * (a + b)).sum(), [&a, &b]);
    close(&ja, &ga, 1e-14);
    close(&jb, &gb, 1e-14);
    assert_eq!(f(ProductAndSum::<false>.call(&[a.clone(), b.clone()])), (&a * &b * (&a + &b)).sum());
    let own = hvp(|x| ProductAndSum::<false>.call(x)[0].exp().sum(), [&a, &b], [&b, &a]);
    let plain = hvp(|[a, b]| (a * b).exp().sum(), [&a, &b], [&b, &a]);
    close(&own[0], &plain[0], 1e-14);
    close(&own[1], &plain[1], 1e-14);
    // The rule is taken at its word, and one operand may be a constant.
    let doubled = grad(|[a]| ProductAndSum::<true>.call(&[a.clone(), a.lift(b.clone())])[0].sum(), [&a]);
    assert_eq!(doubled, [&b * 2.0]);
}

#[test]
fn functions_with_a_rule_refuse_misuse() {
    let x = Tensor::from([1.0, 2.0]);
    let says = "broken: its rule gave 0 gradients for 1 operands";
    assert!(refused(|| grad(|x| Broken.call(x)[0].sum(), [&x])).contains(says));
    let says = "broken: its rule gave a gradient of shape [7] for an operand of shape [2]";
    assert!(refused(|| grad(|[x]| Broken.call(&[x.clone(), x.clone()])[0].sum(), [&x])).contains(says));
    let says = "broken: has no rule for forward mode: state its `jvp`";
    assert!(refused(|| jvp(|x| [Broken.call(x).remove(0)], [&x], [&x])).contains(says));
    let (one, two) = (Tape::<f64>::new(), Tape::new());
    let (a, b) = (one.var(x.clone()), two.var(x.clone()));
    assert!(refused(|| Broken.call(&[a, b])).contains("broken: operands from tapes #"));
    assert!(refused(|| Broken.call::<Record<'_, f64>>(&[])).contains("broken: needs at least one operand"));
    // Constants are not recorded.
    assert!(Broken.call(&[one.constant(x)])[0].is_constant());
}
