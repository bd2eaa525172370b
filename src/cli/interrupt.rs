//! Ctrl-C, and the other signals that end a run: nothing half written is left.

use crate::io::half_written;

/// What a shell says of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

/// Takes the signals from now on.
pub fn take_signals() {
    // Only one may take them; without, a run ends as it would anyway.
    let _ = ctrlc::set_handler(|| {
        half_written::remove_all();
        std::process::exit(INTERRUPTED);
    });
}
