//! Layers against PyTorch and against finite differences, in training and in evaluation, and what they
//! refuse.

use gradtape::gradcheck::gradcheck;
use gradtape::nn::*;
use gradtape::ops::{AvgPoolOptions, ConvTransposeOptions, Indices, MaxPoolOptions, PadMode, Padding};
use gradtape::{Record, Tape, Tensor, Var, random::Rng};

/// A layer as the checks see it, so that they are compiled once.
trait Layer {
    fn run<'t>(&self, cx: &Ctx<'_, Record<'t, f64>>, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>>;
}

impl<M: Module> Layer for M {
    fn run<'t>(&self, cx: &Ctx<'_, Record<'t, f64>>, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        vec![self.forward(cx, x[0].clone())]
    }
}

/// A layer of several inputs or outputs, by how it is run.
struct Run<R>(R);

impl<R> Layer for Run<R>
where
    R: for<'c, 't> Fn(&Ctx<'c, Record<'t, f64>>, &[Var<'t, f64>]) -> Vec<Var<'t, f64>>,
{
    fn run<'t>(&self, cx: &Ctx<'_, Record<'t, f64>>, x: &[Var<'t, f64>]) -> Vec<Var<'t, f64>> {
        (self.0)(cx, x)
    }
}

fn run<R>(run: R) -> Box<dyn Layer>
where
    R: for<'c, 't> Fn(&Ctx<'c, Record<'t, f64>>, &[Var<'t, f64>]) -> Vec<Var<'t, f64>> + 'static,
{
    Box::new(Run(run))
}

type Make = fn(&mut Params<f64>) -> Box<dyn Layer>;

/// A block of `fixtures/layers.txt`; the script beside it says what is in it.
#[derive(Default)]
struct Fixture {
    name: String,
    /// None where training and evaluation are the same.
    training: Option<bool>,
    inputs: Vec<Tensor<f64>>,
    /// Parameters and buffers.
    state: Vec<(String, Tensor<f64>)>,
    outputs: Vec<Tensor<f64>>,
    cotangents: Vec<Tensor<f64>>,
    gradients: Vec<Tensor<f64>>,
    parameter_gradients: Vec<(String, Tensor<f64>)>,
    buffers_after: Vec<(String, Tensor<f64>)>,
}

fn fixtures() -> Vec<Fixture> {
    include_str!("fixtures/layers.txt").trim_end().split("\n\n").map(fixture).collect()
}

fn fixture(block: &str) -> Fixture {
    let mut lines = block.lines();
    let mut head = lines.next().unwrap().split(' ');
    let name = head.next().unwrap().to_owned();
    let mut case = Fixture { name, training: head.next().map(|mode| mode == "train"), ..Fixture::default() };
    for line in lines {
        let (kind, rest) = line.split_once(' ').unwrap();
        let (name, rest) = rest.split_at(rest.find('[').unwrap());
        let (named, value) = (format!("layer.{}", name.trim_end()), tensor(rest));
        match kind {
            "x" => case.inputs.push(value),
            "p" | "b" => case.state.push((named, value)),
            "y" => case.outputs.push(value),
            "u" => case.cotangents.push(value),
            "g" => case.gradients.push(value),
            "d" => case.parameter_gradients.push((named, value)),
            "a" => case.buffers_after.push((named, value)),
            other => panic!("{}: a line of kind {other}", case.name),
        }
    }
    case
}

/// `[2,3] 0.5 -1.0 …`: a shape and the elements.
fn tensor(text: &str) -> Tensor<f64> {
    let mut words = text.split(' ');
    let shape = words.next().unwrap().trim_matches(['[', ']']);
    let shape: Vec<usize> = shape.split(',').filter(|d| !d.is_empty()).map(|d| d.parse().unwrap()).collect();
    Tensor::new(words.map(|word| word.parse().unwrap()).collect(), &shape[..])
}

#[track_caller]
fn near(what: &str, found: &Tensor<f64>, expected: &Tensor<f64>) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (a, b) in found.slice().iter().zip(expected.slice()) {
        assert!((a - b).abs() <= 1e-9 * b.abs().max(1.0), "{what}: {found:?} against {expected:?}");
    }
}

/// The layer of a case, with the weights of the fixture, which must be all there are and no others.
fn made(make: Make, case: &Fixture) -> (Params<f64>, Box<dyn Layer>) {
    let mut params = Params::seeded(1);
    let layer = params.at("layer", make);
    params.assign(&case.state, &Load::default()).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    (params, layer)
}

/// Outputs, gradients and buffers, as PyTorch has them.
fn follows_pytorch(make: Make, case: &Fixture, training: bool) {
    let (mut params, layer) = made(make, case);
    let what = |part: &str| format!("{} ({}): {part}", case.name, if training { "train" } else { "eval" });
    let (tape, rng) = (Tape::new(), Rng::new(1));
    let values: Vec<Var<'_, f64>> = lifted(&params, |value| tape.var(value), |value| tape.constant(value));
    let cx = Ctx::new(values.clone(), training.then_some(&rng));
    let x: Vec<_> = case.inputs.iter().map(|x| tape.var(x.clone())).collect();
    let y = layer.run(&cx, &x);
    assert_eq!(y.len(), case.outputs.len(), "{}", what("outputs"));
    let mut total = tape.constant(Tensor::scalar(0.0));
    for ((y, expected), u) in y.iter().zip(&case.outputs).zip(&case.cotangents) {
        near(&what("output"), y.tensor(), expected);
        total = total + (y * tape.constant(u.clone())).sum();
    }
    let gradients = total.backward();
    let gradient =
        |var: &Var<'_, f64>| gradients.get(var).cloned().unwrap_or_else(|| Tensor::zeros(var.shape()));
    for (x, expected) in x.iter().zip(&case.gradients) {
        near(&what("gradient of an input"), &gradient(x), expected);
    }
    let names: Vec<String> = params.iter().map(|(name, _)| name.to_owned()).collect();
    for (name, expected) in &case.parameter_gradients {
        let place = names.iter().position(|other| other == name).unwrap();
        near(&what(name), &gradient(&values[place]), expected);
    }
    // A pass of its own through the arena, for the buffers.
    if training && !case.buffers_after.is_empty() {
        let grads = {
            let cx = params.train(&tape, &rng);
            let x = case.inputs.iter().map(|x| tape.var(x.clone())).collect::<Vec<_>>();
            let y = layer.run(&cx, &x);
            // A layer without parameters has buffers all the same.
            let loss = y[0].sum();
            cx.backward(loss)
        };
        params.set_buffers(&grads);
    }
    for (name, expected) in &case.buffers_after {
        near(&what(name), params.get(params.find(name).unwrap()), expected);
    }
}

/// All values in the order of their ids.
fn lifted<'t>(
    params: &Params<f64>,
    parameter: impl Fn(Tensor<f64>) -> Var<'t, f64>,
    buffer: impl Fn(Tensor<f64>) -> Var<'t, f64>,
) -> Vec<Var<'t, f64>> {
    let lift = |(name, value): (&str, &Tensor<f64>)| {
        let value = value.clone();
        if params.is_buffer(params.find(name).unwrap()) { buffer(value) } else { parameter(value) }
    };
    params.iter().map(lift).collect()
}

