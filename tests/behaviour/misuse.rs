//! What is wrong is said at the caller's line, with the op and the shapes in it.

use gradtape::{Dual, Tape, Tensor, Value, ops};
use std::{
    cell::{Cell, RefCell},
    panic::{AssertUnwindSafe, Location, catch_unwind},
    sync::Once,
};

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static SEEN: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// The message of the panic that `f` must raise, which must point at a line of its caller's file.
#[track_caller]
pub(crate) fn refused<T>(f: impl FnOnce() -> T) -> String {
    match outcome(f) {
        Ok(_) => panic!("nothing was refused"),
        Err(message) => message,
    }
}

/// What `f` gives, or the message of its panic, which must point at a line of the caller's file.
#[track_caller]
pub(crate) fn outcome<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if WATCHED.get() {
                let place = info.location().map(|at| (at.file().to_owned(), at.line()));
                SEEN.with(|seen| *seen.borrow_mut() = place);
            } else {
                previous(info);
            }
        }));
    });
    WATCHED.set(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    WATCHED.set(false);
    let payload = match result {
        Ok(value) => return Ok(value),
        Err(payload) => payload,
    };
    let message = match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast::<&str>().expect("a message").to_string(),
    };
    let (file, line) = SEEN.take().expect("the hook has run");
    assert_eq!(file, Location::caller().file(), "{message:?} points at {file}:{line}");
    Err(message)
}

fn ones(dims: &[usize]) -> Tensor<f64> {
    Tensor::ones(dims)
}

