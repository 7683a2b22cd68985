//! Scaled dot-product attention: the op, by tiles, and its gradient, which is an op, too.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::attention::{Attend, Bias, Gradients, Upstream, backward, forward},
    op::{Cots, Fix, Ins, Many, Op, OpError, Outs, Saved, Saves},
    ops::{MatMul, arithmetic::add_tangents, view::allowed},
    tensor::Eager,
    value::{Arg, Interp, Value},
};
use smallvec::{SmallVec, smallvec};

/// softmax(scale · q·kᵀ + bias)·v and ln Σ eˢ of each row's scores s, in two numbers, itself and what rounding
/// has left of it (scores of −1e9 are all there is of −1e9 + ln 2 in `f32`), for q `[.., queries, width]`,
/// k `[.., keys, width]`, v `[.., keys, values]` and perhaps a bias that broadcasts to
/// `[.., queries, keys]` (Vaswani and others: Attention Is All You Need, 2017). Neither the value nor its
/// gradient holds the scores (Dao and others: FlashAttention, 2022): memory grows with the number of
/// queries and keys, not with their product.
///
/// A row without any key, all of its scores being −∞, gives 0 and −∞, and no gradient.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// The factor of the products.
    pub scale: f64,
    /// Whether query i sees keys 0 to i only.
    pub causal: bool,
}

/// The gradient of [`Attention`] at q, k, v from ln Σ eˢ in two numbers, the cotangent dy, and a number for each row that is
/// taken from the gradient of its weights; and perhaps at a bias, the last operand. It evaluates
/// by tiles; its own derivatives hold the scores.
#[derive(Clone, Copy, Debug)]
pub struct AttentionGrad {
    /// Of which attention.
    pub of: Attention,
    /// Whether the gradient of the bias is wanted, too.
    pub bias: bool,
}

/// A · Bᵀ over the last two axes.
fn by_rows<I: Interp>(a: &Value<I>, b: &Value<I>) -> Value<I> {
    Value::apply(MatMul { transpose_a: false, transpose_b: true }, [a.into(), b.into()])
}

/// Aᵀ · B over the last two axes.
fn by_columns<I: Interp>(a: &Value<I>, b: &Value<I>) -> Value<I> {
    Value::apply(MatMul { transpose_a: true, transpose_b: false }, [a.into(), b.into()])
}

/// The sum of each row.
fn row_sums<I: Interp>(x: &Value<I>) -> Value<I> {
    x.sum_axes(-1, true)
}

/// Outer axes, queries, keys, width and values of operands that fit.
struct Sizes {
    outer: Shape,
    queries: usize,
    keys: usize,
    width: usize,
    values: usize,
}

impl Sizes {
    fn new(op: &'static str, x: &[&Shape], bias: Option<&Shape>) -> Result<Self, OpError> {
        let refuse = |why: &str| {
            let all = x.iter().chain(&bias).map(|x| x.to_string()).collect::<Vec<_>>().join(", ");
            Err(OpError::new(op, format!("{why}, not {all}")))
        };
        let [q, k, v, ..] = x else { return refuse("needs q, k and v") };
        let needs = "needs q [.., queries, width], k [.., keys, width] and v [.., keys, values]";
        let sizes = match (&q[..], &k[..], &v[..]) {
            ([outer @ .., queries, width], [a @ .., keys, other], [b @ .., rows, values])
                if outer == a && outer == b && width == other && keys == rows =>
            {
                let [queries, keys, width, values] = [*queries, *keys, *width, *values];
                Sizes { outer: Shape::from(outer), queries, keys, width, values }
            }
            _ => return refuse(needs),
        };
        match (sizes.rows(sizes.keys), bias) {
            (Err(why), _) => Err(OpError::new(op, why)),
            (Ok(scores), Some(bias)) if !bias.broadcasts_to(&scores) => {
                refuse(&format!("needs a bias that broadcasts to {scores}"))
            }
            _ => Ok(sizes),
        }
    }

    /// The shape of something with `columns` for each query.
    fn rows(&self, columns: usize) -> Result<Shape, String> {
        Shape::try_new(&[self.outer.dims(), &[self.queries, columns]].concat())
    }
}

