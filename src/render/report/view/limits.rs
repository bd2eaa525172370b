//! The counts of a plan, its limits, and the days on which accounts are due.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

use crate::lifecycle::Step;
use crate::plan::{Counted, Kind, Plan};
use crate::render::context::RenderContext;
use crate::render::sanitize::sanitized;

/// The counts of a plan.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Leavers.
    pub leavers: usize,
    /// Accounts that are disabled.
    pub disabled: usize,
    /// Accounts that get a stamp, the date from which their grace counts.
    pub stamped: usize,
    /// Accounts of which a service is disabled.
    pub services_disabled: usize,
    /// Accounts from which a service is stripped.
    pub stripped: usize,
    /// Accounts that are restored.
    pub restored: usize,
    /// Accounts that get the blocking value of `[disconnect]`.
    pub disconnected: usize,
    /// Accounts that are moved.
    pub moved: usize,
    /// Accounts that are deleted.
    pub deleted: usize,
    /// Entries below deleted accounts that are deleted with them.
    pub children: usize,
    /// Accounts that wait for a service or a date.
    pub waiting: usize,
    /// Accounts that need no change.
    pub unchanged: usize,
    /// Accounts that are held.
    pub held: usize,
    /// Leavers without an account.
    pub conflicts: usize,
    /// Decision items.
    pub decision_items: usize,
    /// Records in the change files.
    pub operations: usize,
}

impl Summary {
    /// How many accounts and leavers end in which way, without the ways that no account ends in.
    pub fn outcomes(&self) -> Vec<(usize, &'static str)> {
        let outcomes = [
            (self.disabled, "disabled"),
            (self.stamped, "stamped"),
            (self.services_disabled, "service disabled"),
            (self.stripped, "stripped"),
            (self.restored, "restored"),
            (self.disconnected, "disconnected"),
            (self.moved, "moved"),
            (self.deleted, "deleted"),
            (self.children, "deleted below them"),
            (self.waiting, "waiting"),
            (self.unchanged, "unchanged"),
            (self.held, "held"),
            (self.conflicts, "without an account"),
        ];
        outcomes.into_iter().filter(|(count, _)| *count > 0).collect()
    }

    /// All counts that are not zero, each with a heading.
    pub fn counts(&self) -> Vec<(usize, &'static str)> {
        let mut counts = vec![(self.leavers, "leavers")];
        counts.extend(self.outcomes());
        counts.extend([(self.decision_items, "decision items"), (self.operations, "records")]);
        counts.retain(|(count, _)| *count > 0);
        counts
    }
}

pub(super) fn summary(plan: &Plan) -> Summary {
    let steps = |step: Step| plan.accounts.iter().filter(|account| account.decision.step == step).count();
    let kinds = |kind: Kind| plan.operations.iter().filter(|operation| operation.kind == kind).count();
    Summary {
        leavers: plan.leavers.len(),
        disabled: steps(Step::Disable),
        stamped: kinds(Kind::Stamp),
        services_disabled: steps(Step::DisableService),
        // An account that is disabled in the same plan counts as both.
        stripped: plan.accounts.iter().filter(|account| !account.decision.strip().is_empty()).count(),
        restored: steps(Step::Restore),
        disconnected: steps(Step::Disconnect),
        moved: plan.moved.len(),
        deleted: steps(Step::Delete),
        children: kinds(Kind::Child),
        waiting: steps(Step::Wait),
        unchanged: steps(Step::Nothing),
        held: steps(Step::Hold),
        conflicts: plan.conflicts.len(),
        decision_items: plan.decision_items.len(),
        operations: plan.operations.len(),
    }
}

/// A kind of change, counted, and its limit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LimitRow {
    /// The kind.
    pub kind: &'static str,
    /// How many of them the plan changes.
    pub affected: u64,
    /// How many the exports contain.
    pub of: u64,
    /// The limit, such as `50` or `10 %`; empty if there is none.
    pub limit: String,
    /// Whether `--limit` overrides the limit of the policy in this run.
    pub overridden: bool,
    /// Whether the plan exceeds the limit.
    pub exceeded: bool,
    /// The group, for the kind `members`.
    pub entry: Option<String>,
    /// The leavers that are affected, if the limit is exceeded.
    pub leavers: Vec<String>,
}

pub(super) fn limits(context: &RenderContext<'_>) -> Vec<LimitRow> {
    let row = |row: &Counted| LimitRow {
        kind: row.kind.name(),
        affected: row.affected,
        of: row.of,
        limit: row.limit.clone(),
        overridden: row.of_run,
        exceeded: row.is_exceeded,
        entry: row.entry.as_deref().map(|dn| sanitized(dn).into_owned()),
        leavers: row
            .accounts
            .iter()
            .filter(|_| row.is_exceeded)
            .map(|account| context.leaver_name(&context.plan.accounts[*account]))
            .collect(),
    };
    context.plan.counted.iter().map(row).collect()
}

/// The accounts that are due on a day.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DueView {
    /// The day.
    pub day: String,
    /// The leavers.
    pub leavers: Vec<String>,
}

pub(super) fn due(context: &RenderContext<'_>) -> Vec<DueView> {
    let mut days: BTreeMap<Date, Vec<String>> = BTreeMap::new();
    for account in &context.plan.accounts {
        if let Some(day) = account.decision.due {
            days.entry(day).or_default().push(context.leaver_name(account));
        }
    }
    days.into_iter().map(|(day, leavers)| DueView { day: day.to_string(), leavers }).collect()
}
