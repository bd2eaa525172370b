//! Entries below an account that is to be deleted: which of them are deleted with it, and which hold it.
//!
//! The first row that applies decides.
//!
//! | an entry below the account | what happens |
//! | --- | --- |
//! | is deleted by the plan for another reason: it is another leaver | nothing more |
//! | is an account of the policy (`[accounts]`) | the account is held: `account-below` |
//! | is protected (`[protect]`) | the account is held: `protected-below` |
//! | is vetoed (`[veto]`, a veto list) | the account is held: `vetoed-below` |
//! | is an alias of an entry that the plan deletes (RFC 4512, 2.6) | it is deleted with the account |
//! | matches `[children] own` | it is deleted with the account |
//! | is any other entry, and `[children] other = "delete"` | it is deleted with the account |
//! | is any other entry | the account is held: `children-below` |
//!
//! A server does not delete an entry that has entries below it (RFC 4511, 4.8), so a plan must delete these first or hold
//! the account. If an entry is below several deleted ones, all of them are held.

use std::collections::BTreeMap;
use std::sync::Arc;

use strum::IntoStaticStr;

use super::gather::{Gathered, RelatedEntry};
use super::model::{Account, Fates, Hold, SubjectId};
use crate::directory::references::reference_attributes::ALIASED_OBJECT;
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::Truth;
use crate::ldap::{DnKey, Entry};
use crate::lifecycle::{Reason, Step};
use crate::policy::{Kept, OtherChildren, Policy};

/// What an entry is to the account that it is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum ChildKind {
    /// It belongs to the account: by `[children] own`, or as an alias of a deleted entry.
    Own,
    /// It is another account of the policy.
    Account,
    /// `[protect]` covers it.
    Protected,
    /// A veto holds it.
    Vetoed,
    /// Nothing in the policy says that it belongs to the account.
    Other,
}

impl ChildKind {
    /// The kind of an entry below an account.
    fn of<Id>(entry: &Entry, deleted: &BTreeMap<DnKey, Id>, policy: &Policy) -> Self {
        if policy.accounts.filter.evaluate(entry) == Truth::True {
            Self::Account
        } else if let Some(kept) = policy.kept(entry) {
            if matches!(kept, Kept::Protected(_)) { Self::Protected } else { Self::Vetoed }
        } else if is_alias_of_deleted(entry, deleted)
            || policy.children.own.as_ref().is_some_and(|own| own.evaluate(entry) == Truth::True)
        {
            Self::Own
        } else {
            Self::Other
        }
    }

    /// Its word in plan.json: stable.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

fn is_alias_of_deleted<Id>(entry: &Entry, deleted: &BTreeMap<DnKey, Id>) -> bool {
    let names_deleted = |target: DnKey| prefixes(target.as_bytes()).any(|(above, _)| deleted.contains_key(above));
    entry.has_class("alias")
        && entry.values(ALIASED_OBJECT).filter_map(|target| DnKey::parse(&target.bytes).ok()).any(names_deleted)
}

/// An entry below an account, for the report.
#[derive(Clone)]
pub struct Child {
    /// The account, by index: the nearest one above the entry.
    pub account: usize,
    /// The entry.
    pub entry: Arc<Entry>,
    /// What it is to the account.
    pub kind: ChildKind,
    /// Whether the plan deletes it.
    pub is_deleted: bool,
}

/// The nearest entry of a map above a name.
pub fn nearest_above<Id: Copy>(key: &DnKey, entries: &BTreeMap<DnKey, Id>) -> Option<Id> {
    all_above(key, entries).last()
}

/// All entries of a map above a name, the topmost first.
fn all_above<'d, Id: Copy>(key: &'d DnKey, entries: &'d BTreeMap<DnKey, Id>) -> impl Iterator<Item = Id> + 'd {
    let above = prefixes(key.as_bytes()).filter(|(above, _)| *above != key.as_bytes());
    above.filter_map(|(above, _)| entries.get(above).copied())
}

/// The accounts that must be held because of entries below them. `deleted` has the deleted accounts and dependents by name.
pub fn holds(gathered: &Gathered, deleted: &BTreeMap<DnKey, SubjectId>, fates: &Fates, policy: &Policy) -> Vec<Hold> {
    let hold = |subject, reason| Hold { account: fates.account_of(subject), reason };
    let mut holds = Vec::new();
    let mut others: BTreeMap<SubjectId, Vec<&RelatedEntry>> = BTreeMap::new();
    for related in gathered.related.iter().filter(|related| !deleted.contains_key(related.entry.dn.key())) {
        let name = || related.entry.dn.raw_bytes().to_vec();
        for subject in all_above(related.entry.dn.key(), deleted) {
            match ChildKind::of(&related.entry, deleted, policy) {
                ChildKind::Account => holds.push(hold(subject, Reason::AccountBelow(name()))),
                ChildKind::Protected => holds.push(hold(subject, Reason::ProtectedBelow(name()))),
                ChildKind::Vetoed => {
                    let veto = policy.veto.why(&related.entry).unwrap_or_default().to_owned();
                    holds.push(hold(subject, Reason::VetoedBelow(name(), veto)));
                }
                ChildKind::Other if policy.children.other == OtherChildren::Hold => {
                    others.entry(subject).or_default().push(related);
                }
                ChildKind::Own | ChildKind::Other => {}
            }
        }
    }
    for (subject, mut found) in others {
        found.sort_by_key(|related| related.entry.dn.key());
        if let Some(first) = found.first() {
            let first = first.entry.dn.raw_bytes().to_vec();
            holds.push(hold(subject, Reason::ChildrenBelow { first, count: found.len() }));
        }
    }
    holds
}

/// The entries below accounts that are deleted, and below those that are held because of them; in the order of their names.
pub fn listed(
    accounts: &[Account],
    gathered: &Gathered,
    deleted: &BTreeMap<DnKey, SubjectId>,
    policy: &Policy,
) -> Vec<Child> {
    let is_held_for_children = |reason: &Reason| {
        matches!(
            reason,
            Reason::AccountBelow(_)
                | Reason::ProtectedBelow(_)
                | Reason::VetoedBelow(..)
                | Reason::ChildrenBelow { .. }
        )
    };
    let is_concerned = |account: &Account| {
        let decision = &account.decision;
        account.is_deleted() || decision.step == Step::Hold && is_held_for_children(&decision.reason)
    };
    let concerned = accounts.iter().enumerate().filter(|(_, account)| is_concerned(account));
    let concerned: BTreeMap<DnKey, usize> =
        concerned.map(|(index, account)| (account.entry.dn.key().clone(), index)).collect();
    let mut children: BTreeMap<&DnKey, Child> = BTreeMap::new();
    for related in &gathered.related {
        let key = related.entry.dn.key();
        let Some(account) = nearest_above(key, &concerned).filter(|_| !concerned.contains_key(key)) else { continue };
        let is_deleted = accounts[account].is_deleted() || deleted.contains_key(key);
        let kind = ChildKind::of(&related.entry, &concerned, policy);
        children.insert(key, Child { account, entry: Arc::clone(&related.entry), kind, is_deleted });
    }
    children.into_values().collect()
}
