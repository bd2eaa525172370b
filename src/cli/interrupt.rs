//! Ctrl-C and the other signals that end a run: half-written output is removed first.

use crate::io::half_written;

/// The exit status that shells give to a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Installs the signal handler.
pub fn handle_signals() {
    // If another handler is installed already, the run ends as that one decides.
    let _ = ctrlc::set_handler(|| {
        half_written::remove_all();
        std::process::exit(INTERRUPTED);
    });
}
