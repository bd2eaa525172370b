//! The builders: from decided accounts and what stands around them to operations.

use std::collections::{BTreeMap, BTreeSet};

use super::address_books::{Candidates, Root, candidates};
use super::collect::{Collect, Collected, Kept};
use super::limits::{Counted, Exceeded};
use super::operation::{Kind, Operation, Stage, delete, modify};
use super::references::{self, Obstacle};
use super::resolve::Resolved;
use super::{Account, Guard, Request, Review, guard, hold, is_review};
use crate::ldap::filter::Truth;
use crate::ldap::{AttributeDescription, Dn, DnKey, Entry, ModOp, Modification, Value};
use crate::lifecycle::state::values_of;
use crate::lifecycle::{Reason, Step, grace};
use crate::policy::{LimitKind, Policy};

/// What the builders give.
#[derive(Default)]
pub struct Built {
    /// Operations, stage by stage once sorted.
    pub operations: Vec<Operation>,
    /// What a person must decide.
    pub reviews: Vec<Review>,
    /// Every touched entry as the exports show it.
    pub before: BTreeMap<DnKey, Entry>,
    /// Values removed from entries that name accounts.
    removed: u64,
    /// Values reassigned.
    reassigned: u64,
    /// Address books deleted.
    books: u64,
}

/// Makes the second pass look for what is around an account; gives where its address book may stand.
pub fn look_around(index: usize, account: &Account, policy: &Policy, pass: &mut Collect) -> Option<Candidates> {
    let dn = &account.entry.dn;
    pass.accounts.insert(dn.key().clone(), index);
    // The note's own trap: an owner written with the cn of the user in place of the name of the entry.
    if let Some(parent) = dn.parent_spelling() {
        for cn in account.entry.values("cn") {
            let name = [b"cn=", &*crate::ldap::dn::escape_rdn_value(&cn.bytes), b",", parent].concat();
            match DnKey::parse(&name) {
                Ok(key) if key != *dn.key() => {
                    pass.near_misses.insert(key, index);
                }
                _ => {}
            }
        }
    }
    let found = candidates(&account.entry, policy.address_books.suffix.as_ref()?);
    found.look_for(index, pass);
    Some(found)
}

