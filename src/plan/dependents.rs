//! Entries that exist only for a deleted account and are deleted with it, although they are not below it.
//!
//! | dependent | it is | deleted with |
//! | --- | --- | --- |
//! | alias | an entry whose `aliasedObjectName` names the account, an entry below it or another dependent (RFC 4512, 2.6) | it, and before it |
//! | private group | a POSIX group with the account's uid as its name and the account's gidNumber, which is the primary group of no other account and has no other member; only if `[references] private_group = "delete"` | it |
//! | managed entry | an entry that 389 DS maintains for it ([`managed_entries`](crate::ldap::managed_entries)) | it, by the server: no record is written |
//! | emptied group | a group of which all members are deleted, except placeholders; only if `last_member = "delete-group"` | the last of them |
//!
//! A dependent that is [kept](crate::policy::kept) holds the account.
//!
//! A value that names a dependent is a reference like any other, so the exports are read once more for new dependents, until
//! no more are found. Which of them are deleted follows from the accounts: an account that is held keeps its dependents. A
//! dependent that has entries below it stays, unless each of them is a dependent too.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::PlanError;
use super::gather::{GatherPass, Gathered, Query, RelatedEntry};
use super::model::{Account, Dependent, DependentKind, Fates, SubjectId};
use super::references::last_member::is_emptied_group;
use super::request::PlanContext;
use super::retained::RetainedPasses;
use crate::directory::references::reference_attributes::{ALIASED_OBJECT, MEMBERS, is_member};
use crate::directory::snapshot::{Directory, Reading};
use crate::ldap::DnKey;
use crate::ldap::dn_key::prefixes;
use crate::ldap::managed_entries::{MANAGED_BY, is_managed};

/// The groups that may be private groups of deleted accounts.
pub fn query(accounts: &[Account]) -> Query {
    let deleted = accounts.iter().filter(|account| account.is_deleted());
    let numbers = deleted.flat_map(|account| account.entry.values("gidNumber")).map(|number| number.bytes.to_vec());
    Query { primary_groups: numbers.collect(), ..Query::default() }
}

/// What a query found, with the dependents that were found on the way.
pub struct GatheredDependents {
    /// The last reading.
    pub reading: Reading<Gathered>,
    /// The dependents.
    pub dependents: Vec<Dependent>,
}

/// Reads the exports for a query, and again for the dependents that were found, until no more are found.
pub fn gather_until_stable<D: Directory<RetainedPasses>>(
    directory: &D,
    pass: &mut GatherPass<'_>,
    accounts: &[Account],
    context: PlanContext<'_>,
) -> Result<GatheredDependents, PlanError<D::Error>> {
    let mut dependents: Vec<Dependent> = Vec::new();
    loop {
        let mut reading = directory.read(pass)?;
        reading.found.resolve_ambiguous_references(&|subject| match subject {
            SubjectId::Account(index) => accounts.get(index).map(|account| account.entry.dn.key()),
            SubjectId::Dependent(index) => dependents.get(index).map(|dependent| dependent.entry.dn.key()),
        });
        let mut more = find(accounts, &dependents, &reading.found, context);
        more.retain(|new| pass.query.subjects.by_name(new.entry.dn.key().as_bytes()).is_none());
        if more.is_empty() {
            return Ok(GatheredDependents { reading, dependents });
        }
        for new in more {
            pass.query.subjects.add_name(SubjectId::Dependent(dependents.len()), new.entry.dn.key());
            dependents.push(new);
        }
    }
}

/// The dependents among the related entries, those that are known already too.
fn find(accounts: &[Account], known: &[Dependent], gathered: &Gathered, context: PlanContext<'_>) -> Vec<Dependent> {
    let policy = context.policy;
    let fates = fates(accounts, known, gathered, context);
    let groups = PrivateGroups::of(accounts);
    let mut found = Vec::new();
    let mut candidates: Vec<&RelatedEntry> =
        gathered.related.iter().filter(|related| related.below.is_none()).collect();
    candidates.sort_by(|a, b| a.entry.dn.key().cmp(b.entry.dn.key()));
    for related in candidates {
        let names_deleted = |attribute: Option<&str>| {
            let mut references = related.references.iter().filter(|reference| {
                attribute.is_none_or(|name| related.attribute(reference).description.is_type(name))
            });
            references.find(|reference| fates.is_deleted(reference.subject)).map(|reference| reference.subject)
        };
        let dependent = |kind, of| {
            let (entry, account) = (Arc::clone(&related.entry), fates.account_of(of));
            Dependent { kind, entry, of, account }
        };
        let origin = names_deleted(Some(MANAGED_BY));
        if let Some(of) = origin.filter(|_| is_managed(&related.entry, policy.directory.server)) {
            found.push(dependent(DependentKind::ManagedEntry, of));
            continue;
        }
        let private_group = || {
            let is_deleted_too = policy.references.deletes_private_groups;
            is_deleted_too.then(|| groups.owner_of(related, accounts, gathered)).flatten().map(SubjectId::Account)
        };
        let new = if let Some(of) = names_deleted(Some(ALIASED_OBJECT)) {
            Some(dependent(DependentKind::Alias, of))
        } else if let Some(of) = private_group() {
            Some(dependent(DependentKind::PrivateGroup, of))
        } else if is_emptied_group(related, &fates, context) {
            names_deleted(None).map(|of| dependent(DependentKind::EmptiedGroup, of))
        } else {
            None
        };
        found.extend(new);
    }
    found
}

