//! The second pass: the entries that name the subjects of a query, are below them, or are part of their address books; and
//! counts for the limits.

use std::collections::HashSet;
use std::sync::Arc;

use super::attributes::{AttributeUse, AttributeUses, ReferenceUse};
use super::dynamic_group::selects;
use super::gathered::{
    BookPointer, DynamicGroup, Gathered, GroupNesting, Reference, RelatedEntry, UnlistedMembers, ValuePosition,
    reviewed,
};
use super::query::Query;
use crate::directory::census::Place;
use crate::directory::extent::{TIMES, time_attributes};
use crate::directory::identity::holders::{Holder, IdentifierKind, with_normal_form};
use crate::directory::key_hash::hash;
use crate::directory::membership::criteria::{Criteria, GroupId, number};
use crate::directory::references::Treatment;
use crate::directory::scan::{Unreadable, visit_entry};
use crate::directory::snapshot::visit_overlay;
use crate::directory::{EntryView, Overlay, Pass, Structure};
use crate::ldap::attribute::{base_type, same_type};
use crate::ldap::dn_key::prefixes;
use crate::ldap::schema::Schema;
use crate::ldap::url::LdapUrl;
use crate::ldap::{Dn, DnKey, Entry, TypeMap};
use crate::ldif::{AttributeLine, AttributeSelection};
use crate::policy::Policy;

/// The pass.
pub struct GatherPass<'p> {
    policy: &'p Policy,
    attributes: AttributeUses,
    /// What it looks for.
    pub query: Query,
    /// The names of all entries, to find the parts of the directory that the exports hold.
    structure: &'p Structure,
    times: TypeMap<()>,
    /// What makes entries members of dependents that do not list them.
    unlisted: Option<Criteria>,
}

/// What is kept of the second reading to plan again.
pub struct RetainedGather {
    query: Query,
    gathered: Gathered,
}

impl RetainedGather {
    /// Keeps what a query found.
    pub fn new(query: Query, gathered: Gathered) -> Self {
        // The names of all groups are many, and not needed again.
        Self { query: Query { groups: Arc::default(), ..query }, gathered }
    }
}

impl<'p> GatherPass<'p> {
    /// A pass for a query. `structure` has the names of all entries.
    pub fn new(policy: &'p Policy, schema: &Schema, structure: &'p Structure, query: Query) -> Self {
        let more = ["gidNumber"].into_iter().chain(TIMES);
        let attributes = AttributeUses::new(policy, schema, more);
        Self { policy, attributes, query, structure, times: time_attributes(), unlisted: None }
    }

    /// Also looks for the entries that are members of a dependent although it does not list them.
    pub fn look_for_members(&mut self, dependent: GroupId, entry: &Entry) {
        let criteria = self.unlisted.get_or_insert_default();
        criteria.add_unlisted(dependent, entry);
        criteria.for_each_attribute(&mut |name| self.attributes.selection.insert(name, ()));
    }

    /// Notes of which dependents an entry is a member although they do not list it.
    fn visit_memberships(&self, entry: &EntryView<'_>, found: &mut Gathered) {
        let Some(criteria) = &self.unlisted else { return };
        for membership in criteria.memberships(entry, &mut found.scratch.keys) {
            let members = found.unlisted_members.entry(membership.group).or_default();
            match self.query.subjects.by_name(entry.key) {
                Some(subject) => drop(members.subjects.insert(subject)),
                None => members.has_others = true,
            }
        }
    }

    /// Counts the references of an entry, and notes what its values say of others. Gives whether one names a subject.
    fn visit_values(&self, entry: &EntryView<'_>, found: &mut Gathered) -> bool {
        let mut names_subject = false;
        for line in &entry.record.attributes {
            let Some(attribute_use) = self.attributes.uses.get(&line.description) else { continue };
            self.visit_relations(entry, line, attribute_use, found);
            if let Some(reference) = attribute_use.reference {
                names_subject |= self.visit_reference(entry, line, reference, found);
            }
        }
        names_subject
    }