/// Holds every account that cannot be taken out of something, until nothing more has to be held.
///
/// Holding one account can only make it easier to delete the others, but for children that stay.
pub fn hold_the_impossible(accounts: &mut [Account], around: &Collected, policy: &Policy) {
    loop {
        let deleted = deleted_keys(accounts);
        let successors = successors(accounts);
        let mut holds: Vec<(usize, Reason)> = Vec::new();
        for kept in &around.kept {
            if is_below_any(kept.entry.dn.key(), &deleted) {
                let stays = policy.accounts.filter.evaluate(&kept.entry) == Truth::True
                    && !deleted.contains_key(kept.entry.dn.key());
                if let (true, Some(above)) = (stays, kept.below) {
                    holds.push((above, Reason::AccountBelow(kept.entry.dn.spelling().to_vec())));
                }
                continue;
            }
            let is_deleted = |account: usize| accounts[account].decision.step == Step::Purge;
            let Err(obstacles) = references::change(kept, policy, &is_deleted, &successors) else { continue };
            let name = || kept.entry.dn.spelling().to_vec();
            holds.extend(obstacles.into_iter().map(|obstacle| match obstacle {
                Obstacle::LastMember(account) => (account, Reason::LastMember(name())),
                Obstacle::NoSuccessor(account) => (account, Reason::NoSuccessor(name())),
            }));
        }
        let mut changed = false;
        for (index, reason) in holds {
            if accounts[index].decision.step == Step::Purge {
                hold(&mut accounts[index], reason);
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

fn deleted_keys(accounts: &[Account]) -> BTreeMap<DnKey, usize> {
    let purged = accounts.iter().enumerate().filter(|(_, account)| account.decision.step == Step::Purge);
    purged.map(|(index, account)| (account.entry.dn.key().clone(), index)).collect()
}

fn successors(accounts: &[Account]) -> BTreeMap<usize, Dn> {
    let pairs = accounts.iter().enumerate();
    pairs.filter_map(|(index, account)| Some((index, account.successor.clone()?))).collect()
}

/// Whether a deletion takes the entry with it.
fn is_below_any(key: &DnKey, deleted: &BTreeMap<DnKey, usize>) -> bool {
    crate::ldap::dn_key::prefixes(key.as_bytes()).any(|(above, _)| deleted.contains_key(above))
}

/// Writes all operations.
pub fn operations(
    accounts: &[Account],
    around: &Collected,
    books: &[Option<Candidates>],
    policy: &Policy,
    request: &Request,
) -> Built {
    let mut built = Built::default();
    for (index, account) in accounts.iter().enumerate().filter(|(_, account)| account.decision.step == Step::Mark) {
        built.mark(index, account, policy, request);
    }
    let deleted = deleted_keys(accounts);
    let successors = successors(accounts);
    for kept in sorted_by_key(around.kept.iter().filter(|kept| !kept.references.is_empty())) {
        if !is_below_any(kept.entry.dn.key(), &deleted) {
            built.references(kept, accounts, around, policy, &successors);
        }
    }
    built.address_books(accounts, around, books);
    built.entries(accounts, around, &deleted, policy, request);
    built
}

fn sorted_by_key<'k>(kept: impl Iterator<Item = &'k Kept>) -> Vec<&'k Kept> {
    let mut kept: Vec<&Kept> = kept.collect();
    kept.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    kept
}

impl Built {
    fn touch(&mut self, entry: &Entry) {
        self.before.entry(entry.dn.key().clone()).or_insert_with(|| entry.clone());
    }

    /// The status of an account, by exact values.
    fn mark(&mut self, index: usize, account: &Account, policy: &Policy, request: &Request) {
        let entry = &account.entry;
        let mut modifications = Vec::new();
        for (description, wanted) in &policy.disable.replace {
            modifications.extend(set(entry, description, wanted));
        }
        if let Some(stamp) = &policy.stamp {
            let value = Value::new(grace::stamp_value(stamp, request.as_of).as_bytes());
            let known = values_of(entry, &stamp.attribute).any(|old| *old == *value.bytes);
            if !known {
                let description = spelled(entry, &stamp.attribute);
                modifications.push(Modification { op: ModOp::Add, description, values: vec![value] });
            }
        }
        let (record, undo) = modify(entry, modifications);
        self.touch(entry);
        self.operations.push(Operation {
            stage: Stage::Status,
            kind: Kind::Mark,
            record,
            inverse: Some(undo),
            accounts: vec![index],
            reason: account.decision.reason.sentence(),
            evidence: entry.origin,
        });
    }

    fn references(
        &mut self,
        kept: &Kept,
        accounts: &[Account],
        around: &Collected,
        policy: &Policy,
        successors: &BTreeMap<usize, Dn>,
    ) {
        let entry = &kept.entry;
        let is_deleted = |account: usize| accounts[account].decision.step == Step::Purge;
        for reference in kept.references.iter().filter(|reference| is_deleted(reference.account)) {
            let attribute = &entry.attributes[reference.at.0];
            let value = &attribute.values[reference.at.1];
            // A near miss that is an entry of its own names that entry, not the account.
            let names_an_entry = |value: &Value| {
                Dn::parse(&value.bytes).is_ok_and(|dn| around.kept.iter().any(|kept| kept.entry.dn == dn))
            };
            let code = match (reference.near_miss, is_review(reference.treatment)) {
                (true, _) if names_an_entry(value) => continue,
                (true, _) => "near-miss",
                (false, true) => "reference",
                (false, false) => continue,
            };
            self.reviews.push(Review {
                account: reference.account,
                code,
                dn: entry.dn.spelling().to_vec(),
                attribute: attribute.description.spelling().to_owned(),
                value: value.bytes.to_vec(),
                evidence: crate::ldap::Origin { line: value.line, ..entry.origin },
            });
        }
        // Accounts that stood in the way are held by now.
        let Ok(change) = references::change(kept, policy, &is_deleted, successors) else { return };
        if change.modifications.is_empty() {
            return;
        }
        self.removed += change.removed;
        self.reassigned += change.reassigned;
        let what = match (change.removed, change.reassigned) {
            (removed, 0) => format!("{removed} value(s) that name deleted accounts"),
            (0, reassigned) => format!("{reassigned} value(s) pass to a successor"),
            (removed, reassigned) => {
                format!("{removed} value(s) that name deleted accounts; {reassigned} pass to a successor")
            }
        };
        let (record, undo) = modify(entry, change.modifications);
        self.touch(entry);
        self.operations.push(Operation {
            stage: Stage::References,
            kind: Kind::Reference,
            record,
            inverse: Some(undo),
            accounts: change.accounts.into_iter().collect(),
            reason: what,
            evidence: entry.origin,
        });
    }

    /// Address books, leaves first.
    fn address_books(&mut self, accounts: &[Account], around: &Collected, books: &[Option<Candidates>]) {
        let mut found: BTreeMap<DnKey, Vec<Entry>> = BTreeMap::new();
        for kept in &around.kept {
            if let Some(root) = &kept.in_book {
                found.entry(root.clone()).or_default().push(kept.entry.clone());
            }
        }
        let mut taken = BTreeSet::new();
        for (index, account) in accounts.iter().enumerate() {
            let Some(Some(candidates)) = books.get(index) else { continue };
            if account.decision.step != Step::Purge {
                continue;
            }
            let review = |code, attribute: &str, value: &[u8]| Review {
                account: index,
                code,
                dn: account.entry.dn.spelling().to_vec(),
                attribute: attribute.to_owned(),
                value: value.to_vec(),
                evidence: account.entry.origin,
            };
            let unreadable = candidates.unreadable.iter();
            self.reviews.extend(unreadable.map(|(pointer, value)| review("unreadable-pointer", pointer, value)));
            match candidates.root(&found) {
                Root::Found(root) if taken.insert(root.clone()) => {
                    self.books += 1;
                    let mut entries: Vec<&Entry> = found.get(&root).into_iter().flatten().collect();
                    entries.sort_by(|a, b| b.dn.key().cmp(a.dn.key()));
                    for entry in entries {
                        self.delete(
                            entry,
                            Stage::AddressBooks,
                            Kind::AddressBookEntry,
                            index,
                            "its address book",
                            None,
                        );
                    }
                }
                Root::Found(_) | Root::None => {}
                Root::PointsNowhere(pointer, name) => self.reviews.push(review("address-book-missing", pointer, &name)),
                Root::Several(roots) => {
                    for root in roots {
                        let entries = found.get(&root).into_iter().flatten();
                        let name = entries.filter(|entry| *entry.dn.key() == root).map(|entry| entry.dn.spelling());
                        let name = name.last().unwrap_or_default().to_vec();
                        self.reviews.push(review("address-book-ambiguous", "piPStoreOwner", &name));
                    }
                }
            }
        }
    }

    /// Accounts and what stands below them, children first, each guarded.
    fn entries(
        &mut self,
        accounts: &[Account],
        around: &Collected,
        deleted: &BTreeMap<DnKey, usize>,
        policy: &Policy,
        request: &Request,
    ) {
        let mut doomed: BTreeMap<&DnKey, (&Entry, usize, Kind)> = BTreeMap::new();
        for kept in &around.kept {
            if let Some(above) = kept.below.filter(|above| accounts[*above].decision.step == Step::Purge) {
                doomed.insert(kept.entry.dn.key(), (&kept.entry, above, Kind::Child));
            }
        }
        for (key, index) in deleted {
            doomed.insert(key, (&accounts[*index].entry, *index, Kind::Account));
        }
        for (entry, index, kind) in doomed.into_values().rev() {
            let guarded = guard::guarded(entry, policy, kind == Kind::Account);
            let reason = match kind {
                Kind::Account => accounts[index].decision.reason.sentence(),
                _ => "it stands below the account".to_owned(),
            };
            let control = match request.guard {
                Guard::Assert => guard::assertion(&guarded),
                Guard::Values if !guarded.is_empty() => {
                    let (record, _) = modify(entry, guard::modifications(&guarded));
                    self.operations.push(Operation {
                        stage: Stage::Entries,
                        kind: Kind::Guard,
                        record,
                        inverse: None,
                        accounts: vec![index],
                        reason: "changes nothing; fails with 16 if the entry has changed since the export".to_owned(),
                        evidence: entry.origin,
                    });
                    None
                }
                Guard::Values | Guard::None => None,
            };
            self.delete(entry, Stage::Entries, kind, index, &reason, control);
        }
    }

    fn delete(
        &mut self,
        entry: &Entry,
        stage: Stage,
        kind: Kind,
        account: usize,
        reason: &str,
        control: Option<crate::ldap::Control>,
    ) {
        let (mut record, undo) = delete(entry);
        record.controls.extend(control);
        self.touch(entry);
        self.operations.push(Operation {
            stage,
            kind,
            record,
            inverse: Some(undo),
            accounts: vec![account],
            reason: reason.to_owned(),
            evidence: entry.origin,
        });
    }
}

/// The description as the entry spells it, if it has the attribute.
fn spelled(entry: &Entry, description: &AttributeDescription) -> AttributeDescription {
    let known = entry.attributes.iter().find(|attribute| attribute.description == *description);
    known.map_or_else(|| description.clone(), |attribute| attribute.description.clone())
}

/// The modifications by exact values that leave an attribute with one value; none if it has just that.
fn set(entry: &Entry, description: &AttributeDescription, wanted: &[u8]) -> Vec<Modification> {
    let same = |value: &&[u8]| crate::lifecycle::state::same_value(description.attribute_type(), value, wanted);
    let old: Vec<Value> = values_of(entry, description).filter(|value| !same(value)).map(Value::new).collect();
    let present = values_of(entry, description).any(|value| same(&value));
    let description = spelled(entry, description);
    let modification = |op, values| Modification { op, description: description.clone(), values };
    let mut modifications = Vec::new();
    if !old.is_empty() {
        modifications.push(modification(ModOp::Delete, old));
    }
    if !present {
        modifications.push(modification(ModOp::Add, vec![Value::new(wanted)]));
    }
    modifications
}

/// Counts what the plan does of each kind, against the limits.
pub fn count(
    built: &Built,
    accounts: &[Account],
    resolved: &Resolved,
    around: &Collected,
    policy: &Policy,
    request: &Request,
) -> Vec<(Counted, Option<Exceeded>)> {
    let with = |step| accounts.iter().filter(|account| account.decision.step == step).count() as u64;
    let rows = [
        (LimitKind::Disable, with(Step::Mark), resolved.accounts),
        (LimitKind::Reference, built.removed, around.reference_values),
        (LimitKind::Owner, built.reassigned, around.owner_values),
        (LimitKind::AddressBook, built.books, around.books),
        (LimitKind::Delete, with(Step::Purge), resolved.accounts),
    ];
    let judge = |(kind, affected, of)| {
        let of_run = request.limits.iter().rev().find(|(limited, _)| *limited == kind).map(|(_, limit)| limit);
        let limit = of_run.or_else(|| policy.limits.get(kind));
        let words = limit.map(ToString::to_string).unwrap_or_default();
        let exceeded = limit.is_some_and(|limit| limit.is_exceeded(affected, of));
        let exceeded = exceeded.then(|| Exceeded { kind, affected, of, limit: words.clone() });
        (Counted { kind, affected, of, limit: words }, exceeded)
    };
    rows.into_iter().map(judge).collect()
}