#[test]
fn wrong_shapes_name_the_op_and_both_shapes() {
    let (a, b) = (ones(&[2, 3]), ones(&[4, 5]));
    let cases: Vec<(String, &str)> = vec![
        (refused(|| &a + &b), "gradtape: add: shapes [2, 3] and [4, 5] do not broadcast"),
        (refused(|| &a - b.clone()), "gradtape: sub: shapes [2, 3] and [4, 5] do not broadcast"),
        (refused(|| a.clone() * &b), "gradtape: mul: shapes [2, 3] and [4, 5] do not broadcast"),
        (refused(|| a.clone() / b.clone()), "gradtape: div: shapes [2, 3] and [4, 5] do not broadcast"),
        (refused(|| a.pow(&b)), "gradtape: pow: shapes [2, 3] and [4, 5] do not broadcast"),
        (refused(|| a.maximum(&b)), "gradtape: maximum: shapes [2, 3] and [4, 5] do not broadcast"),
        (refused(|| a.greater(&b)), "gradtape: greater: shapes [2, 3] and [4, 5] do not broadcast"),
        (
            refused(|| a.select(&a, &b)),
            "gradtape: select: shapes [2, 3], [2, 3] and [4, 5] do not broadcast together",
        ),
        (refused(|| a.matmul(&b)), "gradtape: matmul: inner dimensions 3 and 4 differ for [2, 3] and [4, 5]"),
        (
            refused(|| a.linear(&b, &ones(&[4]))),
            "gradtape: linear: needs [.., in], [out, in] and [out], not [2, 3], [4, 5] and [4]",
        ),
        (refused(|| a.expand([4, 5])), "gradtape: expand: shape [2, 3] does not broadcast to [4, 5]"),
        (refused(|| a.sum_to([4])), "gradtape: sum_to: shape [4] does not broadcast to [2, 3]"),
        (refused(|| a.reshape([4])), "gradtape: reshape: 6 elements of [2, 3] do not fill [4]"),
        (refused(|| a.permute([0])), "gradtape: permute: [0] is not an order of the 2 axes of [2, 3]"),
        (refused(|| a.transpose(0, 2)), "gradtape: transpose: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| a.sum_axes(2, false)), "gradtape: sum: axis 2 is out of range for 2 axes of [2, 3]"),
        (
            refused(|| a.mean_axes([0, -2], false)),
            "gradtape: mean: axis -2 is named twice in [0, -2] of [2, 3]",
        ),
        (refused(|| a.max_axes(-3, true)), "gradtape: max: axis -3 is out of range for 2 axes of [2, 3]"),
        (refused(|| a.max_dim(2, true)), "gradtape: max_dim: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| a.cummax(2)), "gradtape: cummax: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| a.cummin(-3)), "gradtape: cummin: axis -3 is out of range for 2 axes of [2, 3]"),
        (refused(|| a.diff(1, 2, None, None)), "gradtape: diff: axis 2 is out of range for 2 axes of [2, 3]"),
        (
            refused(|| a.linear_scan(&b, 0)),
            "gradtape: linear_scan: shape [4, 5] does not broadcast to [2, 3]",
        ),
        (refused(|| a.softmax(2)), "gradtape: softmax: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| a.log_softmax(2)), "gradtape: log_softmax: axis 2 is out of range for 2 axes of [2, 3]"),
        (
            refused(|| a.cross_entropy(&[0].into())),
            "gradtape: cross_entropy: 1 targets for the 2 rows of [2, 3]",
        ),
        (
            refused(|| a.index_select(0, &[2].into())),
            "gradtape: index_select: index 2 is out of range for axis 0 of [2, 3]",
        ),
        (
            refused(|| a.slice_ranges(&[(0..3).into(), (0..3).into()])),
            "gradtape: slice: 3 elements from 0 by 1 leave axis 0 of [2, 3], which has 2",
        ),
        (
            refused(|| a.split(&[1, 2], 0)),
            "gradtape: split: parts of sizes [1, 2] do not make axis 0 of [2, 3]",
        ),
        (
            refused(|| Tensor::concat(&[&a, &b], 0)),
            "gradtape: concat: shapes [2, 3] and [4, 5] differ beside axis 0",
        ),
        (refused(|| Tensor::<f64>::concat(&[], 0)), "gradtape: concat: needs at least one operand"),
        (refused(|| a.item()), "gradtape: item: [2, 3] has not exactly one element"),
        (refused(|| Tensor::new(vec![1.0], [2, 3])), "gradtape: tensor: 1 elements do not fill [2, 3]"),
        (
            refused(|| Dual::new(a.clone(), Some(b.clone()))),
            "gradtape: dual: a tangent of shape [4, 5] for a value of [2, 3]",
        ),
    ];
    for (found, want) in cases {
        assert_eq!(found, want);
    }
}

#[test]
fn the_fallible_door_gives_the_same_message() {
    let (a, b) = (ones(&[2, 3]), ones(&[4, 5]));
    let error = Value::try_apply(ops::MatMul::default(), [(&a).into(), (&b).into()]).unwrap_err();
    assert_eq!(error.op(), "matmul");
    assert_eq!(error.to_string(), refused(|| a.matmul(&b)));
    let tape = Tape::new();
    let (x, y) = (tape.var(a.clone()), tape.var(b.clone()));
    let recorded = Value::try_apply(ops::MatMul::default(), [(&x).into(), (&y).into()]).unwrap_err();
    assert_eq!(recorded, error);
    assert_eq!(tape.len(), 2, "a refused op leaves no trace");
    let [x, y] = [a, b].map(|x| Dual::new(x, None));
    assert_eq!(Value::try_apply(ops::MatMul::default(), [(&x).into(), (&y).into()]).unwrap_err(), error);
}

#[test]
fn a_range_longer_than_memory_is_an_error_like_any_other() {
    for count in [usize::MAX, usize::MAX / 2 + 1, 1 << 62] {
        let range = ops::Range { start: 3, count, step: 1 };
        let slice = ops::Slice(smallvec::smallvec![range]);
        let error = Value::try_apply(slice, (&ones(&[5])).into()).unwrap_err();
        assert!(error.to_string().contains("leave axis 0 of [5]"), "{error}");
    }
}

#[test]
fn operands_of_two_tapes_name_both() {
    let (one, two) = (Tape::new(), Tape::new());
    let (a, b) = (one.var(ones(&[2])), two.var(ones(&[2])));
    let id = |tape: &Tape<f64>| format!("{tape:?}").split(' ').nth(1).expect("Tape #n of …").to_owned();
    let want = format!("gradtape: add: operands from tapes {} and {} are mixed", id(&one), id(&two));
    assert_eq!(refused(|| &a + &b), want);
    assert_eq!(Value::try_apply(ops::Add, [(&a).into(), (&b).into()]).unwrap_err().to_string(), want);
    // A constant belongs to its tape as well.
    assert!(refused(|| &a + &two.constant(ones(&[2]))).contains("are mixed"));
    assert!(refused(|| a.sum().grad([&b])).contains(&format!(
        "grad: a value on tape {} with respect to one on tape {}",
        id(&one),
        id(&two)
    )));
    let seed = two.constant(ones(&[2]));
    let y = &a * 2.0;
    assert!(refused(|| y.grad_with(seed.clone(), [&a])).contains("tape"));
}

#[test]
fn gradients_answer_only_for_their_own_variables() {
    let (mut tape, other) = (Tape::new(), Tape::new());
    let stranger = other.var(ones(&[2]));
    let kept = {
        let (x, unused) = (tape.var(ones(&[2])), tape.var(ones(&[3])));
        let y = &x * 2.0;
        let gradients = y.sum().backward();
        assert!(gradients.get(&unused).is_none());
        assert!(refused(|| gradients.wrt(&unused).clone()).contains("does not depend on"));
        assert!(refused(|| gradients.get(&stranger)).contains("the variable is on tape #"));
        assert!(refused(|| gradients.get(&tape.constant(ones(&[2])))).contains("a constant has none"));
        assert!(refused(|| gradients.get(&y)).contains("only variables keep theirs"));
        gradients
    };
    tape.reset();
    let x = tape.var(ones(&[2]));
    assert!(refused(|| kept.get(&x)).contains("stale"));
    assert!(refused(|| kept.clone().take(&x)).contains("stale"));
}

#[test]
fn backward_needs_a_number_or_a_seed_of_its_shape() {
    let tape = Tape::new();
    let x = tape.var(ones(&[2, 3]));
    let y = &x * 2.0;
    assert_eq!(
        refused(|| y.backward()),
        "gradtape: backward: [2, 3] is not a single number: reduce it first, or give a seed to `backward_with`"
    );
    assert_eq!(
        refused(|| y.grad([&x])),
        "gradtape: grad: [2, 3] is not a single number: reduce it first, or give a seed to `grad_with`"
    );
    let wrong = "a seed of shape [3] for a value of [2, 3]";
    assert!(refused(|| y.backward_with(ones(&[3]))).ends_with(wrong));
    assert!(refused(|| y.grad_with(tape.constant(ones(&[3])), [&x])).ends_with(wrong));
    assert_eq!(y.backward_with(ones(&[2, 3])).wrt(&x).slice(), [2.0; 6]); // nothing was consumed by the errors
}

#[test]
fn constants_have_no_gradient() {
    let tape = Tape::new();
    let (x, c) = (tape.var(ones(&[])), tape.constant(ones(&[])));
    assert!(refused(|| (&c * 2.0).backward()).contains("backward: the value is a constant"));
    assert!(refused(|| (&c * 2.0).grad([&x])).contains("grad: the value is a constant"));
    assert!(refused(|| (&x * 2.0).grad([&c])).contains("with respect to a constant"));
}

#[test]
fn a_consumed_record_is_not_swept_twice() {
    let tape = Tape::new();
    let x = tape.var(ones(&[2]));
    let shared = x.exp();
    let (a, b) = (shared.sum(), (&shared * 2.0).sum());
    drop(a.backward());
    let message = "the record of `sum` was consumed by an earlier `backward`; `grad` keeps the record";
    assert!(refused(|| a.backward()).contains(message));
    assert!(refused(|| a.grad([&x])).contains(message));
    // As is what only leads to it.
    assert!(refused(|| b.backward()).contains("the record of `exp` was consumed"));
    // The tape itself is as good as before.
    let y = (&x * 3.0).sum();
    assert_eq!(y.backward().wrt(&x).slice(), [3.0; 2]);
}

#[test]
fn views_refuse_what_does_not_fit() {
    let (x, y) = (Tensor::<f64>::ones([2, 3]), Tensor::<f64>::ones([3, 2]));
    let cases = [
        (refused(|| x.unsqueeze(3)), "unsqueeze: axis 3 is out of range for 3 axes of [2, 3]"),
        (refused(|| x.squeeze(-3)), "squeeze: axis -3 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.flatten(1, 0)), "flatten: axis 0 is before axis 1 of [2, 3]"),
        (refused(|| x.flatten(0, 2)), "flatten: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.movedim(0, 2)), "movedim: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.narrow(1, 2, 2)), "narrow: 2 slices from 2 on are out of range for axis 1 of [2, 3]"),
        (refused(|| x.narrow(1, 2, usize::MAX)), "from 2 on are out of range"),
        (refused(|| x.narrow(1, -2, 3)), "narrow: 3 slices from -2 on are out of range for axis 1 of [2, 3]"),
        (refused(|| x.narrow(1, -4, 1)), "narrow: 1 slices from -4 on are out of range"),
        (refused(|| x.narrow(1, isize::MIN, 0)), "on are out of range for axis 1"),
        (refused(|| x.flip(&[2])), "flip: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| Value::stack(&[&x, &y], 0)), "stack: shapes [2, 3] and [3, 2] differ"),
        (refused(|| Tensor::<f64>::stack(&[], 0)), "stack: needs at least one value"),
        (refused(|| x.unbind(2)), "unbind: axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.chunk(0, 0)), "chunk: at least one part is needed"),
        (refused(|| x.var_axes(2, 1.0, false)), "axis 2 is out of range for 2 axes of [2, 3]"),
        (refused(|| x.glu(1)), "glu: [2, 3] has no halves along axis 1"),
        (refused(|| x.masked_softmax(0, &y)), "shape [3, 2] does not broadcast to [2, 3]"),
    ];
    for (found, says) in cases {
        assert!(found.starts_with("gradtape: ") && found.contains(says), "{found:?}, not {says:?}");
    }
}
