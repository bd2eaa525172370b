//! Limits: a plan that would do too much of one kind is refused as a whole.
//!
//! | kind | counted | of |
//! | --- | --- | --- |
//! | disable | accounts disabled | accounts |
//! | stamp | accounts, disabled already, that get a stamp | accounts |
//! | restore | accounts restored | accounts |
//! | disconnect | accounts that get the blocking value | accounts |
//! | move | accounts moved | accounts |
//! | rename | values that get the new name of a moved account | values of the attributes under `remove`, `review` and `reassign` |
//! | reference | values removed from entries that name accounts | values of the attributes under `remove` and `review` |
//! | owner | values that pass to a successor | values of the attributes under `reassign` |
//! | service | accounts on which a service is disabled, or from which one is stripped | accounts |
//! | address-book | address books deleted | address books |
//! | delete | accounts deleted, and their dependents | accounts |
//! | dependent | dependents deleted, which `delete` counts as well | accounts |
//! | child | entries below accounts, deleted with them | accounts |
//! | members | values that an attribute of one group loses, if the attribute lists members in any form ([`membership`](crate::directory::membership)) | values of that attribute; the group nearest to its limit is shown |
//!
//! Every operation of a plan is counted by at least one kind, except guards, which change nothing.

use super::gather::Gathered;
use super::model::Account;
use super::request::PlanContext;
use super::settle::Settled;
use super::stages::StageOutput;
use crate::lifecycle::Step;
use crate::policy::{Limit, LimitKind};

/// One kind of change, counted against its limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// The kind of change.
    pub kind: LimitKind,
    /// How many changes the plan makes.
    pub affected: u64,
    /// What they are compared with: see the table of the [module](self).
    pub of: u64,
    /// The limit in words; empty if there is none.
    pub limit: String,
    /// The limit is that of this run (`--limit`), not the policy's.
    pub of_run: bool,
    /// The plan exceeds it.
    pub is_exceeded: bool,
    /// The accounts that it is about, by index; none for `members`.
    pub accounts: Vec<usize>,
    /// The group that it is about, for `members`; as spelled.
    pub entry: Option<Vec<u8>>,
}

/// Counts what the plan does of each kind, against the limits. `all` is how many accounts the exports hold.
pub fn count(
    output: &StageOutput,
    settled: &Settled,
    gathered: &Gathered,
    all: u64,
    context: PlanContext<'_>,
) -> Vec<Counted> {
    let accounts = &settled.accounts;
    let pick = |test: &dyn Fn(&Account) -> bool| -> Vec<usize> {
        accounts.iter().enumerate().filter(|(_, account)| test(account)).map(|(index, _)| index).collect()
    };
    let with = |step: Step| pick(&|account| account.decision.step == step);
    let of_services =
        pick(&|account| account.decision.step == Step::DisableService || !account.decision.strip().is_empty());
    let number = |accounts: &[usize]| accounts.len() as u64;
    let row = |kind, affected, of, accounts| {
        let of_run = context.request.limits.iter().rev().find(|(limited, _)| *limited == kind).map(|(_, limit)| limit);
        let limit: Option<&Limit> = of_run.or_else(|| context.policy.limits.get(kind));
        Counted {
            kind,
            affected,
            of,
            limit: limit.map(ToString::to_string).unwrap_or_default(),
            of_run: of_run.is_some(),
            is_exceeded: limit.is_some_and(|limit| limit.is_exceeded(affected, of)),
            accounts,
            entry: None,
        }
    };
    let of_accounts = |kind, accounts: Vec<usize>| row(kind, number(&accounts), all, accounts);
    let deleted = with(Step::Delete);
    let named = gathered.reference_values + gathered.owner_values;
    let books = settled.books.roots.len() as u64;
    let mut rows = vec![
        of_accounts(LimitKind::Disable, with(Step::Disable)),
        of_accounts(LimitKind::Stamp, with(Step::Stamp)),
        of_accounts(LimitKind::Restore, with(Step::Restore)),
        of_accounts(LimitKind::Disconnect, with(Step::Disconnect)),
        of_accounts(LimitKind::Move, settled.moves.moved.keys().copied().collect()),
        row(LimitKind::Rename, output.renamed, named, settled.moves.moved.keys().copied().collect()),
        row(LimitKind::Reference, output.removed, gathered.reference_values, deleted.clone()),
        row(LimitKind::Owner, output.reassigned, gathered.owner_values, deleted.clone()),
        of_accounts(LimitKind::Service, of_services),
        row(LimitKind::AddressBook, books, gathered.books, deleted.clone()),
        row(LimitKind::Dependent, output.dependents, all, deleted.clone()),
        row(LimitKind::Child, output.children, all, deleted.clone()),
        row(LimitKind::Delete, number(&deleted) + output.dependents, all, deleted),
    ];
    let groups = output.members.iter().map(|group| {
        let row = row(LimitKind::Members, group.loss.removed, group.loss.of, Vec::new());
        Counted { entry: Some(group.group.clone()), ..row }
    });
    let mut groups: Vec<Counted> = groups.collect();
    // The group nearest to its limit first; every group that exceeds it is shown, and the first in any case.
    groups.sort_by(|a, b| {
        let share = |row: &Counted| u128::from(row.affected) * 1_000_000 / u128::from(row.of.max(1));
        (b.is_exceeded, share(b)).cmp(&(a.is_exceeded, share(a)))
    });
    let exceeded = groups.iter().filter(|row| row.is_exceeded).count();
    rows.extend(groups.into_iter().take(exceeded.max(1)));
    rows
}
