//! The pass of the proof: everything in the exports that the records of the files touch.

use crate::ldap::attribute::base_type;
use std::collections::BTreeSet;

use crate::directory::key_hash::KeySet;
use crate::directory::references::subject_index::Identifier;
use crate::directory::references::subject_index::identifying;
use crate::directory::references::{Form, MatchKind, SharedIdentifiers, SubjectIndex, SubjectMatch, Treatment};
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::dn_key::{KeyBuffer, parent_of, prefixes};
use crate::ldap::filter::{Filter, Truth};
use crate::ldap::{DnKey, Entry, TypeMap};
use crate::ldif::AttributeSelection;

/// What the pass looks for.
pub struct Around<'p> {
    /// Names in the records.
    pub targets: KeySet,
    /// Names that the records delete.
    pub deleted: KeySet,
    /// Who the records give up: deleted, moved, or deleted by a tool of the site.
    pub gone: SubjectIndex<usize>,
    /// The names of the persons in `gone`, by number.
    pub names: Vec<DnKey>,
    /// Names that the records move; everything below them goes along.
    pub moved: KeySet,
    /// All names above those in the records.
    pub parents: KeySet,
    /// Attributes that name somebody.
    pub kinds: TypeMap<(Form, Treatment)>,
    /// What makes an entry an account.
    pub accounts: &'p Filter,
    /// Under which address books stand.
    pub books: Option<&'p DnKey>,
    /// Attributes that say who an entry is.
    pub identifying: TypeMap<()>,
    /// All of these attributes.
    pub interest: AttributeSelection,
}

/// A value that names somebody who is gone.
#[derive(Clone, Debug)]
pub struct Naming {
    /// The entry that it is in.
    pub entry: DnKey,
    /// Its name as spelled.
    pub dn: Vec<u8>,
    /// The attribute.
    pub attribute: String,
    /// The value.
    pub value: Vec<u8>,
    /// How it names them.
    pub how: MatchKind,
    /// Whom, by number.
    pub person: usize,
}

/// What the pass found.
#[derive(Default)]
pub struct Found {
    /// Entries that the records name.
    pub targets: Vec<Entry>,
    /// Children of deleted entries, each behind its parent.
    pub children: Vec<(DnKey, DnKey)>,
    /// Those names that the exports show.
    pub parents: BTreeSet<DnKey>,
    /// Those names that the exports show an entry directly below.
    pub with_children: BTreeSet<DnKey>,
    /// Values that name somebody who is gone.
    pub namings: Vec<Naming>,
    /// Who else has their user names and addresses.
    pub namesakes: SharedIdentifiers,
    /// Entries looked at.
    pub entries: u64,
    /// Reference values looked at.
    pub values: u64,
    keys: KeyBuffer,
    named: Vec<SubjectMatch<usize>>,
}

impl Found {
    /// Names of entries that the exports do not show, but that are there, as the exports begin below them: they show an
    /// entry directly below and none above. In a hole between two exported entries nothing is taken as there.
    pub fn above_the_exports(&self) -> impl Iterator<Item = &DnKey> {
        self.with_children.iter().filter(|key| prefixes(key.as_bytes()).all(|(name, _)| !self.parents.contains(name)))
    }

    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.children.extend(other.children);
        self.parents.extend(other.parents);
        self.with_children.extend(other.with_children);
        self.namings.extend(other.namings);
        self.namesakes.merge(other.namesakes);
        self.entries += other.entries;
        self.values += other.values;
    }
}

impl Around<'_> {
    /// The attributes that say who an entry is.
    pub fn identifying() -> TypeMap<()> {
        identifying().map(|name| (name, ())).collect()
    }

    fn namesakes(&self, entry: &EntryView<'_>, found: &mut Found) {
        for line in &entry.record.attributes {
            let base = base_type(&line.description);
            if self.identifying.get(base).is_some()
                && !self.books.is_some_and(|suffix| entry.key.starts_with(suffix.as_bytes()))
                && let identifier = (Identifier { entry: entry.key, attribute_type: base, value: line.value.bytes() })
                && let Some(name) = self.gone.shared_with(identifier, || self.accounts.evaluate(entry) == Truth::True)
            {
                found.namesakes.add(name, entry.key);
            }
        }
    }
}

impl Pass for Around<'_> {
    type Found = Found;

    fn interest(&self) -> Option<&AttributeSelection> {
        Some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Found) -> Result<(), Unreadable> {
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
        if self.gone.is_empty() {
            return Ok(());
        }
        if self.deleted.contains(parent) {
            found.children.push((DnKey::from_key_bytes(parent), DnKey::from_key_bytes(entry.key)));
        }
        self.namesakes(entry, found);
        let Found { keys, named, values, namings, .. } = found;
        for line in &entry.record.attributes {
            let Some((form, treatment)) = self.kinds.get(&line.description) else { continue };
            *values += 1;
            let base = base_type(&line.description);
            // What is not a name names nobody; the plan has counted it.
            if treatment == Treatment::Leave || form.find(base, line.value.bytes(), &self.gone, keys, named).is_err() {
                continue;
            }
            namings.extend(named.iter().map(|naming| Naming {
                entry: DnKey::from_key_bytes(entry.key),
                dn: entry.record.dn.to_vec(),
                attribute: line.description.to_string(),
                value: line.value.bytes().to_vec(),
                how: naming.kind,
                person: naming.subject,
            }));
        }
        Ok(())
    }
}
