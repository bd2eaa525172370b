//! The members of groups, and of the groups among their members.

use std::collections::{BTreeSet, HashMap};

use super::Unresolved;
use super::criteria::{AbsentMember, Criteria, Required, RequiredThing, Way, is_group, names_of_group};
use crate::directory::key_hash::{KeyMap, KeySet};
use crate::directory::scan::Unreadable;
use crate::directory::snapshot::{Directory, RepeatablePass};
use crate::directory::{EntryView, Overlay, Pass, ScanError};
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::vocabulary::Vocabulary;
use crate::ldap::{DnKey, Entry};
use crate::ldif::AttributeSelection;

/// The members of groups.
pub struct Members {
    /// The entries that are members, by name; groups among them too.
    pub names: KeySet,
    /// Those of them that the caller's test picks.
    pub picked: KeySet,
    /// Those of the picked ones that are members for certain: by more than a role that does not cover their place, and by
    /// more than a user name or address that another entry has as well.
    pub certain: KeySet,
    /// The members by DN that the exports lack.
    pub absent: Vec<AbsentMember>,
    /// The entries at which searches for members begin, with the values that say so.
    pub bases: Vec<(DnKey, Unresolved)>,
    /// Values that need an attribute or a group that no entry shows. Only exports as they were made can say that.
    pub lacking: Vec<Unresolved>,
    /// Values that cannot be followed.
    pub unresolved: Vec<Unresolved>,
}

/// What is known of a member.
struct KnownMember {
    is_picked: bool,
    /// The most certain way in which it is a member.
    way: Way,
}

/// An entry that is a member.
struct FoundMember {
    key: DnKey,
    known: KnownMember,
    /// The entry, if it is a group.
    group: Option<Entry>,
}

/// What a reading found.
#[derive(Default)]
struct FoundMembers {
    members: Vec<FoundMember>,
    /// The first account that may be a member by its primary group.
    unclear: Option<Unresolved>,
    /// Of the attribute types that the criteria require, those that an entry has.
    shown: BTreeSet<String>,
}

/// Finds the entries that criteria make members.
struct MembershipPass<'m> {
    criteria: &'m Criteria,
    interest: AttributeSelection,
    /// The members that are known already.
    known: &'m KeyMap<KnownMember>,
    picks: &'m (dyn Fn(&Entry) -> bool + Sync),
    /// The attribute types that the criteria require.
    watched: Vec<&'m str>,
}

impl Pass for MembershipPass<'_> {
    type Found = FoundMembers;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut FoundMembers) -> Result<(), Unreadable> {
        if found.unclear.is_none() {
            found.unclear = self.criteria.unclear_primary_group(entry);
        }
        for name in &self.watched {
            if !found.shown.contains(*name) && entry.values(name).next().is_some() {
                found.shown.insert((*name).to_owned());
            }
        }
        if self.known.contains_key(entry.key) {
            return Ok(());
        }
        let ways = self.criteria.memberships(entry, &mut KeyBuffer::new()).into_iter().map(|membership| membership.way);
        let Some(way) = ways.min_by_key(Way::doubt) else { return Ok(()) };
        let whole = entry.to_entry()?;
        let known = KnownMember { is_picked: (self.picks)(&whole), way };
        let key = whole.dn.key().clone();
        found.members.push(FoundMember { key, known, group: is_group(&whole).then_some(whole) });
        Ok(())
    }
}

impl<R> RepeatablePass<R> for MembershipPass<'_> {
    fn merge(found: &mut FoundMembers, later: FoundMembers) {
        found.members.extend(later.members);
        found.unclear = found.unclear.take().or(later.unclear);
        found.shown.extend(later.shown);
    }

    fn repeat(&self, _: &R, _: &Overlay) -> Option<FoundMembers> {
        // A change of one group may change who is a member of others, so the exports are read again.
        None
    }
}

/// The members of groups, at any depth. The exports are read once, and again for the groups that were found among the
/// members, until no more are found. `picks` is asked about every member.
pub fn members<R, D: Directory<R>>(
    directory: &D,
    groups: &[&Entry],
    vocabulary: Vocabulary<'_>,
    picks: &(dyn Fn(&Entry) -> bool + Sync),
) -> Result<Members, ScanError<D::Error>> {
    let mut criteria = Criteria::default();
    for group in groups {
        criteria.add_group(0, group, vocabulary);
    }
    let mut known: KeyMap<KnownMember> = KeyMap::default();
    let mut unclear = None;
    let mut shown = BTreeSet::new();
    let mut named: BTreeSet<(&'static str, Vec<u8>)> = BTreeSet::new();
    let mut is_new = !groups.is_empty();
    while is_new {
        let watched = criteria.required().iter().filter_map(|required| match &required.what {
            RequiredThing::Attribute(name) => Some(name.as_str()),
            _ => None,
        });
        let watched = watched.collect();
        let pass = MembershipPass { criteria: &criteria, interest: criteria.interest(), known: &known, picks, watched };
        let found = directory.read(&pass)?.found;
        is_new = false;
        unclear = found.unclear;
        shown.extend(found.shown);
        for member in found.members {
            known.insert(member.key, member.known);
            if let Some(group) = member.group {
                named.extend(names_of_group(&group));
                criteria.add_group(0, &group, vocabulary);
                is_new = true;
            }
        }
    }
    let absent = criteria.absent(&known);
    let mut bases = Vec::new();
    let mut lacking = Vec::new();
    for Required { what, unresolved } in criteria.required() {
        let is_lacking = match what {
            RequiredThing::Base(base) => {
                bases.push((base.clone(), unresolved.clone()));
                false
            }
            RequiredThing::Attribute(name) => !shown.contains(name),
            RequiredThing::Group(class, name) => !named.contains(&(*class, name.clone())),
        };
        if is_lacking {
            lacking.push(unresolved.clone());
        }
    }
    let mut entries_with: HashMap<&[u8], usize> = HashMap::new();
    for member in known.values() {
        if let Way::Identifier(identifier) = &member.way {
            *entries_with.entry(identifier).or_default() += 1;
        }
    }
    let is_certain = |member: &KnownMember| match &member.way {
        Way::Certain => true,
        Way::Identifier(identifier) => entries_with.get(&**identifier) == Some(&1),
        Way::OutOfScope => false,
    };
    let picked = || known.iter().filter(|(_, member)| member.is_picked);
    let certain = picked().filter(|(_, member)| is_certain(member)).map(|(key, _)| key.clone()).collect();
    let picked = picked().map(|(key, _)| key.clone()).collect();
    let unresolved = criteria.into_unresolved().into_iter().chain(unclear).collect();
    Ok(Members { names: known.into_keys().collect(), picked, certain, absent, bases, lacking, unresolved })
}