/// First and second order, of inputs and parameters.
fn passes_gradcheck(make: Make, case: &Fixture, training: bool) {
    if case.name == "embedding_padded" {
        return; // the padding has no gradient, though the output depends on it
    }
    if case.training.is_none() && !training {
        return; // the same numbers as in training, as the other test has seen
    }
    let (params, layer) = made(make, case);
    let rng = Rng::new(1);
    let count = case.inputs.len();
    let trained =
        params.iter().filter(|(name, _)| !params.is_buffer(params.find(name).unwrap())).map(|(_, v)| v);
    let all: Vec<Tensor<f64>> = case.inputs.iter().chain(trained).cloned().collect();
    gradcheck(|v| joined(layer_outputs(&*layer, &params, v, count, training.then_some(&rng))), &all)
        .unwrap_or_else(|failure| panic!("{} ({training}): {failure}", case.name));
}

fn layer_outputs<'t>(
    layer: &dyn Layer,
    params: &Params<f64>,
    v: &[Var<'t, f64>],
    inputs: usize,
    rng: Option<&Rng>,
) -> Vec<Var<'t, f64>> {
    let rest = std::cell::RefCell::new(v[inputs..].iter());
    let next = |_| rest.borrow_mut().next().unwrap().clone();
    let values = lifted(params, next, |value| v[0].lift(value));
    layer.run(&Ctx::new(values, rng), &v[..inputs])
}

fn joined<'t>(outputs: Vec<Var<'t, f64>>) -> Var<'t, f64> {
    let flat: Vec<_> = outputs.iter().map(|y| y.flatten(0, -1)).collect();
    Var::concat(&flat.iter().collect::<Vec<_>>(), 0)
}

const SMALL: TransformerOptions = TransformerOptions {
    dim_feedforward: 6,
    dropout: 0.0,
    activation: FeedForward::Relu,
    layer_norm_eps: 1e-5,
    norm_first: false,
    bias: true,
};

/// The last key of the second sample is none.
fn padding(keys: usize) -> Tensor<f64> {
    Tensor::from_fn([2, keys], |i| if i == 2 * keys - 1 { 1.0 } else { 0.0 })
}

/// 1 for a key after the query's place.
fn future() -> Tensor<f64> {
    Tensor::from_fn([3, 3], |i| if i % 3 > i / 3 { 1.0 } else { 0.0 })
}

fn attended<'t>((y, weights): (Var<'t, f64>, Var<'t, f64>)) -> Vec<Var<'t, f64>> {
    vec![y, weights]
}

fn words(layer: Embedding) -> Box<dyn Layer> {
    run(move |cx, _| vec![layer.look_up(cx, &Indices::new(vec![0, 3, 3, 4, 1, 0], [2, 3]))])
}

fn decoder(layer: TransformerDecoderLayer) -> Box<dyn Layer> {
    run(move |cx, x| {
        let padding = padding(2);
        let of_memory = AttentionMasks { key_padding_mask: Some(&padding), ..Default::default() };
        vec![layer.decode(cx, x[0].clone(), &x[1], [&AttentionMasks::causal(), &of_memory])]
    })
}

/// The states to start with are the inputs after the first, if there are any.
fn recurrent<C: Cell + 'static>(layer: Recurrent<C>, lengths: Option<&'static [usize]>) -> Box<dyn Layer> {
    run(move |cx, x| {
        let start = (x.len() > 1).then(|| &x[1..]);
        let (y, states) = layer.run(cx, &x[0], Sequences { start, lengths });
        [vec![y], states].concat()
    })
}

