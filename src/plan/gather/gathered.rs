//! What the second reading keeps.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::directory::census::Finding;
use crate::directory::extent::Extent;
use crate::directory::identity::holders::{Holder, Holders, IdentifierKind, MatchedValue, Nearness, Referent};
use crate::directory::membership::criteria::GroupId;
use crate::directory::references::{Form, MatchKind, SubjectMatch, Treatment};
use crate::ldap::dn_key::KeyBuffer;
use crate::ldap::{Attribute, DnKey, Entry, Value};
use crate::plan::model::{Fates, SubjectId};

/// The position of a value in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValuePosition {
    /// The attribute, by index.
    pub attribute: usize,
    /// The value in the attribute, by index.
    pub value: usize,
}

/// A value that names a subject.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The subject; the value may name an entry below it.
    pub subject: SubjectId,
    /// How the value names it.
    pub kind: MatchKind,
    /// The form of the values of the attribute.
    pub form: Form,
    /// What is done with the value if the subject is deleted.
    pub treatment: Treatment,
    /// The value may name another account as well.
    pub is_ambiguous: bool,
    /// Where the value is.
    pub position: ValuePosition,
}

/// An entry that is related to a subject, or that was looked for by name.
pub struct RelatedEntry {
    /// The entry.
    pub entry: Arc<Entry>,
    /// Its values that name subjects, in the order of their positions.
    pub references: Vec<Reference>,
    /// The subject at or below whose entry it is.
    pub below: Option<SubjectId>,
    /// The root of the address book that it is part of.
    pub in_book: Option<DnKey>,
    /// Entries are members of it that it does not list: by a primary group, a role or a back link. Known of dependents.
    pub unlisted_members: UnlistedMembers,
}

impl RelatedEntry {
    /// The attribute of a reference.
    pub fn attribute(&self, reference: &Reference) -> &Attribute {
        &self.entry.attributes[reference.position.attribute]
    }

    /// The value of a reference.
    pub fn value(&self, reference: &Reference) -> &Value {
        &self.attribute(reference).values[reference.position.value]
    }

    /// The references of the attribute with this index.
    pub fn references_of(&self, attribute: usize) -> &[Reference] {
        let from = self.references.partition_point(|reference| reference.position.attribute < attribute);
        let until = self.references.partition_point(|reference| reference.position.attribute <= attribute);
        &self.references[from..until]
    }
}

/// The entries that are members of a group although it does not list them.
#[derive(Clone, Debug, Default)]
pub struct UnlistedMembers {
    /// Whether some of them are not subjects.
    pub has_others: bool,
    /// The subjects among them.
    pub subjects: BTreeSet<SubjectId>,
}

impl UnlistedMembers {
    /// Whether one of them stays.
    pub fn any_stays(&self, fates: &Fates) -> bool {
        self.has_others || self.subjects.iter().any(|subject| !fates.is_deleted(*subject))
    }
}

/// A group that is a member of another group.
#[derive(Clone, Debug)]
pub struct GroupNesting {
    /// The hash of the name of the member.
    pub child: u64,
    /// The hash of the name of the group that has it.
    pub parent: u64,
    /// The name of the group that has it, as spelled.
    pub name: Box<[u8]>,
}

/// A group that selects an account by a URL.
#[derive(Clone, Debug)]
pub struct DynamicGroup {
    /// The account, by index.
    pub account: usize,
    /// The name of the group, as spelled.
    pub group: Vec<u8>,
    /// The URL.
    pub url: Vec<u8>,
}

/// An address book that an entry points to.
#[derive(Clone, Debug)]
pub struct BookPointer {
    /// The root of the book.
    pub book: DnKey,
    /// The name of the entry that points to it.
    pub from: DnKey,
}

/// Buffers that are used again for every entry.
#[derive(Default)]
pub(super) struct Scratch {
    pub keys: KeyBuffer,
    pub matches: Vec<SubjectMatch<SubjectId>>,
}

/// What the second reading keeps.
#[derive(Default)]
pub struct Gathered {
    /// The entries that are related to subjects.
    pub related: Vec<RelatedEntry>,
    /// How many values the attributes under `remove` and `review` have in all entries.
    pub reference_values: u64,
    /// How many values the attributes under `reassign` have in all entries.
    pub owner_values: u64,
    /// How many address books there are.
    pub books: u64,
    /// Values that should be distinguished names and are not.
    pub unreadable_values: Finding,
    /// For each primary group of the query, how many accounts have it.
    pub primary_group_members: HashMap<Vec<u8>, u64>,
    /// For each dependent, by index, the entries that are members of it although it does not list them: whether there are
    /// some that are not subjects, and those that are.
    pub unlisted_members: BTreeMap<GroupId, UnlistedMembers>,
    /// Groups that are members of other groups.
    pub nesting: Vec<GroupNesting>,
    /// Groups that select accounts of the query by a URL.
    pub dynamic_groups: Vec<DynamicGroup>,
    /// The parts of the directory that the exports hold.
    pub extent: Extent,
    pub(super) holders: Holders,
    pub(super) book_pointers: Vec<BookPointer>,
    pub(super) scratch: Scratch,
}

