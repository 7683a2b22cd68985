//! A small causal transformer that reads a text letter by letter, learns what comes next, and writes
//! some of its own. By default it reads this repository's documents.
//!
//! `cargo run --release --example chargpt`; with `-- --help` for options.

#[path = "common/exit.rs"]
mod exit;

use clap::Parser;
use gradtape::nn::schedule::OneCycle;
use gradtape::nn::{
    AdamW, AttentionMasks, Ctx, Embedding, FeedForward, LearnedPositions, Module, Optimizer, Params,
    TransformerEncoder, TransformerOptions,
};
use gradtape::{Interp, Tape, Tensor, Value, ops::Indices, random::Rng};
use std::{error::Error, fs, path::PathBuf, process::ExitCode};

/// Learns to write like a text, letter by letter.
#[derive(Debug, Parser)]
struct Options {
    /// The text; the documents of the repository unless given.
    #[arg(long, value_name = "FILE")]
    text: Option<PathBuf>,
    /// Steps of training.
    #[arg(long, default_value_t = 1000)]
    steps: usize,
    /// Letters that the network sees at once.
    #[arg(long, default_value_t = 64)]
    window: usize,
    /// Windows per step.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Letters to write in the end.
    #[arg(long, default_value_t = 400)]
    length: usize,
    /// How freely it writes: 0 takes the likeliest letter each time.
    #[arg(long, default_value_t = 0.8)]
    temperature: f64,
    /// Seed of the starting weights, the windows, dropout and the writing.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Letters and their numbers.
struct Letters(Vec<char>);

impl Letters {
    fn of(text: &str) -> Self {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        Letters(letters)
    }

    fn numbers(&self, text: &str) -> Vec<usize> {
        text.chars().filter_map(|letter| self.0.binary_search(&letter).ok()).collect()
    }
}

/// The network: it is given numbers of letters, not a tensor, so it is no `Module` but has its like.
struct Gpt {
    tokens: Embedding,
    positions: LearnedPositions,
    blocks: TransformerEncoder,
}

impl Gpt {
    fn new(params: &mut Params<f32>, letters: usize, window: usize) -> Self {
        const WIDTH: usize = 128;
        let options = TransformerOptions {
            dim_feedforward: 4 * WIDTH,
            activation: FeedForward::Gelu,
            norm_first: true,
            ..TransformerOptions::default()
        };
        let gpt = Gpt {
            tokens: Embedding::new(params, letters, WIDTH),
            positions: LearnedPositions::new(params, window, WIDTH),
            blocks: TransformerEncoder::new(params, 2, WIDTH, 4, options, true),
        };
        // The table is also the last layer, which wants small numbers.
        let table = params.rng().normal([letters, WIDTH], 0.0, 0.02);
        *params.get_mut(gpt.tokens.weight) = table;
        gpt
    }

    /// Logits of the next letter, `[batch · time, letters]`, for numbers `[batch, time]`.
    fn forward<I: Interp>(&self, cx: &Ctx<'_, I>, numbers: &Indices) -> Value<I> {
        let x = self.positions.forward(cx, self.tokens.look_up(cx, numbers));
        let y = self.blocks.encode(cx, x, &AttentionMasks::causal()).flatten(0, 1);
        y.matmul(&cx.get(self.tokens.weight).transpose(0, 1)) // tied weights
    }
}

/// Windows of the text at random places, and the letters that follow each of theirs.
fn batch(text: &[usize], count: usize, window: usize, rng: &Rng) -> (Indices, Indices) {
    let places: Tensor<f64> = rng.uniform([count], 0.0, (text.len() - window) as f64);
    let (mut seen, mut next) = (Vec::new(), Vec::new());
    for place in places.slice() {
        let at = *place as usize;
        seen.extend_from_slice(&text[at..at + window]);
        next.extend_from_slice(&text[at + 1..at + window + 1]);
    }
    (Indices::new(seen, [count, window]), Indices::new(next, [count * window]))
}

/// The letters that the network writes after some others.
fn write(gpt: &Gpt, params: &Params<f32>, start: &[usize], options: &Options, rng: &Rng) -> Vec<usize> {
    let cx = params.eval();
    let mut written = start.to_vec();
    for _ in 0..options.length {
        let seen = &written[written.len().saturating_sub(options.window)..];
        let logits = gpt.forward(&cx, &Indices::new(seen.to_vec(), [1, seen.len()]));
        let last = logits.narrow(0, -1, 1);
        written.push(if options.temperature > 0.0 {
            let chances = (last / options.temperature).softmax(1);
            rng.multinomial(&chances, 1, true).slice()[0]
        } else {
            last.argmax()
        });
    }
    written
}

/// The documents of the repository, one after the other.
fn documents() -> Result<String, Box<dyn Error>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let names =
        ["README.md", "docs/guide.md", "docs/architecture.md", "docs/adding-an-op.md", "docs/kinks.md"];
    let mut all = String::new();
    for name in names {
        let path = root.join(name);
        all += &fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(all)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let text = match &options.text {
        Some(path) => fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?,
        None => documents()?,
    };
    let letters = Letters::of(&text);
    let numbers = letters.numbers(&text);
    if options.window == 0 || options.batch == 0 || numbers.len() <= options.window {
        let (window, found) = (options.window, numbers.len());
        return Err(format!("a window and a batch of at least 1, and a text longer than the window of {window} letters, not of {found}").into());
    }
    let mut params = Params::seeded(options.seed);
    let gpt = Gpt::new(&mut params, letters.0.len(), options.window);
    println!("{} letters, {} different ones; {} parameters", numbers.len(), letters.0.len(), params.count());

    let rng = Rng::new(options.seed);
    let mut optimizer = Optimizer::new(AdamW::new(2e-3));
    let schedule = OneCycle { momentum: None, ..OneCycle::new(2e-3, options.steps.max(2) as u64) };
    let mut tape = Tape::new();
    let mut mean = 0.0;
    for step in 0..options.steps {
        let (seen, next) = batch(&numbers, options.batch, options.window, &rng);
        let (loss, mut grads) = {
            let cx = params.train(&tape, &rng);
            let loss = gpt.forward(&cx, &seen).cross_entropy(&next);
            (loss.item(), cx.backward(loss))
        };
        tape.reset();
        grads.clip_norm(1.0);
        optimizer.schedule(&schedule, step as u64);
        optimizer.step(&mut params, &grads);
        mean += loss;
        let shown = (options.steps / 10).max(1);
        if (step + 1) % shown == 0 {
            println!("step {:>5}  loss {:.3}", step + 1, mean / shown as f32);
            mean = 0.0;
        }
    }

    let start = &numbers[..options.window.min(numbers.len())];
    let written = write(&gpt, &params, &start[..8.min(start.len())], options, &rng);
    println!("\n{}", written.iter().map(|&number| letters.0[number]).collect::<String>());
    Ok(())
}

fn main() -> ExitCode {
    exit::code(run(&Options::parse()))
}