/// The layers of `fixtures/layers.py` but those below.
const LAYERS: &[(&str, Make)] = &[
    ("linear", |p| Box::new(Linear::new(p, 3, 4))),
    ("linear_without_bias", |p| Box::new(Linear::without_bias(p, 3, 4))),
    ("bilinear", |p| {
        let layer = Bilinear::new(p, [2, 3], 4);
        run(move |cx, x| vec![layer.forward(cx, &x[0], &x[1])])
    }),
    ("conv1d", |p| Box::new(Conv1d::new(p, 2, 3, 3))),
    ("conv1d_replicate", |p| {
        let options = Conv1dOptions {
            stride: 2.into(),
            padding: 2.into(),
            groups: 2,
            padding_mode: PadMode::Replicate,
            ..Default::default()
        };
        Box::new(Conv1d::with(p, 2, 4, 3, options))
    }),
    ("conv2d", |p| {
        let (stride, padding) = ([2, 1].into(), [1, 0].into());
        let options = Conv2dOptions { stride, padding, bias: false, ..Default::default() };
        Box::new(Conv2d::with(p, 2, 3, [2, 3], options))
    }),
    ("conv2d_reflect", |p| {
        let (padding, dilation) = ([2, 1].into(), [1, 2].into());
        let options =
            Conv2dOptions { padding, dilation, padding_mode: PadMode::Reflect, ..Default::default() };
        Box::new(Conv2d::with(p, 1, 2, 3, options))
    }),
    ("conv2d_same", |p| {
        let options =
            Conv2dOptions { padding: Padding::Same, padding_mode: PadMode::Circular, ..Default::default() };
        Box::new(Conv2d::with(p, 2, 2, [4, 3], options))
    }),
    ("conv3d", |p| {
        let options =
            Conv3dOptions { padding: 1.into(), padding_mode: PadMode::Circular, ..Default::default() };
        Box::new(Conv3d::with(p, 1, 2, 2, options))
    }),
    ("conv_transpose1d", |p| {
        let options =
            ConvTransposeOptions { stride: 2.into(), output_padding: 1.into(), ..Default::default() };
        Box::new(ConvTranspose1d::with(p, 2, 3, 3, true, options))
    }),
    ("conv_transpose2d", |p| {
        let (stride, padding) = ([2, 1].into(), 1.into());
        let options = ConvTransposeOptions { stride, padding, groups: 2, ..Default::default() };
        Box::new(ConvTranspose2d::with(p, 4, 2, 3, false, options))
    }),
    ("max_pool1d", |_| {
        let options = MaxPoolOptions { stride: Some(2.into()), padding: 1.into(), ..Default::default() };
        Box::new(MaxPool1d::with(3, options))
    }),
    ("max_pool2d", |_| Box::new(MaxPool2d::new([2, 3]))),
    ("avg_pool1d", |_| Box::new(AvgPool1d::new(2))),
    ("avg_pool2d", |_| {
        let (stride, padding) = (Some(2.into()), 1.into());
        let options = AvgPoolOptions { stride, padding, count_include_pad: false, ..Default::default() };
        Box::new(AvgPool2d::with(3, options))
    }),
    ("lp_pool2d", |_| Box::new(LpPool2d::new(2.0, 2))),
    ("adaptive_avg_pool1d", |_| Box::new(AdaptiveAvgPool1d::new(3))),
    ("adaptive_avg_pool2d", |_| Box::new(AdaptiveAvgPool2d::new([2, 3]))),
    ("adaptive_max_pool1d", |_| Box::new(AdaptiveMaxPool1d::new(3))),
    ("adaptive_max_pool2d", |_| Box::new(AdaptiveMaxPool2d::new(2))),
    ("global_avg_pool", |_| Box::new(GlobalAvgPool)),
    ("global_max_pool", |_| Box::new(GlobalMaxPool)),
    ("batch_norm1d", |p| Box::new(BatchNorm1d::new(p, 3))),
    ("batch_norm1d_length", |p| {
        let options = BatchNormOptions { eps: 1e-2, momentum: None, ..Default::default() };
        Box::new(BatchNorm1d::with(p, 2, options))
    }),
    ("batch_norm2d", |p| {
        let options = BatchNormOptions { momentum: Some(0.3), affine: false, ..Default::default() };
        Box::new(BatchNorm2d::with(p, 2, options))
    }),
    ("batch_norm2d_of_the_batch", |p| {
        let options = BatchNormOptions { track_running_stats: false, ..Default::default() };
        Box::new(BatchNorm2d::with(p, 2, options))
    }),
    ("layer_norm", |p| Box::new(LayerNorm::new(p, [3, 4]))),
    ("layer_norm_without_bias", |p| {
        let options = LayerNormOptions { eps: 1e-3, bias: false, ..Default::default() };
        Box::new(LayerNorm::with(p, [4], options))
    }),
    ("rms_norm", |p| Box::new(RmsNorm::new(p, [4]))),
    ("rms_norm_plain", |p| Box::new(RmsNorm::with(p, [3, 4], 1e-2, false))),
    ("group_norm", |p| Box::new(GroupNorm::new(p, 2, 4))),
    ("instance_norm1d", |p| Box::new(InstanceNorm1d::new(p, 2))),
    ("instance_norm2d", |p| {
        let options = InstanceNormOptions { affine: true, track_running_stats: true, ..Default::default() };
        Box::new(InstanceNorm2d::with(p, 2, options))
    }),
    ("flatten", |_| Box::new(Flatten)),
    ("flatten_axes", |_| Box::new(FlattenAxes(0, -2))),
    ("unflatten", |_| Box::new(Unflatten::new(1, [2, 3]))),
    ("relu", |_| Box::new(Relu)),
    ("relu6", |_| Box::new(Relu6)),
    ("tanh", |_| Box::new(Tanh)),
    ("sigmoid", |_| Box::new(Sigmoid)),
    ("log_sigmoid", |_| Box::new(LogSigmoid)),
    ("gelu", |_| Box::new(Gelu)),
    ("gelu_tanh", |_| Box::new(GeluTanh)),
    ("silu", |_| Box::new(Silu)),
    ("mish", |_| Box::new(Mish)),
    ("selu", |_| Box::new(Selu)),
    ("hardsigmoid", |_| Box::new(Hardsigmoid)),
    ("hardswish", |_| Box::new(Hardswish)),
    ("softsign", |_| Box::new(Softsign)),
    ("tanhshrink", |_| Box::new(Tanhshrink)),
    ("softmax", |_| Box::new(Softmax)),
    ("softmin", |_| Box::new(Softmin)),
    ("log_softmax", |_| Box::new(LogSoftmax)),
    ("glu", |_| Box::new(Glu)),
    ("leaky_relu", |_| Box::new(LeakyRelu::default())),
    ("elu", |_| Box::new(Elu::default())),
    ("celu", |_| Box::new(Celu { alpha: 0.5 })),
    ("softplus", |_| Box::new(Softplus { beta: 2.0 })),
    ("hardshrink", |_| Box::new(Hardshrink::default())),
    ("softshrink", |_| Box::new(Softshrink::default())),
    ("hardtanh", |_| Box::new(Hardtanh { min: -0.5, max: 1.5 })),
    ("threshold", |_| Box::new(Threshold { threshold: 0.2, value: -1.0 })),
    ("prelu", |p| Box::new(Prelu::new(p, 1))),
    ("prelu_channels", |p| Box::new(Prelu::new(p, 3))),
    ("rrelu", |_| Box::new(Rrelu::default())),
];

