//! `offboard policy`: the policy in force, as TOML, each key with where it comes from.

use std::io::Write as _;

use super::args;
use super::{Exit, Outcome, grounds, written};
use crate::policy::in_force;
use crate::render::sanitize::sanitized;

/// Runs it.
pub fn run(command: &args::Policy, global: &args::Global) -> Outcome {
    let policy = grounds::read_policy(&command.policy, &mut Vec::new(), global.quiet)?;
    let name = sanitized(command.policy.as_bytes());
    let text = in_force::written(&policy.source.text, &name)
        .map_err(|errors| errors.iter().map(|error| grounds::policy_fault(&policy, error)).collect::<Vec<_>>())?;
    written(write!(std::io::stdout().lock(), "{text}"))?;
    Ok(Exit::Done)
}
