//! The checker, checked: ops with one fault each, which it must name. They are declared as checked
//! by hand, so that no test is written that would fail.

use gradtape::gradcheck::{Gen, Reject, Sample, check_op, gradcheck};
use gradtape::op::{Checked, Fix, One, Op, OpError, Saved, Saves};
use gradtape::{Arg, Eager, Float, Interp, Shape, Tape, Tensor, Value};

/// 3x²: the derivative of the cube that the ops below compute.
fn slope<I: Interp>(x: &Value<I>) -> Value<I> {
    x * x * 3.0
}

fn cubes<F: Float>(x: &Tensor<F>) -> Tensor<F> {
    x.map(|v| v * v * v)
}

/// An op on one operand, said in full but for what never varies.
macro_rules! cube {
    ($Op:ident, $saves:expr, shape |$x:ident| $shape:expr, eval |$a:ident: $F:ident| $eval:expr,
     vjp |$s:ident, $dy:ident| $vjp:expr, jvp |$t:ident, $dx:ident| $jvp:expr) => {
        #[derive(Clone, Copy, Debug)]
        struct $Op;
        impl Checked for $Op {}
        impl Op for $Op {
            type In = One;
            type Out = One;
            const NAME: &'static str = stringify!($Op);
            const SAVES: Saves = $saves;
            fn shape(&self, $x: &Shape) -> Result<Shape, OpError> {
                $shape
            }
            fn eval<$F: Float>(&self, $a: Arg<'_, Eager<$F>>, _: Shape) -> Result<Tensor<$F>, OpError> {
                Ok($eval)
            }
            fn vjp<I: Interp>(&self, $s: Saved<'_, Self, I>, $dy: Value<I>, _: bool) -> Option<Value<I>> {
                Some($vjp)
            }
            fn jvp<I: Interp>(&self, $t: Saved<'_, Self, I>, dx: Option<&Value<I>>) -> Option<Value<I>> {
                dx.map(|$dx| $jvp)
            }
            fn samples(g: &mut Gen) -> Sample<Self> {
                let shape = g.shape(3);
                Sample::new($Op, [g.values(&shape, -1.5..1.5)])
            }
        }
    };
}