/// The layers of sequences.
const SEQUENCES: &[(&str, Make)] = &[
    ("embedding", |p| words(Embedding::new(p, 5, 3))),
    ("embedding_padded", |p| words(Embedding::padded(p, 5, 3, 3))),
    ("learned_positions", |p| Box::new(LearnedPositions::new(p, 5, 4))),
    ("attention", |p| Box::new(MultiheadAttention::new(p, 4, 2))),
    ("attention_causal", |p| {
        let options = AttentionOptions { bias: false, ..Default::default() };
        let layer = MultiheadAttention::with(p, 4, 2, options);
        run(move |cx, x| {
            let (is_causal, padding) = (true, padding(3));
            let masks = AttentionMasks { is_causal, key_padding_mask: Some(&padding), ..Default::default() };
            attended(layer.attend(cx, [&x[0]; 3], masks))
        })
    }),
    ("attention_cross", |p| {
        let options = AttentionOptions { kdim: Some(3), vdim: Some(5), ..Default::default() };
        let layer = MultiheadAttention::with(p, 4, 2, options);
        run(move |cx, x| {
            let padding = padding(3);
            let masks = AttentionMasks { key_padding_mask: Some(&padding), ..Default::default() };
            attended(layer.attend(cx, [&x[0], &x[1], &x[2]], masks))
        })
    }),
    ("attention_biased", |p| {
        let layer = MultiheadAttention::new(p, 4, 1);
        run(move |cx, x| {
            let masks = AttentionMasks { attn_bias: Some(&x[1]), ..Default::default() };
            vec![layer.attend(cx, [&x[0]; 3], masks).0]
        })
    }),
    ("encoder_layer", |p| Box::new(TransformerEncoderLayer::with(p, 4, 2, SMALL))),
    ("encoder_layer_masked", |p| {
        let (activation, norm_first) = (FeedForward::Gelu, true);
        let options =
            TransformerOptions { activation, norm_first, layer_norm_eps: 1e-3, bias: false, ..SMALL };
        let layer = TransformerEncoderLayer::with(p, 4, 2, options);
        run(move |cx, x| {
            let (attn_mask, padding) = (future(), padding(3));
            let masks = AttentionMasks {
                attn_mask: Some(&attn_mask),
                key_padding_mask: Some(&padding),
                ..Default::default()
            };
            vec![layer.encode(cx, x[0].clone(), &masks)]
        })
    }),
    ("encoder", |p| {
        let options = TransformerOptions { norm_first: true, ..SMALL };
        Box::new(TransformerEncoder::new(p, 2, 4, 2, options, true))
    }),
    ("decoder_layer", |p| decoder(TransformerDecoderLayer::with(p, 4, 2, SMALL))),
    ("decoder_layer_norm_first", |p| {
        let options = TransformerOptions { norm_first: true, activation: FeedForward::Gelu, ..SMALL };
        decoder(TransformerDecoderLayer::with(p, 4, 2, options))
    }),
    ("rnn", |p| recurrent(Rnn::new(p, 3, 2), None)),
    ("relu_rnn", |p| {
        let options = RecurrentOptions { cell: RnnCell::Relu, bias: false, ..Default::default() };
        recurrent(Rnn::with(p, 3, 2, options), None)
    }),
    ("lstm", |p| recurrent(Lstm::new(p, 3, 2), None)),
    ("lstm_padded", |p| {
        let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..Default::default() };
        recurrent(Lstm::with(p, 3, 2, options), Some(&[4, 2]))
    }),
    ("gru", |p| {
        recurrent(Gru::with(p, 3, 2, RecurrentOptions { num_layers: 2, ..Default::default() }), None)
    }),
    ("gru_padded", |p| {
        let options = RecurrentOptions { bidirectional: true, bias: false, ..Default::default() };
        recurrent(Gru::with(p, 3, 2, options), Some(&[4, 2]))
    }),
];