impl Attention {
    /// The values attended to, of operands whose outer axes agree.
    #[track_caller]
    pub(super) fn of<I: Interp>(self, x: [&Value<I>; 3], bias: Option<&Value<I>>) -> Value<I> {
        let mut x: Ins<Self, Arg<'_, I>> = x.into_iter().map(Arg::from).collect();
        x.extend(bias.map(Arg::from));
        let [y, _] = Value::apply(self, x);
        y
    }

    /// The weights of all keys, held.
    #[track_caller]
    pub(super) fn dense<I: Interp>(self, x: [&Value<I>; 3], bias: Option<&Value<I>>) -> Value<I> {
        let shapes = x.into_iter().chain(bias).map(Value::shape).collect();
        allowed(self.shape(shapes));
        let scores = self.scores(x[0], x[1], bias);
        let never = Attention::unseeing(&scores, &scores.tensor().logsumexp(-1, true));
        scores.masked_fill(&never, 0.0).softmax(-1).masked_fill(&never, 0.0)
    }

    /// Which rows have no key, from their ln Σ eˢ.
    fn unseeing<I: Interp>(like: &Value<I>, logsum: &Tensor<I::Elem>) -> Value<I> {
        like.lift(logsum.map(|v| if v == -I::Elem::INFINITY { I::Elem::ONE } else { I::Elem::ZERO }))
    }

    /// The scores of all queries and keys.
    fn scores<I: Interp>(&self, q: &Value<I>, k: &Value<I>, bias: Option<&Value<I>>) -> Value<I> {
        let mut s = by_rows(q, k) * self.scale;
        if let Some(bias) = bias {
            s = s + bias;
        }
        if self.causal {
            let (queries, keys) = (s.shape()[s.shape().rank() - 2], s.shape()[s.shape().rank() - 1]);
            let later = |at: usize| if at % keys > at / keys { I::Elem::ONE } else { I::Elem::ZERO };
            s = s.masked_fill(&s.lift(Tensor::from_fn([queries, keys], later)), f64::NEG_INFINITY);
        }
        s
    }

    /// softmax of the scores; 0 in a row without any key.
    fn weights<I: Interp>(scores: &Value<I>, logsum: &Value<I>) -> Value<I> {
        let never = Attention::unseeing(logsum, logsum.tensor());
        let parts = logsum.masked_fill(&never, 0.0).split(&[1, 1], -1);
        (scores - &parts[0] - &parts[1]).exp()
    }

    /// The tangent of the scores.
    fn pushed<I: Interp>(
        &self,
        [q, k]: [&Value<I>; 2],
        [dq, dk, bias]: [Option<&Value<I>>; 3],
    ) -> Option<Value<I>> {
        let dq = dq.map(|dq| by_rows(dq, k) * self.scale);
        let dk = dk.map(|dk| by_rows(q, dk) * self.scale);
        add_tangents(add_tangents(dq, dk), bias.cloned())
    }

    /// Calls a kernel with how it reads these tensors, and the number of items.
    fn with_tensors<F: Float>(
        &self,
        [q, k, v]: [&Tensor<F>; 3],
        bias: Option<&Tensor<F>>,
        kernel: impl FnOnce(Attend<'_, F>, usize),
    ) {
        let shapes = [q.shape(), k.shape(), v.shape()];
        let sizes = Sizes::new(Self::NAME, &shapes, bias.map(|bias| bias.shape()));
        let Sizes { outer, queries, keys, width, values } = sizes.expect("shape has checked the operands");
        let mut starts = Vec::new();
        let bias = bias.map(|bias| {
            let whole = Shape::from(&[outer.dims(), &[queries, keys]].concat()[..]);
            let steps = bias.shape().steps_as(&whole);
            let [outer_steps @ .., row, col] = &steps[..] else { unreachable!("at least two axes") };
            starts.extend((0..outer.size()).map(|item| {
                let axes = (0..outer.rank()).rev();
                let (_, start) = axes.fold((item, 0), |(rest, start), axis| {
                    (rest / outer[axis], start + rest % outer[axis] * outer_steps[axis] as usize)
                });
                start
            }));
            Bias { data: bias.slice(), starts: &starts, row: *row as usize, col: *col as usize }
        });
        let (q, k, v, scale) = (q.slice(), k.slice(), v.slice(), F::of(self.scale));
        let attend = Attend { q, k, v, bias, scale, causal: self.causal, queries, keys, width, values };
        kernel(attend, outer.size());
    }
}

/// Attention, queries, keys, values, and perhaps a bias. No row is without a key.
#[inline]
fn sampled(g: &mut Gen) -> (Attention, SmallVec<[Shape; 4]>) {
    let outer = g.shape(2);
    let (queries, keys, width, values) = (g.dim(), g.int(1, 4), g.dim(), g.dim());
    let with = |rows, columns| Shape::from(&[outer.dims(), &[rows, columns]].concat()[..]);
    let mut shapes: SmallVec<[Shape; 4]> =
        smallvec![with(queries, width), with(keys, width), with(keys, values)];
    match g.int(0, 3) {
        0 => shapes.push(with(queries, keys)),
        1 => shapes.push(Shape::from([queries, keys])),
        2 => shapes.push(Shape::from([1, keys])),
        _ => {}
    }
    (Attention { scale: g.number(0.25..1.0), causal: g.bool() }, shapes)
}

impl Op for Attention {
    type In = Many;
    type Out = Fix<2>;
    const NAME: &'static str = "scaled_dot_product_attention";
    const SAVES: Saves = Saves::inputs([0, 1, 2, 3]).and(Saves::outputs([0, 1]));

