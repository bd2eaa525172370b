//! What is refused for any content of the exports: options that the server does not support, rosters that cannot be relied on, and
//! reference attributes of unknown form.

use super::error::PlanError;
use super::gather::attributes::of_unknown_form;
use super::guard::Guard;
use super::locate::Located;
use super::request::{NamedRoster, Request};
use crate::leavers::roster::Doubt;
use crate::policy::{Absence, Policy};

/// Refuses options that the server does not support.
pub fn refuse_unsupported<E>(policy: &Policy, request: &Request) -> Result<(), PlanError<E>> {
    let server = policy.directory.server;
    if request.guard == Guard::Assert && !server.profile().assertion_control {
        let what = format!("--guard assert for the server `{server}`, which has no assertion control,");
        return Err(PlanError::Unsupported(what));
    }
    Ok(())
}

/// Why each roster does not prove complete. Refuses a plan that depends on it.
pub fn roster_doubts<E>(policy: &Policy, request: &Request) -> Result<Vec<Vec<Doubt>>, PlanError<E>> {
    let mut refused = Vec::new();
    let mut all = Vec::new();
    for NamedRoster { name, roster } in &request.rosters {
        let Some(rules) = policy.rosters.get(name) else { continue };
        let mut completeness = rules.completeness;
        completeness.last_rows = request.history.roster_rows(name);
        let doubts = roster.doubts(&completeness, request.as_of);
        if doubts.iter().any(Doubt::refuses_anyway) || rules.absence == Absence::Disable && !doubts.is_empty() {
            refused.push((name.clone(), doubts.clone()));
        }
        all.push(doubts);
    }
    if refused.is_empty() { Ok(all) } else { Err(PlanError::Rosters(refused)) }
}

/// Refuses reference attributes of which neither offboard nor the schema knows the form: their values would not be found.
pub fn refuse_unknown_forms<E>(located: &Located) -> Result<(), PlanError<E>> {
    let unknown = of_unknown_form(&located.policy, located.schema.described());
    if unknown.is_empty() { Ok(()) } else { Err(PlanError::UnknownForm(unknown)) }
}