/// Each block with its layer, in the modes it is of.
fn each(cases: &[(&str, Make)], check: impl Fn(Make, &Fixture, bool)) {
    let blocks = fixtures();
    for (name, make) in cases {
        let mut of_it = blocks.iter().filter(|case| case.name == *name).peekable();
        assert!(of_it.peek().is_some(), "{name} has no fixture");
        for case in of_it {
            match case.training {
                Some(training) => check(*make, case, training),
                None => [true, false].into_iter().for_each(|training| check(*make, case, training)),
            }
        }
    }
}

#[test]
fn every_fixture_has_a_layer() {
    for case in fixtures() {
        let known = LAYERS.iter().chain(SEQUENCES).any(|(name, _)| *name == case.name);
        assert!(known, "{} has no layer", case.name);
    }
}

#[test]
fn layers_follow_pytorch() {
    each(LAYERS, follows_pytorch);
    each(SEQUENCES, follows_pytorch);
}

#[test]
fn layers_pass_gradcheck_in_both_orders() {
    each(LAYERS, passes_gradcheck);
}

#[test]
fn layers_of_sequences_pass_gradcheck_in_both_orders() {
    each(SEQUENCES, passes_gradcheck);
}

fn refused(f: impl FnOnce()) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err("a refusal");
    payload
        .downcast_ref::<String>()
        .cloned()
        .unwrap_or_else(|| payload.downcast_ref::<&str>().unwrap().to_string())
}

/// What a layer says to an input, in training.
fn refused_input(make: Make, shape: &[usize]) -> String {
    let mut params = Params::seeded(1);
    let layer = make(&mut params);
    let (tape, rng) = (Tape::new(), Rng::new(1));
    refused(|| drop(layer.run(&params.train(&tape, &rng), &[tape.constant(Tensor::ones(shape))])))
}

#[test]
fn inputs_that_do_not_fit_are_refused_with_what_was_expected() {
    let cases: &[(Make, &[usize], &str)] = &[
        (
            |p| Box::new(BatchNorm1d::new(p, 3)),
            &[1, 3],
            "batch_norm: needs more than 1 value per channel to train, not [1, 3]",
        ),
        (
            |p| Box::new(BatchNorm1d::new(p, 3)),
            &[2, 4],
            "batch_norm: needs [batch, 3] and 1 spatial axes, not [2, 4]",
        ),
        (
            |p| Box::new(BatchNorm2d::new(p, 3)),
            &[2, 3],
            "batch_norm: needs [batch, 3] and 2 spatial axes, not [2, 3]",
        ),
        (
            |p| Box::new(InstanceNorm1d::new(p, 3)),
            &[2, 3, 1],
            "instance_norm: needs more than 1 value per channel and sample, not [2, 3, 1]",
        ),
        (
            |p| Box::new(InstanceNorm2d::new(p, 3)),
            &[2, 4, 2, 2],
            "instance_norm: needs [batch, 3] and 2 spatial axes",
        ),
        (
            |p| Box::new(LayerNorm::new(p, [3, 4])),
            &[2, 4, 4],
            "layer_norm: needs last axes [3, 4], not [2, 4, 4]",
        ),
        (|p| Box::new(RmsNorm::new(p, [4])), &[4, 3], "rms_norm: needs last axes [4], not [4, 3]"),
        (|p| Box::new(GroupNorm::new(p, 2, 4)), &[2, 6], "group_norm: needs [batch, 4, ..], not [2, 6]"),
        (|p| Box::new(Prelu::new(p, 3)), &[2, 4], "prelu: needs [batch, 3, ..], not [2, 4]"),
        (
            |_| Box::new(Dropout2d(0.5)),
            &[2, 4],
            "dropout2d: needs [batch, channels] or [channels] and 2 spatial axes, not [2, 4]",
        ),
        (|_| Box::new(Dropout(1.5)), &[2], "dropout: a probability in [0, 1), not 1.5"),
        (|_| Box::new(DropPath(-0.5)), &[2], "dropout: a probability in [0, 1), not -0.5"),
        (|p| Box::new(Conv2d::new(p, 2, 3, 3)), &[1, 3, 5, 5], "conv"),
        (|_| Box::new(Concat::new(1, (Relu, GlobalAvgPool))), &[2, 3, 4], "concat"),
        (|p| Box::new(Embedding::new(p, 1, 2)), &[2], "embedding"),
        (
            |p| Box::new(MultiheadAttention::new(p, 4, 2)),
            &[2, 4],
            "attention: needs [batch, time, 4], keys and values of the same batch, not [2, 4]",
        ),
        (
            |p| Box::new(TransformerEncoderLayer::new(p, 4, 2)),
            &[2, 3, 6],
            "attention: needs [batch, time, 4]",
        ),
        (|p| Box::new(Lstm::new(p, 3, 2)), &[2, 4, 5], "lstm: needs [batch, time, 3], not [2, 4, 5]"),
        (|p| Box::new(Gru::new(p, 3, 2)), &[2, 0, 3], "gru: needs [batch, time, 3], not [2, 0, 3]"),
        (
            |p| recurrent(Rnn::new(p, 3, 2), Some(&[5, 1])),
            &[2, 4, 3],
            "rnn: needs 2 lengths of at most 4, not [5, 1]",
        ),
        (
            |_| Box::new(SinusoidalPositions),
            &[2, 3],
            "sinusoidal positions: needs [batch, time, width], not [2, 3]",
        ),
        (
            |p| Box::new(LearnedPositions::new(p, 2, 4)),
            &[1, 3, 4],
            "learned positions: needs [batch, at most 2, 4], not [1, 3, 4]",
        ),
        (|_| Box::new(Reshape::new([3, 3])), &[2, 4], "reshape"),
    ];
    for &(make, shape, expected) in cases {
        let message = refused_input(make, shape);
        assert!(message.starts_with("gradtape: ") && message.contains(expected), "{message}: not {expected}");
    }
}

