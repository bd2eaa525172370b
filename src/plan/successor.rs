//! Who takes over what a deleted account owns.
//!
//! The policy's order, first that is eligible: `leaver` (the successor in the leaver list), `manager` (of the account;
//! of a manager who leaves as well or is disabled, the next one up), `fallback` (the policy's own). Eligible is an entry
//! that the exports hold, that leaves with nobody in this plan, and that is not disabled, as far as its export shows that. A
//! line of managers that runs in
//! a circle gives nobody.

use std::collections::{HashMap, HashSet};

use super::meanings::Meanings;
use super::operational::Sought;
use super::{Account, DecisionItem};
use crate::ldap::{Dn, DnKey, Entry, Origin};
use crate::lifecycle::state::is_disabled;
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
    /// What the exports do not show of accounts.
    pub sought: &'l Sought<'l>,
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

/// Successors that are named and cannot take over: by the list, by the policy, or as a manager whom nothing replaces.
///
/// Looked for at every plan, whether it deletes an account yet or not: on the day of the deletion it would be late.
pub fn unusable(line: &Line<'_>, known: &HashMap<DnKey, Option<&Entry>>) -> Vec<DecisionItem> {
    let mut decision_items = Vec::new();
    let leaving =
        line.accounts.iter().enumerate().filter(|(_, account)| line.leaving.contains_key(account.entry.dn.key()));
    for (index, account) in leaving {
        let review = |code, attribute: &str, value: Vec<u8>, evidence| DecisionItem {
            account: Some(index),
            code,
            dn: account.entry.dn.raw_bytes().to_vec(),
            attribute: attribute.to_owned(),
            value,
            evidence,
        };
        for source in &line.policy.successor.order {
            let usable = |dn: &Dn| known.get(dn.key()).copied().flatten().is_some_and(|entry| line.is_eligible(entry));
            match source {
                SuccessorSource::Leaver => {
                    let Some(named) = line.meanings.successor_identity(account.leaver) else { continue };
                    let code = match line.meanings.of_successor(account.leaver) {
                        [] => "successor-unknown",
                        [only] if line.is_eligible(&only.entry) => break,
                        [_] => "successor-leaves",
                        _ => "successor-ambiguous",
                    };
                    decision_items.push(review(code, "successor", named.to_string().into_bytes(), Origin::default()));
                }
                SuccessorSource::Manager => {
                    let Some(manager) = manager(&account.entry) else { continue };
                    if usable(&manager) {
                        break;
                    }
                    if known.get(manager.key()).is_some_and(Option::is_none)
                        && !line.leaving.contains_key(manager.key())
                    {
                        let line = account.entry.values("manager").next().map_or(0, |value| value.line);
                        let evidence = Origin { line, ..account.entry.origin };
                        decision_items.push(review(
                            "manager-unknown",
                            "manager",
                            manager.raw_bytes().to_vec(),
                            evidence,
                        ));
                    }
                }
                // Once for all accounts, below.
                SuccessorSource::Fallback => {}
            }
        }
    }
    let uses_fallback = line.policy.successor.order.contains(&SuccessorSource::Fallback) && !line.leaving.is_empty();
    if let Some(fallback) = line.policy.successor.fallback.as_ref().filter(|_| uses_fallback) {
        let code = match known.get(fallback.key()) {
            Some(None) => Some("fallback-unknown"),
            Some(Some(entry)) if !line.is_eligible(entry) => Some("fallback-leaves"),
            _ => None,
        };
        decision_items.extend(code.map(|code| DecisionItem {
            account: None,
            code,
            dn: Vec::new(),
            attribute: "[successor] fallback".to_owned(),
            value: fallback.raw_bytes().to_vec(),
            evidence: Origin::default(),
        }));
    }
    decision_items
}

impl Line<'_> {
    /// Who follows an account, given the entries that were looked up; `None` in `known` is one that the exports lack.
    ///
    /// `reached` keeps what was found up the lines of managers; it holds for the same accounts and `known`.
    pub fn follow(
        &self,
        account: &Account,
        known: &HashMap<DnKey, Option<&Entry>>,
        reached: &mut HashMap<DnKey, Found>,
    ) -> Found {
        let mut why = None;
        for source in &self.policy.successor.order {
            let wished = match source {
                SuccessorSource::Leaver => self.named(account),
                SuccessorSource::Fallback => self.policy.successor.fallback.clone(),
                SuccessorSource::Manager => match self.up(account, known, reached) {
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
    ///
    /// Lines meet: where one was followed already, its end is known, or a list along one line would take quadratic time.
    fn up(
        &self,
        account: &Account,
        known: &HashMap<DnKey, Option<&Entry>>,
        reached: &mut HashMap<DnKey, Found>,
    ) -> Found {
        let own = account.entry.dn.key();
        // To a line that comes by, an account that stays is its end; to itself it is not.
        let shares = self.leaving.contains_key(own);
        let mut seen = HashSet::new();
        let mut below: &Entry = &account.entry;
        let found = loop {
            let Some(manager) = manager(below) else { break Found::None(Some("the line of managers ends")) };
            let key = manager.key();
            if let Some(found) = reached.get(key).filter(|_| shares) {
                break found.clone();
            }
            if key == own || !seen.insert(key.clone()) {
                break Found::None(Some("the line of managers runs in a circle"));
            }
            if let Some(index) = self.leaving.get(key) {
                below = &self.accounts[*index].entry;
                continue;
            }
            match known.get(key) {
                None => break Found::Needs(key.clone()),
                Some(None) => break Found::None(Some("a manager in the line is not in the exports")),
                Some(Some(entry)) if self.is_eligible(entry) => break Found::One(entry.dn.clone()),
                Some(Some(entry)) => below = entry,
            }
        };
        if shares {
            reached.extend(seen.into_iter().map(|key| (key, found.clone())));
        }
        found
    }

    fn is_eligible(&self, entry: &Entry) -> bool {
        !self.leaving.contains_key(entry.dn.key())
            && !is_disabled(entry, self.policy)
            && !self.sought.may_be_disabled(entry)
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
