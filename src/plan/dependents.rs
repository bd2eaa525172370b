//! What goes with a deleted account, although it is not an account and stands elsewhere.
//!
//! | dependent | is | goes with |
//! | --- | --- | --- |
//! | alias | an entry whose `aliasedObjectName` names the account, something below it or another dependent (RFC 4512, 2.6) | it, before it |
//! | private group | a POSIX group with the account's uid for a name and its gidNumber, which is nobody else's primary group and has no other member; only if `[references] private_group = "delete"` | it |
//! | managed entry | an entry that 389 DS keeps for it ([`managed_entries`](crate::ldap::managed_entries)) | it, by the server: no record is written |
//! | emptied group | a group whose members all go, but dummies; only if `last_member = "delete-group"` | the last of them |
//!
//! What names a dependent is a reference like any other, so each is looked for in a pass of its own, until no more are
//! found. Which of them really go follows from the accounts that do: one that is held keeps its dependents. A dependent
//! that has entries below it stays, unless each of them is a dependent too.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Account;
use super::collect::{Collected, Kept};
use super::references::{Fates, is_emptied_group};
use crate::directory::references::kinds::{ALIAS, MEMBERS, is_member};
use crate::ldap::dn_key::prefixes;
use crate::ldap::managed_entries::{MANAGED_BY, is_managed};
use crate::ldap::{DnKey, Entry, Origin};
use crate::lifecycle::Step;
use crate::policy::{Policy, ServerSchema};

/// What a dependent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DependentKind {
    /// An alias.
    Alias,
    /// The group that is the account's alone.
    PrivateGroup,
    /// A group without any other member.
    EmptiedGroup,
    /// An entry that the server deletes by itself with its origin.
    ManagedEntry,
}

/// An entry that goes with an account.
pub struct Dependent {
    /// What it is.
    pub kind: DependentKind,
    /// The entry.
    pub entry: Arc<Entry>,
    /// With whom it goes, by the numbers of the pass: an account, or a dependent before it.
    pub of: usize,
    /// The account that it all goes with.
    pub account: usize,
}

/// Those that the pass found and that are not known yet.
pub fn find(
    accounts: &[Account],
    known: &[Dependent],
    around: &Collected,
    (policy, schema): (&Policy, &ServerSchema),
) -> Vec<Dependent> {
    let gone = gone(accounts, known, around, (policy, schema));
    let is_deleted = |person: usize| is_gone(accounts, &gone, person);
    let none = BTreeMap::new();
    let fates = Fates { is_deleted: &is_deleted, successor: &|_| None, moved: &none, schema };
    let owners = GroupOwners::of(accounts);
    let account_of =
        |person: usize| person.checked_sub(accounts.len()).map_or(person, |dependent| known[dependent].account);
    let mut found = Vec::new();
    let mut kept: Vec<&Kept> = around.kept.iter().filter(|kept| kept.below.is_none()).collect();
    kept.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    for kept in kept {
        let alias_of = kept.references.iter().find(|reference| {
            kept.entry.attributes[reference.at.0].description.is_type(ALIAS) && is_deleted(reference.person)
        });
        let managed_for = kept.references.iter().find(|reference| {
            kept.entry.attributes[reference.at.0].description.is_type(MANAGED_BY) && is_deleted(reference.person)
        });
        if let Some(reference) = managed_for.filter(|_| is_managed(&kept.entry, policy.directory.server)) {
            let (kind, of) = (DependentKind::ManagedEntry, reference.person);
            found.push(Dependent { kind, entry: Arc::clone(&kept.entry), of, account: account_of(of) });
            continue;
        }
        let emptied_by = || kept.references.iter().find(|reference| is_deleted(reference.person));
        let kind_and_person = if let Some(reference) = alias_of {
            Some((DependentKind::Alias, reference.person))
        } else if let (true, Some(person)) =
            (policy.references.deletes_private_groups, owners.private_group_of(kept, accounts, around))
        {
            Some((DependentKind::PrivateGroup, person))
        } else if is_emptied_group(kept, policy, &fates) {
            emptied_by().map(|reference| (DependentKind::EmptiedGroup, reference.person))
        } else {
            None
        };
        if let Some((kind, of)) = kind_and_person
            && !policy.protect.covers(&kept.entry)
        {
            found.push(Dependent { kind, entry: Arc::clone(&kept.entry), of, account: account_of(of) });
        }
    }
    found
}

/// The deleted accounts by the numbers of their primary groups.
pub struct GroupOwners<'a>(HashMap<&'a [u8], Vec<usize>>);

impl<'a> GroupOwners<'a> {
    /// Those of the accounts.
    pub fn of(accounts: &'a [Account]) -> Self {
        let mut owners: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (index, account) in accounts.iter().enumerate().filter(|(_, account)| account.decision.step == Step::Delete)
        {
            for number in account.entry.values("gidNumber") {
                owners.entry(&number.bytes).or_default().push(index);
            }
        }
        Self(owners)
    }