#[test]
fn options_that_are_none_are_refused_with_what_was_expected() {
    let cases: &[(Make, &str)] = &[
        (
            |p| Box::new(Conv1d::with(p, 3, 4, 3, Conv1dOptions { groups: 2, ..Default::default() })),
            "conv: 2 groups do not divide 4 and 3 channels",
        ),
        (|p| Box::new(Conv2d::new(p, 1, 1, [1, 2, 3])), "conv: kernel [1, 2, 3] for 2 axes"),
        (
            |p| {
                Box::new(Conv2d::with(
                    p,
                    1,
                    1,
                    1,
                    Conv2dOptions { stride: [1, 1, 1].into(), ..Default::default() },
                ))
            },
            "conv: stride [1, 1, 1] for 2 axes",
        ),
        (|p| Box::new(MultiheadAttention::new(p, 4, 3)), "attention: 3 heads do not divide the width 4"),
        (|p| Box::new(Embedding::padded(p, 3, 2, 3)), "embedding: padding 3 is not below the count 3"),
        (
            |p| Box::new(Lstm::with(p, 3, 2, RecurrentOptions { dropout: 1.0, ..Default::default() })),
            "lstm: a dropout in [0, 1), not 1",
        ),
        (
            |p| Box::new(Gru::with(p, 3, 2, RecurrentOptions { num_layers: 0, ..Default::default() })),
            "gru: needs a layer and a feature, not 0 and 2",
        ),
        (|p| Box::new(GroupNorm::new(p, 3, 4)), "group_norm: 3 groups do not divide 4 channels"),
        (
            |p| {
                Box::new(BatchNorm1d::with(
                    p,
                    1,
                    BatchNormOptions { momentum: Some(1.5), ..Default::default() },
                ))
            },
            "batch_norm: a momentum in [0, 1], not Some(1.5)",
        ),
        (
            |p| Box::new(LayerNorm::with(p, [2], LayerNormOptions { eps: -1.0, ..Default::default() })),
            "layer_norm: an eps of at least 0, not -1",
        ),
    ];
    for &(make, expected) in cases {
        let message = refused(|| drop(make(&mut Params::seeded(1))));
        assert!(message.starts_with("gradtape: ") && message.contains(expected), "{message}: not {expected}");
    }
}

#[test]
fn buffers_change_with_the_step_alone() {
    let mut params = Params::<f64>::seeded(1);
    let norm = BatchNorm1d::new(&mut params, 1);
    let mean = params.find("batch_norm1.running_mean").unwrap();
    let batches = params.find("batch_norm1.num_batches_tracked").unwrap();
    assert!(params.is_buffer(mean) && !params.is_trainable(mean));
    assert_eq!(params.count(), 2, "buffers are no parameters");
    let mut sgd = Optimizer::new(Sgd::new(0.1));
    let (mut tape, rng) = (Tape::new(), Rng::new(1));
    let x = Tensor::from([[1.0], [5.0]]);
    let grads = {
        let cx = params.train(&tape, &rng);
        // Twice in one pass, as when a layer is shared: both count.
        let y = norm.forward(&cx, tape.constant(x.clone())) + norm.forward(&cx, tape.constant(x.clone()));
        cx.backward(y.sum())
    };
    tape.reset();
    assert_eq!(params.get(mean).item(), 0.0, "a pass without a step changes nothing");
    sgd.step(&mut params, &grads);
    assert!((params.get(mean).item() - (0.3 + 0.9 * 0.3)).abs() < 1e-15);
    assert_eq!(params.get(batches).item(), 2.0);
    let before = params.get(mean).clone();
    norm.forward(&params.eval(), x);
    assert_eq!(*params.get(mean), before, "evaluation changes nothing");
}

#[test]
fn buffers_are_neither_trained_nor_averaged() {
    let mut params = Params::<f64>::seeded(1);
    BatchNorm1d::new(&mut params, 1);
    let batches = params.find("batch_norm1.num_batches_tracked").unwrap();
    let mut average = Ema::new(0.5, &params).unwrap();
    *params.get_mut(batches) = Tensor::scalar(7.0);
    average.update(&params);
    assert_eq!(average.applied_to(&params).get(batches).item(), 7.0);
    let message = refused(|| params.set_trainable(batches, true));
    assert!(message.contains("the buffer `batch_norm1.num_batches_tracked` is not trained"), "{message}");
}

#[test]
fn a_trainer_keeps_running_statistics() {
    let x = Rng::new(3).normal::<f64>([256, 2], 4.0, 3.0);
    let data = Arrays::new(x.clone(), x.narrow(1, 0, 1)).unwrap();
    let mut params = Params::seeded(1);
    let model = (BatchNorm1d::new(&mut params, 2), Linear::new(&mut params, 2, 1));
    let mut trainer = Trainer::new(model, params, Sgd::new(0.05), Mse);
    trainer.fit(&data, Fit { epochs: 8, progress: false, ..Fit::default() }).unwrap();
    let found = |name: &str| trainer.params.get(trainer.params.find(name).unwrap()).clone();
    assert!(found("batch_norm1.running_mean").slice().iter().all(|m| (m - 4.0).abs() < 0.6));
    assert!(found("batch_norm1.running_var").slice().iter().all(|v| (v / 9.0 - 1.0).abs() < 0.25));
    assert_eq!(found("batch_norm1.num_batches_tracked").item(), 64.0);
}

