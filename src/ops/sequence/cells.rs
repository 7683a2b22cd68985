//! One step of recurrent networks.
#![forbid(unsafe_code)]

use crate::{
    Float, Shape, Tensor,
    gradcheck::{Gen, Reject, Sample},
    kernels::cells,
    op::{Fix, One, Op, OpError, Saved, Saves},
    ops::arithmetic::add_tangents,
    tensor::Eager,
    value::{Arg, Interp, Value},
};

/// h′ = σ(o)·tanh(c′), c′ = σ(f)·c + σ(i)·tanh(g) for gates `[.., 4·hidden]` in the order i, f, g, o and
/// the memory c `[.., hidden]` (Hochreiter and Schmidhuber: Long Short-Term Memory, 1997; with the
/// forget gate of Gers and others, 2000).
#[derive(Clone, Copy, Debug)]
pub struct LstmGates;

/// h′ = (1 − z)·n + z·h with r = σ(xᵣ + uᵣ), z = σ(x_z + u_z), n = tanh(xₙ + r·uₙ), for the input's gates
/// x and the state's u, both `[.., 3·hidden]` in the order r, z, n, and the state h `[.., hidden]`
/// (Cho and others: Learning Phrase Representations, 2014; reset after the product).
#[derive(Clone, Copy, Debug)]
pub struct GruGates;

