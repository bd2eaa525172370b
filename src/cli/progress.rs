//! A progress bar on the terminal while exports are read: bytes, rate, and remaining time.
//!
//! A plan reads its exports several times. Each reading has a bar of its own, with its number.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Global;
use crate::io::exports::{ExportFiles, ReadProgress};

/// A command that ends sooner shows no bar.
const DELAY: Duration = Duration::from_millis(700);
/// How often the bar is redrawn.
const TICK: Duration = Duration::from_millis(100);

/// Shows a progress bar until it is dropped.
pub struct Progress {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts the bar, if standard error is a terminal and no option turns it off. For a command that prints nothing until
    /// all exports are read.
    pub fn start(exports: &ExportFiles, global: &Global) -> Self {
        let wanted = !global.quiet && !global.no_progress && std::io::stderr().is_terminal();
        // If the thread cannot be started, the command runs without a bar.
        Self { running: wanted.then(|| Self::run(exports.progress()).ok()).flatten() }
    }

    /// Starts the bar unless standard output is a terminal. For a command that prints while it reads: the bar would
    /// appear between the lines of its output.
    pub fn start_unless_output_is_terminal(exports: &ExportFiles, global: &Global) -> Self {
        if std::io::stdout().is_terminal() { Self { running: None } } else { Self::start(exports, global) }
    }

    fn run(reading: Arc<ReadProgress>) -> std::io::Result<(Sender<()>, JoinHandle<()>)> {
        let (stop, stopped) = channel::<()>();
        let began = Instant::now();
        let thread = thread::Builder::new().spawn(move || {
            let mut bar: Option<(u64, ProgressBar)> = None;
            // `Progress` closes the channel when it is dropped.
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let (number, bytes) = reading.now();
                if began.elapsed() < DELAY || number == 0 {
                    continue;
                }
                if bar.as_ref().is_none_or(|(of, _)| *of != number) {
                    if let Some((_, before)) = bar.take() {
                        before.finish_and_clear();
                    }
                    bar = Some((number, new_bar(number, reading.total())));
                }
                if let Some((_, bar)) = &bar {
                    bar.set_position(bytes);
                }
            }
            if let Some((_, bar)) = bar {
                bar.finish_and_clear();
            }
        })?;
        Ok((stop, thread))
    }
}

/// The bar of one reading. `length` is the number of bytes to read, which is unknown for compressed files.
fn new_bar(number: u64, length: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    let form = match length {
        Some(_) => "{msg} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        None => "{msg} {spinner} {bytes}, {bytes_per_sec}, {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(form) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_message(format!("reading {number}:"));
    bar
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