/// A model with most kinds of layers after some steps, buffers and all.
fn trained(
    x: &Tensor<f32>,
    target: f32,
) -> (Vec<(String, Tensor<f32>)>, Result<Vec<Epoch>, gradtape::Error>) {
    let mut params = Params::seeded(1);
    let model = (
        Conv2d::new(&mut params, 1, 4, 3),
        BatchNorm2d::new(&mut params, 4),
        Relu,
        Dropout2d(0.25),
        FlattenAxes(2, 3),
        Lstm::new(&mut params, 16, 8),
        TransformerEncoderLayer::new(&mut params, 8, 2),
        Flatten,
        Linear::new(&mut params, 32, 1),
    );
    let data = Arrays::new(x.clone(), Tensor::full([x.shape()[0], 1], target)).unwrap();
    let mut trainer = Trainer::new(model, params, Adam::default(), Mse);
    let result = trainer.fit(&data, Fit { batch: 16, progress: false, ..Fit::default() });
    (trainer.params.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect(), result)
}

#[test]
fn training_gives_the_same_bits_at_any_number_of_threads() {
    let x = Rng::new(2).uniform([64, 1, 6, 6], -1.0, 1.0);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (values, result) = trained(&x, 0.0);
            result.unwrap();
            values
        })
    };
    let one = with(1);
    assert!(with(2) == one && with(4) == one);
}

#[test]
fn a_step_that_fails_changes_no_buffer() {
    // Its square is beyond f32: the loss is infinite, and refused after the forward pass.
    let (values, result) = trained(&Rng::new(2).uniform([16, 1, 6, 6], -1.0, 1.0), 1e30);
    assert!(result.unwrap_err().to_string().contains("the training loss"));
    let buffer = |name: &str| {
        let name = format!("batch_norm1.{name}");
        values.iter().find(|(other, _)| *other == name).unwrap().1.clone()
    };
    assert_eq!(buffer("num_batches_tracked").item(), 0.0);
    assert_eq!(buffer("running_mean"), Tensor::zeros([4]));
}

#[test]
fn spatial_dropout_drops_channels_and_drop_path_samples() {
    let params = Params::<f64>::seeded(0);
    let (tape, rng) = (Tape::new(), Rng::new(5));
    let drop = |layer: &dyn Layer, shape: &[usize], unit: usize| {
        let x = tape.constant(Tensor::ones(shape));
        let same = layer.run(&Ctx::new(Vec::new(), None), std::slice::from_ref(&x));
        assert_eq!(same[0].tensor(), x.tensor(), "evaluation passes everything");
        let y = layer.run(&params.train(&tape, &rng), &[x]).remove(0).tensor().clone();
        let units: Vec<&[f64]> = y.slice().chunks(unit).collect();
        assert!(units.iter().all(|unit| unit.iter().all(|v| v == &unit[0])), "each unit as a whole");
        assert!(units.iter().all(|unit| unit[0] == 0.0 || unit[0] == 1.0 / 0.75));
        let mean = y.mean().item();
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
    };
    drop(&Dropout1d(0.25), &[100, 40, 3], 3);
    drop(&Dropout1d(0.25), &[4000, 3], 3);
    drop(&Dropout2d(0.25), &[100, 40, 2, 2], 4);
    drop(&DropPath(0.25), &[4000, 2, 2], 4);
}

#[test]
fn a_shared_weight_gets_the_gradients_of_all_its_uses() {
    let mut params = Params::<f64>::seeded(1);
    let first = Linear::without_bias(&mut params, 3, 3);
    let tied = (first, Tanh, Linear { bias: None, ..first });
    assert_eq!(params.count(), 9);
    let inputs = [Rng::new(2).uniform([2, 3], -1.0, 1.0), params.get(first.weight).clone()];
    gradcheck(|v| tied.forward(&Ctx::new(vec![v[1].clone()], None), v[0].clone()), &inputs).unwrap();
    let untied = |a: Tensor<f64>, b: Tensor<f64>| {
        inputs[0].matmul(&a.transpose(0, 1)).tanh().matmul(&b.transpose(0, 1))
    };
    let w = &inputs[1];
    assert_eq!(tied.forward(&params.eval(), inputs[0].clone()), untied(w.clone(), w.clone()));
}

#[test]
fn modules_beside_one_another() {
    let mut params = Params::<f64>::seeded(1);
    let (a, b) = (Linear::new(&mut params, 3, 3), Linear::new(&mut params, 3, 3));
    let x = Rng::new(2).uniform::<f64>([2, 3], -1.0, 1.0);
    let cx = params.eval();
    let (of_a, of_b) = (a.forward(&cx, x.clone()), b.forward(&cx, x.clone()));
    assert_eq!(Residual(a).forward(&cx, x.clone()), &of_a + &x);
    assert_eq!(Parallel((a, b)).forward(&cx, x.clone()), &of_a + &of_b);
    assert_eq!(Parallel(vec![a, b]).forward(&cx, x.clone()), &of_a + &of_b);
    assert_eq!(Concat::new(-1, (a, b)).forward(&cx, x.clone()), Tensor::concat(&[&of_a, &of_b], -1));
    assert_eq!(vec![a, b].forward(&cx, x.clone()), b.forward(&cx, of_a));
    assert_eq!(Reshape::new([3, 1]).forward(&cx, x.clone()), x.reshape([2, 3, 1]));
}