    fn shape(&self, x: Ins<Self, &Shape>) -> Result<[Shape; 2], OpError> {
        let sizes = Sizes::new(Self::NAME, &x[..x.len().min(3)], x.get(3).copied())?;
        let rows = |columns| sizes.rows(columns).map_err(|why| OpError::new(Self::NAME, why));
        Ok([rows(sizes.values)?, rows(2)?])
    }

    fn eval<F: Float>(
        &self,
        x: Ins<Self, Arg<'_, Eager<F>>>,
        [y, logsum]: [Shape; 2],
    ) -> Result<[Tensor<F>; 2], OpError> {
        let (mut y, mut logsum) = (Tensor::stale(y), Tensor::stale(logsum));
        self.with_tensors([&x[0], &x[1], &x[2]], x.get(3).map(|bias| &**bias), |attend, items| {
            forward(attend, items, y.slice_mut(), logsum.slice_mut());
        });
        Ok([y, logsum])
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        [dy, dl]: [Option<Value<I>>; 2],
        want: Ins<Self, bool>,
    ) -> Ins<Self, Option<Value<I>>> {
        let dy = dy.unwrap_or_else(|| s.y::<0>().lift(Tensor::zeros(s.y_shape(0))));
        let delta = row_sums(&(&dy * s.y::<0>()));
        let delta = match dl {
            Some(dl) => delta - dl.narrow(-1, 0, 1),
            None => delta,
        };
        let op = AttentionGrad { of: *self, bias: want.get(3) == Some(&true) };
        let mut x: Ins<AttentionGrad, Arg<'_, I>> = smallvec![
            s.x::<0>().into(),
            s.x::<1>().into(),
            s.x::<2>().into(),
            s.y::<1>().into(),
            dy.into(),
            delta.into()
        ];
        if s.operands() == 4 {
            x.push(s.x::<3>().into());
        }
        let mut found = Value::apply(op, x).into_iter();
        want.iter().map(|_| found.next()).collect()
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dx: Ins<Self, Option<&Value<I>>>,
    ) -> [Option<Value<I>>; 2] {
        let (q, k, v) = (s.x::<0>(), s.x::<1>(), s.x::<2>());
        let bias = (s.operands() == 4).then(|| s.x::<3>());
        let p = Attention::weights(&self.scores(q, k, bias), s.y::<1>());
        let through = self.pushed([q, k], [dx[0], dx[1], dx.get(3).copied().flatten()]).map(|ds| {
            let dl = row_sums(&(&p * &ds));
            let rest = dl.lift(Tensor::zeros(dl.shape()));
            ((&p * (ds - &dl)).matmul(v), Value::concat(&[&dl, &rest], -1))
        });
        let (dy, dl) = through.unzip();
        [add_tangents(dy, dx[2].map(|dv| p.matmul(dv))), dl]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (op, shapes) = sampled(g);
        Sample::many(op, shapes.iter().map(|shape| g.values(shape, -1.5..1.5)).collect())
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[&[usize]], says| {
            let shapes = x.iter().map(|x| Shape::from(*x)).collect();
            Reject::many(Attention { scale: 1.0, causal: false }, shapes, says)
        };
        vec![
            bad(
                &[&[2, 3], &[4, 2], &[4, 3]],
                "k [.., keys, width] and v [.., keys, values], not [2, 3], [4, 2]",
            ),
            bad(&[&[2, 3], &[4, 3], &[5, 3]], "v [.., keys, values]"),
            bad(&[&[1, 2, 3], &[2, 4, 3], &[2, 4, 3]], "not [1, 2, 3], [2, 4, 3]"),
            bad(&[&[3], &[3], &[3]], "needs q [.., queries, width]"),
            bad(&[&[2, 3], &[4, 3]], "needs q, k and v"),
            bad(&[&[2, 3], &[4, 3], &[4, 3], &[3, 4]], "needs a bias that broadcasts to [2, 4]"),
        ]
    }
}