    /// Notes identifiers that the entry shares with subjects, members that it selects by a URL, and books that it points to.
    fn visit_relations(
        &self,
        entry: &EntryView<'_>,
        line: &AttributeLine<'_>,
        attribute_use: AttributeUse,
        found: &mut Gathered,
    ) {
        let value = line.value.bytes();
        if let Some(kind) = attribute_use.identifies
            && !self.is_in_books(entry.key)
        {
            found.holders.note(&self.query.subjects, kind, entry, line);
            if kind == IdentifierKind::UserName {
                self.note_user_name(entry, value, found);
            }
        }
        if attribute_use.selects_members {
            let selected = self.query.dynamic_members.iter().filter(|member| selects(value, &member.entry));
            found.dynamic_groups.extend(selected.map(|member| DynamicGroup {
                account: member.account,
                group: entry.record.dn.to_vec(),
                url: value.to_vec(),
            }));
        }
        if attribute_use.points_to_book
            && let Some(book) = self.book_of_url(value)
        {
            found.book_pointers.push(BookPointer { book, from: DnKey::from_key_bytes(entry.key) });
        }
    }

    /// Notes an entry that has a user name of the query.
    fn note_user_name(&self, entry: &EntryView<'_>, uid: &[u8], found: &mut Gathered) {
        let known = &self.query.user_names;
        if known.is_empty() || self.query.subjects.at_or_above(entry.key).is_some() {
            return;
        }
        with_normal_form(IdentifierKind::UserName, uid, |form| {
            if known.contains(form) {
                found.holders.add(IdentifierKind::UserName, form.to_vec(), Holder::of(entry));
            }
        });
    }

    /// Counts a value of a reference attribute. Gives whether it names a subject.
    fn visit_reference(
        &self,
        entry: &EntryView<'_>,
        line: &AttributeLine<'_>,
        reference: ReferenceUse,
        found: &mut Gathered,
    ) -> bool {
        let ReferenceUse { form, treatment, lists_members } = reference;
        match treatment {
            Treatment::Reassign => found.owner_values += 1,
            Treatment::Remove | Treatment::Review => found.reference_values += 1,
            Treatment::Leave => {}
        }
        let (value, scratch) = (line.value.bytes(), &mut found.scratch);
        let attribute_type = base_type(&line.description);
        if form.find(attribute_type, value, &self.query.subjects, &mut scratch.keys, &mut scratch.matches).is_err() {
            let place = Place { export: entry.export, line: line.line, text: value.to_vec() };
            found.unreadable_values.add(place);
            return !found.scratch.matches.is_empty();
        }
        if form.is_dn() && lists_members && !self.query.groups.is_empty() {
            let child = hash(scratch.keys.last());
            if self.query.groups.contains(&child) {
                let (parent, name) = (hash(entry.key), entry.record.dn.as_ref().into());
                found.nesting.push(GroupNesting { child, parent, name });
            }
        }
        !found.scratch.matches.is_empty()
    }

    /// The values of an entry that name subjects.
    fn references(&self, entry: &Entry, found: &mut Gathered) -> Vec<Reference> {
        let mut references = Vec::new();
        let scratch = &mut found.scratch;
        for (attribute_index, attribute) in entry.attributes.iter().enumerate() {
            let name = attribute.description.attribute_type();
            let reference = self.attributes.uses.get(name).and_then(|attribute_use| attribute_use.reference);
            let Some(ReferenceUse { form, treatment, .. }) = reference else { continue };
            for (value_index, value) in attribute.values.iter().enumerate() {
                let subjects = &self.query.subjects;
                // A value that is not a DN may name a subject in another form.
                let _ = form.find(name, &value.bytes, subjects, &mut scratch.keys, &mut scratch.matches);
                let position = ValuePosition { attribute: attribute_index, value: value_index };
                references.extend(scratch.matches.iter().map(|matched| Reference {
                    subject: matched.subject,
                    kind: matched.kind,
                    form,
                    treatment: if matched.kind.is_certain() { treatment } else { reviewed(treatment) },
                    is_ambiguous: false,
                    position,
                }));
            }
        }
        references
    }

    /// The address book of the query that a URL names.
    fn book_of_url(&self, url: &[u8]) -> Option<DnKey> {
        if !self.looks_for_books() {
            return None;
        }
        self.book_above(LdapUrl::of_value(url)?.dn.key().as_bytes())
    }

    fn looks_for_books(&self) -> bool {
        !self.query.book_roots.is_empty() || !self.query.book_rdns.is_empty()
    }

