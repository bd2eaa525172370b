//! The binary: parse the command line, run it, turn the outcome into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    offboard::cli::run(std::env::args_os())
}
