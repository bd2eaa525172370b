//! Which accounts are moved: disabled ones to the policy's container, restored ones back.
//!
//! | account | is moved to |
//! | --- | --- |
//! | disabled by this plan, or already disabled and waiting, and not below `[move] to` | `[move] to` |
//! | restored, and below `[move] to` | where the change set that moved it (`--history`) took it from, else `[move] back` |
//! | any other | stays |
//!
//! The RDN keeps its spelling. An account is not moved, and there is a decision item, if
//!
//! - an entry of the exports, or another account of this plan, has the name that it would get;
//! - another account is below it, or an entry that is [kept](crate::policy::kept);
//! - 389 DS maintains an entry for it that is kept, or that has members of its own: the server renames or deletes that entry
//!   when the account moves;
//! - the exports lack the container.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::gather::{Gathered, Query, RelatedEntry};
use super::item_code::ItemCode;
use super::model::{Account, SubjectId};
use super::operation::name_below;
use crate::directory::membership::lists_members;
use crate::directory::references::Renaming;
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::Truth;
use crate::ldap::managed_entries::{MANAGED_BY, is_managed};
use crate::ldap::{Dn, DnKey, Entry};
use crate::lifecycle::state::State;
use crate::lifecycle::{Reason, Step};
use crate::policy::Policy;

/// Why an account that should be moved is not.
#[derive(Clone, Debug)]
pub struct MoveObstacle {
    /// The account, by index.
    pub account: usize,
    /// Why.
    pub code: ItemCode,
    /// The name that is in the way.
    pub name: Dn,
}

/// Which accounts are moved, and which cannot be.
#[derive(Default)]
pub struct Moves {
    /// By account.
    pub moved: BTreeMap<usize, Renaming>,
    /// These accounts by their old name.
    by_name: HashMap<DnKey, usize>,
    /// Accounts that should be moved and are not.
    pub obstacles: Vec<MoveObstacle>,
}

impl Moves {
    /// Whether the entry with this name, or one above it, is moved.
    pub fn moves(&self, name: &DnKey) -> bool {
        prefixes(name.as_bytes()).any(|(above, _)| self.by_name.contains_key(above))
    }

    /// The name of an entry when the moves are done.
    pub fn name_after(&self, dn: &Dn) -> Dn {
        let above = prefixes(dn.key().as_bytes()).filter_map(|(above, _)| self.by_name.get(above)).min();
        let renamed = above
            .and_then(|account| self.moved.get(account))
            .and_then(|renaming| dn.renamed(renaming.old.key(), &renaming.new));
        renamed.unwrap_or_else(|| dn.clone())
    }
}

/// The name that an account should get, if it should be moved.
fn target(account: &Account, policy: &Policy) -> Option<Dn> {
    let moving = policy.moving.as_ref()?;
    let decision = &account.decision;
    let dn = &account.entry.dn;
    let is_in_container = moving.contains(dn.key().as_bytes());
    if decision.step == Step::Restore {
        let old = account.history_name.as_ref();
        let before = old.and_then(|old| Dn::parse(old.parent_spelling()?).ok());
        let back = before.or_else(|| moving.back.clone()).filter(|_| is_in_container)?;
        return name_below(dn.rdn_spelling(), &back);
    }
    let stays_disabled = match decision.step {
        Step::Disable | Step::Stamp => true,
        // Before its effective day, nothing is done with an account.
        Step::Wait if matches!(decision.reason, Reason::NotYetEffective(_)) => false,
        Step::Wait | Step::Strip => decision.state != State::Active,
        Step::Nothing => decision.reason == Reason::AlreadyDisabled,
        _ => false,
    };
    let is_whole_account = decision.action.disables_account();
    if !stays_disabled || !is_whole_account || is_in_container {
        return None;
    }
    name_below(dn.rdn_spelling(), &moving.to)
}

/// What names accounts that should be moved, and the entries at their new names and above them.
pub fn query(accounts: &[Account], policy: &Policy) -> Query {
    let mut query = Query::default();
    for (index, account) in accounts.iter().enumerate() {
        if let Some(target) = target(account, policy) {
            query.subjects.add_name(SubjectId::Account(index), account.entry.dn.key());
            query.entries.insert(target.key().clone());
            query.entries.extend(target.key().parent());
        }
    }
    query
}