    /// The deleted account whose private group an entry is.
    pub fn private_group_of(&self, kept: &Kept, accounts: &[Account], around: &Collected) -> Option<usize> {
        let entry = &kept.entry;
        let number = &entry.values("gidNumber").next()?.bytes;
        if entry.values("uidNumber").next().is_some() || around.primary_group_members.get(&**number) != Some(&1) {
            return None;
        }
        let index = self.0.get(&**number)?.iter().copied().find(|index| {
            let mut uids = accounts[*index].entry.values("uid");
            uids.any(|uid| entry.values("cn").any(|cn| cn.bytes == uid.bytes))
        })?;
        let is_own_uid = |value: &[u8]| accounts[index].entry.values("uid").any(|uid| *uid.bytes == *value);
        let mut names = entry.values("memberUid");
        let members = || MEMBERS.iter().flat_map(|name| entry.values(name)).count();
        let own = kept.references.iter().filter(|reference| {
            let description = &entry.attributes[reference.at.0].description;
            reference.person == index && is_member(description.attribute_type())
        });
        (names.all(|name| is_own_uid(&name.bytes)) && own.count() == members()).then_some(index)
    }
}

/// Which dependents go, given the accounts that do.
///
/// A dependent depends on accounts and on dependents, nearly always on earlier ones; so one walk finds those that stay,
/// and another one that there are no more.
pub fn gone(
    accounts: &[Account],
    dependents: &[Dependent],
    around: &Collected,
    (policy, schema): (&Policy, &ServerSchema),
) -> Vec<bool> {
    let mut gone = vec![true; dependents.len()];
    let groups = dependents.iter().filter(|dependent| dependent.kind == DependentKind::EmptiedGroup);
    let mut kept: HashMap<&DnKey, Option<&Kept>> = groups.map(|group| (group.entry.dn.key(), None)).collect();
    for found in &around.kept {
        if let Some(place) = kept.get_mut(found.entry.dn.key()) {
            place.get_or_insert(found);
        }
    }
    let none = BTreeMap::new();
    let names: HashMap<&[u8], usize> =
        dependents.iter().enumerate().map(|(index, dependent)| (dependent.entry.dn.key().as_bytes(), index)).collect();
    // For each dependent, those of the others that are above it.
    let mut above_of: HashMap<usize, Vec<usize>> = HashMap::new();
    for found in &around.kept {
        let key = found.entry.dn.key().as_bytes();
        let above = prefixes(key).filter(|(above, _)| *above != key).filter_map(|(above, _)| names.get(above));
        for index in above {
            match names.get(key) {
                Some(below) => above_of.entry(*below).or_default().push(*index),
                None => gone[*index] = false,
            }
        }
    }
    loop {
        let mut changed = false;
        for (index, dependent) in dependents.iter().enumerate() {
            let is_deleted = |person: usize| is_gone(accounts, &gone, person);
            let fates = Fates { is_deleted: &is_deleted, successor: &|_| None, moved: &none, schema };
            let stays = gone[index]
                && match dependent.kind {
                    DependentKind::Alias | DependentKind::PrivateGroup | DependentKind::ManagedEntry => {
                        !is_deleted(dependent.of)
                    }
                    DependentKind::EmptiedGroup => {
                        let kept = kept.get(dependent.entry.dn.key()).copied().flatten();
                        !kept.is_some_and(|kept| is_emptied_group(kept, policy, &fates))
                    }
                };
            if stays {
                gone[index] = false;
                changed = true;
            }
            let above = above_of.get(&index).filter(|_| !gone[index]);
            for above in above.into_iter().flatten() {
                changed |= std::mem::replace(&mut gone[*above], false);
            }
        }
        if !changed {
            return gone;
        }
    }
}

/// Whether somebody is deleted, by the numbers of the pass.
pub fn is_gone(accounts: &[Account], gone: &[bool], person: usize) -> bool {
    match person.checked_sub(accounts.len()) {
        None => accounts[person].decision.step == Step::Delete,
        Some(dependent) => gone.get(dependent).copied().unwrap_or(false),
    }
}

impl Dependent {
    /// Why it goes.
    pub fn reason(&self) -> &'static str {
        match self.kind {
            DependentKind::Alias => "an alias of what is deleted",
            DependentKind::ManagedEntry => "the server's Managed Entries plug-in deletes it with its origin",
            DependentKind::PrivateGroup => "the account's own group, which nobody else has",
            DependentKind::EmptiedGroup => "its last member is deleted ([references] last_member)",
        }
    }

    /// Where it is.
    pub fn origin(&self) -> Origin {
        self.entry.origin
    }
}
