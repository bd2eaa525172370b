//! Step 5: successors, moves, address books, and the accounts that cannot be deleted. This is the last step that may hold an
//! account; its result does not change any more.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::address_books::{self, BookDeletions};
use super::decide::Decided;
use super::error::PlanError;
use super::gather::Gathered;
use super::incomplete::Gaps;
use super::item_code::ItemCode;
use super::locate::FirstReading;
use super::model::{Account, Conflict, DecisionItem, Dependent, Fates, Hold, SubjectId, deleted_entries};
use super::moves::{Moves, moves};
use super::references::{Blocker, change};
use super::request::PlanContext;
use super::retained::RetainedPasses;
use super::search::Surroundings;
use super::successor::{Succession, Successions, SuccessorSearch};
use super::{children, commands, dependents, repeated};
use crate::directory::snapshot::Directory;
use crate::ldap::dn_key::prefixes;
use crate::ldap::{DnKey, Entry};
use crate::leavers::Leaver;
use crate::lifecycle::effective::domain_of_account;
use crate::lifecycle::{Reason, Step};
use crate::policy::Policy;

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
        // If the lines of the list disagree, none of them names the successor.
        if !matches!(account.decision.reason, Reason::LeaversDisagree(_)) {
            set_successor(account, succession);
        }
    }
    set_domains(&mut accounts, gathered);

    Hold::apply(in_vetoed_containers(&accounts, gathered, policy), &mut accounts);
    Hold::apply(commands::holds(&accounts, gathered, policy), &mut accounts);
    let repeated = &located.entries.repeated;
    let fates = dependents::fates(&accounts, dependents, gathered, context);
    Hold::apply(repeated::holds(&accounts, &fates, gathered, repeated), &mut accounts);
    let ownership = &located.entries.ownership;
    let (mut fates, books) = loop {
        let fates = hold_blocked_deletions(&mut accounts, dependents, gathered, context);
        // An account that is held keeps its address book.
        let orphans = if finds_orphans { ownership.orphans(policy, deleted_entries(&accounts)) } else { Vec::new() };
        let mut books = address_books::deletions(&accounts, candidates, &orphans, gathered, policy, gaps.are_none());
        let mut holds = kept_books(&mut books, policy);
        holds.extend(repeated::book_holds(&accounts, &books.books, repeated));
        if !Hold::apply_to_deleted(holds, &mut accounts) {
            break (fates, books);
        }
    };
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

/// The accounts that the plan would change, and that are below an entry that a veto matches: the container would lose them.
fn in_vetoed_containers(accounts: &[Account], gathered: &Gathered, policy: &Policy) -> Vec<Hold> {
    if policy.veto.filter().is_none() {
        // A veto by name is looked at when the account's step is decided.
        return Vec::new();
    }
    let vetoed: HashMap<&[u8], (&Entry, &str)> = gathered
        .related
        .iter()
        .filter_map(|related| {
            Some((related.entry.dn.key().as_bytes(), (&*related.entry, policy.veto.why_itself(&related.entry)?)))
        })
        .collect();
    let above = |account: &Account| {
        let key = account.entry.dn.key();
        prefixes(key.as_bytes())
            .filter(|(above, _)| *above != key.as_bytes())
            .find_map(|(above, _)| vetoed.get(above).copied())
    };
    // An account that is disabled already may still be moved.
    let is_concerned = |account: &Account| match account.decision.step {
        Step::Hold => false,
        Step::Nothing => account.decision.reason == Reason::AlreadyDisabled,
        _ => true,
    };
    let concerned = accounts.iter().enumerate().filter(|(_, account)| is_concerned(account));
    let holds = concerned.filter_map(|(account, held)| {
        let (container, veto) = above(held)?;
        let veto = format!("{veto}, which matches {} above it", String::from_utf8_lossy(container.dn.raw_bytes()));
        Some(Hold { account, reason: Reason::Vetoed(veto) })
    });
    holds.collect()
}

/// The accounts whose address book has an entry that is kept. A book without an owner is taken off the list, and is a decision
/// item.
fn kept_books(books: &mut BookDeletions, policy: &Policy) -> Vec<Hold> {
    let mut holds = Vec::new();
    let mut kept_roots = Vec::new();
    for book in &books.books {
        let kept = book.entries.iter().find_map(|entry| Some((entry, policy.kept(entry)?)));
        let Some((entry, kept)) = kept else { continue };
        match book.account {
            Some(account) => {
                let reason = Reason::DeletesKept(entry.dn.raw_bytes().to_vec(), kept.because());
                holds.push(Hold { account, reason });
            }
            // The entries are in order: the root is the last.
            None => kept_roots.extend(book.entries.last().map(|root| (root.dn.key().clone(), Arc::clone(entry)))),
        }
    }
    for (root, entry) in kept_roots {
        books.books.retain(|book| book.entries.last().is_none_or(|own| *own.dn.key() != root));
        books.roots.remove(&root);
        let item = DecisionItem::of_entry(&entry, ItemCode::AddressBookKept, "dn", entry.dn.raw_bytes());
        books.decision_items.push(item);
    }
    holds
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
    let mut holds = dependents::holds(gathered, dependents, fates);
    holds.extend(children::holds(gathered, &deleted, fates, context.policy));
    holds.extend(dependents::kept_holds(gathered, dependents, fates, context));
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
