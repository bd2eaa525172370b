//! The builders, one a stage: from decided accounts and what stands around them to operations.
//!
//! An operation behind the stage `move` uses the names that entries have by then.

mod address_books;
mod entries;
mod moves;
mod references;
mod services;
mod status;

use std::collections::{BTreeMap, BTreeSet};

use super::access::{self, Access};
use super::address_books::{Candidates, candidates};
use super::children;
use super::collect::{Collect, Collected};
use super::complete;
use super::dependents::{self, Dependent};
use super::operation::{Kind, Operation, Stage, modify};
use super::orphans::Orphan;
use super::references::{Fates, Obstacle, Successor};
use super::{Account, DecisionItem, Request, hold, whole_lists};
use crate::ldap::dn_key::prefixes;
use crate::ldap::{AttributeDescription, Dn, DnKey, Entry, ModOp, Modification, Value};
use crate::lifecycle::state::{same_value, values_of};
use crate::lifecycle::{Reason, Step};
use crate::policy::{Policy, ServerSchema};

pub use moves::{Moves, moves};
pub use status::{occupied_stamp, unknown_before, without_room};

/// What the builders give.
#[derive(Default)]
pub struct Built {
    /// Operations, stage by stage once sorted.
    pub operations: Vec<Operation>,
    /// What a person must decide.
    pub decision_items: Vec<DecisionItem>,
    /// Every touched entry as the exports show it, by the name that it has there.
    pub before: BTreeMap<DnKey, Entry>,
    /// Values removed from entries that name accounts.
    pub removed: u64,
    /// Values reassigned.
    pub reassigned: u64,
    /// The roots of the address books that are deleted.
    pub books: BTreeSet<DnKey>,
    /// For each attribute with members that loses some: the entry, how many it loses, of how many.
    pub members: Vec<(Vec<u8>, u64, u64)>,
    /// Groups and aliases that are deleted with accounts.
    pub dependents: u64,
    /// Entries below accounts that are deleted with them.
    pub children: u64,
    /// Accounts that lose a service.
    pub stripped: BTreeSet<usize>,
}

/// What every builder works from.
pub struct Site<'s> {
    /// The accounts, decided.
    pub accounts: &'s [Account],
    /// What stands around them.
    pub around: &'s Collected,
    /// Where the address book of each may stand.
    pub books: &'s [Option<Candidates>],
    /// The policy.
    pub policy: &'s Policy,
    /// What was asked for.
    pub request: &'s Request,
    /// The schema of the directory.
    pub schema: &'s ServerSchema,
    /// Who is moved.
    pub moves: &'s Moves,
    /// What goes with accounts.
    pub dependents: &'s [Dependent],
    /// Address books that are nobody's.
    pub orphans: &'s [Orphan],
    /// Which of the dependents go.
    gone: &'s [bool],
    /// Accounts and dependents that are deleted, by the numbers of the pass.
    deleted: BTreeMap<DnKey, usize>,
    /// Who takes over from each account.
    successors: BTreeMap<usize, Successor>,
}

impl Site<'_> {
    /// Whether a change file of this plan deletes somebody, or a tool that the runbook names does.
    fn is_deleted(&self, person: usize) -> bool {
        dependents::is_gone(self.accounts, self.gone, person)
    }

    /// The account that somebody is, or goes with.
    fn account_of(&self, person: usize) -> usize {
        account_of(self.accounts, self.dependents, person)
    }

    /// Who takes over from somebody.
    fn successor(&self, person: usize) -> Option<&Successor> {
        self.successors.get(&self.account_of(person))
    }

    /// The name that an entry has when the moves are done.
    fn name_after_moves(&self, entry: &Entry) -> Dn {
        self.moves.name_after(&entry.dn)
    }
}

