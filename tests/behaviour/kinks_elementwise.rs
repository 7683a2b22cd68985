//! The nasty points of the functions of each element, in tables of (x, value, gradient).

use crate::kinks::{close, derivatives, same};
use gradtape::{Tape, Tensor, Var};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// A function of one variable on the tape.
type Function = for<'t> fn(&Var<'t, f64>) -> Var<'t, f64>;

/// Pins value and gradient to 1e-12, infinities and NaN exactly.
#[track_caller]
fn pinned(name: &str, f: Function, rows: &[(f64, f64, f64)]) {
    for &(x, value, gradient) in rows {
        let found = derivatives(&[Tensor::from([x])], |v| f(&v[0]));
        for (what, found, want) in [("value", found.y[0], value), ("gradient", found.first[0][0], gradient)] {
            let what = format!("{what} of {name} at {x}");
            if want.is_finite() { close(&what, &[found], &[want]) } else { same(&what, &[found], &[want]) }
        }
    }
}

#[test]
fn rectifiers_at_their_corners() {
    pinned("relu6", |x| x.relu6(), &[(0.0, 0.0, 0.0), (6.0, 6.0, 0.0), (-INF, 0.0, 0.0), (INF, 6.0, 0.0)]);
    pinned("leaky_relu", |x| x.leaky_relu(0.25), &[(0.0, 0.0, 0.25), (INF, INF, 1.0), (-INF, -INF, 0.25)]);
    pinned("elu", |x| x.elu(0.5), &[(0.0, 0.0, 0.5), (-INF, -0.5, 0.0), (INF, INF, 1.0)]);
    pinned("celu", |x| x.celu(0.5), &[(0.0, 0.0, 1.0), (-INF, -0.5, 0.0), (INF, INF, 1.0)]);
    let (scale, alpha) = (1.0507009873554805, 1.6732632423543772);
    pinned(
        "selu",
        |x| x.selu(),
        &[(0.0, 0.0, scale * alpha), (-INF, -scale * alpha, 0.0), (INF, INF, scale)],
    );
    pinned("hardtanh", |x| x.hardtanh(-1.0, 1.0), &[(-1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (INF, 1.0, 0.0)]);
    pinned("clamp", |x| x.clamp(-1.0, 1.0), &[(-1.0, -1.0, 0.0), (1.0, 1.0, 0.0), (-INF, -1.0, 0.0)]);
    pinned("hardsigmoid", |x| x.hardsigmoid(), &[(-3.0, 0.0, 0.0), (3.0, 1.0, 0.0), (-INF, 0.0, 0.0)]);
    pinned(
        "hardswish",
        |x| x.hardswish(),
        &[(-3.0, 0.0, 0.0), (3.0, 3.0, 1.0), (-INF, 0.0, 0.0), (INF, INF, 1.0)],
    );
    pinned("hardshrink", |x| x.hardshrink(0.5), &[(0.5, 0.0, 0.0), (-0.5, 0.0, 0.0), (-INF, -INF, 1.0)]);
    pinned("softshrink", |x| x.softshrink(0.5), &[(0.5, 0.0, 0.0), (-0.5, 0.0, 0.0), (-INF, -INF, 1.0)]);
    pinned("threshold", |x| x.threshold(0.5, -2.0), &[(0.5, -2.0, 0.0), (-INF, -2.0, 0.0)]);
}

#[test]
fn prelu_at_0_has_the_weight_as_slope() {
    let found = derivatives(&[Tensor::from([0.0, NAN]), Tensor::from([0.25, 0.25])], |v| v[0].prelu(&v[1]));
    same("value", &found.y, &[0.0, NAN]);
    same("gradient of x", &found.first[0], &[0.25, NAN]);
    same("gradient of w", &found.first[1], &[0.0, NAN]);
}

#[test]
fn activations_take_their_limits_far_out() {
    for far in [1e5, 1e200, INF] {
        for (name, f) in [
            ("silu", (|x| x.silu()) as Function),
            ("mish", |x| x.mish()),
            ("gelu", |x| x.gelu()),
            ("gelu_tanh", |x| x.gelu_tanh()),
            ("softplus", |x| x.softplus(1.0)),
        ] {
            pinned(name, f, &[(-far, 0.0, 0.0), (far, far, 1.0)]);
            let second = derivatives(&[Tensor::from([-far, far])], |v| f(&v[0])).second;
            same(name, &second[0], &[0.0, 0.0]);
        }
        pinned("log_sigmoid", |x| x.log_sigmoid(), &[(-far, -far, 1.0), (far, 0.0, 0.0)]);
    }
    pinned(
        "softsign",
        |x| x.softsign(),
        &[(-INF, -1.0, 0.0), (INF, 1.0, 0.0), (0.0, 0.0, 1.0), (1e300, 1.0, 0.0)],
    );
    let second = derivatives(&[Tensor::from([-INF, -1e300, 1e300, INF])], |v| v[0].softsign()).second;
    same("softsign", &second[0], &[0.0; 4]);
    pinned("tanhshrink", |x| x.tanhshrink(), &[(-INF, -INF, 1.0), (INF, INF, 1.0), (0.0, 0.0, 0.0)]);
}

#[test]
fn softplus_has_no_threshold_that_hides_its_second_derivative() {
    // σ(25)(1 − σ(25)) = 1/(2 + e²⁵ + e⁻²⁵)
    let second = derivatives(&[Tensor::from([25.0])], |v| v[0].softplus(1.0)).second[0][0];
    let want = 1.0 / (2.0 + 25f64.exp() + (-25f64).exp());
    assert!((second - want).abs() < 1e-3 * want, "{second:e}, not {want:e}");
}

#[test]
fn mish_is_smooth_at_0() {
    // y″ = 2t′ + xt″ with t = tanh(ln(1 + eˣ)), t′ = (1 − t²)σ(x), and t(0) = 3/5.
    let found = derivatives(&[Tensor::from([0.0])], |v| v[0].mish());
    close("gradient", &found.first[0], &[0.6]);
    close("second order", &found.second[0], &[0.64]);
}

#[test]
fn logarithms_are_nan_outside_their_domain() {
    let (ln2, ln10) = (2f64.ln(), 10f64.ln());
    pinned("log2", |x| x.log2(), &[(0.0, -INF, INF), (-1.0, NAN, NAN), (1.0, 0.0, 1.0 / ln2)]);
    pinned("log10", |x| x.log10(), &[(0.0, -INF, INF), (-1.0, NAN, NAN), (1.0, 0.0, 1.0 / ln10)]);
    pinned("log1p", |x| x.log1p(), &[(-1.0, -INF, INF), (-2.0, NAN, NAN), (1e-20, 1e-20, 1.0)]);
    pinned(
        "logit",
        |x| x.logit(None),
        &[(0.0, -INF, INF), (1.0, INF, INF), (2.0, NAN, NAN), (-1.0, NAN, NAN)],
    );
    let far = 9f64.ln(); // of 0.9/0.1
    pinned(
        "logit with an eps",
        |x| x.logit(Some(0.1)),
        &[
            (0.0, -far, 0.0),
            (0.1, -far, 0.0),
            (0.5, 0.0, 4.0),
            (0.9, far, 0.0),
            (2.0, far, 0.0),
            (NAN, NAN, NAN),
        ],
    );
    pinned("rsqrt", |x| x.rsqrt(), &[(0.0, INF, -INF), (-1.0, NAN, NAN), (INF, 0.0, 0.0)]);
    pinned("acosh", |x| x.acosh(), &[(1.0, 0.0, INF), (0.5, NAN, NAN), (-3.0, NAN, NAN)]);
    pinned("atanh", |x| x.atanh(), &[(1.0, INF, INF), (-1.0, -INF, INF), (2.0, NAN, NAN)]);
    pinned("asin", |x| x.asin(), &[(1.0, 1f64.asin(), INF), (2.0, NAN, NAN)]);
    pinned("acos", |x| x.acos(), &[(1.0, 0.0, -INF), (2.0, NAN, NAN)]);
    pinned("erfinv", |x| x.erfinv(), &[(1.0, INF, INF), (-1.0, -INF, INF), (2.0, NAN, NAN)]);
}

#[test]
fn what_is_accurate_near_0_is_so_in_every_order() {
    for (name, f, value, first, second) in [
        ("expm1", (|x| x.expm1()) as Function, 1e-20, 1.0, 1.0),
        ("log1p", |x| x.log1p(), 1e-20, 1.0, -1.0),
        ("sinc", |x| x.sinc(), 1.0, 0.0, -std::f64::consts::PI.powi(2) / 3.0),
    ] {
        let found = derivatives(&[Tensor::from([1e-20])], |v| f(&v[0]));
        close(name, &[found.y[0], found.first[0][0], found.second[0][0]], &[value, first, second]);
    }
    let found = derivatives(&[Tensor::from([0.0])], |v| v[0].sinc());
    close("sinc at 0", &[found.y[0], found.first[0][0]], &[1.0, 0.0]);
    close("sinc at 0, second order", &found.second[0], &[-std::f64::consts::PI.powi(2) / 3.0]);
}

#[test]
fn hypot_and_atan2_at_the_origin() {
    let origin = [Tensor::from([0.0]), Tensor::from([0.0])];
    let found = derivatives(&origin, |v| v[0].hypot(&v[1]));
    same("hypot", &[found.y[0], found.first[0][0], found.first[1][0]], &[0.0, 0.0, 0.0]);
    let found = derivatives(&origin, |v| v[0].atan2(&v[1]));
    same("atan2", &[found.y[0], found.first[0][0], found.first[1][0]], &[0.0, NAN, NAN]);
    let large = [Tensor::from([3e200]), Tensor::from([4e200])];
    let found = derivatives(&large, |v| v[0].hypot(&v[1]));
    close("hypot without overflow", &[found.y[0] / 1e200, found.first[0][0]], &[5.0, 0.6]);
}

#[test]
fn xlogy_at_0() {
    let x = [Tensor::from([0.0, 0.0, 0.0]), Tensor::from([0.0, 2.0, NAN])];
    let found = derivatives(&x, |v| v[0].xlogy(&v[1]));
    same("value", &found.y, &[0.0, 0.0, NAN]);
    same("gradient of a", &found.first[0], &[0.0, 2f64.ln(), NAN]);
    same("gradient of b", &found.first[1], &[0.0, 0.0, NAN]);
}

#[test]
fn logaddexp_of_infinities() {
    let x = [Tensor::from([-INF, INF, -INF, 1000.0]), Tensor::from([-INF, 1.0, 1.0, 1000.0])];
    let found = derivatives(&x, |v| v[0].logaddexp(&v[1]));
    close("value", &found.y[3..], &[1000.0 + 2f64.ln()]);
    same("value", &found.y[..3], &[-INF, INF, 1.0]);
    same("gradient of a", &found.first[0], &[0.0, 1.0, 0.0, 0.5]);
    same("gradient of b", &found.first[1], &[0.0, 0.0, 1.0, 0.5]);
    close("second order", &found.second[0][3..], &[0.25]);
}

#[test]
fn rounding_is_half_to_even_and_flat() {
    let x = Tensor::from([-1.5, -0.5, 0.5, 1.5, 2.5, 0.0, -0.0, NAN]);
    same("round", x.round().slice(), &[-2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0, NAN]);
    same("sign", x.sign().slice(), &[-1.0, -1.0, 1.0, 1.0, 1.0, 0.0, 0.0, NAN]);
    let tape = Tape::new();
    let v = tape.var(x);
    for flat in [v.floor(), v.ceil(), v.round(), v.trunc(), v.sign()] {
        let [gradient] = (flat.sum() + v.sum()).grad([&v]);
        same("the gradient of what is flat adds nothing", gradient.tensor().slice(), &[1.0; 8]);
    }
}

#[test]
fn minimum_of_equals_gives_half_to_each() {
    let x = [Tensor::from([1.0, NAN, -INF]), Tensor::from([1.0, 2.0, -INF])];
    let found = derivatives(&x, |v| v[0].minimum(&v[1]));
    same("value", &found.y, &[1.0, NAN, -INF]);
    same("gradient", &found.first[0], &[0.5, NAN, 0.5]);
}

#[test]
fn fmod_and_remainder_take_their_signs() {
    let (a, b) = (Tensor::from([5.5, -5.5, 5.5, -5.5]), Tensor::from([2.0, 2.0, -2.0, -2.0]));
    same("fmod", a.fmod(&b).slice(), &[1.5, -1.5, 1.5, -1.5]);
    same("remainder", a.remainder(&b).slice(), &[1.5, 0.5, -0.5, -1.5]);
}

#[test]
fn nan_to_num_passes_gradients_of_numbers_only() {
    let found =
        derivatives(&[Tensor::from([NAN, INF, -INF, 2.0])], |v| v[0].nan_to_num(0.0, Some(9.0), Some(-9.0)));
    same("value", &found.y, &[0.0, 9.0, -9.0, 2.0]);
    same("gradient", &found.first[0], &[0.0, 0.0, 0.0, 1.0]);
    // The greatest finite number is that of the type, also on a tape.
    let found = derivatives(&[Tensor::from([NAN, INF, -INF])], |v| v[0].nan_to_num(1.0, None, None));
    same("defaults", &found.y, &[1.0, f64::MAX, f64::MIN]);
    let single = Tensor::from([f32::INFINITY, f32::NEG_INFINITY]).nan_to_num(0.0, None, None);
    assert_eq!(single.slice(), [f32::MAX, f32::MIN]);
}

#[test]
fn clamp_has_one_bound_or_two() {
    pinned(
        "clamp_min",
        |x| x.clamp_min(1.0),
        &[(1.0, 1.0, 0.0), (-INF, 1.0, 0.0), (INF, INF, 1.0), (NAN, NAN, NAN)],
    );
    pinned(
        "clamp_max",
        |x| x.clamp_max(1.0),
        &[(1.0, 1.0, 0.0), (-INF, -INF, 1.0), (INF, 1.0, 0.0), (NAN, NAN, NAN)],
    );
    pinned(
        "bounds out of order",
        |x| x.clamp(2.0, 1.0),
        &[(0.0, 1.0, 0.0), (1.5, 1.0, 0.0), (3.0, 1.0, 0.0)],
    );
}

fn clamped<'t>(v: &[Var<'t, f64>]) -> Var<'t, f64> {
    v[0].clamp_min(&v[1]).clamp_max(&v[2])
}