/// Refuses gates that are not `[.., count·hidden]` for a state `[.., hidden]`.
fn fits(op: &'static str, count: usize, gates: &Shape, state: &Shape) -> Result<(), OpError> {
    let fits = match (&gates[..], &state[..]) {
        ([outer @ .., wide], [rows @ .., width]) => outer == rows && width.checked_mul(count) == Some(*wide),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let why = format!("needs gates [.., {count}·hidden] and a state [.., hidden], not {gates} and {state}");
    Err(OpError::new(op, why))
}

/// A state, and gates for it.
#[inline]
fn sampled(g: &mut Gen, count: usize) -> (Shape, Shape) {
    let state = g.shape_of_rank(1, 3);
    let last = state.rank() - 1;
    let gates = state.with_axis(last, count * state[last]).expect("small");
    (gates, state)
}

/// The parts of the last axis.
fn parts<I: Interp, const N: usize>(gates: &Value<I>) -> [Value<I>; N] {
    let width = gates.shape()[gates.shape().rank() - 1] / N;
    gates.split(&[width; N], -1).try_into().expect("as many parts as sizes")
}

/// σ′ at σ = s.
fn sigmoid_slope<I: Interp>(s: &Value<I>) -> Value<I> {
    s * (1.0 - s)
}

/// tanh′ at tanh = t.
fn tanh_slope<I: Interp>(t: &Value<I>) -> Value<I> {
    1.0 - t * t
}

impl Op for LstmGates {
    type In = Fix<2>;
    type Out = Fix<2>;
    const NAME: &'static str = "lstm_gates";
    const SAVES: Saves = Saves::inputs([0, 1]).and(Saves::outputs([1]));

    fn shape(&self, [gates, c]: [&Shape; 2]) -> Result<[Shape; 2], OpError> {
        fits(Self::NAME, 4, gates, c)?;
        Ok([c.clone(), c.clone()])
    }

    fn eval<F: Float>(
        &self,
        [gates, c]: [Arg<'_, Eager<F>>; 2],
        [h, memory]: [Shape; 2],
    ) -> Result<[Tensor<F>; 2], OpError> {
        let width = h[h.rank() - 1];
        let memory = Tensor::filled(memory, |out| cells::lstm_memory(gates.slice(), c.slice(), width, out));
        let h = Tensor::filled(h, |out| cells::lstm_hidden(gates.slice(), memory.slice(), width, out));
        Ok([h, memory])
    }

    fn vjp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        [dh, dc]: [Option<Value<I>>; 2],
        want: [bool; 2],
    ) -> [Option<Value<I>>; 2] {
        let ([i, f, g, o], t) = (activated(s.x::<0>()), s.y::<1>().tanh());
        let through = dh.as_ref().map(|dh| dh * &o * tanh_slope(&t));
        let Some(dc) = add_tangents(dc, through) else { return [None, None] };
        let gates = want[0].then(|| {
            let o = match dh {
                Some(dh) => dh * &t * sigmoid_slope(&o),
                None => o.lift(Tensor::zeros(o.shape())),
            };
            let (input, forget) = (&dc * &g * sigmoid_slope(&i), &dc * s.x::<1>() * sigmoid_slope(&f));
            Value::concat(&[&input, &forget, &(&dc * &i * tanh_slope(&g)), &o], -1)
        });
        [gates, want[1].then(|| dc * f)]
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        [gates, dc]: [Option<&Value<I>>; 2],
    ) -> [Option<Value<I>>; 2] {
        let ([i, f, g, o], t) = (activated(s.x::<0>()), s.y::<1>().tanh());
        let kept = dc.map(|dc| dc * &f);
        let gates = gates.map(|gates| {
            let [di, df, dg, d_o] = parts(gates);
            let written = di * sigmoid_slope(&i) * &g + dg * tanh_slope(&g) * &i;
            (df * sigmoid_slope(&f) * s.x::<1>() + written, d_o * sigmoid_slope(&o) * &t)
        });
        let (written, shown) = gates.unzip();
        let memory = add_tangents(kept, written);
        let through = memory.as_ref().map(|memory| memory * o * tanh_slope(&t));
        [add_tangents(through, shown), memory]
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (gates, c) = sampled(g, 4);
        Sample::new(LstmGates, [g.values(&gates, -3.0..3.0), g.values(&c, -3.0..3.0)])
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |gates: &[usize], c: &[usize]| {
            Reject::new(LstmGates, [gates, c].map(Shape::from), "needs gates [.., 4·hidden] and a state")
        };
        vec![bad(&[2, 12], &[2, 4]), bad(&[2, 12], &[3, 3]), bad(&[8], &[]), bad(&[4, 8], &[2])]
    }
}

/// σ(i), σ(f), tanh(g), σ(o).
fn activated<I: Interp>(gates: &Value<I>) -> [Value<I>; 4] {
    let [i, f, g, o] = parts(gates);
    [i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()]
}

impl Op for GruGates {
    type In = Fix<3>;
    type Out = One;
    const NAME: &'static str = "gru_gates";
    const SAVES: Saves = Saves::inputs([0, 1, 2]);

    fn shape(&self, [x, u, h]: [&Shape; 3]) -> Result<Shape, OpError> {
        fits(Self::NAME, 3, x, h)?;
        fits(Self::NAME, 3, u, h)?;
        Ok(h.clone())
    }

    fn eval<F: Float>(&self, [x, u, h]: [Arg<'_, Eager<F>>; 3], out: Shape) -> Result<Tensor<F>, OpError> {
        let width = out[out.rank() - 1];
        Ok(Tensor::filled(out, |out| cells::gru(x.slice(), u.slice(), h.slice(), width, out)))
    }

    fn vjp<I: Interp>(&self, s: Saved<'_, Self, I>, dy: Value<I>, want: [bool; 3]) -> [Option<Value<I>>; 3] {
        let Gru { r, z, n, u } = Gru::new(s.x::<0>(), s.x::<1>());
        let dn = &dy * (1.0 - &z) * tanh_slope(&n);
        let dz = &dy * (s.x::<2>() - n) * sigmoid_slope(&z);
        let dr = &dn * u * sigmoid_slope(&r);
        let gates = |dn: &Value<I>| Value::concat(&[&dr, &dz, dn], -1);
        [want[0].then(|| gates(&dn)), want[1].then(|| gates(&(&dn * &r))), want[2].then(|| dy * z)]
    }

    fn jvp<I: Interp>(
        &self,
        s: Saved<'_, Self, I>,
        [dx, du, dh]: [Option<&Value<I>>; 3],
    ) -> Option<Value<I>> {
        let Gru { r, z, n, u } = Gru::new(s.x::<0>(), s.x::<1>());
        let gates = if dx.is_some() || du.is_some() {
            let zeros = || r.lift(Tensor::zeros(s.x_shape(0)));
            let [xr, xz, xn] = parts(&dx.cloned().unwrap_or_else(zeros));
            let [ur, uz, un] = parts(&du.cloned().unwrap_or_else(zeros));
            let dr = (xr + ur) * sigmoid_slope(&r);
            let dn = (xn + dr * u + r * un) * tanh_slope(&n);
            let dz = (xz + uz) * sigmoid_slope(&z);
            Some(dz * (s.x::<2>() - n) + (1.0 - &z) * dn)
        } else {
            None
        };
        add_tangents(gates, dh.map(|dh| dh * z))
    }

    #[inline]
    fn samples(g: &mut Gen) -> Sample<Self> {
        let (gates, h) = sampled(g, 3);
        Sample::new(
            GruGates,
            [g.values(&gates, -2.0..2.0), g.values(&gates, -2.0..2.0), g.values(&h, -2.0..2.0)],
        )
    }

    #[inline]
    fn rejects() -> Vec<Reject<Self>> {
        let bad = |x: &[usize], u: &[usize], h: &[usize]| {
            Reject::new(GruGates, [x, u, h].map(Shape::from), "needs gates [.., 3·hidden] and a state")
        };
        vec![bad(&[2, 12], &[2, 12], &[2, 3]), bad(&[2, 9], &[1, 9], &[2, 3]), bad(&[6], &[6], &[])]
    }
}

/// r, z, n of a gated unit, and the state's share of n before r meets it.
struct Gru<I: Interp> {
    r: Value<I>,
    z: Value<I>,
    n: Value<I>,
    u: Value<I>,
}

impl<I: Interp> Gru<I> {
    fn new(x: &Value<I>, u: &Value<I>) -> Self {
        let ([xr, xz, xn], [ur, uz, u]) = (parts(x), parts(u));
        let r = (xr + ur).sigmoid();
        let n = (xn + &r * &u).tanh();
        Gru { r, z: (xz + uz).sigmoid(), n, u }
    }
}

/// The weights of a cell: of `gates` blocks of `hidden` rows each, in the order of the cell.
#[derive(Clone, Debug)]
pub struct CellWeights<'a, I: Interp> {
    /// For the input: `[gates·hidden, in]`.
    pub weight_ih: &'a Value<I>,
    /// For the state: `[gates·hidden, hidden]`.
    pub weight_hh: &'a Value<I>,
    /// Added to the input's product: `[gates·hidden]`.
    pub bias_ih: Option<&'a Value<I>>,
    /// Added to the state's product: `[gates·hidden]`.
    pub bias_hh: Option<&'a Value<I>>,
}

impl<I: Interp> CellWeights<'_, I> {
    /// The products with the input `[.., in]` and with the state `[.., hidden]`.
    #[track_caller]
    fn products(&self, cell: &str, gates: usize, x: &Value<I>, h: &Value<I>) -> [Value<I>; 2] {
        let CellWeights { weight_ih, weight_hh, bias_ih, bias_hh } = self;
        let sizes = match (&x.shape()[..], &h.shape()[..]) {
            ([rows @ .., input], [same @ .., hidden]) if rows == same => Some((*input, *hidden)),
            _ => None,
        };
        let fits = sizes.is_some_and(|(input, hidden)| {
            hidden.checked_mul(gates).is_some_and(|wide| {
                let biases = bias_ih.iter().chain(bias_hh);
                weight_ih.shape()[..] == [wide, input]
                    && weight_hh.shape()[..] == [wide, hidden]
                    && biases.into_iter().all(|bias| bias.shape()[..] == [wide])
            })
        });
        if !fits {
            let bias = |bias: &Option<&Value<I>>| bias.map_or("no bias".into(), |b| b.shape().to_string());
            panic!(
                "gradtape: {cell}: needs [.., in], [.., hidden] and weights [{gates}·hidden, in] and \
                 [{gates}·hidden, hidden], biases [{gates}·hidden], not {}, {}, {}, {}, {}, {}",
                x.shape(),
                h.shape(),
                weight_ih.shape(),
                weight_hh.shape(),
                bias(bias_ih),
                bias(bias_hh)
            );
        }
        let affine = |x: &Value<I>, w: &Value<I>, b: &Option<&Value<I>>| match b {
            Some(b) => x.linear(w, b),
            None => x.linear(w, &w.lift(Tensor::zeros([w.shape()[0]]))),
        };
        [affine(x, weight_ih, bias_ih), affine(h, weight_hh, bias_hh)]
    }

    #[track_caller]
    fn sum(&self, cell: &str, gates: usize, x: &Value<I>, h: &Value<I>) -> Value<I> {
        let [x, h] = self.products(cell, gates, x, h);
        x + h
    }
}

