//! The pass over the exports that collects what the proof needs: the entries that the records change, and every reference
//! to an entry that they delete or move.

use crate::ldap::attribute::base_type;
use std::collections::BTreeSet;

use crate::directory::identity::holders::{Holders, IdentifierKind, identifying};
use crate::directory::key_hash::KeySet;
use crate::directory::references::{Form, MatchKind, SubjectIndex, SubjectMatch, Treatment};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::dn_key::{KeyBuffer, parent_of, prefixes};
use crate::ldap::{DnKey, Entry, TypeMap};
use crate::ldif::AttributeSelection;

/// What the pass searches for. All names are those that entries have in the exports, before any record runs.
pub struct TouchedPass<'p> {
    /// Names of entries that the records change, and the new names that they give.
    pub targets: KeySet,
    /// Names of entries that the records delete.
    pub deleted: KeySet,
    /// The entries that the plan removes from their names: deleted by a record, by the server or by a tool of the site, or
    /// moved.
    pub subjects: SubjectIndex<usize>,
    /// The names of the subjects, by their numbers in `subjects`.
    pub subject_names: Vec<DnKey>,
    /// Names of entries that the records move, with everything below them.
    pub moved: KeySet,
    /// All names above those in the records.
    pub parents: KeySet,
    /// The attributes that may refer to an account.
    pub reference_attributes: TypeMap<(Form, Treatment)>,
    /// The suffix of the address books, whose entries hold no identifiers.
    pub address_books: Option<&'p DnKey>,
    /// The attributes that identify an entry.
    pub identifying: TypeMap<IdentifierKind>,
    /// `reference_attributes` and `identifying` together.
    pub interest: AttributeSelection,
}

/// A value of a reference attribute that refers to a subject of the pass.
#[derive(Clone, Debug)]
pub struct SubjectReference {
    /// The entry that has the value.
    pub entry: DnKey,
    /// The name of that entry, as spelled in the export.
    pub dn: Vec<u8>,
    /// The attribute description.
    pub attribute: String,
    /// The value.
    pub value: Vec<u8>,
    /// How the value matches the subject.
    pub how: MatchKind,
    /// The subject, as an index into [`TouchedPass::subject_names`].
    pub subject: usize,
}

/// What the pass finds.
#[derive(Default)]
pub struct Touched {
    /// The entries that the records change.
    pub targets: Vec<Entry>,
    /// Children of deleted entries, each after its parent.
    pub children: Vec<(DnKey, DnKey)>,
    /// Those of [`TouchedPass::parents`] that are entries of the exports.
    pub parents: BTreeSet<DnKey>,
    /// Those of [`TouchedPass::parents`] that have an entry directly below them in the exports.
    pub with_children: BTreeSet<DnKey>,
    /// References to subjects.
    pub references: Vec<SubjectReference>,
    /// Other entries with the identifiers of subjects.
    pub holders: Holders,
    /// Number of entries read.
    pub entries: u64,
    /// Number of values of reference attributes read.
    pub values: u64,
    keys: KeyBuffer,
    matches: Vec<SubjectMatch<usize>>,
}

impl Touched {
    /// Names of entries that exist above the topmost entries of the exports: the exports have an entry directly below each
    /// of them, and none above. A missing entry between two exported ones is not taken to exist.
    pub fn above_the_exports(&self) -> impl Iterator<Item = &DnKey> {
        self.with_children.iter().filter(|key| prefixes(key.as_bytes()).all(|(name, _)| !self.parents.contains(name)))
    }

    /// Adds what a later block of the exports gave.
    pub fn merge(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.children.extend(other.children);
        self.parents.extend(other.parents);
        self.with_children.extend(other.with_children);
        self.references.extend(other.references);
        self.holders.merge(other.holders);
        self.entries += other.entries;
        self.values += other.values;
    }
}

impl TouchedPass<'_> {
    /// The attributes that identify an entry, as a map.
    pub fn identifying() -> TypeMap<IdentifierKind> {
        identifying().filter_map(|name| Some((name, IdentifierKind::of_attribute(name)?))).collect()
    }

    fn note_holders(&self, entry: &EntryView<'_>, found: &mut Touched) {
        if self.address_books.is_some_and(|suffix| entry.key.starts_with(suffix.as_bytes())) {
            return;
        }
        for line in &entry.record.attributes {
            if let Some(kind) = self.identifying.get(base_type(&line.description)) {
                found.holders.note(&self.subjects, kind, entry, line);
            }
        }
    }
}

impl Pass for TouchedPass<'_> {
    type Found = Touched;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Touched) -> Result<(), Unreadable> {
        found.entries += 1;
        let is_moved = || prefixes(entry.key).any(|(above, _)| self.moved.contains(above));
        if self.targets.contains(entry.key) || !self.moved.is_empty() && is_moved() {
            found.targets.push(entry.to_entry()?);
        }
        if self.parents.contains(entry.key) {
            found.parents.insert(DnKey::from_key_bytes(entry.key));
        }
        let parent = parent_of(entry.key);
        if self.parents.contains(parent) && !found.with_children.contains(parent) {
            found.with_children.insert(DnKey::from_key_bytes(parent));
        }
        if self.subjects.is_empty() {
            return Ok(());
        }
        if self.deleted.contains(parent) {
            found.children.push((DnKey::from_key_bytes(parent), DnKey::from_key_bytes(entry.key)));
        }
        self.note_holders(entry, found);
        let Touched { keys, matches, values, references, .. } = found;
        for line in &entry.record.attributes {
            let Some((form, treatment)) = self.reference_attributes.get(&line.description) else { continue };
            *values += 1;
            let base = base_type(&line.description);
            // A value that does not have the form of the attribute refers to no entry. The plan has counted it.
            if treatment == Treatment::Leave
                || form.find(base, line.value.bytes(), &self.subjects, keys, matches).is_err()
            {
                continue;
            }
            references.extend(matches.iter().map(|found| SubjectReference {
                entry: DnKey::from_key_bytes(entry.key),
                dn: entry.record.dn.to_vec(),
                attribute: line.description.to_string(),
                value: line.value.bytes().to_vec(),
                how: found.kind,
                subject: found.subject,
            }));
        }
        Ok(())
    }
}