/// The deleted accounts by the numbers of their primary groups.
pub struct PrivateGroups<'a>(HashMap<&'a [u8], Vec<usize>>);

impl<'a> PrivateGroups<'a> {
    /// Those of the accounts that are deleted.
    pub fn of(accounts: &'a [Account]) -> Self {
        let mut owners: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (index, account) in accounts.iter().enumerate().filter(|(_, account)| account.is_deleted()) {
            for number in account.entry.values("gidNumber") {
                owners.entry(&number.bytes).or_default().push(index);
            }
        }
        Self(owners)
    }

    /// The deleted account whose private group an entry is.
    pub fn owner_of(&self, related: &RelatedEntry, accounts: &[Account], gathered: &Gathered) -> Option<usize> {
        let entry = &related.entry;
        let number = &entry.values("gidNumber").next()?.bytes;
        if entry.values("uidNumber").next().is_some() || gathered.primary_group_members.get(&**number) != Some(&1) {
            return None;
        }
        let index = self.0.get(&**number)?.iter().copied().find(|index| {
            let mut uids = accounts[*index].entry.values("uid");
            uids.any(|uid| entry.values("cn").any(|cn| cn.bytes == uid.bytes))
        })?;
        let is_own_uid = |value: &[u8]| accounts[index].entry.values("uid").any(|uid| *uid.bytes == *value);
        let mut names = entry.values("memberUid");
        let members = || MEMBERS.iter().flat_map(|name| entry.values(name)).count();
        let own = related.references.iter().filter(|reference| {
            let description = &related.attribute(reference).description;
            reference.subject == SubjectId::Account(index) && is_member(description.attribute_type())
        });
        (names.all(|name| is_own_uid(&name.bytes)) && own.count() == members()).then_some(index)
    }
}

/// What becomes of the accounts by their steps, and of the dependents: which are deleted follows from the accounts.
///
/// A dependent depends on accounts and on other dependents, almost always on earlier ones; so one round finds those that
/// stay, and another one that there are no more.
pub fn fates(accounts: &[Account], dependents: &[Dependent], gathered: &Gathered, context: PlanContext<'_>) -> Fates {
    let mut fates = Fates::new(accounts, dependents);
    if dependents.is_empty() {
        return fates;
    }
    let groups = dependents.iter().filter(|dependent| dependent.kind == DependentKind::EmptiedGroup);
    let mut groups: HashMap<&DnKey, Option<&RelatedEntry>> = groups.map(|group| (group.entry.dn.key(), None)).collect();
    for related in &gathered.related {
        if let Some(place) = groups.get_mut(related.entry.dn.key()) {
            place.get_or_insert(related);
        }
    }
    let names: HashMap<&[u8], usize> =
        dependents.iter().enumerate().map(|(index, dependent)| (dependent.entry.dn.key().as_bytes(), index)).collect();
    // For each dependent, the other dependents above it.
    let mut above_of: HashMap<usize, Vec<usize>> = HashMap::new();
    for related in &gathered.related {
        let key = related.entry.dn.key().as_bytes();
        let above = prefixes(key).filter(|(above, _)| *above != key).filter_map(|(above, _)| names.get(above));
        for index in above {
            match names.get(key) {
                Some(below) => above_of.entry(*below).or_default().push(*index),
                None => {
                    fates.keep_dependent(*index);
                }
            }
        }
    }
    loop {
        let mut changed = false;
        for (index, dependent) in dependents.iter().enumerate() {
            let is_deleted = || match dependent.kind {
                DependentKind::Alias | DependentKind::PrivateGroup | DependentKind::ManagedEntry => {
                    fates.is_deleted(dependent.of)
                }
                DependentKind::EmptiedGroup => {
                    let group = groups.get(dependent.entry.dn.key()).copied().flatten();
                    group.is_some_and(|group| is_emptied_group(group, &fates, context))
                }
            };
            if fates.is_deleted(SubjectId::Dependent(index)) && !is_deleted() {
                changed |= fates.keep_dependent(index);
            }
            if !fates.is_deleted(SubjectId::Dependent(index)) {
                for above in above_of.get(&index).into_iter().flatten() {
                    changed |= fates.keep_dependent(*above);
                }
            }
        }
        if !changed {
            return fates;
        }
    }
}
