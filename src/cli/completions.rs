//! `offboard completions`: what a shell needs to complete a command line.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::args::{self, Args};
use super::{Exit, Outcome, written};

/// Runs it.
pub fn run(command: &args::Completions) -> Outcome {
    // Into memory first: the generator takes a closed pipe for a fault of the program.
    let mut text = Vec::new();
    clap_complete::generate(command.shell, &mut Args::command(), "offboard", &mut text);
    written(std::io::stdout().lock().write_all(&text))?;
    Ok(Exit::Done)
}
