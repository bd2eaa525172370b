//! The finished plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::access::{LostAccess, lost_access};
use super::children::{self, Child};
use super::gather::RetainedGather;
use super::incomplete::Gaps;
use super::limits::{self, Counted};
use super::locate::unmatched::UnmatchedRows;
use super::locate::{Located, LocatedEntries, unreadable_schema};
use super::model::{Account, Conflict, DecisionItem};
use super::operation::{Operation, Stage};
use super::request::{PlanContext, Request};
use super::retained::{Retained, RetainedPasses};
use super::search::{FinishedSearch, Surroundings};
use super::settle::Settled;
use super::stages::StageOutput;
use super::whole_lists::{self, WrittenWhole};
use crate::directory::Census;
use crate::directory::census::Finding;
use crate::directory::extent::Extent;
use crate::directory::key_hash::{KeyMap, KeySet};
use crate::ldap::{Dn, DnKey, Entry};
use crate::leavers::Leaver;
use crate::leavers::roster::Doubt;
use crate::lifecycle::Step;
use crate::policy::{Policy, ServerSchema};

/// The plan.
pub struct Plan {
    /// The leavers: those asked for, then those that the rosters name.
    pub leavers: Vec<Leaver>,
    /// The accounts, in the order of their leavers.
    pub accounts: Vec<Account>,
    /// Leavers without an account.
    pub conflicts: Vec<Conflict>,
    /// The operations, in the order in which they run.
    pub operations: Vec<Operation>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItem>,
    /// Changes by kind, with their limits.
    pub counted: Vec<Counted>,
    /// What the exports hold.
    pub census: Census,
    /// Values of reference attributes that should be distinguished names and are not.
    pub unreadable_values: Finding,
    /// The parts of the directory that the exports hold; none if the plan did not have to look.
    pub extent: Extent,
    /// Every entry that an operation touches, as the exports show it, by the name that it has there.
    pub before: BTreeMap<DnKey, Entry>,
    /// What deleted accounts could do through groups that do not list them.
    pub lost_access: Vec<LostAccess>,
    /// The schema of the directory, as far as `--schema` and the exports describe it.
    pub schema: ServerSchema,
    /// Schema descriptions in the exports that cannot be read.
    pub unreadable_schema: Finding,
    /// The names of the members of the groups of `[protect] group`.
    pub protected_members: Arc<KeySet>,
    /// Records that write all values of an attribute, because the server cannot compare single ones.
    pub written_whole: Vec<WrittenWhole>,
    /// Entries below accounts that are deleted, or held because of these entries.
    pub children: Vec<Child>,
    /// The dependents, deleted or not.
    pub dependents: Vec<Arc<Entry>>,
    /// The old and the new name of every account that is moved.
    pub moved: Vec<(Dn, Dn)>,
    /// What each roster holds, in the order of the request.
    pub rosters: Vec<RosterCount>,
    /// What the exports lack: what the request accepts, and what does not refuse a plan.
    pub gaps: Gaps,
    /// What was found in the exports, to plan again.
    pub retained: Retained,
    /// The policy as the plan used it: bound to the schema, and following the moves of the history.
    pub policy: Policy,
}

/// What a roster holds.
#[derive(Clone, Debug)]
pub struct RosterCount {
    /// Its rows.
    pub rows: u64,
    /// The accounts in its scope.
    pub accounts: u64,
    /// How many of these it lists.
    pub listed: u64,
    /// The rows that match no account in its scope.
    pub unmatched: UnmatchedRows,
    /// Why it does not prove complete; this plan does not depend on it.
    pub doubts: Vec<Doubt>,
}

impl Plan {
    /// Whether a person must decide something.
    pub fn has_findings(&self) -> bool {
        let held = self.accounts.iter().any(|account| account.decision.step == Step::Hold);
        held || !self.conflicts.is_empty() || !self.decision_items.is_empty() || !self.gaps.findings.is_empty()
    }

