//! What is asked of a plan, next to the exports and the policy.

use std::sync::Arc;

use jiff::civil::Date;

use super::guard::Guard;
use super::operation::Stage;
use crate::directory::key_hash::KeySet;
use crate::ldap::schema::Schema;
use crate::leavers::roster::Roster;
use crate::leavers::{Identity, Leaver};
use crate::lifecycle::History;
use crate::policy::{Limit, LimitKind, Policy, ServerSchema};

/// What is asked for.
#[derive(Clone, Default)]
pub struct Request {
    /// The leavers, in the order given.
    pub leavers: Vec<Leaver>,
    /// The day for which the plan is made.
    pub as_of: Date,
    /// How deletions are guarded.
    pub guard: Guard,
    /// Limits of this run, in place of the policy's.
    pub limits: Vec<(LimitKind, Limit)>,
    /// Only operations of these stages; all if empty. What is left must still be provable.
    pub stages: Vec<Stage>,
    /// The rosters that the policy names.
    pub rosters: Vec<NamedRoster>,
    /// Identities that are held, each with the list and line that names it.
    pub vetoes: Vec<(Identity, String)>,
    /// What earlier change sets did.
    pub history: History,
    /// Whether address books without an owner are deleted.
    pub orphans: bool,
    /// The codes of what the exports may lack: see [`Incomplete::ACCEPTABLE`](super::completeness::Incomplete::ACCEPTABLE).
    pub accepted: Vec<String>,
    /// The only accounts that may be changed, if the plan is one [batch](super::batch) of several.
    pub batch: Option<Arc<KeySet>>,
    /// For each export the day on which it was last written, if that is known; empty if the age does not matter.
    pub written: Vec<Option<Date>>,
    /// The schema given with `--schema`, which wins over the schema in the exports; empty without the option.
    pub schema: Schema,
}

/// A roster of this run.
#[derive(Clone)]
pub struct NamedRoster {
    /// Its name in the policy.
    pub name: String,
    /// Its rows.
    pub roster: Roster,
}

/// What every step of a plan works from.
#[derive(Clone, Copy)]
pub struct PlanContext<'c> {
    /// The policy, with its filters bound to the schema.
    pub policy: &'c Policy,
    /// The schema of the directory.
    pub schema: &'c ServerSchema,
    /// What is asked for.
    pub request: &'c Request,
    /// What earlier change sets did with the accounts that the exports hold. It lacks what `request.history` has on earlier
    /// accounts of the same name.
    pub history: &'c History,
}
