//! Entries below an account that is to be deleted: which are deleted with it, and which hold it.
//!
//! Read from the top; the first row that fits decides.
//!
//! | an entry below the account | what happens |
//! | --- | --- |
//! | is deleted by the plan for a reason of its own: another leaver | nothing more |
//! | is an account of the policy (`[accounts]`) | the account is held: `account-below` |
//! | is protected (`[protect]` dn, subtree, filter) | the account is held: `protected-below` |
//! | is an alias of an entry that the plan deletes (RFC 4512, 2.6) | it is deleted with the account |
//! | matches `[children] own` | it is deleted with the account |
//! | is any other entry, and `[children] other = "delete"` | it is deleted with the account |
//! | is any other entry | the account is held: `children-below` |
//!
//! A server deletes no entry that has entries below it (RFC 4511, 4.8), so a plan must delete these first or hold the
//! account. Of several deleted entries above one another, each that has the entry below it is held.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Account;
use super::collect::{Collected, Kept};
use crate::directory::references::kinds::ALIAS;
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::Truth;
use crate::ldap::{DnKey, Entry};
use crate::lifecycle::{Reason, Step};
use crate::policy::{OtherChildren, Policy};

/// What an entry is to the account that it is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildKind {
    /// It belongs to the account: by `[children] own`, or as an alias of what is deleted.
    Own,
    /// It is another account of the policy.
    Account,
    /// `[protect]` covers it.
    Protected,
    /// Nothing in the policy says that it belongs to the account.
    Other,
}

impl ChildKind {
    /// The kind of an entry below an account.
    fn of(entry: &Entry, deleted: &BTreeMap<DnKey, usize>, policy: &Policy) -> Self {
        if policy.accounts.filter.evaluate(entry) == Truth::True {
            Self::Account
        } else if policy.protect.covers(entry) {
            Self::Protected
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
        match self {
            Self::Own => "own",
            Self::Account => "account",
            Self::Protected => "protected",
            Self::Other => "other",
        }
    }
}

fn is_alias_of_deleted(entry: &Entry, deleted: &BTreeMap<DnKey, usize>) -> bool {
    let names_deleted = |target: DnKey| prefixes(target.as_bytes()).any(|(above, _)| deleted.contains_key(above));
    entry.has_class("alias")
        && entry.values(ALIAS).filter_map(|target| DnKey::parse(&target.bytes).ok()).any(names_deleted)
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

/// The nearest deleted entry above a name, by its number.
pub fn deleted_above(key: &DnKey, deleted: &BTreeMap<DnKey, usize>) -> Option<usize> {
    all_deleted_above(key, deleted).last()
}

/// All deleted entries above a name, the topmost first.
fn all_deleted_above<'d>(key: &'d DnKey, deleted: &'d BTreeMap<DnKey, usize>) -> impl Iterator<Item = usize> + 'd {
    let above = prefixes(key.as_bytes()).filter(|(above, _)| *above != key.as_bytes());
    above.filter_map(|(above, _)| deleted.get(above).copied())
}

/// Who must be held because of entries below, by the numbers of the pass, each with the reason.
pub fn holds(around: &Collected, deleted: &BTreeMap<DnKey, usize>, policy: &Policy) -> Vec<(usize, Reason)> {
    let mut holds = Vec::new();
    let mut others: BTreeMap<usize, Vec<&Kept>> = BTreeMap::new();
    for kept in around.kept.iter().filter(|kept| !deleted.contains_key(kept.entry.dn.key())) {
        let above = all_deleted_above(kept.entry.dn.key(), deleted);
        let name = || kept.entry.dn.raw_bytes().to_vec();
        for person in above {
            match ChildKind::of(&kept.entry, deleted, policy) {
                ChildKind::Account => holds.push((person, Reason::AccountBelow(name()))),
                ChildKind::Protected => holds.push((person, Reason::ProtectedBelow(name()))),
                ChildKind::Other if policy.children.other == OtherChildren::Hold => {
                    others.entry(person).or_default().push(kept);
                }
                ChildKind::Own | ChildKind::Other => {}
            }
        }
    }
    for (person, mut found) in others {
        found.sort_by_key(|kept| kept.entry.dn.key());
        if let Some(first) = found.first() {
            let first = first.entry.dn.raw_bytes().to_vec();
            holds.push((person, Reason::ChildrenBelow { first, count: found.len() }));
        }
    }
    holds
}

/// The entries below accounts that are deleted, and below those that are held because of them; in the order of their
/// names.
pub fn listed(
    accounts: &[Account],
    around: &Collected,
    deleted: &BTreeMap<DnKey, usize>,
    policy: &Policy,
) -> Vec<Child> {
    let is_held = |reason: &Reason| {
        matches!(reason, Reason::AccountBelow(_) | Reason::ProtectedBelow(_) | Reason::ChildrenBelow { .. })
    };
    let concerned = accounts.iter().enumerate().filter(|(_, account)| {
        let decision = &account.decision;
        decision.step == Step::Delete || decision.step == Step::Hold && is_held(&decision.reason)
    });
    let concerned: BTreeMap<DnKey, usize> =
        concerned.map(|(index, account)| (account.entry.dn.key().clone(), index)).collect();
    let mut children: BTreeMap<&DnKey, Child> = BTreeMap::new();
    for kept in &around.kept {
        let key = kept.entry.dn.key();
        let Some(account) = deleted_above(key, &concerned).filter(|_| !concerned.contains_key(key)) else { continue };
        let is_deleted = accounts[account].decision.step == Step::Delete || deleted.contains_key(key);
        let kind = ChildKind::of(&kept.entry, &concerned, policy);
        children.insert(key, Child { account, entry: Arc::clone(&kept.entry), kind, is_deleted });
    }
    children.into_values().collect()
}