impl Op for AttentionGrad {
    type In = Many;
    type Out = Many;
    const NAME: &'static str = "attention_grad";
    const SAVES: Saves = Saves::inputs([0, 1, 2, 3, 4, 5, 6]);

    fn shape(&self, x: Ins<Self, &Shape>) -> Result<Outs<Self, Shape>, OpError> {
        let sizes = Sizes::new(Self::NAME, &x[..x.len().min(3)], x.get(6).copied())?;
        let rows = |columns| sizes.rows(columns).map_err(|why| OpError::new(Self::NAME, why));
        let needed = [rows(2)?, rows(sizes.values)?, rows(1)?];
        if x.len() < 6 || x[3..6].iter().zip(&needed).any(|(x, needed)| *x != needed) {
            let [logsum, dy, delta] = needed;
            let why = format!("needs {logsum}, {dy}, {delta} behind q, k and v, not {:?}", &x[3..]);
            return Err(OpError::new(Self::NAME, why));
        }
        if self.bias && x.len() != 7 {
            return Err(OpError::new(Self::NAME, format!("there is no bias behind {:?}", &x[..])));
        }
        let gradients = x[..3].iter().chain(x.get(6).filter(|_| self.bias));
        Ok(gradients.map(|&shape| shape.clone()).collect())
    }

