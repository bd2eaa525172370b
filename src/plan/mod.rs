//! From exports, policy and leavers to a plan: operations, ordered and limited.
//!
//! | step | module | result |
//! | --- | --- | --- |
//! | 1. locate | [`locate`]: the first reading of the exports | [`Located`](locate::Located): the entries that leavers, vetoes and rosters match |
//! | 2. decide | [`decide`] | [`Decided`](decide::Decided): accounts with a decision each, by `lifecycle`, protection and rosters |
//! | 3. gather | [`search`]: a query of each topic, then the second reading | [`Surroundings`](search::Surroundings): what names, contains or depends on the accounts |
//! | 4. completeness | [`completeness`] | refuses what cannot be planned with what the exports lack |
//! | 5. settle | [`settle`] | [`Settled`](settle::Settled): successors, moves, address books; the last step that may hold an account |
//! | 6. stages | [`stages`]: one builder for each stage | [`StageOutput`](stages::StageOutput): the operations, which [`limits`] counts |
//!
//! The second reading is repeated while it finds new [`dependents`]. A chain of managers, and groups in protected groups, may
//! need further readings for single entries; filters that follow groups in groups
//! ([`chains`](crate::directory::chains)) need one for each level before the first.
//!
//! The topics ([`access`], [`address_books`], [`children`], [`dependents`], [`moves`], [`successor`]) use the types of [`model`],
//! what was gathered, and the policy. None of them depends on another, except that [`dependents`] asks [`references`] for emptied
//! groups.
//!
//! Operations run in the order of [`Stage`]: references before the entries that they name, children before their parents.
//! Inside a stage they are in the order of the keys, so the same inputs give the same plan. A plan for many accounts may be
//! made in [batches](batch).

pub mod access;
pub mod address_books;
pub mod batch;
pub mod children;
pub mod commands;
pub mod completeness;
pub mod decide;
pub mod dependents;
pub mod error;
pub mod gather;
pub mod guard;
pub mod incomplete;
pub mod item_code;
pub mod limits;
pub mod locate;
pub mod model;
pub mod moves;
pub mod operation;
pub mod operational;
pub mod outcome;
mod preconditions;
mod protect;
pub mod references;
mod repeated;
pub mod request;
pub mod retained;
pub mod search;
pub mod settle;
pub mod stages;
mod status_values;
pub mod strip;
pub mod successor;
pub mod suggestions;
pub mod whole_lists;

pub use completeness::{Lacking, lacking};
pub use error::{PlanError, Protected};
pub use guard::Guard;
pub use item_code::ItemCode;
pub use limits::Counted;
pub use model::{Account, Conflict, ConflictKind, DecisionItem};
pub use operation::{Kind, Operation, Stage};
pub use outcome::{Plan, RosterCount};
pub use request::{NamedRoster, Request};
pub use retained::Retained;
pub use whole_lists::WrittenWhole;

use std::sync::Arc;

use locate::{FirstReading, locate};
use request::PlanContext;
use retained::RetainedPasses;

use crate::directory::snapshot::{Directory, RetainedSnapshot, Snapshot};
use crate::directory::{Exports, ExportsReader, Overlay};
use crate::policy::Policy;

/// Makes a plan.
///
/// A plan that exceeds a limit is returned too, to be shown and not to be run: see [`Plan::exceeded`].
pub fn plan<E: Exports>(
    reader: ExportsReader<'_, E>,
    policy: &Policy,
    request: &Request,
) -> Result<Plan, PlanError<E::Error>> {
    let snapshot = Snapshot::new(reader);
    let mut plan = plan_from(&snapshot, policy, request)?;
    plan.retained.by_name = snapshot.into_by_name();
    Ok(plan)
}

/// Makes the plan that [`plan`] would make of the exports with an overlay, from what an earlier plan of the same request found
/// in the same exports without it. Its numbers of entries and values are not reliable: see [`retained`].
pub fn plan_again<E: Exports>(
    reader: ExportsReader<'_, E>,
    retained: &Retained,
    overlay: &Overlay,
    policy: &Policy,
    request: &Request,
) -> Result<Plan, PlanError<E::Error>> {
    plan_from(&RetainedSnapshot::new(reader, retained, overlay), policy, request)
}

/// The steps of a plan.
fn plan_from<D: Directory<RetainedPasses>>(
    directory: &D,
    policy: &Policy,
    request: &Request,
) -> Result<Plan, PlanError<D::Error>> {
    preconditions::refuse_unsupported(policy, request)?;
    let roster_doubts = preconditions::roster_doubts(policy, request)?;

    let located = locate(directory, policy, request)?;
    let history = located.entries.own_history(&located.history);
    let context = PlanContext { policy: &located.policy, schema: &located.schema, request, history: &history };
    let first = FirstReading::new(&located, request);
    let gaps = completeness::check_exports(&first, request)?;
    preconditions::refuse_unknown_forms(&located)?;

    let mut policy = protect::ProtectedGroups::new(directory, &located)?.policy_with_members()?;
    policy.veto.listed = first.matches.vetoed(&located.entries.matches, request, &history);
    policy.veto.matched = Arc::new(located.entries.vetoed.clone());
    let context = PlanContext { policy: &policy, ..context };
    let decided = decide::decide(directory, context, &first, gaps)?;
    let surroundings = search::gather(directory, context, &first, &decided)?;
    let decided = completeness::check_deletions(directory, decided, &surroundings, context)?;
    let settled = settle::settle(directory, context, &first, decided, &surroundings)?;
    let output = stages::build(&settled, &surroundings.gathered, context);

    let located = locate::Located { policy, ..located };
    Ok(outcome::assemble(located, surroundings, settled, output, request, roster_doubts))
}