/// An op on two operands.
macro_rules! pair {
    ($Op:ident, shape |$p:ident, $q:ident| $shape:expr, eval |$a:ident, $b:ident| $eval:expr,
     vjp |$s:ident, $dy:ident, $want:ident| $vjp:expr, jvp |$t:ident, $da:ident, $db:ident| $jvp:expr,
     samples |$g:ident| $samples:expr, $(constant $place:literal,)? rejects [$($reject:expr),*]) => {
        #[derive(Clone, Copy, Debug)]
        struct $Op;
        impl Checked for $Op {}
        impl Op for $Op {
            type In = Fix<2>;
            type Out = One;
            const NAME: &'static str = stringify!($Op);
            const SAVES: Saves = Saves::inputs([0, 1]);
            fn shape(&self, [$p, $q]: [&Shape; 2]) -> Result<Shape, OpError> {
                $shape
            }
            fn eval<F: Float>(&self, [$a, $b]: [Arg<'_, Eager<F>>; 2], _: Shape) -> Result<Tensor<F>, OpError> {
                Ok($eval)
            }
            fn vjp<I: Interp>(&self, $s: Saved<'_, Self, I>, $dy: Value<I>, $want: [bool; 2]) -> [Option<Value<I>>; 2] {
                $vjp
            }
            fn jvp<I: Interp>(&self, $t: Saved<'_, Self, I>, [$da, $db]: [Option<&Value<I>>; 2]) -> Option<Value<I>> {
                $jvp
            }
            fn samples($g: &mut Gen) -> Sample<Self> {
                Sample::new($Op, $samples)$(.constant($place))?
            }
            fn rejects() -> Vec<Reject<Self>> {
                vec![$($reject),*]
            }
        }
    };
}

fn twins(g: &mut Gen) -> [Tensor<f64>; 2] {
    let shape = g.shape(3);
    [g.values(&shape, -2.0..2.0), g.values(&shape, -2.0..2.0)]
}

fn equal_shapes(op: &'static str, a: &Shape, b: &Shape) -> Result<Shape, OpError> {
    if a == b { Ok(a.clone()) } else { Err(OpError::new(op, format!("shapes {a} and {b} differ"))) }
}

fn unequal<O: Op>(op: O, a: &[usize], b: &[usize]) -> Reject<O> {
    Reject::new(op, [Shape::from(a), Shape::from(b)], "differ")
}

fn sum_of_tangents<I: Interp>(a: Option<Value<I>>, b: Option<Value<I>>) -> Option<Value<I>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

#[track_caller]
fn caught_as<O: Op>(check: &str) -> String {
    let failure = check_op::<O>().expect_err("the fault was not seen");
    assert_eq!(failure.check(), check, "{failure}");
    assert!(failure.to_string().contains(O::NAME), "{failure}");
    failure.to_string()
}

cube!(Cube, Saves::inputs([0]), shape |x| Ok(x.clone()), eval |x: F| cubes(&x),
    vjp |s, dy| dy * slope(s.x::<0>()), jvp |s, dx| dx * slope(s.x::<0>()));

pair!(Product, shape |a, b| equal_shapes("Product", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [want[0].then(|| &dy * s.x::<1>()), want[1].then(|| &dy * s.x::<0>())],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| twins(g),
    rejects [unequal(Product, &[2], &[3]), unequal(Product, &[], &[1]), unequal(Product, &[2, 1], &[2])]);

/// Without this, the faults below might be caught for what they have in common.
#[test]
fn ops_without_a_fault_pass() {
    check_op::<Cube>().unwrap();
    check_op::<Product>().unwrap();
}

cube!(SlightlySteep, Saves::inputs([0]), shape |x| Ok(x.clone()), eval |x: F| cubes(&x),
    vjp |s, dy| dy * slope(s.x::<0>()) * (1.0 + 3e-5), jvp |s, dx| dx * slope(s.x::<0>()));

#[test]
fn scirs2_103_a_missing_rule_is_no_gradient_of_1() {
    let tape = Tape::new();
    let (a, b) = (tape.var(Tensor::from([2.0])), tape.var(Tensor::from([3.0])));
    let gradients = Value::apply(Ruleless, [(&a).into(), (&b).into()]).backward();
    assert_eq!((gradients.get(&a), gradients.wrt(&b).slice()), (None, &[2.0][..]));
    caught_as::<Ruleless>("first order");
}

pair!(Ruleless, shape |a, b| equal_shapes("Ruleless", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [None, want[1].then(|| &dy * s.x::<0>())],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| twins(g),
    rejects [unequal(Ruleless, &[2], &[3]), unequal(Ruleless, &[], &[1]), unequal(Ruleless, &[2, 1], &[2])]);

#[test]
fn a_gradient_wrong_by_a_small_factor_is_caught() {
    caught_as::<SlightlySteep>("first order");
}

pair!(Forgetful, shape |a, b| equal_shapes("Forgetful", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [want[0].then(|| &dy * s.x::<1>()), None],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| twins(g),
    rejects [unequal(Forgetful, &[2], &[3]), unequal(Forgetful, &[], &[1]), unequal(Forgetful, &[2, 1], &[2])]);

#[test]
fn a_missing_accumulation_is_caught() {
    caught_as::<Forgetful>("first order");
}

// x written twice, one behind the other; the rule does not add the halves up.
cube!(Unreduced, Saves::inputs([0]), shape |x| Ok(Shape::from([2, x.size()])),
eval |x: F| Tensor::concat(&[&x.reshape([1, x.shape().size()]), &x.reshape([1, x.shape().size()])], 0),
vjp |s, dy| {
    let _ = s.x::<0>();
    dy.reshape([dy.shape().size()])
},
jvp |s, dx| {
    let _ = s.x::<0>();
    let row = dx.reshape([1, dx.shape().size()]);
    Value::concat(&[&row, &row], 0)
});

#[test]
fn a_missing_reduction_is_an_error_that_names_op_and_shapes() {
    let message = caught_as::<Unreduced>("panic");
    let words = ["gradtape: Unreduced: its rule gave a gradient of shape [", "] for an operand of shape ["];
    assert!(words.iter().all(|words| message.contains(words)), "{message}");
    // With the sample, to be pasted into a test.
    assert!(message.contains("for op Unreduced on Tensor::new(vec!["), "{message}");
}

// a · b of square matrices, where shapes do not tell b from bᵀ.
pair!(Untransposed, shape |a, b| equal_shapes("Untransposed", a, b), eval |a, b| a.matmul(&b),
    vjp |s, dy, want| [
        want[0].then(|| dy.matmul(s.x::<1>())),
        want[1].then(|| s.x::<0>().transpose(0, 1).matmul(&dy)),
    ],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da.matmul(s.x::<1>())), db.map(|db| s.x::<0>().matmul(db))),
    samples |g| {
        let n = g.int(1, 4);
        let shape = Shape::from([n, n]);
        [g.values(&shape, -2.0..2.0), g.values(&shape, -2.0..2.0)]
    },
    rejects [unequal(Untransposed, &[2, 2], &[3, 3]), unequal(Untransposed, &[2], &[2, 2]), unequal(Untransposed, &[], &[2])]);

#[test]
fn a_transposed_operand_is_caught() {
    caught_as::<Untransposed>("first order");
}

cube!(WrongForward, Saves::inputs([0]), shape |x| Ok(x.clone()), eval |x: F| cubes(&x),
    vjp |s, dy| dy * slope(s.x::<0>()), jvp |s, dx| dx * s.x::<0>() * 3.0);

#[test]
fn a_wrong_forward_rule_is_caught() {
    caught_as::<WrongForward>("forward against reverse");
}

// The numbers of the slope without its history: right once, never again.
cube!(Severed, Saves::inputs([0]), shape |x| Ok(x.clone()), eval |x: F| cubes(&x),
    vjp |s, dy| &dy * &dy.lift(slope(s.x::<0>().tensor())), jvp |s, dx| dx * slope(s.x::<0>()));

#[test]
fn a_gradient_that_cannot_be_differentiated_is_caught() {
    caught_as::<Severed>("second order");
}

cube!(Hoarder, Saves::inputs([0]).and(Saves::outputs([0])), shape |x| Ok(x.clone()), eval |x: F| cubes(&x),
    vjp |s, dy| dy * slope(s.x::<0>()), jvp |s, dx| dx * slope(s.x::<0>()));

#[test]
fn a_save_that_is_never_read_is_caught() {
    caught_as::<Hoarder>("saves");
}

cube!(Sloppy, Saves::inputs([0]), shape |x| Ok(x.clone()),
    eval |x: F| cubes(&x) + if size_of::<F>() == 4 { 2e-5 } else { 0.0 },
    vjp |s, dy| dy * slope(s.x::<0>()), jvp |s, dx| dx * slope(s.x::<0>()));

#[test]
fn a_fault_in_single_precision_alone_is_caught() {
    caught_as::<Sloppy>("value in f32");
}

cube!(Misshapen, Saves::inputs([0]), shape |x| Ok(x.clone()), eval |x: F| cubes(&x).reshape([x.shape().size(), 1]),
    vjp |s, dy| dy.reshape(s.x_shape(0)) * slope(s.x::<0>()), jvp |s, dx| dx * slope(s.x::<0>()));

#[test]
fn a_shape_that_evaluation_does_not_keep_is_caught() {
    caught_as::<Misshapen>("shape");
}

cube!(Smeared, Saves::inputs([0]), shape |x| Ok(x.clone()),
    eval |x: F| match x.into_unshared() {
        Ok(mut x) => {
            let slice = x.slice_mut();
            for i in 0..slice.len() {
                let before = slice[i.saturating_sub(1)]; // already overwritten
                slice[i] = slice[i] * slice[i] * slice[i] + (before - before.abs()) * F::of(1e-3);
            }
            x
        }
        Err(x) => cubes(&x),
    },
    vjp |s, dy| dy * slope(s.x::<0>()), jvp |s, dx| dx * slope(s.x::<0>()));

#[test]
fn a_fault_in_the_in_place_path_alone_is_caught() {
    caught_as::<Smeared>("owned operands");
}

pair!(Unrefusing, shape |a, b| equal_shapes("Unrefusing", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [want[0].then(|| &dy * s.x::<1>()), want[1].then(|| &dy * s.x::<0>())],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| twins(g), rejects []);

cube!(Picky, Saves::inputs([0]),
    shape |x| if x.rank() == 4 { Err(OpError::new("Picky", "no")) } else { Ok(x.clone()) },
    eval |x: F| cubes(&x), vjp |s, dy| dy * slope(s.x::<0>()), jvp |s, dx| dx * slope(s.x::<0>()));

pair!(Credulous, shape |a, b| equal_shapes("Credulous", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [want[0].then(|| &dy * s.x::<1>()), want[1].then(|| &dy * s.x::<0>())],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| twins(g),
    rejects [unequal(Credulous, &[2], &[3]), unequal(Credulous, &[], &[1]), unequal(Credulous, &[2], &[2])]);

#[test]
fn missing_and_false_rejects_are_caught() {
    caught_as::<Unrefusing>("bad operands");
    caught_as::<Picky>("bad operands");
    caught_as::<Credulous>("bad operands");
}

pair!(BothOrNone, shape |a, b| equal_shapes("BothOrNone", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| {
        let both = want[0] && want[1];
        [both.then(|| &dy * s.x::<1>()), both.then(|| &dy * s.x::<0>())]
    },
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| twins(g),
    rejects [unequal(BothOrNone, &[2], &[3]), unequal(BothOrNone, &[], &[1]), unequal(BothOrNone, &[2, 1], &[2])]);

pair!(BothTangents, shape |a, b| equal_shapes("BothTangents", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [want[0].then(|| &dy * s.x::<1>()), want[1].then(|| &dy * s.x::<0>())],
    jvp |s, da, db| Some(da? * s.x::<1>() + db? * s.x::<0>()),
    samples |g| twins(g),
    rejects [unequal(BothTangents, &[2], &[3]), unequal(BothTangents, &[], &[1]), unequal(BothTangents, &[2, 1], &[2])]);

#[test]
fn rules_that_serve_only_all_operands_at_once_are_caught() {
    caught_as::<BothOrNone>("one operand wanted");
    caught_as::<BothTangents>("one tangent given");
}

pair!(Denying, shape |a, b| equal_shapes("Denying", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| {
        let _ = s.x::<0>();
        [want[0].then(|| &dy * s.x::<1>()), None]
    },
    jvp |s, da, _db| da.map(|da| da * s.x::<1>()),
    samples |g| twins(g), constant 1,
    rejects [unequal(Denying, &[2], &[3]), unequal(Denying, &[], &[1]), unequal(Denying, &[2, 1], &[2])]);

#[test]
fn an_operand_that_is_falsely_called_constant_is_caught() {
    caught_as::<Denying>("constant operands");
}

pair!(Barren, shape |a, b| equal_shapes("Barren", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [want[0].then(|| &dy * s.x::<1>() * 2.0), want[1].then(|| &dy * s.x::<0>())],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| [g.values(&Shape::from([0]), 0.0..1.0), g.values(&Shape::from([0]), 0.0..1.0)],
    rejects [unequal(Barren, &[2], &[3]), unequal(Barren, &[], &[1]), unequal(Barren, &[2, 1], &[2])]);

#[test]
fn samples_that_prove_nothing_are_caught() {
    caught_as::<Barren>("samples");
}

fn mute(op: &'static str, a: &Shape, b: &Shape) -> Result<Shape, OpError> {
    if a == b { Ok(a.clone()) } else { Err(OpError::new(op, "the shapes differ")) }
}

pair!(Mute, shape |a, b| mute("Mute", a, b), eval |a, b| &*a * &*b,
    vjp |s, dy, want| [want[0].then(|| &dy * s.x::<1>()), want[1].then(|| &dy * s.x::<0>())],
    jvp |s, da, db| sum_of_tangents(da.map(|da| da * s.x::<1>()), db.map(|db| db * s.x::<0>())),
    samples |g| twins(g),
    rejects [unequal(Mute, &[2], &[3]), unequal(Mute, &[], &[1]), unequal(Mute, &[2, 1], &[2])]);

#[test]
fn a_refusal_that_shows_no_shape_is_caught() {
    caught_as::<Mute>("bad operands");
}

// Wrong at element 2 alone.
cube!(WrongAtTwo, Saves::inputs([0]), shape |x| Ok(x.clone()), eval |x: F| cubes(&x),
    vjp |s, dy| {
        let factor = Tensor::from_fn(dy.shape(), |i| I::Elem::of(if i == 2 { 1.1 } else { 1.0 }));
        &dy * slope(s.x::<0>()) * dy.lift(factor)
    },
    jvp |s, dx| dx * slope(s.x::<0>()));

#[test]
fn gradcheck_names_the_input_and_the_element() {
    let (x, w) = (Tensor::from([1.0, 2.0, 3.0]), Tensor::from([0.5, -1.0, 2.0]));
    gradcheck(|v| (&v[0] * Value::apply(Cube, (&v[1]).into())).sum(), &[x.clone(), w.clone()]).unwrap();
    let failure =
        gradcheck(|v| (&v[0] * Value::apply(WrongAtTwo, (&v[1]).into())).sum(), &[x, w]).unwrap_err();
    assert_eq!(failure.check(), "first order");
    let message = failure.to_string();
    assert!(message.contains("input 1 of shape [3], element 2: analytic "), "{message}");
    assert!(!message.contains("kink"), "{message}");
}

#[test]
fn gradcheck_sees_a_wrong_second_derivative() {
    let x = Tensor::from([1.0, 2.0]);
    let failure = gradcheck(|v| Value::apply(Severed, (&v[0]).into()).sum(), &[x]).unwrap_err();
    assert_eq!(failure.check(), "second order");
}

#[test]
fn gradcheck_says_when_a_kink_is_near() {
    let message = gradcheck(|v| v[0].relu().sum(), &[Tensor::from([1.0, 1e-4])]).unwrap_err().to_string();
    assert!(message.contains("input 0 of shape [2], element 1"), "{message}");
    assert!(message.contains("a kink is near"), "{message}");
}

#[test]
fn gradcheck_takes_functions_without_any_gradient() {
    gradcheck(|v| v[0].greater(&v[0].constant(0.5)), &[Tensor::from([1.0, 0.0])]).unwrap();
}
