//! `offboard completions`: the completion script of a shell.

use std::io::Write as _;

use clap::CommandFactory as _;

use super::args::{self, Args};
use super::{Exit, Outcome, check_stdout};

pub fn run(command: &args::Completions) -> Outcome {
    // Into memory first, because the generator panics if standard output is a closed pipe.
    let mut text = Vec::new();
    clap_complete::generate(command.shell, &mut Args::command(), "offboard", &mut text);
    check_stdout(std::io::stdout().lock().write_all(&text))?;
    Ok(Exit::Done)
}
