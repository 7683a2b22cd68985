//! A model with a nested, a shared and a frozen part: each is a plain struct of ids. An autoencoder
//! of digits whose decoder uses the encoder's weights turned round.
//!
//! `cargo run --release --example custom_model`

use gradtape::data;
use gradtape::nn::{Adam, Ctx, Dataset, Linear, Module, Optimizer, ParamId, Params};
use gradtape::random::Rng;
use gradtape::{Interp, Tape, Tensor, Value, ops::Reduction};

/// A part of a part: two layers that make a picture of 784 pixels a code of 32 numbers.
struct Encoder {
    wide: Linear,
    code: Linear,
}

impl Module for Encoder {
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        self.code.forward(cx, self.wide.forward(cx, x).tanh())
    }
}

struct Autoencoder {
    encoder: Encoder,
    /// The only parameters of the decoder's own: it shares its weights with the encoder.
    out: ParamId,
}

impl Autoencoder {
    fn new(params: &mut Params<f32>) -> Self {
        let encoder = params.at("encoder", |params| Encoder {
            wide: params.at("wide", |params| Linear::new(params, 784, 256)),
            code: params.at("code", |params| Linear::new(params, 256, 32)),
        });
        let out = params.add("decoder.bias", Tensor::zeros([784]));
        Autoencoder { encoder, out }
    }
}

impl Module for Autoencoder {
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, x: Value<I>) -> Value<I> {
        let code = self.encoder.forward(cx, x);
        let hidden = code.matmul(cx.get(self.encoder.code.weight)).tanh(); // the same ids: tied weights
        (hidden.matmul(cx.get(self.encoder.wide.weight)) + cx.get(self.out)).sigmoid()
    }
}

fn main() -> Result<(), gradtape::Error> {
    let (train, test) = data::mnist(concat!(env!("CARGO_MANIFEST_DIR"), "/data/mnist"))?;
    let mut params = Params::seeded(1);
    let model = Autoencoder::new(&mut params);
    for (name, value) in params.iter() {
        println!("{name:<20} {}", value.shape());
    }

    let mut optimizer = Optimizer::new(Adam::new(2e-3));
    let (mut tape, rng) = (Tape::new(), Rng::new(0));
    let pixels = |x: Tensor<f32>| x.flatten(1, 2);
    let error = |params: &Params<f32>| {
        let (x, _) = test.batch(&(0..1000).collect::<Vec<_>>());
        let x = pixels(x);
        model.forward(&params.eval(), x.clone()).mse_loss(&x, None, Reduction::Mean).item()
    };
    println!("before training      error {:.4}", error(&params));
    let mut train_for = |params: &mut Params<f32>, steps: usize, seed: u64| {
        for (x, _) in train.batches(64, seed).take(steps) {
            let grads = {
                let cx = params.train(&tape, &rng);
                let x = tape.constant(pixels(x));
                let loss = model.forward(&cx, x.clone()).mse_loss(&x, None, Reduction::Mean);
                drop(x);
                cx.backward(loss)
            };
            tape.reset();
            optimizer.step(params, &grads);
        }
    };
    train_for(&mut params, 400, 1);
    println!("after 400 steps      error {:.4}", error(&params));

    // The first layer is frozen from here on: a constant, of which no optimizer knows.
    let frozen = [model.encoder.wide.weight, model.encoder.wide.bias.expect("it has one")];
    for id in frozen {
        params.set_trainable(id, false);
    }
    let before = params.get(frozen[0]).clone();
    train_for(&mut params, 200, 2);
    println!("after 200 more       error {:.4}, with the first layer frozen", error(&params));
    assert_eq!(params.get(frozen[0]), &before);
    Ok(())
}
