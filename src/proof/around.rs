//! The pass of the proof: everything in the exports that the records of the files touch.

use std::collections::{BTreeSet, HashSet};

use crate::directory::references::named_dn;
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::dn_key::{KeyBuffer, prefixes};
use crate::ldap::{DnKey, Entry, TypeMap};

/// What the pass looks for.
pub struct Around {
    /// Names in the records.
    pub targets: HashSet<DnKey>,
    /// Names that the records delete.
    pub deleted: HashSet<DnKey>,
    /// Names that the records give up: deleted, moved, or deleted by a tool of the site.
    pub gone: HashSet<DnKey>,
    /// Names that the records move; everything below them goes along.
    pub moved: HashSet<DnKey>,
    /// Parents of the names in the records.
    pub parents: HashSet<DnKey>,
    /// Types of the attributes that name entries.
    pub kinds: TypeMap<()>,
}

/// A value that names an entry which is gone.
#[derive(Clone, Debug)]
pub struct Naming {
    /// The entry that it stands in.
    pub entry: DnKey,
    /// Its name as spelled.
    pub dn: Vec<u8>,
    /// The attribute.
    pub attribute: String,
    /// The value.
    pub value: Vec<u8>,
}

/// What the pass found.
#[derive(Default)]
pub struct Found {
    /// Entries that the records name.
    pub targets: Vec<Entry>,
    /// Children of deleted entries, each behind its parent.
    pub children: Vec<(DnKey, DnKey)>,
    /// Parents that are there.
    pub parents: BTreeSet<DnKey>,
    /// Values that name entries which are gone.
    pub namings: Vec<Naming>,
    /// Entries looked at.
    pub entries: u64,
    /// Reference values looked at.
    pub values: u64,
    keys: KeyBuffer,
}

impl Found {
    /// Adds what was found behind.
    pub fn merge(&mut self, other: Self) {
        self.targets.extend(other.targets);
        self.children.extend(other.children);
        self.parents.extend(other.parents);
        self.namings.extend(other.namings);
        self.entries += other.entries;
        self.values += other.values;
    }
}

impl Pass for Around {
    type Found = Found;

    fn visit(&self, entry: &EntryView<'_>, found: &mut Found) -> Result<(), Unreadable> {
        found.entries += 1;
        let is_moved = || prefixes(entry.key).any(|(above, _)| self.moved.contains(above));
        if self.targets.contains(entry.key) || !self.moved.is_empty() && is_moved() {
            found.targets.push(entry.to_entry()?);
        }
        if self.parents.contains(entry.key) {
            found.parents.insert(DnKey::from_key_bytes(entry.key));
        }
        if self.gone.is_empty() {
            return Ok(());
        }
        let own_rdn = prefixes(entry.key).last().map_or(0, |(_, rdn)| rdn.len() + 1);
        let parent = &entry.key[..entry.key.len() - own_rdn];
        if self.deleted.contains(parent) {
            found.children.push((DnKey::from_key_bytes(parent), DnKey::from_key_bytes(entry.key)));
        }
        for line in &entry.record.attributes {
            if self.kinds.get(&line.description).is_none() {
                continue;
            }
            found.values += 1;
            let base = line.description.split(';').next().unwrap_or_default();
            // What is no name names nobody; the plan has counted it.
            let Ok(key) = found.keys.key_of(named_dn(base, line.value.bytes())) else { continue };
            if self.gone.contains(key)
                || !self.moved.is_empty() && prefixes(key).any(|(above, _)| self.moved.contains(above))
            {
                found.namings.push(Naming {
                    entry: DnKey::from_key_bytes(entry.key),
                    dn: entry.record.dn.to_vec(),
                    attribute: line.description.to_string(),
                    value: line.value.bytes().to_vec(),
                });
            }
        }
        Ok(())
    }
}