#[test]
fn bounds_that_are_values_have_the_gradient_where_they_are_taken() {
    // Within, at the lower bound, at the upper one, below, above.
    let x = Tensor::from([1.5, 1.0, 2.0, 0.0, 3.0]);
    let [low, high] = [1.0, 2.0].map(|bound| Tensor::from([bound; 5]));
    let found = derivatives(&[x.clone(), low.clone(), high.clone()], clamped);
    same("value", &found.y, &[1.5, 1.0, 2.0, 1.0, 2.0]);
    same("x", &found.first[0], &[1.0, 0.0, 0.0, 0.0, 0.0]);
    same("min", &found.first[1], &[0.0, 1.0, 0.0, 1.0, 0.0]);
    same("max", &found.first[2], &[0.0, 0.0, 1.0, 0.0, 1.0]);
    // Out of order, or equal, max has it all.
    let found = derivatives(&[x, high, low], clamped);
    same("max below min", &found.y, &[1.0; 5]);
    same("its gradient", &found.first[2], &[1.0; 5]);
    let twos = || Tensor::from([2.0, 2.0, 2.0]);
    let found = derivatives(&[Tensor::from([1.0, 2.0, 3.0]), twos(), twos()], clamped);
    same("equal bounds", &found.first[2], &[1.0; 3]);
    // NaN in either is seen, in both gradients.
    let found = derivatives(&[Tensor::from([NAN, 1.0]), Tensor::from([0.0, NAN])], |v| v[0].clamp_min(&v[1]));
    same("of NaN", &found.y, &[NAN, NAN]);
    same("its gradient", &found.first[0], &[NAN, NAN]);
    same("and of the bound", &found.first[1], &[NAN, NAN]);
    // An infinite gradient leaves the other side alone.
    let tape = Tape::new();
    let (x, high) = (tape.var(Tensor::from([1.0, 3.0])), tape.var(Tensor::scalar(2.0)));
    let gradients = x.clamp_max(&high).backward_with(Tensor::from([1.0, INF]));
    assert_eq!((gradients.wrt(&x).slice(), gradients.wrt(&high).slice()), (&[1.0, 0.0][..], &[INF][..]));
}

