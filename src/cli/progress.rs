//! How far a reading of the exports is, on a terminal: bytes, rate and what is left of it.
//!
//! A plan reads its exports several times, so the bar is that of one reading, and says which.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::Global;
use crate::io::exports::{ExportFiles, ReadProgress};

/// What is over sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(700);
const TICK: Duration = Duration::from_millis(100);

/// Shows a bar until it is dropped.
pub struct Progress {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Of a command that says nothing before it is done.
    pub fn of(exports: &ExportFiles, global: &Global) -> Self {
        let wanted = !global.quiet && !global.no_progress && std::io::stderr().is_terminal();
        // Without a thread for it, there is none.
        Self { running: wanted.then(|| Self::run(exports.progress()).ok()).flatten() }
    }

    /// Of a command that writes to standard output meanwhile: a bar between its lines would be no help.
    pub fn beside_output(exports: &ExportFiles, global: &Global) -> Self {
        if std::io::stdout().is_terminal() { Self { running: None } } else { Self::of(exports, global) }
    }

    fn run(reading: Arc<ReadProgress>) -> std::io::Result<(Sender<()>, JoinHandle<()>)> {
        let (stop, stopped) = channel::<()>();
        let began = Instant::now();
        let thread = thread::Builder::new().spawn(move || {
            let mut bar: Option<(u64, ProgressBar)> = None;
            // An end of the channel is the end of the command.
            while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let (number, bytes) = reading.now();
                if began.elapsed() < PATIENCE || number == 0 {
                    continue;
                }
                if bar.as_ref().is_none_or(|(of, _)| *of != number) {
                    if let Some((_, before)) = bar.take() {
                        before.finish_and_clear();
                    }
                    bar = Some((number, begin(number, reading.total())));
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

/// A bar of one reading; how long it is, is not known of what is compressed.
fn begin(number: u64, whole: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(whole, ProgressDrawTarget::stderr());
    let form = match whole {
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