    /// The root of an address book of the query that is at or above a name.
    fn book_above(&self, key: &[u8]) -> Option<DnKey> {
        if !self.looks_for_books() {
            return None;
        }
        let suffix = self.book_suffix().map_or(0, |suffix| suffix.as_bytes().len());
        prefixes(key).find_map(|(above, rdn)| {
            let by_name = self.query.book_roots.get(above).cloned();
            let by_rdn = || {
                let is_root = above.len() > suffix && self.query.book_rdns.contains(rdn) && self.is_in_books(above);
                is_root.then(|| DnKey::from_key_bytes(above))
            };
            by_name.or_else(by_rdn)
        })
    }

    fn book_suffix(&self) -> Option<&DnKey> {
        self.policy.address_books.suffix.as_ref().map(Dn::key)
    }

    fn is_in_books(&self, key: &[u8]) -> bool {
        self.book_suffix().is_some_and(|suffix| key.starts_with(suffix.as_bytes()))
    }

    /// Counts an account with a primary group of the query. Gives whether the entry is such a group itself.
    fn is_primary_group(&self, entry: &EntryView<'_>, found: &mut Gathered) -> bool {
        if self.query.primary_groups.is_empty() {
            return false;
        }
        let lines = || entry.record.attributes.iter();
        let is = |line: &&AttributeLine<'_>, name: &str| same_type(base_type(&line.description), name);
        let numbers = lines().filter(|line| is(line, "gidNumber")).map(|line| number(line.value.bytes()));
        let mut numbers: Vec<Vec<u8>> = numbers.filter(|gid| self.query.primary_groups.contains(gid)).collect();
        if lines().any(|line| is(&line, "uidNumber")) {
            numbers.sort_unstable();
            numbers.dedup();
            for number in numbers {
                *found.primary_group_members.entry(number).or_default() += 1;
            }
            return false;
        }
        !numbers.is_empty()
    }
}

impl Pass for GatherPass<'_> {
    type Found = Gathered;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.attributes.selection)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Gathered) -> Result<(), Unreadable> {
        found.extent.add(entry, self.structure, &self.times);
        let names_subject = self.visit_values(entry, found);
        self.visit_memberships(entry, found);
        let books = &self.policy.address_books;
        if books.suffix.as_ref().is_some_and(|suffix| books.root.is_book(entry.key, suffix.key())) {
            found.books += 1;
        }
        let subjects = &self.query.subjects;
        let below = subjects.at_or_above(entry.key);
        let in_book = if below.is_some() { None } else { self.book_above(entry.key) };
        let is_primary_group = self.is_primary_group(entry, found);
        let is_wanted = is_primary_group || self.query.entries.contains(entry.key) || subjects.is_near_miss(entry.key);
        if !names_subject && below.is_none() && in_book.is_none() && !is_wanted {
            return Ok(());
        }
        let entry = entry.to_entry()?;
        let references = if names_subject { self.references(&entry, found) } else { Vec::new() };
        let unlisted_members = UnlistedMembers::default();
        found.related.push(RelatedEntry { entry: entry.into(), references, below, in_book, unlisted_members });
        Ok(())
    }
}

impl GatherPass<'_> {
    /// What the pass finds with `overlay` laid over the exports of which this was retained; `None` if it looks for more.
    pub fn repeat(&self, retained: &RetainedGather, overlay: &Overlay) -> Option<Gathered> {
        let covers = || self.unlisted.is_none() && retained.query.covers(&self.query);
        let gathered = Some(&retained.gathered).filter(|_| covers())?;
        let entries = gathered.related.iter().map(|related| &*related.entry);
        let untouched: Vec<&Entry> = entries.filter(|entry| !overlay.contains_key(entry.dn.key())).collect();
        let visited: HashSet<&DnKey> = untouched.iter().map(|entry| entry.dn.key()).chain(overlay.keys()).collect();
        let mut all = gathered.excluding(&|key| visited.contains(key));
        let mut found = Gathered::default();
        untouched.iter().try_for_each(|entry| visit_entry(entry, self, &mut found)).ok()?;
        visit_overlay(overlay, self, &mut found).ok()?;
        all.merge(found);
        Some(all)
    }
}