/// Works out which accounts are moved.
pub fn moves(accounts: &[Account], gathered: &Gathered, policy: &Policy) -> Moves {
    let mut found = Moves::default();
    let exist: HashSet<&DnKey> = gathered.related.iter().map(|related| related.entry.dn.key()).collect();
    let mut below: HashMap<SubjectId, Vec<&RelatedEntry>> = HashMap::new();
    for related in &gathered.related {
        if let Some(subject) = related.below {
            below.entry(subject).or_default().push(related);
        }
    }
    for (account, restored) in accounts.iter().enumerate() {
        let is_in_container = policy.is_moved(restored.entry.dn.key().as_bytes());
        if restored.decision.step == Step::Restore && is_in_container && target(restored, policy).is_none() {
            let name = restored.entry.dn.clone();
            found.obstacles.push(MoveObstacle { account, code: ItemCode::RestoreNotMoved, name });
        }
    }
    let managed = managed_in_the_way(accounts, gathered, policy);
    let mut taken: BTreeSet<DnKey> = BTreeSet::new();
    for (index, account) in accounts.iter().enumerate() {
        let Some(new) = target(account, policy) else { continue };
        let is_account = |entry: &Entry| policy.accounts.filter.evaluate(entry) == Truth::True;
        let own = account.entry.dn.key();
        let entries_below = below.get(&SubjectId::Account(index)).into_iter().flatten();
        let entries_below: Vec<_> = entries_below.filter(|related| related.entry.dn.key() != own).collect();
        let account_below = entries_below.iter().find(|related| is_account(&related.entry));
        let kept_below = entries_below.iter().find(|related| policy.kept(&related.entry).is_some());
        let container = new.key().parent().unwrap_or_default();
        let mut block = |code, name| found.obstacles.push(MoveObstacle { account: index, code, name });
        if !exist.contains(&container) {
            block(ItemCode::MoveNoContainer, new);
        } else if exist.contains(new.key()) || taken.contains(new.key()) {
            block(ItemCode::MoveCollision, new);
        } else if let Some(related) = account_below {
            block(ItemCode::MoveAccountBelow, related.entry.dn.clone());
        } else if let Some(related) =
            kept_below.map(|below| **below).or_else(|| managed.get(&SubjectId::Account(index)).copied())
        {
            block(ItemCode::MoveKeptBelow, related.entry.dn.clone());
        } else {
            taken.insert(new.key().clone());
            found.by_name.insert(own.clone(), index);
            found.moved.insert(index, Renaming { old: account.entry.dn.clone(), new });
        }
    }
    found
}

/// By account, the entry that 389 DS maintains for it and that must not change with it: it is kept, or has members of its own.
fn managed_in_the_way<'g>(
    accounts: &[Account],
    gathered: &'g Gathered,
    policy: &Policy,
) -> HashMap<SubjectId, &'g RelatedEntry> {
    let mut found = HashMap::new();
    for related in gathered.related.iter().filter(|related| is_managed(&related.entry, policy.directory.server)) {
        let names_other = |subject: SubjectId| {
            let account = match subject {
                SubjectId::Account(index) => accounts.get(index),
                SubjectId::Dependent(_) => None,
            };
            let is_own_uid = |value: &[u8]| {
                account
                    .is_some_and(|account| account.entry.values("uid").any(|uid| uid.bytes.eq_ignore_ascii_case(value)))
            };
            let mut attributes = related.entry.attributes.iter().enumerate();
            attributes.any(|(index, attribute)| {
                let names_subject = |value: usize| {
                    let mut references = related.references_of(index).iter();
                    is_own_uid(&attribute.values[value].bytes)
                        || references.any(|reference| reference.position.value == value && reference.subject == subject)
                };
                lists_members(attribute.description.attribute_type()) && !(0..attribute.values.len()).all(names_subject)
            })
        };
        let origins = related.references.iter();
        for origin in origins.filter(|of| related.attribute(of).description.is_type(MANAGED_BY)) {
            if policy.kept(&related.entry).is_some() || names_other(origin.subject) {
                found.entry(origin.subject).or_insert(related);
            }
        }
    }
    found
}