    fn eval<F: Float>(
        &self,
        x: Ins<Self, Arg<'_, Eager<F>>>,
        out: Outs<Self, Shape>,
    ) -> Result<Outs<Self, Tensor<F>>, OpError> {
        let mut found: Outs<Self, Tensor<F>> = out.into_iter().map(Tensor::stale).collect();
        let up = Upstream { logsum: x[3].slice(), dy: x[4].slice(), delta: x[5].slice() };
        self.of.with_tensors([&x[0], &x[1], &x[2]], x.get(6).map(|bias| &**bias), |attend, items| {
            let [q, k, v, bias @ ..] = &mut found[..] else { unreachable!("three or four") };
            let bias = bias.first_mut().map(|bias| bias.slice_mut());
            let (q, k, v) = (q.slice_mut(), k.slice_mut(), v.slice_mut());
            backward(attend, items, up, Gradients { q, k, v, bias });
        });
        Ok(found)
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        g: Cots<Self, Value<I>>,
        want: Ins<Self, bool>,
    ) -> Ins<Self, Option<Value<I>>> {
        let (q, k, v, dy) = (s.x::<0>(), s.x::<1>(), s.x::<2>(), s.x::<4>());
        let Inner { p, slope } = self.inner(&s);
        let (ds, scale) = (&p * &slope, self.of.scale);
        let bias = g.get(3).and_then(Option::as_ref);
        let (gq, gk, gv) = (g[0].as_ref(), g[1].as_ref(), g[2].as_ref());

        // What reaches dS; from there, and from dV, what reaches dy·vᵀ and the scores.
        let to_ds = self.of.pushed([q, k], [gq, gk, bias]);
        let to_products = to_ds.as_ref().map(|g| g * &p);
        let to_p = add_tangents(to_ds.map(|g| g * slope), gv.map(|gv| by_rows(dy, gv)));
        let to_scores = to_p.map(|g| g * &p);

        let (products, scores) = (to_products.as_ref(), to_scores.as_ref());
        let dq = add_tangents(scores.map(|g| g.matmul(k) * scale), gk.map(|gk| ds.matmul(gk) * scale));
        let dk =
            add_tangents(scores.map(|g| by_columns(g, q) * scale), gq.map(|gq| by_columns(&ds, gq) * scale));
        let ddy = add_tangents(products.map(|g| g.matmul(v)), gv.map(|gv| p.matmul(gv)));
        let mut found: Ins<Self, Option<Value<I>>> = smallvec![
            dq,
            dk,
            products.map(|g| by_columns(g, dy)),
            scores.map(|g| (-row_sums(g)).expand(s.x_shape(3))),
            ddy,
            products.map(|g| -row_sums(g)),
            to_scores
        ];
        found.truncate(want.len());
        found
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        dx: Ins<Self, Option<&Value<I>>>,
    ) -> Outs<Self, Option<Value<I>>> {
        let (q, k, v, dy) = (s.x::<0>(), s.x::<1>(), s.x::<2>(), s.x::<4>());
        let Inner { p, slope } = self.inner(&s);
        let (ds, scale) = (&p * &slope, self.of.scale);
        let negated = |x: Option<&Value<I>>| x.map(|x| -x);
        let scores = self.of.pushed([q, k], [dx[0], dx[1], dx.get(6).copied().flatten()]);
        let dp = add_tangents(scores, negated(dx[3].map(row_sums).as_ref())).map(|g| g * &p);
        let products = add_tangents(dx[4].map(|ddy| by_rows(ddy, v)), dx[2].map(|dv| by_rows(dy, dv)));
        let dslope = add_tangents(products, negated(dx[5]));
        let dds = add_tangents(dp.as_ref().map(|dp| dp * slope), dslope.map(|g| g * &p));
        let of = dds.as_ref();
        let mut found: Outs<Self, Option<Value<I>>> = smallvec![
            add_tangents(of.map(|g| g.matmul(k) * scale), dx[1].map(|dk| ds.matmul(dk) * scale)),
            add_tangents(of.map(|g| by_columns(g, q) * scale), dx[0].map(|dq| by_columns(&ds, dq) * scale)),
            add_tangents(dp.map(|dp| by_columns(&dp, dy)), dx[4].map(|ddy| by_columns(&p, ddy)))
        ];
        if self.bias {
            found.push(dds.map(|g| g.sum_to(s.x_shape(6))));
        }
        found
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (of, mut shapes) = sampled(g);
        let bias = shapes.drain(3..).next();
        let (q, v) = (&shapes[0], &shapes[2]);
        let rows = |columns| q.with_axis(q.rank() - 1, columns).expect("small");
        shapes.extend([rows(2), rows(v[v.rank() - 1]), rows(1)]);
        let op = AttentionGrad { of, bias: bias.is_some() && g.bool() };
        shapes.extend(bias);
        // The logarithms of the sums are free here, so that weights are not held below 1: small scores keep
        // them from great ones that cancel.
        Sample::many(op, shapes.iter().map(|shape| g.values(shape, -0.5..0.5)).collect())
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |bias, x: &[&[usize]], says| {
            let of = Attention { scale: 1.0, causal: false };
            let shapes = x.iter().map(|x| Shape::from(*x)).collect();
            Reject::many(AttentionGrad { of, bias }, shapes, says)
        };
        let (q, k, v): (&[usize], &[usize], &[usize]) = (&[2, 3], &[4, 3], &[4, 5]);
        vec![
            bad(false, &[q, k, v, &[2, 2], &[2, 5]], "needs [2, 2], [2, 5], [2, 1] behind q, k and v"),
            bad(false, &[q, k, v, &[2, 2], &[2, 4], &[2, 1]], "not [[2, 2], [2, 4], [2, 1]]"),
            bad(true, &[q, k, v, &[2, 2], &[2, 5], &[2, 1]], "there is no bias behind"),
            bad(false, &[q, v, k, &[2, 2], &[2, 5], &[2, 1]], "needs q [.., queries, width]"),
        ]
    }
}

/// The weights, and dy·vᵀ less each row's number.
struct Inner<I: Interp> {
    p: Value<I>,
    slope: Value<I>,
}

impl AttentionGrad {
    fn inner<I: Interp>(&self, s: &Saved<'_, Self, I>) -> Inner<I> {
        let bias = (s.operands() == 7).then(|| s.x::<6>());
        let scores = self.of.scores(s.x::<0>(), s.x::<1>(), bias);
        let slope = by_rows(s.x::<4>(), s.x::<2>()) - s.x::<5>();
        Inner { p: Attention::weights(&scores, s.x::<3>()), slope }
    }
}
