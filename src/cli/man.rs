//! `offboard man`: a manual page for the program and one for each subcommand, made from the command line as it is read.

use clap::CommandFactory as _;

use super::args::{self, Args};
use super::{Diagnostic, Exit, Outcome};

/// Runs it.
pub fn run(command: &args::Man) -> Outcome {
    // `offboard help` is the page itself.
    let program = Args::command().disable_help_subcommand(true);
    let written = clap_mangen::generate_to(program, &command.folder);
    written.map_err(|error| vec![Diagnostic::trouble(format!("{}: {error}", command.folder))])?;
    Ok(Exit::Done)
}
