//! `offboard init`: a preset, commented, to begin a policy with.
//!
//! The first line is for editors: taplo, the language server of TOML, reads `#:schema` there and nowhere else.

use std::io::Write as _;

use super::args;
use super::{Diagnostic, Exit, Outcome, written};
use crate::policy;
use crate::suggestion::suggestion;

const EDITORS: &str = "\
#:schema ./offboard-policy.json
# An editor that knows that line completes and checks this file. The schema beside it comes from
#     offboard schema policy > offboard-policy.json

";

/// Runs it.
pub fn run(command: &args::Init) -> Outcome {
    let Some(text) = policy::preset(&command.preset) else {
        let known: Vec<&str> = policy::PRESETS.iter().map(|(name, _)| *name).collect();
        let fault = Diagnostic::trouble(format!("no preset `{}`", command.preset));
        return Err(vec![fault.help(suggestion(&command.preset, &known))]);
    };
    written(write!(std::io::stdout().lock(), "{EDITORS}{text}"))?;
    Ok(Exit::Done)
}