impl<I: Interp> Value<I> {
    /// One step of a long short-term memory from this input `[.., in]`, the state h and the memory c, both
    /// `[.., hidden]`; the new state and the new memory. The gates' order is i, f, g, o, see [`LstmGates`].
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn lstm_cell(&self, h: &Self, c: &Self, weights: &CellWeights<'_, I>) -> (Self, Self) {
        let gates = weights.sum("lstm_cell", 4, self, h);
        let (state, memory) = (h.shape(), c.shape());
        assert!(state == memory, "gradtape: lstm_cell: a memory {memory} for a state {state}");
        let [h, c] = Value::apply(LstmGates, [gates.into(), c.into()]);
        (h, c)
    }

    /// One step of a gated recurrent unit from this input `[.., in]` and the state h `[.., hidden]`; the new
    /// state. The gates' order is r, z, n, see [`GruGates`].
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn gru_cell(&self, h: &Self, weights: &CellWeights<'_, I>) -> Self {
        let [x, u] = weights.products("gru_cell", 3, self, h);
        Value::apply(GruGates, [x.into(), u.into(), h.into()])
    }

    /// One step of a plain recurrent network (Elman: Finding Structure in Time, 1990) from this input
    /// `[.., in]` and the state h `[.., hidden]`: tanh(W·x + b + U·h + b′).
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn rnn_tanh_cell(&self, h: &Self, weights: &CellWeights<'_, I>) -> Self {
        weights.sum("rnn_tanh_cell", 1, self, h).tanh()
    }