/// Makes the second pass look for what is around an account; gives where its address book may stand.
pub fn look_around(index: usize, account: &Account, policy: &Policy, pass: &mut Collect) -> Option<Candidates> {
    let dn = &account.entry.dn;
    pass.wanted.extend(prefixes(dn.key().as_bytes()).map(|(above, _)| DnKey::from_key_bytes(above)));
    if let Some(target) = moves::target(account, policy, account.history_name.as_ref()) {
        pass.persons.add_name(index, dn.key());
        pass.wanted.insert(target.key().clone());
        pass.wanted.extend(target.key().parent());
    }
    if account.decision.step != Step::Delete {
        return None;
    }
    pass.persons.add(index, &account.entry);
    pass.deleted.push((index, account.entry.clone()));
    pass.wanted.extend(complete::wanted(account, policy));
    pass.primary_groups.extend(account.entry.values("gidNumber").map(|number| number.bytes.to_vec()));
    // The note's own trap: an owner written with the cn of the user in place of the name of the entry.
    if let Some(parent) = dn.parent_spelling() {
        for cn in account.entry.values("cn") {
            let name = [b"cn=", &*crate::ldap::dn::escape_rdn_value(&cn.bytes), b",", parent].concat();
            match DnKey::parse(&name) {
                Ok(key) if key != *dn.key() => {
                    pass.persons.add_near_miss(index, key);
                }
                _ => {}
            }
        }
    }
    let found = candidates(account, policy)?;
    found.look_for(index, pass);
    Some(found)
}

/// Holds every account that cannot be taken out of something, until nothing more has to be held.
///
/// Holding one account can only make it easier to delete the others, but for children that stay. Gives which dependents
/// go.
pub fn hold_the_impossible(
    accounts: &mut [Account],
    dependents: &[Dependent],
    around: &Collected,
    (policy, schema): (&Policy, &ServerSchema),
) -> Vec<bool> {
    loop {
        let gone = dependents::gone(accounts, dependents, around, (policy, schema));
        let deleted = deleted_keys(accounts, dependents, &gone);
        let successors = successors(accounts);
        let account_of = |person: usize| account_of(accounts, dependents, person);
        let below = children::holds(around, &deleted, policy);
        let mut holds: Vec<(usize, Reason)> =
            below.into_iter().map(|(person, reason)| (account_of(person), reason)).collect();
        for kept in around.kept.iter().filter(|kept| !is_below_any(kept.entry.dn.key(), &deleted)) {
            let is_deleted = |person: usize| dependents::is_gone(accounts, &gone, person);
            let successor = |person: usize| successors.get(&account_of(person));
            let none = BTreeMap::new();
            let fates = Fates { is_deleted: &is_deleted, successor: &successor, moved: &none, schema };
            let Err(obstacles) = super::references::change(kept, policy, &fates) else { continue };
            let name = || kept.entry.dn.raw_bytes().to_vec();
            holds.extend(obstacles.into_iter().map(|obstacle| match obstacle {
                Obstacle::LastMember(person, why) => (account_of(person), Reason::LastMember(name(), why)),
                Obstacle::NoSuccessor(person) => {
                    let account = account_of(person);
                    (account, Reason::NoSuccessor(name(), accounts[account].no_successor))
                }
            }));
        }
        let mut changed = false;
        for (index, reason) in holds {
            if accounts[index].decision.step == Step::Delete {
                hold(&mut accounts[index], reason);
                changed = true;
            }
        }
        if !changed {
            return gone;
        }
    }
}

/// What deleted accounts could do through groups that do not name them.
pub fn lost_access(accounts: &[Account], gone: &[bool], around: &Collected, schema: &ServerSchema) -> Vec<Access> {
    let is_deleted = |person: usize| dependents::is_gone(accounts, gone, person);
    let none = BTreeMap::new();
    let fates = Fates { is_deleted: &is_deleted, successor: &|_| None, moved: &none, schema };
    access::lost(accounts, around, &fates)
}

/// The entries below accounts that are deleted, or held because of them.
pub fn children(
    accounts: &[Account],
    dependents: &[Dependent],
    gone: &[bool],
    around: &Collected,
    policy: &Policy,
) -> Vec<children::Child> {
    children::listed(accounts, around, &deleted_keys(accounts, dependents, gone), policy)
}

