//! The command line: one module for each subcommand, and what they share.
//!
//! | modules | what they do |
//! | --- | --- |
//! | [`args`] | the options and their help |
//! | `plan`, `explain`, `audit`, `verify`, ... | a subcommand each |
//! | `plan_inputs`, `day`, `schema_files`, `change_files`, `url_values` | read what a subcommand needs as well as exports |
//! | `proven_plan`, `batches` | plan, render and prove |
//! | `diagnostic`, `faults`, `verify_refusals` | errors as people read them |
//! | `summary`, `limit_table`, `explained`, `progress`, `written_whole`, `verify_report` | what the terminal shows |
//! | `exit`, `interrupt` | how a run ends |

pub mod args;
mod audit;
mod batches;
mod change_files;
mod completions;
mod day;
mod diagnostic;
mod diff;
mod dn;
mod exit;
mod explain;
mod explained;
mod faults;
mod init;
mod interrupt;
mod json;
mod limit_table;
mod lint;
mod man;
mod plan;
mod plan_inputs;
mod policy;
mod progress;
mod proven_plan;
mod revert;
mod schema;
mod schema_files;
mod search;
mod simulate;
mod summary;
mod url_values;
mod verify;
mod verify_refusals;
mod verify_report;
mod written_whole;

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use anstream::adapter::strip_str;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Parser;

use args::{Args, Command};
pub use diagnostic::Diagnostic;
pub use exit::Exit;

use crate::io::half_written::leftovers;
use crate::render::count::and_more;
use crate::render::sanitize::sanitized;

/// How a subcommand ended: an exit status, or the errors that stopped it.
type Outcome = Result<Exit, Vec<Diagnostic>>;

/// How many errors are printed; the others are counted.
const SHOWN: usize = 20;

/// Runs a command line and returns its exit status. The first argument is the name of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(error) => {
            let status = if error.use_stderr() { Exit::Error } else { Exit::Done };
            print_usage(&error, &arguments);
            return status.into();
        }
    };
    args.global.color.write_global();
    interrupt::handle_signals();
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
        Err(errors) => {
            let exit = errors.iter().map(|error| error.exit).max().unwrap_or(Exit::Error);
            for error in errors.iter().take(SHOWN) {
                error.print();
            }
            if errors.len() > SHOWN {
                Diagnostic::print_line(and_more(errors.len() - SHOWN).trim_start());
            }
            exit.into()
        }
    }
}

/// Prints help, or an error of the command line. An error shows words of the user, which are escaped.
fn print_usage(error: &clap::Error, arguments: &[OsString]) {
    let words = arguments.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>();
    let hostile = words.iter().filter(|word| matches!(sanitized(word.as_bytes()), Cow::Owned(_)));
    let hostile: Vec<&str> = hostile
        .flat_map(|word| [Some(&**word), word.split_once('=').map(|(_, value)| value)].into_iter().flatten())
        .collect();
    if error.use_stderr() && !hostile.is_empty() {
        let text = error.render().ansi().to_string();
        let text = hostile.iter().fold(text, |text, word| text.replace(word, &sanitized(word.as_bytes())));
        // What is left of escape sequences are the colours.
        let text = strip_str(&text).to_string();
        let lines: Vec<_> = text.trim_end().split('\n').map(|line| sanitized(line.as_bytes())).collect();
        Diagnostic::print_line(&lines.join("\n"));
    } else {
        // If standard error is closed, there is no place left to report that.
        let _ = error.print();
    }
}

/// Prints a note for each half-written file or folder that an interrupted run left next to `output`.
fn report_leftovers(output: Option<&Utf8PathBuf>, global: &args::Global) {
    let Some(output) = output.filter(|_| !global.quiet) else { return };
    let parent = output.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    for path in leftovers(parent.as_std_path()) {
        let path = path.strip_prefix("./").unwrap_or(&path).display().to_string();
        let path = sanitized(path.as_bytes());
        Diagnostic::print_line(&format!("note: {path} was left by an interrupted run and can be deleted"));
    }
}

/// The outcome of writing to standard output. It is not an error if the reader of the pipe has ended.
fn check_stdout(result: io::Result<()>) -> Result<(), Vec<Diagnostic>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(vec![Diagnostic::error(format!("standard output: {error}"))]),
        Ok(()) => Ok(()),
    }
}
