//! Entries that exist only for a deleted account and are deleted with it, although they are not below it.
//!
//! | dependent | it is | deleted with |
//! | --- | --- | --- |
//! | alias | an entry of class `alias` whose `aliasedObjectName` names the account, an entry below it or another dependent (RFC 4512, 2.6) | it, and before it |
//! | private group | a POSIX group with the account's uid as its name and the account's gidNumber, which is the primary group of no other account and has no other member of any kind; only if `[references] private_group = "delete"` | it |
//! | managed entry | an entry that 389 DS maintains for it ([`managed_entries`](crate::ldap::managed_entries)) | it, by the server: no record is written |
//! | emptied group | a group of which all members of any kind are deleted, except placeholders; only if `last_member = "delete-group"` | the last of them |
//!
//! A managed entry with members that stay holds the account: the server would delete it all the same. None of the others is
//! deleted if it
//!
//! - is an account of the policy;
//! - has members of any kind ([`membership`](crate::directory::membership)) that stay;
//! - has entries below it, unless each of them is a dependent too.
//!
//! An entry whose `aliasedObjectName` names a deleted one, and that stays, is a decision item.
//!
//! A dependent that is [kept](crate::policy::kept) holds the account. An emptied group that is kept holds every account that it
//! would lose. A managed entry with entries below it holds the account: the server could not delete it.
//!
//! A value that names a dependent, by its name or by an address, is a reference like any other. So the exports are read once
//! more for new dependents, until no more are found. Which of them are deleted follows from the accounts: an account that is
//! held keeps its dependents.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::error::PlanError;
use super::gather::{GatherPass, Gathered, Query, RelatedEntry, UnlistedMembers};
use super::model::{Account, Dependent, DependentKind, Fates, Hold, SubjectId};
use super::references::last_member::{is_emptied_group, removed_members};
use super::request::PlanContext;
use super::retained::RetainedPasses;
use crate::directory::membership;
use crate::directory::membership::criteria::{GroupId, is_posix_group, number};
use crate::directory::references::MatchKind;
use crate::directory::references::reference_attributes::ALIASED_OBJECT;
use crate::directory::snapshot::{Directory, Reading};
use crate::ldap::dn_key::prefixes;
use crate::ldap::filter::Truth;
use crate::ldap::managed_entries::{MANAGED_BY, is_managed};
use crate::ldap::{Attribute, DnKey, Entry};
use crate::lifecycle::Reason;
use crate::policy::Policy;

/// The groups that may be private groups of deleted accounts.
pub fn query(accounts: &[Account]) -> Query {
    let deleted = accounts.iter().filter(|account| account.is_deleted());
    let numbers = deleted.flat_map(|account| account.entry.values("gidNumber")).map(|gid| number(&gid.bytes));
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
            note_unlisted_members(&mut reading.found, &dependents);
            return Ok(GatheredDependents { reading, dependents });
        }
        for new in more {
            pass.look_for_members(group_id(dependents.len()), &new.entry);
            // Its addresses too: a list that is deleted may be a member of other lists.
            pass.query.subjects.add(SubjectId::Dependent(dependents.len()), &new.entry);
            dependents.push(new);
        }
    }
}

/// The number of a dependent as a group.
fn group_id(dependent: usize) -> GroupId {
    GroupId::try_from(dependent).unwrap_or(GroupId::MAX)
}

/// Notes in the related entries which entries are members of a dependent that does not list them.
fn note_unlisted_members(gathered: &mut Gathered, dependents: &[Dependent]) {
    let unlisted = &gathered.unlisted_members;
    let with_members = dependents
        .iter()
        .enumerate()
        .filter_map(|(index, dependent)| Some((dependent.entry.dn.key(), unlisted.get(&group_id(index))?)));
    let with_members: HashMap<&DnKey, &UnlistedMembers> = with_members.collect();
    for related in &mut gathered.related {
        if let Some(members) = with_members.get(related.entry.dn.key()) {
            related.unlisted_members = (*members).clone();
        }
    }
}

/// Whether an entry that may be a dependent is an account, which is never deleted without a decision.
fn is_account(entry: &Entry, policy: &Policy) -> bool {
    policy.accounts.filter.evaluate(entry) == Truth::True
}