fn deleted_keys(accounts: &[Account], dependents: &[Dependent], gone: &[bool]) -> BTreeMap<DnKey, usize> {
    let deleted = accounts.iter().enumerate().filter(|(_, account)| account.decision.step == Step::Delete);
    let deleted = deleted.map(|(index, account)| (account.entry.dn.key().clone(), index));
    let along = dependents.iter().enumerate().filter(|(index, _)| gone[*index]);
    let along = along.map(|(index, dependent)| (dependent.entry.dn.key().clone(), accounts.len() + index));
    deleted.chain(along).collect()
}

/// The account that somebody is, or goes with.
fn account_of(accounts: &[Account], dependents: &[Dependent], person: usize) -> usize {
    person.checked_sub(accounts.len()).map_or(person, |dependent| dependents[dependent].account)
}

fn successors(accounts: &[Account]) -> BTreeMap<usize, Successor> {
    let successor = |account: &Account| {
        let mail = account.successor_entry.as_ref().and_then(|entry| entry.values("mail").next());
        Some(Successor { dn: account.successor.clone()?, mail: mail.map(|mail| mail.bytes.to_vec()) })
    };
    let pairs = accounts.iter().enumerate();
    pairs.filter_map(|(index, account)| Some((index, successor(account)?))).collect()
}

/// Whether a deletion takes the entry with it.
fn is_below_any(key: &DnKey, deleted: &BTreeMap<DnKey, usize>) -> bool {
    prefixes(key.as_bytes()).any(|(above, _)| deleted.contains_key(above))
}

/// Writes all operations.
pub fn operations(
    accounts: &[Account],
    around: &Collected,
    books: &[Option<Candidates>],
    policy: &Policy,
    request: &Request,
    moves: &Moves,
    (dependents, gone, schema, orphans): (&[Dependent], &[bool], &ServerSchema, &[Orphan]),
) -> Built {
    let (deleted, successors) = (deleted_keys(accounts, dependents, gone), successors(accounts));
    let site = Site {
        accounts,
        around,
        books,
        policy,
        request,
        schema,
        moves,
        dependents,
        orphans,
        gone,
        deleted,
        successors,
    };
    let mut built = Built::default();
    status::build(&mut built, &site);
    moves::build(&mut built, &site);
    // Before the references: what goes with a book is not cleaned first.
    address_books::build(&mut built, &site);
    references::build(&mut built, &site);
    services::build(&mut built, &site);
    entries::build(&mut built, &site);
    built
}

impl Built {
    fn touch(&mut self, entry: &Entry) {
        self.before.entry(entry.dn.key().clone()).or_insert_with(|| entry.clone());
    }

    /// An operation that modifies an account itself, which it finds so, under this name.
    fn modify_account(
        &mut self,
        site: &Site<'_>,
        (stage, kind): (Stage, Kind),
        index: usize,
        (found, name): (&Entry, &Dn),
        service: Option<&str>,
        modifications: Vec<Modification>,
    ) {
        if modifications.is_empty() {
            return;
        }
        let account = &site.accounts[index];
        let modifications = whole_lists::written(found, modifications, site.schema);
        let (record, undo) = modify(found, name, modifications, site.schema);
        self.touch(&account.entry);
        self.operations.push(Operation {
            stage,
            kind,
            record,
            inverse: Some(undo),
            accounts: vec![index],
            service: service.map(str::to_owned),
            reason: account.decision.reason.sentence(),
            evidence: account.entry.origin,
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
    let same = |value: &&[u8]| same_value(description.attribute_type(), value, wanted);
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

/// The modification that removes the values of an attribute that a test picks; none if it picks none.
fn remove(entry: &Entry, description: &AttributeDescription, test: impl Fn(&[u8]) -> bool) -> Option<Modification> {
    let old: Vec<Value> = values_of(entry, description).filter(|value| test(value)).map(Value::new).collect();
    let description = spelled(entry, description);
    (!old.is_empty()).then_some(Modification { op: ModOp::Delete, description, values: old })
}