    /// As [`rnn_tanh_cell`](Self::rnn_tanh_cell), with relu.
    ///
    /// # Panics
    /// When the shapes do not fit.
    #[track_caller]
    pub fn rnn_relu_cell(&self, h: &Self, weights: &CellWeights<'_, I>) -> Self {
        weights.sum("rnn_relu_cell", 1, self, h).relu()
    }
}

/// Operands in the order of the samples: input, states, weights, and biases as far as there are any.
fn weights<I: Interp>(w: &[Value<I>]) -> CellWeights<'_, I> {
    CellWeights { weight_ih: &w[0], weight_hh: &w[1], bias_ih: w.get(2), bias_hh: w.get(3) }
}

/// Input, `states` states, weights and biases.
#[inline]
fn sampled_cell(g: &mut Gen, gates: usize, states: usize) -> Vec<Tensor<f64>> {
    let outer = g.shape(2);
    let (input, hidden) = (g.dim(), g.int(1, 3));
    let wide = gates * hidden;
    let row = |last| Shape::from(&[outer.dims(), &[last]].concat()[..]);
    let mut shapes = vec![row(input)];
    shapes.extend(std::iter::repeat_n(row(hidden), states));
    shapes.extend([Shape::from([wide, input]), Shape::from([wide, hidden])]);
    shapes.extend(std::iter::repeat_n(Shape::from([wide]), g.int(0, 2)));
    shapes.iter().map(|shape| g.values(shape, -1.0..1.0)).collect()
}

composition!(
    LstmCell(()),
    "lstm_cell",
    |_, x| {
        let (h, c) = x[0].lstm_cell(&x[1], &x[2], &weights(&x[3..]));
        vec![h, c]
    },
    |g| ((), sampled_cell(g, 4, 2))
);

composition!(GruCell(()), "gru_cell", |_, x| vec![x[0].gru_cell(&x[1], &weights(&x[2..]))], |g| {
    ((), sampled_cell(g, 3, 1))
});

composition!(
    RnnTanhCell(()),
    "rnn_tanh_cell",
    |_, x| vec![x[0].rnn_tanh_cell(&x[1], &weights(&x[2..]))],
    |g| ((), sampled_cell(g, 1, 1))
);

composition!(
    RnnReluCell(()),
    "rnn_relu_cell",
    |_, x| vec![x[0].rnn_relu_cell(&x[1], &weights(&x[2..]))],
    |g| {
        let mut x = sampled_cell(g, 1, 1);
        // At a distance from the corner on either side: states and weights of one sign each.
        let side = if g.bool() { 1.0 } else { -1.0 };
        for (place, x) in x.iter_mut().enumerate() {
            let sign = if place < 2 { 1.0 } else { side };
            *x = x.map(|v| sign * (v.abs() + 0.25));
        }
        ((), x)
    }
);