/// Whether an entry is an alias, and neither a group nor an account.
fn is_alias(entry: &Entry) -> bool {
    const ALIAS: [&str; 2] = ["alias", "2.5.6.1"];
    let has_members = entry.attributes.iter().any(|attribute| {
        membership::lists_members(attribute.description.attribute_type()) && !attribute.values.is_empty()
    });
    ALIAS.iter().any(|class| entry.has_class(class)) && !has_members
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
        let names_deleted = |attribute: &str| {
            let references = related.references.iter();
            let references = references.filter(|of| related.attribute(of).description.is_type(attribute));
            least(references.map(|of| of.subject).filter(|of| fates.is_deleted(*of)), accounts, known)
        };
        let dependent = |kind, of| {
            let (entry, account) = (Arc::clone(&related.entry), fates.account_of(of));
            Dependent { kind, entry, of, account }
        };
        let origin = names_deleted(MANAGED_BY);
        if let Some(of) = origin.filter(|_| is_managed(&related.entry, policy.directory.server)) {
            found.push(dependent(DependentKind::ManagedEntry, of));
            continue;
        }
        let private_group = || {
            let is_deleted_too = policy.references.deletes_private_groups;
            is_deleted_too.then(|| groups.owner_of(related, accounts, gathered)).flatten().map(SubjectId::Account)
        };
        let new = if let Some(of) = names_deleted(ALIASED_OBJECT).filter(|_| is_alias(&related.entry)) {
            Some(dependent(DependentKind::Alias, of))
        } else if let Some(of) = private_group() {
            Some(dependent(DependentKind::PrivateGroup, of))
        } else if is_emptied_group(related, &fates, context) {
            let removed = removed_members(related, &fates, context).into_iter();
            least(removed, accounts, known).map(|of| dependent(DependentKind::EmptiedGroup, of))
        } else {
            None
        };
        found.extend(new.filter(|new| !is_account(&new.entry, policy)));
    }
    found
}

/// Of several subjects that a dependent may exist for, the one with the least name: the order of values and of leavers must
/// not decide.
fn least(
    subjects: impl Iterator<Item = SubjectId>,
    accounts: &[Account],
    dependents: &[Dependent],
) -> Option<SubjectId> {
    let name = |subject: &SubjectId| match subject {
        SubjectId::Account(index) => accounts.get(*index).map(|account| account.entry.dn.key().clone()),
        SubjectId::Dependent(index) => dependents.get(*index).map(|dependent| dependent.entry.dn.key().clone()),
    };
    subjects.min_by_key(name)
}

/// The accounts to hold because a dependent of theirs is kept. An emptied group holds each account that it would lose: if only
/// one of them stayed a member, the others would still be removed from it.
pub fn kept_holds(gathered: &Gathered, dependents: &[Dependent], fates: &Fates, context: PlanContext<'_>) -> Vec<Hold> {
    let mut holds = Vec::new();
    let mut groups: HashMap<&DnKey, Reason> = HashMap::new();
    for (index, dependent) in dependents.iter().enumerate() {
        let subject = SubjectId::Dependent(index);
        let Some(kept) = context.policy.kept(&dependent.entry).filter(|_| fates.is_deleted(subject)) else { continue };
        let reason = Reason::DeletesKept(dependent.entry.dn.raw_bytes().to_vec(), kept.because());
        if dependent.kind == DependentKind::EmptiedGroup {
            groups.insert(dependent.entry.dn.key(), reason.clone());
        }
        holds.push(Hold { account: dependent.account, reason });
    }
    for related in gathered.related.iter().filter(|_| !groups.is_empty()) {
        let Some(reason) = groups.get(related.entry.dn.key()) else { continue };
        let removed = removed_members(related, fates, context).into_iter();
        holds.extend(removed.map(|of| Hold { account: fates.account_of(of), reason: reason.clone() }));
    }
    holds
}

/// The deleted accounts by the numbers of their primary groups.
pub struct PrivateGroups(HashMap<Vec<u8>, Vec<usize>>);

impl PrivateGroups {
    /// Those of the accounts that are deleted.
    pub fn of(accounts: &[Account]) -> Self {
        let mut owners: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        for (index, account) in accounts.iter().enumerate().filter(|(_, account)| account.is_deleted()) {
            for gid in account.entry.values("gidNumber") {
                owners.entry(number(&gid.bytes)).or_default().push(index);
            }
        }
        Self(owners)
    }