#[test]
fn lerp_is_exact_at_its_ends() {
    let found =
        derivatives(&[Tensor::from([1e16, -1e308]), Tensor::from([1.0, 1e308])], |v| v[0].lerp(&v[1], 1.0));
    same("value", &found.y, &[1.0, 1e308]);
    same("gradient of x", &found.first[0], &[0.0, 0.0]);
    same("gradient of the end", &found.first[1], &[1.0, 1.0]);
}

#[test]
fn round_to_is_half_to_even_and_flat() {
    let found = derivatives(&[Tensor::from([0.125, -2.5, 1350.0, NAN, INF])], |v| v[0].round_to(2));
    same("two decimals", &found.y, &[0.12, -2.5, 1350.0, NAN, INF]);
    same("gradient", &found.first[0], &[0.0; 5]);
    assert_eq!(Tensor::from([1350.0, 1250.0]).round_to(-2), Tensor::from([1400.0, 1200.0]));
}

#[test]
fn comparisons_take_numbers() {
    let x = Tensor::from([1.0f32, 2.0, f32::NAN]);
    assert_eq!(x.less_equal(1.0), Tensor::from([1.0, 0.0, 0.0]));
    assert_eq!(x.not_equal(2.0), Tensor::from([1.0, 0.0, 1.0]));
    let found = derivatives(&[Tensor::from([-7.5, 2.0])], |v| v[0].remainder(2.0).maximum(0.25));
    same("value", &found.y, &[0.5, 0.25]);
    same("gradient", &found.first[0], &[1.0, 0.0]);
}

