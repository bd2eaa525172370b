//! `offboard policy`: the policy in force, as TOML, each key with where its value comes from.

use std::io::Write as _;

use super::args;
use super::{Exit, Outcome, check_stdout, faults, plan_inputs};
use crate::policy::in_force;
use crate::render::sanitize::sanitized;

pub fn run(command: &args::Policy, global: &args::Global) -> Outcome {
    let policy = plan_inputs::read_policy(&command.policy, &mut Vec::new(), global.quiet)?;
    let name = sanitized(command.policy.as_bytes());
    let text = in_force::written(&policy.source.text, &name, &|key| policy.is_secret(key))
        .map_err(|errors| errors.iter().map(|error| faults::policy_fault(&policy, error)).collect::<Vec<_>>())?;
    check_stdout(write!(std::io::stdout().lock(), "{text}"))?;
    Ok(Exit::Done)
}
