//! `offboard init`: a preset, commented, to begin a policy with.

use std::io::Write as _;

use super::args;
use super::{Diagnostic, Exit, Outcome, written};
use crate::policy;
use crate::spelling::suggestion;

/// Runs it.
pub fn run(command: &args::Init) -> Outcome {
    let Some(text) = policy::preset(&command.preset) else {
        let known: Vec<&str> = policy::PRESETS.iter().map(|(name, _)| *name).collect();
        let fault = Diagnostic::trouble(format!("no preset `{}`", command.preset));
        return Err(vec![fault.help(suggestion(&command.preset, &known))]);
    };
    written(std::io::stdout().lock().write_all(text.as_bytes()))?;
    Ok(Exit::Done)
}