    /// The deleted account whose private group an entry is.
    pub fn owner_of(&self, related: &RelatedEntry, accounts: &[Account], gathered: &Gathered) -> Option<usize> {
        let entry = &related.entry;
        let mut numbers: Vec<Vec<u8>> = entry.values("gidNumber").map(|gid| number(&gid.bytes)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let [gid] = &numbers[..] else { return None };
        if !is_posix_group(entry)
            || related.unlisted_members.has_others
            || gathered.primary_group_members.get(gid) != Some(&1)
        {
            return None;
        }
        let index = self.0.get(gid)?.iter().copied().find(|index| {
            let mut uids = accounts[*index].entry.values("uid");
            uids.any(|uid| entry.values("cn").any(|cn| cn.bytes == uid.bytes))
        })?;
        let is_own_uid = |value: &[u8]| accounts[index].entry.values("uid").any(|uid| *uid.bytes == *value);
        let is_own = |attribute_index: usize, value_index: usize, value: &[u8]| {
            let is_own_name = entry.attributes[attribute_index].description.is_type("memberUid") && is_own_uid(value);
            let mut references = related.references_of(attribute_index).iter();
            is_own_name
                || references.any(|reference| {
                    let is_here = reference.position.value == value_index;
                    is_here && reference.subject == SubjectId::Account(index) && reference.kind == MatchKind::Name
                })
        };
        let lists_own = entry.attributes.iter().enumerate().all(|(attribute_index, attribute)| {
            let mut values = attribute.values.iter().enumerate();
            !membership::lists_members(attribute.description.attribute_type())
                || values.all(|(value_index, value)| is_own(attribute_index, value_index, &value.bytes))
        });
        lists_own.then_some(index)
    }
}

/// The accounts to hold because the server would delete a managed entry with them that has members which stay, or could not
/// delete it, as it has entries below it.
pub fn holds(gathered: &Gathered, dependents: &[Dependent], fates: &Fates) -> Vec<Hold> {
    let managed = dependents.iter().filter(|dependent| dependent.kind == DependentKind::ManagedEntry);
    let managed: HashMap<&DnKey, &Dependent> = managed.map(|dependent| (dependent.entry.dn.key(), dependent)).collect();
    let mut holds = Vec::new();
    let mut below: BTreeMap<usize, Vec<&Entry>> = BTreeMap::new();
    for related in gathered.related.iter().filter(|_| !managed.is_empty()) {
        let key = related.entry.dn.key();
        for (above, _) in prefixes(key.as_bytes()).filter(|(above, _)| *above != key.as_bytes()) {
            let above = managed.get(&DnKey::from_key_bytes(above)).filter(|above| fates.is_deleted(above.of));
            if let Some(above) = above {
                below.entry(above.account).or_default().push(&related.entry);
            }
        }
        let Some(dependent) = managed.get(related.entry.dn.key()).filter(|dependent| fates.is_deleted(dependent.of))
        else {
            continue;
        };
        let lists_others = |(index, attribute): (usize, &Attribute)| {
            let is_deleted = |value: usize| {
                let mut references = related.references_of(index).iter();
                references.any(|reference| {
                    let is_this = reference.position.value == value && !reference.is_ambiguous;
                    is_this && reference.kind.is_certain() && fates.is_deleted(reference.subject)
                })
            };
            membership::lists_members(attribute.description.attribute_type())
                && !(0..attribute.values.len()).all(is_deleted)
        };
        let has_members =
            related.unlisted_members.any_stays(fates) || related.entry.attributes.iter().enumerate().any(lists_others);
        if has_members {
            let name = related.entry.dn.raw_bytes().to_vec();
            holds.push(Hold { account: dependent.account, reason: Reason::ManagedEntryHasMembers(name) });
        }
    }
    for (account, entries) in below {
        let Some(first) = entries.into_iter().min_by_key(|entry| entry.dn.key()) else { continue };
        let reason = Reason::ManagedEntryHasEntriesBelow(first.dn.raw_bytes().to_vec());
        holds.push(Hold { account, reason });
    }
    holds
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
    let has_unlisted_members = |index: usize, fates: &Fates| {
        gathered.unlisted_members.get(&group_id(index)).is_some_and(|members| members.any_stays(fates))
    };
    loop {
        let mut changed = false;
        for (index, dependent) in dependents.iter().enumerate() {
            let is_managed = dependent.kind == DependentKind::ManagedEntry;
            let is_deleted = || {
                (is_managed || !has_unlisted_members(index, &fates))
                    && match dependent.kind {
                        DependentKind::Alias | DependentKind::PrivateGroup | DependentKind::ManagedEntry => {
                            fates.is_deleted(dependent.of)
                        }
                        DependentKind::EmptiedGroup => {
                            let group = groups.get(dependent.entry.dn.key()).copied().flatten();
                            group.is_some_and(|group| is_emptied_group(group, &fates, context))
                        }
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