    /// The limits that the plan exceeds; if there is one, nothing of the plan may be run.
    pub fn exceeded(&self) -> impl Iterator<Item = &Counted> {
        self.counted.iter().filter(|row| row.is_exceeded)
    }

    /// For each account, its operations by index.
    pub fn by_account(&self) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = self.accounts.iter().map(|_| Vec::new()).collect();
        for (index, operation) in self.operations.iter().enumerate() {
            for account in &operation.accounts {
                if let Some(own) = all.get_mut(*account).filter(|own| own.last() != Some(&index)) {
                    own.push(index);
                }
            }
        }
        all
    }

    /// The operations of one stage.
    pub fn stage(&self, stage: Stage) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(move |operation| operation.stage == stage)
    }
}

/// Puts the plan together from what its steps gave.
pub(super) fn assemble(
    located: Located,
    surroundings: Surroundings,
    settled: Settled,
    output: StageOutput,
    request: &Request,
    roster_doubts: Vec<Vec<Doubt>>,
) -> Plan {
    let Located { policy, schema, census: located_census, entries, .. } = located;
    let Surroundings { mut gathered, search, .. } = surroundings;
    let context = PlanContext { policy: &policy, schema: &schema, request, history: &request.history };
    let counted = limits::count(&output, &settled, &gathered, entries.accounts, context);
    let lost_access = lost_access(&settled.accounts, &gathered, &settled.fates);
    let children = children::listed(&settled.accounts, &gathered, &settled.deleted, &policy);
    let Settled { leavers, accounts, conflicts, dependents, moves, mut decision_items, gaps, .. } = settled;
    let StageOutput { mut operations, decision_items: found, before, .. } = output;
    decision_items.extend(found);
    keep_wanted_stages(&mut operations, request);
    let written_whole = whole_lists::guard(&mut operations, &before, context);
    let unreadable_values = std::mem::take(&mut gathered.unreadable_values);
    let extent = std::mem::take(&mut gathered.extent);
    let rosters = roster_counts(request, &policy, &entries, roster_doubts);
    let (census, gather) = match search {
        Some(FinishedSearch { query, census }) => (census, Some(RetainedGather::new(query, gathered))),
        None => (located_census.clone(), None),
    };
    let passes = RetainedPasses { locate: entries.into(), gather };
    Plan {
        leavers,
        accounts,
        conflicts,
        operations,
        decision_items,
        counted,
        census,
        unreadable_values,
        extent,
        before,
        lost_access,
        unreadable_schema: unreadable_schema(schema.described()),
        schema,
        protected_members: Arc::clone(&policy.protect.members),
        written_whole,
        children,
        dependents: dependents.into_iter().map(|dependent| dependent.entry).collect(),
        moved: moves.moved.into_values().map(|renaming| (renaming.old, renaming.new)).collect(),
        rosters,
        gaps,
        retained: Retained { passes, census: located_census, by_name: KeyMap::default() },
        policy,
    }
}

/// Leaves the operations of the stages that are asked for, in the order of their stages.
fn keep_wanted_stages(operations: &mut Vec<Operation>, request: &Request) {
    operations.retain(|operation| request.stages.is_empty() || request.stages.contains(&operation.stage));
    operations.sort_by_key(|operation| operation.stage);
}

fn roster_counts(
    request: &Request,
    policy: &Policy,
    entries: &LocatedEntries,
    doubts: Vec<Vec<Doubt>>,
) -> Vec<RosterCount> {
    let mut unmatched = UnmatchedRows::of_rosters(request, policy, &entries.scopes).into_iter();
    let rosters = request.rosters.iter().zip(doubts).enumerate().map(|(index, (roster, doubts))| {
        let (accounts, listed) = entries.scopes.get(index).map_or((0, 0), |scope| (scope.accounts, scope.listed));
        let unmatched = unmatched.next().unwrap_or_default();
        RosterCount { rows: roster.roster.listed, accounts, listed, unmatched, doubts }
    });
    rosters.collect()
}
