//! Step 5: successors, moves, address books, and the accounts that cannot be deleted. This is the last step that may hold an
//! account; its result does not change any more.

use std::collections::{BTreeMap, HashMap};

use super::address_books::{self, BookDeletions};
use super::decide::Decided;
use super::error::PlanError;
use super::gather::Gathered;
use super::incomplete::Gaps;
use super::locate::FirstReading;
use super::model::{Account, Conflict, DecisionItem, Dependent, Fates, Hold, SubjectId, deleted_entries};
use super::moves::{Moves, moves};
use super::references::{Blocker, change};
use super::request::PlanContext;
use super::retained::RetainedPasses;
use super::search::Surroundings;
use super::successor::{Succession, Successions, SuccessorSearch};
use super::{children, dependents};
use crate::directory::snapshot::Directory;
use crate::ldap::dn_key::prefixes;
use crate::ldap::{DnKey, Entry};
use crate::leavers::Leaver;
use crate::lifecycle::Reason;
use crate::lifecycle::effective::domain_of_account;

/// What the stages write operations for.
pub struct Settled {
    /// The leavers: those asked for, then those that the rosters name.
    pub leavers: Vec<Leaver>,
    /// The accounts, in the order of their leavers.
    pub accounts: Vec<Account>,
    /// Leavers without an account.
    pub conflicts: Vec<Conflict>,
    /// The dependents, deleted or not.
    pub dependents: Vec<Dependent>,
    /// What becomes of each account and dependent.
    pub fates: Fates,
    /// The deleted accounts and dependents by name.
    pub deleted: BTreeMap<DnKey, SubjectId>,
    /// The accounts that are moved.
    pub moves: Moves,
    /// The address books that are deleted.
    pub books: BookDeletions,
    /// What a person must decide; the stages find more.
    pub decision_items: Vec<DecisionItem>,
    /// What the exports lack.
    pub gaps: Gaps,
}

impl Settled {
    /// Whether an entry is deleted as a subject, or with a subject that it is below.
    pub fn deletes(&self, key: &DnKey) -> bool {
        is_at_or_below_any(key, &self.deleted)
    }
}

/// Settles what becomes of every account and dependent.
pub fn settle<D: Directory<RetainedPasses>>(
    directory: &D,
    context: PlanContext<'_>,
    first: &FirstReading<'_>,
    decided: Decided,
    surroundings: &Surroundings,
) -> Result<Settled, PlanError<D::Error>> {
    let policy = context.policy;
    let Surroundings { gathered, dependents, books: candidates, .. } = surroundings;
    let Decided { leavers, mut accounts, conflicts, mut decision_items, leaving, gaps, finds_orphans } = decided;
    let FirstReading { located, matches, needs } = first;
    let search = SuccessorSearch { accounts: &accounts, matches, leaving: &leaving, policy, needs };
    let Successions { by_account, decision_items: unusable } = search.run(directory, gathered)?;
    decision_items.extend(unusable);
    for (account, succession) in accounts.iter_mut().zip(by_account) {
        set_successor(account, succession);
    }
    set_domains(&mut accounts, gathered);

    let mut fates = hold_blocked_deletions(&mut accounts, dependents, gathered, context);
    // An account that is held keeps its address book.
    let ownership = &located.entries.ownership;
    let orphans = if finds_orphans { ownership.orphans(policy, deleted_entries(&accounts)) } else { Vec::new() };
    let books = address_books::deletions(&accounts, candidates, &orphans, gathered, policy);
    let moves = moves(&accounts, gathered, policy);
    for (account, renaming) in &moves.moved {
        fates.set_renaming(*account, renaming.clone());
    }
    let deleted = deleted_by_name(&accounts, dependents, &fates);
    let dependents = dependents.clone();
    Ok(Settled { leavers, accounts, conflicts, dependents, fates, deleted, moves, books, decision_items, gaps })
}

fn set_successor(account: &mut Account, succession: Succession) {
    match succession {
        Succession::Entry(entry) => {
            account.successor = Some(entry.dn.clone());
            account.successor_entry = Some(*entry);
        }
        Succession::None(why) => account.no_successor = why,
    }
}

/// Finds the entry of the mail domain that each account is in.
fn set_domains(accounts: &mut [Account], gathered: &Gathered) {
    let by_key: HashMap<&DnKey, &Entry> =
        gathered.related.iter().map(|related| (related.entry.dn.key(), &*related.entry)).collect();
    for account in accounts {
        let key = account.entry.dn.key().clone();
        let mut above: Vec<&Entry> = prefixes(key.as_bytes())
            .filter_map(|(above, _)| by_key.get(&DnKey::from_key_bytes(above)).copied())
            .filter(|entry| *entry.dn.key() != key)
            .collect();
        above.reverse();
        account.domain = domain_of_account(&account.entry, above.into_iter()).cloned();
    }
}

/// Holds every account that cannot be deleted, until no more has to be held. Gives what becomes of all subjects then.
///
/// Holding one account can only make it easier to delete the others, except if it is a child of another one.
fn hold_blocked_deletions(
    accounts: &mut [Account],
    dependents: &[Dependent],
    gathered: &Gathered,
    context: PlanContext<'_>,
) -> Fates {
    loop {
        let fates = dependents::fates(accounts, dependents, gathered, context);
        let holds = blocked_deletions(accounts, dependents, &fates, gathered, context);
        if !Hold::apply_to_deleted(holds, accounts) {
            return fates;
        }
    }
}

/// The accounts that cannot be deleted because of entries below them, or because they cannot be removed from an entry.
fn blocked_deletions(
    accounts: &[Account],
    dependents: &[Dependent],
    fates: &Fates,
    gathered: &Gathered,
    context: PlanContext<'_>,
) -> Vec<Hold> {
    let deleted = deleted_by_name(accounts, dependents, fates);
    let mut holds = children::holds(gathered, &deleted, fates, context.policy);
    for related in gathered.related.iter().filter(|related| !is_at_or_below_any(related.entry.dn.key(), &deleted)) {
        let Err(blockers) = change(related, fates, context) else { continue };
        let name = || related.entry.dn.raw_bytes().to_vec();
        holds.extend(blockers.into_iter().map(|blocker| match blocker {
            Blocker::LastMember(subject, why) => {
                Hold { account: fates.account_of(subject), reason: Reason::LastMember(name(), why) }
            }
            Blocker::NoSuccessor(subject) => {
                let account = fates.account_of(subject);
                Hold { account, reason: Reason::NoSuccessor(name(), accounts[account].no_successor) }
            }
        }));
    }
    holds
}

fn deleted_by_name(accounts: &[Account], dependents: &[Dependent], fates: &Fates) -> BTreeMap<DnKey, SubjectId> {
    let accounts = accounts.iter().enumerate().map(|(index, account)| (SubjectId::Account(index), &account.entry));
    let dependents =
        dependents.iter().enumerate().map(|(index, dependent)| (SubjectId::Dependent(index), &dependent.entry));
    let deleted = accounts.chain(dependents).filter(|(subject, _)| fates.is_deleted(*subject));
    deleted.map(|(subject, entry)| (entry.dn.key().clone(), subject)).collect()
}

fn is_at_or_below_any(key: &DnKey, deleted: &BTreeMap<DnKey, SubjectId>) -> bool {
    prefixes(key.as_bytes()).any(|(above, _)| deleted.contains_key(above))
}
