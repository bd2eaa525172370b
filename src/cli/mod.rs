//! The command line: one file a subcommand, and what they share with the world outside.

pub mod args;
mod audit;
mod change_files;
mod completions;
mod diagnostic;
mod diff;
mod distrust;
mod dn;
mod exit;
mod explain;
mod grounds;
mod init;
mod interrupt;
mod json;
mod lint;
mod man;
mod plan;
mod policy;
mod progress;
mod proven;
mod revert;
mod schema;
mod schema_files;
mod search;
mod simulate;
mod summary;
mod verify;
mod waves;
mod whole_lists;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser;

use args::{Args, Command};
pub use diagnostic::Diagnostic;
pub use exit::Exit;

use crate::io::half_written::leftovers;
use crate::render::sanitize::sanitized;

/// What a subcommand amounts to: an exit status, or faults that stopped it.
type Outcome = Result<Exit, Vec<Diagnostic>>;

/// How many faults are shown; the others are counted.
const SHOWN: usize = 20;

/// Runs the command line and gives its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            let status = if error.use_stderr() { Exit::Trouble } else { Exit::Done };
            // Nobody to tell if even that fails.
            let _ = error.print();
            return status.into();
        }
    };
    args.global.color.write_global();
    interrupt::take_signals();
    let outcome = match &args.command {
        Command::Plan(command) => plan::run(command, &args.global),
        Command::Explain(command) => explain::run(command, &args.global),
        Command::Audit(command) => audit::run(command, &args.global),
        Command::Verify(command) => verify::run(command, &args.global),
        Command::Revert(command) => revert::run(command, &args.global),
        Command::Simulate(command) => simulate::run(command, &args.global),
        Command::Diff(command) => diff::run(command, &args.global),
        Command::Search(command) => search::run(command, &args.global),
        Command::Lint(command) => lint::run(command, &args.global),
        Command::Json(command) => json::run(command, &args.global),
        Command::Dn(command) => dn::run(command),
        Command::Init(command) => init::run(command),
        Command::Policy(command) => policy::run(command, &args.global),
        Command::Schema(command) => schema::run(command),
        Command::Completions(command) => completions::run(command),
        Command::Man(command) => man::run(command),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(faults) => {
            let exit = faults.iter().map(|fault| fault.exit).max().unwrap_or(Exit::Trouble);
            for fault in faults.iter().take(SHOWN) {
                fault.print();
            }
            if let Some(more) = faults.len().checked_sub(SHOWN).filter(|more| *more > 0) {
                Diagnostic::print_line(&format!("and {more} more"));
            }
            exit.into()
        }
    }
}

/// Names what killed runs left beside a file or folder that is to be written.
fn tell_leftovers(output: Option<&Utf8PathBuf>, global: &args::Global) {
    let Some(output) = output.filter(|_| !global.quiet) else { return };
    let parent = output.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    for path in leftovers(parent.as_std_path()) {
        let path = path.strip_prefix("./").unwrap_or(&path).display().to_string();
        let path = sanitized(path.as_bytes());
        Diagnostic::print_line(&format!("note: {path} is left of a run that was killed; nothing needs it: remove it"));
    }
}

/// Takes a failure to write to standard output: a reader that has gone is not trouble.
fn written(result: io::Result<()>) -> Result<(), Vec<Diagnostic>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(vec![Diagnostic::trouble(format!("standard output: {error}"))]),
        Ok(()) => Ok(()),
    }
}
