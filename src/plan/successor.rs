//! Who takes over what a deleted account owns.
//!
//! The policy's order, first that is eligible: `leaver` (the successor in the leaver list), `manager` (of the account;
//! of a manager who leaves as well or is disabled, the next one up), `fallback` (the policy's own). Eligible is an entry
//! that the exports hold, that leaves with nobody in this plan, and that is not marked. A line of managers that runs in
//! a circle gives nobody.

use std::collections::{HashMap, HashSet};

use super::Account;
use super::meanings::Meanings;
use crate::ldap::{Dn, DnKey, Entry};
use crate::lifecycle::state::is_marked;
use crate::policy::{Policy, SuccessorSource};

/// What is known of successors.
pub struct Line<'l> {
    /// The accounts of the plan.
    pub accounts: &'l [Account],
    /// What pass 1 found.
    pub meanings: &'l Meanings<'l>,
    /// The accounts that leave, by name.
    pub leaving: &'l HashMap<DnKey, usize>,
    /// The policy.
    pub policy: &'l Policy,
}

/// Who follows an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This entry, spelled as it spells its name.
    One(Dn),
    /// Nobody; why the line of managers gave nobody, if it was asked.
    None(Option<&'static str>),
    /// That depends on these entries, which were not looked up yet.
    Needs(DnKey),
}

/// Every entry that could follow an account directly: those to look up first.
pub fn first_wishes(line: &Line<'_>) -> HashSet<DnKey> {
    let mut wishes = HashSet::new();
    for account in line.accounts {
        for source in &line.policy.successor.order {
            match source {
                SuccessorSource::Leaver => wishes.extend(line.named(account).map(|dn| dn.key().clone())),
                SuccessorSource::Manager => wishes.extend(manager(&account.entry).map(|dn| dn.key().clone())),
                SuccessorSource::Fallback => {
                    wishes.extend(line.policy.successor.fallback.iter().map(|dn| dn.key().clone()));
                }
            }
        }
    }
    wishes
}

fn manager(entry: &Entry) -> Option<Dn> {
    Dn::parse(&entry.values("manager").next()?.bytes).ok()
}

impl Line<'_> {
    /// Who follows an account, given the entries that were looked up; `None` in `known` is one that the exports lack.
    pub fn follow(&self, account: &Account, known: &HashMap<DnKey, Option<&Entry>>) -> Found {
        let mut why = None;
        for source in &self.policy.successor.order {
            let wished = match source {
                SuccessorSource::Leaver => self.named(account),
                SuccessorSource::Fallback => self.policy.successor.fallback.clone(),
                SuccessorSource::Manager => match self.up(account, known) {
                    Found::None(reason) => {
                        why = why.or(reason);
                        continue;
                    }
                    found => return found,
                },
            };
            let Some(wished) = wished else { continue };
            match known.get(wished.key()) {
                None => return Found::Needs(wished.key().clone()),
                Some(Some(entry)) if self.is_eligible(entry) => return Found::One(entry.dn.clone()),
                Some(_) => {}
            }
        }
        Found::None(why)
    }

    /// The first eligible one up the line of managers.
    fn up(&self, account: &Account, known: &HashMap<DnKey, Option<&Entry>>) -> Found {
        let mut seen = HashSet::from([account.entry.dn.key().clone()]);
        let mut below: &Entry = &account.entry;
        loop {
            let Some(manager) = manager(below) else { return Found::None(Some("the line of managers ends")) };
            if !seen.insert(manager.key().clone()) {
                return Found::None(Some("the line of managers runs in a circle"));
            }
            if let Some(index) = self.leaving.get(manager.key()) {
                below = &self.accounts[*index].entry;
                continue;
            }
            match known.get(manager.key()) {
                None => return Found::Needs(manager.key().clone()),
                Some(None) => return Found::None(Some("a manager in the line is not in the exports")),
                Some(Some(entry)) if self.is_eligible(entry) => return Found::One(entry.dn.clone()),
                Some(Some(entry)) => below = entry,
            }
        }
    }

    fn is_eligible(&self, entry: &Entry) -> bool {
        !self.leaving.contains_key(entry.dn.key()) && !is_marked(entry, self.policy)
    }

    /// The successor that the leaver list names, if that is one entry.
    fn named(&self, account: &Account) -> Option<Dn> {
        // Several are as good as none: choosing is for a person.
        match self.meanings.of_successor(account.leaver) {
            [only] => Some(only.entry.dn.clone()),
            _ => None,
        }
    }
}
