//! Limits: a plan that would do too much of one kind is refused whole.
//!
//! | kind | counted | of |
//! | --- | --- | --- |
//! | disable | accounts disabled | accounts |
//! | restore | accounts restored | accounts |
//! | move | accounts moved | accounts |
//! | reference | values removed from entries that name accounts | values of the attributes under `remove` and `review` |
//! | owner | values that pass to a successor | values of the attributes under `reassign` |
//! | service | accounts that a service is disabled on or stripped from, on its own | accounts |
//! | address-book | address books deleted | address books |
//! | delete | accounts deleted, and the groups and aliases that go with them | accounts |
//! | child | entries below accounts, deleted with them | accounts |
//! | members | members that one group loses | members of that group; the group nearest to its limit is shown |

use super::collect::Collected;
use super::resolve::Resolved;
use super::stages::{Built, Moves};
use super::{Account, Request};
use crate::lifecycle::Step;
use crate::policy::{Limit, LimitKind, Policy};

/// One kind of change, counted against its limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Counted {
    /// The kind of change.
    pub kind: LimitKind,
    /// How many the plan makes.
    pub affected: u64,
    /// Of how many in the exports.
    pub of: u64,
    /// The limit in words; empty without one.
    pub limit: String,
    /// The limit is that of this run (`--limit`), not the policy's.
    pub of_run: bool,
    /// The plan exceeds it.
    pub is_exceeded: bool,
    /// The accounts that it is about, by index; for `members` none.
    pub accounts: Vec<usize>,
    /// The entry that it is about, for `members`.
    pub entry: Option<Vec<u8>>,
}

/// Counts what the plan does of each kind, against the limits.
pub fn count(
    built: &Built,
    accounts: &[Account],
    moves: &Moves,
    resolved: &Resolved,
    around: &Collected,
    policy: &Policy,
    request: &Request,
) -> Vec<Counted> {
    let with = |steps: &[Step]| -> Vec<usize> {
        let accounts = accounts.iter().enumerate();
        accounts.filter(|(_, account)| steps.contains(&account.decision.step)).map(|(index, _)| index).collect()
    };
    let loses_service =
        |account: &Account| account.decision.step == Step::DisableService || !account.decision.strip().is_empty();
    let of_services = (0..accounts.len()).filter(|index| loses_service(&accounts[*index])).collect();
    let number = |accounts: &[usize]| accounts.len() as u64;
    let all = resolved.accounts;
    let row = |kind, affected, of, accounts| {
        let of_run = request.limits.iter().rev().find(|(limited, _)| *limited == kind).map(|(_, limit)| limit);
        let limit: Option<&Limit> = of_run.or_else(|| policy.limits.get(kind));
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
    let deleted = with(&[Step::Delete]);
    let mut rows = vec![
        of_accounts(LimitKind::Disable, with(&[Step::Disable])),
        of_accounts(LimitKind::Restore, with(&[Step::Restore])),
        of_accounts(LimitKind::Move, moves.moved.keys().copied().collect()),
        row(LimitKind::Reference, built.removed, around.reference_values, deleted.clone()),
        row(LimitKind::Owner, built.reassigned, around.owner_values, deleted.clone()),
        of_accounts(LimitKind::Service, of_services),
        row(LimitKind::AddressBook, built.books.len() as u64, around.books, deleted.clone()),
        row(LimitKind::Child, built.children, all, deleted.clone()),
        row(LimitKind::Delete, number(&deleted) + built.dependents, all, deleted),
    ];
    let groups = built
        .members
        .iter()
        .map(|(dn, lost, of)| Counted { entry: Some(dn.clone()), ..row(LimitKind::Members, *lost, *of, Vec::new()) });
    let mut groups: Vec<Counted> = groups.collect();
    // The worst first; every group that exceeds it is named, and the first in any case.
    groups.sort_by(|a, b| {
        let share = |row: &Counted| u128::from(row.affected) * 1_000_000 / u128::from(row.of.max(1));
        (b.is_exceeded, share(b)).cmp(&(a.is_exceeded, share(a)))
    });
    let exceeded = groups.iter().filter(|row| row.is_exceeded).count();
    rows.extend(groups.into_iter().take(exceeded.max(1)));
    rows
}
