//! The progress bar of an epoch; nothing without the feature or without a terminal.

#[cfg(feature = "progress")]
use indicatif::{ProgressBar, ProgressStyle};

pub(super) struct Progress {
    #[cfg(feature = "progress")]
    bar: ProgressBar,
}

impl Progress {
    #[cfg(feature = "progress")]
    pub(super) fn new(show: bool, epoch: usize, epochs: usize, steps: usize) -> Self {
        let bar = if show { ProgressBar::new(steps as u64) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {msg} ETA {eta}");
        bar.set_style(style.expect("a valid template"));
        bar.set_prefix(format!("epoch {epoch}/{epochs}"));
        Progress { bar }
    }

    #[cfg(not(feature = "progress"))]
    pub(super) fn new(_: bool, _: usize, _: usize, _: usize) -> Self {
        Progress {}
    }

    /// After step `step`, with the running figures.
    #[cfg(feature = "progress")]
    pub(super) fn tick(&self, step: usize, figures: impl FnOnce() -> String) {
        // Often enough for an eye, rarely enough to cost nothing.
        if step.is_multiple_of(64) && !self.bar.is_hidden() {
            self.bar.set_message(figures());
            self.bar.set_position(step as u64);
        }
    }

    #[cfg(not(feature = "progress"))]
    pub(super) fn tick(&self, _: usize, _: impl FnOnce() -> String) {}

    /// Takes the bar away.
    pub(super) fn done(self) {
        #[cfg(feature = "progress")]
        self.bar.finish_and_clear();
    }
}
