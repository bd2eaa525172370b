//! `offboard init`: prints a preset, with comments, as a starting point for a policy.

use std::io::Write as _;

use super::args;
use super::{Diagnostic, Exit, Outcome, check_stdout};
use crate::policy;
use crate::suggestion::suggestion;

/// Printed before the preset. taplo, the TOML language server, reads `#:schema` in the first line only.
const EDITOR_SCHEMA: &str = "\
#:schema ./offboard-policy.json
# Editors that read the line above complete and check this file. Write the schema next to it with
#     offboard schema policy > offboard-policy.json

";

pub fn run(command: &args::Init) -> Outcome {
    let Some(text) = policy::preset(&command.preset) else {
        let known: Vec<&str> = policy::PRESETS.iter().map(|(name, _)| *name).collect();
        let fault = Diagnostic::error(format!("unknown preset `{}`", command.preset));
        return Err(vec![fault.help(suggestion(&command.preset, &known))]);
    };
    check_stdout(write!(std::io::stdout().lock(), "{EDITOR_SCHEMA}{text}"))?;
    Ok(Exit::Done)
}