impl Gathered {
    /// Adds what was found in later blocks.
    pub fn merge(&mut self, later: Self) {
        self.related.extend(later.related);
        self.reference_values += later.reference_values;
        self.owner_values += later.owner_values;
        self.books += later.books;
        self.unreadable_values.merge(later.unreadable_values);
        self.holders.merge(later.holders);
        self.book_pointers.extend(later.book_pointers);
        self.nesting.extend(later.nesting);
        self.dynamic_groups.extend(later.dynamic_groups);
        self.extent.merge(later.extent);
        for (group, members) in later.unlisted_members {
            let known = self.unlisted_members.entry(group).or_default();
            known.has_others |= members.has_others;
            known.subjects.extend(members.subjects);
        }
        for (group, count) in later.primary_group_members {
            *self.primary_group_members.entry(group).or_default() += count;
        }
    }

    /// What is known of entries that are not kept, except of those that `excluded` picks: the identifiers of subjects that they
    /// have, and the address books that they point to.
    #[must_use]
    pub fn excluding(&self, excluded: &dyn Fn(&DnKey) -> bool) -> Self {
        Self {
            holders: self.holders.excluding(excluded),
            book_pointers: self.book_pointers.iter().filter(|pointer| !excluded(&pointer.from)).cloned().collect(),
            ..Self::default()
        }
    }

    /// The address books that entries point to, subjects too.
    pub fn book_pointers(&self) -> impl Iterator<Item = &BookPointer> {
        self.book_pointers.iter()
    }

    /// The entries other than subjects that have an identifier, which is in normal form.
    pub fn holders(&self, kind: IdentifierKind, identifier: &[u8]) -> &[Holder] {
        self.holders.of(kind, identifier)
    }

    /// Decides which entry each identifier means, now that every entry that has it is known: a reference to another entry is
    /// dropped, an ambiguous one is for review. `name_of` gives the name of a subject.
    ///
    /// Of several subjects that have a user name, the nearest is meant. One of them may have to stay after all; then a value
    /// that may mean it stays too: see [`values_to_clear`](crate::plan::references::values_to_clear).
    pub fn resolve_ambiguous_references<'n>(&mut self, name_of: &dyn Fn(SubjectId) -> Option<&'n DnKey>) {
        let holders = &self.holders;
        for RelatedEntry { entry, references, .. } in &mut self.related {
            let nearness = |reference: &Reference| {
                let is_user_name = reference.kind.identifier() == Some(IdentifierKind::UserName);
                Some(Nearness::of(name_of(reference.subject).filter(|_| is_user_name)?, entry.dn.key()))
            };
            let mut nearest: Vec<(ValuePosition, Option<Nearness>)> = Vec::new();
            for of_value in references.chunk_by(|a, b| a.position == b.position).filter(|of_value| of_value.len() > 1) {
                nearest.push((of_value[0].position, of_value.iter().filter_map(nearness).max()));
            }
            references.retain_mut(|reference| {
                let Some(name) = name_of(reference.subject) else { return true };
                let position = reference.position;
                if let Ok(at) = nearest.binary_search_by_key(&position, |(position, _)| *position)
                    && nearness(reference).is_some_and(|own| Some(own) < nearest[at].1)
                {
                    return false;
                }
                let value = &entry.attributes[position.attribute].values[position.value].bytes;
                let Reference { form, kind, .. } = *reference;
                match holders.referent(MatchedValue { form, kind, value, name, entry: entry.dn.key() }) {
                    Referent::Leaver => true,
                    Referent::Ambiguous => {
                        reference.treatment = reviewed(reference.treatment);
                        reference.is_ambiguous = true;
                        true
                    }
                    Referent::SomeoneElse => false,
                }
            });
        }
    }
}

/// What is done with a value that does not name an account for certain.
pub(super) fn reviewed(treatment: Treatment) -> Treatment {
    if treatment == Treatment::Leave { Treatment::Leave } else { Treatment::Review }
}