#[test]
fn gamma_functions_at_their_poles() {
    pinned("lgamma", |x| x.lgamma(), &[(1.0, 0.0, -0.577_215_664_901_532_9), (-1.0, INF, NAN)]);
    pinned(
        "digamma",
        |x| x.digamma(),
        &[(-1.0, NAN, NAN), (1.0, -0.577_215_664_901_532_9, 1.644_934_066_848_226_4)],
    );
    // ψ(−½) = ψ(½) + 2
    pinned("digamma", |x| x.digamma(), &[(-0.5, 0.036_489_973_978_576_52, 8.934_802_200_544_679)]);
}

#[test]
fn nan_is_never_erased() {
    let functions: &[(&str, Function)] = &[
        ("relu6", |x| x.relu6()),
        ("leaky_relu", |x| x.leaky_relu(0.1)),
        ("elu", |x| x.elu(1.0)),
        ("selu", |x| x.selu()),
        ("celu", |x| x.celu(1.0)),
        ("gelu", |x| x.gelu()),
        ("gelu_tanh", |x| x.gelu_tanh()),
        ("silu", |x| x.silu()),
        ("mish", |x| x.mish()),
        ("softplus", |x| x.softplus(1.0)),
        ("softsign", |x| x.softsign()),
        ("log_sigmoid", |x| x.log_sigmoid()),
        ("hardsigmoid", |x| x.hardsigmoid()),
        ("hardswish", |x| x.hardswish()),
        ("hardtanh", |x| x.hardtanh(-1.0, 1.0)),
        ("clamp", |x| x.clamp(-1.0, 1.0)),
        ("hardshrink", |x| x.hardshrink(0.5)),
        ("softshrink", |x| x.softshrink(0.5)),
        ("threshold", |x| x.threshold(0.0, 1.0)),
        ("tanhshrink", |x| x.tanhshrink()),
        ("erf", |x| x.erf()),
        ("lgamma", |x| x.lgamma()),
        ("sinc", |x| x.sinc()),
        ("log1p", |x| x.log1p()),
        ("atanh", |x| x.atanh()),
        ("logit", |x| x.logit(None)),
    ];
    for (name, f) in functions {
        pinned(name, *f, &[(NAN, NAN, NAN)]);
    }
}
