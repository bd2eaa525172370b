//! The pass over the exports that collects the entries that records may read or change.

use std::collections::HashMap;

use crate::directory::key_hash::KeySet;
use crate::directory::scan::Unreadable;
use crate::directory::{EntryView, Pass};
use crate::ldap::attribute::base_type;
use crate::ldap::dn_key::{KeyBuffer, parent_of, prefixes};
use crate::ldap::{Change, ChangeRecord, DnKey, Entry, Origin};
use crate::ldif::AttributeSelection;
use crate::policy::Server;
use crate::proof::apply::is_linked;

/// What the pass searches for.
#[derive(Default)]
pub struct TargetsPass {
    /// Names of entries that the records change, and the new names that they give.
    names: KeySet,
    /// Names below which records add or move entries.
    parents: KeySet,
    /// Names of entries that the records delete.
    deleted: KeySet,
    /// Names of entries that the records move, with everything below them.
    moved: KeySet,
    /// Whether the server updates values that name deleted and moved entries.
    follows_links: bool,
    /// No attribute: without links, the names of entries are all that the pass reads.
    interest: AttributeSelection,
}

impl TargetsPass {
    /// A pass for these records.
    pub fn new(records: &[ChangeRecord], server: Server) -> Self {
        let mut pass = Self { follows_links: server.profile().follows_moves, ..Self::default() };
        for record in records {
            let key = record.dn.key();
            match &record.change {
                Change::Modify(_) => {}
                Change::Add(_) => pass.parents.extend(key.parent()),
                Change::Delete => {
                    pass.deleted.insert(key.clone());
                }
                Change::ModifyDn { new_superior, .. } => {
                    // An invalid new name is refused when the record is applied.
                    pass.names.extend(record.new_name().map(|name| name.key().clone()));
                    pass.parents.extend(key.parent());
                    pass.parents.extend(new_superior.as_ref().map(|superior| superior.key().clone()));
                    pass.moved.insert(key.clone());
                }
            }
            pass.names.insert(key.clone());
        }
        pass
    }

    /// Whether an entry has a link to an entry that the records delete or move.
    fn has_link(&self, entry: &EntryView<'_>, keys: &mut KeyBuffer) -> bool {
        entry.record.attributes.iter().any(|line| {
            let base = base_type(&line.description);
            is_linked(base)
                && keys.key_of(line.value.bytes()).is_ok_and(|key| {
                    self.deleted.contains(key) || prefixes(key).any(|(above, _)| self.moved.contains(above))
                })
        })
    }
}

/// What the pass finds.
#[derive(Default)]
pub struct Targets {
    /// The entries that the records change or move along, and those with links to deleted or moved entries.
    pub entries: Vec<Entry>,
    /// The parents of added and moved entries that are in the exports, and where they are.
    pub parents: HashMap<DnKey, Origin>,
    /// Children of deleted and moved entries, each after its parent.
    pub children: Vec<(DnKey, DnKey)>,
    keys: KeyBuffer,
}

impl Targets {
    /// Adds what a later block of the exports gave.
    pub fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.parents.extend(other.parents);
        self.children.extend(other.children);
    }
}

impl Pass for TargetsPass {
    type Found = Targets;

    fn interest(&self) -> Option<&AttributeSelection> {
        (!self.follows_links).then_some(&self.interest)
    }

    fn visit(&self, entry: &EntryView<'_>, found: &mut Targets) -> Result<(), Unreadable> {
        let is_moved = |key| !self.moved.is_empty() && prefixes(key).any(|(above, _)| self.moved.contains(above));
        if self.names.contains(entry.key)
            || is_moved(entry.key)
            || self.follows_links && self.has_link(entry, &mut found.keys)
        {
            found.entries.push(entry.to_entry()?);
        }
        if self.parents.contains(entry.key) {
            found.parents.insert(DnKey::from_key_bytes(entry.key), entry.origin());
        }
        let parent = parent_of(entry.key);
        if self.deleted.contains(parent) || is_moved(parent) {
            found.children.push((DnKey::from_key_bytes(parent), DnKey::from_key_bytes(entry.key)));
        }
        Ok(())
    }
}