#[test]
fn an_embedding_takes_whole_numbers_and_its_padding_starts_as_zeros() {
    let mut params = Params::<f64>::seeded(1);
    let layer = Embedding::padded(&mut params, 4, 2, 1);
    let y = layer.forward(&params.eval(), Tensor::from([[1.0, 2.0]]));
    assert_eq!(y.shape().dims(), [1, 2, 2]);
    assert_eq!(y.index_axis(1, 0), Tensor::zeros([1, 2]));
    let message = refused(|| drop(layer.forward(&params.eval(), Tensor::from([0.5]))));
    assert_eq!(message, "gradtape: embedding: needs whole numbers, not 0.5");
}

#[test]
fn attention_by_rotary_positions_sees_distances_alone() {
    let mut params = Params::<f64>::seeded(1);
    let options = AttentionOptions { rotary: Some(Default::default()), ..Default::default() };
    let layer = MultiheadAttention::with(&mut params, 4, 1, options);
    // The same vector everywhere: what is left to tell weights apart is the distance.
    let x = Rng::new(2).uniform::<f64>([1, 1, 4], -1.0, 1.0).expand([1, 5, 4]);
    let scores = layer.attend(&params.eval(), [&x; 3], AttentionMasks::default()).1.ln();
    let score = |q: usize, k: usize| scores.slice()[q * 5 + k] - scores.slice()[q * 5 + q];
    for by in [1, 2] {
        assert!((score(0, by) - score(1, 1 + by)).abs() < 1e-12);
    }
    assert!((score(0, 1) - score(0, 2)).abs() > 1e-6);
}

#[test]
fn sinusoidal_positions_are_those_of_the_paper() {
    let y = SinusoidalPositions.forward(&Params::<f64>::seeded(0).eval(), Tensor::zeros([1, 3, 4]));
    let expected = [0.0, 1.0, 0.0, 1.0].into_iter();
    let rows =
        [1.0f64, 2.0].into_iter().flat_map(|t| [t.sin(), t.cos(), (t / 100.0).sin(), (t / 100.0).cos()]);
    near("positions", &y, &Tensor::new(expected.chain(rows).collect(), [1, 3, 4]));
}

#[test]
fn what_stands_behind_the_end_of_a_sequence_is_not_read() {
    let mut params = Params::<f64>::seeded(1);
    let options = RecurrentOptions { num_layers: 2, bidirectional: true, ..Default::default() };
    let layer = Gru::with(&mut params, 3, 2, options);
    let short = Rng::new(2).uniform::<f64>([1, 2, 3], -1.0, 1.0);
    let (y, states) = layer.run(&params.eval(), &short, Sequences::default());
    for behind in [0.0, f64::NAN] {
        let long = Tensor::concat(&[&short, &Tensor::full([1, 2, 3], behind)], 1);
        let sequences = Sequences { lengths: Some(&[2]), ..Default::default() };
        let (padded, ends) = layer.run(&params.eval(), &long, sequences);
        assert_eq!(padded.narrow(1, 0, 2), y);
        assert_eq!(padded.narrow(1, 2, 2), Tensor::zeros([1, 2, 4]));
        assert_eq!(ends, states);
    }
}

#[test]
fn dropout_of_recurrent_layers_and_attention_is_for_training() {
    let mut params = Params::<f64>::seeded(1);
    let options = RecurrentOptions { num_layers: 2, dropout: 0.5, ..Default::default() };
    let lstm = Lstm::with(&mut params, 4, 4, options);
    let options = TransformerOptions { dim_feedforward: 8, ..Default::default() };
    let model = (lstm, TransformerEncoderLayer::with(&mut params, 4, 2, options));
    let x = Rng::new(2).uniform::<f64>([2, 3, 4], -1.0, 1.0);
    let (tape, rng) = (Tape::new(), Rng::new(5));
    let draw = || model.forward(&params.train(&tape, &rng), tape.constant(x.clone())).tensor().clone();
    assert_ne!(draw(), draw());
    assert_eq!(model.forward(&params.eval(), x.clone()), model.forward(&params.eval(), x.clone()));
}

#[test]
fn a_summary_shows_names_shapes_and_counts() {
    let mut params = Params::<f64>::seeded(1);
    let stem = params.at("stem", |p| Conv2d::new(p, 1, 4, 3));
    let frozen = stem.weight;
    let model = (
        (stem, BatchNorm2d::new(&mut params, 4), Relu),
        Residual(Conv2d::with(
            &mut params,
            4,
            4,
            3,
            Conv2dOptions { padding: 1.into(), ..Default::default() },
        )),
        Flatten,
        vec![Linear::new(&mut params, 144, 144), Linear::new(&mut params, 144, 2)],
    );
    params.set_trainable(frozen, false);
    let expected = "\
layer (type)               output shape  parameters
stem (Conv2d)              [1, 4, 6, 6]          40
batch_norm1 (BatchNorm2d)  [1, 4, 6, 6]           8
Relu                       [1, 4, 6, 6]           0
conv1 (Residual<Conv2d>)   [1, 4, 6, 6]         148
  conv1 (Conv2d)           [1, 4, 6, 6]         148
Flatten                    [1, 144]               0
linear1 (Linear)           [1, 144]           20880
linear2 (Linear)           [1, 2]               290
21366 parameters: 21330 trainable, 36 frozen; 9 numbers in buffers";
    assert_eq!(summary(&model, &params, [1, 8, 8]).to_string(), expected);
}
